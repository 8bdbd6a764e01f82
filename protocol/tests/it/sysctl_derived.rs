//! The values that follow from the sysctls are those of the specification.

use homa_protocol::{Config, Endpoint, Sysctls};
use homa_units::{Duration, Priority};

const KNOWN: [u32; 8] = [i32::MAX as u32, 0, 0, 0, 1_000_000, 15_000, 2_800, 200];
const UNKNOWN: [u32; 8] = [0, 0, 0, 0, 0, 0, i32::MAX as u32, 0];

fn with(change: impl FnOnce(&mut Sysctls)) -> Sysctls {
    let mut sysctls = Sysctls::default();
    change(&mut sysctls);
    sysctls.validate().unwrap();
    sysctls
}

fn written(name: &str, value: &str) -> Sysctls {
    let mut sysctls = Sysctls::default();
    sysctls.write(name, value).unwrap();
    sysctls
}

fn levels(sysctls: &Sysctls, cutoffs: &[u32; 8], lengths: &[u32]) -> Vec<u8> {
    lengths.iter().map(|length| sysctls.unscheduled_level(cutoffs, *length).get()).collect()
}

/// Spec 5.1.
#[test]
fn windows_share_max_incoming_unless_one_is_set() {
    assert_eq!(
        Sysctls::default().windows(),
        [400_000, 200_000, 133_333, 100_000, 80_000, 66_666, 57_142, 50_000, 44_444]
    );
    assert_eq!(with(|sysctls| sysctls.window = 60_000).windows(), [60_000; 9]);
}

/// Spec 5.7.
#[test]
fn the_fifo_grant_interval_takes_the_share_of_the_link() {
    assert_eq!(Sysctls::default().fifo_grant_interval(), Duration::from_us(320));
    assert_eq!(with(|sysctls| sysctls.link_mbps = 10_000).fifo_grant_interval(), Duration::from_us(800));
    // 1234 Mbps after truncation, 810372 ns per Mbit after truncation, times 0.4 Mbit.
    assert_eq!(with(|sysctls| sysctls.link_mbps = 24_690).fifo_grant_interval(), Duration::from_ns(324_148));
    let none = Duration::from_ms(1_000);
    assert_eq!(with(|sysctls| sysctls.grant_fifo_fraction = 0).fifo_grant_interval(), none);
    assert_eq!(with(|sysctls| sysctls.fifo_grant_increment = 0).fifo_grant_interval(), none);
    assert_eq!(with(|sysctls| sysctls.link_mbps = 19).fifo_grant_interval(), none);
}

/// Spec 7.2, case 77.
#[test]
fn the_old_pacer_gets_its_numbers_at_25_gbps() {
    let sysctls = Sysctls::default();
    assert_eq!(sysctls.old_pacer_ns_per_1e6_bytes(), 323_200);
    assert_eq!(1_542 * sysctls.old_pacer_ns_per_1e6_bytes() / 1_000_000, 498);
    assert_eq!(sysctls.max_nic_est_backlog(), Duration::from_us(5));
}

/// Every accepted value gives a result: no overflow, no division by zero.
#[test]
fn the_extremes_of_all_sysctls_are_safe() {
    for info in Sysctls::TABLE.iter().filter(|info| info.writable) {
        for extreme in [i128::from(info.least), i128::from(info.most)] {
            let mut sysctls = Sysctls::default();
            let count = sysctls.read(info.name).unwrap().split('\t').count();
            sysctls.write(info.name, &vec![extreme.to_string(); count].join(" ")).unwrap();
            let _ = (sysctls.windows(), sysctls.old_pacer_ns_per_1e6_bytes());
            let _ = (sysctls.max_nic_est_backlog(), sysctls.fifo_grant_interval());
            assert!(Endpoint::new(Config { sysctls: sysctls.clone(), ..Config::default() }).is_ok());
            assert!(sysctls.high_level() <= sysctls.control_level(), "{} = {extreme}", info.name);
            assert!(u32::from(sysctls.grant_level(0, 8).get()) <= sysctls.max_sched_prio);
        }
    }
}

/// All limits at once: the products of two large values fit too.
#[test]
fn the_largest_products_are_safe() {
    let mut sysctls = Sysctls::default();
    for name in ["link_mbps", "fifo_grant_increment", "max_nic_queue_usecs", "max_nic_est_backlog_usecs"] {
        sysctls.write(name, "2147483647").unwrap();
    }
    sysctls.write("grant_fifo_fraction", "1").unwrap();
    assert_eq!(sysctls.fifo_grant_interval(), Duration::from_ns(465 * 2_147_483_647 * 8 / 1_000_000));
    sysctls.write("link_mbps", "1000").unwrap();
    assert_eq!(sysctls.fifo_grant_interval(), Duration::from_ns(17_179_869_176_000));
}

/// Case 16.
#[test]
fn a_message_as_long_as_a_cutoff_uses_its_level() {
    let lengths = [200, 201, 2_800, 2_801, 15_000, 15_001, 1_000_000];
    assert_eq!(levels(&Sysctls::default(), &KNOWN, &lengths), [7, 6, 6, 5, 5, 4, 4]);
}

/// Cases 17 and 18, quirk Q8.
#[test]
fn a_peer_without_known_cutoffs_gets_everything_on_the_level_below_the_highest() {
    for (num_priorities, level) in [("8", 6), ("7", 6), ("6", 4), ("4", 2), ("2", 0), ("1", 0)] {
        let sysctls = written("num_priorities", num_priorities);
        assert_eq!(levels(&sysctls, &UNKNOWN, &[1, 1_000_000]), [level; 2], "{num_priorities} levels");
    }
}

/// Case 18.
#[test]
fn the_number_of_levels_is_ours_and_the_cutoffs_are_the_peers() {
    let one_level = [i32::MAX as u32, 0, 0, 1_000_000, 0, 0, 0, 0];
    assert_eq!(levels(&Sysctls::default(), &one_level, &[1, 200, 1_000_000]), [3; 3]);
    let four = written("num_priorities", "4");
    assert_eq!(levels(&four, &KNOWN, &[1, 200, 1_000_000]), [0; 3]);
    assert_eq!(four.control_level(), Priority::new(3));
    assert_eq!(four.high_level(), Priority::new(2));
    let one = written("num_priorities", "1");
    assert_eq!(levels(&one, &KNOWN, &[1, 1_000_000]), [0; 2]);
    assert_eq!((one.control_level(), one.high_level()), (Priority::new(0), Priority::new(0)));
}

/// Case 48.
#[test]
fn few_active_messages_use_the_lowest_scheduled_levels() {
    let grants = |sysctls: &Sysctls, active: usize| -> Vec<u8> {
        (0..active).map(|rank| sysctls.grant_level(rank, active).get()).collect()
    };
    let sysctls = Sysctls::default();
    assert_eq!(grants(&sysctls, 1), [0]);
    assert_eq!(grants(&sysctls, 2), [1, 0]);
    assert_eq!(grants(&sysctls, 4), [3, 2, 1, 0]);
    assert_eq!(grants(&sysctls, 8), [3, 2, 1, 0, 0, 0, 0, 0]);
    let more = written("unsched_cutoffs", "0 0 0 0 0 0 0 1000000");
    assert_eq!(more.max_sched_prio, 6);
    assert_eq!(grants(&more, 7), [6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(grants(&more, 4), [3, 2, 1, 0]);
}
