//! All shortest routes of a tree of switches, as what each switch has below it.

use crate::graph::{HostId, Link, LinkId, Node, SwitchId};

/// For each switch and destination: the output links that lie on a shortest path.
///
/// In a tree with several roots a switch has one link down towards each host below it, each of its links down leads to
/// equally many hosts with consecutive numbers, and whatever is not below it is nearest by all links up. So a switch
/// needs one row, not an entry for each host, and its memory is that of its links.
#[derive(Debug, Clone)]
pub struct Routes {
    /// By switch.
    rows: Vec<Row>,
    /// Of each switch the links down, in the order of the hosts they lead to, then its links up, ascending.
    links: Vec<LinkId>,
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
    /// 2^40 divided by the hosts of each link down, rounded up: with numbers below [`Routes::HOSTS_MAX`], the product
    /// with it and a shift are the quotient, and cheaper than the division.
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

const RECIPROCAL_BITS: u32 = 40;

impl Routes {
    /// Routes can be had to so many hosts: rounding the reciprocals up must not show.
    pub const HOSTS_MAX: u32 = 1 << (RECIPROCAL_BITS / 2);

    /// The routes over `links` when the hosts below each switch are `below`.
    ///
    /// # Panics
    /// If the links down of some switch don't lead, one after the other, to what is said to be below it.
    pub(crate) fn new(below: &[Below], links: &[Link]) -> Self {
        let (mut down, mut up) = (vec![Vec::new(); below.len()], vec![Vec::new(); below.len()]);
        for (number, link) in links.iter().enumerate() {
            let id = LinkId(u32::try_from(number).expect("fewer than 2^32 links"));
            if let Node::Switch(from) = link.from {
                let of = if link.tier.leads_up() { &mut up } else { &mut down };
                of[from.0 as usize].push(id);
            }
        }
        let hosts_below = |switch: usize| below[switch].per_link * down[switch].len() as u32;
        let mut routes = Self { rows: Vec::with_capacity(below.len()), links: Vec::new() };
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

    /// The links that `switch` may choose from towards `destination`; one of them, unless there are equal paths.
    #[must_use]
    #[inline]
    pub fn choices(&self, switch: SwitchId, destination: HostId) -> &[LinkId] {
        let row = &self.rows[switch.0 as usize];
        // All hosts that are not below count as the one behind the last below, and its link is the first one up.
        let index = destination.0.wrapping_sub(row.first).min(row.hosts);
        let begin = row.begin + ((u64::from(index) * row.reciprocal) >> RECIPROCAL_BITS) as u32;
        let count = if index == row.hosts { row.ups } else { 1 };
        &self.links[begin as usize..][..count as usize]
    }

    /// The memory they take, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        size_of::<Self>() + self.rows.capacity() * size_of::<Row>() + self.links.capacity() * size_of::<LinkId>()
    }
}
