//! One run: a network of hosts with a transport, under a workload, measured.
//!
//! [`run`] is a function of a [`RunSpec`] and a seed, but for how long it takes ([`RunTiming`]). It reads no file. The crate
//! is apart because the loop over events is compiled here, once for each transport: all of it in one unit, as fast as the
//! compiler can make it. What surrounds a run needs no such care, and is compiled beside it.

mod denominator;
mod kept;
mod measurement;
mod network;
mod queues;
mod record;
mod simulate;
mod source;
mod spec;
mod transport;

pub use denominator::{Denominator, IdealTimes, host_pair};
pub use measurement::{BLOCKS, Counts, MessageRecord};
pub use queues::{QueueSeries, Queues};
pub use record::{Backlog, ReceiverTotals, RunRecord, RunTiming, TransportCounts, add_metrics};
pub use simulate::{Control, Interrupted, division, run};
pub use spec::{Arrivals, ClientSpec, RunSpec, RunTimes, SampleSpec};
pub use transport::{TransportConfig, TransportKind, TransportParameters};
