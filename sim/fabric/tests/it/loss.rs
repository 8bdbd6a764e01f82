//! Packets are lost at the rate asked for, none without, and which ones depends on the seed and on nothing else in the
//! run.

use crate::common::{Notes, Sent, Setting, plain, run_with, sent, shipped};
use homa_fabric::{Faults, LoadBalancing};

const HOSTS: u32 = 16;
const PACKETS: u64 = 500;

/// 40,000 packets: five messages of 500 packets from each host, to different destinations.
fn messages() -> Vec<Sent> {
    let one = |turn: u32, source: u32| {
        sent(u64::from(turn), source, (source + 1 + 3 * turn) % HOSTS, &[(100, 0); PACKETS as usize])
    };
    (0..5).flat_map(|turn| (0..HOSTS).map(move |source| one(turn, source))).collect()
}

fn losing(probability: f64, seed: u64) -> Setting {
    Setting { faults: Faults::default().with_loss(probability).unwrap(), seed, ..plain() }
}

fn lost(probability: f64, seed: u64) -> (u64, Notes) {
    let (net, notes) = run_with(&shipped("sigcomm18-16"), losing(probability, seed), &messages());
    let lost = net.statistics().lost_packets;
    assert_eq!(lost + notes.arrived.len() as u64, notes.pulled.len() as u64, "a packet arrives or is lost");
    assert_eq!(net.packets_in_network(), 0);
    (lost, notes)
}

#[test]
fn nothing_is_lost_at_probability_zero() {
    let (count, notes) = lost(0.0, 1);
    assert_eq!((count, notes.arrived.len() as u64), (0, 5 * u64::from(HOSTS) * PACKETS));
    assert!(Faults::default().with_loss(0.0).unwrap().is_none());
}

/// Within five standard deviations, for each of several seeds.
#[test]
fn the_rate_is_that_asked_for() {
    let all = 5.0 * f64::from(HOSTS) * PACKETS as f64;
    for probability in [0.001, 0.01, 0.1, 0.5, 0.99] {
        for seed in 1..4 {
            let (count, _) = lost(probability, seed);
            let (mean, variance) = (all * probability, all * probability * (1.0 - probability));
            assert!((count as f64 - mean).abs() <= 5.0 * variance.sqrt(), "{count} of {all} at {probability}");
        }
    }
}

#[test]
fn which_packets_are_lost_depends_on_the_seed() {
    assert_eq!(lost(0.1, 1), lost(0.1, 1));
    assert_ne!(lost(0.1, 1).1.arrived, lost(0.1, 2).1.arrived);
}

/// Each host draws once for each packet that comes to it, so packets for others change nothing.
#[test]
fn a_host_loses_the_same_whatever_comes_to_others() {
    let pairs = |others: bool| {
        let messages = [sent(0, 0, 1, &[(100, 0); 2_000]), sent(0, 2, 3, &[(100, 0); 1_000])];
        let messages = if others { &messages[..] } else { &messages[..1] };
        let (_, notes) = run_with(&shipped("sigcomm18-16"), losing(0.2, 7), messages);
        notes.arrived.into_iter().filter(|seen| seen.packet.destination.0 == 1).collect::<Vec<_>>()
    };
    assert_eq!(pairs(true), pairs(false));
    assert!(pairs(true).len() < 2_000);
}

/// A run without loss sprays as one with loss does: the two have streams of their own.
#[test]
fn loss_leaves_the_choice_of_paths_alone() {
    let sprayed = |probability| {
        let setting = Setting { load_balancing: LoadBalancing::RandomSpraying, ..losing(probability, 3) };
        let (_, notes) = run_with(&shipped("sigcomm18"), setting, &[sent(0, 0, 143, &[(1_500, 0); 300])]);
        notes.arrived
    };
    let (all, some) = (sprayed(0.0), sprayed(0.3));
    assert!((150..270).contains(&some.len()), "{} arrived", some.len());
    assert!(some.iter().all(|seen| all.contains(seen)), "what arrives does so when it does without loss");
}

#[test]
fn only_probabilities_below_one_are_accepted() {
    for bad in [-0.1, 1.0, 1.5, f64::NAN, f64::INFINITY] {
        let error = Faults::default().with_loss(bad).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{bad} is not a probability of loss; accepted are 0 up to, but not including, 1")
        );
    }
}
