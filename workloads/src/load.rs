//! From a load to a message rate.

use crate::{MeanGap, Roles, SizeDistribution};
use homa_units::{BitRate, Bytes};
use thiserror::Error;

const BITS_PER_BYTE: f64 = 8.0;
const PS_PER_SECOND: f64 = 1e12;

/// How busy the busiest direction of any host's link shall be, as a share of its rate above 0 and below 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoadSpec {
    /// By everything that messages cause on the wire: payload, headers, gaps and control packets.
    Wire(f64),
    /// By payload alone.
    Payload(f64),
}

/// A load can't be offered.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum BadLoad {
    /// There would be no traffic.
    #[error("a load of {load} offers no traffic; it must be above 0 and below 1")]
    NotPositive {
        /// What was given.
        load: f64,
    },
    /// There would be too much.
    #[error(
        "a load of {load} is more than a link can carry: queues would grow without end; it must be above 0 and \
             below 1"
    )]
    TooHigh {
        /// What was given.
        load: f64,
    },
    /// The rate of the resulting messages is out of range.
    #[error(
        "a load of {load} on a link of {rate} means a mean gap of {ps} ps between messages; accepted are gaps \
             above 0 and at most 1e17 ps"
    )]
    Gap {
        /// What was given.
        load: f64,
        /// The rate of the link.
        rate: BitRate,
        /// The gap that follows, in picoseconds.
        ps: f64,
    },
}

/// What a message costs, in both directions. Control packets are counted with the message that causes them, although
/// some of them go the other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageCost {
    /// Bytes that the message puts on its sender's way up.
    pub request: Bytes,
    /// Bytes that the answer puts on the answerer's way up; zero for a one-way message.
    pub response: Bytes,
}

/// What a load means for each client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadArithmetic {
    /// Messages that a client sends per second, on average; answers are not counted.
    pub messages_per_second: f64,
    /// The mean time between two of them.
    pub mean_gap: MeanGap,
    /// Mean payload of a message drawn, in bytes, without that of its answer.
    pub mean_payload_bytes: f64,
    /// Mean cost of a message drawn and of its answer together, in bytes on the wire.
    pub mean_wire_bytes: f64,
    /// The share of its rate that payload takes on the busiest direction of any host's link.
    pub payload_load: f64,
    /// The share of its rate that everything takes on the busiest direction of any host's link. It may reach 1 if the
    /// load was given as payload, or by HomaSimulation's rule; then the link can't carry it.
    pub wire_load: f64,
}

/// How many messages of `sizes` each client must send for `load`, if hosts with links of `host_rate` have these
/// `roles`.
///
/// `payload` and `wire` tell what a message of some size costs, with its answer: in payload, and on the wire in all,
/// headers and control packets included. The load is met in expectation on the busiest direction of any host's link
/// ([`Roles::busiest_link`]), whose other directions may carry less. So with echo RPCs, where every answer is as long
/// as its message, and everybody client and server, half of a payload load is requests, as in HomaModule's `cp_vs_tcp`:
/// 0.5 x load x rate / (8 x mean) messages per second. With servers apart it is min(servers, clients) / clients x load
/// x rate / (8 x mean), as with its option `--servers`.
///
/// With `listed_rule`, a wire load follows HomaSimulation's rule if that knows the distribution: load x factor x rate /
/// (8 x listed mean), with [`SizeDistribution::load_factor`] and [`SizeDistribution::listed_mean`], over what one byte
/// per message puts on the busiest direction. The rule is about one-way messages and leaves answers out; its factor is
/// a rounded constant, so the resulting [`LoadArithmetic::wire_load`] differs a little (W1: 0.805 for 0.8).
///
/// # Errors
/// If the load is not above 0 and below 1, the link has no rate, or messages cost nothing.
pub fn client_rate(
    sizes: &SizeDistribution,
    load: LoadSpec,
    host_rate: BitRate,
    roles: Roles,
    payload: impl Fn(Bytes) -> MessageCost,
    wire: impl Fn(Bytes) -> MessageCost,
    listed_rule: bool,
) -> Result<LoadArithmetic, BadLoad> {
    let (LoadSpec::Wire(share) | LoadSpec::Payload(share)) = load;
    if share >= 1.0 {
        return Err(BadLoad::TooHigh { load: share });
    }
    if share.is_nan() || share <= 0.0 {
        return Err(BadLoad::NotPositive { load: share });
    }
    let points = sizes.probabilities();
    let payload_of = |part: fn(MessageCost) -> Bytes| mean_payload(sizes, &points, |size| part(payload(size)));
    let wire_of = |part: fn(MessageCost) -> Bytes| expectation(&points, |size| part(wire(size)));
    let (wire_request, wire_response) = (wire_of(|cost| cost.request), wire_of(|cost| cost.response));
    // Bytes per message of a client, on the busiest direction.
    let busiest_payload = roles.busiest_link(payload_of(|cost| cost.request), payload_of(|cost| cost.response));
    let busiest_wire = roles.busiest_link(wire_request, wire_response);
    let link_bytes_per_second = host_rate.as_bps() as f64 / BITS_PER_BYTE;
    let messages_per_second = match (load, sizes.load_factor().filter(|_| listed_rule)) {
        (LoadSpec::Wire(_), Some(factor)) => {
            share * factor * link_bytes_per_second / sizes.listed_mean() / roles.busiest_link(1.0, 0.0)
        }
        (LoadSpec::Wire(_), None) => share * link_bytes_per_second / busiest_wire,
        (LoadSpec::Payload(_), _) => share * link_bytes_per_second / busiest_payload,
    };
    let mean_gap = MeanGap::from_ps(PS_PER_SECOND / messages_per_second).map_err(|bad| BadLoad::Gap {
        load: share,
        rate: host_rate,
        ps: bad.ps,
    })?;
    Ok(LoadArithmetic {
        messages_per_second,
        mean_gap,
        mean_payload_bytes: sizes.mean(),
        mean_wire_bytes: wire_request + wire_response,
        payload_load: messages_per_second * busiest_payload / link_bytes_per_second,
        wire_load: messages_per_second * busiest_wire / link_bytes_per_second,
    })
}

/// The mean of `bytes` over sizes with their probabilities.
fn expectation(points: &[(Bytes, f64)], bytes: impl Fn(Bytes) -> Bytes) -> f64 {
    points.iter().map(|(size, mass)| bytes(*size).get() as f64 * mass).sum()
}

/// The mean of `bytes` over `sizes`, whose probabilities are `points`.
fn mean_payload(sizes: &SizeDistribution, points: &[(Bytes, f64)], bytes: impl Fn(Bytes) -> Bytes) -> f64 {
    // The points stand for more sizes than they list; the mean of the sizes themselves is known without that error.
    if points.iter().all(|(size, _)| bytes(*size) == *size) { sizes.mean() } else { expectation(points, bytes) }
}
