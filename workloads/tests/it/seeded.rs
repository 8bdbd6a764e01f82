//! Streams of hosts with random numbers of their own.

use homa_workloads::{GapKind, Gaps, MeanGap, MessageStream, Roles, SizeDistribution, StreamRngs};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::sync::Arc;

/// The random numbers of host `host` with the seed `seed`.
pub(crate) fn rngs(seed: u64, host: u32) -> StreamRngs<ChaCha8Rng> {
    let rng = |purpose| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(host) * 3 + purpose);
        rng
    };
    StreamRngs { gap: rng(0), size: rng(1), destination: rng(2) }
}

/// Traffic of W2 from the client `host`, with the mean gap `mean_ps`.
pub(crate) fn stream(host: u32, roles: Roles, kind: GapKind, mean_ps: f64, seed: u64) -> MessageStream<ChaCha8Rng> {
    let sizes = Arc::new(SizeDistribution::shipped("w2").unwrap());
    let gaps = Gaps::new(kind, MeanGap::from_ps(mean_ps).unwrap());
    MessageStream::new(host, roles, sizes, gaps, rngs(seed, host)).unwrap()
}
