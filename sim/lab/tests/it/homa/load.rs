//! What a load means on the wire: a message of 100 bytes is a frame of 194 and takes 20 bytes more, so that a payload load
//! of 0.467 just fits a link; grants are not counted.

use crate::homa::support::{ECHO, Lab};
use homa_lab::{Arrivals, Case};

fn loads(case: &Case) -> (f64, f64) {
    let Arrivals::Poisson { arithmetic, .. } = &case.arrivals else { panic!("there is no trace") };
    (arithmetic.payload_load, arithmetic.wire_load)
}

fn close(ours: f64, meant: f64) {
    assert!((ours / meant - 1.0).abs() < 1e-9, "{ours}, meant {meant}");
}

#[test]
fn the_load_on_the_wire_is_that_of_the_frames() {
    let lab = Lab::new(&ECHO.replace("\"w3-kernel\"", "100"));
    let (payload, wire) = loads(&lab.case(&["workload.payload_load=0.4"]));
    close(payload, 0.4);
    close(wire, 0.4 * 2.14);
    let (payload, wire) = loads(&lab.case(&["workload.load=0.642"]));
    close(payload, 0.3);
    close(wire, 0.642);
    // 29 packets of the unscheduled bytes, 43 of the others.
    let (_, wire) = loads(&lab.case(&["workload.sizes=100000", "workload.payload_load=0.5"]));
    close(wire, 0.5 * (100_000.0 + 72.0 * 114.0) / 100_000.0);
}

#[test]
fn a_payload_that_the_wire_cannot_carry_is_refused() {
    let lab = Lab::new(&ECHO.replace("\"w3-kernel\"", "100"));
    assert!(loads(&lab.case(&["workload.payload_load=0.467"])).1 < 1.0);
    lab.refused(
        &["workload.payload_load=0.468"],
        &["workload.payload_load", "wire load of 1.002, headers included", "give less"],
    );
    // Answers as long as requests make servers apart from clients as busy as clients; if they are fewer, busier.
    let apart = ["workload.clients=6", "workload.servers=4"];
    assert!(lab.try_cases(&[&apart[..], &["workload.payload_load=0.467"]].concat()).is_ok());
    lab.refused(&[&apart[..], &["workload.payload_load=0.468"]].concat(), &["wire load of 1.002"]);
}
