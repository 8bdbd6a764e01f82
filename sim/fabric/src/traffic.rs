//! Where messages come from, and who hears of their end.

use crate::packet::Message;
use homa_topologies::HostId;
use homa_units::{Bytes, Time};

/// A message to be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submission {
    /// When.
    pub at: Time,
    /// The sending host. The message is skipped if that has failed by then.
    pub source: HostId,
    /// The receiving host, another one.
    pub destination: HostId,
    /// Length in bytes, at least one.
    pub size: Bytes,
}

/// A source of messages: one or several generators, each giving its messages in order of time.
pub trait Traffic {
    /// How many generators there are.
    fn generators(&self) -> u32;

    /// The next message of a generator, or `None` when it has ended.
    fn next(&mut self, generator: u32) -> Option<Submission>;

    /// How many messages of a generator may be outstanding at a time. Further ones are created when
    /// one has ended, as soon as possible after their time. The bound of a generator must not
    /// change.
    fn max_outstanding(&self, generator: u32) -> Option<u32> {
        let _ = generator;
        None
    }

    /// The host that all messages of a generator come from, if that is one and known beforehand.
    /// Each partition of a network looks through the other generators for its own messages. So
    /// those have to end, or to have messages from everywhere.
    fn source(&self, generator: u32) -> Option<HostId> {
        let _ = generator;
        None
    }
}

/// No messages at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTraffic;

impl Traffic for NoTraffic {
    fn generators(&self) -> u32 {
        0
    }

    fn next(&mut self, _: u32) -> Option<Submission> {
        None
    }
}

/// Takes notes of a run.
pub trait Observer {
    /// A message was created.
    fn created(&mut self, message: &Message);

    /// A message has arrived completely.
    fn completed(&mut self, at: Time, message: &Message);

    /// The transport gave a message up.
    fn failed(&mut self, at: Time, message: &Message) {
        panic!("{message:?} failed at {at}, where nothing can fail")
    }

    /// The source of a message has failed (see [`Faults`](crate::Faults)), so that nobody waits for
    /// the message any more.
    fn abandoned(&mut self, at: Time, message: &Message) {
        panic!("{message:?} was abandoned at {at}, where no host fails")
    }
}
