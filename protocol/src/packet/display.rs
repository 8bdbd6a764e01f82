//! Packets in one line, as tcpdump prints them: type, RPC, ports, then what only this type has.
//!
//! The RPC is named as the sender knows it, all lengths are bytes, and a level is written `prio=`.

use super::{Ack, AckEntry, Cutoffs, Data, Grant, Header, OffsetForm, Packet, PacketType, Resend, ResendRange};
use core::fmt::{self, Display, Formatter};

impl Display for PacketType {
    /// The name of the type: see [`PacketType::name`].
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Display for Header {
    /// `id=1234 4321>99`: the RPC, the sender's port and the destination's.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { sport, dport, sender_id } = self;
        write!(f, "id={sender_id} {sport}>{dport}")
    }
}

impl Display for AckEntry {
    /// `1232@99`: the client's RPC and the server's port.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.client_id, self.server_port)
    }
}

impl Display for Data {
    /// `DATA id=1234 4321>99 off=1424 len=1424/10000 inc=60000`, where `inc` is what is sent
    /// without further grants.
    ///
    /// At the end, if there are such: the version of the cutoffs that the sender knows, the offset
    /// of the unit that the packet is a segment of, an acknowledged RPC, and `retx` for a
    /// retransmission.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { header, offset, length, message_length, incoming, .. } = self;
        write!(f, "DATA {header} off={offset} len={length}/{message_length} inc={incoming}")?;
        if self.cutoff_version != 0 {
            write!(f, " cutoffs=v{}", self.cutoff_version)?;
        }
        if let OffsetForm::Segment { unit_offset } = self.form {
            write!(f, " unit={unit_offset}")?;
        }
        if let Some(entry) = self.ack {
            write!(f, " ack={entry}")?;
        }
        if self.retransmit { f.write_str(" retx") } else { Ok(()) }
    }
}

impl Display for Grant {
    /// `GRANT id=1235 99>4321 off=70000 prio=5`, where `off` is the first byte that is not granted.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "GRANT {} off={} prio={}", self.header, self.offset, self.priority.get())
    }
}

impl Display for Resend {
    /// `RESEND id=1235 99>4321 off=0 len=1424 prio=6`; `len=all` asks for everything sent so far.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "RESEND {}", self.header)?;
        match self.range {
            ResendRange::Bytes { offset, length } => write!(f, " off={offset} len={length}")?,
            ResendRange::AllSent { offset } => write!(f, " off={offset} len=all")?,
        }
        write!(f, " prio={}", self.priority.get())
    }
}

impl Display for Cutoffs {
    /// `CUTOFFS id=1235 99>4321 v2 1000000,..`: the version, and the longest message of each level
    /// from 0 to 7.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "CUTOFFS {} v{}", self.header, self.cutoff_version)?;
        list(f, self.unsched_cutoffs)
    }
}

impl Display for Ack {
    /// `ACK id=1234 4321>99 1230@99,1232@99`: the RPCs that may be freed besides that of the
    /// header.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "ACK {}", self.header)?;
        list(f, self.entries())
    }
}

impl Display for Packet {
    /// One line: see the types of the packets. `RPC_UNKNOWN`, `BUSY`, `FREEZE` and `NEED_ACK` have
    /// the header alone.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(data) => data.fmt(f),
            Self::Grant(grant) => grant.fmt(f),
            Self::Resend(resend) => resend.fmt(f),
            Self::Cutoffs(cutoffs) => cutoffs.fmt(f),
            Self::Ack(ack) => ack.fmt(f),
            Self::RpcUnknown(header) | Self::Busy(header) | Self::Freeze(header) | Self::NeedAck(header) => {
                write!(f, "{} {header}", self.packet_type())
            }
        }
    }
}

/// The items with commas between them, after a space; nothing if there are none.
fn list<T: Display>(f: &mut Formatter<'_>, items: impl IntoIterator<Item = T>) -> fmt::Result {
    for (place, item) in items.into_iter().enumerate() {
        let separator = if place == 0 { " " } else { "," };
        write!(f, "{separator}{item}")?;
    }
    Ok(())
}
