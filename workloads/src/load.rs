//! From a load to a message rate.

use crate::{MeanGap, SizeDistribution};
use homa_units::{BitRate, Bytes};
use thiserror::Error;

const BITS_PER_BYTE: f64 = 8.0;
const PS_PER_SECOND: f64 = 1e12;

/// How busy a host's link shall be, as a share of its rate above 0 and below 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoadSpec {
    /// By everything that its messages cause on the wire: payload, headers, gaps and control packets.
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

/// What a load means for one host.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadArithmetic {
    /// Messages that the host sends per second, on average.
    pub messages_per_second: f64,
    /// The mean time between two of them.
    pub mean_gap: MeanGap,
    /// Mean payload of a message drawn, in bytes.
    pub mean_payload_bytes: f64,
    /// Mean cost of a message drawn, in bytes on the wire.
    pub mean_wire_bytes: f64,
    /// The share of the link's rate that payload takes.
    pub payload_load: f64,
    /// The share of the link's rate that everything takes. It may reach 1 if the load was given as payload; then the
    /// link can't carry it.
    pub wire_load: f64,
}

/// How many messages of `sizes` a host with a link of `host_rate` must send for `load`.
///
/// `wire_bytes` tells what a message of some size costs on the wire in all, headers and control packets included.
///
/// If HomaSimulation knows the distribution, a wire load follows its rule: load x factor x rate / (8 x listed mean),
/// with [`SizeDistribution::load_factor`] and [`SizeDistribution::listed_mean`]. The factor is a rounded constant, so
/// the resulting [`LoadArithmetic::wire_load`] differs a little (W1: 0.805 for 0.8). Else the expectation of
/// `wire_bytes` is used, and for a payload load the mean drawn.
///
/// # Errors
/// If the load is not above 0 and below 1, or the link has no rate.
pub fn messages_per_second(
    sizes: &SizeDistribution,
    load: LoadSpec,
    host_rate: BitRate,
    wire_bytes: impl Fn(Bytes) -> Bytes,
) -> Result<LoadArithmetic, BadLoad> {
    let (LoadSpec::Wire(share) | LoadSpec::Payload(share)) = load;
    if share >= 1.0 {
        return Err(BadLoad::TooHigh { load: share });
    }
    if share.is_nan() || share <= 0.0 {
        return Err(BadLoad::NotPositive { load: share });
    }
    let mean_payload_bytes = sizes.mean();
    let expected = |(size, mass): (Bytes, f64)| wire_bytes(size).get() as f64 * mass;
    let mean_wire_bytes: f64 = sizes.probabilities().into_iter().map(expected).sum();
    let link_bytes_per_second = host_rate.as_bps() as f64 / BITS_PER_BYTE;
    let messages_per_second = match (load, sizes.load_factor()) {
        (LoadSpec::Wire(_), Some(factor)) => share * factor * link_bytes_per_second / sizes.listed_mean(),
        (LoadSpec::Wire(_), None) => share * link_bytes_per_second / mean_wire_bytes,
        (LoadSpec::Payload(_), _) => share * link_bytes_per_second / mean_payload_bytes,
    };
    let mean_gap = MeanGap::from_ps(PS_PER_SECOND / messages_per_second).map_err(|bad| BadLoad::Gap {
        load: share,
        rate: host_rate,
        ps: bad.ps,
    })?;
    Ok(LoadArithmetic {
        messages_per_second,
        mean_gap,
        mean_payload_bytes,
        mean_wire_bytes,
        payload_load: messages_per_second * mean_payload_bytes / link_bytes_per_second,
        wire_load: messages_per_second * mean_wire_bytes / link_bytes_per_second,
    })
}
