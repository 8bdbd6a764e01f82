//! Messages can be grouped by any sizes afterwards, and groups like the bins have the numbers of the bins.

use homa_analysis::{RankRule, SizeBins, SlowdownRecorder, SlowdownSummary};
use homa_units::Bytes;

fn bins() -> SizeBins {
    SizeBins::with_edges(&[5, 10, 20].map(Bytes::new))
}

fn summary() -> SlowdownSummary {
    let mut recorder = SlowdownRecorder::new(bins(), usize::MAX);
    for number in 0..1_000_u64 {
        recorder.record(Bytes::new(1 + number % 30), 1.0 + ((number * 7_919) % 1_000) as f64 / 100.0);
    }
    recorder.record_unfinished(Bytes::new(7));
    SlowdownSummary::pool(vec![recorder])
}

#[test]
fn groups_like_the_bins_have_the_numbers_of_the_bins() {
    let (groups, bins) = (summary().groups(&bins(), RankRule::Nearest), summary().bins());
    assert_eq!(groups.len(), bins.len());
    for (group, bin) in groups.iter().zip(&bins) {
        assert_eq!((group.size_max, group.count, group.unfinished), (bin.size_max, bin.count, bin.unfinished));
        assert_eq!((group.p50, group.p99, group.mean), (bin.p50, bin.p99, bin.mean));
    }
}

#[test]
fn the_clusters_rule_is_one_rank_higher_where_the_rank_is_whole() {
    let mut recorder = SlowdownRecorder::new(SizeBins::with_edges(&[]), usize::MAX);
    (1..=100).for_each(|slowdown| recorder.record(Bytes::new(8), f64::from(slowdown)));
    let summary = SlowdownSummary::pool(vec![recorder]);
    let of = |rule| {
        let group = summary.groups(&SizeBins::with_edges(&[]), rule).remove(0);
        (group.p50, group.p99)
    };
    assert_eq!(of(RankRule::Nearest), (50.0, 99.0));
    assert_eq!(of(RankRule::Cluster), (51.0, 100.0));
}

#[test]
fn bins_of_about_one_percent_hold_a_percent_each() {
    let bins = summary().bins_of_about_one_percent();
    let groups = summary().groups(&bins, RankRule::Nearest);
    assert_eq!(groups.iter().map(|group| group.count).sum::<u64>(), 1_001);
    assert!(groups.iter().all(|group| group.count >= 10), "{groups:?}");
}
