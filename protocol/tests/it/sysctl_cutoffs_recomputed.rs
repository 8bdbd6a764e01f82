//! A change of the cutoffs or of the number of levels sets everything that depends on them (spec 6.1).

use homa_protocol::Sysctls;

const NO_CUTOFF: u32 = i32::MAX as u32;

/// Case 19.
#[test]
fn four_levels_with_the_default_cutoffs_leave_one_for_all_messages() {
    let mut sysctls = Sysctls::default();
    let recompute = sysctls.write("num_priorities", "4").unwrap();
    assert!(recompute.cutoffs && recompute.base && !recompute.grant && !recompute.qdisc);
    assert_eq!(sysctls.unsched_cutoffs, [NO_CUTOFF, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!((sysctls.max_sched_prio, sysctls.cutoff_version), (0, 2));
}

#[test]
fn nothing_is_recomputed_at_start() {
    let sysctls = Sysctls::default();
    assert_eq!(sysctls.unsched_cutoffs, [0, 0, 0, 0, 1_000_000, 15_000, 2_800, 200]);
    assert_eq!((sysctls.max_sched_prio, sysctls.cutoff_version), (3, 1));
}

#[test]
fn the_highest_level_without_a_cutoff_is_the_lowest_unscheduled_one() {
    let mut sysctls = Sysctls::default();
    sysctls.write("unsched_cutoffs", "1 2 1000000 4 5 999999 7 8").unwrap();
    assert_eq!(sysctls.unsched_cutoffs, [NO_CUTOFF, 2, 1_000_000, 4, 5, 999_999, 7, 8]);
    assert_eq!((sysctls.max_sched_prio, sysctls.cutoff_version), (1, 2));
    sysctls.write("unsched_cutoffs", "1000000\t1000000 0 0 0 0 0 2000000").unwrap();
    assert_eq!((sysctls.max_sched_prio, sysctls.cutoff_version), (6, 3));
    sysctls.write("unsched_cutoffs", "0 0 0 0 0 0 0 0").unwrap();
    assert_eq!(sysctls.unsched_cutoffs, [NO_CUTOFF, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!((sysctls.max_sched_prio, sysctls.cutoff_version), (0, 4));
}

/// Unused levels lose their cutoffs only above the first one that takes all messages: the scan stops there.
#[test]
fn cutoffs_of_unused_levels_become_0() {
    let mut sysctls = Sysctls::default();
    sysctls.write("num_priorities", "6").unwrap();
    assert_eq!(sysctls.unsched_cutoffs, [NO_CUTOFF, 0, 0, 0, 1_000_000, 15_000, 0, 0]);
    assert_eq!(sysctls.max_sched_prio, 3);
}

#[test]
fn the_same_value_again_is_a_new_version() {
    let mut sysctls = Sysctls::default();
    sysctls.write("num_priorities", "8").unwrap();
    assert_eq!(sysctls.cutoff_version, 2);
    assert_eq!(sysctls.max_sched_prio, 3);
}

#[test]
fn the_version_wraps_as_its_16_bits_do() {
    let mut sysctls = Sysctls { cutoff_version: 65_535, ..Sysctls::default() };
    sysctls.prios_changed();
    assert_eq!(sysctls.cutoff_version, 0);
}

#[test]
fn cutoffs_set_as_numbers_equal_those_written_as_text() {
    let (mut set, mut written) = (Sysctls::default(), Sysctls::default());
    set.set_cutoffs([1_000_000, 1_000_000, 9_000, 500, 0, 0, 0, 0]);
    written.write("unsched_cutoffs", "1000000 1000000 9000 500 0 0 0 0").unwrap();
    assert_eq!(set, written);
    assert_eq!(set.max_sched_prio, 0);
}

#[test]
fn other_sysctls_leave_the_version_alone() {
    let mut sysctls = Sysctls::default();
    for info in Sysctls::TABLE.iter().filter(|info| info.writable) {
        let value = Sysctls::default().read(info.name).unwrap();
        let before = sysctls.cutoff_version;
        let recompute = sysctls.write(info.name, &value).unwrap();
        assert_eq!(recompute.cutoffs, ["num_priorities", "unsched_cutoffs"].contains(&info.name), "{}", info.name);
        assert_eq!(sysctls.cutoff_version != before, recompute.cutoffs, "{}", info.name);
    }
}
