//! Samples counted in cells, in memory that has a bound whatever they are.

use crate::bins::SizeBins;
use crate::cell::{LEVEL_MAX, cell, coarsened};
use homa_units::Bytes;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::hash::Hash;
use std::ops::RangeInclusive;

/// Up to so many different sizes of messages each is counted apart, once samples are no longer kept. Above it sizes are rounded
/// up: they keep so many bits that the error is less than 0.8 %, and fewer if that would make cells of slowdown wider than
/// that, but less than 6.3 % ([`SlowdownRecorder::size_width`](crate::SlowdownRecorder::size_width)). Sizes with no more bits
/// and edges of size bins stay as they are.
pub const SIZES_MAX: usize = 1_024;

/// Bits of a size below its first: all are kept.
pub(crate) const ALL_BITS: u32 = u64::BITS - 1;

/// So many are kept when sizes are first rounded, and at least.
const ROUNDED_BITS: RangeInclusive<u32> = 4..=7;

/// From this level of cells on (0.8 %) sizes are rounded more coarsely first.
const LEVEL_BEFORE_SIZES: u32 = 3;

/// The least number of slots of each table.
const SLOTS_MIN: usize = 1 << 17;

/// So many cells a table never has if up to `exact_limit` samples are kept: all that fit in a quarter as many slots
/// (to the next power of two), but at least in 131,072. Of slots of 17 and 25 bytes both tables then take less memory than
/// the kept samples did, or 5.5 MB.
#[must_use]
pub fn cells_limit(exact_limit: usize) -> usize {
    // A hash table takes twice the slots when seven eighths are full.
    (exact_limit.min(1 << 30).next_power_of_two() / 4).max(SLOTS_MIN) / 8 * 7
}

/// Size bin, time block, cell.
pub(crate) type BlockCell = (u32, u32, u32);

type Cells<K> = FxHashMap<K, u64>;

/// Counts of finished messages. When a table has as many cells as its limit, pairs of cells of slowdown become one, or sizes
/// are rounded more coarsely: cells are as wide as the bound needs them, and all alike.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Counted {
    limit: usize,
    /// By message size and cell.
    #[serde(with = "crate::sorted_map")]
    sizes: Cells<(u32, u32)>,
    #[serde(with = "crate::sorted_map")]
    blocks: Cells<BlockCell>,
    /// The sizes that messages have, finished or not; none once they are rounded.
    different: BTreeSet<u64>,
    size_bits: u32,
    level: u32,
}

impl Counted {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            sizes: Cells::default(),
            blocks: Cells::default(),
            different: BTreeSet::new(),
            size_bits: ALL_BITS,
            level: 0,
        }
    }

    /// Counts a finished message.
    pub(crate) fn add(&mut self, size: u32, block: u32, slowdown: f64, bins: &SizeBins) {
        let cell = coarsened(cell(slowdown), self.level);
        let bin = bins.index_of(Bytes::new(u64::from(size))) as u32;
        let counted = rounded(size, self.size_bits, bins);
        let before = self.sizes.len() + self.blocks.len();
        *self.sizes.entry((counted, cell)).or_default() += 1;
        *self.blocks.entry((bin, block, cell)).or_default() += 1;
        if self.sizes.len() + self.blocks.len() > before {
            self.meet(u64::from(size), bins);
            self.widen(bins);
        }
    }

    /// There is a message of this size, finished or not.
    pub(crate) fn meet(&mut self, size: u64, bins: &SizeBins) {
        let all = self.size_bits == ALL_BITS;
        if all && self.different.insert(size) && self.different.len() > SIZES_MAX {
            self.different.clear();
            self.round(*ROUNDED_BITS.end(), bins);
        }
    }

    fn round(&mut self, bits: u32, bins: &SizeBins) {
        self.size_bits = bits;
        merge(&mut self.sizes, |(size, cell)| (rounded(size, bits, bins), cell));
    }

    /// Makes cells wider until the tables are within their limit.
    fn widen(&mut self, bins: &SizeBins) {
        while self.sizes.len().max(self.blocks.len()) >= self.limit && self.level < LEVEL_MAX {
            let sizes_alone = self.blocks.len() < self.limit && self.level >= LEVEL_BEFORE_SIZES;
            if sizes_alone && self.size_bits != ALL_BITS && self.size_bits > *ROUNDED_BITS.start() {
                self.round(self.size_bits - 1, bins);
                continue;
            }
            self.level += 1;
            let level = self.level;
            merge(&mut self.sizes, |(size, cell)| (size, coarsened(cell, level)));
            merge(&mut self.blocks, |(bin, block, cell)| (bin, block, coarsened(cell, level)));
        }
    }

    /// How wide cells are: [`crate::cell::middle_at`] and [`crate::cell::relative_width`] want it.
    pub(crate) const fn level(&self) -> u32 {
        self.level
    }

    /// How many bits of a size below its first are kept: [`rounded_size`] wants it.
    pub(crate) const fn size_bits(&self) -> u32 {
        self.size_bits
    }

    /// Counts by size and cell, in no particular order.
    pub(crate) fn by_size(&self) -> impl Iterator<Item = (u64, u32, u64)> {
        self.sizes.iter().map(|((size, cell), count)| (u64::from(*size), *cell, *count))
    }

    pub(crate) const fn by_block(&self) -> &Cells<BlockCell> {
        &self.blocks
    }
}

/// Puts counts under other keys, which several may share. The table stays where it is, so that for a while there is a list of its
/// cells more, and not a second table.
pub(crate) fn merge<K: Eq + Hash>(cells: &mut Cells<K>, key: impl Fn(K) -> K) {
    let old: Vec<_> = cells.drain().collect();
    for (old, count) in old {
        *cells.entry(key(old)).or_default() += count;
    }
}

/// The largest size that has the same first bit and `bits` bits below it, but not past the edge of the size bin: so bins, also
/// unions of them, have the same messages as before. Rounded to fewer bits afterwards, a size is what it would be at once.
pub(crate) fn rounded_size(size: u64, bits: u32, bins: &SizeBins) -> u64 {
    let dropped = (u64::BITS - size.leading_zeros()).saturating_sub(bits + 1);
    if dropped == 0 {
        return size;
    }
    let largest = size | ((1 << dropped) - 1);
    bins.upper_edge(bins.index_of(Bytes::new(size))).map_or(largest, |edge| largest.min(edge.get()))
}

fn rounded(size: u32, bits: u32, bins: &SizeBins) -> u32 {
    u32::try_from(rounded_size(u64::from(size), bits, bins)).expect("of 32 bits the last ones are set")
}

/// By less than this share of themselves sizes are rounded up.
pub(crate) fn size_width(bits: u32) -> f64 {
    if bits == ALL_BITS { 0.0 } else { 1.0 / (1_u64 << bits) as f64 }
}
