//! What a replay found.

use crate::Bounds;
use crate::compare;
use crate::difference::{Difference, Kind};
use crate::driver::{INFERRED, State};
use crate::scene::Scene;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

const NS_PER_US: u64 = 1000;

/// The replay of one capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Name of the capture: of its files, without extension.
    pub capture: String,
    /// Within what bounds things were inferred.
    pub bounds: Bounds,
    /// Each node that sent packets, by address.
    pub nodes: Vec<NodeReport>,
}

/// The replay of one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeReport {
    /// Name of the capture.
    pub capture: String,
    /// The node's address.
    pub node: IpAddr,
    /// RPCs that the node sent packets for.
    pub rpcs: usize,
    /// Packets that were recorded of it. Each is matched, missing, differing or undetermined.
    pub packets: usize,
    /// Packets that the core sent as recorded.
    pub matched: usize,
    /// Recorded packets that the core doesn't send.
    pub missing: usize,
    /// Packets that the core sends and that weren't recorded.
    pub extra: usize,
    /// Packets that the core sends, but not as recorded.
    pub differing: usize,
    /// Recorded packets about which nothing can be said.
    pub undetermined: usize,
    /// Why packets are undetermined, and how many for each reason.
    pub undetermined_reasons: BTreeMap<String, u32>,
    /// What was not recorded and is inferred from the packets, and how often each.
    pub inferred: BTreeMap<String, u32>,
    /// The longest time, in µs, that the match needs between the delivery of a packet and its
    /// processing.
    pub longest_processing_us: u64,
    /// The search took all steps that it may, so what is missing may only not have been found.
    pub search_exhausted: bool,
    /// Everything missing, extra or differing, in order of time.
    pub differences: Vec<Difference>,
}

impl Report {
    /// Whether the core sent what all nodes sent.
    #[must_use]
    pub fn is_match(&self) -> bool {
        self.nodes.iter().all(NodeReport::is_match)
    }
}

impl NodeReport {
    /// Whether nothing is missing, extra or differing.
    #[must_use]
    pub const fn is_match(&self) -> bool {
        self.missing == 0 && self.extra == 0 && self.differing == 0
    }
}

/// What became of one node's packets.
pub(crate) fn node(
    scene: &Scene<'_>,
    capture: &str,
    state: &State,
    assumed: BTreeMap<&'static str, u32>,
    search_exhausted: bool,
) -> NodeReport {
    let mut differences = state.differences.as_ref().clone();
    differences.extend(contradictions(scene, &differences));
    differences.extend(scene.malformed.iter().map(|frame| Difference {
        kind: Kind::Missing,
        output: None,
        time_us: scene.frames[*frame].sent_ns / NS_PER_US,
        rpc: 0,
        recorded: "no packet that Linux sends".to_owned(),
        core: String::new(),
        fields: Vec::new(),
    }));
    differences.sort_by_key(|difference| difference.time_us);
    let count = |kind: Kind| differences.iter().filter(|difference| difference.kind == kind).count();
    let (missing, extra, differing) = (count(Kind::Missing), count(Kind::Extra), count(Kind::Differing));
    let undetermined: u32 = scene.set_aside.values().sum();
    let packets = scene.outputs.len() + scene.malformed.len() + undetermined as usize;
    let mut inferred: BTreeMap<String, u32> =
        assumed.into_iter().map(|(what, count)| (what.to_owned(), count)).collect();
    for (what, count) in INFERRED.iter().zip(state.counters).filter(|(_, count)| *count > 0) {
        inferred.insert((*what).to_owned(), count);
    }
    if scene.lost > 0 {
        inferred.insert("packets lost after their delivery to the NIC".to_owned(), scene.lost);
    }
    let mut rpcs: Vec<_> = scene.stream_of.keys().map(|key| (key.peer, key.rpc)).collect();
    rpcs.dedup();
    NodeReport {
        capture: capture.to_owned(),
        node: scene.node,
        rpcs: rpcs.len(),
        packets,
        matched: packets - missing - differing - undetermined as usize,
        missing,
        extra,
        differing,
        undetermined: undetermined as usize,
        undetermined_reasons: scene.set_aside.iter().map(|(why, count)| ((*why).to_owned(), *count)).collect(),
        inferred,
        longest_processing_us: state.longest_processing_ns / NS_PER_US,
        search_exhausted,
        differences,
    }
}

/// Packets that the core sends as the pcap file has them, while the capture's table has them
/// otherwise.
fn contradictions(scene: &Scene<'_>, known: &[Difference]) -> Vec<Difference> {
    let is_known = |output: usize| known.iter().any(|difference| difference.output == Some(output));
    let outputs = (0..scene.outputs.len()).filter(|output| !is_known(*output));
    let found = outputs.filter_map(|output| {
        let frame = scene.frame(output);
        let fields = compare::table_differences(frame);
        (!fields.is_empty()).then(|| Difference {
            kind: Kind::Differing,
            output: Some(output),
            time_us: frame.sent_ns / NS_PER_US,
            rpc: scene.outputs[output].key.rpc.get(),
            recorded: "in the table, other than in the pcap file".to_owned(),
            core: compare::describe_frame(frame),
            fields,
        })
    });
    found.collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.capture, self.bounds)?;
        if self.nodes.is_empty() {
            write!(f, "\n  no frames, so nothing to compare")?;
        }
        for node in &self.nodes {
            write!(f, "\n{node}")?;
        }
        Ok(())
    }
}

impl fmt::Display for NodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { capture, node, rpcs, packets, matched, missing, extra, differing, undetermined, .. } = self;
        write!(f, "{capture} {node}: {packets} packets of {rpcs} RPCs, {matched} matched, {missing} missing, ")?;
        write!(f, "{extra} extra, {differing} differing, {undetermined} undetermined")?;
        for (reason, count) in &self.undetermined_reasons {
            write!(f, "\n  undetermined, {count}: {reason}")?;
        }
        if self.search_exhausted {
            write!(f, "\n  the search took all steps that it may: packets are missing that it might have explained")?;
        }
        let us = self.longest_processing_us;
        write!(f, "\n  inferred: processing took up to {}.{:03} ms", us / 1000, us % 1000)?;
        for (what, count) in &self.inferred {
            write!(f, "\n  inferred, {count}: {what}")?;
        }
        for difference in &self.differences {
            write!(f, "\n{difference}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = format!("{}.{:03}", self.time_us / 1000, self.time_us % 1000);
        let kind = match self.kind {
            Kind::Missing => "missing",
            Kind::Extra => "extra",
            Kind::Differing => "differing",
        };
        write!(f, "  {ms:>9} ms  RPC {}  {kind}", self.rpc)?;
        if !self.recorded.is_empty() {
            write!(f, "\n    recorded  {}", self.recorded)?;
        }
        if !self.core.is_empty() {
            write!(f, "\n    core      {}", self.core)?;
        }
        for field in &self.fields {
            write!(f, "\n      > {}: recorded {}, core {}", field.field, shown(&field.recorded), shown(&field.core))?;
        }
        Ok(())
    }
}

fn shown(value: &str) -> &str {
    if value.is_empty() { "none" } else { value }
}
