//! Proves that where every host sends one-way messages to all others at Poisson times, messages and rates are, bit for
//! bit, those from before hosts had roles: results published with them can be repeated.

use crate::common::homa_wire_bytes;
use crate::seeded::{rngs, stream};
use homa_units::{BitRate, Bytes, Time};
use homa_workloads::{
    Arrival, GapKind, LoadSpec, MeanGap, MessageCost, PoissonGaps, Roles, SizeDistribution, client_rate,
};
use proptest::prelude::*;
use rand::Rng;

/// The messages of host `source`, in the words of the time before roles.
fn before(source: u32, hosts: u32, mean_ps: f64, seed: u64) -> impl Iterator<Item = Arrival> {
    let sizes = SizeDistribution::shipped("w2").unwrap();
    let gaps = PoissonGaps::new(MeanGap::from_ps(mean_ps).unwrap());
    let mut rngs = rngs(seed, source);
    let mut now = Time::ZERO;
    std::iter::from_fn(move || {
        now += gaps.next(&mut rngs.gap);
        let size = sizes.sample(&mut rngs.size);
        let other = below(hosts - 1, &mut rngs.destination);
        let destination = if other < source { other } else { other + 1 };
        Some(Arrival { at: now, source, destination, size })
    })
}

/// Uniform in `0..bound`.
fn below(bound: u32, rng: &mut impl Rng) -> u32 {
    let surplus = bound.wrapping_neg() % bound;
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(bound);
        if product as u32 >= surplus {
            return (product >> 32) as u32;
        }
    }
}

/// Messages per second, wire bytes per message, payload load and wire load, in the operations of the time before roles.
fn rates_before(sizes: &SizeDistribution, load: LoadSpec, host_rate: BitRate) -> [f64; 4] {
    let (LoadSpec::Wire(share) | LoadSpec::Payload(share)) = load;
    let mean_payload_bytes = sizes.mean();
    let expected = |(size, mass): (Bytes, f64)| homa_wire_bytes(size).get() as f64 * mass;
    let mean_wire_bytes: f64 = sizes.probabilities().into_iter().map(expected).sum();
    let link_bytes_per_second = host_rate.as_bps() as f64 / 8.0;
    let rate = match (load, sizes.load_factor()) {
        (LoadSpec::Wire(_), Some(factor)) => share * factor * link_bytes_per_second / sizes.listed_mean(),
        (LoadSpec::Wire(_), None) => share * link_bytes_per_second / mean_wire_bytes,
        (LoadSpec::Payload(_), _) => share * link_bytes_per_second / mean_payload_bytes,
    };
    let payload_load = rate * mean_payload_bytes / link_bytes_per_second;
    [rate, mean_wire_bytes, payload_load, rate * mean_wire_bytes / link_bytes_per_second]
}

/// Compares the rates of `sizes` with those from before, to the last bit.
fn check_rates(sizes: &SizeDistribution, load: LoadSpec, hosts: u32) {
    let link = BitRate::from_gbps(10);
    let payload = |size| MessageCost { request: size, response: Bytes::ZERO };
    let wire = |size| payload(homa_wire_bytes(size));
    let found = client_rate(sizes, load, link, Roles::all(hosts).unwrap(), payload, wire, true).unwrap();
    let numbers = [found.messages_per_second, found.mean_wire_bytes, found.payload_load, found.wire_load];
    let expected = rates_before(sizes, load, link);
    assert_eq!(numbers.map(f64::to_bits), expected.map(f64::to_bits), "{} {load:?}", sizes.name());
    assert_eq!(found.mean_gap.as_ps().to_bits(), (1e12 / expected[0]).to_bits());
    assert_eq!(found.mean_payload_bytes.to_bits(), sizes.mean().to_bits());
}

#[test]
fn rates_of_every_shipped_distribution_are_the_same_to_the_last_bit() {
    for (name, _) in homa_workloads::shipped_names() {
        let sizes = SizeDistribution::shipped(name).unwrap();
        for share in [0.1, 0.3, 0.5, 0.77, 0.8] {
            check_rates(&sizes, LoadSpec::Wire(share), 144);
            check_rates(&sizes, LoadSpec::Payload(share), 40);
        }
    }
}

#[test]
fn rates_of_a_wide_linear_distribution_are_the_same_to_the_last_bit() {
    let text = "# interpolate = \"linear\"\nsize_bytes,cum_prob\n1460,0.5\n10220,0.8\n1000000000,1\n";
    let sizes = SizeDistribution::from_csv(text, "wide").unwrap();
    check_rates(&sizes, LoadSpec::Wire(0.6), 16);
    check_rates(&sizes, LoadSpec::Payload(0.6), 16);
}

proptest! {
    #[test]
    fn messages_are_the_same(hosts in 2..200u32, source in 0..200u32, mean_ps in 1.0..1e9, seed: u64) {
        let source = source % hosts;
        let mut now = stream(source, Roles::all(hosts).unwrap(), GapKind::Exponential, mean_ps, seed);
        for expected in before(source, hosts, mean_ps, seed).take(100) {
            prop_assert_eq!(now.next_arrival(), expected);
        }
    }

    #[test]
    fn one_way_messages_among_all_hosts_load_a_link_by_exactly_their_bytes(hosts in 2..100_000u32, bytes in 1.0..1e9) {
        let roles = Roles::all(hosts).unwrap();
        prop_assert_eq!(roles.busiest_link(bytes, 0.0).to_bits(), bytes.to_bits());
        prop_assert_eq!(roles.busiest_link(1.0, 0.0).to_bits(), 1f64.to_bits());
    }
}
