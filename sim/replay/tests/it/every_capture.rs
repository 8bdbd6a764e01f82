//! Every recorded capture is replayed, and what matches stays as it is written down.

use crate::common::{self, all, replay};
use std::fmt::Write as _;

/// What `tests/table.md` should be.
fn table() -> String {
    let mut table = String::from(
        "| capture | node | RPCs | packets | matched | missing | extra | differing | undetermined |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for path in all() {
        for node in replay(&path).nodes {
            let _ = writeln!(
                table,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                node.capture,
                node.node,
                node.rpcs,
                node.packets,
                node.matched,
                node.missing,
                node.extra,
                node.differing,
                node.undetermined
            );
        }
    }
    table
}

#[test]
fn every_capture_matches_as_well_as_it_did() {
    let table = table();
    assert_eq!(table, include_str!("../table.md"), "tests/table.md should be:\n{table}");
}

#[test]
fn packets_are_matched_missing_differing_or_undetermined() {
    for path in all() {
        for node in replay(&path).nodes {
            let sum = node.matched + node.missing + node.differing + node.undetermined;
            assert_eq!(sum, node.packets, "{} {}", node.capture, node.node);
            let reasons: u32 = node.undetermined_reasons.values().sum();
            assert_eq!(reasons as usize, node.undetermined, "{} {}", node.capture, node.node);
            assert_eq!(node.is_match(), node.differences.is_empty(), "{} {}", node.capture, node.node);
        }
    }
}

#[test]
fn a_replay_gives_the_same_report_again() {
    for name in ["06c-two-clients-10x100k-overcommit-50mbps", "18-api-errors", "07g-drop-whole-response-1pkt"] {
        let path = common::folder().join(name);
        assert_eq!(replay(&path), replay(&path), "{name}");
    }
}

#[test]
fn a_match_stays_within_its_bounds() {
    for path in all() {
        let report = replay(&path);
        let longest = report.bounds.processing.as_ps() / 1_000_000;
        for node in report.nodes.iter().filter(|node| node.is_match()) {
            assert!(node.longest_processing_us <= longest, "{} {}", node.capture, node.node);
            assert!(!node.search_exhausted);
        }
    }
}
