//! One run: a network of hosts with a transport, under a workload, measured.
//!
//! [`run`] is a function of a [`RunSpec`] and a seed, but for how long it takes ([`RunTiming`]). It
//! reads no file. A transport is known by its [`Parameters`] and its [`Model`], which gives a
//! [`Run`] its hosts. So the loop over events is compiled in the crate of each transport, in one
//! unit, as fast as the compiler can make it.

mod denominator;
mod idle;
mod kept;
mod kind;
mod measurement;
mod model;
mod network;
mod queues;
mod receiver_usage;
mod record;
mod simulate;
mod spec;
mod traffic;

pub use denominator::{Denominator, IdealTimes};
pub use idle::{fixed_delays, host_pair, one_way};
pub use kind::{Document, TransportConfig, TransportKind};
pub use measurement::{BLOCKS, Counts, MessageRecord};
pub use model::{Context, Counted, CountedStack, FrameBytes, MessageCosts, Model, PacketClass, Parameters, Traits};
pub use queues::{QueueSeries, Queues};
pub use receiver_usage::{ReceiverUsage, Usage};
pub use record::{Backlog, Counters, ReceiverTotals, RunRecord, RunTiming, add_metrics};
pub use simulate::{Control, Interrupted, LinuxHosts, Ran, Run, division, run};
pub use spec::{Arrivals, ClientSpec, RunSpec, RunTimes, SampleSpec};
