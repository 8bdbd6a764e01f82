//! The Linux cluster's presets are made so that an echo of 100 bytes in an idle network takes 15 us, as was measured
//! there, to the picosecond; the first RPC between two hosts takes a packet of cutoffs longer.

use crate::homa::support::{ECHO, Lab, of_trace, run, trace};
use homa_lab::{Denominator, IdealTimes};
use homa_topologies::HostId;
use homa_units::{Bytes, Duration};
use std::sync::Arc;

const ECHO_PS: u64 = 15_000_000;

#[test]
fn an_idle_echo_of_100_bytes_takes_15_us_as_the_denominator() {
    for preset in ["linux-cluster", "linux-cluster-10"] {
        let case = Lab::new(ECHO).case(&[&format!("topology.preset={preset}")]);
        let mut ideal = IdealTimes::new(Denominator::Simulated, Arc::clone(&case.topology), case.transport);
        let last = HostId(case.topology.hosts - 1);
        for (source, destination) in [(HostId(0), HostId(1)), (last, HostId(0)), (HostId(3), last)] {
            assert_eq!(ideal.ideal_ps(source, destination, Bytes::new(100)), ECHO_PS, "{preset}");
        }
        assert!(ideal.ideal_ps(HostId(0), last, Bytes::new(101)) > ECHO_PS);
    }
}

#[test]
fn an_idle_echo_of_100_bytes_takes_15_us_in_a_run_and_in_its_file_of_messages() {
    let lab = Lab::new(&of_trace("one.csv"));
    lab.write("one.csv", &trace(&[(1_000, 3, 8, 100), (1_000_000, 3, 8, 100)]));
    for transmit in ["pull", "immediate", "old-pacer", "qdisc"] {
        let case = lab.case(&[&format!("transport.homa.transmit={transmit}")]);
        let (_, written) = lab.write_run(&case);
        let text = std::fs::read_to_string(written.folder.join("messages.csv")).unwrap();
        let lines: Vec<_> = text.lines().collect();
        // Between them go CUTOFFS: a frame of 100 bytes, which with preamble and gap takes 120 bytes of the link.
        let first = ECHO_PS + 120 * 320;
        let slowdown = first as f64 / ECHO_PS as f64;
        assert_eq!(
            lines,
            [
                "seed,created_ps,source,destination,bytes,latency_ps,slowdown",
                &format!("1,1000000,3,8,100,{first},{slowdown}"),
                &format!("1,1000000000,3,8,100,{ECHO_PS},1.0"),
            ],
            "{transmit}"
        );
        let (_, records) = run(&case);
        assert_eq!(records[1].latency, Some(Duration::from_us(15)));
    }
}
