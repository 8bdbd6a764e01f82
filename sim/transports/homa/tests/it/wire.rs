//! Packets that go through the wire format on their way change nothing: the same messages end at
//! the same times in the same order, in every mode, with and without loss.

use crate::support::{Log, MODES, parameters, poisson, shipped, simulation, total};
use homa_fabric::Faults;
use homa_linux::{Parameters, Wire};
use homa_protocol::TransmitMode;
use homa_units::{Duration, Time};

fn ends(transmit: TransmitMode, wire: Wire, loss: f64) -> (Log, u64) {
    let parameters = Parameters { wire, ..parameters(transmit, 10) };
    let end = Time::ZERO + Duration::from_us(1_500);
    let traffic = poisson(16, &parameters, "w4-kernel", 0.6, end);
    let faults = Faults::default().with_loss(loss).unwrap();
    let mut net = simulation(&shipped("sigcomm18-16"), &parameters, faults, traffic);
    net.run_until(Time::MAX);
    let resent = total(&net, |metrics| metrics.resent_packets);
    (net.into_observer(), resent)
}

#[test]
fn encoded_packets_have_the_same_effect_as_typed_ones() {
    for mode in MODES {
        for loss in [0.0, 0.01] {
            let (typed, resent) = ends(mode, Wire::Typed, loss);
            let (encoded, _) = ends(mode, Wire::Encode, loss);
            assert!(typed.ends.len() > 100, "{} messages", typed.ends.len());
            assert_eq!(resent > 0, loss > 0.0, "retransmissions are among what is encoded");
            assert_eq!(typed.ends, encoded.ends, "{mode:?}, loss {loss}");
        }
    }
}
