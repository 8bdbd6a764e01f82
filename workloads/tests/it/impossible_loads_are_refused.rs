//! Proves that loads a link can't carry, and loads without traffic, are refused with a reason.

use homa_units::{BitRate, Bytes};
use homa_workloads::{LoadSpec, MeanGap, MessageCost, Roles, SizeDistribution, client_rate};

fn refusal_of_cost(load: LoadSpec, rate: BitRate, cost: impl Fn(Bytes) -> MessageCost) -> String {
    let sizes = SizeDistribution::fixed(Bytes::new(100));
    client_rate(&sizes, load, rate, Roles::all(2).unwrap(), &cost, &cost, true).unwrap_err().to_string()
}

fn refusal(load: LoadSpec, rate: BitRate) -> String {
    refusal_of_cost(load, rate, |size| MessageCost { request: size, response: Bytes::ZERO })
}

#[test]
fn a_load_of_one_or_more_is_refused() {
    let expected = "a load of 1.2 is more than a link can carry: queues would grow without end; it must be above 0 and \
                    below 1";
    assert_eq!(refusal(LoadSpec::Wire(1.2), BitRate::from_gbps(10)), expected);
    assert_eq!(refusal(LoadSpec::Payload(1.0), BitRate::from_gbps(10)), expected.replace("1.2", "1"));
}

#[test]
fn a_load_that_is_not_positive_is_refused() {
    let expected = "a load of 0 offers no traffic; it must be above 0 and below 1";
    assert_eq!(refusal(LoadSpec::Wire(0.0), BitRate::from_gbps(10)), expected);
    assert_eq!(refusal(LoadSpec::Wire(f64::NAN), BitRate::from_gbps(10)), expected.replace("of 0", "of NaN"));
}

#[test]
fn a_link_without_a_rate_is_refused() {
    let expected = "a load of 0.5 on a link of 0bps means a mean gap of inf ps between messages; accepted are gaps \
                    above 0 and at most 1e17 ps";
    assert_eq!(refusal(LoadSpec::Wire(0.5), BitRate::from_bps(0)), expected);
}

#[test]
fn messages_that_cost_nothing_are_refused() {
    let expected = "a load of 0.5 on a link of 10Gbps means a mean gap of 0 ps between messages; accepted are gaps \
                    above 0 and at most 1e17 ps";
    let free = |_| MessageCost { request: Bytes::ZERO, response: Bytes::ZERO };
    assert_eq!(refusal_of_cost(LoadSpec::Wire(0.5), BitRate::from_gbps(10), free), expected);
    assert_eq!(refusal_of_cost(LoadSpec::Payload(0.5), BitRate::from_gbps(10), free), expected);
}

#[test]
fn a_mean_gap_of_zero_is_refused() {
    let expected = "a mean gap of 0 ps is not possible; it must be above 0 and at most 1e17 ps (about 28 hours)";
    assert_eq!(MeanGap::from_ps(0.0).unwrap_err().to_string(), expected);
}
