//! A small experiment, from its text to cases.

use homa_lab::{Case, Experiment, Override, cases, parse_experiment};
use std::path::Path;

const EXPERIMENT: &str = r#"
[topology]
preset = "sigcomm18-16"
[transport]
kind = "sigcomm18"
[workload]
sizes = "w3-kernel"
load = 0.5
[measure]
warmup = "100us"
window = "1ms"
drain = "4ms"
[run]
seeds = [1]
"#;

/// The experiment with further lines and replaced keys, or the error.
pub(crate) fn experiment(more: &str, set: &[&str]) -> Result<Experiment, String> {
    let overrides: Vec<Override> = set.iter().map(|text| text.parse().unwrap()).collect();
    let text = format!("{EXPERIMENT}{more}");
    parse_experiment(Path::new("tiny.toml"), &text, &overrides).map_err(|error| error.to_string())
}

/// Its cases, or the error.
pub(crate) fn resolve(more: &str, set: &[&str]) -> Result<Vec<Case>, String> {
    cases(Path::new("tiny.toml"), &experiment(more, set)?).map_err(|error| error.to_string())
}
