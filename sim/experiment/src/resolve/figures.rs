//! Checks of `[[figure]]` sections.

use crate::case::Case;
use crate::experiment::{FigureKind, FigureSection, Messages};

/// Checks the `[[figure]]` sections of an experiment against its cases, before anything runs. If
/// the experiment is `changed` by overrides, cases may be missing: figures that need them are left
/// out.
pub(super) fn check_figures(sections: &[FigureSection], cases: &[Case], changed: bool) -> Result<(), String> {
    let case_names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    let mut names: Vec<String> = Vec::new();
    for section in sections {
        let name = section.file_name();
        if name.is_empty() || !name.chars().all(crate::name::is_safe) {
            return Err(format!("name = \"{name}\" is not possible; accepted are letters, digits, `-`, `_` and `.`"));
        }
        if names.contains(&name) {
            return Err(format!("two figures are called \"{name}\"; give each a `name` of its own"));
        }
        if section.kind == FigureKind::Ratio && section.baseline.is_none() {
            return Err(format!(
                "\"{name}\": a ratio needs `baseline`, the case to divide by; there are {}",
                case_names.join(", ")
            ));
        }
        if let Some(key) = key_of_other_kinds(section) {
            return Err(format!("\"{name}\": {key}; this one is of kind \"{}\"", section.kind.name()));
        }
        let idle = || {
            let problem = section.idle_name(&case_names)?;
            Some(format!("\"{name}\": {problem}; there are {}", case_names.join(", ")))
        };
        let problem = section.problem_with(&case_names).or_else(idle).or_else(|| problem_with_cases(section, cases));
        if let Some(problem) = problem.filter(|_| !changed) {
            return Err(problem);
        }
        names.push(name);
    }
    Ok(())
}

/// A key that figures of this kind don't have.
fn key_of_other_kinds(section: &FigureSection) -> Option<&'static str> {
    let of_queues = matches!(section.kind, FigureKind::QueuesOverTime | FigureKind::QueueDistribution);
    if section.tier.is_some() && !of_queues {
        return Some("tier has an effect in figures of kind \"queues-over-time\" and \"queue-distribution\" alone");
    }
    if section.messages != Messages::default() && section.kind != FigureKind::Latency {
        return Some("messages has an effect in figures of kind \"latency\" alone");
    }
    if section.baseline.is_some() && section.kind != FigureKind::Ratio {
        return Some("baseline has an effect in figures of kind \"ratio\" alone");
    }
    None
}

/// What the cases of a figure don't have.
fn problem_with_cases(section: &FigureSection, cases: &[Case]) -> Option<String> {
    let name = section.file_name();
    let drawn: Vec<&Case> = cases.iter().filter(|case| section.is_of(&case.name)).collect();
    let has = |case: &Case, name: &String| case.topology.tiers.iter().any(|tier| tier.name == *name);
    if let Some(tier) = section.tier.as_ref().filter(|tier| !drawn.iter().any(|case| has(case, tier))) {
        let mut known: Vec<&str> = Vec::new();
        for tier in drawn.iter().flat_map(|case| &case.topology.tiers) {
            if !known.contains(&tier.name) {
                known.push(tier.name);
            }
        }
        return Some(format!("\"{name}\": tier = \"{tier}\" is none of its networks', which are {}", known.join(", ")));
    }
    if section.kind == FigureKind::Waste && !drawn.iter().any(|case| case.kind().counts_receivers()) {
        return Some(format!(
            "\"{name}\": none of its cases has a transport that keeps account of what receivers waste"
        ));
    }
    None
}
