//! The best possible completion time of a message: what a slowdown is relative to.

use homa_engine::Streams;
use homa_fabric::{FabricConfig, Faults, LoadBalancing, Message, Observer, Simulation, Submission, Traffic};
use homa_topologies::{HostId, Topology};
use homa_transports::sigcomm18::{Config, Sigcomm18};
use homa_units::{Bytes, Time};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Which best possible completion time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denominator {
    /// The formula of the SIGCOMM'18 simulator, with its slip: inside a rack the switch's delay is missing.
    #[default]
    Sigcomm18,
    /// The formula of the SIGCOMM'18 simulator with the slip mended.
    Sigcomm18Mended,
    /// What the same transport takes in the same network when it is idle; of the times that different paths give, the
    /// smallest.
    Simulated,
}

impl Denominator {
    /// The name used in every file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sigcomm18 => "sigcomm18",
            Self::Sigcomm18Mended => "sigcomm18-mended",
            Self::Simulated => "simulated",
        }
    }
}

/// A formula for one kind of path, in picoseconds: `total * per_byte + first * per_first_byte + fixed`.
#[derive(Debug, Clone, Copy, Default)]
struct Formula {
    per_byte: u64,
    per_first_byte: u64,
    fixed: u64,
}

/// Best possible completion times in one network.
#[derive(Debug)]
pub struct IdealTimes {
    denominator: Denominator,
    topology: Arc<Topology>,
    config: Arc<Config>,
    rack_of: Vec<u32>,
    between_racks: Formula,
    same_rack: Formula,
    simulated: FxHashMap<(Bytes, bool), u64>,
}

impl IdealTimes {
    /// The times in `topology` for hosts that run `config`.
    #[must_use]
    pub fn new(denominator: Denominator, topology: Arc<Topology>, config: Arc<Config>) -> Self {
        let rack_of = (0..topology.hosts).map(|host| topology.switch_of(HostId(host)).0).collect();
        let formula = |same_rack| {
            pair(&topology, same_rack).map(|(source, destination)| formula(denominator, &topology, source, destination))
        };
        let (between_racks, same_rack) = (formula(false).unwrap_or_default(), formula(true).unwrap_or_default());
        Self { denominator, topology, config, rack_of, between_racks, same_rack, simulated: FxHashMap::default() }
    }

    /// The best possible completion time of a message, in picoseconds.
    #[inline]
    pub fn ideal_ps(&mut self, source: HostId, destination: HostId, size: Bytes) -> u64 {
        let same_rack = self.rack_of[source.0 as usize] == self.rack_of[destination.0 as usize];
        if self.denominator == Denominator::Simulated {
            let Self { topology, config, simulated, .. } = self;
            return *simulated.entry((size, same_rack)).or_insert_with(|| idle_ps(topology, config, size, same_rack));
        }
        let formula = if same_rack { self.same_rack } else { self.between_racks };
        let (total, first) = paper_wire_bytes(size.get());
        total * formula.per_byte + first * formula.per_first_byte + formula.fixed
    }
}

/// Wire bytes of a message and of its first frame as the paper's formula cuts it: frames of 1472 bytes without a header.
fn paper_wire_bytes(size: u64) -> (u64, u64) {
    const DATA_MAX: u64 = 1_472;
    const FULL: u64 = 1_538;
    let (full, rest) = (size / DATA_MAX, size % DATA_MAX);
    let partial = match rest {
        0 => 0,
        1..18 => 84,
        _ => rest + 28 + 38,
    };
    (full * FULL + partial, if full > 0 { FULL } else { partial })
}

fn formula(denominator: Denominator, topology: &Topology, source: HostId, destination: HostId) -> Formula {
    let path = topology.path(source, destination);
    let links = path.iter().map(|id| topology.link(*id));
    let byte_ps: Vec<_> = links.clone().map(|link| link.rate.byte_time().expect("exact rates").as_ps()).collect();
    let delays_ps: Vec<_> = links.map(|link| link.delay.as_ps()).collect();
    let hosts_ps = topology.software.send.as_ps() + topology.software.receive.as_ps() + delays_ps[0];
    let slip = denominator == Denominator::Sigcomm18 && path.len() == 2;
    let switches_ps = if slip { 0 } else { delays_ps[1..].iter().sum() };
    Formula { per_byte: byte_ps[0], per_first_byte: byte_ps[1..].iter().sum(), fixed: hosts_ps + switches_ps }
}

/// Two hosts of one rack, or of two racks, if there are such.
fn pair(topology: &Topology, same_rack: bool) -> Option<(HostId, HostId)> {
    let first = HostId(0);
    (1..topology.hosts).map(HostId).find(|host| topology.same_rack(first, *host) == same_rack).map(|host| (first, host))
}

/// Completion time of a lone message, the smaller of those with all packets on one path and with packets on paths in
/// turn: in an idle network nothing else matters.
fn idle_ps(topology: &Topology, config: &Arc<Config>, size: Bytes, same_rack: bool) -> u64 {
    let (source, destination) = pair(topology, same_rack).expect("a message has two hosts");
    let times = [LoadBalancing::First, LoadBalancing::RoundRobin].map(|load_balancing| {
        let submission = Submission { at: Time::ZERO, source, destination, size };
        let fabric = FabricConfig { load_balancing, faults: Faults::default(), streams: Streams::new(0) };
        let transport = |host| Sigcomm18::new(Arc::clone(config), host);
        let mut simulation = Simulation::new(topology, fabric, transport, Lone(Some(submission)), Lone(None));
        simulation.run_until(Time::MAX);
        assert!(simulation.unfinished().next().is_none(), "a lone message completes");
        simulation.now().as_ps()
    });
    times.into_iter().min().expect("two runs")
}

/// A single message.
struct Lone(Option<Submission>);

impl Traffic for Lone {
    fn generators(&self) -> u32 {
        1
    }

    fn next(&mut self, _: u32) -> Option<Submission> {
        self.0.take()
    }
}

impl Observer for Lone {
    fn created(&mut self, _: &Message) {}

    fn completed(&mut self, _: Time, _: &Message) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}
