//! Proves that a client sends to every server but itself equally often, and to nobody else. That is also the choice
//! among all ports of all servers, as they have equally many.

use crate::seeded::stream;
use homa_workloads::{GapKind, Roles};
use proptest::prelude::*;

const DRAWS: u32 = 60_000;

/// How often each host is a destination of `client`.
fn counts(client: u32, roles: Roles) -> Vec<u32> {
    let mut stream = stream(client, roles, GapKind::Exponential, 1e6, 8);
    let mut counts = vec![0; roles.hosts() as usize];
    for _ in 0..DRAWS {
        counts[stream.next_arrival().destination as usize] += 1;
    }
    counts
}

/// Demands equal frequencies of `expected` within five standard deviations, and nothing for others.
fn check(client: u32, roles: Roles, expected: &[u32]) {
    let counts = counts(client, roles);
    let share = 1.0 / expected.len() as f64;
    let deviation = (f64::from(DRAWS) * share * (1.0 - share)).sqrt();
    for (host, count) in (0..).zip(&counts) {
        let mean = if expected.contains(&host) { f64::from(DRAWS) * share } else { 0.0 };
        let tolerance = if expected.contains(&host) { 5.0 * deviation } else { 0.0 };
        assert!((f64::from(*count) - mean).abs() <= tolerance, "host {host} from {client}: {counts:?}");
    }
}

#[test]
fn a_client_apart_from_the_servers_sends_to_all_of_them() {
    let roles = Roles::new(8, 3, 4).unwrap();
    for client in 0..3 {
        check(client, roles, &[4, 5, 6, 7]);
    }
}

#[test]
fn a_client_that_is_a_server_too_sends_to_all_others() {
    let roles = Roles::new(6, 5, 4).unwrap();
    check(1, roles, &[2, 3, 4, 5]);
    check(2, roles, &[3, 4, 5]);
    check(4, roles, &[2, 3, 5]);
}

#[test]
fn the_only_server_gets_everything() {
    check(0, Roles::new(3, 2, 1).unwrap(), &[2]);
    check(1, Roles::new(2, 2, 2).unwrap(), &[0]);
}

proptest! {
    #[test]
    fn every_message_goes_to_a_server_and_never_to_its_sender(
        hosts in 2..30u32, clients in 1..30u32, servers in 1..30u32, client in 0..30u32, seed: u64,
    ) {
        if let Some(roles) = Roles::new(hosts, clients, servers).ok().filter(|roles| roles.is_client(client)) {
            let mut stream = stream(client, roles, GapKind::Constant, 1e6, seed);
            for _ in 0..50 {
                let message = stream.next_arrival();
                prop_assert!(message.source == client && message.destination != client);
                prop_assert!(roles.is_server(message.destination));
            }
        }
    }
}
