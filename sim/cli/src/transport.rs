//! What the author of a transport needs.
//!
//! One host's end implements [`Transport`], which states the contract, and [`Counted`]. Its
//! parameters implement [`Parameters`], and what they become when they are complete implements
//! [`Model`].
//!
//! Times, sizes and rates are integers with a unit in their type. Nothing in a transport may differ
//! from run to run: a transport reads no clock, iterates over no hash map, and draws from
//! [`Streams`] alone.

#[doc(inline)]
pub use erased_serde::Serialize as AnySerialize;
#[doc(inline)]
pub use homa_engine::Streams;
#[doc(inline)]
pub use homa_fabric::{
    EventOrder, FRAME_GAP, Framing, Marks, Message, MessageEnd, MessageRef, PACKET_CLASSES, PREAMBLE, Packet,
    QueueDiscipline, Transport,
};
#[doc(inline)]
pub use homa_protocol::SrptQueue;
#[doc(inline)]
pub use homa_run::{
    Context, Counted, Counters, Denominator, FrameBytes, MessageCosts, Model, PacketClass, Parameters, Ran,
    ReceiverUsage, Run, Traits, TransportKind,
};
#[doc(inline)]
pub use homa_topologies::{HostId, Topology};
#[doc(inline)]
pub use homa_units::{BitRate, Bytes, Duration, Priority, Time};
/// Draws from one of the [`Streams`].
#[doc(inline)]
pub use rand::Rng;
