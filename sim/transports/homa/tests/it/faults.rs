//! Whatever is lost, every message ends exactly once and nothing stays behind; what is sent again
//! is what was lost. When a host dies, its own messages are abandoned, those to it fail after a
//! hundred ticks of silence, and nobody else notices.

use crate::model;
use crate::support::{
    Fate, Log, Net, message, parameters, poisson, sent, shipped, simulation, switch_25g, tick_phase, total,
};
use homa_fabric::{Advanced, Faults, Message, Submission};
use homa_linux::Parameters;
use homa_protocol::{PacketType, Quirks, Sysctls, TransmitMode};
use homa_topologies::HostId;
use homa_units::{Duration, Time};

/// Every message that was created has ended once, and there was one for each line of the scripts.
fn each_ends_once(log: &Log, traffic: &[Vec<Submission>]) {
    let mut ended: Vec<_> = log.ends.iter().map(|(_, _, message)| (message.source, message.sequence)).collect();
    ended.sort_unstable();
    ended.dedup();
    assert_eq!((ended.len(), log.ends.len()), (log.created, log.created));
    assert_eq!(log.created, traffic.iter().map(Vec::len).sum::<usize>());
    assert!(log.ends.is_sorted_by_key(|(at, ..)| *at));
}

/// No packets, no messages, and at the living hosts no RPCs: an endpoint's timer ticks while it has
/// any.
fn nothing_is_left(net: &Net, dead: Option<u32>) {
    assert_eq!((net.unfinished().count(), net.packets_in_network()), (0, 0));
    for (_, host) in (0..).zip(net.transports()).filter(|(host, _)| Some(*host) != dead) {
        let Some(endpoint) = host.endpoint() else { continue };
        endpoint.check_invariants();
        assert_eq!((endpoint.poll_timeout(), endpoint.total_incoming()), (None, 0));
    }
}

/// Five standard deviations around the number of packets lost of `packets`.
fn binomial(loss: f64, packets: u64) -> (f64, f64) {
    let mean = loss * packets as f64;
    let width = 5.0 * (mean * (1.0 - loss)).sqrt();
    (mean - width, mean + width)
}

fn all_packets(net: &Net) -> u64 {
    PacketType::ALL.into_iter().map(|packet| sent(net, packet)).sum()
}

/// A retransmission is due for each lost DATA packet, and for each duplicate that reached its
/// receiver in vain. The latter are few: a gap is asked for byte by byte, and only of a message of
/// which nothing has arrived is everything repeated.
///
/// RESENDs: one asks for several packets if neighbours were lost (at these rates seldom more than
/// two), and besides each lost GRANT, RESEND or BUSY may cost one.
fn what_is_repeated_is_what_was_lost(net: &mut Net, loss: f64, packets: u64) {
    let lost_packets = net.statistics().lost_packets;
    let data = sent(net, PacketType::Data);
    let (resent, resends) = (total(net, |metrics| metrics.resent_packets), sent(net, PacketType::Resend));
    let lost_data = data - total(net, |metrics| metrics.packets_rcvd[PacketType::Data.index()] + metrics.unknown_rpcs);
    assert_eq!(data, packets + resent, "what is not repeated is sent once");
    let (least, most) = binomial(loss, all_packets(net));
    assert!((least..=most).contains(&(lost_packets as f64)), "{lost_packets} lost packets");
    let (least, most) = binomial(loss, data);
    assert!((least..=most).contains(&(lost_data as f64)), "{lost_data} lost DATA packets");
    assert!((lost_data..=lost_data + lost_data / 10).contains(&resent), "{resent} repeated, {lost_data} lost");
    assert!((lost_data / 2..=2 * lost_packets).contains(&resends), "{resends} RESENDs, {lost_packets} lost");
}

fn with_loss(workload: &str, mode: TransmitMode, loss: f64, end: Duration) {
    let parameters = parameters(mode, 10);
    let traffic = poisson(16, &parameters, workload, 0.5, Time::ZERO + end);
    let faults = Faults::default().with_loss(loss).unwrap();
    let mut net = simulation(&shipped("sigcomm18-16"), &parameters, faults, traffic.clone());
    assert_eq!(net.run_until(Time::from_ps(1_000_000_000_000)), Advanced::Idle);
    each_ends_once(net.observer(), &traffic);
    assert_eq!(net.observer().count(Fate::Failed), 0);
    nothing_is_left(&net, None);
    let size = |sent: &Submission| u32::try_from(sent.size.get()).unwrap();
    let packets: usize = traffic.iter().flatten().map(|sent| model::packets(size(sent)).len()).sum();
    // The response is as long as the request.
    what_is_repeated_is_what_was_lost(&mut net, loss, 2 * packets as u64);
    if loss == 0.0 {
        assert_eq!((sent(&net, PacketType::Resend), sent(&net, PacketType::Busy)), (0, 0));
        assert_eq!(total(&net, |metrics| metrics.packet_discards), 0);
    }
}

#[test]
fn short_messages_all_complete_whatever_is_lost() {
    for mode in [TransmitMode::Pull, TransmitMode::Qdisc] {
        for loss in [0.0, 0.001, 0.01] {
            with_loss("w2-kernel", mode, loss, Duration::from_ms(2));
        }
    }
}

#[test]
fn long_messages_all_complete_whatever_is_lost() {
    for mode in [TransmitMode::Pull, TransmitMode::Qdisc] {
        for loss in [0.0, 0.001, 0.01] {
            with_loss("w4-kernel", mode, loss, Duration::from_ms(4));
        }
    }
}

/// The other modes, and a loss at which RESENDs and their answers are often lost too.
#[test]
fn a_tenth_of_all_packets_may_be_lost() {
    for mode in crate::support::MODES {
        let parameters = parameters(mode, 10);
        let traffic = poisson(16, &parameters, "w3-kernel", 0.3, Time::ZERO + Duration::from_ms(1));
        let faults = Faults::default().with_loss(0.1).unwrap();
        let mut net = simulation(&shipped("sigcomm18-16"), &parameters, faults, traffic.clone());
        assert_eq!(net.run_until(Time::from_ps(1_000_000_000_000)), Advanced::Idle, "{mode:?}");
        each_ends_once(net.observer(), &traffic);
        assert_eq!(net.observer().count(Fate::Failed), 0);
        nothing_is_left(&net, None);
    }
}

/// Applications wait for send memory, clients and servers alike.
#[test]
fn messages_that_wait_for_send_memory_complete() {
    let sysctl = Sysctls { wmem_max: 3_000, ..Sysctls::default() };
    let parameters = Parameters { sysctl, ..Parameters::default() };
    let traffic = poisson(16, &parameters, "w3-kernel", 0.5, Time::ZERO + Duration::from_us(500));
    let mut net = simulation(&shipped("sigcomm18-16"), &parameters, Faults::default(), traffic.clone());
    assert_eq!(net.run_until(Time::MAX), Advanced::Idle);
    each_ends_once(net.observer(), &traffic);
    assert_eq!(net.observer().count(Fate::Completed), net.observer().created);
    nothing_is_left(&net, None);
}

const DEAD: u32 = 4;
const MS: u64 = 1_000_000_000;
const DEATH: Time = Time::from_ps(20 * MS);

/// Hosts 0 to 3 among themselves, 5 to 7 with host 4 in both directions; all before, at and after
/// its death.
fn around_a_death() -> Vec<Vec<Submission>> {
    let times = || (0..20).map(|turn| turn * 2 * MS + 777_777);
    let apart = times().flat_map(|at| {
        let pairs = [(0, 1), (1, 2), (2, 3), (3, 0)];
        pairs.map(|(source, destination)| message(at, source, destination, 200_000))
    });
    let to_dead =
        |source| times().map(move |at| message(at + 100_000 * u64::from(source), source, DEAD, 3_000)).collect();
    // When host 4 dies, the last one but one has completed without being acknowledged, and the last
    // one is under way.
    let from_dead = (0..10).map(|turn| message(turn * 2 * MS, DEAD, 5 + turn as u32 % 3, 500));
    let before = |ps, to, size| message(DEATH.as_ps() - ps, DEAD, to, size);
    let from_dead = from_dead.chain([before(MS / 2, 5, 500), before(MS / 10, 6, 1_000_000)]);
    vec![apart.collect(), to_dead(5), to_dead(6), to_dead(7), from_dead.collect()]
}

fn run(quirks: Quirks, deaths: Vec<(HostId, Time)>) -> (Net, Advanced) {
    let parameters = Parameters { quirks, ..Parameters::default() };
    let mut faults = Faults::default();
    faults.host_failures = deaths;
    let mut net = simulation(&switch_25g(8, Duration::ZERO), &parameters, faults, around_a_death());
    let outcome = net.run_until(Time::from_ps(400 * MS));
    (net, outcome)
}

/// The `count`-th tick of a host after an instant.
fn tick_after(host: HostId, at: Time, count: u64) -> Time {
    let phase = tick_phase(host.0).as_ps();
    Time::from_ps(phase + ((at.as_ps() - phase) / MS + count) * MS)
}

#[test]
fn the_death_of_a_host_concerns_only_those_who_talk_to_it() {
    let (net, outcome) = run(Quirks::fixed(), vec![(HostId(DEAD), DEATH)]);
    let (undisturbed, _) = run(Quirks::fixed(), vec![]);
    assert_eq!(outcome, Advanced::Idle);
    each_ends_once(net.observer(), &around_a_death());
    nothing_is_left(&net, Some(DEAD));
    let concerned = |message: &Message| [message.source, message.destination].contains(&HostId(DEAD));
    let apart = |log: &Log| {
        let apart = log.ends.iter().filter(|(_, _, message)| !concerned(message));
        apart.copied().collect::<Vec<_>>()
    };
    assert_eq!(apart(net.observer()), apart(undisturbed.observer()));
    for (at, fate, message) in net.observer().ends.iter().filter(|(_, _, message)| concerned(message)) {
        let expected = match (message.source.0 == DEAD, message.created < DEATH) {
            (true, _) if message.size.get() > 1_000 => (DEATH, Fate::Abandoned),
            (true, _) => (*at, Fate::Completed),
            (false, true) => (*at, Fate::Completed),
            (false, false) => (tick_after(message.source, message.created, 100), Fate::Failed),
        };
        assert_eq!((*at, *fate), expected, "{message:?}");
    }
    assert_eq!((net.observer().count(Fate::Abandoned), net.observer().count(Fate::Failed)), (1, 30));
    // ETIMEDOUT for each that failed, and for the request that host 6 had received a part of.
    assert_eq!(total(&net, |metrics| metrics.rpc_timeouts), 31);
}

/// Quirk Q17: the responses that nobody acknowledged are asked about for ever.
#[test]
fn servers_of_a_dead_client_never_forget_it_in_linux() {
    let (net, outcome) = run(Quirks::linux(), vec![(HostId(DEAD), DEATH)]);
    assert_eq!(outcome, Advanced::Reached);
    each_ends_once(net.observer(), &around_a_death());
    let asking: Vec<_> = net
        .transports()
        .map(|host| host.endpoint().is_some_and(|endpoint| endpoint.poll_timeout().is_some()))
        .collect();
    assert_eq!(asking[..4], [false; 4]);
    assert_eq!(asking[5..], [true, false, false]);
}

#[test]
fn under_load_and_loss_a_death_leaves_no_message_without_an_end() {
    for mode in crate::support::MODES {
        let parameters = Parameters { quirks: Quirks::fixed(), ..parameters(mode, 10) };
        let traffic = poisson(16, &parameters, "w3-kernel", 0.5, Time::ZERO + Duration::from_ms(1));
        let death = (HostId(DEAD), Time::ZERO + Duration::from_us(600));
        let mut faults = Faults::default().with_loss(0.01).unwrap();
        faults.host_failures = vec![death];
        let mut traffic_seen = traffic.clone();
        traffic_seen[DEAD as usize].retain(|sent| sent.at <= death.1);
        let mut net = simulation(&shipped("sigcomm18-16"), &parameters, faults, traffic);
        assert_eq!(net.run_until(Time::from_ps(1_000 * MS)), Advanced::Idle, "{mode:?}");
        each_ends_once(net.observer(), &traffic_seen);
        nothing_is_left(&net, Some(DEAD));
        for (at, fate, message) in &net.observer().ends {
            match fate {
                Fate::Completed => {}
                Fate::Failed => assert_eq!(message.destination, HostId(DEAD), "{message:?}"),
                Fate::Abandoned => assert_eq!((*at, message.source), (death.1, HostId(DEAD)), "{message:?}"),
            }
        }
        assert!([Fate::Failed, Fate::Abandoned].into_iter().all(|fate| net.observer().count(fate) > 0));
    }
}
