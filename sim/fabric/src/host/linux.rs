//! A Linux host that runs a protocol in its kernel: cores, interrupts, softirq, threads.
//!
//! The protocol and the application are a [`Stack`], whose calls take no time of their own. This
//! model says when they happen: when a core has come to them, after all that was before.
//!
//! | stage | file |
//! |---|---|
//! | receive queues, interrupts, NAPI, GRO | `receive.rs` |
//! | choice of the softirq core, handling of lists, grants | `softirq.rs` |
//! | hand-off, polling, sleeping, run queues, system calls | `threads.rs` |
//! | units on their way to the NIC, freeing of packets | `sending.rs` |
//! | one piece of work after the other | `core.rs` |
//! | how long a piece takes | `service.rs` |
//! | C-states, gaps and stops | `idle.rs`, `stops.rs` |
//! | where a message's time went | `stages.rs` |
//! | where a core's time went | `usage.rs` |
//!
//! With default [`Parameters`] nothing takes time and nothing is limited. Then the host does at
//! each instant what a transport without a host model does.

mod core;
mod echo;
mod idle;
mod parameters;
mod receive;
mod sending;
mod service;
mod softirq;
mod stack;
mod stages;
mod stops;
mod threads;
mod timers;
mod usage;

pub use parameters::{CState, GrantsPer, Limit, Parameters, SoftirqCore};
pub use stack::{IncomingId, Outgoing, PacketKind, Ready, Stack, Stamped, Taken, UnitKind};
pub use stages::{Direction, Stage, StageSums, Stages};
pub use usage::{Counts, Purpose, Usage};

use self::core::Core;
use self::threads::Work;
use crate::framing::Framing;
use crate::packet::{Message, MessageRef, Packet};
use crate::transport::{MessageEnd, Transport};
use homa_engine::Streams;
use homa_topologies::HostId;
use homa_units::{BitRate, Duration, Time};
use rand_chacha::ChaCha8Rng;
use receive::ReceiveQueue;
use service::Variation;
use slab::Slab;
use std::collections::VecDeque;
use threads::{Role, Socket, Thread};
use timers::{Timer, Timers};

/// What the hosts of a run share.
#[derive(Debug)]
pub struct Model {
    parameters: Parameters,
    variation: Variation,
    /// The most bytes of data in a unit.
    unit_bytes: u32,
    byte_time: Duration,
    framing: Framing,
    seed: u64,
}

impl Model {
    /// With these parameters, a protocol whose units have at most `unit_bytes` of data, and host
    /// links of this rate.
    ///
    /// # Panics
    /// If a byte does not take whole picoseconds of the link.
    #[must_use]
    pub fn new(
        parameters: Parameters,
        unit_bytes: u32,
        host_rate: BitRate,
        framing: Framing,
        streams: Streams,
    ) -> Self {
        let variation = Variation::new(parameters.cv);
        let byte_time = host_rate.byte_time().expect("topologies have exact rates");
        // Which queue a pair of hosts has is drawn once for all hosts.
        let seed = rand::Rng::next_u64(&mut streams.stream("host-receive-side-scaling", 0));
        Self { parameters, variation, unit_bytes, byte_time, framing, seed }
    }

    /// How many sockets a host has of clients and of servers.
    #[must_use]
    pub const fn sockets(&self) -> (u32, u32) {
        (self.parameters.client_ports, self.parameters.server_ports)
    }

    /// What the NIC's hash makes of a pair of hosts: well mixed (SplitMix64), and by chance.
    fn hash(&self, source: u32, destination: u32) -> u32 {
        let pair = u64::from(source) << 32 | u64::from(destination);
        let mut mixed = (self.seed ^ pair).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 32) as u32
    }

    fn wire_time(&self, frame_bytes: u16) -> Duration {
        self.byte_time * self.framing.wire_bytes(frame_bytes).get()
    }

    /// The server socket that a request goes to.
    fn server_port(&self, stream: &mut ChaCha8Rng) -> u32 {
        match self.parameters.server_ports {
            1 => 0,
            ports => ((u64::from(rand::Rng::next_u32(stream)) * u64::from(ports)) >> 32) as u32,
        }
    }
}

/// The random streams of a host.
#[derive(Debug)]
struct HostStreams {
    service: ChaCha8Rng,
    stops: ChaCha8Rng,
    server_ports: ChaCha8Rng,
}

/// A message that is being sent.
#[derive(Debug)]
struct OutgoingMessage {
    /// Up to the begin of the call.
    stages: Stages,
    /// When the call returned; none before.
    call_ended: Option<Time>,
    /// Nothing will be sent of it any more.
    is_released: bool,
}

/// A Linux host.
#[derive(Debug)]
pub struct LinuxHost<S: Stack> {
    stack: S,
    model: std::sync::Arc<Model>,
    now: Time,
    pushes: bool,
    timers: Timers,
    cores: Vec<Core<S>>,
    /// Cores that aren't idle.
    cores_in_use: u32,
    /// For the policy "gen2".
    next_core: u32,
    queues: Vec<ReceiveQueue<S::Header>>,
    sockets: Vec<Socket>,
    threads: Vec<Thread<S>>,
    pacer: u32,
    streams: HostStreams,
    outgoing: Slab<OutgoingMessage>,
    /// Packets for the NIC.
    to_nic: VecDeque<Packet<Stamped<S::Header>>>,
    /// When the NIC will have sent all that it has.
    nic_free: Time,
    /// The cores that handed over the packets which the NIC has not begun to send.
    sent_by: VecDeque<u32>,
    /// Frames that the NIC sends, when they end, and their cores.
    leaving: VecDeque<(Time, u32)>,
    /// Packets that have left, by core.
    to_free: Vec<u32>,
    completed: VecDeque<MessageEnd>,
    /// Where the time of messages went that have ended with their response.
    finished: StageSums,
    finished_messages: u64,
    counts: Counts,
    spare_lists: Vec<Vec<Packet<Stamped<S::Header>>>>,
    cut: Vec<Packet<S::Header>>,
}

impl<S: Stack> LinuxHost<S> {
    /// The host `host`.
    #[must_use]
    pub fn new(stack: S, model: std::sync::Arc<Model>, host: HostId, streams: Streams) -> Self {
        let stream = |purpose| streams.stream(purpose, host.0);
        let streams = HostStreams {
            service: stream("host-service"),
            stops: stream("host-stops"),
            server_ports: stream("host-server-ports"),
        };
        let mut linux = Self {
            pushes: stack.pushes(),
            stack,
            now: Time::ZERO,
            timers: Timers::default(),
            cores: Vec::new(),
            cores_in_use: 0,
            next_core: 0,
            queues: Vec::new(),
            sockets: Vec::new(),
            threads: Vec::new(),
            pacer: 0,
            streams,
            outgoing: Slab::new(),
            to_nic: VecDeque::new(),
            nic_free: Time::ZERO,
            sent_by: VecDeque::new(),
            leaving: VecDeque::new(),
            to_free: Vec::new(),
            completed: VecDeque::new(),
            finished: StageSums::default(),
            finished_messages: 0,
            counts: Counts::default(),
            spare_lists: Vec::new(),
            cut: Vec::new(),
            model,
        };
        linux.build();
        linux
    }

    /// Makes cores, queues, sockets and threads.
    fn build(&mut self) {
        let model = std::sync::Arc::clone(&self.model);
        let parameters = &model.parameters;
        let cores = if let Limit::Number(cores) = parameters.cores { Some(cores) } else { None };
        self.cores = (0..cores.unwrap_or(0)).map(|_| Core::new(Time::ZERO)).collect();
        self.to_free = vec![0; self.cores.len()];
        if let Limit::Number(queues) = parameters.queues {
            let core = |queue: u32| {
                let listed = parameters.queue_map.get(queue as usize).copied();
                cores.map(|cores| listed.unwrap_or(queue) % cores)
            };
            self.queues = (0..queues).map(|queue| ReceiveQueue::new(core(queue))).collect();
        }
        let clients = (0..parameters.client_ports).map(|_| Socket::new(parameters.port_receivers));
        let servers = (0..parameters.server_ports).map(|_| Socket::new(parameters.port_threads));
        self.sockets = clients.chain(servers).collect();
        let mut next = 0;
        let mut place = || {
            let core = cores.map(|cores| next % cores);
            next += 1;
            core
        };
        for socket in 0..parameters.client_ports {
            self.add_thread(Role::Sender, socket, place());
        }
        self.pacer = self.threads.len() as u32;
        self.add_thread(Role::Pacer, 0, place());
        for (socket, threads) in (0..).zip(self.sockets.iter().map(Socket::threads).collect::<Vec<_>>()) {
            if let Limit::Number(threads) = threads {
                for _ in 0..threads {
                    self.add_thread(Role::Receiver, socket, place());
                }
            }
        }
        self.begin_stops();
    }

    /// What runs on the host.
    pub const fn stack(&self) -> &S {
        &self.stack
    }

    /// What it has counted.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What each core has spent its time with.
    pub fn usage(&self) -> impl Iterator<Item = &Usage> {
        self.cores.iter().map(|core| &core.usage)
    }

    /// Where the time of all messages went whose response has arrived, added up, and how many there
    /// were.
    pub const fn stages(&self) -> (&StageSums, u64) {
        (&self.finished, self.finished_messages)
    }

    /// Lets everything happen that is due.
    fn advance(&mut self, now: Time) {
        self.now = now;
        debug_assert_eq!(self.cores.iter().filter(|core| !core.is_idle()).count() as u32, self.cores_in_use);
        self.free_sent();
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::Smi => self.smi(),
                Timer::Gap => self.gap(),
                Timer::Work(core) => self.piece_done(core),
                Timer::List(core) => self.list_arrives(core),
                Timer::Interrupt(queue) => self.interrupt(queue),
                Timer::Thread(thread) => self.thread_timer(thread),
                Timer::Slice(core) => self.slice_ends(core),
            }
        }
    }

    /// Takes what the protocol has to tell after a call, besides units and messages for threads.
    fn collect(&mut self) {
        while let Some(end) = self.stack.poll_completion() {
            self.completed.push_back(end);
        }
        while let Some(outgoing) = self.stack.poll_released() {
            // Its number is used again when the call has returned.
            if let Some(message) = self.outgoing.get_mut(outgoing as usize) {
                message.is_released = true;
                if message.call_ended.is_some() {
                    self.outgoing.remove(outgoing as usize);
                }
            }
        }
    }

    /// A thread has received a message: if it was a response, all of the message's time is known.
    fn ended(&mut self, work: &Work<S::Job>) {
        if let (None, Some(stages)) = (work.taken.reply, work.stages) {
            self.finished.add(&stages);
            self.finished_messages += 1;
        }
    }

    /// What the protocol does by itself: its timers, and what its pacer hands out.
    fn protocol_timeout(&mut self) {
        self.stack.handle_timeout(self.now);
        while let Some(ready) = self.stack.poll_ready() {
            let (thread, _) = self.hand_off(ready);
            self.deliver(thread, ready);
        }
        if self.pushes {
            while let Some(unit) = self.poll_unit(false) {
                if self.unit_cost(&unit.unit) == Duration::ZERO {
                    self.release(0, &unit);
                } else {
                    self.threads[self.pacer as usize].units.push_back(unit);
                }
            }
            self.pacer_has_units();
        }
        self.collect();
    }
}

impl<S: Stack> Transport for LinuxHost<S> {
    type Header = Stamped<S::Header>;

    fn submit(&mut self, now: Time, reference: MessageRef, message: &Message) {
        self.advance(now);
        let sender = message.generator % self.model.parameters.client_ports;
        self.request_is_due(sender, reference, message);
        self.advance(now);
    }

    fn handle_packet(&mut self, now: Time, packet: &Packet<Self::Header>) {
        self.advance(now);
        self.packet_arrives(*packet);
        self.advance(now);
    }

    fn handle_timeout(&mut self, now: Time) {
        self.advance(now);
        self.protocol_timeout();
        self.advance(now);
    }

    fn has_packet(&self) -> bool {
        !self.to_nic.is_empty() || !self.pushes && self.stack.has_unit()
    }

    fn poll_transmit(&mut self, now: Time) -> Option<Packet<Self::Header>> {
        self.now = now;
        if self.to_nic.is_empty() && !self.pushes {
            self.pull_unit();
        }
        self.to_nic.pop_front()
    }

    fn poll_completion(&mut self) -> Option<MessageEnd> {
        self.completed.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        let freed = self.leaving.front().map(|(end, _)| *end);
        [self.timers.earliest(), self.stack.poll_timeout(), freed].into_iter().flatten().min()
    }

    fn pushes(&self) -> bool {
        self.pushes
    }

    fn handle_nic_completion(&mut self, end: Time, frame_bytes: u16) {
        self.frame_begun(end);
        self.stack.handle_nic_completion(end, frame_bytes);
    }

    fn class(header: &Self::Header) -> usize {
        S::class(&header.header)
    }
}
