//! A network of hosts that run the Linux core under scripted messages, with notes of what became of
//! each.

use homa_engine::{Streams, TrajectoryDigest};
use homa_fabric::{FabricConfig, Faults, LoadBalancing, Message, Observer, Simulation, Submission, Traffic};
use homa_linux::{Homa, Parameters};
use homa_protocol::{Metrics, PacketType, Quirks, Sysctls, TransmitMode};
use homa_topologies::{Delays, HostId, SingleSwitch, Topology, TopologySpec, preset};
use homa_units::{BitRate, Bytes, Duration, Time};
use homa_workloads::{
    GapKind, Gaps, LoadSpec, MessageCost, MessageStream, Roles, SizeDistribution, StreamRngs, client_rate,
};
use std::sync::Arc;

/// The four modes, each set up so that it does what it is for.
pub(crate) const MODES: [TransmitMode; 4] =
    [TransmitMode::Pull, TransmitMode::Immediate, TransmitMode::OldPacer, TransmitMode::Qdisc];

/// Generators of scripted messages, each in order of time.
pub(crate) struct Scripts(Vec<std::vec::IntoIter<Submission>>);

impl Traffic for Scripts {
    fn generators(&self) -> u32 {
        self.0.len() as u32
    }

    fn next(&mut self, generator: u32) -> Option<Submission> {
        self.0[generator as usize].next()
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Completed,
    Failed,
    Abandoned,
}

/// The end of every message, in order.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) created: usize,
    pub(crate) ends: Vec<(Time, Fate, Message)>,
}

impl Log {
    pub(crate) fn count(&self, fate: Fate) -> usize {
        self.ends.iter().filter(|(_, end, _)| *end == fate).count()
    }

    pub(crate) fn digest(&self) -> u64 {
        let mut digest = TrajectoryDigest::default();
        for (at, fate, message) in &self.ends {
            digest.record(*at, message.source.0, u64::from(message.sequence) << 2 | *fate as u64);
        }
        digest.finish()
    }
}

impl Observer for Log {
    fn created(&mut self, _: &Message) {
        self.created += 1;
    }

    fn completed(&mut self, at: Time, message: &Message) {
        self.ends.push((at, Fate::Completed, *message));
    }

    fn failed(&mut self, at: Time, message: &Message) {
        self.ends.push((at, Fate::Failed, *message));
    }

    fn abandoned(&mut self, at: Time, message: &Message) {
        self.ends.push((at, Fate::Abandoned, *message));
    }
}

pub(crate) type Net = Simulation<Homa, Scripts, Log>;

pub(crate) fn shipped(name: &str) -> Topology {
    preset(name).unwrap().build(name).unwrap()
}

/// Hosts on one switch at 25 Gbps with this much propagation on each link.
pub(crate) fn switch_25g(hosts: u32, link: Duration) -> Topology {
    let ns = Duration::from_ns;
    let delays = Delays { software_send: ns(500), software_receive: ns(500), nic: ns(500), switch: ns(250), link };
    let spec = SingleSwitch { hosts, host_rate: BitRate::from_gbps(25), delays };
    TopologySpec::SingleSwitch(spec).build("switch").unwrap()
}

/// The kernel's parameters with the speed of the link told, and a pacer that works (without quirk
/// Q9).
pub(crate) fn parameters(transmit: TransmitMode, gbps: u32) -> Parameters {
    Parameters {
        transmit,
        quirks: Quirks { pacer_idle_until_configured: false, ..Quirks::linux() },
        sysctl: Sysctls { link_mbps: 1_000 * gbps, ..Sysctls::default() },
        ..Parameters::default()
    }
}

/// When each host's timer ticks after full milliseconds: spread over the millisecond.
pub(crate) fn tick_phase(host: u32) -> Duration {
    Duration::from_ns(u64::from(host) * 618_034 % 1_000_000)
}

pub(crate) fn message(at_ps: u64, source: u32, destination: u32, size: u32) -> Submission {
    let (source, destination) = (HostId(source), HostId(destination));
    Submission { at: Time::from_ps(at_ps), source, destination, size: Bytes::new(u64::from(size)) }
}

pub(crate) fn simulation(
    topology: &Topology,
    parameters: &Parameters,
    faults: Faults,
    generators: Vec<Vec<Submission>>,
) -> Net {
    let config = Arc::new(parameters.complete().unwrap());
    let streams = Streams::new(1);
    let fabric = FabricConfig { faults, ..FabricConfig::new(LoadBalancing::First, streams) };
    let transport = |host: HostId| Homa::new(Arc::clone(&config), host, tick_phase(host.0));
    let scripts = Scripts(generators.into_iter().map(Vec::into_iter).collect());
    Simulation::new(topology, fabric, transport, scripts, Log::default())
}

/// Poisson traffic of all hosts to all others until `end`, one generator a host; the load is that
/// of each link in each direction without control packets.
pub(crate) fn poisson(
    hosts: u32,
    parameters: &Parameters,
    workload: &str,
    load: f64,
    end: Time,
) -> Vec<Vec<Submission>> {
    let config = parameters.complete().unwrap();
    let sizes = Arc::new(SizeDistribution::shipped(workload).unwrap());
    let roles = Roles::all(hosts).unwrap();
    let payload = |size| MessageCost { request: size, response: config.response_bytes(size) };
    let wire_bytes = |size: Bytes| Bytes::new(config.message_wire_bytes(size.get() as u32));
    let wire = |size| MessageCost { request: wire_bytes(size), response: wire_bytes(config.response_bytes(size)) };
    let (load, rate) = (LoadSpec::Wire(load), BitRate::from_gbps(10));
    let load = client_rate(&sizes, load, rate, roles, payload, wire, true).unwrap();
    let gaps = Gaps::new(GapKind::Exponential, load.mean_gap);
    let streams = Streams::new(1);
    let of_host = |host| {
        let rng = |purpose| streams.stream(purpose, host);
        let rngs = StreamRngs { gap: rng("gap"), size: rng("size"), destination: rng("destination") };
        let mut stream = MessageStream::new(host, roles, Arc::clone(&sizes), gaps, rngs).unwrap();
        let next = || {
            let sent = stream.next_arrival();
            let (source, destination) = (HostId(sent.source), HostId(sent.destination));
            (sent.at < end).then_some(Submission { at: sent.at, source, destination, size: sent.size })
        };
        std::iter::from_fn(next).collect()
    };
    (0..hosts).map(of_host).collect()
}

/// A counter, added up over all hosts.
pub(crate) fn total(net: &Net, counter: impl Fn(&Metrics) -> u64) -> u64 {
    net.transports().filter_map(Homa::endpoint).map(|endpoint| counter(endpoint.metrics())).sum()
}

pub(crate) fn sent(net: &Net, packet: PacketType) -> u64 {
    total(net, |metrics| metrics.packets_sent[packet.index()])
}
