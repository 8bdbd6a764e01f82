//! What the links of a network carry of given traffic, in expectation: each switch divides what it
//! has for a destination evenly among its equally short ways.

use crate::graph::{HostId, LinkId, Node, SwitchId, Topology};

/// Traffic on each link, added up flow by flow; in any unit.
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

    /// Adds `amount` to one link.
    pub fn carry(&mut self, link: LinkId, amount: f64) {
        self.carried[link.0 as usize] += amount;
    }

    /// Adds `amount` to the link that leads to a host.
    pub fn deliver(&mut self, host: HostId, amount: f64) {
        let [link] = self.topology.routes.choices(self.topology.switch_of(host), host) else {
            unreachable!("a host has one link")
        };
        self.carry(*link, amount);
    }

    /// Adds the traffic between switches to the switch of `destination`, of which `entering` comes
    /// from hosts at each switch. What enters at that switch itself passes no other.
    ///
    /// # Panics
    /// If `entering` has not an entry for each switch.
    pub fn add(&mut self, destination: HostId, entering: &[f64]) {
        let topology = self.topology;
        assert_eq!(entering.len(), topology.switches as usize, "each switch has an entry");
        let mut waiting = entering.to_vec();
        for switch in self.farthest_first(destination, entering) {
            let ways = topology.routes.choices(switch, destination);
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
