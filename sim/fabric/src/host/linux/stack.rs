//! What a Linux host runs: the protocol, whose calls happen when the cores come to them.

use super::stages::Stages;
use crate::packet::{Message, MessageRef, Packet};
use crate::transport::MessageEnd;
use homa_units::Time;

/// An incoming message, by numbers that the protocol chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncomingId {
    /// The host that it comes from.
    pub peer: u32,
    /// Its number among those of the host.
    pub number: u64,
}

/// What the kernel sees in a packet before the protocol handles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketKind {
    /// The only packet of a message.
    Short,
    /// Permission to send.
    Grant,
    /// Another packet without data.
    Control,
    /// A packet of this message of several.
    Long(IncomingId),
}

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// Permission to send.
    Grant,
    /// Another packet without data.
    Control,
    /// Data of an outgoing message.
    Data {
        /// Its number ([`Outgoing::number`]).
        outgoing: u32,
        /// Bytes of data in the unit.
        bytes: u32,
    },
}

/// A message has arrived completely, or failed: a thread of its socket is to take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// The socket.
    pub socket: u32,
    /// The message.
    pub id: IncomingId,
}

/// What a thread has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken<J> {
    /// The message.
    pub id: IncomingId,
    /// Bytes to copy to the application.
    pub bytes: u32,
    /// Bytes of the answer, if the application sends one.
    pub reply: Option<u32>,
    /// For [`Stack::finish`] and [`Stack::reply`].
    pub job: J,
}

/// The protocol and the application on a host, without any time of their own.
///
/// Sockets are numbered: those of clients first, then those of servers. Calls may leave units to
/// send, messages for threads, ended messages, and another timeout: after each, the host drains
/// [`Self::poll_unit`] and [`Self::poll_ready`].
pub trait Stack {
    /// The protocol's part of a packet.
    type Header: Copy + std::fmt::Debug;
    /// What the protocol hands to the NIC at once: one packet, or several that the NIC makes of it.
    type Unit: std::fmt::Debug;
    /// What the protocol wants to know again of a message that a thread deals with.
    type Job: Copy + std::fmt::Debug;

    /// What the kernel sees in a packet.
    fn kind(&self, packet: &Packet<Self::Header>) -> PacketKind;

    /// Softirq handles a packet, without deciding about grants.
    fn handle_packet(&mut self, now: Time, packet: &Packet<Self::Header>);

    /// Softirq decides about grants for the messages of the packets since the last call.
    fn decide_grants(&mut self, now: Time);

    /// The next message that a thread is to take. Each is given once.
    fn poll_ready(&mut self) -> Option<Ready>;

    /// A thread takes the message of the socket that has been ready for longest. None if it has
    /// ended meanwhile.
    fn take(&mut self, now: Time, socket: u32) -> Option<Taken<Self::Job>>;

    /// A thread has received the message: its buffers are free, and a response ends its RPC.
    fn finish(&mut self, now: Time, job: Self::Job);

    /// A thread sends the answer to what it has received. `outgoing` is its [number](Outgoing).
    fn reply(&mut self, now: Time, job: Self::Job, outgoing: u32);

    /// A thread of client socket `socket` sends a request to server socket `server` of the
    /// destination, both counted from 0.
    fn send(&mut self, now: Time, socket: u32, server: u32, message: &Outgoing);

    /// The next unit for the NIC.
    fn poll_unit(&mut self, now: Time) -> Option<Self::Unit>;

    /// Whether [`Self::poll_unit`] would give a unit.
    fn has_unit(&self) -> bool;

    /// What a unit is.
    fn unit_kind(&self, unit: &Self::Unit) -> UnitKind;

    /// Appends the packets of a unit.
    fn cut(&self, unit: &Self::Unit, packets: &mut Vec<Packet<Self::Header>>);

    /// An outgoing message that nothing will be sent of any more: its [number](Outgoing).
    fn poll_released(&mut self) -> Option<u32>;

    /// A message that has ended.
    fn poll_completion(&mut self) -> Option<MessageEnd>;

    /// See [`Transport::handle_timeout`](crate::Transport::handle_timeout).
    fn handle_timeout(&mut self, now: Time);

    /// See [`Transport::poll_timeout`](crate::Transport::poll_timeout).
    fn poll_timeout(&self) -> Option<Time>;

    /// See [`Transport::pushes`](crate::Transport::pushes).
    fn pushes(&self) -> bool;

    /// See [`Transport::handle_nic_completion`](crate::Transport::handle_nic_completion).
    fn handle_nic_completion(&mut self, end: Time, frame_bytes: u16);

    /// See [`Transport::class`](crate::Transport::class).
    fn class(header: &Self::Header) -> usize;
}

/// A request to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing {
    /// The message of the simulation.
    pub reference: MessageRef,
    /// What it is.
    pub message: Message,
    /// Its number, for [`UnitKind::Data`].
    pub number: u32,
}

/// A packet's header on its way between two Linux hosts, and where its message's time went so far.
/// Only the simulation has the latter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamped<H> {
    /// The protocol's.
    pub header: H,
    /// Where the time went.
    pub stages: Stages,
}
