//! What a datacenter is asked to carry: message sizes, arrival processes, load arithmetic and traces.
//!
//! The traffic is that of Montazeri, Li, Alizadeh and Ousterhout, "Homa: A Receiver-Driven Low-Latency Transport
//! Protocol Using Network Priorities" (SIGCOMM 2018), as its simulator PlatformLab/HomaSimulation generates it: every
//! host sends one-way messages at Poisson times to the other hosts, chosen uniformly, with sizes drawn from the shipped
//! tables W1 to W5 and some others ([`SizeDistribution`], [`MessageStream`]). It is also that of the benchmarks of real
//! Homa clusters, HomaModule's `cp_node` and RAMCloud's: some or all hosts are clients, some or all servers
//! ([`Roles`]), and messages come at Poisson times or evenly spaced ([`GapKind`]). [`client_rate`] turns a load into a
//! rate, with answers counted, in expectation or by the simulator's own rule, and [`TraceReader`] replays recorded
//! messages instead.
//!
//! Left out: the answers themselves (they are part of the arithmetic, but whoever plays the server sends them), limits
//! on outstanding requests and other traffic that depends on what the network does (closed loops), rates that change
//! over time, and uneven choices of destinations. What doesn't depend on the network can be given as a trace.
//!
//! Draws use integer arithmetic, IEEE additions, multiplications and divisions, and `libm`, never the platform's math
//! library, so one seed gives one sequence of messages on every machine.

mod arrivals;
mod distribution;
mod gaps;
mod interpolated;
mod key_value;
mod load;
mod roles;
mod shipped;
mod size_csv;
mod trace;
mod uniform;

pub use arrivals::{Arrival, BadStream, MessageStream, StreamRngs};
pub use distribution::SizeDistribution;
pub use gaps::{BadMeanGap, GapKind, Gaps, MeanGap, PoissonGaps};
pub use load::{BadLoad, LoadArithmetic, LoadSpec, MessageCost, client_rate};
pub use roles::{BadRoles, Roles};
pub use shipped::{UnknownSizes, shipped_names};
pub use size_csv::CsvError;
pub use trace::{TraceError, TraceReader, TraceRow};
