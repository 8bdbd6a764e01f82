//! Sysctls are read and written as `/proc/sys/net/homa` has them, and what can't be written is refused by name.

use homa_protocol::{Recompute, SysctlError, SysctlGroup, Sysctls};

fn refused(name: &str, value: &str) -> SysctlError {
    let mut sysctls = Sysctls::default();
    let error = sysctls.write(name, value).unwrap_err();
    assert_eq!(sysctls, Sysctls::default(), "a refused write changes nothing");
    error
}

#[test]
fn several_numbers_are_separated_by_tabs() {
    let sysctls = Sysctls::default();
    assert_eq!(sysctls.read("link_mbps").unwrap(), "25000");
    assert_eq!(sysctls.read("unsched_cutoffs").unwrap(), "0\t0\t0\t0\t1000000\t15000\t2800\t200");
    assert_eq!(sysctls.read("priority_map").unwrap(), "0\t1\t2\t3\t4\t5\t6\t7");
    assert_eq!(sysctls.read("gen3_softirq_cores").unwrap(), "1\t-1\t-1");
    assert_eq!(sysctls.read("max_sched_prio").unwrap(), "3");
}

/// Spec 10.7 has 36 base sysctls, 6 of grants, 6 of pacing and 4 of peers.
#[test]
fn the_table_has_every_sysctl_once() {
    let count = |group| Sysctls::TABLE.iter().filter(|info| info.group == group).count();
    let groups = [SysctlGroup::Base, SysctlGroup::Grant, SysctlGroup::Qdisc, SysctlGroup::Peer];
    assert_eq!(groups.map(count), [36, 6, 6, 4]);
    let mut names: Vec<_> = Sysctls::TABLE.iter().map(|info| info.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Sysctls::TABLE.len());
}

#[test]
fn what_is_read_can_be_written_and_is_then_read_again() {
    for info in Sysctls::TABLE.iter().filter(|info| info.writable) {
        let mut sysctls = Sysctls::default();
        let count = sysctls.read(info.name).unwrap().split('\t').count();
        let value = vec![info.most.to_string(); count].join("\t");
        sysctls.write(info.name, &value).unwrap();
        // Writing cutoffs also sets those of level 0, to the same number.
        assert_eq!(sysctls.read(info.name).unwrap(), value, "{}", info.name);
        assert_eq!(sysctls.validate(), Ok(()));
    }
}

#[test]
fn the_writer_learns_what_depends_on_the_value() {
    let mut sysctls = Sysctls::default();
    let nothing = Recompute::default();
    assert_eq!(sysctls.write("link_mbps", "10000"), Ok(Recompute { base: true, ..nothing }));
    assert_eq!(sysctls.write("window", "60000"), Ok(Recompute { grant: true, ..nothing }));
    assert_eq!(sysctls.write("homa_share", "70"), Ok(Recompute { qdisc: true, ..nothing }));
    assert_eq!(sysctls.write("peer_net_max", "7"), Ok(nothing));
    assert_eq!(sysctls.write("next_id", "1000"), Ok(Recompute { base: true, next_id: true, ..nothing }));
    assert_eq!((sysctls.link_mbps, sysctls.window, sysctls.homa_share), (10_000, 60_000, 70));
    assert_eq!((sysctls.peer_net_max, sysctls.next_id), (7, 1_000));
}

#[test]
fn what_the_kernel_caps_is_capped() {
    let caps = [
        ("num_priorities", "9", "8"),
        ("max_overcommit", "100", "8"),
        ("grant_fifo_fraction", "501", "500"),
        ("homa_share", "101", "100"),
        ("max_link_usage", "2147483648", "100"),
    ];
    for (name, value, stored) in caps {
        let mut sysctls = Sysctls::default();
        assert!(sysctls.write(name, value).unwrap().capped, "{name}");
        assert_eq!(sysctls.read(name).unwrap(), stored, "{name}");
        assert!(!sysctls.write(name, stored).unwrap().capped, "{name}");
    }
    let capped: Vec<_> = Sysctls::TABLE.iter().filter(|info| info.capped).map(|info| info.name).collect();
    assert_eq!(capped, ["num_priorities", "grant_fifo_fraction", "max_overcommit", "homa_share", "max_link_usage"]);
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_ones() {
    let told = refused("unsched_byte", "1").to_string();
    assert!(told.starts_with("there is no sysctl `unsched_byte`; the nearest names are unsched_bytes, "), "{told}");
    let told = Sysctls::default().read("peer_idle_secs").unwrap_err().to_string();
    assert!(told.contains("are peer_idle_secs_min, peer_idle_secs_max, "), "{told}");
    assert!(matches!(refused("", "1"), SysctlError::Unknown { .. }));
}

#[test]
fn state_and_derived_values_can_only_be_read() {
    for name in ["cutoff_version", "max_sched_prio", "max_dead_buffs", "max_grantable_rpcs"] {
        let error = refused(name, "1");
        assert_eq!(error, SysctlError::ReadOnly { name, value: "1".into() });
        assert_eq!(error.to_string(), format!("sysctl {name} = 1 is not possible: it can only be read"));
        assert!(Sysctls::default().read(name).is_ok());
    }
}

#[test]
fn what_is_no_number_or_not_as_many_is_malformed() {
    assert_eq!(
        refused("unsched_bytes", "60kB").to_string(),
        "sysctl unsched_bytes = 60kB is not possible; accepted is a whole number from 0 to 2147483647"
    );
    assert_eq!(
        refused("priority_map", "0 1 2").to_string(),
        "sysctl priority_map = 0 1 2 is not possible; accepted is 8 whole numbers from 0 to 7, separated by spaces or \
         tabs"
    );
    for (name, value) in
        [("window", ""), ("window", "1 2"), ("window", "1.0"), ("window", "0x10"), ("temp", "1 2 3 4 5")]
    {
        assert!(matches!(refused(name, value), SysctlError::Malformed { .. }), "{name} = {value}");
    }
}

#[test]
fn numbers_outside_the_limits_are_refused() {
    let cases = [
        ("max_overcommit", "0"),
        ("num_priorities", "0"),
        ("max_link_usage", "4"),
        ("homa_share", "-1"),
        ("resend_interval", "0"),
        ("link_mbps", "0"),
        ("pacer_fifo_fraction", "1001"),
        ("priority_map", "0 1 2 3 4 5 6 8"),
        ("unsched_bytes", "2147483648"),
        ("next_id", "18446744073709551616"),
        ("gen3_softirq_cores", "-2147483649 0 0"),
    ];
    for (name, value) in cases {
        assert!(matches!(refused(name, value), SysctlError::OutOfRange { .. }), "{name} = {value}");
    }
    assert_eq!(
        refused("resend_interval", "0").to_string(),
        "sysctl resend_interval = 0 is not possible; accepted is a whole number from 1 to 2147483647"
    );
}

#[test]
fn fields_out_of_range_are_found() {
    type Case = (fn(&mut Sysctls), &'static str);
    let cases: [Case; 6] = [
        (|sysctls| sysctls.num_priorities = 9, "num_priorities"),
        (|sysctls| sysctls.max_overcommit = 0, "max_overcommit"),
        (|sysctls| sysctls.priority_map[3] = 8, "priority_map"),
        (|sysctls| sysctls.unsched_cutoffs[7] = u32::MAX, "unsched_cutoffs"),
        (|sysctls| sysctls.homa_share = 101, "homa_share"),
        (|sysctls| sysctls.link_mbps = 0, "link_mbps"),
    ];
    assert_eq!(Sysctls::default().validate(), Ok(()));
    for (change, expected) in cases {
        let mut sysctls = Sysctls::default();
        change(&mut sysctls);
        let error = sysctls.validate().unwrap_err();
        assert!(matches!(error, SysctlError::OutOfRange { name, .. } if name == expected), "{error}");
    }
}
