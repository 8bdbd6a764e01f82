//! All shortest routes: of a tree of switches, as what each switch has below it, or of any graph,
//! as a table.

use crate::graph::{HostId, Link, LinkId, Node, SwitchId, Tier};
use std::collections::VecDeque;

/// For each switch and destination: the output links that lie on a shortest path.
///
/// In a tree with several roots a switch has one link down towards each host below it, each of its
/// links down leads to equally many hosts with consecutive numbers, and whatever is not below it is
/// nearest by all links up. So a switch needs one row, not an entry for each host, and its memory
/// is that of its links.
///
/// In any other graph ([`Self::search`]) there is an entry for each switch and host.
#[derive(Debug, Clone)]
pub struct Routes {
    /// By switch.
    rows: Vec<Row>,
    /// If the network is no tree.
    table: Option<Box<Table>>,
    /// Of each switch the links down, in the order of the hosts they lead to, then its links up,
    /// ascending.
    links: Vec<LinkId>,
}

/// Routes of a graph that is no tree.
#[derive(Debug, Clone)]
struct Table {
    /// By switch and host, where its choices begin in the list of links. One more entry ends the
    /// last.
    begins: Vec<u32>,
    hosts: u32,
}

/// Which hosts are below a switch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Below {
    /// The lowest number of a host below.
    pub(crate) first: u32,
    /// How many hosts each link down leads to.
    pub(crate) per_link: u32,
}

/// A switch. As its row is on the way of each packet, it never lies across two cache lines.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(32))]
struct Row {
    /// 2^40 divided by the hosts of each link down, rounded up: with numbers below
    /// [`Routes::HOSTS_MAX`], the product with it and a shift are the quotient, and cheaper than
    /// the division.
    reciprocal: u64,
    /// The lowest number of a host below.
    first: u32,
    /// How many hosts are below.
    hosts: u32,
    /// Where the links begin: first those down.
    begin: u32,
    /// How many links up there are.
    ups: u32,
}

impl Row {
    /// Which of the hosts below the destination is, and where its links begin.
    #[inline(always)]
    const fn place(&self, destination: HostId) -> (u32, u32) {
        // All hosts that are not below count as the one behind the last below, and its link is the
        // first one up.
        let from_first = destination.0.wrapping_sub(self.first);
        let index = if from_first < self.hosts { from_first } else { self.hosts };
        (index, self.begin + ((index as u64 * self.reciprocal) >> RECIPROCAL_BITS) as u32)
    }
}

const RECIPROCAL_BITS: u32 = 40;

impl Routes {
    /// Routes can be had to so many hosts: rounding the reciprocals up must not show.
    pub const HOSTS_MAX: u32 = 1 << (RECIPROCAL_BITS / 2);

    /// The routes over `links` when the hosts below each switch are `below`.
    ///
    /// # Panics
    /// If the links down of some switch don't lead, one after the other, to what is said to be
    /// below it.
    pub(crate) fn new(below: &[Below], links: &[Link], tiers: &[Tier]) -> Self {
        let (mut down, mut up) = (vec![Vec::new(); below.len()], vec![Vec::new(); below.len()]);
        for (number, link) in links.iter().enumerate() {
            let id = LinkId(u32::try_from(number).expect("fewer than 2^32 links"));
            if let Node::Switch(from) = link.from {
                let of = if tiers[link.tier.index()].leads_up { &mut up } else { &mut down };
                of[from.0 as usize].push(id);
            }
        }
        let hosts_below = |switch: usize| below[switch].per_link * down[switch].len() as u32;
        let mut routes = Self { rows: Vec::with_capacity(below.len()), table: None, links: Vec::new() };
        for (switch, Below { first, per_link }) in below.iter().enumerate() {
            for (id, begin) in down[switch].iter().zip((*first..).step_by(*per_link as usize)) {
                let reached = match links[id.0 as usize].to {
                    Node::Host(host) => (host.0, 1),
                    Node::Switch(child) => (below[child.0 as usize].first, hosts_below(child.0 as usize)),
                };
                assert_eq!(reached, (begin, *per_link), "link {} of switch {switch} leads elsewhere", id.0);
            }
            routes.rows.push(Row {
                reciprocal: (1u64 << RECIPROCAL_BITS).div_ceil(u64::from(*per_link)),
                first: *first,
                hosts: hosts_below(switch),
                begin: routes.links.len() as u32,
                ups: up[switch].len() as u32,
            });
            routes.links.extend(down[switch].iter().chain(&up[switch]));
        }
        routes.links.shrink_to_fit();
        routes
    }

    /// All shortest routes over `links`, by number of links, found by a search from each host.
    /// Memory and time grow with the product of switches and hosts.
    ///
    /// # Panics
    /// If there are more than 2^32 choices in all.
    #[must_use]
    pub fn search(hosts: u32, switches: u32, links: &[Link]) -> Self {
        let mut into = vec![Vec::new(); switches as usize];
        let mut last = vec![Vec::new(); hosts as usize];
        for link in links {
            match (link.from, link.to) {
                (Node::Switch(from), Node::Switch(to)) => into[to.0 as usize].push(from.0 as usize),
                (Node::Switch(from), Node::Host(to)) => last[to.0 as usize].push(from.0 as usize),
                (Node::Host(_), _) => {}
            }
        }
        let distances: Vec<_> = last.iter().map(|last| distances(&into, last)).collect();
        let mut outgoing = vec![Vec::new(); switches as usize];
        for (id, link) in (0..).map(LinkId).zip(links) {
            if let Node::Switch(from) = link.from {
                outgoing[from.0 as usize].push((id, link.to));
            }
        }
        let (mut choices, mut begins) = (Vec::new(), vec![0]);
        for (switch, outgoing) in outgoing.iter().enumerate() {
            for (host, distance) in (0..).map(HostId).zip(&distances) {
                let left = |node: Node| match node {
                    Node::Switch(next) => distance[next.0 as usize],
                    Node::Host(next) if next == host => 0,
                    Node::Host(_) => u32::MAX,
                };
                let nearer = outgoing.iter().filter(|(_, to)| left(*to) < distance[switch]);
                choices.extend(nearer.map(|(id, _)| *id));
                begins.push(u32::try_from(choices.len()).expect("fewer than 2^32 choices"));
            }
        }
        Self { rows: Vec::new(), table: Some(Box::new(Table { begins, hosts })), links: choices }
    }

    /// The link that `switch` takes towards `destination`. If there are several, `choose` is given their
    /// number and says which.
    // What `choices` does, without making a list of a single link, as most choices are.
    #[inline(always)]
    pub fn link(&self, switch: SwitchId, destination: HostId, choose: impl FnOnce(u32) -> u32) -> LinkId {
        let Some(row) = self.rows.get(switch.0 as usize) else {
            let choices = self.choices(switch, destination);
            let choice = if choices.len() > 1 { choose(choices.len() as u32) } else { 0 };
            return choices[choice as usize];
        };
        let (index, mut place) = row.place(destination);
        if index == row.hosts && row.ups > 1 {
            place += choose(row.ups);
        }
        self.links[place as usize]
    }

    /// The links that `switch` may choose from towards `destination`; one of them, unless there are
    /// equal paths.
    #[must_use]
    #[inline]
    pub fn choices(&self, switch: SwitchId, destination: HostId) -> &[LinkId] {
        if let Some(table) = &self.table {
            return self.table_choices(table, switch, destination);
        }
        let row = &self.rows[switch.0 as usize];
        let (index, begin) = row.place(destination);
        let count = if index == row.hosts { row.ups } else { 1 };
        &self.links[begin as usize..][..count as usize]
    }

    // Apart, so that the way through a tree stays short enough to be inlined.
    #[cold]
    fn table_choices(&self, Table { begins, hosts }: &Table, switch: SwitchId, destination: HostId) -> &[LinkId] {
        let entry = switch.0 as usize * *hosts as usize + destination.0 as usize;
        &self.links[begins[entry] as usize..begins[entry + 1] as usize]
    }

    /// Whether they are those of a tree of switches whose hosts are all alike.
    #[must_use]
    pub const fn is_tree(&self) -> bool {
        self.table.is_none()
    }

    /// The memory they take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let table = match &self.table {
            Some(table) => size_of::<Table>() + table.begins.capacity() * size_of::<u32>(),
            None => 0,
        };
        size_of::<Self>()
            + self.rows.capacity() * size_of::<Row>()
            + table
            + self.links.capacity() * size_of::<LinkId>()
    }
}

/// For each switch the number of links to a host, which `last` have a link to: found against the
/// links' direction. `into` are the switches with a link to each switch.
fn distances(into: &[Vec<usize>], last: &[usize]) -> Vec<u32> {
    let mut distances = vec![u32::MAX; into.len()];
    last.iter().for_each(|switch| distances[*switch] = 1);
    let mut frontier: VecDeque<_> = last.iter().copied().collect();
    while let Some(to) = frontier.pop_front() {
        for from in &into[to] {
            if distances[*from] == u32::MAX {
                distances[*from] = distances[to] + 1;
                frontier.push_back(*from);
            }
        }
    }
    distances
}
