//! A NIC that is pushed sends first come, first served whatever the priorities, at line rate, and
//! tells the transport when each frame will have left; in an idle network that is no different from
//! a NIC that pulls.

use crate::common::{Notes, Sent, Setting, bare_switch, frame_ps, plain, run, run_with, sent, shipped, wire_ps};

/// Later than a gap after the begin, before which a port sends nothing.
const BEGIN: u64 = 50_000;

fn pushing() -> Setting {
    Setting { pushes: true, ..plain() }
}

/// What leaves host 0: instant of the last bit, and frame.
fn left(notes: &Notes) -> Vec<(u64, u16)> {
    notes.left.iter().filter(|(host, ..)| *host == 0).map(|(_, at, frame)| (*at, *frame)).collect()
}

#[test]
fn a_queue_at_the_nic_knows_no_levels() {
    let messages = [
        sent(BEGIN, 0, 1, &[(1_000, 0), (1_000, 0)]),
        sent(BEGIN + 10, 0, 1, &[(200, 7)]),
        sent(BEGIN + 20, 0, 1, &[(300, 3)]),
    ];
    let (_, notes) = run_with(&bare_switch(2), pushing(), &messages);
    let order = |notes: &Notes| notes.arrived.iter().map(|seen| seen.packet.header.message).collect::<Vec<_>>();
    assert_eq!(order(&notes), [0, 0, 1, 2]);
    let (_, pulled) = run(&bare_switch(2), &messages);
    assert_eq!(order(&pulled), [0, 1, 2, 0], "pulled packets keep to the priorities");
}

#[test]
fn the_levels_count_again_at_the_switch() {
    // Host 2's first frame is on the way to host 1 when host 0's two come to that port, the less
    // urgent one first.
    let messages = [
        sent(BEGIN, 2, 1, &[(1_500, 0); 2]),
        sent(BEGIN + 1_000_000, 0, 1, &[(400, 1)]),
        sent(BEGIN + 1_000_001, 0, 1, &[(300, 6)]),
    ];
    let (_, notes) = run_with(&bare_switch(3), pushing(), &messages);
    let order: Vec<_> = notes.arrived.iter().map(|seen| seen.packet.frame_bytes).collect();
    assert_eq!(order, [1_500, 300, 400, 1_500]);
}

#[test]
fn frames_leave_at_line_rate_and_are_reported_as_they_begin() {
    let frames = [(1_518, 3), (64, 3), (700, 3), (64, 3), (900, 3)];
    let (_, notes) = run_with(&shipped("sigcomm18-16"), pushing(), &[sent(BEGIN, 0, 1, &frames)]);
    let ends = frames.iter().scan(BEGIN, |begin, (frame, _)| {
        let end = *begin + frame_ps(*frame);
        *begin += wire_ps(*frame);
        Some((end, *frame))
    });
    assert_eq!(left(&notes), ends.collect::<Vec<_>>());
    assert!(notes.pulled.iter().all(|seen| seen.at_ps == BEGIN), "the transport hands over all at once");
}

#[test]
fn an_idle_queue_takes_a_frame_at_once_but_not_before_the_gap() {
    let first = sent(BEGIN, 0, 1, &[(1_000, 0)]);
    let (end, free) = (BEGIN + frame_ps(1_000), BEGIN + wire_ps(1_000));
    for (at, begin) in [(end + 1, free), (free, free), (free + 1, free + 1)] {
        let (_, notes) = run_with(&bare_switch(2), pushing(), &[first.clone(), sent(at, 0, 1, &[(500, 0)])]);
        assert_eq!(left(&notes), [(end, 1_000), (begin + frame_ps(500), 500)]);
    }
}

#[test]
fn packets_arrive_when_pulled_ones_of_one_level_would() {
    for destination in [1, 15] {
        let messages: Vec<Sent> = (0..40)
            .map(|turn: u64| {
                let frames: Vec<_> =
                    (0..1 + turn % 5).map(|packet| (64 + (turn * 37 + packet * 411) as u16 % 1_400, 4)).collect();
                sent(BEGIN + turn * 3_000_017, (turn % 3) as u32 * 2, destination, &frames)
            })
            .collect();
        let (topology, setting) = (shipped("sigcomm18-16"), pushing());
        let (pushed, pulled) = (run_with(&topology, setting, &messages).1, run(&topology, &messages).1);
        assert!(pushed.arrived == pulled.arrived, "to {destination}");
        assert!(pushed.arrived.len() > 100);
    }
}
