//! Numbers for network addresses.

use crate::PeerId;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Gives each IP address a [`PeerId`], densely from 0 in the order of first use, and keeps it.
///
/// An IPv4 address and the same address mapped into IPv6 are one peer (spec part 1); it is remembered as IPv4. The map is a
/// tree: addresses come from the network, and no choice of them should make look-ups slow.
#[derive(Debug, Clone, Default)]
pub struct AddressBook {
    peers: BTreeMap<IpAddr, PeerId>,
    addresses: Vec<IpAddr>,
}

impl AddressBook {
    /// A book without peers.
    #[must_use]
    pub const fn new() -> Self {
        Self { peers: BTreeMap::new(), addresses: Vec::new() }
    }

    /// The peer with this address, entered if it is new.
    ///
    /// # Panics
    /// If there are 2³² peers already.
    pub fn intern(&mut self, address: IpAddr) -> PeerId {
        let address = address.to_canonical();
        *self.peers.entry(address).or_insert_with(|| {
            let number = u32::try_from(self.addresses.len()).expect("peers are numbered with 32 bits");
            self.addresses.push(address);
            PeerId::new(number)
        })
    }

    /// The peer with this address, if it has been entered.
    #[must_use]
    pub fn get(&self, address: IpAddr) -> Option<PeerId> {
        self.peers.get(&address.to_canonical()).copied()
    }

    /// The address of a peer, if this book has given out its number.
    #[must_use]
    pub fn address(&self, peer: PeerId) -> Option<IpAddr> {
        self.addresses.get(peer.index()).copied()
    }

    /// How many peers there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }
}
