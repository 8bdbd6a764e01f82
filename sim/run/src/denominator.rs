//! The best possible completion time of a message: what a slowdown is relative to.

use crate::idle::host_pair;
use crate::kind::TransportConfig;
use crate::model::Traits;
use crate::simulate::{Ended, Purpose, Ran};
use homa_analysis::BestTime;
use homa_engine::Streams;
use homa_fabric::{
    Advanced, EventOrder, FabricConfig, Framing, LoadBalancing, Message, MessageEnd, MessageRef, Observer, Packet,
    Simulation, Submission, Traffic, Transport,
};
use homa_topologies::{HostId, PathClass, Topology};
use homa_units::{Bytes, Duration, Time};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::hash::Hash;
use std::num::NonZeroU64;
use std::sync::Arc;

/// Which best possible completion time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denominator {
    /// The formula of the SIGCOMM'18 simulator, with its slip: inside a rack the switch's delay is
    /// missing.
    #[default]
    Sigcomm18,
    /// The formula of the SIGCOMM'18 simulator with the slip mended.
    Sigcomm18Mended,
    /// What the same transport takes in the same network when it is idle; of the times that
    /// different paths give, the smallest. On the Linux cluster, until 2023, the measured
    /// counterpart: the median of an unloaded network.
    #[serde(alias = "cluster-2021")]
    Simulated,
    /// The Linux cluster's definition from December 2023, and since November 2025 for its xl170
    /// nodes: 15 us and the message's bytes at the rate of the host's link.
    #[serde(rename = "cluster-2023")]
    Cluster2023,
    /// The Linux cluster's definition since November 2025 for other nodes: 25 us and the message's
    /// bytes at the rate of the host's link.
    #[serde(rename = "cluster-2025")]
    Cluster2025,
}

impl Denominator {
    /// The name used in every file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sigcomm18 => "sigcomm18",
            Self::Sigcomm18Mended => "sigcomm18-mended",
            Self::Simulated => "simulated",
            Self::Cluster2023 => "cluster-2023",
            Self::Cluster2025 => "cluster-2025",
        }
    }

    /// Whether it is the time of a request and its response; none if it fits whatever is measured.
    #[must_use]
    pub const fn is_of_round_trips(self) -> Option<bool> {
        match self {
            Self::Sigcomm18 | Self::Sigcomm18Mended => Some(false),
            Self::Simulated => None,
            Self::Cluster2023 | Self::Cluster2025 => Some(true),
        }
    }

    /// The time without bytes, of those that count each byte once.
    const fn cluster_base(self) -> Option<Duration> {
        match self {
            Self::Sigcomm18 | Self::Sigcomm18Mended | Self::Simulated => None,
            Self::Cluster2023 => Some(Duration::from_us(15)),
            Self::Cluster2025 => Some(Duration::from_us(25)),
        }
    }
}

/// A formula for one kind of path, in picoseconds: `total * per_byte + first * per_first_byte +
/// fixed`.
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
    config: TransportConfig,
    /// By class of path.
    formulas: Vec<Formula>,
    simulated: FxHashMap<(Bytes, PathClass), u64>,
}

impl IdealTimes {
    /// The times in `topology` for hosts that run `config`.
    #[must_use]
    pub fn new(denominator: Denominator, topology: Arc<Topology>, config: TransportConfig) -> Self {
        let formula = |class| {
            let pair = host_pair(&topology, class);
            pair.map_or_else(Formula::default, |(source, destination)| {
                formula(denominator, &topology, source, destination)
            })
        };
        let formulas = topology.path_classes().map(formula).collect();
        Self { denominator, topology, config, formulas, simulated: FxHashMap::default() }
    }

    /// The best possible completion time of a message, in picoseconds.
    #[inline]
    pub fn ideal_ps(&mut self, source: HostId, destination: HostId, size: Bytes) -> u64 {
        self.of_path_ps(self.topology.path_class(source, destination), size)
    }

    /// The same with the class of the message's path.
    ///
    /// # Panics
    /// Never: messages take time.
    #[inline]
    pub fn best(&mut self, source: HostId, destination: HostId, size: Bytes) -> BestTime {
        let path = self.topology.path_class(source, destination);
        let ps = NonZeroU64::new(self.of_path_ps(path, size)).expect("messages take time");
        BestTime { path: path.0, ps }
    }

    /// That of a message over a path of this class, which the network must have.
    #[inline]
    pub fn of_path_ps(&mut self, class: PathClass, size: Bytes) -> u64 {
        if self.denominator == Denominator::Simulated {
            let Self { topology, config, simulated, .. } = self;
            return remembered(simulated, SIMULATED_MAX, (size, class), || idle_ps(topology, config, size, class));
        }
        let formula = self.formulas[class.index()];
        if self.denominator.cluster_base().is_some() {
            return size.get() * formula.per_byte + formula.fixed;
        }
        let (total, first) = paper_wire_bytes(size.get());
        total * formula.per_byte + first * formula.per_first_byte + formula.fixed
    }
}

/// So many simulated times are remembered at most, in 2 MB: where nearly every message has a size
/// of its own, they would grow with the run.
const SIMULATED_MAX: usize = 50_000;

/// The value of a key, made again if it is no longer known. When `max` are known all are forgotten,
/// as the frequent ones soon come again.
fn remembered<K: Eq + Hash>(known: &mut FxHashMap<K, u64>, max: usize, key: K, make: impl FnOnce() -> u64) -> u64 {
    if known.len() == max && !known.contains_key(&key) {
        known.clear();
    }
    *known.entry(key).or_insert_with(make)
}

/// Wire bytes of a message and of its first frame as the paper's formula cuts it: frames of 1472
/// bytes without a header.
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
    if let Some(base) = denominator.cluster_base() {
        return Formula { per_byte: byte_ps[0], per_first_byte: 0, fixed: base.as_ps() };
    }
    let hosts_ps = topology.software.send.as_ps() + topology.software.receive.as_ps() + delays_ps[0];
    let slip = denominator == Denominator::Sigcomm18 && path.len() == 2;
    let switches_ps = if slip { 0 } else { delays_ps[1..].iter().sum() };
    // The slowest link carries all bytes one after the other; in the original's network it is the
    // host's.
    let slowest = *byte_ps.iter().max().expect("a path has links");
    let per_first_byte = byte_ps.iter().sum::<u64>() - slowest;
    Formula { per_byte: slowest, per_first_byte, fixed: hosts_ps + switches_ps }
}

/// A message that is alone in its network.
#[derive(Clone, Copy)]
pub(crate) struct Lone<'a> {
    topology: &'a Topology,
    size: Bytes,
    path: PathClass,
    framing: Framing,
    /// How long before it hosts must have exchanged another one, if they must.
    introduction: Option<Duration>,
}

/// Completion time of a lone message.
fn idle_ps(topology: &Topology, config: &TransportConfig, size: Bytes, path: PathClass) -> u64 {
    let Traits { introduction, framing, .. } = config.traits();
    let lone = Lone { topology, size, path, framing, introduction };
    match config.carry_out(Purpose::IdleTime(lone)) {
        Ran(Ended::IdleTime(ps)) => ps,
        Ran(Ended::Measured(_)) => unreachable!("an idle time was asked for"),
    }
}

impl<'a> Lone<'a> {
    pub(crate) const fn topology(&self) -> &'a Topology {
        self.topology
    }

    pub(crate) const fn framing(&self) -> Framing {
        self.framing
    }
}

impl Lone<'_> {
    /// The smaller of the completion times with all packets on one path and with packets on paths
    /// in turn: in an idle network nothing else matters.
    pub(crate) fn completion_ps<T: Transport, S>(
        self,
        shared: impl Fn() -> S,
        mut transport: impl FnMut(&S, HostId) -> T,
    ) -> u64 {
        let (source, destination) = host_pair(self.topology, self.path).expect("a message has two hosts");
        let message = |at, size| Submission { at, source, destination, size };
        let messages = match self.introduction {
            None => vec![message(Time::ZERO, self.size)],
            Some(before) => vec![message(Time::ZERO, Bytes::new(1)), message(Time::ZERO + before, self.size)],
        };
        let mut time = |balancing| {
            let shared = shared();
            self.last_ps(balancing, |host| transport(&shared, host), messages.clone())
        };
        time(LoadBalancing::First).min(time(LoadBalancing::RoundRobin))
    }
}

impl Lone<'_> {
    /// Completion time of the last of some messages.
    fn last_ps<T: Transport>(
        self,
        load_balancing: LoadBalancing,
        mut transport: impl FnMut(HostId) -> T,
        messages: Vec<Submission>,
    ) -> u64 {
        let fabric = FabricConfig { framing: self.framing, ..FabricConfig::new(load_balancing, Streams::new(0)) };
        let begin = messages[messages.len() - 1].at;
        let observer = Completions { outstanding: messages.len(), last: Time::ZERO };
        let (source, destination) = (messages[0].source, messages[0].destination);
        let pushes = transport(source).pushes();
        let taking_part =
            |host| Idle { transport: [source, destination].contains(&host).then(|| transport(host)), pushes };
        let mut simulation = Simulation::new(self.topology, fabric, taking_part, Few(messages.into_iter()), observer);
        // Not until nothing happens any more: hosts may have timers that never stop.
        while simulation.observer().outstanding > 0 {
            let outcome = simulation.run_until(simulation.now() + IDLE_STEP);
            let observer = simulation.observer();
            assert!(outcome == Advanced::Reached || observer.outstanding == 0, "messages of an idle network complete");
        }
        simulation.observer().last.since(begin).as_ps()
    }
}

/// The transport of a host, if it takes part: the others of a large network need none.
struct Idle<T> {
    transport: Option<T>,
    /// All hosts of a network push, or none.
    pushes: bool,
}

impl<T> Idle<T> {
    const TAKES_PART: &str = "only hosts of the message are called";

    fn get(&mut self) -> &mut T {
        self.transport.as_mut().expect(Self::TAKES_PART)
    }
}

impl<T: Transport> Transport for Idle<T> {
    type Header = T::Header;
    const ORDER: EventOrder = T::ORDER;

    fn submit(&mut self, now: Time, reference: MessageRef, message: &Message) {
        self.get().submit(now, reference, message);
    }

    fn handle_packet(&mut self, now: Time, packet: &Packet<Self::Header>) {
        self.get().handle_packet(now, packet);
    }

    fn handle_timeout(&mut self, now: Time) {
        self.get().handle_timeout(now);
    }

    fn has_packet(&self) -> bool {
        self.transport.as_ref().is_some_and(T::has_packet)
    }

    fn poll_transmit(&mut self, now: Time) -> Option<Packet<Self::Header>> {
        self.get().poll_transmit(now)
    }

    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.get().poll_completion()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.transport.as_ref().and_then(T::poll_timeout)
    }

    fn pushes(&self) -> bool {
        self.pushes
    }

    fn handle_nic_completion(&mut self, end: Time, frame_bytes: u16) {
        self.get().handle_nic_completion(end, frame_bytes);
    }

    fn poll_wake(&mut self) -> Option<HostId> {
        self.get().poll_wake()
    }

    fn class(header: &Self::Header) -> usize {
        T::class(header)
    }
}

/// A few messages.
struct Few(std::vec::IntoIter<Submission>);

impl Traffic for Few {
    fn generators(&self) -> u32 {
        1
    }

    fn next(&mut self, _: u32) -> Option<Submission> {
        self.0.next()
    }
}

/// How long an idle network is simulated between two looks at whether its messages have completed.
const IDLE_STEP: Duration = Duration::from_us(10);

/// How many messages have not completed, and when the last one did.
struct Completions {
    outstanding: usize,
    last: Time,
}

impl Observer for Completions {
    fn created(&mut self, _: &Message) {}

    fn completed(&mut self, at: Time, _: &Message) {
        self.outstanding -= 1;
        self.last = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_times_are_remembered_than_the_bound_and_each_is_right() {
        let (mut known, mut made) = (FxHashMap::default(), 0);
        for key in [1, 2, 1, 2, 3, 2, 1, 4, 1] {
            let value = remembered(&mut known, 3, key, || {
                made += 1;
                10 * key
            });
            assert_eq!(value, 10 * key);
            assert!(known.len() <= 3);
        }
        // 1, 2 and 3; 4 after all were forgotten; 1 again.
        assert_eq!(made, 5);
    }
}
