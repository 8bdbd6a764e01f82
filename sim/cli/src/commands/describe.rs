//! `homasim describe`.

use super::experiment::{planned, refuse_overload};
use crate::args::DescribeArguments;
use crate::text::{cpu_time, drain_at_most, utilisation};
use homa_lab::{Arrivals, Case, Denominator, IdealTimes, control_load, paths, work};
use homa_topologies::HostId;
use homa_units::Bytes;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

pub(crate) fn execute(arguments: &DescribeArguments) -> anyhow::Result<ExitCode> {
    let planned = planned(&arguments.experiment)?;
    let cases = || planned.plan.iter().map(|planned| &planned.case);
    let mut text = String::new();
    let (mut cpu_s, mut drain, mut network) = (0.0, 0.0, None);
    for case in cases() {
        if network.replace(case.topology.name.as_str()) != Some(case.topology.name.as_str()) {
            describe_network(&mut text, case);
        }
        describe(&mut text, case);
        let of_case = work(case).cpu_s;
        cpu_s += of_case;
        drain += drain_at_most(case, of_case);
    }
    let _ = writeln!(
        text,
        "\n{} {}: {}; runs share the cores",
        cases().count(),
        if cases().count() == 1 { "case" } else { "cases" },
        cpu_time(cpu_s, drain)
    );
    std::io::stdout().write_all(text.as_bytes())?;
    refuse_overload(&arguments.experiment, &planned)?;
    Ok(ExitCode::SUCCESS)
}

fn describe_network(text: &mut String, case: &Case) {
    let topology = &case.topology;
    let _ = writeln!(
        text,
        "network {}: {} hosts at {}, {} switches",
        topology.name, topology.hosts, case.host_rate, topology.switches
    );
    for path in paths(case) {
        let _ = writeln!(
            text,
            "  {:<14} {:>5.1} % of pairs, {} links, {} equal {}; fixed delays {}, a full packet takes {}, it and a grant back {}",
            path.name,
            100.0 * path.share,
            path.links,
            path.choices,
            if path.choices == 1 { "path" } else { "paths" },
            path.fixed,
            path.full_packet,
            path.round_trip
        );
    }
}

/// An echo of this many bytes shows what a host costs.
const ECHO_BYTES: u32 = 100;

/// What Linux hosts take of an idle echo, stage by stage, and what is left for the network.
fn host(case: &Case) -> Option<String> {
    let linux = case.transport.linux().filter(|_| case.transport.traits().measures_round_trips)?;
    let us = |ps: u64| ps as f64 / 1e6;
    let stages = linux.idle_echo(ECHO_BYTES);
    let hosts_ps: u64 = stages.iter().map(|(_, spent)| spent.as_ps()).sum();
    let spent = stages.iter().filter(|(_, spent)| spent.as_ps() > 0);
    let spent: Vec<_> = spent.map(|(stage, spent)| format!("{} {:.2}", stage.name(), us(spent.as_ps()))).collect();
    let mut ideal = IdealTimes::new(Denominator::Simulated, Arc::clone(&case.topology), case.transport.clone());
    let echo_ps = ideal.ideal_ps(HostId(0), HostId(1), Bytes::new(u64::from(ECHO_BYTES)));
    let factors = if linux.ht > 0.0 || linux.contention > 0.0 { ", before ht and contention" } else { "" };
    let stages = if spent.is_empty() { "nothing".to_owned() } else { spent.join(", ") };
    Some(format!(
        "linux: an idle echo of {ECHO_BYTES} B takes {:.2} us, of which hosts take {:.2}{factors}: {stages}",
        us(echo_ps),
        us(hosts_ps)
    ))
}

fn describe(text: &mut String, case: &Case) {
    let _ = writeln!(text, "\n{}", case.name);
    match &case.arrivals {
        Arrivals::Trace { rows, afterwards } => {
            let ms = |row: usize| rows[row].at.as_ps() as f64 / 1e9;
            let _ = writeln!(
                text,
                "  arrivals      {} recorded messages, {:.3} to {:.3} ms",
                rows.len(),
                ms(0),
                ms(rows.len() - 1)
            );
            if let Some((_, arithmetic)) = afterwards {
                let _ = writeln!(
                    text,
                    "  then          {:.4} of the wire: {:.0} messages/s per client, one in {:.3} us",
                    arithmetic.wire_load,
                    arithmetic.messages_per_second,
                    arithmetic.mean_gap.as_ps() / 1e6
                );
            }
        }
        Arrivals::Poisson { sizes, arithmetic } => {
            let _ = writeln!(
                text,
                "  sizes         {}: {} to {} bytes, mean {:.1}, deciles {}",
                case.sizes,
                sizes.smallest().get(),
                sizes.largest().get(),
                sizes.mean(),
                (1..10)
                    .map(|tenth| sizes.quantile(f64::from(tenth) / 10.0).get().to_string())
                    .collect::<Vec<_>>()
                    .join(" ")
            );
            let grants = control_load(case);
            let (headers, grants) = if case.transport.traits().cost_has_grants {
                let headers = arithmetic.wire_load - arithmetic.payload_load - grants;
                (headers, format!(", grants {grants:.4}"))
            } else {
                let headers = arithmetic.wire_load - arithmetic.payload_load;
                let more = (grants > 0.0).then(|| format!(", and about {grants:.4} more for grants"));
                (headers, more.unwrap_or_default())
            };
            let _ = writeln!(
                text,
                "  load          {:.4} of the wire: message bytes {:.4}, headers {headers:.4}{grants}; {:.0} messages/s per client, one in {:.3} us",
                arithmetic.wire_load,
                arithmetic.payload_load,
                arithmetic.messages_per_second,
                arithmetic.mean_gap.as_ps() / 1e6
            );
        }
    }
    let _ = writeln!(text, "  utilisation   {}", utilisation(&case.demand.created));
    for (label, line) in case.transport.description() {
        let _ = writeln!(text, "  {label:<13} {line}");
    }
    if let Some(line) = host(case) {
        let _ = writeln!(text, "  host          {line}");
    }
    if let Some(reason) = case.transport.traits().indivisible {
        let _ = writeln!(text, "  threads       one for each run: {reason}");
    }
    let measure = case.measure();
    let _ = writeln!(
        text,
        "  measured      window {} after {}, drain up to {}, seeds {:?}",
        measure.window,
        measure.warmup,
        measure.drain,
        case.run().seeds
    );
    let work = work(case);
    let _ = writeln!(
        text,
        "  expected      {:.3e} messages in the window, {:.3e} packet-hops, {}, {:.0} MB for samples",
        work.messages,
        work.packet_hops,
        cpu_time(work.cpu_s, drain_at_most(case, work.cpu_s)),
        work.memory_bytes / 1e6
    );
    for note in &case.notes {
        let _ = writeln!(text, "  note          {note}");
    }
}
