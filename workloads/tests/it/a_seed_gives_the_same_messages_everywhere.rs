//! Proves that streams depend on nothing but their seeds: the messages of one seed are written down here.

use homa_units::{Duration, Time};
use homa_workloads::{
    Arrival, GapKind, Gaps, MeanGap, MessageStream, PoissonGaps, Roles, SizeDistribution, StreamRngs,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::sync::Arc;

fn stream(source: u32, hosts: u32, sizes: &str, seed: u64) -> MessageStream<ChaCha8Rng> {
    let sizes = Arc::new(SizeDistribution::shipped(sizes).unwrap());
    let rng = |number| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number);
        rng
    };
    let rngs = StreamRngs { gap: rng(0), size: rng(1), destination: rng(2) };
    let gaps = Gaps::new(GapKind::Exponential, MeanGap::from_ps(281_583.0).unwrap());
    MessageStream::new(source, Roles::all(hosts).unwrap(), sizes, gaps, rngs).unwrap()
}

/// Time in ps, destination and size of the first messages.
fn first(count: usize, mut stream: MessageStream<ChaCha8Rng>) -> Vec<(u64, u32, u64)> {
    let row = |arrival: Arrival| (arrival.at.as_ps(), arrival.destination, arrival.size.get());
    (0..count).map(|_| row(stream.next_arrival())).collect()
}

#[test]
fn the_first_messages_of_seed_1_are_these() {
    let w1 =
        [(145009, 82, 359), (168605, 126, 2), (424206, 132, 56), (493925, 98, 2), (587873, 37, 974), (937031, 49, 11)];
    assert_eq!(first(6, stream(5, 144, "w1", 1)), w1);
    assert_eq!(first(3, stream(0, 16, "w4", 1)), [(145009, 9, 77672), (168605, 14, 300), (424206, 14, 755)]);
}

#[test]
fn another_size_distribution_keeps_times_and_destinations() {
    let without_size = |messages: Vec<(u64, u32, u64)>| messages.into_iter().map(|(at, to, _)| (at, to)).collect();
    let of: [Vec<(u64, u32)>; 2] = ["w1", "w5"].map(|sizes| without_size(first(1000, stream(3, 20, sizes, 9))));
    assert_eq!(of[0], of[1]);
}

#[test]
fn gaps_have_the_wanted_mean_and_spread() {
    let gaps = PoissonGaps::new(MeanGap::from_ps(281_583.0).unwrap());
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let drawn: Vec<f64> = (0..200_000).map(|_| gaps.next(&mut rng).as_ps() as f64).collect();
    let mean = drawn.iter().sum::<f64>() / 200_000.0;
    assert!((mean / 281_583.0 - 1.0).abs() < 5.0 / 200_000f64.sqrt(), "{mean}");
    // A share of 1/e of exponential gaps is longer than their mean.
    let longer = drawn.iter().filter(|gap| **gap > 281_583.0).count() as f64 / 200_000.0;
    assert!((longer - 0.367_879).abs() < 5.0 * (0.368f64 * 0.632 / 200_000.0).sqrt(), "{longer}");
}

#[test]
fn destinations_are_all_other_hosts_equally_often() {
    let mut stream = stream(2, 5, "w2", 4);
    let mut counts = [0u32; 5];
    let mut before = Time::ZERO;
    for _ in 0..100_000 {
        let arrival = stream.next_arrival();
        assert!(arrival.at >= before && arrival.source == 2);
        before = arrival.at;
        counts[arrival.destination as usize] += 1;
    }
    assert_eq!(counts[2], 0);
    let deviation = (100_000.0f64 * 0.25 * 0.75).sqrt();
    for host in [0, 1, 3, 4] {
        assert!((f64::from(counts[host]) - 25_000.0).abs() < 5.0 * deviation, "{counts:?}");
    }
}

#[test]
fn the_first_message_comes_one_gap_after_the_begin() {
    let gaps = PoissonGaps::new(MeanGap::from_ps(281_583.0).unwrap());
    let gap = gaps.next(&mut ChaCha8Rng::seed_from_u64(1));
    assert!(gap > Duration::ZERO);
    assert_eq!(stream(0, 2, "w1", 1).next_arrival().at, Time::ZERO + gap);
}
