//! A run's messages, as the fabric wants them.

use crate::spec::{Arrivals, RunSpec};
use homa_engine::Streams;
use homa_fabric::{Submission, Traffic};
use homa_topologies::HostId;
use homa_units::{Bytes, Duration, Time};
use homa_workloads::{
    Arrival, Gaps, LoadArithmetic, MeanGap, MessageStream, Roles, SizeDistribution, StreamRngs, TraceRow,
};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// A run's messages as the fabric wants them.
pub(crate) struct RunTraffic {
    /// Generator 0, if there is a trace.
    trace: Option<TraceRows>,
    /// One generator for each client's first sender, then for the second ones and so on.
    generators: Vec<Generator>,
    /// What makes their streams, unless there is only the trace.
    recipe: Option<Recipe>,
    /// When the streams begin.
    offset: Duration,
    bounds: Option<Bounds>,
    least_size: Bytes,
}

/// How far a generator is. The random numbers of a stream take a kilobyte, which a host that waits
/// for its first message need not have: the stream is made for that message, and made anew when the
/// second one is wanted.
enum Generator {
    Unused,
    GaveOne,
    Running(Box<MessageStream<ChaCha8Rng>>),
}

impl Generator {
    fn next_arrival(&mut self, begin: impl FnOnce() -> MessageStream<ChaCha8Rng>) -> Arrival {
        match self {
            Self::Running(stream) => stream.next_arrival(),
            Self::Unused => {
                *self = Self::GaveOne;
                begin().next_arrival()
            }
            Self::GaveOne => {
                let mut stream = Box::new(begin());
                stream.next_arrival();
                let second = stream.next_arrival();
                *self = Self::Running(stream);
                second
            }
        }
    }
}

/// What all streams have in common.
struct Recipe {
    sizes: Arc<SizeDistribution>,
    gaps: Gaps,
    roles: Roles,
    streams: Streams,
}

impl Recipe {
    /// The client that a stream belongs to.
    fn client(&self, stream: u32) -> u32 {
        stream % self.roles.clients()
    }

    /// The stream `index` from its begin.
    fn stream(&self, index: u32) -> MessageStream<ChaCha8Rng> {
        // The first sender of each client draws as the only one would.
        let rng = |purpose| self.streams.stream(purpose, index);
        let rngs = StreamRngs { gap: rng("gap"), size: rng("size"), destination: rng("destination") };
        MessageStream::new(self.client(index), self.roles, Arc::clone(&self.sizes), self.gaps, rngs)
            .expect("roles were checked")
    }
}

/// The rows of a shared trace.
struct TraceRows {
    rows: Arc<Vec<TraceRow>>,
    next: usize,
}

impl Iterator for TraceRows {
    type Item = TraceRow;

    fn next(&mut self) -> Option<TraceRow> {
        let row = self.rows.get(self.next).copied();
        self.next += 1;
        row
    }
}

impl RunTraffic {
    pub(crate) fn new(spec: &RunSpec, streams: Streams) -> Self {
        let senders = spec.client.senders;
        let recipe = |sizes: &Arc<SizeDistribution>, arithmetic: &LoadArithmetic| {
            let mean = MeanGap::from_ps(arithmetic.mean_gap.as_ps() * f64::from(senders));
            let gaps = Gaps::new(spec.client.gaps, mean.expect("few senders and a gap that was accepted"));
            Recipe { sizes: Arc::clone(sizes), gaps, roles: spec.roles, streams }
        };
        let (trace, recipe, offset) = match &spec.arrivals {
            Arrivals::Poisson { sizes, arithmetic } => (None, Some(recipe(sizes, arithmetic)), Duration::ZERO),
            Arrivals::Trace { rows, afterwards } => (
                Some(TraceRows { rows: Arc::clone(rows), next: 0 }),
                afterwards.as_ref().map(|(sizes, arithmetic)| recipe(sizes, arithmetic)),
                rows[rows.len() - 1].at.since(Time::ZERO),
            ),
        };
        let count = if recipe.is_some() { spec.roles.clients() * senders } else { 0 };
        let generators = (0..count).map(|_| Generator::Unused).collect();
        let bounds = spec.client.max_outstanding.map(|max_outstanding| Bounds {
            max_outstanding,
            senders,
            clients: spec.roles.clients(),
        });
        Self { trace, generators, recipe, offset, bounds, least_size: spec.client.least_size }
    }

    /// The stream of a generator; none for the trace.
    fn stream_of(&self, generator: u32) -> Option<u32> {
        generator.checked_sub(u32::from(self.trace.is_some()))
    }
}

/// How many messages may be outstanding.
struct Bounds {
    max_outstanding: u32,
    senders: u32,
    clients: u32,
}

impl Bounds {
    /// A sender's share of what its client may have outstanding; the first ones have what is left
    /// over.
    const fn of_stream(&self, stream: u32) -> u32 {
        let sender = stream / self.clients;
        self.max_outstanding / self.senders + (sender < self.max_outstanding % self.senders) as u32
    }
}

impl Traffic for RunTraffic {
    fn generators(&self) -> u32 {
        (self.generators.len() + usize::from(self.trace.is_some())) as u32
    }

    fn next(&mut self, generator: u32) -> Option<Submission> {
        let Some(stream) = self.stream_of(generator) else {
            let row = self.trace.as_mut().expect("its generator").next()?;
            let (source, destination) = (HostId(row.source), HostId(row.destination));
            return Some(Submission { at: row.at, source, destination, size: row.size });
        };
        let begin = || self.recipe.as_ref().expect("there are no generators without").stream(stream);
        let arrival = self.generators[stream as usize].next_arrival(begin);
        let (source, destination) = (HostId(arrival.source), HostId(arrival.destination));
        let size = arrival.size.max(self.least_size);
        Some(Submission { at: arrival.at + self.offset, source, destination, size })
    }

    fn max_outstanding(&self, generator: u32) -> Option<u32> {
        let stream = self.stream_of(generator)?;
        self.bounds.as_ref().map(|bounds| bounds.of_stream(stream))
    }

    fn source(&self, generator: u32) -> Option<HostId> {
        let stream = self.stream_of(generator)?;
        self.recipe.as_ref().map(|recipe| HostId(recipe.client(stream)))
    }
}
