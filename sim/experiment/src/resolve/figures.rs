//! Checks of `[[figure]]` sections.

use crate::experiment::{FigureKind, FigureSection};

/// Checks the `[[figure]]` sections of an experiment against the names of its cases, before
/// anything runs. If the experiment is `changed` by overrides, cases may be missing: figures that
/// need them are left out.
pub(super) fn check_figures(sections: &[FigureSection], cases: &[&str], changed: bool) -> Result<(), String> {
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
                cases.join(", ")
            ));
        }
        if let Some(problem) = section.problem_with(cases).filter(|_| !changed) {
            return Err(problem);
        }
        names.push(name);
    }
    Ok(())
}
