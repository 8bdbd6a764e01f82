//! Unscheduled levels from the distribution of message sizes: an equal share of bytes for each
//! level.
//!
//! Source: `WorkloadEstimator.cc`, `PriorityResolver.cc` of the original simulator. All in double
//! precision.

use crate::wire::{self, SCHEDULED_DATA_MAX, UNSCHEDULED_DATA_MAX};
use homa_units::Bytes;
use std::collections::BTreeMap;

/// What of a message counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutoffRule {
    /// Message bytes sent without asking.
    pub unscheduled_bytes: Bytes,
    /// Packets with at least this many wire bytes of the message before them don't count..
    pub cap_bytes: Bytes,
    /// ..if they also have at least this many wire bytes from themselves to the end.
    pub boost_bytes: Bytes,
}

/// Bytes on unscheduled levels by the message bytes left before the packet that carries them
/// (grants: 0), each with its expected number per message, ascending.
fn weights(sizes: &[(Bytes, f64)], rule: &CutoffRule) -> BTreeMap<u32, f64> {
    let mut weights = BTreeMap::new();
    let mut below = 0.0;
    for (size, cumulative) in sizes {
        let probability = cumulative - below;
        below = *cumulative;
        let size = u32::try_from(size.get()).expect("messages are shorter than 4 GB");
        add_message(&mut weights, size, probability, rule);
    }
    weights
}

fn add_message(weights: &mut BTreeMap<u32, f64>, size: u32, probability: f64, rule: &CutoffRule) {
    let unscheduled = size.min(rule.unscheduled_bytes.get() as u32);
    let total = wire::unscheduled_wire_bytes(unscheduled) + wire::scheduled_wire_bytes(size - unscheduled);
    let (mut left, mut before) = (size, 0);
    while left > 0 {
        let unscheduled_left = (left + unscheduled).saturating_sub(size);
        let (data, frame) = if unscheduled_left > 0 {
            let data = unscheduled_left.min(UNSCHEDULED_DATA_MAX);
            (data, wire::unscheduled_frame(data))
        } else {
            let data = left.min(SCHEDULED_DATA_MAX);
            *weights.entry(0).or_default() += probability * f64::from(wire::on_wire(wire::GRANT_FRAME));
            (data, wire::scheduled_frame(data))
        };
        let bytes = wire::on_wire(frame);
        if before < rule.cap_bytes.get() || total - before < rule.boost_bytes.get() {
            *weights.entry(left).or_default() += probability * f64::from(bytes);
        }
        before += u64::from(bytes);
        left -= data;
    }
}

/// The cutoffs for `levels` unscheduled levels: `levels - 1` remaining sizes in bytes, ascending.
/// Each is the key of an actual packet.
///
/// `sizes` are the points (size, cumulative probability) of the distribution.
#[must_use]
pub fn equal_byte_cutoffs(sizes: &[(Bytes, f64)], rule: &CutoffRule, levels: usize) -> Vec<u32> {
    if levels <= 1 {
        return Vec::new();
    }
    let weights = weights(sizes, rule);
    let total: f64 = weights.values().sum();
    let mut running = 0.0;
    let shares = weights.iter().map(|(key, weight)| {
        running += weight;
        (*key, running / total)
    });
    // The original's table begins with an entry for the grants, at key 0, whether or not there are
    // any.
    let mut shares = shares.collect::<Vec<_>>();
    if shares.first().is_none_or(|(key, _)| *key != 0) {
        shares.insert(0, (0, 0.0));
    }
    let mut cutoffs = Vec::new();
    let mut entry = 0;
    for level in 1..levels {
        let wanted = level as f64 / levels as f64;
        while entry + 1 < shares.len() && (shares[entry].1 < wanted || cutoffs.last() == Some(&shares[entry].0)) {
            entry += 1;
        }
        cutoffs.push(shares[entry].0);
    }
    cutoffs
}

/// Scheduled levels for a size distribution that the original has no setting for.
///
/// The rule: unscheduled levels get the share of all levels that unscheduled data has of all data
/// (wire bytes, the boosted tails counted as unscheduled as they travel on those levels), rounded
/// to nearest, at least one for each.
#[must_use]
pub fn derived_scheduled_levels(sizes: &[(Bytes, f64)], rule: &CutoffRule, levels: u8) -> u8 {
    let mut below = 0.0;
    let (mut high, mut all) = (0.0, 0.0);
    for (size, cumulative) in sizes {
        let probability = cumulative - below;
        below = *cumulative;
        let size = u32::try_from(size.get()).expect("messages are shorter than 4 GB");
        let unscheduled = size.min(rule.unscheduled_bytes.get() as u32);
        let scheduled_wire = wire::scheduled_wire_bytes(size - unscheduled);
        let unscheduled_wire = wire::unscheduled_wire_bytes(unscheduled);
        high += probability * (unscheduled_wire + scheduled_wire.min(rule.boost_bytes.get())) as f64;
        all += probability * (unscheduled_wire + scheduled_wire) as f64;
    }
    let unscheduled_levels = (f64::from(levels) * high / all).round() as u8;
    levels - unscheduled_levels.clamp(1, levels - 1)
}
