//! What a network will have to carry is known before it runs, from the traffic of all kinds.

use crate::homa::support::{ECHO, Lab, trace};
use homa_lab::{Case, Utilisation, busiest, work};

/// A leaf-spine of these rates.
fn leaf_spine(racks: u32, hosts: u32, spines: u32, host_gbps: u32, uplink_gbps: u32) -> String {
    format!(
        "[leaf-spine]\nracks = {racks}\nhosts_per_rack = {hosts}\nspines = {spines}\nhost_rate = \"{host_gbps}Gbps\"\n\
         uplink_rate = \"{uplink_gbps}Gbps\"\n[leaf-spine.delays]\nsoftware_send = \"500ns\"\n\
         software_receive = \"500ns\"\nnic = \"500ns\"\nswitch = \"250ns\"\nlink = \"0ps\"\n"
    )
}

fn lab(topology: &str) -> Lab {
    let lab = Lab::new(&ECHO.replace("preset = \"linux-cluster-10\"", "file = \"net.toml\""));
    lab.write("net.toml", topology);
    lab
}

fn case(topology: &str, set: &[&str]) -> Case {
    lab(topology).case(set)
}

fn tier(utilisation: &Utilisation, name: &str) -> f64 {
    utilisation.iter().find(|tier| tier.tier == name).unwrap().busiest
}

fn near(value: f64, expected: f64) -> bool {
    (value / expected - 1.0).abs() < 0.01
}

#[test]
fn uplinks_that_carry_more_than_they_can_are_foreseen_with_the_load_that_fits() {
    let set = |load: &'static str| ["transport.kind=sigcomm18", "workload.sizes=w3", load];
    let narrow = leaf_spine(4, 8, 2, 10, 10);
    let overloaded = case(&narrow, &set("workload.load=0.5"));
    // 8 hosts at half their rate, 24 of 31 messages to other racks, by 2 links.
    let expected = 8.0 * 0.5 * 24.0 / 31.0 / 2.0;
    assert!(near(tier(&overloaded.demand.created, "tor-spine"), expected));
    let error = overloaded.overload().unwrap();
    for part in ["tor-spine", "1.55", "a load of 0.3 fits"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(overloaded.notes.iter().any(|note| note.contains("overloaded")), "{:?}", overloaded.notes);
    assert_eq!(case(&narrow, &set("workload.load=0.3")).overload(), None);
    let one_spine = case(&leaf_spine(4, 8, 1, 25, 50), &set("workload.load=0.8"));
    assert!(near(tier(&one_spine.demand.created, "tor-spine"), 8.0 * 0.8 * 24.0 / 31.0 / 2.0));
    assert!(one_spine.overload().unwrap().contains("2.4"));
}

#[test]
fn answers_and_roles_count_on_the_links_that_they_take() {
    // Clients in one rack, servers in the other: half of the payload goes each way.
    let topology = leaf_spine(2, 4, 1, 10, 40);
    let roles = ["workload.clients=4", "workload.servers=4", "workload.sizes=50000", "workload.payload_load=0.8"];
    let echo = case(&topology, &roles);
    let up = tier(&echo.demand.created, "tor-spine");
    assert!((0.88..0.95).contains(&up), "{up}");
    assert!(near(tier(&echo.demand.created, "spine-tor"), up));
    let one_way = case(&topology, &[&roles[..], &["transport.homa.response=one-way"]].concat());
    let created = &one_way.demand.created;
    assert_eq!(busiest(created).tier, "host-tor");
    assert!((0.8..0.9).contains(&busiest(created).busiest));
    // All of it passes the uplink of the clients' rack, and only small packets come back.
    let mean = created.iter().find(|tier| tier.tier == "tor-spine").unwrap().mean;
    assert!((0.4..0.5).contains(&mean), "{mean}");
    // With fewer clients than servers the servers' links are nearly idle.
    let few = case(&topology, &["workload.clients=1", "workload.servers=6", "workload.sizes=50000"]);
    let hosts = few.demand.created.iter().find(|tier| tier.tier == "host-tor").unwrap();
    assert!(hosts.busiest > 3.0 * hosts.mean, "{hosts:?}");
}

#[test]
fn a_load_close_to_what_links_carry_is_noted() {
    let set = ["transport.kind=sigcomm18", "workload.sizes=w3", "workload.load=0.31"];
    let close = case(&leaf_spine(4, 8, 2, 10, 10), &set);
    assert_eq!(close.overload(), None);
    assert!(close.notes.iter().any(|note| note.contains("tier tor-spine has to carry 0.9")), "{:?}", close.notes);
}

/// Messages of 100 kB, one from each of eight hosts to the other rack in each step.
fn steps(count: u64, gap_ns: u64) -> String {
    let rows = (0..count)
        .flat_map(|step| (0..4).map(move |host| (step * gap_ns + host, host as u32, 4 + host as u32, 100_000)));
    trace(&rows.collect::<Vec<_>>())
}

#[test]
fn a_trace_is_judged_by_its_messages() {
    let topology = leaf_spine(2, 4, 1, 10, 10);
    let traced = |rows: &str| {
        let lab = lab(&topology);
        lab.write("rows.csv", rows);
        let text = ECHO.replace("preset = \"linux-cluster-10\"", "file = \"net.toml\"");
        lab.write(
            "lab.toml",
            &text.replace("payload_load = 0.5", "trace = \"rows.csv\"").replace("background = \"stop\"\n", ""),
        );
        lab.case(&["transport.homa.response=one-way"])
    };
    // 400 kB in 400 us are 8 Gbps of payload, in 200 us 16.
    let fits = traced(&steps(5, 400_000));
    assert_eq!(fits.overload(), None);
    let up = tier(&fits.demand.created, "tor-spine");
    assert!((0.8..0.95).contains(&up), "{up}");
    // Both racks send: all links of the tier have more than they can carry.
    let both_ways = |gap_ns: u64| {
        let rows = (0..2_000_000 / gap_ns).flat_map(|step| {
            (0..8_u64).map(move |host| (step * gap_ns + host, host as u32, ((host + 4) % 8) as u32, 100_000))
        });
        trace(&rows.collect::<Vec<_>>())
    };
    let overloaded = traced(&both_ways(200_000));
    let error = overloaded.overload().unwrap();
    assert!(error.contains("tor-spine") && error.contains("fewer, smaller or further apart"), "{error}");
    assert_eq!(traced(&both_ways(500_000)).overload(), None);
    // One burst is no overload, but may be more than a run has time for.
    let burst = trace(&(1..8).map(|host| (0, host, 0, 1_000_000)).collect::<Vec<_>>());
    assert_eq!(traced(&burst).overload(), None);
    assert!(traced(&burst).demand.unfinishable.is_none());
    let lab = lab(&topology);
    lab.write("rows.csv", &burst);
    let text = ECHO.replace("preset = \"linux-cluster-10\"", "file = \"net.toml\"").replace("500ms", "1ms");
    lab.write(
        "lab.toml",
        &text.replace("payload_load = 0.5", "trace = \"rows.csv\"").replace("background = \"stop\"\n", ""),
    );
    let notes = lab.case(&[]).notes;
    assert!(notes.iter().any(|note| note.contains("not all of its messages can finish")), "{notes:?}");
}

#[test]
fn traffic_after_a_trace_is_judged_and_estimated_as_well() {
    let lab = lab(&leaf_spine(4, 8, 2, 10, 10));
    lab.write("few.csv", &trace(&[(0, 0, 1, 1_000), (100_000, 1, 2, 1_000)]));
    let set =
        ["transport.kind=sigcomm18", "workload.payload_load=none", "workload.trace=few.csv", "measure.background=none"];
    let with = |load: &str| lab.case(&[&set[..], &[&format!("workload.then_load={load}")]].concat());
    assert!(with("0.5").overload().unwrap().contains("tor-spine"));
    let fits = with("0.3");
    assert_eq!(fits.overload(), None);
    let alone = work(&lab.case(&set));
    let both = work(&fits);
    // The window is from 0 to 2 ms, and the traffic begins at 0.1 ms.
    let poisson = lab.case(&["transport.kind=sigcomm18", "workload.load=0.3"]);
    assert!(near(both.messages, alone.messages + work(&poisson).messages * 1.9 / 2.0));
    assert!(near(both.packet_hops, alone.packet_hops + work(&poisson).packet_hops * 1.9 / 2.0));
}

#[test]
fn a_run_that_was_overloaded_says_so_and_not_that_it_needs_a_longer_warm_up() {
    let set = ["transport.kind=sigcomm18", "workload.sizes=w3-kernel", "workload.load=0.5", "measure.drain=1ms"];
    let (summary, _) = crate::homa::support::run(&case(&leaf_spine(4, 8, 2, 10, 10), &set));
    let overloaded = summary.warnings.iter().filter(|warning| warning.starts_with("overloaded: ")).count();
    assert_eq!(overloaded, 1, "{:?}", summary.warnings);
    assert!(
        !summary.warnings.iter().any(|warning| warning.contains("longer measure.warmup")),
        "{:?}",
        summary.warnings
    );
}

#[test]
fn a_load_that_chance_exceeded_is_not_called_not_reached() {
    let topology = leaf_spine(1, 4, 1, 10, 10);
    let exceeded = (1..40).map(|seed| {
        let set = ["workload.sizes=w5-kernel", "workload.payload_load=0.3", &format!("run.seeds=[{seed}]")];
        crate::homa::support::run(&case(&topology, &set)).0
    });
    let told = |what: &'static str| {
        move |summary: &homa_lab::CaseSummary| summary.warnings.iter().any(|it| it.starts_with(what))
    };
    let summaries: Vec<_> = exceeded.take(4).collect();
    for summary in &summaries {
        let (below, above) = (told("load not reached")(summary), told("load exceeded")(summary));
        assert!(!(below && above));
        for warning in summary.warnings.iter().filter(|warning| warning.starts_with("load ")) {
            let numbers: Vec<f64> = warning.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
            assert_eq!(numbers[0] > numbers[1], above, "{warning}");
        }
    }
    assert!(summaries.iter().any(|summary| told("load ")(summary)), "none of them is off");
}

#[test]
fn a_load_is_met_exactly_where_the_listed_factors_do_not_fit() {
    let wire_load = |case: Case| match &case.arrivals {
        homa_lab::Arrivals::Poisson { arithmetic, .. } => arithmetic.wire_load,
        homa_lab::Arrivals::Trace { .. } => panic!("no trace was given"),
    };
    for sizes in ["w1", "w3", "w5"] {
        let set = ["transport.kind=sigcomm18", &format!("workload.sizes={sizes}"), "workload.load=0.8"];
        let elsewhere = wire_load(case(&leaf_spine(2, 4, 2, 25, 100), &set));
        assert!((elsewhere - 0.8).abs() < 1e-9, "{sizes}: {elsewhere}");
    }
    // The listed factor of W1 means a little more.
    let original = Lab::new(ECHO).case(&[
        "topology.preset=sigcomm18",
        "transport.kind=sigcomm18",
        "workload.sizes=w1",
        "workload.load=0.8",
    ]);
    assert!((wire_load(original) - 0.805).abs() < 5e-4);
}
