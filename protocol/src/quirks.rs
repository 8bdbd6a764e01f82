//! The kernel's quirks, each of which can be switched (spec appendix A).

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize as DeserializeDerive, Serialize};
use thiserror::Error;

/// One row of [`Quirks::ROWS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuirkRow {
    /// The row of appendix A: 1 for Q1.
    pub number: u8,
    /// The name, which is that of the field in [`Quirks`].
    pub name: &'static str,
    /// What the kernel does, and what `true` selects.
    pub linux: &'static str,
    /// What `false` selects.
    pub otherwise: &'static str,
    /// The value in [`Quirks::fixed`].
    pub fixed: bool,
}

/// There is no quirk of this name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no quirk `{name}`; `Quirks::ROWS` lists all names")]
pub struct UnknownQuirk {
    /// What was given.
    pub name: String,
}

/// One row for each quirk: name, number, value in `fixed()`; what true does; what false does.
macro_rules! quirks {
    ($($name:ident: $number:literal, $fixed:literal; $linux:literal; $otherwise:literal)+) => {
        /// Where to follow the kernel's mistakes (spec appendix A): one switch for each, `true` = as the kernel.
        ///
        /// Q8 and Q13 are undefined behaviour and always avoided; Q12 has no effect in the kernel. serde reads
        /// `"linux"`, `"fixed"`, or a table with an optional `base` of one of these names (default `"linux"`) and
        /// single switches that differ from it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        pub struct Quirks {
            $(
                #[doc = concat!(
                    "Q", stringify!($number), ". True: ", $linux, " False: ", $otherwise, "\n\nIn [`Quirks::fixed`]: `",
                    stringify!($fixed), "`."
                )]
                pub $name: bool,
            )+
        }

        impl Quirks {
            /// All switches, in the order of their numbers.
            pub const ROWS: &[QuirkRow] = &[$(
                QuirkRow {
                    number: $number,
                    name: stringify!($name),
                    linux: $linux,
                    otherwise: $otherwise,
                    fixed: $fixed,
                },
            )+];

            /// Everything as the kernel does it. This is the [`Default`].
            #[must_use]
            pub const fn linux() -> Self {
                Self { $($name: true,)+ }
            }

            /// Everything as appendix A advises. Q6, Q18 and Q19 stay as in the kernel, where they are rules more than
            /// mistakes; they can be switched off one by one.
            #[must_use]
            pub const fn fixed() -> Self {
                Self { $($name: $fixed,)+ }
            }

            /// The switch with this name, or `None` if there is none.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<bool> {
                match name {
                    $(stringify!($name) => Some(self.$name),)+
                    _ => None,
                }
            }

            /// Sets the switch with this name.
            ///
            /// # Errors
            /// If there is none.
            pub fn set(&mut self, name: &str, value: bool) -> Result<(), UnknownQuirk> {
                match name {
                    $(stringify!($name) => self.$name = value,)+
                    _ => return Err(UnknownQuirk { name: name.to_owned() }),
                }
                Ok(())
            }
        }

        /// What a table may have: the base, and all switches.
        const KEYS: &[&str] = &["base", $(stringify!($name),)+];
    };
}

quirks! {
    stale_remaining: 1, false;
        "rank, order among needy RPCs and choice of a victim use the bytes that an RPC lacked when it became active.";
        "they use the bytes that it lacks now."
    redundant_grants: 2, false;
        "once a message is granted completely, each batch sends its last GRANT again or makes the RPC needy.";
        "a message that is granted completely gets no GRANT and is not needy."
    truncated_birth: 3, false;
        "the rank compares the low 32 bits of an RPC's birth with the births of the others.";
        "it compares whole births."
    needy_unserved_at_end: 4, false;
        "after the end of an RPC, the one promoted in its place waits for the next packet of a grantable RPC.";
        "the needy are served after every removal."
    stale_fifo_interval: 5, false;
        "a write to link_mbps leaves the FIFO grant interval as it was.";
        "the interval is recomputed."
    fifo_level_sticks: 6, true;
        "the level of a FIFO grant applies to all scheduled data until the next GRANT.";
        "it applies to the bytes that the FIFO grant adds."
    unbuffered_response_hangs: 7, false;
        "an RPC whose response can't be received, for want of a buffer region or for its length, hangs for ever.";
        "it fails with ENOMEM or EINVAL."
    pacer_idle_until_configured: 9, false;
        "the old pacer throttles nothing until a base sysctl is written.";
        "it works from the start."
    repeated_timeouts: 10, false;
        "a client RPC that has timed out is aborted again at each tick until the application takes it.";
        "it is aborted once."
    private_flag_hidden: 11, false;
        "information about an RPC gets its private flag wrong.";
        "the flag is right."
    fragmentation_needed_aborts: 14, false;
        "ICMP \"fragmentation needed\" aborts all RPCs with the peer.";
        "it aborts none; the driver sets the route's new MTU."
    size_4096_uncounted: 15, false;
        "messages of exactly 4096 bytes are missing in the size counters that are read.";
        "they are counted with those of 4033 to 4095 bytes."
    offset_needs_gro: 16, false;
        "the offset −1 is only understood in packets that pass GRO; others are discarded.";
        "it is always understood."
    endless_need_acks: 17, false;
        "NEED_ACK is sent at each tick until the RPC ends.";
        "the interval doubles each time, and after timeout_ticks without an ack the RPC is given up."
    no_memory_of_finished_rpcs: 18, true;
        "a late duplicate of a finished request is executed again.";
        "a bounded number of finished server RPCs is remembered, and late duplicates are dropped."
    need_ack_resends: 19, true;
        "NEED_ACK for an incomplete response sends RESENDs at once, in addition to the timer's.";
        "resending is left to the timer."
    zero_length_accepted: 20, false;
        "a message of length 0 creates an RPC that can never complete.";
        "its packets are dropped."
    dead_senders_stop_grants: 21, false;
        "what was granted to senders that are silent counts as coming, so that a few dead ones stop all grants.";
        "a message that nothing comes of for resend_ticks gives its slot up, until its next packet, and counts no more."
    stalled_messages_wait_for_ever: 22, false;
        "a message that waits for buffers never times out.";
        "it times out as others do."
    useless_packets_end_silence: 23, false;
        "a DATA packet ends the silence of its RPC even if it is discarded, so that an RPC can wait for ever.";
        "only a packet that brings something does."
    responses_from_anywhere: 24, false;
        "a client takes packets for its RPCs from every host.";
        "it takes those of the host that the request went to."
    endless_retransmissions: 25, false;
        "every RESEND queues packets, however many of the message wait already.";
        "a RESEND is ignored while as many packets wait as the message has."
    resend_for_each_gap: 26, false;
        "a RESEND is sent for each gap, however many there are.";
        "at most 64 are sent for a message at a time."
    ids_begin_at_2: 27, false;
        "identifiers begin at 2 in every boot, so that a client that restarts can be given old responses.";
        "they begin at a number drawn from Config::boot."
    late_window: 28, false;
        "a write to window or max_incoming changes the window when the number of active RPCs next changes.";
        "it changes the window at once."
    signed_incoming: 29, false;
        "the incoming of DATA is signed: from 2^31 on, the message is grantable from its first byte.";
        "it is unsigned: the message comes without grants."
    port_0_fails_all: 30, false;
        "ICMP port unreachable that quotes destination port 0 fails all RPCs with the peer.";
        "it fails the RPCs with port 0, as another port does."
    fifo_weight_wraps: 31, false;
        "the product of a packet's length and the FIFO weight has 32 bits: long units at small fractions get a wrong share.";
        "it has as many as it needs."
    any_abort_error: 32, false;
        "HOMAIOCABORT takes error numbers that Linux doesn't have.";
        "it takes those below 4096."
    unchecked_sysctls: 33, false;
        "a write to a sysctl takes any number of 32 bits, and fewer or more of them than the sysctl has.";
        "it takes what the protocol can work with, and refuses everything else."
    ids_may_repeat: 34, false;
        "after a write to next_id, a request can get the identifier of an RPC that still lives.";
        "such identifiers are passed over."
    grants_lag_behind: 35, false;
        "a grant is counted from the one before, even if units have brought more: with little headroom it grants nothing new, and the message stops.";
        "it is counted from what has come."
    nothing_unscheduled_never_begins: 36, false;
        "with unsched_bytes 0 a sender waits for a grant, and its receiver for a first packet.";
        "at least one byte is unscheduled."
    unsent_responses_wait_for_ever: 37, false;
        "a server that waits for grants for its response never times out, even if the client is gone.";
        "it asks for the first byte of the request again, and times out as a client does."
}

impl Default for Quirks {
    fn default() -> Self {
        Self::linux()
    }
}

#[derive(DeserializeDerive)]
#[serde(rename_all = "lowercase")]
enum Base {
    Linux,
    Fixed,
}

impl Base {
    fn quirks(self) -> Quirks {
        match self {
            Self::Linux => Quirks::linux(),
            Self::Fixed => Quirks::fixed(),
        }
    }
}

/// A key of a table, checked while serde still knows its position.
struct Key(&'static str);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a quirk, or `base`")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Key, E> {
                let known = KEYS.iter().find(|key| **key == name);
                known.map(|key| Key(key)).ok_or_else(|| E::unknown_field(name, KEYS))
            }
        }
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

struct QuirksVisitor;

impl<'de> Visitor<'de> for QuirksVisitor {
    type Value = Quirks;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"linux\", \"fixed\" or a table of quirks")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Quirks, E> {
        Base::deserialize(name.into_deserializer()).map(Base::quirks)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Quirks, A::Error> {
        let mut base = None;
        // `base` may come after the switches that differ from it.
        let mut given = [None; KEYS.len() - 1];
        while let Some(Key(key)) = table.next_key()? {
            let twice = match KEYS[1..].iter().position(|known| *known == key) {
                None => base.replace(table.next_value::<Base>()?).is_some(),
                Some(row) => given[row].replace(table.next_value::<bool>()?).is_some(),
            };
            if twice {
                return Err(de::Error::duplicate_field(key));
            }
        }
        let mut quirks = base.unwrap_or(Base::Linux).quirks();
        for (row, value) in Quirks::ROWS.iter().zip(given) {
            if let Some(value) = value {
                quirks.set(row.name, value).expect("every row has a switch");
            }
        }
        Ok(quirks)
    }
}

impl<'de> Deserialize<'de> for Quirks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuirksVisitor)
    }
}
