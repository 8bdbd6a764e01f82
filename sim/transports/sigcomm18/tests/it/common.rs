//! A network of `sigcomm18` hosts under scripted messages.

use homa_engine::Streams;
use homa_fabric::{FabricConfig, LoadBalancing, Message, Observer, Simulation, Submission, Traffic};
use homa_sigcomm18::{Config, Network, Parameters, Sigcomm18};
use homa_topologies::{HostId, Topology, preset};
use homa_units::{Bytes, Time};
use std::sync::Arc;

/// Scripted messages, in order of time.
pub(crate) struct Script(std::vec::IntoIter<Submission>);

impl Script {
    pub(crate) fn new(script: Vec<Submission>) -> Self {
        Self(script.into_iter())
    }
}

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
pub(crate) struct Completions(pub(crate) Vec<(Time, Message)>);

impl Observer for Completions {
    fn created(&mut self, _: &Message) {}

    fn completed(&mut self, at: Time, message: &Message) {
        self.0.push((at, *message));
    }
}

pub(crate) fn network(name: &str) -> Topology {
    preset(name).unwrap().build(name).unwrap()
}

/// The original's setting with `scheduled` scheduled levels and the given cutoffs.
pub(crate) fn config(scheduled: u8, cutoffs: &[u32]) -> Arc<Config> {
    let parameters =
        Parameters { scheduled_levels: Some(scheduled), cutoffs: Some(cutoffs.to_vec()), ..Parameters::default() };
    Arc::new(parameters.complete(Network::ORIGINAL, None, &[]).unwrap())
}

/// W3's setting.
pub(crate) fn w3() -> Arc<Config> {
    config(4, &[433, 2339, 6756])
}

pub(crate) fn message(at_ps: u64, source: u32, destination: u32, size: u64) -> Submission {
    let (source, destination) = (HostId(source), HostId(destination));
    Submission { at: Time::from_ps(at_ps), source, destination, size: Bytes::new(size) }
}

pub(crate) type Net = Simulation<Sigcomm18, Script, Completions>;

pub(crate) fn simulation(
    topology: &Topology,
    config: &Arc<Config>,
    balancing: LoadBalancing,
    seed: u64,
    script: Vec<Submission>,
) -> Net {
    let fabric = FabricConfig::new(balancing, Streams::new(seed));
    let transport = |host| Sigcomm18::new(Arc::clone(config), host);
    Simulation::new(topology, fabric, transport, Script::new(script), Completions::default())
}

/// Runs a script until nothing is left to happen and gives all completions.
pub(crate) fn run(
    topology: &Topology,
    config: &Arc<Config>,
    balancing: LoadBalancing,
    seed: u64,
    script: Vec<Submission>,
) -> Vec<(Time, Message)> {
    let mut simulation = simulation(topology, config, balancing, seed, script);
    simulation.run_until(Time::MAX);
    assert_eq!((simulation.unfinished().count(), simulation.packets_in_network()), (0, 0));
    simulation.into_observer().0
}
