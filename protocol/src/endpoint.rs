//! The endpoint: all of Homa on one node. The crate's page has the run loop around it.

mod assembly;
mod batch;
mod chosen;
mod icmp;
mod lifecycle;
mod receive;
mod resend;
mod sysctls;
mod timer;
pub(crate) mod transmit;

pub use timer::Timer;

use crate::config::{Config, ConfigError, Ticks, TransmitMode};
use crate::grant::{Context, Decision, Grants};
use crate::metrics::Metrics;
use crate::output::{Event, Outgoing, Transmit};
use crate::pacer::{OldPacer, PacerParams};
use crate::peer::{Peer, Peers, Route};
use crate::qdisc::{Qdisc, QdiscParams};
use crate::rpc::{Key, Rpcs};
use crate::socket::Socket;
use crate::srpt::SrptQueue;
use crate::sysctl::Recompute;
use crate::{Packet, PeerId, Port, SocketId, wire};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use hashbrown::HashMap;
use homa_units::Time;
use rustc_hash::FxBuildHasher;
use transmit::{Queued, Retransmission};

/// Homa on one node: sockets, RPCs, peers, grants and timers.
///
/// Every method that takes `now` may produce packets and events; times must not run backwards.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(crate) config: Config,
    pub(crate) now: Time,
    pub(crate) sockets: Vec<Socket>,
    pub(crate) ports: HashMap<Port, SocketId, FxBuildHasher>,
    /// The last default port given out.
    pub(crate) prev_default_port: u16,
    /// The identifier of the next client RPC.
    pub(crate) next_id: u64,
    pub(crate) rpcs: Rpcs,
    pub(crate) peers: Peers,
    pub(crate) grants: Grants,
    pub(crate) metrics: Metrics,
    /// The core that executes calls: it allocates receive buffers.
    core: usize,
    timer_ticks: u64,
    /// The next tick, while there is anything to time.
    next_tick: Option<Time>,
    decisions: Vec<Decision>,
    events: VecDeque<Event>,
    /// Packets that have only to be fetched.
    out: VecDeque<Queued>,
    /// Pull mode: parts of messages to transmit again, after control packets and before everything
    /// else.
    retransmissions: VecDeque<Retransmission>,
    /// Pull mode: RPCs that could transmit.
    srpt: SrptQueue,
    pacer: OldPacer,
    qdisc: Qdisc<Queued>,
    batch_done: Vec<bool>,
    /// RPCs of packets whose grants have not been looked at, with the generation of each.
    undecided: Vec<(Key, u32)>,
    shown: sysctls::Shown,
}

impl Endpoint {
    /// An endpoint without sockets.
    ///
    /// # Errors
    /// A value of the configuration that the protocol can't work with.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            now: Time::ZERO,
            sockets: Vec::new(),
            ports: HashMap::default(),
            prev_default_port: Port::MIN_DEFAULT.get() - 1,
            next_id: first_id(&config),
            rpcs: Rpcs::default(),
            peers: Peers::default(),
            grants: Grants::new(&config.sysctls),
            metrics: Metrics::default(),
            core: 0,
            timer_ticks: 0,
            next_tick: None,
            decisions: Vec::new(),
            events: VecDeque::new(),
            out: VecDeque::new(),
            retransmissions: VecDeque::new(),
            srpt: SrptQueue::default(),
            pacer: OldPacer::new(pacer_params(&config)),
            qdisc: Qdisc::new(&qdisc_params(&config)),
            batch_done: Vec::new(),
            undecided: Vec::new(),
            shown: sysctls::Shown::default(),
            config,
        })
    }

    /// The configuration as it is now: [`write_sysctl`](Self::write_sysctl) changes it.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Counters since the beginning (spec part 11).
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The most RPCs that the node had at a time, those included that had ended on one side and
    /// waited for an ack.
    #[must_use]
    pub fn rpcs_max(&self) -> usize {
        self.rpcs.places()
    }

    /// Bytes granted or announced and not yet received, over all grantable messages (spec 5.1).
    #[must_use]
    pub fn total_incoming(&self) -> u64 {
        self.grants.total_incoming()
    }

    /// How many messages are allowed to receive grants now (spec 5.1).
    #[must_use]
    pub fn num_active(&self) -> usize {
        self.grants.num_active()
    }

    /// Says how packets reach a peer, from the next message on. Without, the MTU is that of
    /// [`Config::mtu`].
    pub fn set_route(&mut self, peer: PeerId, route: Route) {
        self.peers.set_route(peer, route);
    }

    /// Says that the peer's address is IPv4, so that sockets of IPv6 reach it as `::ffff:a.b.c.d`: the packets are then
    /// IPv4 packets, though messages are cut as the socket's family wants it (D5 of spec part 14). Without, packets
    /// have the family of their socket.
    pub fn set_v4_peer(&mut self, peer: PeerId) {
        self.peers.set_v4(peer);
    }

    /// Says which core executes the following calls; only the receive buffers depend on it.
    /// Default: 0.
    ///
    /// # Panics
    /// If the configuration has no such core.
    pub fn set_core(&mut self, core: u16) {
        assert!(core < self.config.cores, "core {core} of {}", self.config.cores);
        self.core = usize::from(core);
    }

    /// Counts a packet that could not be decoded, as the kernel counts it; it is dropped.
    pub fn count_malformed(&mut self, error: &wire::DecodeError) {
        match error.counter() {
            Some(wire::DropCounter::ShortPackets) => self.metrics.short_packets += 1,
            Some(wire::DropCounter::UnknownPacketTypes) => self.metrics.unknown_packet_types += 1,
            None => {}
        }
    }

    /// Sets the cutoffs that peers will use towards this node, as `homa_prio` does through the
    /// sysctl (spec 6.5).
    pub fn set_cutoffs(&mut self, unsched_cutoffs: [u32; 8]) {
        self.config.sysctls.set_cutoffs(unsched_cutoffs);
        self.recompute(Recompute { base: true, cutoffs: true, ..Recompute::default() });
    }

    /// The next event. See the [run loop](crate#the-run-loop) for when to poll.
    #[must_use]
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Does what is due at `now`: a tick of the protocol timer, the pacer. Spurious calls do
    /// nothing.
    pub fn handle_timeout(&mut self, now: Time) {
        self.advance(now);
        if self.next_tick.is_some_and(|tick| tick <= now) {
            self.tick();
        }
        self.run_pacer();
    }

    /// Runs the protocol timer (spec part 8); for drivers that configured [`Ticks::External`].
    pub fn handle_tick(&mut self, now: Time) {
        self.advance(now);
        self.tick();
        self.run_pacer();
    }

    /// Takes note that the NIC has transmitted frames of `bytes`, as [`Transmit::frame_bytes`]
    /// counts them.
    ///
    /// Only the mode [`TransmitMode::Qdisc`] with [`Config::nic_completions`] needs it.
    pub fn handle_nic_completion(&mut self, now: Time, bytes: u64) {
        self.advance(now);
        self.qdisc.nic_complete(bytes);
        self.run_pacer();
    }

    /// Panics if the endpoint's books don't balance: `total_incoming`, the active set, the receive
    /// buffers.
    ///
    /// For tests; it looks at everything.
    pub fn check_invariants(&self) {
        let all = || self.sockets.iter().flat_map(|socket| self.rpcs_of(socket));
        assert_eq!(all().count(), self.rpcs.live(), "every live RPC is on its socket's list");
        self.grants.audit(&self.rpcs, &self.peers, all());
        for socket in &self.sockets {
            let count = self.rpcs_of(socket).count();
            assert_eq!(count, socket.num_rpcs as usize, "the RPCs of a socket are counted");
            let ready = self.rpcs_of(socket).filter(|key| self.rpcs[*key].ready).count();
            assert_eq!(ready, socket.ready_count, "what is ready is counted");
        }
    }

    pub(crate) fn rpcs_of<'a>(&'a self, socket: &Socket) -> impl Iterator<Item = Key> + use<'a> {
        core::iter::successors(socket.oldest, |key| self.rpcs[*key].younger)
    }

    /// Takes note of the time.
    pub(crate) fn advance(&mut self, now: Time) {
        assert!(now >= self.now, "time runs backwards: {now} after {}", self.now);
        let passed = now.since(self.now).as_ps();
        if passed > 0 {
            let (managed, metrics) = (self.grants.managed() as u64, &mut self.metrics);
            let integral = &mut metrics.grantable_rpcs_integral;
            *integral = integral.saturating_add(managed.saturating_mul(passed));
            if self.pacer.wake_time().is_some() || self.qdisc.has_deferred() {
                metrics.nic_backlog_cycles += passed;
            }
        }
        self.now = now;
    }

    /// The peer, known from now on.
    #[inline]
    pub(crate) fn peer(&mut self, id: PeerId) -> &mut Peer {
        if self.peers.touch(id, self.now) {
            self.peer_created();
        }
        self.peers.get_mut(id)
    }

    #[cold]
    #[inline(never)]
    fn peer_created(&mut self) {
        self.metrics.peer_allocs += 1;
        // Many peers are reason enough for the timer to run: it collects those that nobody
        // uses.
        self.schedule_tick();
    }

    #[inline]
    pub(crate) fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Runs something of the grant machinery, and sends what it decides.
    pub(crate) fn with_grants(&mut self, run: impl FnOnce(&mut Grants, &mut Context<'_>)) {
        let mut context = Context {
            now: self.now,
            rpcs: &mut self.rpcs,
            peers: &mut self.peers,
            sysctls: &self.config.sysctls,
            quirks: &self.config.quirks,
            metrics: &mut self.metrics,
            decisions: &mut self.decisions,
        };
        run(&mut self.grants, &mut context);
        for index in 0..self.decisions.len() {
            let Decision { rpc, offset, priority } = self.decisions[index];
            let header = self.header(rpc);
            let grant = crate::Grant { header, offset, priority };
            self.send_control(self.rpcs[rpc].socket, self.rpcs[rpc].peer, Packet::Grant(grant));
        }
        self.decisions.clear();
    }

    /// Makes sure that the timer ticks while there is anything to time.
    pub(crate) fn schedule_tick(&mut self) {
        let Ticks::Grid { period, phase } = self.config.ticks else { return };
        let gc = self.peers.count() >= self.config.sysctls.peer_gc_threshold as usize;
        if self.rpcs.live() == 0 && !gc {
            self.next_tick = None;
        } else if self.next_tick.is_none() {
            let since_phase = self.now.as_ps().saturating_sub(phase.as_ps());
            let next = phase.as_ps() + (since_phase / period.as_ps() + 1) * period.as_ps();
            self.next_tick = Some(Time::from_ps(next));
        }
    }

    /// Whether [`poll_outgoing`](Self::poll_outgoing) would give a packet now.
    #[must_use]
    pub fn has_outgoing(&self) -> bool {
        !self.out.is_empty()
            || self.config.transmit == TransmitMode::Pull && !(self.retransmissions.is_empty() && self.srpt.is_empty())
    }

    /// Whether packets are deferred until the NIC has transmitted something (spec 7.4.4): only
    /// [`handle_nic_completion`](Self::handle_nic_completion) makes them go on then, and no
    /// timeout.
    #[must_use]
    pub fn waits_for_nic(&self) -> bool {
        self.config.transmit == TransmitMode::Qdisc && self.qdisc.has_deferred() && self.qdisc.wake_time().is_none()
    }

    /// The next packet for the link; `None`, and no effect, if there is none that may go now.
    ///
    /// Call it when the link can take a packet, and only then. In pull mode the core decides at
    /// this moment which message goes on. In a NIC that is shared with other traffic use
    /// [`poll_outgoing`](Self::poll_outgoing).
    ///
    /// # Panics
    /// If a packet given to [`enqueue_foreign`](Self::enqueue_foreign) is next.
    #[must_use]
    #[inline]
    pub fn poll_transmit(&mut self, now: Time) -> Option<Transmit> {
        match self.poll_outgoing(now)? {
            Outgoing::Homa(transmit) => Some(transmit),
            Outgoing::Foreign(_) => panic!("a driver that enqueues foreign packets fetches them too"),
        }
    }
}

/// What the counter of client identifiers starts at (spec 1.1).
fn first_id(config: &Config) -> u64 {
    const FIRST_ID: u64 = 2;
    if config.sysctls.next_id != 0 {
        return config.sysctls.next_id;
    }
    if config.quirks.ids_begin_at_2 {
        return FIRST_ID;
    }
    // Two starts share identifiers only if their numbers, mixed as SplitMix64 does, are close to each other.
    let mut mixed = config.boot.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    // Far from the end of the numbers, and even.
    ((mixed ^ (mixed >> 31)) >> 2).max(1) << 1
}

/// Quirk Q9: until a base sysctl is written Linux takes the link to be infinitely fast.
fn pacer_params(config: &Config) -> PacerParams {
    let idle = config.quirks.pacer_idle_until_configured && !config.configured;
    PacerParams {
        ns_per_million_bytes: if idle { 0 } else { config.sysctls.old_pacer_ns_per_1e6_bytes() },
        backlog: config.sysctls.max_nic_est_backlog(),
        fifo_fraction: config.sysctls.pacer_fifo_fraction,
    }
}

fn qdisc_params(config: &Config) -> QdiscParams {
    let sysctls = &config.sysctls;
    QdiscParams {
        link_mbps: sysctls.link_mbps,
        backlog: sysctls.max_nic_est_backlog(),
        max_nic_queue_usecs: config.nic_completions.then_some(sysctls.max_nic_queue_usecs),
        fifo_fraction: sysctls.pacer_fifo_fraction,
        defer_min_bytes: sysctls.defer_min_bytes,
        homa_share: sysctls.homa_share,
        max_link_usage: sysctls.max_link_usage,
        weight_wraps: config.quirks.fifo_weight_wraps,
    }
}

/// Bytes of a packet in metrics: all of Homa's.
fn homa_bytes(packet: &Packet) -> u64 {
    wire::homa_bytes(packet) as u64
}
