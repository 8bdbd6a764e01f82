//! Whether two runs have the same messages.

use super::PairingError;
use crate::bins::SizeBins;
use crate::counted::ALL_BITS;
use crate::recorder::SlowdownRecorder;
use homa_units::Bytes;
use std::collections::BTreeMap;

/// Counts by size and time block.
type Population = BTreeMap<(u64, Option<u32>), u64>;

pub(super) fn check_pairing(a: &[SlowdownRecorder], b: &[SlowdownRecorder]) -> Result<(), PairingError> {
    if a.len() != b.len() {
        return Err(PairingError::Runs { a: a.len(), b: b.len() });
    }
    for (number, (a, b)) in a.iter().zip(b).enumerate() {
        if let Some(by_block) = a.sizes_by_block().zip(b.sizes_by_block()) {
            same(number, [by_block.0, by_block.1].map(with_block))?;
            continue;
        }
        // How coarsely sizes are rounded follows from slowdowns too, which differ.
        let bits = a.size_bits().min(b.size_bits());
        let sizes =
            |run: &SlowdownRecorder| run.sizes(bits).into_iter().map(|(size, count)| ((size, None), count)).collect();
        same(number, [a, b].map(sizes))?;
        same(number, [a, b].map(|run| by_bin(run, bits)))?;
    }
    Ok(())
}

fn with_block(counts: Vec<((u64, u32), u64)>) -> Population {
    counts.into_iter().map(|((size, block), count)| ((size, Some(block)), count)).collect()
}

fn by_bin(run: &SlowdownRecorder, bits: u32) -> Population {
    let mut population = Population::new();
    let largest = run.sizes(bits).last().map_or(0, |(size, _)| *size);
    for one in run.timed() {
        let edge = run.bins().upper_edge(one.bin as usize).map_or(largest, Bytes::get);
        *population.entry((edge, Some(one.block))).or_default() += one.count;
    }
    population
}

fn same(number: usize, [a, b]: [Population; 2]) -> Result<(), PairingError> {
    let count = |of: &Population, key| of.get(key).copied().unwrap_or_default();
    let differs = a.keys().chain(b.keys()).filter(|key| count(&a, key) != count(&b, key)).min();
    match differs {
        None => Ok(()),
        Some(key) => Err(PairingError::Messages {
            run: number + 1,
            size: key.0,
            block: key.1,
            a: count(&a, key),
            b: count(&b, key),
        }),
    }
}

/// The smallest and the largest size in a group that has messages.
pub(super) fn size_range<'a>(
    runs: impl Iterator<Item = &'a SlowdownRecorder> + Clone,
    groups: &SizeBins,
    group: usize,
) -> (u64, u64) {
    let bits = runs.clone().map(SlowdownRecorder::size_bits).min().unwrap_or(ALL_BITS);
    let sizes = runs.flat_map(|run| run.sizes(bits)).map(|(size, _)| size);
    let within = sizes.filter(|size| groups.index_of(Bytes::new(*size)) == group);
    within.fold((u64::MAX, 0), |(min, max), size| (min.min(size), max.max(size)))
}
