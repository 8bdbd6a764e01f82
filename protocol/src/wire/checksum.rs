//! The Internet checksum, over packets and over IPv4 headers.

use super::error::EncodeError;
use super::layout::{common, put};
use super::{COMMON_BYTES, TCP_PROTOCOL};
use core::net::IpAddr;

/// A sum of big-endian 16-bit words; carries are added at the end.
///
/// It holds 2⁴⁸ words, far more than any packet has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum(u64);

impl Sum {
    /// Adds bytes, the last one with a zero after it if their number is odd: only the last call may pass an odd number.
    pub(super) fn add(self, bytes: &[u8]) -> Self {
        let words = bytes.chunks(2).map(|word| u64::from(word[0]) << 8 | u64::from(*word.get(1).unwrap_or(&0)));
        Self(self.0 + words.sum::<u64>())
    }

    /// Adds what TCP, UDP, ICMPv6 and Homa checksum besides the packet; `None` if the families differ.
    pub(super) fn add_pseudo_header(self, from: IpAddr, to: IpAddr, protocol: u8, length: usize) -> Option<Self> {
        let sum = match (from, to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => self.add(&from.octets()).add(&to.octets()),
            (IpAddr::V6(from), IpAddr::V6(to)) => self.add(&from.octets()).add(&to.octets()),
            _ => return None,
        };
        Some(Self(sum.0 + u64::from(protocol) + length as u64))
    }

    /// The checksum: the complement of the sum. Over data that includes its own correct checksum it is 0.
    pub(super) fn checksum(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xFFFF {
            sum = (sum >> 16) + (sum & 0xFFFF);
        }
        !(sum as u16)
    }
}

/// Writes the checksum into a complete packet: header and, for DATA, payload (spec 2.5).
///
/// Linux's are TCP checksums, with protocol number 6 in the pseudo header even if the IP protocol is 146. Receivers
/// of Homa never verify it, but devices on the way of a hijacked packet may.
///
/// # Errors
/// [`EncodeError::BufferTooSmall`] if `homa` is shorter than the common header, [`EncodeError::MixedFamilies`] for one
/// IPv4 and one IPv6 address.
pub fn fill_checksum(homa: &mut [u8], source: IpAddr, destination: IpAddr) -> Result<(), EncodeError> {
    if homa.len() < COMMON_BYTES {
        return Err(EncodeError::BufferTooSmall { len: homa.len(), need: COMMON_BYTES });
    }
    put(homa, common::CHECKSUM, [0, 0]);
    let sum = Sum::default()
        .add_pseudo_header(source, destination, TCP_PROTOCOL, homa.len())
        .ok_or(EncodeError::MixedFamilies { from: source, to: destination })?;
    put(homa, common::CHECKSUM, sum.add(homa).checksum().to_be_bytes());
    Ok(())
}

/// Whether a complete packet carries the checksum that [`fill_checksum`] writes.
///
/// Never for fewer bytes than a packet has, or for addresses of different families.
#[must_use]
pub fn verify_checksum(homa: &[u8], source: IpAddr, destination: IpAddr) -> bool {
    let sum = Sum::default().add_pseudo_header(source, destination, TCP_PROTOCOL, homa.len());
    homa.len() >= COMMON_BYTES && sum.is_some_and(|sum| sum.add(homa).checksum() == 0)
}
