//! How a message is cut into transmit units, and a unit into packets (spec 2.8).

use super::{DATA_HEADER_BYTES, REPLICATED_BYTES, SEGMENT_HEADER_BYTES};
use crate::{Data, OffsetForm, Replicated};
use core::net::IpAddr;
use core::ops::Range;
use thiserror::Error;

/// The address family of a socket, which decides about the size of its IP headers, even towards
/// IPv4-mapped peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// AF_INET.
    V4,
    /// AF_INET6.
    V6,
}

impl Family {
    /// The family of this address, taken as it is written.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Bytes of the IP header of sent packets: 20 or 40.
    #[must_use]
    pub const fn ip_header_bytes(self) -> u32 {
        match self {
            Self::V4 => 20,
            Self::V6 => 40,
        }
    }
}

/// Why no message can be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum GeometryError {
    /// Headers fill the whole packet. Linux's sendmsg fails with EINVAL.
    #[error("an MTU of {mtu} bytes leaves no room for data; it takes at least {min}")]
    MtuTooSmall {
        /// The MTU given, in bytes.
        mtu: u32,
        /// The smallest MTU that works, in bytes.
        min: u32,
    },
}

/// Sizes of the packets and transmit units of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    max_seg_data: u32,
    segments_per_unit: u32,
}

impl Geometry {
    /// The geometry for a route with this MTU (spec 2.8, rules 1 to 4). All sizes are in bytes.
    ///
    /// A unit may be as long as the smaller of `max_gso_size` (0, the default, for one packet a
    /// unit) and `device_gso_max_size`, but is at least one packet. `hijack` is whether packets
    /// pose as TCP.
    ///
    /// # Errors
    /// [`GeometryError::MtuTooSmall`] if headers take all of the MTU.
    pub const fn new(
        mtu: u32,
        family: Family,
        max_gso_size: u32,
        device_gso_max_size: u32,
        hijack: bool,
    ) -> Result<Self, GeometryError> {
        let headers = family.ip_header_bytes() + DATA_HEADER_BYTES as u32;
        if mtu <= headers {
            return Err(GeometryError::MtuTooSmall { mtu, min: headers + 1 });
        }
        let max_seg_data = mtu - headers;
        let wanted = if max_gso_size < device_gso_max_size { max_gso_size } else { device_gso_max_size };
        let gso_size = if wanted < mtu { mtu } else { wanted };
        let segments_per_unit = if hijack {
            (gso_size - headers) / max_seg_data
        } else {
            let segment = max_seg_data as u64 + SEGMENT_HEADER_BYTES as u64;
            ((gso_size - family.ip_header_bytes() - REPLICATED_BYTES as u32) as u64 / segment) as u32
        };
        Ok(Self { max_seg_data, segments_per_unit })
    }

    /// Bytes of the message in a full packet.
    #[must_use]
    pub const fn max_seg_data(&self) -> u32 {
        self.max_seg_data
    }

    /// How many packets a unit has at most; at least 1.
    #[must_use]
    pub const fn segments_per_unit(&self) -> u32 {
        self.segments_per_unit
    }

    /// Bytes of the message in a full unit.
    #[must_use]
    pub const fn max_gso_data(&self) -> u32 {
        self.segments_per_unit * self.max_seg_data
    }

    /// How many packets a unit with this many bytes of the message becomes.
    #[must_use]
    pub const fn segment_count(&self, unit_length: u32) -> u32 {
        if unit_length == 0 { 1 } else { unit_length.div_ceil(self.max_seg_data) }
    }

    /// The bytes of the message in the unit that begins at `offset` (spec 2.8, rule 5).
    ///
    /// No unit crosses `unscheduled`, the end of what may be sent without a grant, or the end of
    /// the message.
    ///
    /// # Panics
    /// If `offset` is beyond the end of the message.
    #[must_use]
    pub fn unit_at(&self, offset: u32, message_length: u32, unscheduled: u32) -> Range<u32> {
        assert!(offset < message_length, "a unit begins inside its message");
        let mut end = offset.saturating_add(self.max_gso_data()).min(message_length);
        if offset < unscheduled {
            end = end.min(unscheduled);
        }
        offset..end
    }
}

/// The packets of a unit, in order (spec 2.4, 2.8).
///
/// A unit of one packet is that packet, unchanged. Of a larger one, every packet carries the fields
/// of the unit and its own offset: in native packets in the segment header, while `sequence` keeps
/// the unit's; in hijacked ones in `sequence`, unless the unit's form is [`OffsetForm::Both`],
/// which is kept.
///
/// # Panics
/// If `max_seg_data` is 0, or the unit ends beyond offset 2³²−1.
pub fn segments(unit: &Data, max_seg_data: u32, hijack: bool) -> impl Iterator<Item = Data> + use<> {
    assert!(max_seg_data > 0, "a packet carries at least one byte");
    assert!(unit.offset.checked_add(unit.length).is_some(), "a unit ends inside its message");
    let unit = *unit;
    let count = if unit.length == 0 { 1 } else { unit.length.div_ceil(max_seg_data) };
    (0..count).map(move |index| segment(&unit, max_seg_data, hijack, index))
}

/// Packet `index` of the packets that [`segments`] lists.
#[inline]
pub(crate) fn segment(unit: &Data, max_seg_data: u32, hijack: bool, index: u32) -> Data {
    let (form, replicated) = match (unit.length <= max_seg_data, hijack) {
        (true, _) => (unit.form, unit.replicated),
        (false, false) => (OffsetForm::Segment { unit_offset: unit.offset }, Replicated::AllButSegmentHeader),
        (false, true) if unit.form == OffsetForm::Both => (OffsetForm::Both, Replicated::Whole),
        (false, true) => (OffsetForm::Sequence, Replicated::Whole),
    };
    let start = index * max_seg_data;
    let length = max_seg_data.min(unit.length - start);
    Data { offset: unit.offset + start, length, form, replicated, ..*unit }
}
