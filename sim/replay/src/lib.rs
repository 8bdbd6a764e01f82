//! Recorded packets of Linux's Homa against the core: does it send what the kernel sent?
//!
//! A replay drives [`Endpoint`](homa_protocol::Endpoint) as one of the recorded nodes. Application
//! calls come from the capture's log and the traffic, the other sides' packets from the capture as
//! they were delivered. What neither fixes is inferred within [`Bounds`]: a match means that there
//! is a choice within them for which the core emits what the node sent, field by field and in order
//! per RPC. `docs/replay.md` explains the rules, and what the search does.

mod bounds;
mod capture;
mod compare;
mod difference;
mod driver;
mod error;
mod log;
mod report;
mod scene;
mod search;

use driver::State;
use homa_protocol::Quirks;
use scene::Scene;
use search::Search;
use std::ffi::OsStr;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

pub use bounds::Bounds;
pub use compare::FieldDifference;
pub use difference::{Difference, Kind};
pub use error::ReplayError;
pub use report::{NodeReport, Report};

/// What to replay, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Only this node; otherwise every node that sent packets.
    pub node: Option<IpAddr>,
    /// The quirks of the core. Default: Linux's.
    pub quirks: Quirks,
    /// The bounds of what is inferred, and of the search.
    pub bounds: Bounds,
}

/// Replays a capture: a pcap file, and beside it its table (`.csv`) and its log (`.log`). `path` is
/// any of the three, or their common name without extension.
///
/// # Errors
/// A file can't be read or isn't what it should be, or the node that was asked for sent nothing.
pub fn replay(path: &Path, options: &Options) -> Result<Report, ReplayError> {
    let pcap = pcap_of(path);
    let frames = capture::read(&pcap)?;
    let log_path = pcap.with_extension("log");
    let log = log::read(&log_path)?;
    let capture = pcap.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut nodes = capture::nodes(&frames);
    if let Some(node) = options.node {
        nodes.retain(|other| *other == node);
        if nodes.is_empty() {
            return Err(ReplayError::NoSuchNode { path: pcap, node });
        }
    }
    let mut reports = Vec::new();
    for node in nodes {
        let scene = Scene::new(node, &frames, &log, &options.bounds);
        reports.push(replay_node(&scene, &capture, &log_path, options)?);
    }
    Ok(Report { capture, bounds: options.bounds.clone(), nodes: reports })
}

/// Replays a node for each usual time between ticks until it matches; if it never does, the best
/// attempt counts.
fn replay_node(scene: &Scene<'_>, capture: &str, log: &Path, options: &Options) -> Result<NodeReport, ReplayError> {
    let mut best: Option<NodeReport> = None;
    for usual_tick_ns in options.bounds.usual_ticks_ns() {
        let (start, assumed) = State::start(scene, options, log, usual_tick_ns)?;
        let search = Search::new(scene);
        let state = search.run(start);
        let report = report::node(scene, capture, &state, assumed, search.is_exhausted());
        let is_better = best.as_ref().is_none_or(|best| report.differences.len() < best.differences.len());
        if is_better {
            best = Some(report);
        }
        if best.as_ref().is_some_and(NodeReport::is_match) {
            break;
        }
    }
    Ok(best.expect("there is a usual time between ticks"))
}

/// The pcap file of the capture that `path` is a part of.
fn pcap_of(path: &Path) -> PathBuf {
    match path.extension().and_then(OsStr::to_str) {
        Some("pcap" | "csv" | "log") => path.with_extension("pcap"),
        _ => {
            let mut name = path.as_os_str().to_owned();
            name.push(".pcap");
            PathBuf::from(name)
        }
    }
}
