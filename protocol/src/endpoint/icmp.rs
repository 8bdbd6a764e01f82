//! ICMP errors about packets that this node has sent (spec 3.11).

use super::Endpoint;
use crate::errno::Errno;
use crate::peer::Route;
use crate::wire::{IcmpError, IcmpKind};
use crate::{PeerId, Port};
use homa_units::Time;

/// What every link of IPv4 has to carry in one piece, at least after reassembly (RFC 791).
const LEAST_MTU: u32 = 576;

impl Endpoint {
    /// Takes an ICMP error about packets to `peer`, which the driver has looked up by [`IcmpError::destination`].
    ///
    /// RPCs with the peer fail, or those with the quoted port alone if it is the port that can't be reached.
    pub fn handle_icmp(&mut self, now: Time, peer: PeerId, error: &IcmpError) {
        self.advance(now);
        match error.kind {
            IcmpKind::PortUnreachable => {
                if let Some(ports) = error.ports {
                    // Port 0 stands for all ports in the kernel's search (D7 of spec part 14).
                    let port =
                        (ports.dport != Port::NONE || !self.config.quirks.port_0_fails_all).then_some(ports.dport);
                    self.abort_rpcs(peer, port, Errno::ENOTCONN);
                }
            }
            IcmpKind::ProtocolUnreachable => self.abort_rpcs(peer, None, Errno::EPROTONOSUPPORT),
            IcmpKind::FragmentationNeeded { mtu } if !self.config.quirks.fragmentation_needed_aborts => {
                let known = match self.peers.route(peer) {
                    Some(Route::Mtu(known)) => known,
                    Some(Route::Unreachable(_)) => 0,
                    None => self.config.mtu,
                };
                // Anybody can send such a message: it may make packets smaller, but not useless.
                if (LEAST_MTU..known).contains(&u32::from(mtu)) {
                    self.peers.set_route(peer, Route::Mtu(u32::from(mtu)));
                }
            }
            IcmpKind::FragmentationNeeded { .. } | IcmpKind::HostUnreachable => {
                self.abort_rpcs(peer, None, Errno::EHOSTUNREACH);
            }
        }
        self.run_pacer();
    }

    fn abort_rpcs(&mut self, peer: PeerId, port: Option<Port>, error: Errno) {
        for socket in 0..self.sockets.len() {
            let mut next = self.sockets[socket].oldest;
            while let Some(key) = next {
                let rpc = &self.rpcs[key];
                next = rpc.younger;
                if rpc.peer == peer && port.is_none_or(|port| rpc.dport == port) {
                    self.abort_rpc(key, error);
                }
            }
        }
    }
}
