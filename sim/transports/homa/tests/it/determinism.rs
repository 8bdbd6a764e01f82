//! The same seed gives the same run in every mode, with loss: the same messages end at the same
//! times, and a digest of them is that of a run recorded before.

use crate::support::{MODES, parameters, poisson, shipped, simulation};
use homa_fabric::Faults;
use homa_protocol::TransmitMode;
use homa_units::{Duration, Time};

fn digest(transmit: TransmitMode) -> u64 {
    let parameters = parameters(transmit, 10);
    let traffic = poisson(16, &parameters, "w3-kernel", 0.5, Time::ZERO + Duration::from_us(500));
    let faults = Faults::default().with_loss(0.005).unwrap();
    let mut net = simulation(&shipped("sigcomm18-16"), &parameters, faults, traffic);
    net.run_until(Time::MAX);
    assert!(net.observer().ends.len() > 300);
    net.observer().digest()
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for mode in MODES {
        assert_eq!(digest(mode), digest(mode), "{mode:?}");
    }
}

/// Change these numbers only with a reason, and say it in the commit: the core, the fabric or this
/// setting behaves differently then.
#[test]
fn the_runs_are_those_recorded() {
    let recorded = MODES.map(|mode| format!("{:#018x}", digest(mode)));
    assert_eq!(recorded, ["0x7684b0f3c392d203", "0x972bb85f93312138", "0x2cd725635b1244ef", "0x8b12c66d86658c45"]);
}
