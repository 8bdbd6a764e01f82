//! Proves that roles with nobody to send or to receive, and streams of hosts that don't send, are refused with a
//! reason.

use crate::seeded::{rngs, stream};
use homa_workloads::{GapKind, Gaps, MeanGap, MessageStream, Roles, SizeDistribution};
use std::sync::Arc;

fn refusal(hosts: u32, clients: u32, servers: u32) -> String {
    Roles::new(hosts, clients, servers).unwrap_err().to_string()
}

#[test]
fn fewer_than_two_hosts_are_refused() {
    assert_eq!(refusal(1, 1, 1), "1 host(s) can't exchange messages; that takes at least 2");
    assert_eq!(Roles::all(0).unwrap_err().to_string(), "0 host(s) can't exchange messages; that takes at least 2");
}

#[test]
fn no_clients_and_more_clients_than_hosts_are_refused() {
    assert_eq!(refusal(4, 0, 4), "0 clients among 4 hosts are not possible; accepted are 1 to 4");
    assert_eq!(refusal(4, 5, 4), "5 clients among 4 hosts are not possible; accepted are 1 to 4");
}

#[test]
fn no_servers_and_more_servers_than_hosts_are_refused() {
    assert_eq!(refusal(4, 4, 0), "0 servers among 4 hosts are not possible; accepted are 1 to 4");
    assert_eq!(refusal(4, 4, u32::MAX), "4294967295 servers among 4 hosts are not possible; accepted are 1 to 4");
}

#[test]
fn a_client_that_is_the_only_server_is_refused() {
    let expected = "host 3 would be the only server and a client, with nobody to send to; accepted are at least 2 \
                    servers, or at most 3 clients";
    assert_eq!(refusal(4, 4, 1), expected);
    assert!(Roles::new(4, 3, 1).is_ok() && Roles::new(4, 4, 2).is_ok());
}

#[test]
fn a_stream_of_an_unknown_host_or_of_one_that_does_not_send_is_refused() {
    let of = |host, roles| {
        let sizes = Arc::new(SizeDistribution::shipped("w2").unwrap());
        let gaps = Gaps::new(GapKind::default(), MeanGap::from_ps(1.0).unwrap());
        MessageStream::new(host, roles, sizes, gaps, rngs(1, host)).unwrap_err().to_string()
    };
    assert_eq!(of(4, Roles::all(4).unwrap()), "host 4 can't send among 4 hosts; indices are 0 to 3");
    let roles = Roles::new(4, 3, 2).unwrap();
    assert_eq!(of(3, roles), "host 3 is not a client and can't send; clients are the hosts 0 to 2");
    assert_eq!(stream(2, roles, GapKind::default(), 1.0, 1).next_arrival().destination, 3);
}
