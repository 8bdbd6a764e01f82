//! Proves that the first hosts are clients and the last ones servers, and what their links carry as a consequence.

use homa_workloads::Roles;
use proptest::prelude::*;

/// Indices of the hosts that send, and of those that receive.
fn sides(roles: Roles) -> (Vec<u32>, Vec<u32>) {
    let beyond = roles.hosts() + 2;
    ((0..beyond).filter(|host| roles.is_client(*host)).collect(), (0..beyond).filter(|h| roles.is_server(*h)).collect())
}

#[test]
fn the_first_hosts_send_and_the_last_ones_receive() {
    assert_eq!(sides(Roles::new(6, 2, 3).unwrap()), (vec![0, 1], vec![3, 4, 5]));
    assert_eq!(sides(Roles::new(5, 4, 1).unwrap()), (vec![0, 1, 2, 3], vec![4]));
}

#[test]
fn hosts_where_the_sides_overlap_are_both() {
    assert_eq!(sides(Roles::new(5, 4, 3).unwrap()), (vec![0, 1, 2, 3], vec![2, 3, 4]));
    let roles = Roles::all(3).unwrap();
    assert_eq!(sides(roles), (vec![0, 1, 2], vec![0, 1, 2]));
    assert_eq!(roles, Roles::new(3, 3, 3).unwrap());
    assert_eq!((roles.hosts(), roles.clients(), roles.servers()), (3, 3, 3));
}

#[test]
fn a_shared_link_carries_requests_and_responses() {
    assert_eq!(Roles::all(16).unwrap().busiest_link(100.0, 40.0), 140.0);
}

#[test]
fn a_link_of_one_side_carries_the_larger_of_requests_and_responses() {
    assert_eq!(Roles::new(8, 4, 4).unwrap().busiest_link(100.0, 40.0), 100.0);
    assert_eq!(Roles::new(8, 2, 6).unwrap().busiest_link(100.0, 300.0), 300.0);
}

#[test]
fn the_links_of_few_servers_carry_what_all_clients_send() {
    assert_eq!(Roles::new(8, 6, 2).unwrap().busiest_link(100.0, 40.0), 300.0);
    assert_eq!(Roles::new(8, 7, 1).unwrap().busiest_link(1.0, 0.0), 7.0);
}

#[test]
fn a_partly_shared_cluster_is_as_busy_as_its_busiest_host() {
    // Hosts 0 to 2 send, 2 and 3 receive. Host 3 gets half of what 0 and 1 send and everything of 2: 2 messages. Host 2
    // gets 1, sends 1 and has 1 answered.
    let roles = Roles::new(4, 3, 2).unwrap();
    assert_eq!(roles.busiest_link(10.0, 0.0), 20.0);
    assert_eq!(roles.busiest_link(10.0, 10.0), 20.0);
    assert_eq!(roles.busiest_link(10.0, 4.0), 20.0);
    assert_eq!(roles.busiest_link(10.0, 40.0), 80.0);
}

/// The busiest direction, from every pair of a client and a server.
fn by_pairs(roles: Roles, request: f64, response: f64) -> f64 {
    let (clients, servers) = sides(roles);
    let mut up = vec![0.0; roles.hosts() as usize];
    let mut down = up.clone();
    for client in clients {
        let others: Vec<u32> = servers.iter().copied().filter(|server| *server != client).collect();
        let messages = 1.0 / others.len() as f64;
        for server in others {
            up[client as usize] += request * messages;
            down[server as usize] += request * messages;
            up[server as usize] += response * messages;
            down[client as usize] += response * messages;
        }
    }
    up.into_iter().chain(down).fold(0.0, f64::max)
}

proptest! {
    #[test]
    fn the_busiest_link_is_that_of_all_pairs_added_up(
        hosts in 2..24u32, clients in 1..24u32, servers in 1..24u32, request in 1.0..1e6, response in 0.0..1e6,
    ) {
        if let Ok(roles) = Roles::new(hosts, clients, servers) {
            let (found, expected) = (roles.busiest_link(request, response), by_pairs(roles, request, response));
            prop_assert!((found / expected - 1.0).abs() < 1e-12, "{roles:?}: {found}, not {expected}");
        }
    }

    #[test]
    fn every_client_has_a_server_to_send_to(hosts in 0..24u32, clients in 0..26u32, servers in 0..26u32) {
        if let Ok(roles) = Roles::new(hosts, clients, servers) {
            let (clients, servers) = sides(roles);
            prop_assert!(!clients.is_empty());
            prop_assert!(clients.iter().all(|client| servers.iter().any(|server| server != client)));
        }
    }
}
