//! What a user should know of parameters before a run: what they cost, and which have no effect.

use crate::{Config, CutoffSource, Parameters};
use homa_fabric::Framing;
use homa_protocol::{MAX_MESSAGE_LENGTH, Sysctls, TransmitMode};
use homa_run::{Context, FrameBytes};
use homa_units::{BitRate, Bytes, Duration, Priority};

/// What stands in the way of speed, with what it costs a message in an idle network.
pub(crate) fn notes(config: &Config, context: &Context<'_>) -> Vec<String> {
    let frames = FrameBytes { data: config.full_frame_bytes(), control: config.grant_frame_bytes() };
    let round_trip_bytes = context.round_trip_bytes(frames, Framing::ETHERNET);
    let longest = context.sizes.last().map_or(Bytes::ZERO, |(size, _)| *size);
    let mut notes = Vec::new();
    notes.extend(link_note(config, context));
    notes.extend(nic_queue_note(config, context));
    if longest.get() > u64::from(config.core.sysctls.unsched_bytes) {
        notes.extend(unscheduled_note(config, round_trip_bytes, context.host_rate));
        notes.extend(window_note(config, round_trip_bytes));
    }
    notes.extend(level_note(config, context));
    notes
}

/// The kernel's pacers, and its FIFO grants, believe what they are told of the link.
fn link_note(config: &Config, context: &Context<'_>) -> Option<String> {
    let sysctls = &config.core.sysctls;
    let told = u64::from(sysctls.link_mbps) * 1_000_000;
    let who = match (is_paced(&config.parameters), has_fifo_grants(sysctls)) {
        (true, true) => "the pacer and FIFO grants are",
        (true, false) => "the pacer is",
        (false, true) => "FIFO grants are",
        (false, false) => return None,
    };
    (told != context.host_rate.as_bps()).then(|| {
        format!(
            "{who} told that links have {} Mbps, but hosts have {}; set transport.homa.sysctl.link_mbps",
            sysctls.link_mbps, context.host_rate
        )
    })
}

/// A NIC's queue that can't hold the next packet runs dry.
fn nic_queue_note(config: &Config, context: &Context<'_>) -> Option<String> {
    let sysctls = &config.core.sysctls;
    if config.parameters.transmit != TransmitMode::Qdisc || !config.parameters.nic_completions {
        return None;
    }
    let frame = Bytes::new(u64::from(config.full_frame_bytes()));
    let packet = context.host_rate.serialization(frame)?;
    let queue = Duration::from_us(u64::from(sysctls.max_nic_queue_usecs));
    (queue < packet).then(|| {
        format!(
            "transport.homa.sysctl.max_nic_queue_usecs = {} is less than a full packet takes of the link ({packet}): \
             the link waits between packets, also in an idle network",
            sysctls.max_nic_queue_usecs
        )
    })
}

fn unscheduled_note(config: &Config, round_trip_bytes: Bytes, host_rate: BitRate) -> Option<String> {
    let unscheduled = config.core.sysctls.unsched_bytes;
    let missing = round_trip_bytes.get().checked_sub(config.packets_wire_bytes(unscheduled))?;
    let wait = host_rate.serialization(Bytes::new(missing))?;
    (missing > 0).then(|| {
        format!(
            "transport.homa.sysctl.unsched_bytes = {unscheduled} is less than fills an idle round trip \
             ({round_trip_bytes} on the wire): a longer message waits up to {:.1} us for its first grant, also in an \
             idle network",
            wait.as_ps() as f64 / 1e6
        )
    })
}

fn window_note(config: &Config, round_trip_bytes: Bytes) -> Option<String> {
    let sysctls = &config.core.sysctls;
    let packet_bytes = config.geometry.max_seg_data();
    let unscheduled = sysctls.unsched_bytes;
    if sysctls.max_incoming < packet_bytes {
        return Some(format!(
            "transport.homa.sysctl.max_incoming = {} is less than the {packet_bytes} B of a packet: a message longer \
             than the {unscheduled} B of unsched_bytes may never be granted, and never finish",
            sysctls.max_incoming
        ));
    }
    let (key, given) =
        if sysctls.window == 0 { ("max_incoming", sysctls.max_incoming) } else { ("window", sysctls.window) };
    // Senders send whole packets: a grant of one byte lets a packet go.
    let window = sysctls.windows()[1].min(sysctls.max_incoming);
    let wire_bytes = config.packets_wire_bytes(window.next_multiple_of(packet_bytes));
    (wire_bytes < round_trip_bytes.get()).then(|| {
        format!(
            "transport.homa.sysctl.{key} = {given} lets {window} B of one message be in flight, which is less than \
             fills an idle round trip ({round_trip_bytes} on the wire): a long message takes up to {:.1} times as long \
             as it could, also in an idle network",
            round_trip_bytes.get() as f64 / wire_bytes as f64
        )
    })
}

/// Levels that the cutoffs leave without packets.
fn level_note(config: &Config, context: &Context<'_>) -> Option<String> {
    let sysctls = &config.core.sysctls;
    if sysctls.num_priorities == 1 || matches!(config.parameters.cutoffs, CutoffSource::HomaPrio(_)) {
        return None;
    }
    let level = |size: Bytes| sysctls.unscheduled_level(&sysctls.unsched_cutoffs, size.get() as u32).get();
    let used: Vec<u8> = context.sizes.iter().map(|(size, _)| level(*size)).collect();
    let (lowest, highest) = (used.iter().min()?, used.iter().max()?);
    (lowest == highest && u32::from(*highest) <= sysctls.max_sched_prio).then(|| {
        format!(
            "with transport.homa.sysctl.num_priorities = {} and these cutoffs all unscheduled packets go on level \
             {lowest}, below or with scheduled ones: that is worse than a single level; set \
             transport.homa.sysctl.unsched_cutoffs",
            sysctls.num_priorities
        )
    })
}

/// "unscheduled 4 to 7, scheduled 0 to 3".
pub(crate) fn levels(config: &Config) -> String {
    let sysctls = &config.core.sysctls;
    let levels = sysctls.num_priorities.min(Priority::LEVELS as u32) as usize;
    // A level is used if it has messages that no higher level takes. Cutoffs may be beyond all
    // messages.
    let longest = |level: usize| sysctls.unsched_cutoffs[level].min(MAX_MESSAGE_LENGTH);
    let longest_above = |level: usize| (level + 1..levels).map(longest).max().unwrap_or(0);
    let is_used = |level: &usize| longest(*level) > longest_above(*level);
    let used: Vec<usize> = (0..levels).filter(is_used).collect();
    let range = |from: usize, to: usize| if from == to { to.to_string() } else { format!("{from} to {to}") };
    let unscheduled = match (used.first(), used.last()) {
        (Some(lowest), Some(highest)) => range(*lowest, *highest),
        _ => "none".to_owned(),
    };
    format!("levels: unscheduled {unscheduled}, scheduled {}", range(0, sysctls.max_sched_prio as usize))
}

const fn is_paced(parameters: &Parameters) -> bool {
    matches!(parameters.transmit, TransmitMode::OldPacer | TransmitMode::Qdisc)
}

const fn has_fifo_grants(sysctls: &Sysctls) -> bool {
    sysctls.grant_fifo_fraction != 0 && sysctls.fifo_grant_increment != 0
}

/// The keys without effect, and why.
pub(crate) fn without_effect(parameters: &Parameters) -> Vec<(&'static str, &'static str)> {
    let Parameters { transmit, quirks, sysctl, cutoffs, .. } = parameters;
    let mut idle: Vec<(&str, &str)> =
        IDLE_SYSCTLS.iter().map(|key| (*key, "the simulator has nothing that it is about")).collect();
    // Quirk Q9: in the simulator nobody writes a sysctl after the start.
    let sleeps = *transmit == TransmitMode::OldPacer && quirks.pacer_idle_until_configured;
    if !is_paced(parameters) || sleeps {
        let why = if sleeps {
            "quirk Q9 keeps the old pacer idle until a sysctl is written while it runs; set \
             transport.homa.quirks.pacer_idle_until_configured = false"
        } else {
            "packets are not paced; that needs transport.homa.transmit = \"old-pacer\" or \"qdisc\""
        };
        idle.extend(PACED.map(|key| (key, why)));
        if !has_fifo_grants(sysctl) {
            idle.push(("sysctl.link_mbps", why));
        }
    }
    if *transmit != TransmitMode::Qdisc {
        let why = "it is about homa_qdisc; that needs transport.homa.transmit = \"qdisc\"";
        idle.extend(["sysctl.max_link_usage", "sysctl.max_nic_queue_usecs", "nic_completions"].map(|key| (key, why)));
    } else if !parameters.nic_completions {
        idle.push(("sysctl.max_nic_queue_usecs", "transport.homa.nic_completions = false leaves the queue unknown"));
    }
    if *transmit != TransmitMode::OldPacer {
        idle.push((
            "sysctl.flags",
            "its bits are about the old pacer; that needs transport.homa.transmit = \"old-pacer\"",
        ));
    }
    idle.push(("sysctl.homa_share", "all traffic is Homa's"));
    if sysctl.grant_fifo_fraction == 0 {
        idle.push((
            "sysctl.fifo_grant_increment",
            "transport.homa.sysctl.grant_fifo_fraction = 0 switches FIFO grants off",
        ));
    }
    if sysctl.fifo_grant_increment == 0 {
        idle.push((
            "sysctl.grant_fifo_fraction",
            "transport.homa.sysctl.fifo_grant_increment = 0 switches FIFO grants off",
        ));
    }
    if matches!(cutoffs, CutoffSource::Published(_)) {
        idle.push(("sysctl.unsched_cutoffs", "transport.homa.cutoffs gives the published ones"));
    } else if sysctl.num_priorities == 1 {
        idle.push(("sysctl.unsched_cutoffs", "transport.homa.sysctl.num_priorities = 1 leaves a single level"));
    }
    if sysctl.max_gso_size == 0 {
        idle.push(("device_gso_max_size", "transport.homa.sysctl.max_gso_size = 0 makes each packet a unit"));
    }
    idle
}

/// What only a pacer looks at.
const PACED: [&str; 3] = ["sysctl.defer_min_bytes", "sysctl.max_nic_est_backlog_usecs", "sysctl.pacer_fifo_fraction"];

/// Sysctls of what the simulator doesn't have: threads, cores, GRO, memory, logs. A test holds this
/// list against the core's table.
const IDLE_SYSCTLS: [&str; 18] = [
    "sysctl.accept_bits",
    "sysctl.action",
    "sysctl.busy_usecs",
    "sysctl.dead_buffs_limit",
    "sysctl.drop_bits",
    "sysctl.freeze_type",
    "sysctl.gen3_softirq_cores",
    "sysctl.gro_busy_usecs",
    "sysctl.gro_policy",
    "sysctl.gso_force_software",
    "sysctl.max_gro_skbs",
    "sysctl.poll_usecs",
    "sysctl.reap_limit",
    "sysctl.skb_page_frees_per_sec",
    "sysctl.skb_page_pool_min_kb",
    "sysctl.temp",
    "sysctl.timeout_resends",
    "sysctl.verbose",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sysctl_that_the_core_does_not_act_on_is_listed() {
        let idle = Sysctls::TABLE.iter().filter(|info| !info.effective && info.writable);
        let names: Vec<_> = idle.map(|info| format!("sysctl.{}", info.name)).collect();
        let listed: Vec<_> = IDLE_SYSCTLS.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(names, listed);
    }
}
