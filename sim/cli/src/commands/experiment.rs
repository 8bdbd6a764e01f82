//! The experiment or manifest that a command is given, planned.

use crate::args::{ExperimentArguments, SelectionArguments};
use anyhow::{Context, bail};
use homa_lab::{Manifest, Override, PlannedCase, Selection, load_experiment, plan_experiment};
use std::path::{Path, PathBuf};

/// What is to be run, and from what.
pub(crate) struct Planned {
    pub(crate) plan: Vec<PlannedCase>,
    /// The manifest that is repeated, if it is one.
    pub(crate) manifest: Option<Manifest>,
    /// Where results go if the user doesn't say.
    pub(crate) out: PathBuf,
}

/// Reads and plans what the user named.
pub(crate) fn planned(arguments: &ExperimentArguments) -> anyhow::Result<Planned> {
    let path = &arguments.file;
    let text = std::fs::read_to_string(path);
    if text.as_ref().is_ok_and(|text| Manifest::is_one(text)) {
        if !arguments.set.is_empty() || !arguments.seed.is_empty() {
            bail!(
                "{}: a manifest is repeated as it is; to change something, give the experiment.toml of one of its cases",
                path.display()
            );
        }
        let manifest = Manifest::read(path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().with_context(|| format!("cannot find {}", folder.display()))?;
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        name.push("-again");
        return Ok(Planned { plan: manifest.plan(path)?, out: folder.with_file_name(name), manifest: Some(manifest) });
    }
    let mut overrides = arguments.set.clone();
    if !arguments.seed.is_empty() {
        let seeds: Vec<String> = arguments.seed.iter().map(u64::to_string).collect();
        let seeds: Override = format!("run.seeds=[{}]", seeds.join(",")).parse().expect("it has a key and a value");
        overrides.push(seeds);
    }
    let experiment = load_experiment(path, &overrides)?;
    let plan = plan_experiment(path, &experiment)?;
    let out = Path::new("results/out").join(&plan[0].case.experiment);
    Ok(Planned { plan, manifest: None, out })
}

/// Refuses cases whose network can't carry their load, unless the user means it. A manifest is
/// repeated as it is.
pub(crate) fn refuse_overload(arguments: &ExperimentArguments, planned: &Planned) -> anyhow::Result<()> {
    if arguments.allow_overload || planned.manifest.is_some() {
        return Ok(());
    }
    let overloaded: Vec<String> = planned.plan.iter().filter_map(|planned| planned.case.overload()).collect();
    if !overloaded.is_empty() {
        bail!("{}\n--allow-overload accepts it", overloaded.join("\n"));
    }
    Ok(())
}

/// The part of a plan that the user named.
pub(crate) fn selection(arguments: &SelectionArguments, plan: &[PlannedCase]) -> anyhow::Result<Selection> {
    let selection = Selection { shard: arguments.shard, only: arguments.only.clone() };
    if let Some(unknown) = selection.unknown(plan) {
        bail!(
            "--only {unknown}: no run has such a key and no case that name; `homasim plan FILE` shows both (keys change with \
             the configuration and with the simulator's sources)"
        );
    }
    Ok(selection)
}
