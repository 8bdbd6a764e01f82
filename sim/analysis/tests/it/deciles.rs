//! Tenths of messages end at whole sizes, and unfinished messages count as infinitely slow, down to the printed table.

use homa_analysis::{Decile, Precision, SizeBins, SlowdownRecorder, SlowdownSummary, slowdown_table};
use homa_units::Bytes;

fn summary(finished: &[(u64, f64)], unfinished: &[u64]) -> SlowdownSummary {
    let bins = SizeBins::with_edges(&[10, 100, 1000].map(Bytes::new));
    let mut recorder = SlowdownRecorder::new(bins, usize::MAX);
    for (size, slowdown) in finished {
        recorder.record(Bytes::new(*size), *slowdown);
    }
    for size in unfinished {
        recorder.record_unfinished(Bytes::new(*size));
    }
    SlowdownSummary::pool(vec![recorder])
}

/// 20 messages, 9 of which have 30 bytes: ranks 2, 4 .. 20 are at sizes 2, 4, 30 (four times), 31, 50, 20000 (twice).
fn frequent() -> SlowdownSummary {
    let sizes = [60, 1, 2, 3, 4, 30, 30, 30, 30, 30, 30, 30, 30, 30, 31, 40, 50, 20_000, 20_000];
    let finished: Vec<_> = sizes.iter().enumerate().map(|(n, size)| (*size, 1.0 + n as f64 / 10.0)).collect();
    summary(&finished, &[20_000])
}

#[test]
fn groups_end_at_the_sizes_of_their_ranks_and_empty_ones_are_left_out() {
    let groups: Vec<_> = frequent().deciles().iter().map(|row| (row.size_min, row.size_max, row.count)).collect();
    assert_eq!(groups, [(1, 2, 2), (3, 4, 2), (30, 30, 9), (31, 31, 1), (40, 50, 2), (60, 20_000, 4)]);
}

#[test]
fn quantiles_of_a_group_are_of_nearest_rank() {
    let deciles = frequent().deciles();
    // Slowdowns 1.5, 1.6 .. 2.3: the 5th is the median, the 9th the 99th percentile.
    let Decile { p50, p99, mean, unfinished, .. } = deciles[2];
    assert_eq!((p50, p99, unfinished), (1.9, 2.3, 0));
    assert!((mean - 1.9).abs() < 1e-12);
}

#[test]
fn an_unfinished_message_is_infinitely_slow_but_not_in_the_mean() {
    // 1.0, 2.7, 2.8 and an unfinished one.
    let Decile { p50, p99, mean, unfinished, .. } = frequent().deciles()[5];
    assert_eq!((p50, p99, unfinished), (2.7, f64::INFINITY, 1));
    assert!((mean - 6.5 / 3.0).abs() < 1e-12);
}

#[test]
fn a_summary_counts_unfinished_messages_and_names_the_largest() {
    let summary = summary(&[(5, 1.0), (50, 3.0)], &[70, 7, 60]);
    assert_eq!((summary.count(), summary.unfinished()), (5, 3));
    assert_eq!(summary.largest_unfinished(), Some(Bytes::new(70)));
    assert_eq!(summary.overall(), (f64::INFINITY, f64::INFINITY, 2.0));
    assert_eq!(summary.precision(), Precision::Exact);
}

#[test]
fn bins_and_percentiles_agree_with_a_hand_count() {
    let summary = frequent();
    let bins: Vec<_> = summary.bins().iter().map(|row| (row.size_max, row.count, row.cumulative_share)).collect();
    // Nothing falls in 101..=1000; the open bin shows its largest size.
    assert_eq!(bins, [(10, 4, 0.2), (100, 13, 0.85), (20_000, 3, 1.0)]);
    let percentiles: Vec<_> = summary.percentiles().iter().map(|row| (row.percentile, row.size_bytes)).collect();
    let expected = [10.0, 20.0].map(|percentile| (percentile, 10)).into_iter();
    let expected = expected.chain([30.0, 40.0, 50.0, 60.0, 70.0, 80.0].map(|percentile| (percentile, 100)));
    let expected = expected.chain([90.0, 95.0, 98.0, 99.0, 99.9, 100.0].map(|percentile| (percentile, 20_000)));
    assert_eq!(percentiles, expected.collect::<Vec<_>>());
}

#[test]
fn nothing_recorded_gives_no_rows() {
    let summary = summary(&[], &[]);
    assert!(summary.deciles().is_empty() && summary.bins().is_empty() && summary.percentiles().is_empty());
    assert_eq!((summary.count(), summary.largest_unfinished()), (0, None));
    assert_eq!(slowdown_table(&summary.deciles()).lines().count(), 1);
}

#[test]
fn infinite_values_are_written_as_nothing() {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.serialize(&summary(&[(1, 1.5)], &[1]).deciles()[0]).expect("memory takes it");
    let text = String::from_utf8(writer.into_inner().expect("memory takes it")).expect("text");
    assert_eq!(
        text,
        "size_min,size_max,count,p50,p99,mean,unfinished,p50_low,p50_high,p99_low,p99_high\n1,1,2,1.5,,1.5,1,,,,\n"
    );
}

#[test]
fn a_table_is_aligned_and_ends_with_a_total() {
    insta::assert_snapshot!(slowdown_table(&frequent().deciles()), @r"
       message size       count        p50        p99       mean  unfinished
            1 - 2 B           2      1.100      1.200      1.150           0
            3 - 4 B           2      1.300      1.400      1.350           0
               30 B           9      1.900      2.300      1.900           0
               31 B           1      2.400      2.400      2.400           0
          40 - 50 B           2      2.500      2.600      2.550           0
        60 B - 20KB           4      2.700        inf      2.167           1
    all: 1 B - 20KB          20          -          -      1.900           1
    ");
}

#[test]
fn a_table_of_unfinished_messages_has_no_mean() {
    insta::assert_snapshot!(slowdown_table(&summary(&[], &[1_500_000]).deciles()), @r"
    message size       count        p50        p99       mean  unfinished
           1.5MB           1        inf        inf          -           1
      all: 1.5MB           1          -          -          -           1
    ");
}
