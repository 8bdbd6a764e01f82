//! How busy the links of a case will be, before it runs: from its traffic and its network alone.

use crate::case::Case;
use homa_run::{Arrivals, MessageCosts, TransportConfig, host_pair};
use homa_topologies::{Flows, HostId, LinkId, Topology, TopologySpec};
use homa_units::{Bytes, Duration, Time};
use homa_workloads::{LoadArithmetic, Roles, SizeDistribution, TraceRow};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// What the links of a tier have to carry, as shares of what they can.
#[derive(Debug, Clone, PartialEq)]
pub struct TierUtilisation {
    /// The name of the tier.
    pub tier: &'static str,
    /// Mean over its links.
    pub mean: f64,
    /// Of its busiest link.
    pub busiest: f64,
}

/// What a network has to carry, by tier.
pub type Utilisation = Vec<TierUtilisation>;

/// The tier with the busiest link.
///
/// # Panics
/// If there is no tier.
#[must_use]
pub fn busiest(utilisation: &Utilisation) -> &TierUtilisation {
    let by_link = |first: &&TierUtilisation, second: &&TierUtilisation| first.busiest.total_cmp(&second.busiest);
    // Of equally busy ones the first.
    utilisation.iter().rev().max_by(by_link).expect("a network has tiers")
}

/// What links carry if each client sends one byte a second, divided evenly among its servers, and
/// if each server answers with as much.
#[derive(Debug, Clone)]
pub(crate) struct UnitFlows {
    /// By link: clients' messages.
    requests: Vec<f64>,
    /// By link: answers to them.
    responses: Vec<f64>,
}

impl UnitFlows {
    pub(crate) fn new(topology: &Topology, roles: Roles) -> Self {
        if topology.routes.is_tree() && (topology.hosts, topology.hosts) == (roles.clients(), roles.servers()) {
            let requests = all_to_all(topology);
            return Self { responses: requests.clone(), requests };
        }
        Self { requests: requests(topology, roles), responses: responses(topology, roles) }
    }
}

/// What links carry if each host sends one byte a second, divided evenly among all others, in a
/// network whose hosts are all alike: each link of a tier as much as any other. So nothing has to be
/// added up host by host.
fn all_to_all(topology: &Topology) -> Vec<f64> {
    let mut crossing = vec![0.0; topology.tiers.len()];
    for host in (1..topology.hosts).map(HostId) {
        let class = topology.path_class(HostId(0), host).index();
        crossing[class] += 1.0;
    }
    let mut by_tier = vec![0.0; topology.tiers.len()];
    for class in topology.path_classes() {
        let Some((first, other)) = host_pair(topology, class) else { continue };
        let share = crossing[class.index()] / f64::from(topology.hosts - 1);
        for link in topology.path(first, other) {
            by_tier[topology.link(link).tier.index()] += share * f64::from(topology.hosts);
        }
    }
    let mut links = vec![0.0; topology.tiers.len()];
    topology.links.iter().for_each(|link| links[link.tier.index()] += 1.0);
    topology.links.iter().map(|link| by_tier[link.tier.index()] / links[link.tier.index()]).collect()
}

/// The flows of networks and roles that cases of an experiment share: in a large network they take
/// half a second.
#[derive(Debug, Default)]
pub(crate) struct KnownFlows(RefCell<Vec<(TopologySpec, Roles, Rc<UnitFlows>)>>);

impl KnownFlows {
    pub(crate) fn of(&self, spec: &TopologySpec, topology: &Topology, roles: Roles) -> Rc<UnitFlows> {
        let mut known = self.0.borrow_mut();
        if let Some((.., flows)) = known.iter().find(|(other, with, _)| (other, *with) == (spec, roles)) {
            return Rc::clone(flows);
        }
        let flows = Rc::new(UnitFlows::new(topology, roles));
        known.push((spec.clone(), roles, Rc::clone(&flows)));
        flows
    }
}

/// How many servers a client sends to.
fn servers_of(roles: Roles, client: u32) -> f64 {
    f64::from(roles.servers() - u32::from(roles.is_server(client)))
}

/// What each client sends to each of its servers.
fn shares(roles: Roles) -> Vec<f64> {
    let share = |host: u32| if roles.is_client(host) { 1.0 / servers_of(roles, host) } else { 0.0 };
    (0..roles.hosts()).map(share).collect()
}

/// Sums of a number of each host, by its switch, and one host of each switch that has hosts.
fn by_switch(topology: &Topology, of: impl Fn(u32) -> f64) -> (Vec<f64>, Vec<HostId>) {
    let (mut sums, mut first) = (vec![0.0; topology.switches as usize], Vec::new());
    let mut last = None;
    for host in (0..topology.hosts).map(HostId) {
        let switch = topology.switch_of(host);
        sums[switch.0 as usize] += of(host.0);
        if last.replace(switch) != Some(switch) {
            first.push(host);
        }
    }
    (sums, first)
}

fn requests(topology: &Topology, roles: Roles) -> Vec<f64> {
    let shares = shares(roles);
    let sum: f64 = shares.iter().sum();
    let mut flows = Flows::new(topology);
    for host in 0..topology.hosts {
        if roles.is_client(host) {
            flows.carry(LinkId(host), 1.0);
        }
        if roles.is_server(host) {
            flows.deliver(HostId(host), sum - shares[host as usize]);
        }
    }
    let (sent, racks) = by_switch(topology, |host| shares[host as usize]);
    let (servers, _) = by_switch(topology, |host| f64::from(u8::from(roles.is_server(host))));
    for rack in racks {
        let here = servers[topology.switch_of(rack).0 as usize];
        let entering: Vec<f64> = sent.iter().map(|sent| sent * here).collect();
        flows.add(rack, &entering);
    }
    flows.carried().to_vec()
}

fn responses(topology: &Topology, roles: Roles) -> Vec<f64> {
    let shares = shares(roles);
    let sum: f64 = shares.iter().sum();
    let mut flows = Flows::new(topology);
    for host in 0..topology.hosts {
        if roles.is_server(host) {
            flows.carry(LinkId(host), sum - shares[host as usize]);
        }
        if roles.is_client(host) {
            flows.deliver(HostId(host), 1.0);
        }
    }
    let (wanted, racks) = by_switch(topology, |host| shares[host as usize]);
    let (servers, _) = by_switch(topology, |host| f64::from(u8::from(roles.is_server(host))));
    for rack in racks {
        let here = wanted[topology.switch_of(rack).0 as usize];
        let entering: Vec<f64> = servers.iter().map(|servers| servers * here).collect();
        flows.add(rack, &entering);
    }
    flows.carried().to_vec()
}

/// What a message puts on the way to its destination, and on the way back, in wire bytes.
fn both_ways(transport: &TransportConfig, size: Bytes) -> (f64, f64) {
    let traits = transport.traits();
    let control_bytes = traits.framing.wire_bytes(traits.frames.control).get();
    let one_way = |size: Bytes| {
        if size == Bytes::ZERO {
            return (0.0, 0.0);
        }
        let MessageCosts { wire, control_packets, .. } = transport.cost(size);
        let control = control_packets * control_bytes;
        let data = wire.get() - if traits.cost_has_grants { control } else { 0 };
        (data as f64, control as f64)
    };
    let ((there, granted), (back, grants)) = (one_way(size), one_way(transport.response_bytes(size)));
    (there + grants, back + granted)
}

/// What links carry of drawn messages, in bytes a second.
fn drawn(
    flows: &UnitFlows,
    transport: &TransportConfig,
    sizes: &SizeDistribution,
    arithmetic: &LoadArithmetic,
    least: Bytes,
) -> Vec<f64> {
    let (mut there, mut back) = (0.0, 0.0);
    for (size, share) in sizes.probabilities() {
        let (more_there, more_back) = both_ways(transport, size.max(least));
        there += share * more_there;
        back += share * more_back;
    }
    let rate = arithmetic.messages_per_second;
    let both = flows.requests.iter().zip(&flows.responses);
    both.map(|(request, response)| rate * (request * there + response * back)).collect()
}

/// What links carry of the messages of a trace that are created within `span`, in bytes.
fn recorded(topology: &Topology, transport: &TransportConfig, rows: &[TraceRow], span: Range<Time>) -> Vec<f64> {
    let mut flows = Flows::new(topology);
    // By the destination's switch: a host there, and what comes from each switch.
    let mut to_racks: BTreeMap<u32, (HostId, Vec<f64>)> = BTreeMap::new();
    let mut add = |source: HostId, destination: HostId, amount: f64| {
        flows.carry(LinkId(source.0), amount);
        flows.deliver(destination, amount);
        let nothing = || (destination, vec![0.0; topology.switches as usize]);
        let (_, entering) = to_racks.entry(topology.switch_of(destination).0).or_insert_with(nothing);
        entering[topology.switch_of(source).0 as usize] += amount;
    };
    for row in rows.iter().filter(|row| span.contains(&row.at)) {
        let (there, back) = both_ways(transport, row.size);
        add(HostId(row.source), HostId(row.destination), there);
        add(HostId(row.destination), HostId(row.source), back);
    }
    to_racks.into_values().for_each(|(rack, entering)| flows.add(rack, &entering));
    flows.carried().to_vec()
}

/// By tier, if links carry so many bytes in so many seconds.
fn by_tier(topology: &Topology, carried: &[f64], seconds: f64) -> Utilisation {
    let tier = |(number, tier): (usize, &homa_topologies::Tier)| {
        let of_tier = topology.links.iter().zip(carried).filter(|(link, _)| link.tier.index() == number);
        let shares: Vec<f64> =
            of_tier.map(|(link, carried)| 8.0 * carried / seconds / link.rate.as_bps() as f64).collect();
        let (sum, busiest) =
            shares.iter().fold((0.0, 0.0_f64), |(sum, busiest), share| (sum + share, busiest.max(*share)));
        TierUtilisation { tier: tier.name, mean: sum / shares.len().max(1) as f64, busiest }
    };
    topology.tiers.iter().enumerate().map(tier).collect()
}

/// What the messages of a case ask of its network.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// While messages are created: of drawn ones in expectation; of a trace, those that are created
    /// up to the end of the window, over the time from the first one to there.
    pub created: Utilisation,
    /// The tier that can't carry what it is asked to. Of drawn messages its busiest link can't. Of a
    /// trace all its links together can't, in each half of the time: a single link may have a long
    /// message, and a single moment a burst.
    pub overloaded: Option<TierUtilisation>,
    /// The tier with the busiest link, if that can't carry the messages of a trace within the whole
    /// run.
    pub unfinishable: Option<TierUtilisation>,
}

/// What `arrivals` ask of the network. `window_end` and `end` are those of the run.
pub(crate) fn demand(
    topology: &Topology,
    transport: &TransportConfig,
    arrivals: &Arrivals,
    least: Bytes,
    (window_end, end): (Time, Time),
    unit_flows: impl FnOnce() -> Rc<UnitFlows>,
) -> Demand {
    let of_drawn = |sizes: &SizeDistribution, arithmetic: &LoadArithmetic| {
        by_tier(topology, &drawn(&unit_flows(), transport, sizes, arithmetic, least), 1.0)
    };
    match arrivals {
        Arrivals::Poisson { sizes, arithmetic } => {
            let created = of_drawn(sizes, arithmetic);
            Demand { overloaded: over_busiest(&created), unfinishable: None, created }
        }
        Arrivals::Trace { rows, afterwards } => {
            let carried = recorded(topology, transport, rows, Time::ZERO..window_end);
            let half = Duration::from_ps(window_end.saturating_since(rows[0].at).as_ps() / 2);
            let halves = [rows[0].at..rows[0].at + half, rows[0].at + half..window_end];
            let halves = halves.map(|half_span| {
                by_tier(topology, &recorded(topology, transport, rows, half_span), half.as_secs_f64())
            });
            let lasts = |tier: usize| halves.iter().all(|half| half[tier].mean > 1.0);
            let over = |until: Time| by_tier(topology, &carried, until.saturating_since(rows[0].at).as_secs_f64());
            let (created, whole) = (over(window_end), over(end));
            let drawn = afterwards.as_ref().and_then(|(sizes, arithmetic)| over_busiest(&of_drawn(sizes, arithmetic)));
            let sustained = (0..created.len()).find(|tier| lasts(*tier)).map(|tier| created[tier].clone());
            let overloaded = sustained.or(drawn);
            Demand { overloaded, unfinishable: over_busiest(&whole), created }
        }
    }
}

/// The tier with the busiest link, if that has more than it can carry.
fn over_busiest(utilisation: &Utilisation) -> Option<TierUtilisation> {
    Some(busiest(utilisation)).filter(|tier| tier.busiest > 1.0).cloned()
}

/// More of a link than this makes queues long, and a network slow to become steady.
const BUSY: f64 = 0.95;

impl Demand {
    /// What a user should know of it before a run, if anything.
    pub(crate) fn note(&self, is_trace: bool) -> Option<String> {
        if let Some(overloaded) = &self.overloaded {
            return Some(format!("{}; queues grow as long as messages are created", overloaded.overload()));
        }
        if let Some(TierUtilisation { tier, busiest, .. }) = &self.unfinishable {
            return Some(format!(
                "the trace has {busiest:.2} of what the busiest link of tier {tier} carries in the whole run: not all of \
                 its messages can finish"
            ));
        }
        let TierUtilisation { tier, busiest, .. } = busiest(&self.created);
        (!is_trace && *busiest > BUSY).then(|| {
            format!(
                "the busiest link of tier {tier} has to carry {busiest:.3} of what it can: queues are long, and the network \
                 takes long to become steady"
            )
        })
    }
}

impl TierUtilisation {
    /// That it is too much, in words.
    #[must_use]
    pub fn overload(&self) -> String {
        let Self { tier, mean, busiest } = self;
        let (what, share, who) =
            if *mean > 1.0 { ("links", mean, "they") } else { ("the busiest link", busiest, "it") };
        format!("the network is overloaded: {what} of tier {tier} would have to carry {share:.2} of what {who} can")
    }
}

impl Case {
    /// Why it should not be run, as its network can't carry its load; none if it can.
    #[must_use]
    pub fn overload(&self) -> Option<String> {
        let overloaded = self.demand.overloaded.as_ref()?;
        let fits = match self.load() {
            // The load with which the busiest link has 95 % of what it can carry, in hundredths.
            Some((load, kind)) => {
                let fitting = (100.0 * load * BUSY / overloaded.busiest).floor() / 100.0;
                let name = if kind == "payload" { "payload load" } else { "load" };
                format!("a {name} of {fitting} fits")
            }
            None => "messages that are fewer, smaller or further apart fit".to_owned(),
        };
        Some(format!("{}: {}; {fits}", self.name, overloaded.overload()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homa_topologies::preset;

    #[test]
    fn what_is_added_up_host_by_host_is_what_a_network_of_equal_hosts_has_at_once() {
        for name in ["sigcomm18-16", "linux-cluster-10", "leaf-spine-1000"] {
            let topology = preset(name).unwrap().build(name).unwrap();
            let roles = Roles::all(topology.hosts).unwrap();
            let at_once = all_to_all(&topology);
            for (added_up, at_once) in requests(&topology, roles).iter().zip(&at_once) {
                assert!((added_up / at_once - 1.0).abs() < 1e-9, "{name}: {added_up} {at_once}");
            }
            for (added_up, at_once) in responses(&topology, roles).iter().zip(&at_once) {
                assert!((added_up / at_once - 1.0).abs() < 1e-9, "{name}: {added_up} {at_once}");
            }
        }
    }
}
