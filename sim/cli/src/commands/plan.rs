//! `homasim plan`.

use super::experiment::{Planned, planned, refuse_overload, selection};
use crate::args::PlanArguments;
use crate::text::{cpu_time, drain_at_most, duration, memory, utilisation};
use homa_lab::{Archive, Claim, PlannedCase, busiest, work};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    case: &'a str,
    seed: u64,
    /// Up to the end of the window.
    cpu_s_estimate: f64,
    /// What the drain takes beyond that, if it lasts as long as it may.
    drain_cpu_s_estimate: f64,
    memory_bytes_estimate: f64,
    packet_hops_estimate: f64,
    /// The tier with the busiest link, and what share of what it can that link is to carry.
    busiest_tier: &'a str,
    busiest_utilisation: f64,
    /// By tier, the mean over its links.
    utilisation: BTreeMap<&'a str, f64>,
    done: bool,
}

pub(crate) fn execute(arguments: &PlanArguments) -> anyhow::Result<ExitCode> {
    let planned = planned(&arguments.experiment)?;
    let Planned { plan, out, .. } = &planned;
    let selected = selection(&arguments.selection, plan)?.of(plan);
    let out = arguments.out.as_ref().unwrap_or(out);
    let archive = Archive::new(out);
    let estimates: Vec<_> = plan.iter().map(|planned| work(&planned.case)).collect();
    let line = |(case, run): (usize, usize)| {
        let (planned, estimate) = (&plan[case], &estimates[case]);
        let runs = planned.runs.len() as f64;
        let run = &planned.runs[run];
        let busiest = busiest(&planned.case.demand.created);
        Line {
            key: &run.key,
            case: &planned.case.name,
            seed: run.seed,
            cpu_s_estimate: estimate.cpu_s / runs,
            drain_cpu_s_estimate: drain_at_most(&planned.case, estimate.cpu_s / runs),
            memory_bytes_estimate: estimate.memory_bytes / runs,
            packet_hops_estimate: estimate.packet_hops / runs,
            busiest_tier: busiest.tier,
            busiest_utilisation: busiest.busiest,
            utilisation: planned.case.demand.created.iter().map(|tier| (tier.tier, tier.mean)).collect(),
            done: archive.has(&run.key),
        }
    };
    let lines: Vec<_> = selected.into_iter().map(line).collect();
    let mut text = String::new();
    if arguments.keys {
        text.extend(lines.iter().map(|line| format!("{}\n", line.key)));
    } else if arguments.json {
        for line in &lines {
            let _ = writeln!(text, "{}", serde_json::to_string(line)?);
        }
    } else {
        table(&mut text, &lines);
        utilisations(&mut text, plan, &lines);
    }
    std::io::stdout().write_all(text.as_bytes())?;
    if let Some(obstacle) = Claim::obstacle(out, plan) {
        eprintln!("note: `homasim run` would refuse: {obstacle}");
    }
    refuse_overload(&arguments.experiment, &planned)?;
    Ok(ExitCode::SUCCESS)
}

fn table(text: &mut String, lines: &[Line<'_>]) {
    let width = lines.iter().map(|line| line.case.len()).max().unwrap_or(0).max(4);
    let _ = writeln!(
        text,
        "{:<16}  {:<width$}  {:>6}  {:>9}  {:>10}  {:>9}  {:<16}  state",
        "key", "case", "seed", "CPU time", "with drain", "memory", "busiest link"
    );
    for line in lines {
        let state = if line.done { "done" } else { "to run" };
        let (cpu, bytes) = (duration(line.cpu_s_estimate), memory(line.memory_bytes_estimate));
        let drained = duration(line.cpu_s_estimate + line.drain_cpu_s_estimate);
        let busiest = format!("{:.2} {}", line.busiest_utilisation, line.busiest_tier);
        let Line { key, case, seed, .. } = line;
        let _ = writeln!(
            text,
            "{key}  {case:<width$}  {seed:>6}  {cpu:>9}  {drained:>10}  {bytes:>9}  {busiest:<16}  {state}"
        );
    }
    let left: Vec<_> = lines.iter().filter(|line| !line.done).collect();
    let cpu_s: f64 = left.iter().map(|line| line.cpu_s_estimate).sum();
    let drain_cpu_s: f64 = left.iter().map(|line| line.drain_cpu_s_estimate).sum();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let at_a_time = cores.min(left.len().max(1)) as f64;
    // The largest at a time are the most that can happen.
    let mut bytes: Vec<f64> = left.iter().map(|line| line.memory_bytes_estimate).collect();
    bytes.sort_by(|first, second| second.total_cmp(first));
    let bytes: f64 = bytes.iter().take(cores).sum();
    let (least, most) = (duration(cpu_s / at_a_time), duration((cpu_s + drain_cpu_s) / at_a_time));
    let wall = if least == most { least } else { format!("{least} to {most}") };
    let _ = writeln!(
        text,
        "{} of {} runs to do: {}; {wall} with {cores} at a time, which need up to {} for samples and as much again to pool them",
        left.len(),
        lines.len(),
        cpu_time(cpu_s, drain_cpu_s),
        memory(bytes)
    );
}

/// The utilisation of every tier, once for cases that have the same.
fn utilisations(text: &mut String, plan: &[PlannedCase], lines: &[Line<'_>]) {
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for PlannedCase { case, .. } in
        plan.iter().filter(|planned| lines.iter().any(|line| line.case == planned.case.name))
    {
        let tiers = utilisation(&case.demand.created);
        match told.iter_mut().find(|(other, _)| *other == tiers) {
            Some((_, cases)) => cases.push(&case.name),
            None => told.push((tiers, vec![&case.name])),
        }
    }
    for (tiers, cases) in told {
        let others = if cases.len() > 1 { format!(" and {} more", cases.len() - 1) } else { String::new() };
        let _ = writeln!(text, "utilisation of {}{others}: {tiers}", cases[0]);
    }
}
