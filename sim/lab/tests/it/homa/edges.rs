//! What was found to go wrong at the edges: messages longer than a trace's, gaps beyond what is
//! possible, runs in which nobody lives to see an answer, warnings that blame the wrong cause.

use crate::homa::support::{ECHO, Lab, of_trace, run, trace};
use homa_lab::{Control, RunError, run_case};
use std::sync::atomic::AtomicBool;

#[test]
fn poisson_messages_after_a_trace_are_not_longer_than_homa_carries() {
    let lab = Lab::new(ECHO);
    lab.write("few.csv", &trace(&[(100, 0, 1, 500), (1_000, 1, 2, 500)]));
    lab.refused(
        &["workload.payload_load=none", "workload.trace=few.csv", "workload.then_load=0.5", "workload.sizes=w5"],
        &["workload.sizes", "28840000", "1000000", "w5-kernel"],
    );
}

#[test]
fn threads_that_would_hardly_ever_send_are_refused() {
    let set = ["workload.sizes=1000000", "workload.payload_load=0.000001", "workload.threads=1024"];
    Lab::new(ECHO).refused(&set, &["workload.threads", "each of 1024", "give fewer"]);
}

#[test]
fn a_run_whose_clients_all_die_is_an_error_that_names_the_deaths() {
    let lab = Lab::new(ECHO);
    lab.write("two.csv", &trace(&[(100, 0, 1, 500_000), (200, 2, 3, 500_000)]));
    let deaths = "faults.deaths=[{host = 0, at = \"10us\"}, {host = 2, at = \"10us\"}]";
    lab.write("lab.toml", &of_trace("two.csv"));
    let interrupted = AtomicBool::new(false);
    let control = Control { interrupted: &interrupted, progress: &|_, _| {}, threads: 1 };
    let error = run_case(&lab.case(&[deaths]), &control).map(|_| ()).unwrap_err();
    assert!(matches!(error, RunError::NoMessages { .. }) && error.to_string().contains("faults.deaths"), "{error}");
}

#[test]
fn a_run_ends_when_the_last_message_that_is_waited_for_is_abandoned() {
    let lab = Lab::new(ECHO);
    lab.write("two.csv", &trace(&[(100, 0, 1, 500_000), (1_900_000, 2, 3, 500_000)]));
    lab.write("lab.toml", &of_trace("two.csv"));
    let death = "faults.deaths=[{host = 2, at = \"2050us\"}]";
    let (summary, records) = run(&lab.case(&[death]));
    assert_eq!((records.len(), summary.messages, summary.messages_abandoned), (1, 1, 1));
    // The death happens at an end of a step of 50 us, and so in the next one.
    assert_eq!(summary.simulated_s, 0.002_1);
}

#[test]
fn padded_messages_are_meant_and_can_overload_a_link() {
    let lab = Lab::new(ECHO);
    let long = "measure.window=10ms";
    let (summary, _) =
        run(&lab.case(&["workload.sizes=w1-kernel", "workload.payload_load=0.1", "workload.least_size=200B", long]));
    assert!(!summary.warnings.iter().any(|warning| warning.contains("load not reached")), "{:?}", summary.warnings);
    let set = ["workload.sizes=w1-kernel", "workload.payload_load=0.5", "workload.least_size=1400B"];
    lab.refused(&set, &["workload.payload_load", "wire load of", "can't carry"]);
}

#[test]
fn what_dead_clients_do_not_send_is_not_missed() {
    let set = ["measure.window=10ms", "faults.deaths=[{host = 0, at = \"0ps\"}, {host = 5, at = \"5ms\"}]"];
    let (summary, _) = run(&Lab::new(ECHO).case(&[&set[..], &["workload.sizes=2000"]].concat()));
    assert!(!summary.warnings.iter().any(|warning| warning.contains("load not reached")), "{:?}", summary.warnings);
}

#[test]
fn a_single_quirk_can_be_set_where_the_file_names_them_by_a_word() {
    let lab = Lab::new(&ECHO.replace("kind = \"homa\"", "kind = \"homa\"\n[transport.homa]\nquirks = \"fixed\""));
    let quirks = |set: &[&str]| {
        let parameters: homa_linux::Parameters = lab.case(set).resolved.transport.parameters().try_into().unwrap();
        parameters.quirks
    };
    let one = quirks(&["transport.homa.quirks.redundant_grants=true"]);
    assert!(one.redundant_grants && !one.stale_remaining, "{one:?}");
    assert!(!quirks(&[]).redundant_grants);
}
