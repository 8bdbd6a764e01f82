//! A key that can have no effect in any case is refused, and says why.

use crate::tiny;
use homa_lab::{Override, cases, parse_experiment};
use std::path::Path;

/// Names of the cases, or the error.
fn resolve(more: &str, set: &[&str]) -> Result<Vec<String>, String> {
    let cases = tiny::resolve(more, set)?;
    Ok(cases.into_iter().map(|case| case.name).collect())
}

#[test]
fn parameters_of_a_transport_that_no_case_has_are_refused_wherever_they_stand() {
    let refused = |more: &str, set: &[&str], key: &str| {
        let error = resolve(more, set).unwrap_err();
        let expected = format!("{key} has no effect, as no case has transport.kind = \"homa\"");
        assert!(error.contains(&expected), "{error}");
    };
    refused("[transport.homa]\nmtu = 9000\n", &[], "transport.homa.mtu");
    refused("[sweep]\ntransport.homa.sysctl.max_overcommit = [1, 8]\n", &[], "transport.homa.sysctl");
    refused("[[variant]]\nname = \"a\"\nset = [\"transport.homa.quirks=fixed\"]\n", &[], "transport.homa.quirks");
    refused("", &["transport.homa.mtu=9000"], "transport.homa.mtu");
    let blind = resolve("[transport.sigcomm18]\novercommitment = 1\n", &[]);
    assert_eq!(blind.unwrap(), ["w3-kernel-0.5"]);
}

#[test]
fn parameters_of_a_transport_that_some_case_has_are_accepted() {
    let both = "[sweep]\ntransport.kind = [\"sigcomm18\", \"homa\"]\n[transport.homa]\nmtu = 9000\n";
    assert_eq!(resolve(both, &[]).unwrap().len(), 2);
    let variants = "[[variant]]\nname = \"linux\"\nset = [\"transport.kind=homa\"]\n[[variant]]\nname = \"paper\"\n\
                    set = [\"transport.sigcomm18.overcommitment=1\"]\n[transport.homa]\nmtu = 9000\n";
    assert_eq!(resolve(variants, &[]).unwrap().len(), 2);
    // The transport of the file is replaced for one command: its table may stay.
    let table = "[transport.sigcomm18]\novercommitment = 1\n";
    assert_eq!(resolve(table, &["transport.kind=homa"]).unwrap(), ["w3-kernel-0.5"]);
}

#[test]
fn the_resolved_experiment_of_a_case_has_the_parameters_of_its_transport_alone_and_runs_again() {
    let both = "[sweep]\ntransport.kind = [\"sigcomm18\", \"homa\"]\n[transport.homa]\nmtu = 9000\n";
    for case in tiny::resolve(both, &[]).unwrap() {
        let text = case.resolved.to_toml();
        assert_eq!(text.contains("mtu = 9000"), case.kind().name() == "homa", "{text}");
        let again = parse_experiment(Path::new("again.toml"), &text, &[]).unwrap();
        assert_eq!(cases(Path::new("again.toml"), &again).unwrap()[0].name, case.name);
    }
}

/// An experiment of a trace of three messages between hosts 0, 1 and 2.
fn traced(more: &str, set: &[&str]) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("few.csv");
    std::fs::write(&trace, "t_ns,src,dst,size\n0,0,1,1000\n500000,1,2,70000\n900000,2,0,300\n").unwrap();
    let trace = format!("workload.trace={}", trace.display());
    resolve(more, &[&["workload.load=none", &trace], set].concat())
}

fn is_idle(result: Result<Vec<String>, String>, key: &str) {
    let error = result.unwrap_err();
    assert!(error.contains(&format!("{key} has no effect, as ")), "{key}: {error}");
}

#[test]
fn a_trace_with_an_inherited_load_is_refused_and_each_alone_is_accepted() {
    for key in ["load", "payload_load"] {
        let error = traced("", &[&format!("workload.{key}=0.5")]).unwrap_err();
        for part in
            [format!("trace and {key} exclude each other"), format!("--set workload.{key}=none"), "then_load".into()]
        {
            assert!(error.contains(&part), "{error}");
        }
    }
    assert_eq!(traced("", &[]).unwrap(), ["w3-kernel-few"]);
    assert_eq!(traced("", &["workload.then_load=[0.3, 0.5]"]).unwrap(), ["w3-kernel-0.3-few", "w3-kernel-0.5-few"]);
    let error = resolve("", &["workload.then_load=0.5"]).unwrap_err();
    assert!(error.contains("workload.then_load: has no effect without workload.trace"), "{error}");
    let error = traced("", &["workload.then_load=0.5", "measure.window=500us", "measure.drain=100us"]).unwrap_err();
    assert!(error.contains("workload.then_load: has no effect, as every run ends before the trace does"), "{error}");
}

#[test]
fn what_says_how_messages_are_drawn_is_refused_where_all_are_those_of_a_trace() {
    for set in [
        "workload.clients=4",
        "workload.servers=4",
        "workload.threads=2",
        "workload.limit=5",
        "workload.gaps=constant",
        "workload.least_size=500B",
        "measure.background=stop",
    ] {
        let key = set.split('=').next().unwrap();
        is_idle(traced("", &[set]), key);
        assert!(traced("", &[set, "workload.then_load=0.5"]).is_ok(), "{set}");
        assert!(resolve("", &[set]).is_ok(), "{set}");
        assert!(traced("", &[set, &format!("{key}=none")]).is_ok(), "{set}");
    }
    let sweep = "[sweep]\nworkload.sizes = [5000, 6000]\n";
    is_idle(resolve(sweep, &["workload.least_size=5000B"]), "workload.least_size");
    assert!(resolve(sweep, &["workload.least_size=5500B"]).is_ok());
    // Sizes that were replaced for one command leave the file's least size alone.
    assert!(resolve("", &["workload.sizes=5000", "workload.least_size=5000B"]).is_ok());
}

#[test]
fn times_for_sizes_that_no_case_has_are_refused() {
    let per_sizes = "[measure.per_sizes]\nw2 = { window = \"2ms\" }\n";
    is_idle(resolve(per_sizes, &[]), "measure.per_sizes.w2");
    assert_eq!(resolve(per_sizes, &["workload.sizes=[\"w2\", \"w3\"]"]).unwrap().len(), 2);
    // Sizes that were replaced for one command leave the file's table alone.
    assert!(resolve(per_sizes, &["workload.sizes=w4"]).is_ok());
    let by_variant = "[[variant]]\nname = \"a\"\nset = [\"workload.sizes=w2\"]\n[[variant]]\nname = \"b\"\n";
    assert_eq!(resolve(&format!("{by_variant}{per_sizes}"), &[]).unwrap().len(), 2);
    is_idle(resolve("[measure.per_sizes]\nw3-kernel = {}\n", &[]), "measure.per_sizes.w3-kernel");
}

#[test]
fn deaths_that_no_run_lives_to_see_or_that_nobody_notices_are_refused() {
    let homa = ["transport.kind=homa", "faults.deaths=[{ host = 1, at = \"9ms\" }]"];
    is_idle(resolve("", &homa), "faults.deaths");
    // One case of the experiment is long enough.
    let sweep = "[sweep]\nmeasure.drain = [\"4ms\", \"10ms\"]\n";
    assert_eq!(resolve(sweep, &homa).unwrap().len(), 2);
    let idle = ["transport.kind=homa", "workload.clients=4", "workload.servers=4"];
    let dies = |host: u32| format!("faults.deaths=[{{ host = {host}, at = \"500us\" }}]");
    is_idle(resolve("", &[&idle[..], &[&dies(7)]].concat()), "faults.deaths");
    assert!(resolve("", &[&idle[..], &[&dies(3)]].concat()).is_ok());
    is_idle(traced("", &["transport.kind=homa", &dies(3)]), "faults.deaths");
    assert!(traced("", &["transport.kind=homa", &dies(2)]).is_ok());
}

#[test]
fn keys_of_figures_of_other_kinds_and_of_cases_that_are_not_there_are_refused() {
    for (figure, part) in [
        ("kind = \"slowdown\"\ntier = \"host up\"", "tier has an effect in figures of kind"),
        ("kind = \"slowdown\"\nmessages = \"all\"", "messages has an effect"),
        ("kind = \"slowdown\"\nbaseline = \"w3-kernel-0.5\"", "baseline has an effect"),
        ("kind = \"slowdown\"\ncases = [\"w3-*\", \"w4-*\"]", "no case has a name like \"w4-*\""),
        ("kind = \"slowdown\"\nlabels = { \"w4-0.5\" = \"W4\" }", "has no effect, as the figure has no such case"),
        ("kind = \"queues-over-time\"\ntier = \"core\"", "is none of its networks'"),
        ("kind = \"ratio\"\nbaseline = \"w3-kernel-0.5\"", "no case to divide by"),
        ("kind = \"waste\"\ncases = [\"*\"]\nname = \"w\"", "keeps account"),
    ] {
        let set: &[&str] = &[];
        let blind = "[[variant]]\nname = \"b\"\nset = [\"transport.kind=blind\"]\n";
        let more = if figure.contains("waste") { blind } else { "" };
        let error = resolve(&format!("{more}[[figure]]\n{figure}\n"), set).unwrap_err();
        assert!(error.contains(part), "{figure}: {error}");
    }
    let kept = "[[figure]]\nkind = \"latency\"\nmessages = \"all\"\n[[figure]]\nkind = \"waste\"\n";
    assert!(resolve(kept, &[]).is_ok());
}

#[test]
fn tolerances_are_refused_where_no_digest_may_change() {
    is_idle(resolve("[check]\ndigest = true\np99_within = 3\n", &[]), "check.p99_within");
    is_idle(resolve("[check]\ndigest = true\np50_within = 3\n", &[]), "check.p50_within");
    assert!(resolve("[check]\np50_within = 3\n", &[]).is_ok());
}

#[test]
fn parameters_that_others_leave_without_effect_are_refused() {
    let homa = |set: &[&str]| resolve("", &[&["transport.kind=homa"], set].concat());
    for (set, cure) in [
        ("transport.homa.sysctl.poll_usecs=10", None),
        ("transport.homa.sysctl.defer_min_bytes=10", Some("transport.homa.transmit=qdisc")),
        ("transport.homa.sysctl.max_link_usage=80", Some("transport.homa.transmit=qdisc")),
        ("transport.homa.nic_completions=false", Some("transport.homa.transmit=qdisc")),
        ("transport.homa.device_gso_max_size=9000", Some("transport.homa.sysctl.max_gso_size=20000")),
        ("transport.homa.sysctl.homa_share=10", None),
    ] {
        let key = set.split('=').next().unwrap();
        is_idle(homa(&[set]), key);
        if let Some(cure) = cure {
            assert!(homa(&[set, cure]).is_ok(), "{set} {cure}: {:?}", homa(&[set, cure]));
        }
    }
    // With quirk Q9 the old pacer sleeps, whatever it is told.
    let paced = ["transport.homa.transmit=old-pacer", "transport.homa.sysctl.defer_min_bytes=10"];
    is_idle(homa(&paced), "transport.homa.sysctl.defer_min_bytes");
    let awake = "transport.homa.quirks.pacer_idle_until_configured=false";
    assert!(homa(&[&paced[..], &[awake]].concat()).is_ok());
    // One case of a sweep is enough.
    let sweep = "[sweep]\ntransport.homa.transmit = [\"pull\", \"qdisc\"]\n";
    let set = ["transport.kind=homa", "transport.homa.sysctl.max_link_usage=80"];
    assert_eq!(resolve(sweep, &set).unwrap().len(), 2);
    let cap = "transport.sigcomm18.cutoff_cap_bytes=5KB";
    assert!(resolve("", &[cap]).is_ok());
    is_idle(resolve("", &[cap, "transport.sigcomm18.scheduled_levels=7"]), "transport.sigcomm18.cutoff_cap_bytes");
    is_idle(
        resolve("", &["transport.sigcomm18.priority_levels=1", "transport.sigcomm18.boost_tail_bytes=5KB"]),
        "transport.sigcomm18.boost_tail_bytes",
    );
}

#[test]
fn a_swept_key_that_every_variant_sets_is_refused() {
    let variant = |name: &str, set: &str| format!("[[variant]]\nname = \"{name}\"\nset = [\"{set}\"]\n");
    let sweep = "[sweep]\nworkload.load = [0.3, 0.5]\n";
    let error = resolve(&format!("{}{sweep}", variant("a", "workload.load=0.4")), &[]).unwrap_err();
    assert!(error.contains("workload.load has no effect, as every variant sets it"), "{error}");
    let one = format!("{}{}{sweep}", variant("a", "workload.limit=40"), variant("b", "workload.limit=50"));
    assert_eq!(resolve(&one, &[]).unwrap().len(), 4);
}

#[test]
fn none_takes_an_optional_key_out_and_no_other() {
    assert_eq!(resolve("", &["workload.limit=8", "workload.limit=none"]).unwrap(), ["w3-kernel-0.5"]);
    assert_eq!(resolve("", &["workload.limit=none"]).unwrap(), ["w3-kernel-0.5"]);
    let swept = "[sweep]\nworkload.limit = [8, 16]\n";
    assert_eq!(resolve(swept, &["workload.limit=none"]).unwrap().len(), 1);
    let variant = "[[variant]]\nname = \"free\"\nset = [\"transport.sigcomm18.overcommitment=none\"]\n\
                   [transport.sigcomm18]\novercommitment = 1\n";
    assert_eq!(resolve(variant, &[]).unwrap(), ["w3-kernel-0.5-free"]);
    for (set, part) in [
        ("workload.limt=none", "unknown field `limt`"),
        ("wrkload.limit=none", "unknown field `wrkload`"),
        ("transport.homa.sysctl.nothing=none", "nothing"),
        ("measure.window=none", "missing field `window`"),
        ("workload.load=none", "one of `load`"),
    ] {
        let error = resolve("", &[set]).unwrap_err();
        assert!(error.contains(part), "{set}: {error}");
    }
}

#[test]
fn a_value_of_another_kind_is_refused_in_plain_words() {
    for (set, part) in [
        ("workload=3", "expected a table"),
        ("workload.clients=-4", "expected a whole number from 0 to 4294967295"),
        ("transport.sigcomm18.overcommitment=1e11", "expected a whole number from 0 to 255"),
    ] {
        let error = resolve("", &[set]).unwrap_err();
        assert!(error.contains(part) && !error.contains("struct"), "{error}");
    }
    for malformed in ["workload.load=[0.5", "workload.sizes=[\"w3\", 2", "topology.preset=\"sigcomm18", "host={send"] {
        let error = malformed.parse::<Override>().unwrap_err().to_string();
        assert!(error.contains("can't be read: ") && error.contains(malformed), "{error}");
    }
}

#[test]
fn an_illegal_value_is_refused_whether_or_not_it_has_an_effect() {
    let error = resolve("", &["transport.homa.mtu=abc"]).unwrap_err();
    assert!(error.contains("transport.homa"), "{error}");
}
