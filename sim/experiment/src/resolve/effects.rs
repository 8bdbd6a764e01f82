//! Keys that have no effect in any case are refused: who reads the experiment would believe that
//! they have one.

use super::Resolver;
use crate::case::{Case, CaseError};
use crate::experiment::{Background, CheckSection, Experiment, Gaps, Times};
use homa_run::Arrivals;
use homa_topologies::HostId;
use homa_units::{Bytes, Time};
use toml::{Table, Value};

/// Takes out what says how generators draw messages, and goes on after the window.
pub(super) fn forget_generators(experiment: &mut Experiment) {
    let workload = &mut experiment.workload;
    (workload.clients, workload.servers, workload.limit) = (None, None, None);
    (workload.threads, workload.gaps, workload.least_size) = (1, Gaps::default(), Bytes::new(1));
    experiment.measure.background = Background::default();
}

/// Whether an experiment sets a key.
type IsSet = fn(&Experiment) -> bool;

/// A key that has no effect, and why.
type Idle = (String, String);

impl Resolver<'_> {
    /// Refuses what has no effect in any of the cases. `variants` are the experiments that the
    /// cases come from.
    pub(super) fn check_effects(&self, variants: &[Experiment], cases: &[Case]) -> Result<(), CaseError> {
        // What was not read from a file was resolved before, with this check.
        if self.experiment.written.is_none() {
            return Ok(());
        }
        let idle = self
            .idle_sizes(cases)
            .or_else(|| idle_generator_key(variants))
            .or_else(|| self.idle_least_size(variants, cases))
            .or_else(|| idle_death(variants, cases))
            .or_else(|| idle_tolerance(&self.experiment.check));
        match idle {
            Some((key, why)) => Err(self.idle(&key, &why)),
            None => self.check_parameters(cases),
        }
    }

    fn idle(&self, key: &str, why: &str) -> CaseError {
        let have = if key.contains(", ") { "have" } else { "has" };
        CaseError::NoEffect { path: self.path.to_owned(), problem: format!("{key} {have} no effect, as {why}") }
    }

    /// Whether a key was replaced for this command alone. What the file says
    /// to the replaced value may then stay.
    fn is_replaced(&self, key: &[&str]) -> bool {
        self.experiment.overrides.iter().any(|replacement| replacement.key == key)
    }

    /// Times for sizes that no case has.
    fn idle_sizes(&self, cases: &[Case]) -> Option<Idle> {
        let mut per_sizes = self.experiment.measure.per_sizes.iter();
        let mut labels: Vec<&str> = cases.iter().map(|case| case.sizes.as_str()).collect();
        labels.dedup();
        let replaced = self.is_replaced(&["workload", "sizes"]) || self.is_replaced(&["workload", "trace"]);
        per_sizes.find_map(|(name, times)| {
            let key = format!("measure.per_sizes.{name}");
            if *times == Times::default() {
                return Some((key, "it sets none of warmup, window and drain".to_owned()));
            }
            let is_there = labels.contains(&name.as_str()) || replaced;
            (!is_there).then(|| (key, format!("no case has these sizes; there are {}", labels.join(", "))))
        })
    }

    /// A least size that no drawn message is below.
    fn idle_least_size(&self, variants: &[Experiment], cases: &[Case]) -> Option<Idle> {
        let is_set = !self.is_replaced(&["workload", "sizes"])
            && variants.iter().any(|variant| variant.workload.least_size > Bytes::new(1));
        let smallest = cases.iter().filter_map(|case| match &case.arrivals {
            Arrivals::Poisson { sizes, .. } | Arrivals::Trace { afterwards: Some((sizes, _)), .. } => {
                Some((sizes.smallest(), case.client.least_size))
            }
            Arrivals::Trace { afterwards: None, .. } => None,
        });
        let smallest: Vec<_> = smallest.collect();
        if !is_set || smallest.iter().any(|(smallest, least)| smallest < least) {
            return None;
        }
        let (smallest, _) = smallest.first()?;
        Some(("workload.least_size".to_owned(), format!("the smallest message has {smallest} anyway")))
    }

    /// Parameters of a transport that no case has. Where the transport was replaced for this
    /// command alone, the file's table may stay.
    pub(super) fn check_transport_tables(&self, variants: &[Experiment]) -> Result<(), CaseError> {
        if self.experiment.written.is_none() || self.is_replaced(&["transport", "kind"]) {
            return Ok(());
        }
        let is_used = |name: &String| variants.iter().any(|variant| variant.transport.kind.name() == name);
        let tables = variants.iter().flat_map(|variant| &variant.transport.tables);
        let mut keys = tables.filter_map(|(name, table)| Some((name, table.as_table()?.keys().next()?)));
        let Some((name, key)) = keys.find(|(name, _)| !is_used(name)) else { return Ok(()) };
        let why = format!("no case has transport.kind = \"{name}\"; take it out, or set transport.kind");
        Err(self.idle(&format!("transport.{name}.{key}"), &why))
    }

    /// Parameters that were set, and that the other parameters leave without effect in every case
    /// with the transport.
    fn check_parameters(&self, cases: &[Case]) -> Result<(), CaseError> {
        for case in cases {
            let kind = case.kind();
            let alike = || cases.iter().filter(move |other| other.kind() == kind);
            let defaults = kind.with_defaults(Table::new()).expect("a table without keys is one of defaults");
            let is_set = |key: &str| {
                let value = |case: &Case| lookup(&case.resolved.transport.parameters(), key);
                alike().any(|case| value(case) != lookup(&defaults, key))
            };
            let without = case.transport.without_effect();
            let is_idle_in =
                |other: &Case, key: &str| other.transport.without_effect().iter().any(|(idle, _)| *idle == key);
            let idle: Vec<_> =
                without.iter().filter(|(key, _)| is_set(key) && alike().all(|other| is_idle_in(other, key))).collect();
            if let Some((_, why)) = idle.first() {
                // Those with one reason are told at once, so that they can be mended at once.
                let keys = idle.iter().filter(|(_, other)| other == why);
                let keys: Vec<_> = keys.map(|(key, _)| format!("transport.{}.{key}", kind.name())).collect();
                return Err(self.idle(&keys.join(", "), why));
            }
        }
        Ok(())
    }
}

/// The value of a dotted key in a table.
fn lookup(table: &Table, key: &str) -> Option<Value> {
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let value = table.get(first)?;
    match rest {
        None => Some(value.clone()),
        Some(rest) => lookup(value.as_table()?, rest),
    }
}

/// What says how messages are drawn, where all messages are those of traces.
fn idle_generator_key(variants: &[Experiment]) -> Option<Idle> {
    let draws = |variant: &Experiment| variant.workload.trace.is_none() || variant.workload.then_load.is_some();
    if variants.iter().any(draws) {
        return None;
    }
    let keys: [(&str, IsSet); 7] = [
        ("workload.clients", |variant| variant.workload.clients.is_some()),
        ("workload.servers", |variant| variant.workload.servers.is_some()),
        ("workload.threads", |variant| variant.workload.threads != 1),
        ("workload.limit", |variant| variant.workload.limit.is_some()),
        ("workload.gaps", |variant| variant.workload.gaps != Gaps::default()),
        ("workload.least_size", |variant| variant.workload.least_size > Bytes::new(1)),
        ("measure.background", |variant| variant.measure.background != Background::default()),
    ];
    let (key, _) = keys.into_iter().find(|(_, is_set)| variants.iter().any(is_set))?;
    let why = format!(
        "the messages of a trace are sent as they are; take it out (--set {key}=none), or give workload.then_load for \
         traffic after the trace, which it is about"
    );
    Some((key.to_owned(), why))
}

/// A host that dies when all is over, or that takes no part.
fn idle_death(variants: &[Experiment], cases: &[Case]) -> Option<Idle> {
    let takes_part = |case: &Case, host: HostId| {
        let drawn = case.roles.is_client(host.0) || case.roles.is_server(host.0);
        match &case.arrivals {
            Arrivals::Poisson { .. } => drawn,
            Arrivals::Trace { rows, afterwards } => {
                (afterwards.is_some() && drawn)
                    || rows.iter().any(|row| [row.source, row.destination].contains(&host.0))
            }
        }
    };
    let deaths = variants.iter().flat_map(|variant| &variant.faults.deaths);
    let mut deaths = deaths.map(|death| (HostId(death.host), Time::ZERO + death.at));
    let died = |case: &Case, death: &(HostId, Time)| case.faults.host_failures.contains(death);
    let idle = deaths.find(|death| !cases.iter().any(|case| died(case, death) && takes_part(case, death.0)));
    let (host, at) = idle?;
    let late = cases.iter().all(|case| !died(case, &(host, at)));
    let end = cases.iter().map(|case| case.window().2).max()?;
    let why = if late {
        format!(
            "host {} dies at {}, when every run has ended: at {} the latest; set it or the times in measure",
            host.0,
            at.since(Time::ZERO),
            end.since(Time::ZERO)
        )
    } else {
        format!("host {} neither sends nor is sent to", host.0)
    };
    Some(("faults.deaths".to_owned(), why))
}

/// A tolerance for numbers, where no digest may change and so no number can.
fn idle_tolerance(check: &CheckSection) -> Option<Idle> {
    let defaults = CheckSection::default();
    let set = [
        ("check.p50_within", check.p50_within != defaults.p50_within),
        ("check.p99_within", check.p99_within != defaults.p99_within),
    ];
    let (key, _) = set.into_iter().find(|(_, is_set)| check.digest && *is_set)?;
    Some((key.to_owned(), "check.digest = true allows no change at all; take one of them out".to_owned()))
}
