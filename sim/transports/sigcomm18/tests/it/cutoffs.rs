//! The unscheduled cutoffs computed from a size distribution equal those that the original
//! simulator prints, and parameters that don't go together are refused.

use homa_sigcomm18::{Config, ConfigError, Network, Parameters};
use homa_units::{Bytes, Priority};
use homa_workloads::SizeDistribution;

fn complete(name: &str, parameters: &Parameters) -> Result<Config, ConfigError> {
    parameters.complete(Network::ORIGINAL, None, &SizeDistribution::shipped(name).unwrap().estimator_points())
}

fn cutoffs(name: &str, scheduled: u8, change: impl FnOnce(&mut Parameters)) -> Vec<u32> {
    let mut parameters = Parameters { scheduled_levels: Some(scheduled), ..Parameters::default() };
    change(&mut parameters);
    complete(name, &parameters).unwrap().cutoffs
}

#[test]
fn the_cutoffs_of_every_listed_distribution_come_out() {
    let listed: [(&str, u8, &[u32]); 9] = [
        ("w1", 1, &[11, 125, 273, 468, 764, 1275]),
        ("w2", 3, &[269, 366, 512, 1463]),
        ("w3", 4, &[433, 2339, 6756]),
        ("w4", 7, &[]),
        ("w5", 7, &[]),
        ("fabricated-heavy-head", 2, &[634, 1503, 2076, 3045, 5043]),
        ("fabricated-heavy-middle", 4, &[1532, 4574, 9284]),
        ("fb-webserver", 6, &[3892]),
        ("fb-cachefollower", 7, &[]),
    ];
    for (name, scheduled, expected) in listed {
        assert_eq!(cutoffs(name, scheduled, |_| {}), expected, "{name}");
    }
}

/// The number of levels comes from the table of the original unless it is set, and leaves a level
/// for unscheduled ones.
#[test]
fn listed_levels_are_taken_unless_others_are_set() {
    let sizes = SizeDistribution::shipped("w3").unwrap().estimator_points();
    let with = |priority_levels, scheduled_levels, listed| {
        let parameters = Parameters { priority_levels, scheduled_levels, ..Parameters::default() };
        let config = parameters.complete(Network::ORIGINAL, listed, &sizes).unwrap();
        assert_eq!(config.cutoffs.len() + 1, usize::from(config.priority_levels - config.scheduled_levels));
        (config.scheduled_levels, config.overcommitment)
    };
    assert_eq!(with(None, None, Some(4)), (4, 4));
    assert_eq!(with(None, Some(2), Some(4)), (2, 2));
    assert_eq!(with(Some(4), None, Some(4)), (3, 3));
    assert_eq!(with(Some(2), None, Some(7)), (1, 1));
    // Unscheduled data and boosted tails are about three eighths of W3's bytes; the original chose
    // one level more.
    assert_eq!(with(None, None, None).0, 5);
}

/// The cutoffs by the number of levels listed for each distribution, as a run of the original takes
/// them.
#[test]
fn listed_levels_give_the_same_cutoffs_as_set_ones() {
    for (name, listed) in [("w1", 1), ("w2", 3), ("w3", 4), ("w4", 7), ("w5", 7)] {
        let sizes = SizeDistribution::shipped(name).unwrap().estimator_points();
        let by_list = Parameters::default().complete(Network::ORIGINAL, Some(listed), &sizes).unwrap();
        assert_eq!(by_list.cutoffs, cutoffs(name, listed, |_| {}), "{name}");
    }
}

/// What the original would compute for W3 if the whole of each message counted.
#[test]
fn the_cap_on_what_counts_matters() {
    let all = |parameters: &mut Parameters| parameters.cutoff_cap_bytes = Some(Bytes::new(1 << 40));
    assert_eq!(cutoffs("w3", 4, all), [4_372, 53_362, 370_469]);
}

#[test]
fn a_packet_goes_on_the_first_level_whose_cutoff_is_not_below_what_remains() {
    let config = complete("w3", &Parameters { scheduled_levels: Some(4), ..Parameters::default() }).unwrap();
    let levels =
        [1, 433, 434, 2_339, 2_340, 6_756, 6_757, 9_328].map(|remaining| config.unscheduled_level(remaining).get());
    assert_eq!(levels, [7, 7, 6, 6, 5, 5, 4, 4]);
}

#[test]
fn a_grant_for_the_last_10000_wire_bytes_has_at_least_the_level_of_an_unscheduled_packet() {
    let config = complete("w3", &Parameters { scheduled_levels: Some(4), ..Parameters::default() }).unwrap();
    // Slot 3 is the lowest scheduled level. 9425 bytes take 9999 wire bytes, 9426 take 10000.
    assert_eq!(config.grant_level(3, 9_426), Priority::new(0));
    assert_eq!(config.grant_level(3, 9_425), Priority::new(4));
    assert_eq!(config.grant_level(3, 300), Priority::new(7));
    assert_eq!(config.grant_level(0, 1_000_000), Priority::new(3));
}

#[test]
fn impossible_parameters_are_named_with_what_is_accepted() {
    type Case = (fn(&mut Parameters), &'static str, &'static str, &'static str);
    let refused = |change: fn(&mut Parameters)| {
        let mut parameters = Parameters { scheduled_levels: Some(4), ..Parameters::default() };
        change(&mut parameters);
        complete("w3", &parameters).unwrap_err().to_string()
    };
    assert_eq!(
        refused(|parameters| parameters.overcommitment = Some(5)),
        "transport.sigcomm18.overcommitment = 5 is not possible; accepted is 1 to scheduled_levels, which is 4 here; set \
         scheduled_levels as well for more"
    );
    let cases: [Case; 12] = [
        (|parameters| parameters.priority_levels = Some(0), "priority_levels", "0", "1 to 8"),
        (|parameters| parameters.priority_levels = Some(9), "priority_levels", "9", "1 to 8"),
        (|parameters| parameters.scheduled_levels = Some(0), "scheduled_levels", "0", "1 to 7"),
        (|parameters| parameters.scheduled_levels = Some(8), "scheduled_levels", "8", "1 to 7"),
        (|parameters| parameters.priority_levels = Some(4), "scheduled_levels", "4", "1 to 3"),
        (|parameters| parameters.overcommitment = Some(0), "overcommitment", "0", "1 to scheduled_levels"),
        (|parameters| parameters.cutoffs = Some(vec![5]), "cutoffs", "[5]", "3 sizes in bytes, ascending"),
        (|parameters| parameters.cutoffs = Some(vec![9, 5, 7]), "cutoffs", "[9, 5, 7]", "3 sizes in bytes, ascending"),
        (|parameters| parameters.cutoffs = Some(vec![1, 2, 3, 4]), "cutoffs", "[1, 2, 3, 4]", "3 sizes in bytes"),
        (|parameters| parameters.rtt_bytes = Some(Bytes::ZERO), "rtt_bytes", "\"0B\"", "at least \"1B\""),
        (
            |parameters| parameters.unscheduled_bytes = Some(Bytes::ZERO),
            "unscheduled_bytes",
            "\"0B\"",
            "\"1B\" to \"1GB\"",
        ),
        (
            |parameters| parameters.unscheduled_bytes = Some(Bytes::new(1_000_000_001)),
            "unscheduled_bytes",
            "\"1000000001B\"",
            "\"1B\" to \"1GB\"",
        ),
    ];
    for (change, key, value, accepted) in cases {
        let told = refused(change);
        let begin = format!("transport.sigcomm18.{key} = {value} is not possible; accepted is {accepted}");
        assert!(told.starts_with(&begin), "{told}\n{begin}");
    }
}

#[test]
fn with_one_level_scheduled_and_unscheduled_packets_share_it() {
    let parameters = Parameters { priority_levels: Some(1), ..Parameters::default() };
    for workload in ["w1", "w3", "w5"] {
        let config = complete(workload, &parameters).unwrap();
        assert_eq!((config.scheduled_levels, config.overcommitment, config.cutoffs.len()), (1, 1, 0), "{workload}");
        for bytes in [1, 10_000, 10_000_000] {
            assert_eq!(config.unscheduled_level(bytes).get(), 0);
            assert_eq!(config.grant_level(0, bytes).get(), 0);
        }
        assert_eq!(config.control_level().get(), 0);
    }
    let two = Parameters { scheduled_levels: Some(2), ..parameters };
    let told = complete("w3", &two).unwrap_err().to_string();
    assert!(told.contains("scheduled_levels = 2") && told.contains("accepted is 1 with 1 priority levels"), "{told}");
}
