//! The corpora that the fuzzers have collected, and mutations of them without a fuzzer.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of the corpus of a target, ordered by name.
pub(crate) fn files(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a file of the corpus")).collect()
}

/// A number below `limit`.
fn below(rng: &mut ChaCha8Rng, limit: usize) -> usize {
    (rng.next_u64() % limit as u64) as usize
}

/// Changes a few bytes, most often one, and sometimes the length.
pub(crate) fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], rng: &mut ChaCha8Rng) {
    for _ in 0..=below(rng, 3) {
        let at = below(rng, bytes.len().max(1));
        match below(rng, 6) {
            0 => bytes.truncate(at),
            1 => bytes.resize(bytes.len() + below(rng, 80), rng.next_u64() as u8),
            2 => {
                let other = &corpus[below(rng, corpus.len())];
                bytes.truncate(at);
                bytes.extend(other.iter().skip(at));
            }
            3 => bytes.iter_mut().skip(at).take(4).for_each(|byte| *byte = 0xFF),
            4 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (rng.next_u64() % 8)),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = rng.next_u64() as u8),
        }
    }
}
