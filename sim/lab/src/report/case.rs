//! A case as a report shows it.

use super::error::ReportError;
use super::words::{count, mean, number, percent, quantile, seconds, sizes, whole};
use crate::plan::{ManifestCase, PlannedRun};
use crate::results::{Archive, CaseSummary, StoredError, TierRow, Timing, best_time_keys};
use homa_analysis::Decile;
use homa_run::RunTiming;
use serde::Serialize;
use std::path::Path;

/// What is on disk of a case.
pub(super) struct Measured {
    summary: CaseSummary,
    timing: Option<Timing>,
    /// Of each run, if it is still there.
    runs: Vec<Option<RunTiming>>,
}

impl Measured {
    /// What its best times follow from.
    pub(super) fn best_time_keys(&self, case: &ManifestCase) -> String {
        best_time_keys(&case.experiment, &self.summary)
    }

    /// Reads the results of a case in `out`.
    pub(super) fn read(out: &Path, case: &ManifestCase) -> Result<Self, ReportError> {
        let damaged = |StoredError { path, problem }| ReportError::Damaged { path, problem };
        let folder = out.join(&case.name);
        let archive = Archive::new(out);
        let runs = case.runs.iter().map(|run| archive.read_timing(&run.key));
        Ok(Self {
            summary: CaseSummary::read(&folder).map_err(damaged)?,
            timing: Timing::read(&folder).map_err(damaged)?,
            runs: runs.collect::<Result<_, _>>().map_err(damaged)?,
        })
    }
}

/// A case on the page.
#[derive(Serialize)]
pub(super) struct CasePart {
    name: String,
    key: String,
    transport: String,
    workload: String,
    load: String,
    messages: String,
    unfinished: String,
    /// Whether there are any.
    has_unfinished: bool,
    p50: String,
    p99: String,
    mean: String,
    short_p50: String,
    short_p99: String,
    goodput: String,
    /// The first case with the same best times, if not all have the same.
    pub(super) best_times_as: Option<String>,
    /// In a few words why its numbers are doubtful.
    caution: Option<String>,
    digest: String,
    /// Pairs of what and how much.
    facts: Vec<(&'static str, String)>,
    warnings: Vec<Warning>,
    deciles: Vec<[String; 6]>,
    tiers: Vec<[String; 4]>,
    runs: Vec<[String; 5]>,
    speed: String,
    configuration: String,
}

/// What a reader of a case's numbers must know.
#[derive(Serialize)]
struct Warning {
    /// In a word or two.
    name: String,
    /// In full, with what to change.
    text: String,
    /// What the keys it speaks of are now.
    now: Vec<(&'static str, String)>,
}

impl CasePart {
    pub(super) fn new(case: &ManifestCase, measured: &Measured) -> Self {
        let Measured { summary, timing, .. } = measured;
        let load = match (summary.load, summary.load_kind.as_str()) {
            (None, _) => "recorded".to_owned(),
            (Some(load), "payload") => format!("{load} (payload)"),
            (Some(load), _) => load.to_string(),
        };
        let speed = timing.as_ref().map_or_else(String::new, |timing| {
            format!(
                "{} CPU, {} on the wall; {} packet-hops and {} simulated ms per CPU second.",
                seconds(timing.cpu_s),
                seconds(timing.wall_s),
                whole(timing.packet_hops_per_cpu_s.round() as u64),
                number(timing.simulated_ms_per_cpu_s)
            )
        });
        Self {
            name: case.name.clone(),
            key: case.key.clone(),
            transport: summary.transport.clone(),
            workload: summary.workload.clone(),
            load,
            messages: whole(summary.messages),
            unfinished: whole(summary.unfinished),
            has_unfinished: summary.unfinished > 0,
            p50: quantile(summary.overall.p50),
            p99: quantile(summary.overall.p99),
            mean: mean(summary.overall.mean),
            short_p50: quantile(summary.short_messages.p50_us),
            short_p99: quantile(summary.short_messages.p99_us),
            goodput: number(summary.goodput_gbps),
            best_times_as: None,
            caution: summary.caution(),
            digest: summary.digest.clone(),
            facts: facts(case, summary),
            warnings: warnings(case, summary),
            deciles: summary.deciles.iter().map(decile).collect(),
            tiers: tiers(summary),
            runs: runs(case, &measured.runs),
            speed,
            configuration: case.experiment.to_toml(),
        }
    }
}

fn facts(case: &ManifestCase, summary: &CaseSummary) -> Vec<(&'static str, String)> {
    let measure = &case.experiment.measure;
    let window = format!("{} after {} of warm-up, drain up to {}", measure.window, measure.warmup, measure.drain);
    let mut facts = vec![
        ("Network", format!("{}, {}", summary.topology, count(summary.hosts as usize, "host"))),
        ("Window", window),
        ("Seeds", case.runs.iter().map(|run| run.seed.to_string()).collect::<Vec<_>>().join(", ")),
        ("Short messages", format!("up to {} B", whole(summary.short_messages.bytes_max))),
        ("Offered", format!("{} Gbps per host, payload", number(summary.offered_payload_gbps))),
        ("Goodput", format!("{} Gbps per host", number(summary.goodput_gbps))),
        ("Simulated", format!("{} ms, {} packet-hops", number(summary.simulated_s * 1e3), whole(summary.packet_hops))),
        ("Slowdown relative to", summary.denominator.clone()),
    ];
    if summary.lost_packets > 0 {
        facts.push(("Lost", format!("{} packets", whole(summary.lost_packets))));
    }
    facts
}

fn decile(decile: &Decile) -> [String; 6] {
    [
        sizes(decile.size_min, decile.size_max),
        whole(decile.count),
        number(decile.p50),
        number(decile.p99),
        number(decile.mean),
        whole(decile.unfinished),
    ]
}

fn tiers(summary: &CaseSummary) -> Vec<[String; 4]> {
    let cells = |tier: &TierRow| {
        let (mean, max) = (number(tier.queue_mean_bytes), whole(tier.queue_max_bytes));
        [tier.tier.clone(), mean, max, percent(tier.utilisation)]
    };
    summary.tiers.iter().map(cells).collect()
}

fn runs(case: &ManifestCase, timings: &[Option<RunTiming>]) -> Vec<[String; 5]> {
    let cells = |(run, timing): (&PlannedRun, &Option<RunTiming>)| {
        let time = |of: fn(&RunTiming) -> f64| timing.as_ref().map_or_else(|| "–".to_owned(), |it| seconds(of(it)));
        let digest = run.digest.clone().unwrap_or_else(|| "–".to_owned());
        [run.seed.to_string(), run.key.clone(), digest, time(|timing| timing.wall_s), time(|timing| timing.cpu_s)]
    };
    case.runs.iter().zip(timings).map(cells).collect()
}

/// Keys that warnings advise to change, and how they speak of them.
const ADVISED: [(&str, &str); 6] = [
    ("measure.warmup", "measure.warmup"),
    ("measure.window", "measure.window"),
    ("measure.drain", "measure.drain"),
    ("run.seeds", "run.seeds"),
    ("workload.limit", "workload.limit"),
    ("less load", "workload.load"),
];

fn warnings(case: &ManifestCase, summary: &CaseSummary) -> Vec<Warning> {
    let table = toml::Value::Table(case.experiment.to_toml().parse().expect("an experiment is a table"));
    let value = |key: &str| key.split('.').try_fold(&table, |table, part| table.get(part)).map(ToString::to_string);
    let warning = |text: &String| {
        let (name, text) = text.split_once(": ").unwrap_or(("warning", text));
        let now = ADVISED.iter().filter(|(word, _)| text.contains(word) || name.contains(word));
        let now = now.filter_map(|(_, key)| Some((*key, value(key)?))).collect();
        Warning { name: name.to_owned(), text: text.to_owned(), now }
    };
    let note = |text: &String| Warning { name: "note".to_owned(), text: text.clone(), now: Vec::new() };
    summary.notes.iter().map(note).chain(summary.warnings.iter().map(warning)).collect()
}
