//! What experiments, runs and results know of a transport.
//!
//! A transport is a folder with a crate of its own. It has three parts:
//!
//! 1. one host's end, which implements [`Transport`](homa_fabric::Transport) and [`Counted`];
//! 2. its [`Parameters`], as read from the table `[transport.NAME]` of an experiment;
//! 3. its [`Model`]: the parameters, complete and checked, with what a run asks of them.
//!
//! One line in the list of transports makes it known to everything else.

use crate::denominator::Denominator;
use crate::record::Counters;
use crate::simulate::{Ran, Run};
use homa_fabric::linux::{Counts, LinuxHost, Purpose, Stack};
use homa_fabric::{Framing, PACKET_CLASSES, QueueDiscipline, Transport};
use homa_topologies::Topology;
use homa_units::{BitRate, Bytes, Duration};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// What a user may set: the table `[transport.NAME]`. Its default is what an experiment without the
/// table means.
pub trait Parameters: Default + Serialize + DeserializeOwned + 'static {
    /// The name in every file: `transport.kind = NAME`. Letters, digits and `-`.
    const NAME: &'static str;
    /// What it is, in a line.
    const SUMMARY: &'static str;
    /// What its sources are known by, in the keys of its runs: other sources, other keys. A build
    /// script of one line gives a crate a fingerprint of its files and of all that it links
    /// (`homa-fingerprint`). For a transport of few files that links nothing of its own, their text
    /// will do: `include_str!("lib.rs")`.
    const SOURCES: &'static str;
    /// It recovers what is lost, and gives up what can't be recovered. Without, experiments can't
    /// have faults.
    const RECOVERS_LOSS: bool = false;
    /// It keeps account of how its receivers' links are used ([`Counters::receiver`]).
    const COUNTS_RECEIVERS: bool = false;

    /// Completes and checks the parameters for a network and its messages.
    ///
    /// # Errors
    /// If a value is impossible or two don't go together. The text names the key, the value and
    /// what is accepted.
    fn complete(self, context: &Context<'_>) -> Result<Arc<dyn Model>, Box<dyn std::error::Error + Send + Sync>>;
}

/// What parameters are completed for.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The network.
    pub topology: &'a Topology,
    /// Rate of the hosts' links.
    pub host_rate: BitRate,
    /// Name of a shipped size distribution; empty for others.
    pub workload: &'a str,
    /// The points (size, cumulative probability) of the message sizes, ascending.
    pub sizes: &'a [(Bytes, f64)],
}

/// A transport with its parameters, complete and checked.
pub trait Model: std::fmt::Debug + Send + Sync {
    /// What it does and needs.
    fn traits(&self) -> Traits;

    /// What a message of `size` bytes costs its sender's link, if it is alone in the network. The
    /// answer to it is a message of its own.
    fn cost(&self, size: Bytes) -> MessageCosts;

    /// Bytes of the answer to a message of `size` bytes; zero if there is none.
    fn response_bytes(&self, size: Bytes) -> Bytes {
        let _ = size;
        Bytes::ZERO
    }

    /// What a summary has of the parameters.
    fn parameters(&self) -> &dyn erased_serde::Serialize;

    /// What a user should see before a run: labels and texts, the most important first.
    fn description(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// What a user should know that is no error.
    fn notes(&self, context: &Context<'_>) -> Vec<String> {
        let _ = context;
        Vec::new()
    }

    /// The parameters that have no effect with the others as they are: dotted keys of the table
    /// `[transport.NAME]`, and a text for "KEY has no effect, as ..". An experiment that sets such
    /// a one, and has no case in which it has an effect, is refused.
    fn without_effect(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// Gives the run its hosts: `run.hosts(|host| ..)`. The loop over events is compiled here, for
    /// this transport alone.
    fn run(&self, run: Run<'_>) -> Ran;
}

/// What a transport does and needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traits {
    /// A message is complete when the answer to it has arrived, not when it has.
    pub measures_round_trips: bool,
    /// The longest message it carries, in bytes.
    pub message_bytes_max: u64,
    /// [`MessageCosts::wire`] has the grants of a message in it.
    pub cost_has_grants: bool,
    /// A wire load follows the rule of the SIGCOMM'18 simulator, which knows that transport's
    /// headers.
    pub follows_listed_load: bool,
    /// What completion times are divided by if the experiment doesn't say.
    pub denominator: Denominator,
    /// Bytes of the frame of a full data packet, and of a grant or the like.
    pub frames: FrameBytes,
    /// What an idle network needs before the best possible time of a message is that of all later
    /// ones: two hosts must have exchanged a message, so long before.
    pub introduction: Option<Duration>,
    /// What a frame takes of a link besides its own bytes.
    pub framing: Framing,
    /// In which order it expects switches to serve packets.
    pub discipline: QueueDiscipline,
    /// Why a run can't be divided among threads, if it can't: hosts share state
    /// ([`Transport::poll_wake`]), or events of one instant are not in the [default
    /// order](homa_fabric::EventOrder).
    pub indivisible: Option<&'static str>,
    /// It is a protocol in the kernel of Linux, and can run on a
    /// [Linux host](homa_fabric::linux) whose work takes time.
    pub runs_on_linux: bool,
    /// Packet-hops per CPU second to expect, for estimates: what a 2020s server core does
    /// (`docs/performance.md`).
    pub packet_hops_per_cpu_s: f64,
}

impl Traits {
    /// Those of a transport of one-way messages in packets that fill Ethernet's frames.
    pub const ONE_WAY: Self = Self {
        measures_round_trips: false,
        message_bytes_max: u32::MAX as u64,
        cost_has_grants: false,
        follows_listed_load: false,
        denominator: Denominator::Simulated,
        frames: FrameBytes { data: 1_518, control: 64 },
        introduction: None,
        framing: Framing::ETHERNET,
        discipline: QueueDiscipline::StrictPriority,
        indivisible: None,
        runs_on_linux: false,
        packet_hops_per_cpu_s: 7e6,
    };
}

/// Bytes of Ethernet frames, with header and CRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameBytes {
    /// Of a full data packet.
    pub data: u16,
    /// Of a packet without data.
    pub control: u16,
}

/// What a message costs. Control packets are counted with the message that causes them, although
/// some of them go the other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageCosts {
    /// Bytes on the wire: frames, preambles and gaps.
    pub wire: Bytes,
    /// Data packets.
    pub data_packets: u64,
    /// Packets without data, about.
    pub control_packets: u64,
}

/// What a packet is for, in results: the classes that
/// [`Transport::class`](homa_fabric::Transport::class) gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PacketClass {
    /// Data sent without asking.
    Unscheduled,
    /// Data sent by permission of the receiver.
    Scheduled,
    /// Packets without message data.
    Control,
}

impl PacketClass {
    /// All classes.
    pub const ALL: [Self; PACKET_CLASSES] = [Self::Unscheduled, Self::Scheduled, Self::Control];
}

/// A protocol on a Linux host whose results a summary can have.
pub trait CountedStack: Stack<Header: Send, Unit: Send, Job: Send> + Send {
    /// Adds what it has counted.
    fn count(&self, counters: &mut Counters);

    /// See [`Counted::records_max`].
    fn records_max(&self) -> usize;
}

impl<S: CountedStack> Counted for LinuxHost<S> {
    fn count(&self, counters: &mut Counters) {
        self.stack().count(counters);
        counters.metrics(linux_metrics(self));
    }

    fn records_max(&self) -> usize {
        self.stack().records_max()
    }
}

/// What a Linux host has counted: where the time of its messages and of its cores went, in
/// nanoseconds, and its events.
fn linux_metrics<S: Stack>(host: &LinuxHost<S>) -> Vec<(String, u64)> {
    let (sums, messages) = host.stages();
    let stages = sums.iter_ns().map(|(direction, stage, ns)| (format!("{}_{}_ns", direction.name(), stage.name()), ns));
    let cores = Purpose::ALL.into_iter().map(|purpose| {
        let spent = host.usage().map(|usage| usage.spent(purpose).as_ps() / 1_000).sum();
        (format!("core_{}_ns", purpose.name()), spent)
    });
    let Counts {
        interrupts,
        polls,
        polled_packets,
        softirq_calls,
        gro_packets,
        handoffs_to_other_core,
        gro_data_bypasses,
        gro_grant_bypasses,
        wait_fast,
        wait_block,
        requests_queued,
    } = host.counts();
    let counted = [
        ("messages", messages),
        ("interrupts", interrupts),
        ("polls", polls),
        ("polled_packets", polled_packets),
        ("softirq_calls", softirq_calls),
        ("gro_packets", gro_packets),
        ("handoffs_to_other_core", handoffs_to_other_core),
        ("gro_data_bypasses", gro_data_bypasses),
        ("gro_grant_bypasses", gro_grant_bypasses),
        ("wait_fast", wait_fast),
        ("wait_block", wait_block),
        ("requests_queued", requests_queued),
    ];
    let counted = counted.into_iter().map(|(name, value)| (name.to_owned(), value));
    stages.chain(cores).chain(counted).map(|(name, value)| (format!("host_{name}"), value)).collect()
}

/// One host's end of a transport whose results a summary can have.
pub trait Counted: Transport<Header: Send> + Send {
    /// Adds what the host has counted.
    fn count(&self, counters: &mut Counters) {
        let _ = counters;
    }

    /// The most records of messages (or RPCs) that the host had at a time.
    fn records_max(&self) -> usize {
        0
    }
}
