//! Whether two results of one operation are the same, as far as the kernel's are determined.

use super::node::Results;
use super::packets::type_name;
use serde_json::Value;

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aspect {
    /// What peers and applications see.
    Behaviour,
    /// When "readable" is signalled.
    Signals,
    /// Counters.
    Metrics,
}

/// Two values that should be the same.
#[derive(Debug, Clone)]
pub(super) struct Mismatch {
    pub(super) aspect: Aspect,
    /// Where in the results.
    pub(super) place: String,
    pub(super) kernel: Option<Value>,
    pub(super) core: Option<Value>,
}

/// Fields of packets that are not compared: the sending socket and the old pacer's estimate, which no packet shows.
const NOT_COMPARED: [&str; 2] = ["s", "wire"];
/// A counter of the harness alone.
const NO_COUNTER: &str = "_";

/// All differences between the results of an operation of this kind.
pub(super) fn mismatches(kind: &str, kernel: &Results, core: &Results) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let keys = kernel.keys().chain(core.keys().filter(|key| !kernel.contains_key(*key)));
    for key in keys {
        let (ours, theirs) = (core.get(key), kernel.get(key));
        match key.as_str() {
            "tx" => compare_sent(kind, theirs, ours, &mut found),
            "rdy" => compare_signals(kind, theirs, ours, &mut found),
            "metrics" => compare_metrics(theirs, ours, &mut found),
            _ => compare(key, theirs, ours, Aspect::Behaviour, &mut found),
        }
    }
    found
}

fn compare(place: &str, kernel: Option<&Value>, core: Option<&Value>, aspect: Aspect, found: &mut Vec<Mismatch>) {
    if kernel == core {
        return;
    }
    match (kernel, core) {
        (Some(Value::Object(theirs)), Some(Value::Object(ours))) => {
            for key in theirs.keys().chain(ours.keys().filter(|key| !theirs.contains_key(*key))) {
                compare(&format!("{place}.{key}"), theirs.get(key), ours.get(key), aspect, found);
            }
        }
        (Some(Value::Array(theirs)), Some(Value::Array(ours))) if aspect == Aspect::Behaviour => {
            for index in 0..theirs.len().max(ours.len()) {
                compare(&format!("{place}[{index}]"), theirs.get(index), ours.get(index), aspect, found);
            }
        }
        _ => found.push(Mismatch { aspect, place: place.to_owned(), kernel: kernel.cloned(), core: core.cloned() }),
    }
}

fn compare_sent(kind: &str, kernel: Option<&Value>, core: Option<&Value>, found: &mut Vec<Mismatch>) {
    let split = |sent: Option<&Value>| {
        let all = sent.and_then(Value::as_array).map_or(&[][..], Vec::as_slice).iter().map(compared_fields);
        let (errors, mut others): (Vec<_>, Vec<_>) = all.partition(|packet| packet["t"] == "ICMP");
        if matches!(kind, "tick" | "icmp") {
            // Within an RPC the order stays.
            others.sort_by_key(rpc_of);
        }
        (Value::Array(errors), Value::Array(others))
    };
    let ((their_errors, their_packets), (our_errors, our_packets)) = (split(kernel), split(core));
    compare("tx", Some(&their_packets), Some(&our_packets), Aspect::Behaviour, found);
    compare("icmp", Some(&their_errors), Some(&our_errors), Aspect::Behaviour, found);
}

fn compare_signals(kind: &str, kernel: Option<&Value>, core: Option<&Value>, found: &mut Vec<Mismatch>) {
    let sorted = |signals: Option<&Value>| {
        let mut sockets = signals.and_then(Value::as_array).cloned().unwrap_or_default();
        if matches!(kind, "tick" | "icmp") {
            sockets.sort_by_key(Value::to_string);
        }
        Value::Array(sockets)
    };
    compare("rdy", Some(&sorted(kernel)), Some(&sorted(core)), Aspect::Signals, found);
}

/// What of a packet is determined.
fn compared_fields(packet: &Value) -> Value {
    let mut packet = packet.clone();
    if let Some(fields) = packet.as_object_mut() {
        NOT_COMPARED.iter().for_each(|key| {
            fields.remove(*key);
        });
        if fields.get("segs").is_some_and(|segments| *segments == 1) {
            fields.remove("seg");
        }
    }
    packet
}

fn rpc_of(packet: &Value) -> String {
    ["to", "f", "sport", "dport", "id", "q"]
        .map(|key| packet.get(key).map_or(String::new(), Value::to_string))
        .join(" ")
}

fn compare_metrics(kernel: Option<&Value>, core: Option<&Value>, found: &mut Vec<Mismatch>) {
    let Some(theirs) = kernel.and_then(Value::as_object) else { return };
    for (name, value) in theirs.iter().filter(|(name, _)| *name != NO_COUNTER) {
        let ours = core.and_then(|core| core.get(name_in_core(name)));
        compare(&format!("metrics.{name}"), Some(value), ours, Aspect::Metrics, found);
    }
}

/// The vectors number packet types, where the core names them.
fn name_in_core(name: &str) -> String {
    let typed = name.rsplit_once('_').filter(|(direction, _)| matches!(*direction, "packets_sent" | "packets_rcvd"));
    let named = typed.and_then(|(direction, number)| {
        let name = type_name(number.parse().ok()?)?;
        Some(format!("{direction}_{name}"))
    });
    match name.strip_prefix("priority_packets_") {
        Some(level) => format!("priority{level}_packets"),
        None => named.unwrap_or_else(|| name.to_owned()),
    }
}
