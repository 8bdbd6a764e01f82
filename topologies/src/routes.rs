//! All shortest routes, computed once.

use crate::graph::{HostId, Link, LinkId, Node, SwitchId};
use std::collections::{BTreeMap, VecDeque};

/// For each switch and destination: the output links that lie on a shortest path.
///
/// Equal sets of links are stored once, so that the table costs two bytes per switch and host.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    hosts: usize,
    /// Index into `groups` by switch * hosts + host.
    group_of: Vec<u16>,
    groups: Vec<Vec<LinkId>>,
}

impl Routes {
    /// Computes the routes by breadth-first search from each switch that has hosts.
    ///
    /// # Panics
    /// If some host can't be reached from some switch.
    #[must_use]
    pub fn compute(hosts: u32, switches: u32, links: &[Link]) -> Self {
        let mut into = vec![Vec::new(); switches as usize];
        let mut attached = vec![Vec::new(); switches as usize];
        for (number, link) in links.iter().enumerate() {
            let id = LinkId(u32::try_from(number).expect("fewer than 2^32 links"));
            match (link.from, link.to) {
                (Node::Switch(from), Node::Switch(to)) => into[to.0 as usize].push((from, id)),
                (Node::Switch(from), Node::Host(host)) => attached[from.0 as usize].push((host, id)),
                (Node::Host(_), _) => {}
            }
        }
        let mut routes = Self {
            hosts: hosts as usize,
            group_of: vec![u16::MAX; switches as usize * hosts as usize],
            groups: vec![],
        };
        let mut known = BTreeMap::new();
        for (root, here) in attached.iter().enumerate().filter(|(_, here)| !here.is_empty()) {
            let towards = next_links(root, &into);
            for (switch, choices) in towards.into_iter().enumerate() {
                for (host, down) in here {
                    let choices = if switch == root { vec![*down] } else { choices.clone() };
                    assert!(!choices.is_empty(), "switch {switch} can't reach host {}", host.0);
                    let group = *known.entry(choices).or_insert_with_key(|choices| {
                        routes.groups.push(choices.clone());
                        u16::try_from(routes.groups.len() - 1).expect("fewer than 65,536 distinct sets of next links")
                    });
                    routes.group_of[switch * hosts as usize + host.0 as usize] = group;
                }
            }
        }
        routes
    }

    /// The links that `switch` may choose from towards `destination`; one of them, unless there are equal paths.
    #[must_use]
    #[inline]
    pub fn choices(&self, switch: SwitchId, destination: HostId) -> &[LinkId] {
        &self.groups[usize::from(self.group_of[switch.0 as usize * self.hosts + destination.0 as usize])]
    }
}

/// For each switch, the links that lead one step nearer to `root`, ascending.
fn next_links(root: usize, into: &[Vec<(SwitchId, LinkId)>]) -> Vec<Vec<LinkId>> {
    let mut distance = vec![u32::MAX; into.len()];
    let mut next = vec![Vec::new(); into.len()];
    distance[root] = 0;
    let mut frontier = VecDeque::from([root]);
    while let Some(to) = frontier.pop_front() {
        for (from, link) in &into[to] {
            let from = from.0 as usize;
            if distance[from] == u32::MAX {
                distance[from] = distance[to] + 1;
                frontier.push_back(from);
            }
            if distance[from] == distance[to] + 1 {
                next[from].push(*link);
            }
        }
    }
    next.iter_mut().for_each(|links| links.sort_unstable());
    next
}
