//! What a case will be, before it runs: paths, round trips, work, time, memory.

use crate::case::Case;
use homa_run::{Arrivals, FrameBytes, MessageCosts, fixed_delays, host_pair, one_way};
use homa_topologies::{HostId, PathClass};
use homa_units::{Bytes, Duration};
use homa_workloads::{LoadArithmetic, SizeDistribution};

/// Bytes that a measured message takes while quantiles are exact, pooling included.
const BYTES_PER_SAMPLE: f64 = 48.0;

/// One kind of path.
#[derive(Debug, Clone, PartialEq)]
pub struct PathEstimate {
    /// "within a rack", "between racks" or "between pods".
    pub name: String,
    /// Share of the pairs of hosts.
    pub share: f64,
    /// Number of links.
    pub links: usize,
    /// Number of equally short paths.
    pub choices: u64,
    /// Fixed delays, host software included, one way.
    pub fixed: Duration,
    /// One way, of a full packet in an idle network.
    pub full_packet: Duration,
    /// Of a full packet one way and a grant back, in an idle network.
    pub round_trip: Duration,
}

/// What to expect of a case with all its runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Messages created in the windows.
    pub messages: f64,
    /// Packets put on links from the begin to the ends of the windows; draining comes on top.
    pub packet_hops: f64,
    /// CPU seconds of it.
    pub cpu_s: f64,
    /// Memory for samples, if all runs go on at a time.
    pub memory_bytes: f64,
}

/// The kinds of path in a case's network.
#[must_use]
pub fn paths(case: &Case) -> Vec<PathEstimate> {
    let topology = &case.topology;
    let traits = case.transport.traits();
    let class = |class: PathClass| {
        let (first, destination) = host_pair(topology, class)?;
        let others = (0..topology.hosts).map(HostId).filter(|host| *host != first);
        let here = others.filter(|host| topology.path_class(first, *host) == class).count();
        let pair = (first, destination);
        let one_way = |frame_bytes| one_way(topology, pair, frame_bytes, traits.framing);
        let FrameBytes { data, control } = traits.frames;
        let full_packet = one_way(data);
        Some(PathEstimate {
            name: topology.path_class_name(class),
            share: here as f64 / f64::from(topology.hosts - 1),
            links: topology.path(first, destination).len(),
            choices: topology.path_count(first, destination),
            fixed: fixed_delays(topology, pair),
            full_packet,
            round_trip: full_packet + one_way(control),
        })
    };
    topology.path_classes().filter_map(class).collect()
}

/// What a message and the answer to it cost.
fn costs(case: &Case, size: Bytes) -> [MessageCosts; 2] {
    let response = case.transport.response_bytes(size);
    let response = if response == Bytes::ZERO { MessageCosts::default() } else { case.transport.cost(response) };
    [case.transport.cost(size), response]
}

/// What to expect of a case.
#[must_use]
pub fn work(case: &Case) -> Work {
    let measure = case.measure();
    let runs = case.run().seeds.len() as f64;
    let links: f64 = paths(case).iter().map(|path| path.share * path.links as f64).sum();
    let packets = |size| {
        let both = costs(case, size).into_iter();
        both.map(|costs| costs.data_packets + costs.control_packets).sum::<u64>() as f64
    };
    // Messages and packets a second.
    let drawn = |sizes: &SizeDistribution, arithmetic: &LoadArithmetic| {
        let per_second = arithmetic.messages_per_second * f64::from(case.roles.clients());
        let mean: f64 = sizes.probabilities().into_iter().map(|(size, share)| share * packets(size)).sum();
        (per_second, per_second * mean)
    };
    let (window_end, exact) = ((measure.warmup + measure.window).as_secs_f64(), measure.exact_samples as f64);
    let (messages, all_packets) = match &case.arrivals {
        Arrivals::Trace { rows, afterwards } => {
            let (begin, end, _) = case.window();
            let window = rows.iter().filter(|row| (begin..end).contains(&row.at)).count() as f64;
            let recorded: f64 = rows.iter().filter(|row| row.at < end).map(|row| packets(row.size)).sum();
            let last = rows[rows.len() - 1].at;
            let (more, more_packets) = afterwards.as_ref().map_or((0.0, 0.0), |(sizes, arithmetic)| {
                let (per_second, packets_per_second) = drawn(sizes, arithmetic);
                let of_window = end.saturating_since(last.max(begin)).as_secs_f64();
                (per_second * of_window, packets_per_second * end.saturating_since(last).as_secs_f64())
            });
            (window + more, recorded + more_packets)
        }
        Arrivals::Poisson { sizes, arithmetic } => {
            let (per_second, packets_per_second) = drawn(sizes, arithmetic);
            (per_second * measure.window.as_secs_f64(), packets_per_second * window_end)
        }
    };
    let packet_hops = runs * all_packets * links;
    Work {
        messages: runs * messages,
        packet_hops,
        cpu_s: packet_hops / case.transport.traits().packet_hops_per_cpu_s,
        memory_bytes: runs * messages.min(exact) * BYTES_PER_SAMPLE,
    }
}

/// Share of the capacity of the busiest direction of any host's link that the grants for what goes
/// over it take, in expectation; zero for a trace.
#[must_use]
pub fn control_load(case: &Case) -> f64 {
    let Arrivals::Poisson { sizes, arithmetic } = &case.arrivals else { return 0.0 };
    let points = sizes.probabilities();
    let grants = |part: usize| -> f64 {
        points.iter().map(|(size, share)| share * costs(case, *size)[part].control_packets as f64).sum()
    };
    let traits = case.transport.traits();
    let bits = 8.0 * traits.framing.wire_bytes(traits.frames.control).get() as f64;
    let mean = case.roles.busiest_link(grants(0), grants(1));
    arithmetic.messages_per_second * mean * bits / case.host_rate.as_bps() as f64
}
