//! What a node counts (spec part 11).

use crate::PacketType;
use alloc::borrow::Cow;
use alloc::format;
use homa_units::Priority;

/// Messages of up to this many bytes are counted in steps of 64 bytes.
const SMALL_LIMIT: u32 = 4_096;
/// Messages from this length on are counted together; shorter ones that aren't small in steps of 1024 bytes.
const LARGE_LIMIT: u32 = 131_072;
/// The medium bucket of messages of exactly [`SMALL_LIMIT`] bytes, which the kernel doesn't print (quirk Q15).
const UNPRINTED: usize = 3;

macro_rules! counters {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        /// The counters of a node (spec part 11): named as the kernel's, never reset.
        ///
        /// Left out are those of what a kernel has and this core has not: waits for locks, cycles of threads and
        /// handlers, handoffs between cores, packet buffers and their reaping (`reaper_*`, `*_reaps`; memory is freed
        /// at once), errors of the IP layer and its routes (`*_xmit_errors`, `peer_route_errors`,
        /// `peer_kmalloc_errors`, `peer_dst_refreshes`; the driver sends), how the pacer came to run
        /// (`pacer_help_bytes`, `throttle_list_checks`), and `ignored_need_acks`, which the kernel never increments.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Metrics {
            /// Packets sent by [`PacketType::index`]; for DATA, transmit units, where a retransmitted segment is one.
            pub packets_sent: [u64; PacketType::ALL.len()],
            /// Packets that reached their handler, by [`PacketType::index`].
            pub packets_rcvd: [u64; PacketType::ALL.len()],
            /// Bytes sent by level, with headers.
            pub priority_bytes: [u64; Priority::LEVELS],
            /// Packets sent by level; for DATA, transmit units.
            pub priority_packets: [u64; Priority::LEVELS],
            /// Bytes of incoming messages shorter than 4096 bytes, in steps of 64: entry i is for up to 64 (i + 1).
            pub small_msg_bytes: [u64; 64],
            /// Bytes of incoming messages of 4096 to 131071 bytes, in steps of 1024: entry i is for up to 1024 (i + 1).
            /// The entries below 3 are never used, and entry 3 holds messages of 4096 bytes (quirk Q15).
            pub medium_msg_bytes: [u64; 128],
            $($(#[$doc])+ pub $name: u64,)+
        }

        impl Default for Metrics {
            fn default() -> Self {
                Self {
                    packets_sent: [0; PacketType::ALL.len()],
                    packets_rcvd: [0; PacketType::ALL.len()],
                    priority_bytes: [0; Priority::LEVELS],
                    priority_packets: [0; Priority::LEVELS],
                    small_msg_bytes: [0; 64],
                    medium_msg_bytes: [0; 128],
                    $($name: 0,)+
                }
            }
        }

        impl Metrics {
            /// The counters that aren't in an array.
            fn scalars(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)+].into_iter()
            }
        }
    };
}

counters! {
    /// How many incoming messages were longer than 131071 bytes.
    large_msg_count,
    /// Bytes of incoming messages longer than 131071 bytes.
    large_msg_bytes,
    /// Bytes of all outgoing messages, counted when they are issued.
    sent_msg_bytes,
    /// Requests whose first packet arrived.
    requests_received,
    /// Responses whose first packet arrived.
    responses_received,
    /// Requests that this node issued.
    client_requests_started,
    /// Bytes of the requests that this node issued.
    client_request_bytes_started,
    /// Bytes of its requests that it transmitted, or gave up.
    client_request_bytes_done,
    /// Requests that it transmitted completely, or gave up.
    client_requests_done,
    /// Responses that this node, as client, began to receive.
    client_responses_started,
    /// Bytes of the responses that it began to receive.
    client_response_bytes_started,
    /// Bytes of responses that it received, or gave up.
    client_response_bytes_done,
    /// Responses that it received completely, or gave up.
    client_responses_done,
    /// Requests that this node, as server, began to receive.
    server_requests_started,
    /// Bytes of the requests that it began to receive.
    server_request_bytes_started,
    /// Bytes of requests that it received, or gave up.
    server_request_bytes_done,
    /// Requests that it received completely, or gave up.
    server_requests_done,
    /// Responses that this node issued.
    server_responses_started,
    /// Bytes of the responses that this node issued.
    server_response_bytes_started,
    /// Bytes of its responses that it transmitted, or gave up.
    server_response_bytes_done,
    /// Responses that it transmitted completely, or gave up.
    server_responses_done,
    /// Calls that sent requests.
    send_calls,
    /// Calls that received messages.
    recv_calls,
    /// Calls that sent replies.
    reply_calls,
    /// Calls that gave RPCs up.
    abort_calls,
    /// DATA packets sent because of RESEND or RPC_UNKNOWN.
    resent_packets,
    /// Retransmitted packets that were of use (spec 4.2).
    resent_packets_used,
    /// Retransmitted packets that were discarded (spec 4.2).
    resent_discards,
    /// Packets of first transmission that were discarded (spec 4.2).
    packet_discards,
    /// Gaps that appeared in the order of arriving packets (spec 4.2).
    gaps_created,
    /// Packets dropped because their RPC isn't known (spec 3.5).
    unknown_rpcs,
    /// Packets dropped for a type that this version doesn't handle (spec 2.3). Who parses packets counts them here.
    unknown_packet_types,
    /// Packets dropped because they are too short for their type (spec 2.3). Who parses packets counts them here.
    short_packets,
    /// DATA packets dropped because no server RPC could be created (spec 3.6.1).
    server_cant_create_rpcs,
    /// RPCs given up after `timeout_ticks` of silence (spec part 8).
    rpc_timeouts,
    /// Server RPCs that were aborted (spec 3.11).
    server_rpc_discards,
    /// Server RPCs that ended because their client didn't know them (spec 3.6.5).
    server_rpcs_unknown,
    /// ACK packets sent because a peer's list of acks was full (spec 3.8.1).
    ack_overflows,
    /// Bytes of payload dropped because their message had no buffers (spec 3.6.2).
    dropped_data_no_bufs,
    /// Messages that found no buffer space (spec 4.3.4).
    buffer_alloc_failures,
    /// Times that a core went on using its page because nobody else used it any more (spec 4.3.4).
    bpage_reuses,
    /// Peers created (spec 9.2).
    peer_allocs,
    /// Runs of the grant procedure for a grantable RPC (spec 5.4).
    grant_check_calls,
    /// Attempts to serve a needy RPC (spec 5.4.2).
    needy_grants,
    /// Bytes granted by FIFO grants (spec 5.7).
    fifo_grant_bytes,
    /// RPCs managed for grants, integrated over time; in RPC picoseconds, where the kernel has RPC cycles.
    grantable_rpcs_integral,
    /// Time during which packets waited for a pacer; in picoseconds, where the kernel has cycles.
    nic_backlog_cycles,
    /// Transmit units that a pacer sent.
    pacer_homa_packets,
    /// Bytes that a pacer sent.
    pacer_homa_bytes,
    /// Bytes that a pacer sent because their message was the oldest.
    pacer_fifo_bytes,
    /// Packets of other protocols that the pacer of the queueing discipline sent (spec 7.4.4).
    pacer_tcp_packets,
    /// Bytes of other protocols that the pacer of the queueing discipline sent.
    pacer_tcp_bytes,
    /// Packets of other protocols that came to the queueing discipline.
    qdisc_tcp_packets,
    /// Insertions in the throttled list of the old pacer (spec 7.3).
    throttle_list_adds,
    /// Not a metric of the kernel: the largest total_incoming so far, in bytes (spec 5.1).
    peak_total_incoming,
    /// A sysctl of the kernel: the most RPCs that were managed for grants at a time (spec 10.7).
    max_grantable_rpcs,
    /// Not a metric of the kernel: GRANTs that granted nothing new (quirk Q2).
    redundant_grants,
}

impl Metrics {
    /// Counts an incoming message at its first packet (spec 11.2).
    ///
    /// Messages of exactly 4096 bytes have a bucket of their own; whether it is read is quirk Q15.
    pub fn count_message(&mut self, length: u32) {
        let bytes = u64::from(length);
        // The index of a message of length 0 doesn't matter: it has no bytes to count.
        let last = length.saturating_sub(1) as usize;
        if length < SMALL_LIMIT {
            self.small_msg_bytes[last >> 6] += bytes;
        } else if length < LARGE_LIMIT {
            self.medium_msg_bytes[last >> 10] += bytes;
        } else {
            self.large_msg_count += 1;
            self.large_msg_bytes += bytes;
        }
    }

    /// The bytes of incoming messages by size, except the large ones: for each interval of sizes its largest one and
    /// the bytes of messages in it, by increasing size.
    ///
    /// With quirk Q15 messages of exactly 4096 bytes are missing, otherwise they are in the interval up to 4096.
    pub fn size_bytes(&self, quirk_q15: bool) -> impl Iterator<Item = (u32, u64)> + '_ {
        let unprinted = if quirk_q15 { 0 } else { self.medium_msg_bytes[UNPRINTED] };
        let small = (1..).zip(&self.small_msg_bytes).map(move |(step, bytes)| {
            let max_size = 64 * step;
            (max_size, if max_size == SMALL_LIMIT { bytes + unprinted } else { *bytes })
        });
        let medium = (1..).zip(&self.medium_msg_bytes).skip(UNPRINTED + 1).map(|(step, bytes)| (1_024 * step, *bytes));
        small.chain(medium)
    }

    /// All counters with the names that the kernel prints them under; `quirk_q15` as for
    /// [`size_bytes`](Self::size_bytes).
    pub fn iter(&self, quirk_q15: bool) -> impl Iterator<Item = (Cow<'static, str>, u64)> + '_ {
        let by_type = |direction: &'static str, counts: &[u64; PacketType::ALL.len()]| {
            let named =
                |kind: PacketType| (Cow::from(format!("packets_{direction}_{}", kind.name())), counts[kind.index()]);
            PacketType::ALL.map(named)
        };
        let levels = (0..Priority::LEVELS).flat_map(|level| {
            [
                (Cow::from(format!("priority{level}_bytes")), self.priority_bytes[level]),
                (Cow::from(format!("priority{level}_packets")), self.priority_packets[level]),
            ]
        });
        let sizes = self.size_bytes(quirk_q15).map(|(size, bytes)| (Cow::from(format!("msg_bytes_{size}")), bytes));
        let scalars = self.scalars().map(|(name, value)| (Cow::from(name), value));
        let packets = by_type("sent", &self.packets_sent).into_iter().chain(by_type("rcvd", &self.packets_rcvd));
        packets.chain(levels).chain(sizes).chain(scalars)
    }
}
