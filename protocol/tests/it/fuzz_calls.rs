//! The fuzzer's corpus of calls on an endpoint, mutations of it, and random calls: none panics, and the books balance.

use crate::fuzzing::calls;
use crate::fuzzing::corpus::{files, mutate};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const MUTATIONS: usize = 3_000;
const RANDOM: usize = 1_000;

#[test]
fn every_file_of_the_corpus_holds() {
    let corpus = files("calls");
    assert!(!corpus.is_empty());
    for bytes in corpus {
        calls::calls(&bytes);
    }
}

#[test]
fn mutations_of_the_corpus_hold() {
    let corpus = files("calls");
    let mut rng = ChaCha8Rng::seed_from_u64(146);
    for round in 0..MUTATIONS {
        let mut bytes = corpus[round % corpus.len()].clone();
        mutate(&mut bytes, &corpus, &mut rng);
        calls::calls(&bytes);
    }
}

#[test]
fn random_calls_hold() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for _ in 0..RANDOM {
        let mut bytes = vec![0; 2_000];
        rng.fill_bytes(&mut bytes);
        calls::calls(&bytes);
    }
}
