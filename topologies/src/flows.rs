//! What the links of a network carry of given traffic, in expectation: each switch divides what it
//! has for a destination evenly among its equally short ways.

use crate::graph::{HostId, LinkId, Node, SwitchId, Topology};

/// Traffic on each link, added up flow by flow; in bytes, or bytes a second.
#[derive(Debug, Clone)]
pub struct Flows<'a> {
    topology: &'a Topology,
    /// By link.
    carried: Vec<f64>,
}

impl<'a> Flows<'a> {
    /// No traffic.
    #[must_use]
    pub fn new(topology: &'a Topology) -> Self {
        Self { topology, carried: vec![0.0; topology.links.len()] }
    }

    /// What each link carries, by [`LinkId`].
    #[must_use]
    pub fn carried(&self) -> &[f64] {
        &self.carried
    }

    /// Adds the traffic to the hosts of one switch: `sent` by each host, by its number, and
    /// `received` by each of `destinations`, all of which hang on one switch. What hosts of other
    /// switches receive is none of its business.
    ///
    /// # Panics
    /// If there are no destinations, or `sent` has not an entry for each host.
    pub fn add(&mut self, destinations: &[(HostId, f64)], sent: &[f64]) {
        let topology = self.topology;
        assert_eq!(sent.len(), topology.hosts as usize, "each host has an entry");
        let (nearest, _) = destinations.first().expect("traffic goes somewhere");
        let last = topology.switch_of(*nearest);
        let mut waiting = vec![0.0; topology.switches as usize];
        for (host, amount) in (0..).map(HostId).zip(sent).filter(|(_, amount)| **amount > 0.0) {
            self.carried[host.0 as usize] += amount;
            waiting[topology.switch_of(host).0 as usize] += amount;
        }
        for (host, amount) in destinations {
            let [link] = topology.routes.choices(last, *host) else { unreachable!("a host has one link") };
            self.carried[link.0 as usize] += amount;
        }
        for switch in self.farthest_first(*nearest, &waiting) {
            let ways = topology.routes.choices(switch, *nearest);
            let each = waiting[switch.0 as usize] / ways.len() as f64;
            for link in ways {
                self.carried[link.0 as usize] += each;
                let Node::Switch(next) = topology.link(*link).to else { unreachable!("the last switch is left out") };
                waiting[next.0 as usize] += each;
            }
        }
    }

    /// The switches that traffic to `destination` passes before its last one, such that each comes
    /// before those that follow it on the way.
    fn farthest_first(&self, destination: HostId, waiting: &[f64]) -> Vec<SwitchId> {
        let last = self.topology.switch_of(destination);
        let mut order: Vec<(u32, SwitchId)> = Vec::new();
        let mut is_known = vec![false; waiting.len()];
        let begins = (0..).map(SwitchId).zip(waiting).filter(|(_, amount)| **amount > 0.0).map(|(switch, _)| switch);
        let mut frontier: Vec<SwitchId> = begins.collect();
        while let Some(switch) = frontier.pop() {
            if switch == last || std::mem::replace(&mut is_known[switch.0 as usize], true) {
                continue;
            }
            order.push((self.hops(switch, destination), switch));
            let next = |link: &LinkId| match self.topology.link(*link).to {
                Node::Switch(next) => Some(next),
                Node::Host(_) => None,
            };
            frontier.extend(self.topology.routes.choices(switch, destination).iter().filter_map(next));
        }
        order.sort_unstable_by(|first, second| second.cmp(first));
        order.into_iter().map(|(_, switch)| switch).collect()
    }

    /// Links from a switch to a host.
    fn hops(&self, mut switch: SwitchId, destination: HostId) -> u32 {
        let mut hops = 1;
        while let Node::Switch(next) = self.topology.link(self.topology.routes.choices(switch, destination)[0]).to {
            switch = next;
            hops += 1;
        }
        hops
    }
}
