//! What is measured: built-in experiments, which resolve and run as files do.

use anyhow::Context;
use homa_lab::{Case, Override, cases, parse_experiment};
use homa_units::Duration;
use std::path::Path;

/// One-way messages of W3 at 80 % load in the paper's network.
const SIGCOMM18: &str = r#"
[topology]
preset = "sigcomm18"
[transport]
kind = "sigcomm18"
[workload]
sizes = "w3"
load = 0.8
[measure]
warmup = "0us"
window = "1us"
drain = "0us"
[run]
seeds = [1]
"#;

/// Echo RPCs of W3 at 80 % load in the paper's network. The denominator is a formula: simulating idle messages would be
/// measured too.
const HOMA: &str = r#"
[topology]
preset = "sigcomm18"
[transport]
kind = "homa"
homa = { response = "echo" }
[workload]
sizes = "w3-kernel"
load = 0.8
[measure]
warmup = "0us"
window = "1us"
drain = "0us"
denominator = "cluster-2025"
[run]
seeds = [1]
"#;

/// A built-in experiment, and how much of it is simulated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    base: &'static str,
    /// As after `--set`.
    set: &'static [&'static str],
    /// Simulated time of a run that is timed.
    pub(crate) timed: Duration,
    /// Simulated times of the two runs whose difference gives instructions per packet-hop. The first is long enough that
    /// all hosts send; counting makes a run about 20 times as long.
    pub(crate) counted: [Duration; 2],
    /// Whether it is measured without being asked for: those that take seconds.
    pub(crate) by_default: bool,
}

const US: fn(u64) -> Duration = Duration::from_us;

/// All scenarios.
pub(crate) fn all() -> Vec<Scenario> {
    let scenario = |name, base, set, timed_us, counted_us: [u64; 2], by_default| Scenario {
        name,
        base,
        set,
        timed: US(timed_us),
        counted: counted_us.map(US),
        by_default,
    };
    vec![
        scenario("sigcomm18-w1", SIGCOMM18, &["workload.sizes=w1"], 6_000, [500, 1_500], true),
        scenario("sigcomm18-w3", SIGCOMM18, &[], 30_000, [1_000, 3_500], true),
        // What fat-tree-8192-w4 is compared with: the same workload and load.
        scenario("sigcomm18-w4", SIGCOMM18, &["workload.sizes=w4"], 30_000, [1_000, 3_500], true),
        scenario("sigcomm18-w5", SIGCOMM18, &["workload.sizes=w5"], 40_000, [1_000, 4_000], true),
        scenario("homa-w3", HOMA, &[], 10_000, [1_000, 2_500], true),
        scenario("homa-w4", HOMA, &["workload.sizes=w4-kernel"], 20_000, [1_000, 3_000], true),
        scenario(
            "leaf-spine-1000-w4",
            SIGCOMM18,
            &["topology.preset=leaf-spine-1000", "workload.sizes=w4"],
            4_000,
            [100, 300],
            false,
        ),
        scenario(
            "fat-tree-8192-w4",
            SIGCOMM18,
            &["topology.preset=fat-tree-8192", "workload.sizes=w4"],
            1_000,
            [20, 60],
            false,
        ),
        scenario(
            "idle-100000",
            SIGCOMM18,
            &["topology.preset=leaf-spine-100000", "workload.sizes=w4"],
            2,
            [1, 2],
            false,
        ),
        scenario(
            "homa-idle-100000",
            HOMA,
            &["topology.preset=leaf-spine-100000", "workload.sizes=w4-kernel"],
            2,
            [1, 2],
            false,
        ),
        scenario("smoke", SIGCOMM18, &["topology.preset=sigcomm18-16"], 300, [100, 200], false),
    ]
}

/// The scenarios with these names; those measured by default if there are none.
///
/// # Errors
/// If a name is unknown.
pub(crate) fn select(names: &[String], everything: bool) -> anyhow::Result<Vec<Scenario>> {
    let known: Vec<_> = all().iter().map(|scenario| scenario.name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        anyhow::bail!("unknown scenario \"{unknown}\"; accepted are {}", known.join(", "));
    }
    let wanted = |scenario: &Scenario| match names {
        [] => everything || scenario.by_default,
        names => names.iter().any(|name| name == scenario.name),
    };
    Ok(all().into_iter().filter(wanted).collect())
}

impl Scenario {
    /// The case that simulates `total`. The window is its last tenth; nothing drains.
    ///
    /// # Errors
    /// If it does not resolve: a fault of the program.
    pub(crate) fn case(&self, total: Duration) -> anyhow::Result<Case> {
        let window = total / 10;
        let times = [format!("measure.warmup={}", total - window), format!("measure.window={window}")];
        let texts = self.set.iter().copied().chain(times.iter().map(String::as_str));
        let overrides = texts.map(str::parse).collect::<Result<Vec<Override>, _>>()?;
        let path = format!("{}.toml", self.name);
        let path = Path::new(&path);
        let experiment = parse_experiment(path, self.base, &overrides)?;
        cases(path, &experiment)?.into_iter().next().context("an experiment has a case")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_of_the_default_set_resolves_to_one_case_of_the_time_asked_for() {
        for scenario in all().iter().filter(|scenario| scenario.by_default) {
            let case = scenario.case(scenario.timed).unwrap();
            let (_, end, limit) = case.window();
            assert_eq!((end, limit.since(homa_units::Time::ZERO)), (limit, scenario.timed), "{}", scenario.name);
            assert_eq!(case.run().seeds, [1]);
        }
    }

    #[test]
    fn names_are_unique_and_an_unknown_one_is_answered_with_all_of_them() {
        let names: Vec<_> = all().iter().map(|scenario| scenario.name).collect();
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        let error = select(&["w9".to_owned()], false).unwrap_err().to_string();
        assert!(names.iter().all(|name| error.contains(name)), "{error}");
    }

    #[test]
    fn what_is_asked_for_comes_in_the_order_of_the_list() {
        let names = ["homa-w3".to_owned(), "sigcomm18-w1".to_owned()];
        let chosen = select(&names, false).unwrap();
        assert_eq!(chosen.iter().map(|scenario| scenario.name).collect::<Vec<_>>(), ["sigcomm18-w1", "homa-w3"]);
        assert!(select(&[], true).unwrap().len() > select(&[], false).unwrap().len());
    }
}
