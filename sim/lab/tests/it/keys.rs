//! A run's key changes with the sources of its transport, and with nothing that says how a
//! transport is called.

use homa_lab::{Case, PlannedCase, TransportKind, cases, load_experiment};
use homa_run::{Context, Model, Parameters};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

/// `sigcomm18` with the sources `SOURCES`; nothing of it is run.
#[derive(Default, Serialize, Deserialize)]
struct Other<const SOURCES: char>;

macro_rules! with_sources {
    ($letter:literal, $sources:literal, $summary:literal) => {
        impl Parameters for Other<$letter> {
            const NAME: &'static str = "sigcomm18";
            const SUMMARY: &'static str = $summary;
            const SOURCES: &'static str = $sources;

            fn complete(self, _: &Context<'_>) -> Result<Arc<dyn Model>, Box<dyn Error + Send + Sync>> {
                Err("it is never run".into())
            }
        }
    };
}

with_sources!('a', "0000000000000000", "one");
with_sources!('b', "0000000000000000", "the same, told otherwise");
with_sources!('c', "0000000000000001", "one");

#[test]
fn the_sources_of_its_transport_are_in_a_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/quickstart.toml");
    let case = cases(&path, &load_experiment(&path, &[]).unwrap()).unwrap().remove(0);
    let keys = |kind: TransportKind| {
        let mut case: Case = case.clone();
        case.resolved.transport.kind = kind;
        let planned = PlannedCase::new(case).unwrap();
        (planned.key, planned.runs[0].key.clone())
    };
    let [one, same, other] =
        [TransportKind::of::<Other<'a'>>(), TransportKind::of::<Other<'b'>>(), TransportKind::of::<Other<'c'>>()]
            .map(keys);
    assert_eq!(one, same);
    assert!(one.0 != other.0 && one.1 != other.1);
}
