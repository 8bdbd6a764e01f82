//! Size bins have inclusive upper edges and an open last bin, and follow the published ones or the distribution.

use homa_analysis::SizeBins;
use homa_units::Bytes;

fn edges(bins: &SizeBins) -> Vec<u64> {
    bins.edges().map(Bytes::get).collect()
}

#[test]
fn an_upper_edge_belongs_to_its_bin_and_all_that_is_larger_to_the_open_one() {
    let bins = SizeBins::with_edges(&[10, 20].map(Bytes::new));
    let found = [0, 10, 11, 20, 21, u64::MAX].map(|size| bins.index_of(Bytes::new(size)));
    assert_eq!(found, [0, 0, 1, 1, 2, 2]);
    assert_eq!((bins.count(), bins.upper_edge(1), bins.upper_edge(2)), (3, Some(Bytes::new(20)), None));
}

#[test]
fn every_published_workload_has_its_bins() {
    let counts = ["w1", "w2", "w3", "w4", "w5", "fabricated-heavy-middle"].map(|workload| {
        let bins = SizeBins::published(workload).expect("it is published");
        (bins.edges().len(), bins.edges().last().expect("it has edges").get())
    });
    let largest =
        [(83, 1_000_000), (99, 3_529_904), (102, 20_000_000), (91, 10_000_000), (87, 28_840_000), (107, 316_228)];
    assert_eq!(counts, largest);
    assert_eq!(SizeBins::published("w6"), None);
}

#[test]
fn bins_hold_at_least_one_percent_each_and_the_open_one_the_rest() {
    let probabilities: Vec<_> = (1..=25).map(|size| (Bytes::new(size), 0.001)).collect();
    assert_eq!(edges(&SizeBins::about_one_percent(&probabilities)), [10, 20]);
}

#[test]
fn a_frequent_size_is_alone_in_its_bin() {
    let shares = [(5, 0.004), (6, 0.004), (7, 0.3), (8, 0.002), (9, 0.009), (10, 0.681)];
    let probabilities = shares.map(|(size, share)| (Bytes::new(size), share));
    assert_eq!(edges(&SizeBins::about_one_percent(&probabilities)), [6, 7, 9, 10]);
}

#[test]
#[should_panic(expected = "ascend")]
fn edges_that_do_not_ascend_are_refused() {
    let _ = SizeBins::with_edges(&[20, 10].map(Bytes::new));
}
