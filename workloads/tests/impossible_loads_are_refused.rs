//! Proves that loads a link can't carry, and loads without traffic, are refused with a reason.

use homa_units::{BitRate, Bytes};
use homa_workloads::{LoadSpec, MeanGap, SizeDistribution, messages_per_second};

fn refusal(load: LoadSpec, rate: BitRate) -> String {
    let sizes = SizeDistribution::fixed(Bytes::new(100));
    messages_per_second(&sizes, load, rate, |size| size).unwrap_err().to_string()
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
fn a_mean_gap_of_zero_is_refused() {
    let expected = "a mean gap of 0 ps is not possible; it must be above 0 and at most 1e17 ps (about 28 hours)";
    assert_eq!(MeanGap::from_ps(0.0).unwrap_err().to_string(), expected);
}
