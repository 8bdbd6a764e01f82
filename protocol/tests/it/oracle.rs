//! The core against what Linux's module did, call by call: the vectors of `tests/vectors`.

#[path = "oracle/harness/mod.rs"]
mod harness;

use harness::files::{files_of, sequences_of};
use harness::held::held;
use harness::run::{Outcome, Sequence, run};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How many differences a failing test prints.
const SHOWN: usize = 3;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn sequences(family: &str) -> Vec<Sequence> {
    let file = folder().join(format!("{family}.jsonl.gz"));
    let sequences = sequences_of(&file).unwrap_or_else(|error| panic!("{error}"));
    sequences.map(|sequence| sequence.unwrap_or_else(|error| panic!("{error}"))).collect()
}

fn outcome(sequence: &Sequence) -> Outcome {
    run(sequence).unwrap_or_else(|what| panic!("sequence {}: {what}", sequence.name))
}

/// Each sequence of the family agrees in everything, or is held by name and still differs.
fn agrees(family: &str) {
    let mut wrong = Vec::new();
    for sequence in sequences(family) {
        assert_eq!(sequence.family, family, "{}", sequence.name);
        let outcome = outcome(&sequence);
        match (outcome.first(), held(&sequence.name)) {
            (None, None) | (Some(_), Some(_)) => {}
            (Some(difference), None) => wrong.push(difference.to_string()),
            (None, Some(held)) => wrong.push(format!("{} agrees, and is held: {}\n", held.name, held.reason)),
        }
    }
    let shown = wrong.iter().take(SHOWN).map(String::as_str).collect::<String>();
    assert!(wrong.is_empty(), "{} sequences of {family} are not as they should be:\n{shown}", wrong.len());
}

macro_rules! families {
    ($($name:ident: $family:literal;)+) => {
        const FAMILIES: &[&str] = &[$($family),+];
        $(#[test]
        fn $name() {
            agrees($family);
        })+
    };
}

families! {
    calls_that_fail_and_rpcs_that_are_given_up: "api";
    messages_without_loss: "basic";
    the_smallest_receive_regions: "buffers";
    named_scenes: "directed";
    many_long_messages_and_few_slots: "grants";
    packets_that_no_peer_sends: "hostile";
    loss_duplicates_and_reordering: "lossy";
    everything_at_once: "mix";
    several_sockets_of_both_families: "multi";
    the_old_pacer: "pacer";
    private_rpcs_and_readers_that_sleep: "private";
    the_queueing_discipline_with_other_traffic: "qdisc";
    the_version_submitted_to_linux: "stripped";
    parameters_that_change_midway: "sysctl";
    silent_and_dead_peers: "timers";
}

#[test]
fn every_file_of_vectors_is_a_test_here() {
    let files = files_of(&folder()).unwrap_or_else(|error| panic!("{error}"));
    let name = |file: PathBuf| file.file_name().unwrap().to_string_lossy().trim_end_matches(".jsonl.gz").to_owned();
    let files: BTreeSet<String> = files.into_iter().map(name).collect();
    assert_eq!(files, FAMILIES.iter().map(|family| (*family).to_owned()).collect());
}

/// A driver that compared nothing would pass all of the above.
#[test]
fn a_number_that_is_not_the_kernels_is_found_wherever_it_is() {
    let named = |name: &str| sequences("directed").into_iter().find(|sequence| sequence.name == name);
    let scene = named("D15-incoming--1").expect("the scene is there");
    assert!(outcome(&scene).first().is_none());
    let mut changed = 0;
    for wrong in scene.each_number_changed() {
        assert!(outcome(&wrong).first().is_some(), "number {changed}");
        changed += 1;
    }
    assert!(changed > 150, "{changed}");
}

#[test]
fn files_that_are_no_vectors_are_refused_by_line() {
    let parse = |line: &str| Sequence::parse(line).map(|_| ()).expect_err("it is no sequence");
    assert!(parse("{").starts_with("no JSON: "));
    assert_eq!(parse("[]"), "a sequence is []; an object is expected");
    assert_eq!(parse(r#"{"name":1}"#), "`steps` is missing");
    let unknown = r#"{"name":"a","family":"b","steps":[{"op":{"k":"init","mtu":1500,"max_gso":0,"gso":65536,"cores":1,
        "cpu":0,"step_ns":1,"now":0,"qdisc":0,"nic":0,"reap":1,"stripped":0},"out":{"ret":0,"ti":0,"na":0,"now":0}},
        {"op":{"k":"jump"},"out":{}}]}"#;
    let sequence = Sequence::parse(unknown).expect("it has the form of a sequence");
    assert_eq!(run(&sequence).map(|_| ()), Err("step 1: `k` is jump, which is no operation".into()));
    let missing = files_of(Path::new("no/such/folder")).expect_err("there is none").to_string();
    assert!(missing.starts_with("no/such/folder: "), "{missing}");
}
