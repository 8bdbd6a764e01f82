//! Streams and digests have pinned values: they are the same on every machine, and a library can't move them.

use homa_engine::{Streams, TrajectoryDigest};
use homa_units::Time;
use rand::Rng;

#[test]
fn a_named_stream_has_pinned_values() {
    let mut gaps = Streams::new(1).stream("gap", 0);
    assert_eq!([gaps.next_u64(), gaps.next_u64()], [15_427_343_058_980_702_442, 18_175_242_512_719_963_657]);
}

#[test]
fn streams_differ_by_seed_purpose_and_index() {
    let first = |seed, purpose, index| Streams::new(seed).stream(purpose, index).next_u64();
    let values = [first(1, "gap", 0), first(2, "gap", 0), first(1, "size", 0), first(1, "gap", 1)];
    for (position, value) in values.iter().enumerate() {
        assert!(!values[..position].contains(value));
    }
}

fn digest(records: &[(u64, u32, u64)]) -> u64 {
    let mut digest = TrajectoryDigest::default();
    for (at, component, item) in records {
        digest.record(Time::from_ps(*at), *component, *item);
    }
    digest.finish()
}

#[test]
fn the_order_within_an_instant_does_not_matter_and_everything_else_does() {
    let reference = digest(&[(1, 2, 3), (5, 1, 1), (5, 2, 1)]);
    assert_eq!(reference, digest(&[(1, 2, 3), (5, 2, 1), (5, 1, 1)]));
    assert_ne!(reference, digest(&[(1, 2, 3), (5, 1, 1)]));
    assert_ne!(reference, digest(&[(1, 2, 3), (5, 1, 1), (6, 2, 1)]));
    assert_ne!(reference, digest(&[(1, 3, 2), (5, 1, 1), (5, 2, 1)]));
}

#[test]
#[should_panic(expected = "records come in order of time")]
fn time_can_not_run_backwards() {
    digest(&[(2, 0, 0), (1, 0, 0)]);
}
