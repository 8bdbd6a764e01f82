//! What a datacenter is asked to carry: message sizes, arrival processes, load arithmetic and traces.
//!
//! The traffic is that of Montazeri, Li, Alizadeh and Ousterhout, "Homa: A Receiver-Driven Low-Latency Transport
//! Protocol Using Network Priorities" (SIGCOMM 2018), as its simulator PlatformLab/HomaSimulation generates it: every
//! host sends one-way messages at Poisson times to the other hosts, chosen uniformly, with sizes drawn from the shipped
//! tables W1 to W5 and some others ([`SizeDistribution`], [`MessageStream`]). [`messages_per_second`] turns a load into
//! a rate by the simulator's own rule, and [`TraceReader`] replays recorded messages instead.
//!
//! Left out: requests with responses, traffic that depends on what the network does (closed loops), rates that change
//! over time, and uneven choices of destinations. All of them can be given as a trace.
//!
//! Draws use integer arithmetic, IEEE additions, multiplications and divisions, and `libm`, never the platform's math
//! library, so one seed gives one sequence of messages on every machine.

mod arrivals;
mod distribution;
mod interpolated;
mod key_value;
mod load;
mod shipped;
mod size_csv;
mod trace;
mod uniform;

pub use arrivals::{Arrival, BadMeanGap, BadStream, MeanGap, MessageStream, PoissonGaps, StreamRngs};
pub use distribution::SizeDistribution;
pub use load::{BadLoad, LoadArithmetic, LoadSpec, messages_per_second};
pub use shipped::{UnknownSizes, shipped_names};
pub use size_csv::CsvError;
pub use trace::{TraceError, TraceReader, TraceRow};
