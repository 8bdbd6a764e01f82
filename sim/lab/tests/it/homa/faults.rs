//! Loss and deaths: every measured RPC ends exactly once, what is lost is in proportion and sent again, RPCs with a dead
//! host fail, and the summary says so; a transport that can't cope is refused.

use crate::homa::support::{ECHO, Lab, identity, metric};
use homa_lab::{Case, CaseSummary, MessageRecord};
use std::collections::BTreeSet;

/// Every message has come to its end.
fn each_ends_once(summary: &CaseSummary, records: &[MessageRecord], abandoned: u64) {
    let ended = summary.messages_completed + summary.messages_failed + summary.messages_abandoned;
    assert_eq!(summary.messages_created, ended);
    assert_eq!(summary.messages_created, summary.messages + abandoned, "everything is in the window");
    let identities: BTreeSet<_> = records.iter().map(identity).collect();
    assert_eq!(identities.len(), records.len());
    assert_eq!(records.len() as u64, summary.messages);
    let completed = records.iter().filter(|record| record.latency.is_some()).count() as u64;
    assert_eq!(completed, summary.messages_completed);
    assert_eq!(records.len() as u64 - completed, summary.messages_failed);
    assert_eq!(summary.unfinished, summary.messages_failed, "failed ones count as unfinished");
}

fn with_loss(set: &[&str], loss: f64) {
    let (summary, records) = Lab::new(ECHO).run(&[set, &[&format!("faults.loss={loss}")]].concat());
    each_ends_once(&summary, &records, 0);
    assert_eq!((summary.messages_failed, summary.messages_abandoned), (0, 0));
    // Every packet crosses the link to the switch and then that to its destination, where it may be lost.
    let packets = summary.packet_hops as f64 / 2.0;
    let (mean, lost) = (loss * packets, summary.lost_packets as f64);
    assert!((lost - mean).abs() <= 5.0 * mean.sqrt(), "{lost} of {packets} packets lost");
    assert!(packets > 20_000.0, "{packets} packets");
    assert_eq!(metric(&summary, "packets_sent_RESEND") > 0, loss > 0.0);
    assert_eq!(metric(&summary, "resent_packets") > 0, loss > 0.0);
    assert!(!summary.warnings.iter().any(|warning| warning.contains("failed") || warning.contains("unfinished")));
}

#[test]
fn every_rpc_completes_whatever_share_of_packets_is_lost() {
    for loss in [0.0, 0.001, 0.01] {
        with_loss(&[], loss);
        with_loss(&["transport.homa.transmit=qdisc", "workload.sizes=w4-kernel"], loss);
    }
}

#[test]
fn one_way_messages_complete_whatever_share_of_packets_is_lost() {
    with_loss(&["transport.homa.completes=request", "transport.homa.response=one-way"], 0.01);
}

/// A dead host is given up after 10 ms of silence.
const DEATH: [&str; 5] = [
    "faults.deaths=[{ host = 4, at = \"1ms\" }]",
    "transport.homa.sysctl.resend_ticks=2",
    "transport.homa.sysctl.resend_interval=2",
    "transport.homa.sysctl.timeout_ticks=10",
    "workload.payload_load=0.3",
];
const DEATH_PS: u64 = 1_000_000_000;

#[test]
fn rpcs_to_a_dead_host_fail_its_own_are_abandoned_and_all_others_complete() {
    let (summary, records) = Lab::new(ECHO).run(&DEATH);
    assert!(summary.messages_abandoned > 0 && summary.messages_failed > 0);
    each_ends_once(&summary, &records, summary.messages_abandoned);
    for record in &records {
        let (message, completed) = (&record.message, record.latency.is_some());
        if message.source.0 == 4 {
            assert!(completed && message.created.as_ps() <= DEATH_PS, "{record:?}");
        } else if message.destination.0 == 4 && message.created.as_ps() > DEATH_PS {
            assert!(!completed, "{record:?}");
        } else {
            assert!(completed || message.destination.0 == 4, "{record:?}");
        }
    }
    // Its RPCs that completed did so before it died.
    let ends = records.iter().filter(|record| record.message.source.0 == 4);
    let last = ends.map(|record| (record.message.created + record.latency.unwrap()).as_ps()).max().unwrap();
    assert!(last <= DEATH_PS);
    let warning = format!("{} messages failed: the transport gave them up", summary.messages_failed);
    assert!(summary.warnings.iter().any(|given| given.contains(&warning)), "{:?}", summary.warnings);
    assert!(metric(&summary, "rpc_timeouts") >= summary.messages_failed);
    // The run ends when the last of them has failed, not when it must.
    assert!((0.011..0.020).contains(&summary.simulated_s), "{} s", summary.simulated_s);
}

#[test]
fn the_later_a_silent_host_is_given_up_the_later_the_run_ends() {
    let longer = [&DEATH[..], &["transport.homa.sysctl.timeout_ticks=40"]].concat();
    let lab = Lab::new(ECHO);
    let (short, long) = (lab.run(&DEATH).0, lab.run(&longer).0);
    assert!((0.025..0.035).contains(&(long.simulated_s - short.simulated_s)), "{}", long.simulated_s);
    assert_eq!(long.messages_failed, short.messages_failed);
}

#[test]
fn without_a_death_nothing_fails() {
    let (summary, records) = Lab::new(ECHO).run(&DEATH[1..]);
    each_ends_once(&summary, &records, 0);
    assert_eq!((summary.messages_failed, summary.messages_abandoned, summary.lost_packets), (0, 0, 0));
    assert!(!summary.warnings.iter().any(|warning| warning.contains("failed")));
}

#[test]
fn a_death_after_the_end_is_refused_and_in_one_case_of_several_told() {
    let death = |at: &str| format!("faults.deaths=[{{ host = 4, at = \"{at}\" }}]");
    assert!(Lab::new(ECHO).try_cases(&[&death("501ms")]).is_ok());
    let late = "host 4 dies at 600ms, when every run has ended: at 502ms the latest";
    Lab::new(ECHO).refused(&[&death("600ms")], &["faults.deaths has no effect", late]);
    let cases = Lab::new(&format!("{ECHO}[sweep]\nmeasure.drain = [\"500ms\", \"700ms\"]\n"));
    let cases = cases.try_cases(&[&death("600ms")]).unwrap();
    let told = |case: &Case| case.notes.iter().any(|note| note.contains("host 4 would die at 600ms"));
    assert_eq!(cases.iter().map(told).collect::<Vec<_>>(), [true, false]);
    assert_eq!(cases[0].faults.host_failures.len() + 1, cases[1].faults.host_failures.len());
}

#[test]
fn faults_are_refused_where_nothing_is_sent_again() {
    let lab = Lab::new(ECHO);
    for fault in ["faults.loss=0.001", DEATH[0]] {
        lab.refused(&["transport.kind=sigcomm18", fault], &["faults", "sigcomm18 does not retransmit", "\"homa\""]);
    }
    assert!(lab.try_cases(&["transport.kind=sigcomm18", "faults.loss=0.0"]).is_ok());
}
