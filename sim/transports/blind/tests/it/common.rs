//! A network of `blind` hosts under scripted messages.

use homa_blind::Blind;
use homa_engine::Streams;
use homa_fabric::{FabricConfig, LoadBalancing, Message, Observer, Simulation, Submission, Traffic};
use homa_topologies::{HostId, Topology, preset};
use homa_units::{Bytes, Time};

/// Scripted messages, in order of time.
pub(crate) struct Script(std::vec::IntoIter<Submission>);

impl Traffic for Script {
    fn generators(&self) -> u32 {
        1
    }

    fn next(&mut self, _: u32) -> Option<Submission> {
        self.0.next()
    }
}

/// Every completion: when, and of what.
#[derive(Default)]
pub(crate) struct Completions(Vec<(Time, Message)>);

impl Observer for Completions {
    fn created(&mut self, _: &Message) {}

    fn completed(&mut self, at: Time, message: &Message) {
        self.0.push((at, *message));
    }
}

pub(crate) fn network(name: &str) -> Topology {
    preset(name).unwrap().build(name).unwrap()
}

pub(crate) fn message(at_ps: u64, source: u32, destination: u32, size: u64) -> Submission {
    let (source, destination) = (HostId(source), HostId(destination));
    Submission { at: Time::from_ps(at_ps), source, destination, size: Bytes::new(size) }
}

/// What a run gave.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) completions: Vec<(Time, Message)>,
    /// Of all packets that reached a transport, by priority.
    pub(crate) wire_bytes: Vec<u64>,
}

/// Runs a script until nothing is left to happen.
pub(crate) fn run(topology: &Topology, load_balancing: LoadBalancing, seed: u64, script: &[Submission]) -> Outcome {
    let fabric = FabricConfig::new(load_balancing, Streams::new(seed));
    let traffic = Script(Vec::from(script).into_iter());
    let mut simulation = Simulation::new(topology, fabric, Blind::new, traffic, Completions::default());
    simulation.run_until(Time::MAX);
    assert_eq!((simulation.unfinished().count(), simulation.packets_in_network()), (0, 0));
    let received = simulation.statistics().received_wire_bytes;
    let levels = received[0].len();
    let wire_bytes = (0..levels).map(|level| received.iter().map(|class| class[level]).sum()).collect();
    Outcome { completions: simulation.into_observer().0, wire_bytes }
}
