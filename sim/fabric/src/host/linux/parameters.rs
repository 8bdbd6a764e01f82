//! The parameters of a Linux host.
//!
//! Names, meaning and units follow the description of how Linux spends time with Homa that the
//! model is built from (`docs/host-model.md` names its sources). The default of each costs nothing
//! or limits nothing, so a host with defaults adds no time.

use homa_units::Duration;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// A number of something, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Limit {
    /// As many as are needed at a time.
    #[default]
    Unlimited,
    /// So many.
    Number(u32),
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unlimited => serializer.serialize_str(UNLIMITED),
            Self::Number(number) => serializer.serialize_u32(*number),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LimitVisitor)
    }
}

/// Written by hand, as a derived one doesn't say what is accepted.
struct LimitVisitor;

const UNLIMITED: &str = "unlimited";

impl Visitor<'_> for LimitVisitor {
    type Value = Limit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 1 on or \"unlimited\"")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Limit, E> {
        let number = u32::try_from(number).ok().filter(|number| *number > 0);
        number.map(Limit::Number).ok_or_else(|| E::invalid_value(de::Unexpected::Other("another number"), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Limit, E> {
        if text == UNLIMITED { Ok(Limit::Unlimited) } else { Err(E::invalid_value(de::Unexpected::Str(text), &self)) }
    }
}

/// Which core runs the softirq of a list of several packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SoftirqCore {
    /// The core that has polled the packets.
    #[default]
    Same,
    /// Of the next four cores, the one whose last NAPI and softirq work is the oldest (2021, 2022).
    #[serde(rename = "idle-of-4")]
    IdleOf4,
    /// The first of the next four cores that has no softirq waiting and has not polled within
    /// `gen2_busy`; else the next one in turn.
    Gen2,
    /// Of three cores that belong to the polling core, the first one on which no application
    /// worked within `gen2_busy`; else the first.
    Gen3,
}

/// How many decisions about grants there are for a list of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantsPer {
    /// One after the packets of each message (since 2022).
    #[default]
    Message,
    /// One after all packets of the list (2021).
    List,
}

/// How an idle core falls asleep: one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CState {
    /// A core that has been idle for longer than this ..
    pub idle: Duration,
    /// .. needs this to wake up.
    pub exit: Duration,
}

/// `[host.linux]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Hyperthreads: what the kernel takes for cores.
    pub cores: Limit,
    /// Whether cores i and i + cores / 2 are the two hyperthreads of one core.
    pub siblings: bool,
    /// Receive queues of the NIC. Packets of one pair of hosts go to one queue.
    pub queues: Limit,
    /// The core of each receive queue, by number; empty for queue i at core i modulo `cores`.
    pub queue_map: Vec<u32>,
    /// From NIC to NIC without the hosts. What the topology's links and switches take of it is
    /// subtracted, and the rest replaces the topology's software delays. Default: those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire_and_nic: Option<Duration>,

    /// Client sockets: each has a sender, and `port_receivers` threads that wait for responses.
    pub client_ports: u32,
    /// Threads of a client socket that wait for responses.
    pub port_receivers: Limit,
    /// Server sockets, of which a request goes to one at random.
    pub server_ports: u32,
    /// Threads of a server socket that wait for requests, and answer them.
    pub port_threads: Limit,

    /// A system call that sends a request, up to the hand-over of its first unit to the NIC,
    /// without copying.
    pub t_send: Duration,
    /// The same for a response.
    pub t_reply: Duration,
    /// A system call that receives a message, without waiting and copying.
    pub t_recv: Duration,
    /// What the application does between receiving a message and the next system call.
    pub t_app: Duration,
    /// What the application does between two requests of a sender.
    pub t_think: Duration,
    /// Copying a byte from the application into packets.
    pub copy_in: Duration,
    /// Copying a byte from packets to the application.
    pub copy_out: Duration,
    /// Whether a unit leaves as soon as it has been copied (since 2023). Without, all of a message
    /// is copied first. A message that arrives is copied when it is complete in both cases.
    pub pipelined: bool,
    /// To hand a unit after the first of a call to the NIC, or any unit outside of a call.
    pub t_xmit: Duration,

    /// From the interrupt to the begin of the poll.
    pub t_irq: Duration,
    /// The first packet of a poll.
    pub t_napi_first: Duration,
    /// Each further packet.
    pub t_napi: Duration,
    /// The end of a poll. It delays what comes after, not the packets of the poll.
    pub t_napi_end: Duration,
    /// At most so many packets in a poll.
    pub napi_budget: Limit,
    /// Refilling the receive ring ..
    pub t_refill: Duration,
    /// .. after so many packets.
    pub refill_packets: Limit,
    /// Between two interrupts of a queue, at least.
    pub irq_spacing: Duration,
    /// At most so many packets in a list that GRO passes on.
    pub max_gro: u32,
    /// Whether single-packet messages are handled in the poll itself.
    pub short_bypass: bool,
    /// Whether GRANTs are handled in the poll itself.
    pub grant_bypass: bool,
    /// Neither is if the core has polled so shortly before.
    pub gro_busy: Duration,

    /// Which core runs the softirq of a list of several packets.
    pub softirq_core: SoftirqCore,
    /// For how long a core counts as busy with `softirq_core = "gen2"` or `"gen3"`.
    pub gen2_busy: Duration,
    /// Whether other cores are told of a list at the end of the poll (before 2024) and not at once.
    pub ipi_at_poll_end: bool,
    /// From the hand-over of a list until another core begins with it, if that is awake.
    pub l_ipi: Duration,
    /// The same on the same core: part of the work.
    pub t_same_core: Duration,
    /// IP for a list of packets.
    pub t_ip: Duration,
    /// Homa's work for a control packet or a single-packet message, hand-off included.
    pub t_homa: Duration,
    /// Homa's work for each packet of a longer message.
    pub t_homa_long: Duration,
    /// Making and sending a GRANT.
    pub t_grant: Duration,
    /// Decisions about grants.
    pub grants_per: GrantsPer,
    /// Freeing a packet that has been sent.
    pub t_tx_done: Duration,
    /// So many packets at a time are freed.
    pub tx_group: u32,

    /// Waking a sleeping thread: work of the one who wakes it.
    pub t_wake: Duration,
    /// From then until it runs, if its core is awake.
    pub l_wake: Duration,
    /// Until a polling thread notices that it has got a message.
    pub t_notice: Duration,
    /// Switching from one thread to another.
    pub t_switch: Duration,
    /// For how long a thread polls before it sleeps.
    pub poll_time: Option<Duration>,
    /// After how long a spinning thread gives way to one that wants its core.
    pub slice: Duration,
    /// How long a hand-off or a receiving thread holds the lock of its socket.
    pub t_lock: Duration,

    /// Everything takes (1 + this) times as long while the core's other hyperthread is in use.
    pub ht: f64,
    /// Everything takes (1 + this × share of cores in use) times as long.
    pub contention: f64,
    /// Standard deviation of the time of a piece of work, over its mean: lognormal.
    pub cv: f64,
    /// What an idle core needs to wake up, by increasing idle time.
    pub c_states: Vec<CState>,
    /// Stops of single cores: how many in a second and host, at random ..
    pub gap_rate: f64,
    /// .. and how long each.
    pub gap_length: Duration,
    /// The whole host stops once in this time ..
    pub smi_period: Option<Duration>,
    /// .. for so long.
    pub smi_length: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        let none = Duration::ZERO;
        Self {
            cores: Limit::Unlimited,
            siblings: false,
            queues: Limit::Unlimited,
            queue_map: Vec::new(),
            wire_and_nic: None,
            client_ports: 1,
            port_receivers: Limit::Unlimited,
            server_ports: 1,
            port_threads: Limit::Unlimited,
            t_send: none,
            t_reply: none,
            t_recv: none,
            t_app: none,
            t_think: none,
            copy_in: none,
            copy_out: none,
            pipelined: true,
            t_xmit: none,
            t_irq: none,
            t_napi_first: none,
            t_napi: none,
            t_napi_end: none,
            napi_budget: Limit::Unlimited,
            t_refill: none,
            refill_packets: Limit::Unlimited,
            irq_spacing: none,
            max_gro: 1,
            short_bypass: false,
            grant_bypass: false,
            gro_busy: none,
            softirq_core: SoftirqCore::Same,
            gen2_busy: Duration::from_us(100),
            ipi_at_poll_end: false,
            l_ipi: none,
            t_same_core: none,
            t_ip: none,
            t_homa: none,
            t_homa_long: none,
            t_grant: none,
            grants_per: GrantsPer::Message,
            t_tx_done: none,
            tx_group: 1,
            t_wake: none,
            l_wake: none,
            t_notice: none,
            t_switch: none,
            poll_time: None,
            slice: none,
            t_lock: none,
            ht: 0.0,
            contention: 0.0,
            cv: 0.0,
            c_states: Vec::new(),
            gap_rate: 0.0,
            gap_length: none,
            smi_period: None,
            smi_length: none,
        }
    }
}
