//! The hardware of a datacenter network: ports with strict priorities, links, switches, pulling
//! NICs, hosts.
//!
//! The crate knows no protocol. What runs on a host implements [`Transport`]; who sends what,
//! implements [`Traffic`]; who takes notes, implements [`Observer`]. A [`Simulation`] ties the
//! three to a [`homa_topologies::Topology`]; [`Partitions`] does so on several threads.
//!
//! # Model
//! * An output port serves eight strict priorities, each first-come first-served, without
//!   preemption. It *dequeues* its next packet at the end of the frame before, which is one
//!   inter-frame gap before it can start it.
//! * Store-and-forward: a packet arrives when its last bit does, after the link's fixed delay.
//! * Where several output links lead to a destination by equally short paths, one is chosen for
//!   each packet.
//! * Buffers are unlimited. Packets are lost, and hosts fail, as [`Faults`] says; by default
//!   nothing is lost.
//! * A host's NIC *pulls*: it asks the transport for a packet when the wire time of the packet
//!   before is over, all of it before the fixed software delay. So the transport's choice is made
//!   that delay ahead of the wire.
//! * Or, for a transport that [pushes](Transport::pushes), the NIC has a first-come first-served
//!   queue and tells the transport when a frame has left. The software delay is then added behind
//!   the NIC, where it shifts everything alike.
//!
//! Source: the model of the SIGCOMM'18 Homa simulations (PlatformLab/HomaSimulation), where it
//! differs from other simulators. Left out so far: finite buffers, cut-through, links that fail.
//! [`HostModel`] has fixed delays alone. A transport in the kernel of a [`linux`] host takes time
//! for each packet and message. A packet can carry ECN and trim [`Marks`], and a switch gives a
//! [`Verdict`] on each packet. No buffer makes use of them.
//!
//! # Order of events at one instant
//! End of frame (a port dequeues), then host timers (NIC pulls and transport timeouts, the one
//! armed first fires first), then arrivals, then new messages, then host failures. Within a kind,
//! the smaller component number comes first. A transport may have another [`EventOrder`].

mod arena;
mod event;
mod faults;
mod framing;
mod host;
mod packet;
mod parallel;
mod simulation;
mod statistics;
mod switch;
mod tap;
mod traffic;
mod transport;

pub use event::EventOrder;
pub use faults::{BadProbability, Faults};
pub use framing::Framing;
pub use host::{HostModel, linux};
pub use packet::{FRAME_GAP, Marks, Message, MessageRef, PREAMBLE, Packet};
pub use parallel::{Indivisible, Partitioning, Partitions};
pub use simulation::{Advanced, FabricConfig, Simulation};
pub use statistics::{FabricStatistics, TierStatistics};
pub use switch::{LoadBalancing, QueueDiscipline, Verdict};
pub use tap::{PortEvent, Tap, Tapped};
pub use traffic::{NoTraffic, Observer, Submission, Traffic};
pub use transport::{MessageEnd, PACKET_CLASSES, Transport};
