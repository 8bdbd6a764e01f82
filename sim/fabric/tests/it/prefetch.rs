//! Prefetching costs or saves time, and changes nothing that happens.

use crate::common::{self, Notes, Sent, network_with, plain, sent};
use homa_fabric::{FabricStatistics, LoadBalancing};
use homa_units::{Duration, Time};

/// Bursts of all sizes and priorities between hosts near and far, so that packets wait at all
/// tiers.
fn bursts() -> Vec<Sent> {
    let burst = |number: u32| {
        let (source, destination) = (number % 16, (number * 7 + number / 16 + 1) % 16);
        let destination = if source == destination { (source + 1) % 16 } else { destination };
        let packets: Vec<_> =
            (0..5).map(|packet| (64 + (number * 131 + packet * 401) as u16 % 1_455, packet as u8)).collect();
        sent(u64::from(number) * 150_000, source, destination, &packets)
    };
    (0..400).map(burst).collect()
}

fn outcome(load_balancing: LoadBalancing, pushes: bool, prefetch: bool) -> (FabricStatistics, Vec<(u64, u32)>) {
    let topology = common::shipped("sigcomm18-16");
    let (mut net, notes) = network_with(&topology, common::Setting { load_balancing, pushes, ..plain() }, &bursts());
    net.set_prefetch(prefetch);
    for until_us in [7, 30, 31, 5_000] {
        net.run_until(Time::ZERO + Duration::from_us(until_us));
    }
    let arrivals = Notes::arrivals(&notes.borrow());
    (net.statistics(), arrivals)
}

#[test]
fn all_packets_arrive_when_they_do_without_prefetching() {
    for load_balancing in [LoadBalancing::First, LoadBalancing::RoundRobin, LoadBalancing::RandomSpraying] {
        for pushes in [false, true] {
            let (statistics, arrivals) = outcome(load_balancing, pushes, true);
            assert_eq!(arrivals.len(), 2_000);
            assert!(statistics.tiers.iter().any(|tier| tier.queue_max_bytes > 5_000), "packets have to wait");
            assert_eq!((statistics, arrivals), outcome(load_balancing, pushes, false), "{load_balancing:?}");
        }
    }
}
