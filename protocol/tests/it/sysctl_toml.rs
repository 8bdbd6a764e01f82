//! A table of sysctls is read as if each had been written once, and what is wrong in it is refused where it stands.

use homa_protocol::Sysctls;

fn told(text: &str) -> String {
    toml::from_str::<Sysctls>(text).unwrap_err().to_string()
}

#[test]
fn an_empty_table_is_the_default() {
    assert_eq!(toml::from_str::<Sysctls>("").unwrap(), Sysctls::default());
}

#[test]
fn only_what_is_named_changes() {
    let read: Sysctls = toml::from_str("unsched_bytes = 60000\nmax_incoming = 480_000").unwrap();
    assert_eq!(read, Sysctls { unsched_bytes: 60_000, max_incoming: 480_000, ..Sysctls::default() });
}

#[test]
fn cutoffs_in_a_table_are_a_new_version_of_them() {
    let read: Sysctls = toml::from_str("unsched_cutoffs = [0, 1000000, 5000, 300, 0, 0, 0, 0]").unwrap();
    assert_eq!(read.unsched_cutoffs, [i32::MAX as u32, 1_000_000, 5_000, 300, 0, 0, 0, 0]);
    assert_eq!((read.max_sched_prio, read.cutoff_version), (0, 2));
    let read: Sysctls = toml::from_str("num_priorities = 4").unwrap();
    assert_eq!((read.unsched_cutoffs[4], read.max_sched_prio, read.cutoff_version), (0, 0, 2));
}

#[test]
fn what_is_printed_is_read_again() {
    let mut changed = Sysctls::default();
    changed.write("unsched_cutoffs", "0 0 1000000 9000 800 70 6 5").unwrap();
    changed.write("temp", "-1 2 -3 4").unwrap();
    changed.write("resend_ticks", "15").unwrap();
    for sysctls in [Sysctls::default(), changed] {
        let text = toml::to_string(&sysctls).unwrap();
        assert_eq!(toml::from_str::<Sysctls>(&text).unwrap(), sysctls);
    }
}

#[test]
fn state_and_derived_values_are_not_in_the_table() {
    let text = toml::to_string(&Sysctls::default()).unwrap();
    for name in ["cutoff_version", "max_sched_prio", "max_dead_buffs", "max_grantable_rpcs"] {
        assert!(!text.contains(name), "{name}");
        assert!(told(&format!("{name} = 1")).contains(&format!("unknown field `{name}`")));
    }
}

#[test]
fn errors_say_where_and_what() {
    let unknown = told("window = 0\nunsched_byte = 1");
    assert!(unknown.contains("line 2, column 1") && unknown.contains("unknown field `unsched_byte`"), "{unknown}");
    let negative = told("window = 0\nlink_mbps = -1");
    assert!(negative.contains("line 2, column 13"), "{negative}");
    for not_strict in ["link_mbps = \"1000\"", "link_mbps = 1.0", "hijack_tcp = true", "priority_map = [0, 1]"] {
        assert!(!told(not_strict).is_empty());
    }
    let limit = told("max_link_usage = 101");
    assert!(limit.contains("sysctl max_link_usage = 101 is not possible; accepted is a whole number from 5 to 100"));
}
