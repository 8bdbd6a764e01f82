//! Each variant makes cases of its own, with its name at their end, under the very same messages;
//! what is written of it runs again to the same result; what can't be is refused.

use crate::homa::support::{ECHO, Lab, run, try_cases};
use homa_lab::{Case, MessageRecord};
use homa_linux::{CutoffSource, Parameters};
use homa_protocol::{Quirks, TransmitMode};

const VARIANTS: &str = r#"
[[variant]]
name = "base"
[[variant]]
name = "fixed-quirks"
set = ["transport.homa.quirks=fixed"]
[[variant]]
name = "queue_2.0"
set = ["transport.homa.transmit=qdisc", "transport.homa.sysctl.max_overcommit=2"]
"#;

fn lab() -> Lab {
    Lab::new(&format!("{ECHO}{VARIANTS}"))
}

fn names(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| case.name.as_str()).collect()
}

fn parameters(case: &Case) -> Parameters {
    case.resolved.transport.parameters().try_into().expect("they were accepted")
}

#[test]
fn each_variant_is_a_case_with_its_name_at_the_end() {
    let lab = lab();
    let cases = lab.cases(&[]);
    let of_one =
        ["w3-kernel-payload-0.5-base", "w3-kernel-payload-0.5-fixed-quirks", "w3-kernel-payload-0.5-queue_2.0"];
    assert_eq!(names(&cases), of_one);
    let [base, fixed, queue] = [0, 1, 2].map(|number| parameters(&cases[number]));
    assert_eq!(base, Parameters::default());
    assert_eq!(fixed, Parameters { quirks: Quirks::fixed(), ..Parameters::default() });
    assert_eq!((queue.transmit, queue.sysctl.max_overcommit), (TransmitMode::Qdisc, 2));
    let cases = lab.cases(&["workload.payload_load=[0.2, 0.3]"]);
    assert_eq!(
        names(&cases)[..3],
        ["w3-kernel-payload-0.2-base", "w3-kernel-payload-0.3-base", "w3-kernel-payload-0.2-fixed-quirks"]
    );
    assert_eq!(cases.len(), 6);
    assert_eq!(names(&Lab::new(ECHO).cases(&[])), ["w3-kernel-payload-0.5"]);
}

#[test]
fn all_variants_have_the_same_messages_and_not_the_same_latencies() {
    let runs: Vec<_> = lab().cases(&[]).iter().map(run).collect();
    let messages = |records: &[MessageRecord]| {
        let of = |record: &MessageRecord| {
            let message = &record.message;
            (message.created, message.source, message.destination, message.size)
        };
        records.iter().map(of).collect::<Vec<_>>()
    };
    assert!(runs[0].1.len() > 1_000);
    for (number, (summary, records)) in runs.iter().enumerate().skip(1) {
        assert!(messages(records) == messages(&runs[0].1), "variant {number}");
        assert_ne!(summary.digest, runs[0].0.digest);
    }
}

#[test]
fn the_resolved_experiment_of_a_variant_runs_again_to_the_same_result_and_name() {
    let lab = lab();
    for case in lab.cases(&["workload.least_size=12B", "faults.loss=0.001", "measure.window=500us"]) {
        let (summary, written) = lab.write_run(&case);
        let again = try_cases(&written.folder.join("experiment.toml"), &[]).unwrap();
        assert_eq!(names(&again), [&case.name]);
        assert_eq!(again[0].resolved.variants, case.resolved.variants);
        assert_eq!(parameters(&again[0]), parameters(&case));
        let (repeated, _) = run(&again[0]);
        assert_eq!((&repeated.digest, &repeated.case), (&summary.digest, &summary.case));
        assert!(summary.lost_packets > 0 && repeated.lost_packets == summary.lost_packets);
    }
}

#[test]
fn the_resolved_experiment_has_every_value_that_was_used() {
    let lab = lab();
    let (_, written) = lab.write_run(&lab.cases(&["measure.window=100us"])[0]);
    let text = std::fs::read_to_string(written.folder.join("experiment.toml")).unwrap();
    for line in
        ["transmit = \"pull\"", "mtu = 1500", "redundant_grants = true", "max_overcommit = 8", "name = \"base\""]
    {
        assert!(text.contains(line), "`{line}` is missing in:\n{text}");
    }
}

#[test]
fn what_is_set_on_the_command_line_wins_over_what_variants_set() {
    let cases = lab().cases(&["transport.homa.transmit=immediate", "transport.homa.sysctl.max_overcommit=5"]);
    let chosen = |case: &Case| (parameters(case).transmit, parameters(case).sysctl.max_overcommit);
    let chosen: Vec<_> = cases.iter().map(chosen).collect();
    assert_eq!(chosen, [(TransmitMode::Immediate, 5), (TransmitMode::Immediate, 5), (TransmitMode::Immediate, 5)]);
}

/// What the file leaves out is no obstacle: these once met a full table of defaults, and changed
/// nothing or were refused.
#[test]
fn a_variant_says_of_tables_what_the_command_line_could_say() {
    let variant = "[[variant]]\nname = \"a\"\nset = [\"transport.homa.quirks.base=fixed\", \"transport.homa.cutoffs.published=w4\"]";
    let lab = Lab::new(&format!("{ECHO}{variant}"));
    let cases = [
        (&[][..], Quirks::fixed()),
        (&["transport.homa.mtu=3000"], Quirks::fixed()),
        (&["transport.homa.quirks.base=linux"], Quirks::linux()),
    ];
    for (set, quirks) in cases {
        let parameters = parameters(&lab.case(set));
        assert_eq!(parameters.quirks, quirks);
        assert_eq!(parameters.cutoffs, CutoffSource::Published("w4".to_owned()));
    }
    let listed = "[[variant]]\nname = \"b\"\nset = [\"transport.homa.quirks.redundant_grants=true\"]";
    let case = Lab::new(&format!("{ECHO}{listed}")).case(&["transport.homa.quirks.base=fixed"]);
    assert_eq!(parameters(&case).quirks, Quirks { redundant_grants: true, ..Quirks::fixed() });
}

#[test]
fn names_that_tell_no_folders_apart_are_refused() {
    let refused = |variants: &str, parts: &[&str]| Lab::new(&format!("{ECHO}{variants}")).refused(&[], parts);
    refused("[[variant]]\nname = \"\"", &["variant.name = \"\"", "letters, digits"]);
    refused("[[variant]]\nname = \"a/b\"", &["variant.name = \"a/b\"", "letters, digits, `-`, `_` and `.`"]);
    refused(
        "[[variant]]\nname = \"a\"\n[[variant]]\nname = \"a\"",
        &["variant.name = \"a\" is given twice", "its own"],
    );
    refused("[[variant]]\nset = []", &["line 17", "missing field `name`"]);
    refused("[variant]\nname = \"a\"", &["line 17", "expected a list"]);
    refused("[[variant]]\nname = \"a\"\nsets = []", &["unknown field `sets`", "`name` or `set`"]);
}

#[test]
fn what_a_variant_cannot_set_is_refused_with_its_name() {
    let refused = |set: &str, parts: &[&str]| {
        let lab = Lab::new(&format!("{ECHO}[[variant]]\nname = \"odd\"\nset = ['{set}']"));
        lab.refused(&[], &[&["variant \"odd\""], parts].concat());
    };
    refused("nonsense", &["`nonsense` is not KEY=VALUE", "for example"]);
    refused("=3", &["`=3` is not KEY=VALUE"]);
    refused("workload.laod=0.3", &["set workload.laod=0.3", "unknown field `laod`", "`load`"]);
    refused("transport.homa.transmit=push", &["unknown value `push`", "`pull`, `immediate`, `old-pacer`, `qdisc`"]);
    refused("transport.homa.sysctl.max_overcommit=9", &["max_overcommit = 9", "1 to 8"]);
    refused("variant=[]", &["a variant can't have variants"]);
    refused("workload.sizes.name=3", &["`sizes` is a value, not a table"]);
    // These are found when the values are put together.
    refused("transport.homa.receive_bpages=3", &["receive_bpages = 3", "32 to 65536"]);
    refused("workload.clients=0", &["workload.clients", "0 clients", "1 to 10"]);
    refused("run.seeds=[]", &["run.seeds", "at least one seed"]);
}
