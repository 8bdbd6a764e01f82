//! Messages get disjoint parts of the region, packed, low pages first, and what is given back can be had again.

extern crate std;

use super::*;
use proptest::prelude::*;
use std::string::ToString;
use std::{vec, vec::Vec};

const LEASE: Duration = Duration::from_ms(10);

fn ms(ms: u64) -> Time {
    Time::ZERO + Duration::from_ms(ms)
}

/// The smallest pool for this many cores: 31 pages for one, one more for each further core.
fn pool(cores: usize) -> Pool {
    Pool::new(0, cores as u64 * 65_536 + 2_000_000, cores).unwrap()
}

/// Where a message lies that arrives on `core`; `None` without space.
fn place(pool: &mut Pool, now: Time, core: usize, length: u32) -> Option<Vec<u32>> {
    let mut offsets = BpageOffsets::default();
    let found = pool.allocate(now, core, LEASE, length, &mut offsets);
    assert!(found || offsets == BpageOffsets::default(), "a message without space has no offsets");
    found.then(|| offsets.as_slice().to_vec())
}

/// Takes all but `left` free pages.
fn fill(pool: &mut Pool, left: u32) {
    while pool.free_bpages() > left {
        place(pool, Time::ZERO, 0, 65_536).unwrap();
    }
}

#[test]
fn case_31_packing() {
    let mut pool = pool(1);
    assert_eq!(place(&mut pool, Time::ZERO, 0, 100), Some(vec![0]));
    assert_eq!(place(&mut pool, Time::ZERO, 0, 100), Some(vec![100]));
    assert_eq!(place(&mut pool, Time::ZERO, 0, 300), Some(vec![200]));
    assert_eq!(place(&mut pool, Time::ZERO, 0, 150_000), Some(vec![65_536, 131_072, 500]));
    assert_eq!(pool.free_bpages(), 28);
    assert_eq!(pool.available_bytes(), 28 * 65_536 + 65_536 - 500 - 18_928);
}

#[test]
fn case_32_a_message_of_whole_pages_has_no_partial_page() {
    let mut pool = pool(1);
    assert_eq!(place(&mut pool, Time::ZERO, 0, 65_536), Some(vec![0]));
    assert_eq!(place(&mut pool, Time::ZERO, 0, 131_072), Some(vec![65_536, 131_072]));
    assert_eq!((pool.free_bpages(), pool.available_bytes()), (28, 28 * 65_536));
    assert_eq!(pool.pages[..3].iter().filter(|page| page.owner.is_some()).count(), 0);
}

#[test]
fn case_33_a_full_page_with_users_is_given_up() {
    let mut pool = pool(1);
    assert_eq!(place(&mut pool, Time::ZERO, 0, 60_000), Some(vec![0]));
    assert_eq!(place(&mut pool, Time::ZERO, 0, 10_000), Some(vec![65_536]));
    assert_eq!((pool.pages[0].owner, pool.pages[1].owner), (None, Some(name_of(0))));
    assert_eq!((pool.bpage_reuses, pool.free_bpages()), (0, 29));
    // Nobody but the message holds the old page any more.
    pool.give_back(&[0]).unwrap();
    assert_eq!(pool.free_bpages(), 30);
}

#[test]
fn case_33_a_full_page_without_users_is_begun_anew() {
    let mut pool = pool(1);
    assert_eq!(place(&mut pool, Time::ZERO, 0, 60_000), Some(vec![0]));
    pool.give_back(&[0]).unwrap();
    assert_eq!(place(&mut pool, Time::ZERO, 0, 5_536), Some(vec![60_000]), "there is room just for this");
    pool.give_back(&[60_000]).unwrap();
    assert_eq!(place(&mut pool, Time::ZERO, 0, 10_000), Some(vec![0]));
    assert_eq!((pool.bpage_reuses, pool.free_bpages()), (1, 30));
}

#[test]
fn case_34_only_regions_within_the_rules_are_accepted() {
    let refusal = |start, length| Pool::new(start, length, 4).unwrap_err();
    let too_short = RegionError::TooShort { length: 2_262_143, cores: 4, least: 2_262_144 };
    assert_eq!(refusal(0, 2_262_143), too_short);
    assert_eq!(
        too_short.to_string(),
        "receive buffers of 2262143 bytes are too small: 4 cores need at least 2262144 bytes"
    );
    let unaligned = RegionError::Unaligned { start: 0x1800 };
    assert_eq!(refusal(0x1800, 1 << 22), unaligned);
    assert_eq!(unaligned.to_string(), "the receive buffers start at 0x1800, which is not a multiple of 4096");
    let too_long = RegionError::TooLong { length: 4_294_967_297 };
    assert_eq!(refusal(0, 4_294_967_297), too_long);
    assert_eq!(
        too_long.to_string(),
        "receive buffers of 4294967297 bytes are too large: at most 4294967296 are possible"
    );
    assert!(matches!(Pool::new(0, 1 << 32, usize::MAX), Err(RegionError::TooShort { least: u64::MAX, .. })));

    let pool = Pool::new(0xffff_ffff_ffff_f000, 2_262_144, 4).unwrap();
    // Only whole pages are used.
    assert_eq!((pool.start(), pool.length(), pool.free_bpages()), (0xffff_ffff_ffff_f000, 34 * 65_536, 34));
}

#[test]
fn case_34_every_byte_of_the_greatest_region_has_an_offset() {
    let mut pool = Pool::new(0x1000, 1 << 32, 4).unwrap();
    assert_eq!((pool.length(), pool.free_bpages()), (1 << 32, 65_536));
    fill(&mut pool, 1);
    assert_eq!(place(&mut pool, Time::ZERO, 0, 65_535), Some(vec![0xffff_0000]));
    assert_eq!(place(&mut pool, Time::ZERO, 0, 1), Some(vec![0xffff_ffff]));
    assert_eq!((pool.free_bpages(), pool.available_bytes()), (0, 0));
    pool.give_back(&[0xffff_ffff, 0xffff_0000]).unwrap();
    assert_eq!(pool.available_bytes(), 65_536);
}

#[test]
fn case_35_bad_returns_are_refused_and_those_before_them_stay_returned() {
    let mut pool = pool(1);
    let mut offsets = BpageOffsets::default();
    assert!(pool.allocate(Time::ZERO, 0, LEASE, 131_172, &mut offsets));
    assert_eq!(offsets.as_slice(), [0, 65_536, 131_072]);
    assert_eq!(pool.give_back(&[0, 0, 65_536]), Err(BadBpage { index: 1, offset: 0 }));
    assert_eq!(pool.free_counted_and_real(), (29, 29));
    assert_eq!(pool.give_back(&[31 * 65_536]), Err(BadBpage { index: 0, offset: 31 * 65_536 }));
    assert_eq!(pool.give_back(&[u32::MAX]), Err(BadBpage { index: 0, offset: u32::MAX }));
    // Only the page matters. The core's own hold on its page is not the application's to return.
    let bad = BadBpage { index: 2, offset: 131_073 };
    assert_eq!(pool.give_back(&[131_071, 196_607, 131_073]), Err(bad));
    assert_eq!(
        bad.to_string(),
        "buffer number 2 that was given back, at offset 131073, is not in use by the application"
    );
    assert_eq!(pool.free_counted_and_real(), (30, 30));
}

#[test]
fn case_36_too_few_free_pages_give_no_space_and_take_none() {
    let mut pool = pool(1);
    place(&mut pool, Time::ZERO, 0, 60_000).unwrap();
    fill(&mut pool, 2);
    assert_eq!(place(&mut pool, Time::ZERO, 0, 150_000), None);
    assert_eq!((pool.free_counted_and_real(), pool.buffer_alloc_failures), ((2, 2), 1));
    assert_eq!(place(&mut pool, Time::ZERO, 0, 300_000), None);
    assert_eq!((pool.free_counted_and_real(), pool.buffer_alloc_failures), ((2, 2), 2));
    pool.give_back(&[5 * 65_536]).unwrap();
    assert_eq!(pool.free_bpages(), bpages_needed(150_000));
    assert_eq!(place(&mut pool, Time::ZERO, 0, 150_000).map(|offsets| offsets.len()), Some(3));
    assert_eq!((pool.free_bpages(), pool.available_bytes()), (0, 65_536 - 18_928));
}

#[test]
fn case_37_pages_needed_are_counted_without_sharing() {
    let needed = [0, 1, 65_536, 65_537, 100_000, 300_000, 1_000_000].map(bpages_needed);
    assert_eq!(needed, [0, 1, 1, 2, 2, 5, HOMA_MAX_BPAGES as u32]);
}

#[test]
fn an_unused_page_of_another_core_is_stolen_once_its_lease_is_over() {
    let mut pool = pool(2);
    assert_eq!(place(&mut pool, ms(0), 0, 100), Some(vec![0]));
    assert_eq!(place(&mut pool, ms(5), 0, 100), Some(vec![100]), "each use renews the lease");
    pool.give_back(&[0]).unwrap();
    pool.cores[1].next_candidate = 0;
    assert_eq!(place(&mut pool, ms(20), 1, 65_536), Some(vec![65_536]), "a message is left in it");
    pool.give_back(&[100]).unwrap();
    pool.cores[1].next_candidate = 0;
    let just_before = Time::from_ps(ms(15).as_ps() - 1);
    assert_eq!(place(&mut pool, just_before, 1, 65_536), Some(vec![131_072]), "its lease is not over");
    pool.cores[1].next_candidate = 0;
    let free = pool.free_bpages();
    assert_eq!(place(&mut pool, ms(15), 1, 65_536), Some(vec![0]));
    assert_eq!(pool.free_counted_and_real(), (free, free), "a stolen page was not free before");
    assert_eq!(place(&mut pool, ms(15), 0, 100), Some(vec![3 * 65_536]), "core 0 has lost its page");
}

#[test]
fn stealable_pages_do_not_help_when_none_is_free() {
    let mut pool = pool(2);
    assert_eq!(place(&mut pool, ms(0), 1, 100), Some(vec![0]));
    pool.give_back(&[0]).unwrap();
    fill(&mut pool, 0);
    assert_eq!(place(&mut pool, ms(1_000), 0, 100), None);
    assert_eq!(pool.available_bytes(), 65_536);
    assert_eq!(place(&mut pool, ms(1_000), 1, 65_535), Some(vec![0]), "its owner can still use it");
}

#[test]
fn low_pages_are_used_again_and_again() {
    let mut pool = pool(1);
    let mut one_after_the_other = |times| -> Vec<u32> {
        (0..times)
            .map(|_| {
                let offsets = place(&mut pool, Time::ZERO, 0, 65_536).unwrap();
                pool.give_back(&offsets).unwrap();
                offsets[0] / 65_536
            })
            .collect()
    };
    assert_eq!(one_after_the_other(7), [0, 1, 2, 3, 4, 0, 1]);
}

#[test]
fn the_search_goes_a_quarter_beyond_what_is_in_use() {
    let mut pool = pool(1);
    fill(&mut pool, 31 - 19);
    let pages: Vec<u32> = (0..7)
        .map(|_| {
            let offsets = place(&mut pool, Time::ZERO, 0, 65_536).unwrap();
            pool.give_back(&offsets).unwrap();
            offsets[0] / 65_536
        })
        .collect();
    assert_eq!(pages, [19, 20, 21, 22, 23, 24, 19]);
}

#[test]
fn each_core_searches_from_where_it_was() {
    let mut pool = pool(2);
    assert_eq!(place(&mut pool, Time::ZERO, 0, 131_072), Some(vec![0, 65_536]));
    pool.give_back(&[0]).unwrap();
    assert_eq!(place(&mut pool, Time::ZERO, 0, 65_536), Some(vec![131_072]));
    assert_eq!(place(&mut pool, Time::ZERO, 1, 65_536), Some(vec![0]));
}

#[test]
fn an_empty_message_needs_no_space() {
    let mut pool = pool(1);
    fill(&mut pool, 0);
    assert_eq!(place(&mut pool, Time::ZERO, 0, 0), Some(vec![]));
}

impl Pool {
    /// The count of free pages, and how many really are.
    fn free_counted_and_real(&self) -> (u32, u32) {
        let touched_and_free = self.pages.iter().filter(|page| page.refs == 0).count();
        (self.free_bpages(), (self.page_count - self.pages.len() + touched_and_free) as u32)
    }
}

#[derive(Debug, Clone)]
enum Step {
    Allocate { core: usize, length: u32 },
    GiveBack(prop::sample::Index),
    Wait { ms: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let length = prop_oneof![4 => 1..2_000_u32, 3 => 20_000..65_537_u32, 2 => 65_536..=1_000_000_u32];
    prop_oneof![
        5 => (0..4_usize, length).prop_map(|(core, length)| Step::Allocate { core, length }),
        6 => any::<prop::sample::Index>().prop_map(Step::GiveBack),
        1 => (0..12_u64).prop_map(|ms| Step::Wait { ms }),
    ]
}

/// The bytes of the region that each buffer of a message covers.
fn buffers(offsets: &[u32], length: u32) -> impl Iterator<Item = (u64, u64)> + '_ {
    offsets.iter().enumerate().map(move |(index, &offset)| {
        let bytes = (length - index as u32 * HOMA_BPAGE_SIZE).min(HOMA_BPAGE_SIZE);
        (offset.into(), u64::from(offset) + u64::from(bytes))
    })
}

fn pages_agree(pool: &Pool, live: &[(u64, u64)]) {
    for (index, page) in pool.pages.iter().enumerate() {
        let users = live.iter().filter(|(start, _)| (start / 65_536) as usize == index).count();
        assert_eq!(page.refs as usize, users + usize::from(page.owner.is_some()), "users of page {index}");
        assert!(
            page.owner.is_none_or(|core| pool.cores[core.get() as usize - 1].page_hint == index),
            "page {index} is its owner's"
        );
    }
    let (counted, free) = pool.free_counted_and_real();
    assert_eq!(counted, free);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..Default::default() })]

    /// Buffers in use never overlap, all lie in the region and inside one page each, `free_bpages` is the number of
    /// pages without users and owner, and a message that needs no more pages than that always gets space.
    #[test]
    fn buffers_in_use_are_disjoint_and_all_come_back(
        cores in 1..=4_usize,
        steps in prop::collection::vec(step(), 0..150),
    ) {
        let mut pool = pool(cores);
        let mut now = Time::ZERO;
        let mut live: Vec<(u64, u64)> = vec![];
        for step in steps {
            match step {
                Step::Wait { ms } => now += Duration::from_ms(ms),
                Step::GiveBack(index) if !live.is_empty() => {
                    let (start, _) = live.swap_remove(index.index(live.len()));
                    prop_assert_eq!(pool.give_back(&[start as u32]), Ok(()));
                }
                Step::GiveBack(_) => {}
                Step::Allocate { core, length } => {
                    let (free, failures) = (pool.free_bpages(), pool.buffer_alloc_failures);
                    let found = place(&mut pool, now, core % cores, length);
                    prop_assert!(found.is_some() || free < bpages_needed(length));
                    prop_assert_eq!(pool.buffer_alloc_failures, failures + u64::from(found.is_none()));
                    let found = found.unwrap_or_default();
                    prop_assert!(found.is_empty() || found.len() as u32 == bpages_needed(length));
                    for (start, end) in buffers(&found, length) {
                        prop_assert!(end <= pool.length() && start / 65_536 == (end - 1) / 65_536);
                        prop_assert!(live.iter().all(|&(from, to)| end <= from || to <= start), "{} {}", start, end);
                        live.push((start, end));
                    }
                }
            }
            pages_agree(&pool, &live);
        }
        let all: Vec<u32> = live.iter().map(|&(start, _)| start as u32).collect();
        prop_assert_eq!(pool.give_back(&all), Ok(()));
        pages_agree(&pool, &[]);
        prop_assert_eq!(pool.available_bytes(), pool.length());
        prop_assert!(pool.pages.iter().all(|page| page.is_available(now + LEASE)));
    }
}
