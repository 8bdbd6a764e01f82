//! What people read on the terminal.

use homa_analysis::slowdown_table;
use homa_lab::{Arrivals, Background, Case, CaseSummary, PlannedCase, TierUtilisation, Timing, Utilisation};
use std::fmt::Write;

/// What is about to be simulated.
pub(crate) fn plan(plan: &[PlannedCase]) -> String {
    let mut text = String::new();
    // A note that every case of several has is told once.
    let is_shared = |note: &String| plan.len() > 1 && plan.iter().all(|planned| planned.case.notes.contains(note));
    for PlannedCase { case, .. } in plan {
        let measure = case.measure();
        let seeds = case.run().seeds.len();
        let _ = writeln!(
            text,
            "{}: {} on {} ({} hosts, {}), sizes {}, {}; warm-up {}, window {}, drain up to {}, {seeds} {}",
            case.name,
            case.kind().name(),
            case.topology.name,
            case.topology.hosts,
            case.host_rate,
            case.sizes,
            arrivals(case),
            measure.warmup,
            measure.window,
            measure.drain,
            if seeds == 1 { "seed" } else { "seeds" },
        );
        if let Some((_, line)) = case.transport.description().first() {
            let _ = writeln!(text, "  {line}");
        }
        for note in case.notes.iter().filter(|note| !is_shared(note)) {
            let _ = writeln!(text, "  note: {note}");
        }
    }
    for note in plan.iter().take(1).flat_map(|planned| &planned.case.notes).filter(|note| is_shared(note)) {
        let _ = writeln!(text, "note, all cases: {note}");
    }
    text
}

fn arrivals(case: &Case) -> String {
    match &case.arrivals {
        Arrivals::Trace { rows, afterwards } => {
            let then =
                afterwards.as_ref().map(|(_, arithmetic)| format!(", then wire load {:.3}", arithmetic.wire_load));
            format!("{} recorded messages{}", rows.len(), then.unwrap_or_default())
        }
        Arrivals::Poisson { arithmetic, .. } => format!(
            "wire load {:.3} (payload {:.3}), {:.0} messages/s per client",
            arithmetic.wire_load, arithmetic.payload_load, arithmetic.messages_per_second
        ),
    }
}

/// The results of a case, with its warnings; `place` says last where they are.
pub(crate) fn report(summary: &CaseSummary, timing: Option<&Timing>, place: &str) -> String {
    let mut text = format!("\n{}: slowdown by tenth of messages (denominator {})\n", summary.case, summary.denominator);
    text += &slowdown_table(&summary.deciles);
    let number = |value: Option<f64>| value.map_or_else(|| "inf".to_owned(), |value| format!("{value:.3}"));
    let _ = writeln!(
        text,
        "{} messages, {} unfinished{}; over all: p50 {}, p99 {}, mean {}",
        summary.messages,
        summary.unfinished,
        summary
            .unfinished_largest_bytes
            .map_or_else(String::new, |bytes| format!(" (largest {bytes} B; they count as infinitely slow)")),
        number(summary.overall.p50),
        number(summary.overall.p99),
        number(summary.overall.mean),
    );
    let short = &summary.short_messages;
    if short.count > 0 {
        let _ = writeln!(
            text,
            "short messages (up to {} B): latency min {}, p50 {}, p99 {} us",
            short.bytes_max,
            number(short.min_us),
            number(short.p50_us),
            number(short.p99_us),
        );
    }
    for tier in &summary.tiers {
        let _ = writeln!(
            text,
            "queues {:<9}  mean {:>9.1} B  max {:>8} B  utilisation {:>5.1} %",
            tier.tier,
            tier.queue_mean_bytes,
            tier.queue_max_bytes,
            100.0 * tier.utilisation
        );
    }
    let _ = match timing {
        Some(timing) => writeln!(
            text,
            "digest {}  {:.1} s CPU for {:.1} simulated ms: {:.2} ms and {:.2} million packet-hops per CPU second",
            summary.digest,
            timing.cpu_s,
            summary.simulated_s * 1e3,
            timing.simulated_ms_per_cpu_s,
            timing.packet_hops_per_cpu_s / 1e6
        ),
        None => writeln!(text, "digest {}  {:.1} simulated ms", summary.digest, summary.simulated_s * 1e3),
    };
    for note in &summary.notes {
        let _ = writeln!(text, "note: {note}");
    }
    for warning in &summary.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    text + place
}

/// "3 runs", "1 run".
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A time as people say it: "40 s", "12 min", "3.5 h".
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        ..10.0 => format!("{seconds:.1} s"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

/// Bytes as people say them: "40 MB".
pub(crate) fn memory(bytes: f64) -> String {
    match bytes {
        ..1e6 => format!("{:.0} KB", bytes / 1e3),
        ..1e9 => format!("{:.0} MB", bytes / 1e6),
        _ => format!("{:.1} GB", bytes / 1e9),
    }
}

/// What the drains of a case add at most to the work of what comes `before` them. Where no more
/// messages come, what is left of the others takes next to nothing.
pub(crate) fn drain_at_most(case: &Case, before: f64) -> f64 {
    let measure = case.measure();
    match (&case.arrivals, measure.background) {
        (Arrivals::Poisson { .. } | Arrivals::Trace { afterwards: Some(_), .. }, Background::Continue) => {
            before * measure.drain.as_secs_f64() / (measure.warmup + measure.window).as_secs_f64()
        }
        _ => 0.0,
    }
}

/// "about 12 s of CPU time, up to 25 s with the longest drains".
pub(crate) fn cpu_time(before_s: f64, drain_s: f64) -> String {
    let (least, most) = (duration(before_s), duration(before_s + drain_s));
    if least == most {
        return format!("about {least} of CPU time");
    }
    format!("about {least} of CPU time, up to {most} with the longest drains")
}

/// "host-tor 0.50, tor-spine 0.78", with a tier's busiest link if that has clearly more.
pub(crate) fn utilisation(tiers: &Utilisation) -> String {
    let told = |tier: &TierUtilisation| {
        let busiest = (tier.busiest > tier.mean + 0.005).then(|| format!(" (busiest link {:.2})", tier.busiest));
        format!("{} {:.2}{}", tier.tier, tier.mean, busiest.unwrap_or_default())
    };
    tiers.iter().map(told).collect::<Vec<_>>().join(", ")
}
