//! Messages are counted by size in the kernel's intervals, and counters have the kernel's names.

use homa_protocol::{Metrics, PacketType};
use std::collections::BTreeMap;

fn counted(lengths: &[u32]) -> Metrics {
    let mut metrics = Metrics::default();
    for length in lengths {
        metrics.count_message(*length);
    }
    metrics
}

fn filled(metrics: &Metrics, quirk_q15: bool) -> Vec<(u32, u64)> {
    metrics.size_bytes(quirk_q15).filter(|(_, bytes)| *bytes > 0).collect()
}

/// Spec 11.2.
#[test]
fn each_interval_is_named_by_its_largest_size() {
    let cases = [
        (1, 64),
        (64, 64),
        (65, 128),
        (4_032, 4_032),
        (4_095, 4_096),
        (4_097, 5_120),
        (5_120, 5_120),
        (5_121, 6_144),
        (131_071, 131_072),
    ];
    for (length, max_size) in cases {
        for quirk_q15 in [true, false] {
            assert_eq!(filled(&counted(&[length]), quirk_q15), [(max_size, u64::from(length))]);
        }
    }
}

#[test]
fn bytes_of_an_interval_add_up() {
    let metrics = counted(&[100, 120, 20_000, 20_001, 300_000, 131_072]);
    assert_eq!(filled(&metrics, true), [(128, 220), (20_480, 40_001)]);
    assert_eq!((metrics.large_msg_count, metrics.large_msg_bytes), (2, 431_072));
}

/// Quirk Q15.
#[test]
fn messages_of_4096_bytes_are_missing_with_the_quirk() {
    let metrics = counted(&[4_096, 4_096, 4_090]);
    assert_eq!(filled(&metrics, true), [(4_096, 4_090)]);
    assert_eq!(filled(&metrics, false), [(4_096, 12_282)]);
}

#[test]
fn a_message_without_bytes_adds_nothing() {
    assert_eq!(counted(&[0]), Metrics::default());
}

#[test]
fn sizes_rise_from_64_to_131072() {
    let sizes: Vec<u32> = Metrics::default().size_bytes(true).map(|(max_size, _)| max_size).collect();
    assert_eq!(sizes.len(), 64 + 124);
    assert!(sizes.is_sorted());
    assert_eq!((sizes[0], sizes[63], sizes[64], sizes[187]), (64, 4_096, 5_120, 131_072));
}

#[test]
fn counters_have_the_kernels_names() {
    let mut metrics = counted(&[4_096, 200_000]);
    metrics.packets_sent[PacketType::Data.index()] = 1;
    metrics.packets_rcvd[PacketType::NeedAck.index()] = 2;
    metrics.priority_bytes[7] = 3;
    metrics.priority_packets[0] = 4;
    metrics.client_response_bytes_done = 5;
    let all: BTreeMap<_, _> = metrics.iter(false).collect();
    let expected = [
        ("packets_sent_DATA", 1),
        ("packets_rcvd_NEED_ACK", 2),
        ("packets_rcvd_RPC_UNKNOWN", 0),
        ("priority7_bytes", 3),
        ("priority0_packets", 4),
        ("client_response_bytes_done", 5),
        ("msg_bytes_4096", 4_096),
        ("msg_bytes_131072", 0),
        ("large_msg_count", 1),
        ("large_msg_bytes", 200_000),
        ("peak_total_incoming", 0),
    ];
    for (name, value) in expected {
        assert_eq!(all.get(name), Some(&value), "{name}");
    }
    assert_eq!(all.values().filter(|value| **value > 0).count(), 8);
    assert_eq!(metrics.iter(true).count(), all.len(), "no name occurs twice");
    assert_eq!(metrics.iter(true).find(|(name, _)| name == "msg_bytes_4096").unwrap().1, 0);
}
