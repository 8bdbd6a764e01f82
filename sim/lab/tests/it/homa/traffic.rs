//! Who sends what when: clients and servers, limits of messages under way, constant gaps, a least size, and the load on the
//! busiest link.

use crate::homa::support::{ECHO, Lab};
use homa_lab::MessageRecord;
use homa_units::Bytes;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn the_first_hosts_are_clients_and_the_last_ones_servers() {
    for (clients, servers) in [(4, 3), (8, 5), (1, 9), (9, 1), (10, 10)] {
        let (_, records) =
            Lab::new(ECHO).run(&[&format!("workload.clients={clients}"), &format!("workload.servers={servers}")]);
        let sources: BTreeSet<_> = records.iter().map(|record| record.message.source.0).collect();
        let destinations: BTreeSet<_> = records.iter().map(|record| record.message.destination.0).collect();
        assert_eq!(sources, (0..clients).collect(), "{clients} clients, {servers} servers");
        assert_eq!(destinations, (10 - servers..10).collect(), "{clients} clients, {servers} servers");
        assert!(records.iter().all(|record| record.message.source != record.message.destination));
    }
}

/// The most messages that a generator, or whatever `of` tells apart, had under way at a time.
fn most_under_way(records: &[MessageRecord], of: fn(&MessageRecord) -> u32) -> BTreeMap<u32, i64> {
    let mut changes = BTreeMap::<u32, Vec<(u64, i64)>>::new();
    for record in records {
        let created = record.message.created;
        let ended = created + record.latency.expect("all complete");
        // What ends makes room for what begins at the same instant, as -1 comes before 1.
        changes.entry(of(record)).or_default().extend([(created.as_ps(), 1), (ended.as_ps(), -1)]);
    }
    let most = |mut changes: Vec<(u64, i64)>| {
        changes.sort_unstable();
        changes
            .iter()
            .scan(0, |under_way, (_, change)| {
                Some({
                    *under_way += change;
                    *under_way
                })
            })
            .max()
            .unwrap()
    };
    changes.into_iter().map(|(key, changes)| (key, most(changes))).collect()
}

#[test]
fn no_more_messages_than_the_limit_are_under_way_shared_out_among_threads() {
    let set = ["workload.payload_load=0.8", "workload.threads=3", "workload.limit=5"];
    let (summary, records) = Lab::new(ECHO).run(&set);
    let per_client = most_under_way(&records, |record| record.message.source.0);
    assert_eq!(per_client, (0..10).map(|client| (client, 5)).collect());
    // Generators are the first threads of all clients, then the second ones, then the third ones.
    let per_thread = most_under_way(&records, |record| record.message.generator);
    assert_eq!(per_thread, (0..30).map(|thread| (thread, if thread < 20 { 2 } else { 1 })).collect());
    assert!(records.iter().all(|record| record.message.source.0 == record.message.generator % 10));
    assert!(summary.warnings.iter().any(|warning| warning.contains("workload.limit holds messages back")));

    let (unlimited, records) = Lab::new(ECHO).run(&set[..2]);
    assert!(most_under_way(&records, |record| record.message.source.0).into_values().all(|most| most > 5));
    assert!(summary.messages < unlimited.messages * 9 / 10, "{} of {}", summary.messages, unlimited.messages);
    assert!(!unlimited.warnings.iter().any(|warning| warning.contains("workload.limit")));
}

#[test]
fn a_limit_that_is_never_reached_changes_nothing() {
    let digest = |set: &[&str]| Lab::new(ECHO).run(set).0.digest;
    assert_eq!(digest(&["workload.limit=100000"]), digest(&[]));
    assert_ne!(digest(&["workload.limit=1"]), digest(&[]));
}

#[test]
fn threads_share_the_load_of_their_client() {
    let set = ["workload.sizes=5000", "workload.gaps=constant"];
    let lab = Lab::new(ECHO);
    let (one, _) = lab.run(&set);
    let (four, records) = lab.run(&[&set[..], &["workload.threads=4"]].concat());
    assert!(one.messages.abs_diff(four.messages) <= 40, "{} and {}", one.messages, four.messages);
    let generators: BTreeSet<_> = records.iter().map(|record| record.message.generator).collect();
    assert_eq!(generators, (0..40).collect());
}

#[test]
fn constant_gaps_are_all_equal_after_a_random_first_one() {
    let (_, records) = Lab::new(ECHO).run(&["workload.gaps=constant", "workload.threads=2"]);
    let mut times = BTreeMap::<u32, Vec<u64>>::new();
    for record in &records {
        times.entry(record.message.generator).or_default().push(record.message.created.as_ps());
    }
    // A payload load of 0.5 of 25 Gbps is half requests, and those of two threads.
    let gap = 2.0 * 8.0 * 2_567.7 / (0.25 * 25e9) * 1e12;
    let mut firsts = BTreeSet::new();
    for (generator, times) in times {
        assert!(times.len() > 250, "{generator}: {}", times.len());
        assert!((times[0] as f64) < 1.01 * gap && firsts.insert(times[0]), "{generator} begins at {}", times[0]);
        for pair in times.windows(2) {
            let taken = (pair[1] - pair[0]) as f64;
            assert!((taken / gap - 1.0).abs() < 1e-4, "{generator}: {taken} ps, meant {gap}");
        }
    }
    let (_, records) = Lab::new(ECHO).run(&[]);
    let of_first = records.iter().filter(|record| record.message.source.0 == 0);
    let times: Vec<_> = of_first.map(|record| record.message.created.as_ps()).collect();
    let gaps: BTreeSet<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() > times.len() / 2, "by default gaps are random");
}

#[test]
fn shorter_messages_are_made_as_long_as_the_least_size_and_nothing_else_changes() {
    let lab = Lab::new(ECHO);
    let (plain, padded) = (lab.run(&[]), lab.run(&["workload.least_size=300B"]));
    assert!(plain.1.iter().any(|record| record.message.size < Bytes::new(300)));
    assert_eq!(plain.1.len(), padded.1.len());
    for (plain, padded) in plain.1.iter().zip(&padded.1) {
        assert_eq!(padded.message.size, plain.message.size.max(Bytes::new(300)));
        let apart =
            |record: &MessageRecord| (record.message.created, record.message.source, record.message.destination);
        assert_eq!(apart(padded), apart(plain));
    }
    assert_eq!(padded.0.short_messages.bytes_max, 300);
    assert!(padded.0.short_messages.count * 2 > padded.0.messages);
}

/// Gbps on a link of each host in each direction, of the payload of all RPCs created: (up, down).
fn link_gbps(records: &[MessageRecord], response: impl Fn(u64) -> u64, window_s: f64) -> Vec<(f64, f64)> {
    let mut links = vec![(0.0, 0.0); 10];
    for record in records {
        let (client, server) = (record.message.source.0 as usize, record.message.destination.0 as usize);
        let request = record.message.size.get();
        let gbps = |bytes: u64| 8e-9 * bytes as f64 / window_s;
        links[client].0 += gbps(request);
        links[server].1 += gbps(request);
        links[server].0 += gbps(response(request));
        links[client].1 += gbps(response(request));
    }
    links
}

/// Runs with messages of 5000 bytes at a payload load of 0.6, that is 15 Gbps, and looks for them on the busiest links.
fn meets_the_load(set: &[&str], offered_gbps: f64, response: u64, busiest: impl Fn(usize, (f64, f64)) -> Option<f64>) {
    let common = ["workload.sizes=5000", "workload.payload_load=0.6", "workload.gaps=constant", "measure.window=4ms"];
    let (summary, records) = Lab::new(ECHO).run(&[&common[..], set].concat());
    assert!((summary.offered_payload_gbps / offered_gbps - 1.0).abs() < 0.005, "{}", summary.offered_payload_gbps);
    let links = link_gbps(&records, |request| if response == 0 { request } else { response }, 4e-3);
    let loads: Vec<_> = links.iter().enumerate().filter_map(|(host, link)| busiest(host, *link)).collect();
    let mean = loads.iter().sum::<f64>() / loads.len() as f64;
    assert!((mean / 15.0 - 1.0).abs() < 0.01, "{mean} Gbps on the busiest links: {loads:?}");
    // Nowhere is more but by chance: destinations are random.
    for (up, down) in links {
        assert!(up.max(down) < 15.0 * 1.15, "{up} up, {down} down");
    }
    assert!(!summary.warnings.iter().any(|warning| warning.contains("load not reached")), "{:?}", summary.warnings);
}

#[test]
fn the_load_is_that_of_the_busiest_links_with_echo() {
    // Each host's link carries its own requests and its responses to others.
    meets_the_load(&[], 7.5, 0, |_, (up, _)| Some(up));
    meets_the_load(&["workload.threads=3"], 7.5, 0, |_, (_, down)| Some(down));
}

#[test]
fn the_load_is_that_of_the_busiest_links_one_way() {
    let one_way = ["transport.homa.response=one-way", "transport.homa.completes=request"];
    meets_the_load(&one_way, 15.0 * 5_000.0 / 5_100.0, 100, |_, (_, down)| Some(down));
}

#[test]
fn the_load_is_that_of_the_busiest_links_with_servers_apart() {
    // Few servers are busier than their clients, many are less busy.
    let (few, many) = (["workload.clients=6", "workload.servers=4"], ["workload.clients=4", "workload.servers=6"]);
    meets_the_load(&few, 15.0 * 4.0 / 10.0, 0, |host, (up, _)| (host >= 6).then_some(up));
    meets_the_load(&many, 15.0 * 4.0 / 10.0, 0, |host, (up, _)| (host < 4).then_some(up));
    let one_way = [&few[..], &["transport.homa.response=one-way"]].concat();
    meets_the_load(&one_way, 15.0 * 4.0 / 10.0, 100, |host, (_, down)| (host >= 6).then_some(down));
}
