//! The one list from which the fields, their defaults and [`Sysctls::TABLE`] are made.

use super::text::Value;
use super::{SysctlError, SysctlGroup, SysctlInfo};
use serde::{Deserialize, Serialize};

/// What a sysctl accepts.
struct Limits {
    writable: bool,
    least: i64,
    most: u64,
    capped: bool,
}

/// The kernel keeps nearly all of them in signed 32-bit integers.
const INT_MAX: u64 = i32::MAX as u64;

macro_rules! limits {
    (read-only) => {
        Limits { writable: false, least: 0, most: INT_MAX, capped: false }
    };
    (any) => {
        Limits { writable: true, least: 0, most: INT_MAX, capped: false }
    };
    (any 32-bit) => {
        Limits { writable: true, least: i32::MIN as i64, most: INT_MAX, capped: false }
    };
    (any 64-bit) => {
        Limits { writable: true, least: 0, most: u64::MAX, capped: false }
    };
    (at least $least:literal) => {
        Limits { writable: true, least: $least, most: INT_MAX, capped: false }
    };
    ($least:literal to $most:literal) => {
        Limits { writable: true, least: $least, most: $most, capped: false }
    };
    ($least:literal to $most:literal, capped) => {
        Limits { writable: true, least: $least, most: $most, capped: true }
    };
}

macro_rules! effect {
    (yes) => {
        true
    };
    (no) => {
        false
    };
}

/// One row for each sysctl: name, type, default; group, unit, accepted values, whether this core acts on it; meaning.
macro_rules! sysctls {
    ($($(#[$attribute:meta])* $name:ident: $type:ty = $default:expr;
        $group:ident, $unit:literal, [$($limits:tt)+], effect $effect:ident; $meaning:literal)+) => {
        /// The parameters of a node (spec 10.7): one field for each sysctl, in the sysctl's own unit.
        ///
        /// The [`Default`] is that of the kernel. A table read by serde changes what it names; if that changes
        /// `num_priorities` or `unsched_cutoffs`, the recomputation of spec 6.1 runs once, as after a write. Values out
        /// of range are refused.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "Written")]
        pub struct Sysctls {
            $(
                #[doc = concat!(
                    $meaning, "\n\nUnit: ", $unit, ". Default: `", stringify!($default), "`. Accepted: `",
                    stringify!($($limits)+), "`. Effect in this core: ", stringify!($effect), "."
                )]
                $(#[$attribute])*
                pub $name: $type,
            )+
        }

        impl Default for Sysctls {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        /// Sysctls as serde reads them, not yet checked.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, default, expecting = "a table of sysctls")]
        struct Written {
            $(
                $(#[$attribute])*
                $name: $type,
            )+
        }

        impl Default for Written {
            fn default() -> Self {
                let Sysctls { $($name,)+ } = Sysctls::default();
                Self { $($name,)+ }
            }
        }

        impl Written {
            fn unchecked(self) -> Sysctls {
                let Self { $($name,)+ } = self;
                Sysctls { $($name,)+ }
            }
        }

        impl Sysctls {
            /// All sysctls, in the order of spec 10.7.
            pub const TABLE: &[SysctlInfo] = &[$({
                let limits = limits!($($limits)+);
                SysctlInfo {
                    name: stringify!($name),
                    group: SysctlGroup::$group,
                    unit: $unit,
                    writable: limits.writable,
                    effective: effect!($effect),
                    least: limits.least,
                    most: limits.most,
                    capped: limits.capped,
                    meaning: $meaning,
                }
            },)+];

            /// The field with this name.
            pub(super) fn value(&self, name: &str) -> Option<&dyn Value> {
                match name {
                    $(stringify!($name) => Some(&self.$name),)+
                    _ => None,
                }
            }

            /// The field with this name, to be set.
            pub(super) fn value_mut(&mut self, name: &str) -> Option<&mut dyn Value> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)+
                    _ => None,
                }
            }
        }
    };
}

sysctls! {
    accept_bits: u32 = 0; Base, "log2 packets", [any], effect no;
        "Packets accepted between the drops of drop injection, which the kernel no longer calls."
    action: u32 = 0; Base, "code", [any], effect no;
        "Asks the kernel for a debugging action when written: logs, traces."
    bpage_lease_usecs: u32 = 10_000; Base, "µs", [any], effect yes;
        "How long a core keeps the buffer page that it packs short messages into (spec 4.3)."
    busy_usecs: u32 = 100; Base, "µs", [any], effect no;
        "A core that ran a receiving thread this recently counts as busy when a thread is chosen."
    #[serde(skip)]
    cutoff_version: u32 = 1; Base, "version", [read-only], effect yes;
        "Version of the cutoffs, sent to peers in 16 bits and advanced at each change of them (spec 6.1)."
    dead_buffs_limit: u32 = 5_000; Base, "buffers", [any], effect no;
        "Packet buffers of ended RPCs above which the kernel frees them at once (spec 3.10); this core always does."
    drop_bits: u32 = 0; Base, "log2 packets", [any], effect no;
        "Packets lost by drop injection, which the kernel no longer calls."
    flags: u32 = 0; Base, "bits", [any], effect yes;
        "Bit value 2: the old pacer lets everything pass (spec 7.2)."
    freeze_type: u32 = 0; Base, "code", [any], effect no;
        "Which event freezes the kernel's trace buffer."
    gen3_softirq_cores: [i32; 3] = [1, -1, -1]; Base, "cores", [any 32-bit], effect no;
        "Cores that may run the protocol for packets that arrive on the asking core, -1 for none; shown for core 0."
    gro_busy_usecs: u32 = 5; Base, "µs", [any], effect no;
        "A core that took packets from the NIC this recently counts as busy when one is chosen for the protocol."
    gro_policy: u32 = 0x72; Base, "bits", [any], effect no;
        "How the kernel chooses the core that handles a packet, and which packets pass by that choice."
    gso_force_software: u32 = 0; Base, "bool", [any], effect no;
        "Makes the kernel instead of the NIC cut transmit units into packets."
    hijack_tcp: u32 = 0; Base, "bool", [any], effect yes;
        "Sends packets in the guise of TCP, which changes how many segments fit in a transmit unit (spec 2.6, 2.8)."
    link_mbps: u32 = 25_000; Base, "10^6 bit/s", [at least 1], effect yes;
        "Speed of the uplink, from which the pacers and FIFO grants take theirs (spec 5.7, 7.2, 7.4.1)."
    #[serde(skip)]
    max_dead_buffs: u32 = 0; Base, "buffers", [read-only], effect no;
        "The most packet buffers of ended RPCs that a socket ever held; this core holds none."
    max_gro_skbs: u32 = 20; Base, "packets", [any], effect no;
        "The most packets that the kernel hands to the protocol as one batch; here the driver forms the batches."
    max_gso_size: u32 = 0; Base, "bytes", [any], effect yes;
        "Largest transmit unit, headers included; 0 makes each packet a unit (spec 2.8)."
    #[serde(skip)]
    max_sched_prio: u32 = 3; Base, "level", [read-only], effect yes;
        "The highest level of scheduled packets, derived from the cutoffs (spec 6.1)."
    next_id: u64 = 0; Base, "id", [any 64-bit], effect yes;
        "Sets the identifier of the next client RPC when written; it should be even (spec 1.1). 0 at start means 2."
    num_priorities: u32 = 8; Base, "levels", [1 to 8, capped], effect yes;
        "Levels in use: 0 to one less (spec 6.1)."
    poll_usecs: u32 = 50; Base, "µs", [any], effect no;
        "How long a receiving thread spins before it sleeps."
    priority_map: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7]; Base, "level on the wire", [0 to 7], effect yes;
        "The three bits that stand for each level in the packets' IP headers (spec 2.7)."
    reap_limit: u32 = 10; Base, "buffers", [any], effect no;
        "Packet buffers that the kernel frees at a time (spec 3.10); this core frees all at once."
    request_ack_ticks: u32 = 2; Base, "ticks", [any], effect yes;
        "How long a completely sent response waits for its ack before NEED_ACK (spec part 8)."
    resend_interval: u32 = 5; Base, "ticks", [at least 1], effect yes;
        "Time between further RESENDs for the same RPC (spec part 8)."
    resend_ticks: u32 = 5; Base, "ticks", [any], effect yes;
        "Silence before the first RESEND (spec part 8)."
    skb_page_frees_per_sec: u32 = 1_000; Base, "pages/s", [any], effect no;
        "How fast the kernel gives cached pages of packet buffers back."
    skb_page_pool_min_kb: u32 = 3_000; Base, "KB", [any], effect no;
        "Cached pages of packet buffers that the kernel keeps."
    temp: [i32; 4] = [0; 4]; Base, "scratch", [any 32-bit], effect no;
        "Values for experiments with the kernel's code."
    timeout_resends: u32 = 5; Base, "RESENDs", [any], effect no;
        "Not used by the kernel either."
    timeout_ticks: u32 = 100; Base, "ticks", [any], effect yes;
        "Silence before an RPC is given up (spec part 8)."
    unsched_bytes: u32 = 40_000; Base, "bytes", [any], effect yes;
        "What of a message is sent without waiting for grants (spec 3.3)."
    unsched_cutoffs: [u32; 8] = [0, 0, 0, 0, 1_000_000, 15_000, 2_800, 200]; Base, "bytes", [any], effect yes;
        "Entry i: the largest message that uses level i for its unscheduled packets to this node (spec 6.1)."
    verbose: u32 = 0; Base, "bool", [any], effect no;
        "Makes the kernel log more."
    wmem_max: u32 = 100_000_000; Base, "bytes", [any], effect yes;
        "Limit of the memory for messages being sent, of each socket created later (spec 10.1)."
    fifo_grant_increment: u32 = 50_000; Grant, "bytes", [any], effect yes;
        "Size of a FIFO grant; 0 for none (spec 5.7)."
    grant_fifo_fraction: u32 = 50; Grant, "1/1000", [0 to 500, capped], effect yes;
        "Share of the link's bandwidth that FIFO grants give away; 0 for none (spec 5.7)."
    #[serde(skip)]
    max_grantable_rpcs: u32 = 0; Grant, "RPCs", [read-only], effect no;
        "The most RPCs that were managed for grants at a time; this core counts them in its metrics."
    max_incoming: u32 = 400_000; Grant, "bytes", [any], effect yes;
        "Ceiling of the bytes that were granted and have not arrived, over all grantable RPCs (spec 5.1)."
    max_overcommit: u32 = 8; Grant, "RPCs", [1 to 8, capped], effect yes;
        "How many RPCs may be active, that is, receive grants (spec 5.1)."
    window: u32 = 0; Grant, "bytes", [any], effect yes;
        "How far an active RPC is granted beyond what has arrived; 0 shares max_incoming (spec 5.1)."
    defer_min_bytes: u32 = 1_000; Qdisc, "bytes", [any], effect yes;
        "Shorter messages are never deferred by a pacer (spec 7.1, 7.4.1)."
    homa_share: u32 = 50; Qdisc, "%", [0 to 100, capped], effect yes;
        "Homa's share of the link while other traffic is deferred as well (spec 7.4.4)."
    max_link_usage: u32 = 99; Qdisc, "%", [5 to 100, capped], effect yes;
        "The rate that the queueing discipline paces to, relative to the link's (spec 7.4.1)."
    max_nic_est_backlog_usecs: u32 = 5; Qdisc, "µs", [any], effect yes;
        "How much transmission time the NIC may have in its queue by estimate before packets wait (spec 7.2, 7.4.1)."
    max_nic_queue_usecs: u32 = 40; Qdisc, "µs", [any], effect yes;
        "How much transmission time the NIC may really have in its queue before packets wait (spec 7.4.1)."
    pacer_fifo_fraction: u32 = 50; Qdisc, "1/1000", [0 to 1000], effect yes;
        "Share of what waits for a pacer that goes oldest first (spec 7.3, 7.4.4)."
    peer_gc_threshold: u32 = 5_000; Peer, "peers", [any], effect yes;
        "Peers are only forgotten if there are at least this many (spec 9.4)."
    peer_idle_secs_min: u32 = 10; Peer, "s", [any], effect yes;
        "Idle time before a peer may be forgotten if there are more than peer_net_max (spec 9.4)."
    peer_idle_secs_max: u32 = 120; Peer, "s", [any], effect yes;
        "Idle time before a peer may be forgotten in any case (spec 9.4)."
    peer_net_max: u32 = 10_000; Peer, "peers", [any], effect yes;
        "How many peers there may be before those idle for a shorter time are forgotten too (spec 9.4)."
}

impl TryFrom<Written> for Sysctls {
    type Error = SysctlError;

    fn try_from(written: Written) -> Result<Self, SysctlError> {
        let mut sysctls = written.unchecked();
        sysctls.validate()?;
        let start = Self::default();
        if sysctls.num_priorities != start.num_priorities || sysctls.unsched_cutoffs != start.unsched_cutoffs {
            sysctls.prios_changed();
        }
        Ok(sysctls)
    }
}
