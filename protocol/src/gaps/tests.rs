//! Packets are kept whole or not at all, and what is known of a message is what has arrived of it.

extern crate std;

use super::Added::{Discarded, Kept};
use super::Reason::{BeyondEnd, Duplicate, PartlyNew};
use super::*;
use proptest::prelude::*;
use std::{vec, vec::Vec};

const IN_ORDER: Added = Kept { new_gap: false };
const NEW_GAP: Added = Kept { new_gap: true };

fn message(length: u32) -> Assembly {
    let mut assembly = Assembly::default();
    assembly.reset(length);
    assembly
}

/// A message of 20000 bytes that has [0, 1000) and [5000, 6000).
fn with_a_gap() -> Assembly {
    let mut assembly = message(20_000);
    assert_eq!(assembly.add(0, 1_000), IN_ORDER);
    assert_eq!(assembly.add(5_000, 1_000), NEW_GAP);
    assembly
}

fn what_is_known(assembly: &Assembly) -> (u32, u32, Vec<(u32, u32)>) {
    let gaps = assembly.gaps().iter().map(|gap| (gap.start, gap.end)).collect();
    (assembly.bytes_remaining(), assembly.recv_end(), gaps)
}

#[test]
fn case_23_packets_in_order_leave_no_gap() {
    let mut assembly = message(20_000);
    assert_eq!(assembly.add(0, 1_424), IN_ORDER);
    assert_eq!(assembly.add(1_424, 1_424), IN_ORDER);
    assert_eq!(what_is_known(&assembly), (17_152, 2_848, vec![]));
    assert_eq!((assembly.length(), assembly.received(), assembly.gap_bytes()), (20_000, 2_848, 0));
}

#[test]
fn case_24_a_skipped_packet_is_a_gap_until_it_arrives() {
    let mut assembly = message(20_000);
    assembly.add(0, 1_424);
    assert_eq!(assembly.add(2_848, 1_424), NEW_GAP);
    assert_eq!(what_is_known(&assembly), (17_152, 4_272, vec![(1_424, 2_848)]));
    assert_eq!((assembly.received(), assembly.gap_bytes()), (2_848, 1_424));
    assert_eq!(assembly.add(1_424, 1_424), IN_ORDER);
    assert_eq!(what_is_known(&assembly), (15_728, 4_272, vec![]));
}

#[test]
fn case_25_packets_at_the_edges_and_in_the_middle_of_a_gap_shrink_and_split_it() {
    let mut assembly = with_a_gap();
    assert_eq!(assembly.add(1_000, 1_000), IN_ORDER);
    assert_eq!(what_is_known(&assembly), (17_000, 6_000, vec![(2_000, 5_000)]));
    assert_eq!(assembly.add(4_000, 1_000), IN_ORDER);
    assert_eq!(what_is_known(&assembly), (16_000, 6_000, vec![(2_000, 4_000)]));
    assert_eq!(assembly.add(2_500, 500), NEW_GAP);
    assert_eq!(what_is_known(&assembly), (15_500, 6_000, vec![(2_000, 2_500), (3_000, 4_000)]));
    assert_eq!(assembly.add(3_000, 1_000), IN_ORDER);
    assert_eq!(assembly.add(2_000, 500), IN_ORDER);
    assert_eq!(what_is_known(&assembly), (14_000, 6_000, vec![]));
}

#[test]
fn case_26_packets_that_overlap_what_is_there_are_discarded_whole() {
    let packets = [
        (500, 1_500, PartlyNew),
        (900, 1_100, PartlyNew),
        (4_500, 5_500, PartlyNew),
        (4_500, 6_500, PartlyNew),
        (900, 5_100, PartlyNew),
        (0, 1_000, Duplicate),
        (5_000, 6_000, Duplicate),
    ];
    for (start, end, reason) in packets {
        let mut assembly = with_a_gap();
        assert_eq!(assembly.add(start, end - start), Discarded(reason), "[{start}, {end})");
        assert_eq!(what_is_known(&assembly), what_is_known(&with_a_gap()), "[{start}, {end})");
    }
}

#[test]
fn case_27_a_packet_that_straddles_the_highest_byte_received_is_discarded() {
    let mut assembly = with_a_gap();
    assert_eq!(assembly.add(5_500, 1_500), Discarded(PartlyNew));
    assert_eq!(what_is_known(&assembly), what_is_known(&with_a_gap()));
}

#[test]
fn case_28_nothing_beyond_the_end_is_kept() {
    let mut assembly = message(20_000);
    assert_eq!(assembly.add(20_000, 1), Discarded(BeyondEnd));
    assert_eq!(assembly.add(19_000, 1_001), Discarded(BeyondEnd));
    assert_eq!(what_is_known(&assembly), (20_000, 0, vec![]));
    assert_eq!(assembly.add(19_000, 1_000), NEW_GAP);
    assert_eq!(what_is_known(&assembly), (19_000, 20_000, vec![(0, 19_000)]));
}

#[test]
fn the_greatest_offsets_and_lengths_are_beyond_the_end() {
    for length in [0, 1, 1_000_000, u32::MAX] {
        let mut assembly = message(length);
        for (offset, len) in [(u32::MAX, 0), (u32::MAX, 1), (u32::MAX, u32::MAX), (1, u32::MAX), (length, 0)] {
            assert_eq!(assembly.add(offset, len), Discarded(BeyondEnd), "{len} at {offset} of {length}");
        }
        assert_eq!(what_is_known(&assembly), (length, 0, vec![]));
    }
    let mut assembly = message(u32::MAX);
    assert_eq!(assembly.add(u32::MAX - 1, 1), NEW_GAP);
    assert_eq!(assembly.add(0, u32::MAX - 1), IN_ORDER);
    assert_eq!(what_is_known(&assembly), (0, u32::MAX, vec![]));
}

#[test]
fn a_reset_forgets_the_message_before_but_not_its_memory() {
    let mut assembly = with_a_gap();
    let room = assembly.gaps.capacity();
    assembly.reset(300);
    assert_eq!(what_is_known(&assembly), (300, 0, vec![]));
    assert_eq!((assembly.length(), assembly.gaps.capacity()), (300, room));
}

/// The rules as 4.2 states them: a walk over the gaps, gap by gap.
fn walk(gaps: &mut Vec<(u32, u32)>, start: u32, end: u32) -> bool {
    for index in 0..gaps.len() {
        let (g0, g1) = gaps[index];
        if start <= g0 {
            if end <= g0 {
                continue;
            }
            if start < g0 || end > g1 {
                return false;
            }
            gaps[index].0 = end;
            if end == g1 {
                gaps.remove(index);
            }
            return true;
        }
        if end >= g1 {
            if start >= g1 {
                continue;
            }
            if end > g1 {
                return false;
            }
            gaps[index].1 = start;
            return true;
        }
        gaps[index].1 = start;
        gaps.insert(index + 1, (end, g1));
        return true;
    }
    false
}

/// Packets whose edges coincide often; in some messages they may be empty.
fn packets(least: u32) -> impl Strategy<Value = Vec<(u32, u32)>> {
    let aligned = (0..22_u32, least..5_u32).prop_map(|(offset, len)| (offset * 3, len * 3));
    let free = (0..66_u32, least..12_u32);
    let extreme = (any::<u32>(), any::<u32>()).prop_map(move |(offset, len)| (offset, len.max(least)));
    prop::collection::vec(prop_oneof![6 => aligned, 3 => free, 1 => extreme], 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    /// Against a map of single bytes: kept is what lies inside the message, all new, and doesn't pass the highest byte.
    #[test]
    fn a_message_is_known_byte_by_byte(length in 1..64_u32, packets in packets(1)) {
        let mut assembly = message(length);
        let mut bytes = vec![false; length as usize];
        for (offset, len) in packets {
            let recv_end = bytes.iter().rposition(|&there| there).map_or(0, |last| last as u32 + 1);
            let inside = u64::from(offset) + u64::from(len) <= u64::from(length);
            let range = if inside { offset as usize..(offset + len) as usize } else { 0..0 };
            let new = bytes[range.clone()].iter().all(|&there| !there);
            let keep = inside && new && (offset >= recv_end || offset + len <= recv_end);
            let gaps_before = assembly.gaps().len();
            let added = assembly.add(offset, len);
            prop_assert_eq!(matches!(added, Kept { .. }), keep);
            prop_assert_eq!(added == Discarded(BeyondEnd), !inside);
            prop_assert_eq!(added == NEW_GAP, assembly.gaps().len() > gaps_before);
            if keep {
                bytes[range].fill(true);
            }
            let there = bytes.iter().filter(|&&there| there).count() as u32;
            prop_assert_eq!(assembly.bytes_remaining(), length - there);
            prop_assert_eq!(assembly.received(), there);
            let missing: Vec<u32> =
                (0..assembly.recv_end()).filter(|&byte| !bytes[byte as usize]).collect();
            prop_assert_eq!(assembly.gap_bytes() as usize, missing.len());
            let in_gaps: Vec<u32> = assembly.gaps().iter().flat_map(|gap| gap.clone()).collect();
            prop_assert_eq!(in_gaps, missing);
            prop_assert!(assembly.gaps().iter().all(|gap| !gap.is_empty()));
            prop_assert!(assembly.gaps().windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }

    /// Empty packets too do what the rules say, however little sense that makes.
    #[test]
    fn the_search_finds_the_gap_that_a_walk_would(length in 1..64_u32, packets in packets(0)) {
        let mut assembly = message(length);
        let (mut recv_end, mut gaps) = (0, vec![]);
        for (offset, len) in packets {
            let inside = offset < length && len <= length - offset;
            let keep = match offset {
                _ if !inside => false,
                offset if offset >= recv_end => {
                    if offset > recv_end {
                        gaps.push((recv_end, offset));
                    }
                    recv_end = offset + len;
                    true
                }
                _ => walk(&mut gaps, offset, offset + len),
            };
            prop_assert_eq!(matches!(assembly.add(offset, len), Kept { .. }), keep);
            let (_, end, known) = what_is_known(&assembly);
            prop_assert_eq!((end, &known), (recv_end, &gaps));
            prop_assert!(known.iter().all(|(start, end)| start < end));
        }
    }
}
