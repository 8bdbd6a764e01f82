//! The command line as typed.

mod check;
mod values;

pub(crate) use check::CheckArguments;
use clap::{Args, Parser, Subcommand, ValueEnum};
use homa_lab::Override;
use homa_units::Duration;
use std::path::PathBuf;
use values::{address, case_or_key, milliseconds, percentage, seed, shard, whole};

/// Simulate the Homa transport protocol on a datacenter network.
///
/// A run is a pure function of experiment file and seed: the same bytes on every machine, whatever
/// --jobs and --threads.
#[derive(Debug, Parser)]
#[command(version, after_help = "Begin with: homasim run experiments/quickstart.toml")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an experiment file and write its results
    ///
    /// What is there already is kept: each finished run at once, so that the same command goes on
    /// where it was ended, and two that run at the same time share the work. Results of other
    /// settings or seeds are not replaced: the command says what is in the way, and what to do.
    #[command(after_help = "\
Examples:
  homasim run experiments/quickstart.toml
  homasim run experiments/sigcomm18-slowdown.toml --set workload.sizes=w2 --set workload.load=0.5 --json
  homasim run experiments/sigcomm18-slowdown.toml --shard 1/3 --out shard1
  homasim run experiments/fat-tree-8192.toml --threads 2
  homasim run results/out/quickstart/manifest.toml

Results go to results/out/EXPERIMENT/: manifest.toml (what all was made from), runs/ (a file for each finished run) and for
each case CASE/: experiment.toml (every value used), manifest.toml, summary.json (all that was measured), timing.json, CSV
and figures (SVG and PNG) and, on request, messages.csv. A manifest is repeated into a folder of its own, DIR-again, and the
digests are checked. results/README.md explains every column.
Exit code: 0 all is done, 1 a repeated manifest gave other digests, 2 something could not be run or written, 130 interrupted.")]
    Run(RunArguments),
    /// Show the runs of an experiment with their keys, and what time and memory they will take
    #[command(after_help = "\
Examples:
  homasim plan experiments/sigcomm18-slowdown.toml
  homasim plan experiments/kernel-quirks.toml --set run.seeds=[1] --keys

A key names all that a run is a function of: configuration, seed, contents of the files it reads, and the sources it depends on.
Exit code: 0 it can run, 2 it can't.")]
    Plan(PlanArguments),
    /// Put the runs of several folders together: shards of one experiment that were run apart
    ///
    /// The result doesn't depend on who ran what: it is the same, byte for byte, as that of one
    /// `run` (but for timing.json).
    #[command(after_help = "\
Examples:
  homasim run experiments/quickstart.toml --shard 1/2 --out part1
  homasim run experiments/quickstart.toml --shard 2/2 --out part2
  homasim merge part1 part2 --out whole
  homasim merge part1 part2 --out whole --json

Exit code: 0 all cases are complete, 2 runs are missing or folders don't go together.")]
    Merge(MergeArguments),
    /// Show results that are there: tables, warnings, and what is missing
    ///
    /// Prints what `run` printed when it wrote them. Of cases that are not complete it names the
    /// runs that are missing. Nothing is run or written.
    #[command(after_help = "\
Examples:
  homasim show results/out/quickstart
  homasim show results/out/quickstart/w3-kernel-0.8
  homasim show results/out/quickstart --json

--json prints for a complete case what `homasim run --json` prints, and of others case, complete (false), runs, missing (seed
and key of each run) and out.
Exit code: 0 all cases are complete, 1 some are not, 2 there are no results.")]
    Show(ShowArguments),
    /// Draw the figures of results again, without running anything
    ///
    /// What is drawn stands in the figure sections of the experiment; without any, one figure of
    /// each kind is drawn. Every number of a figure is in the CSV file beside it.
    #[command(after_help = "\
Examples:
  homasim plot results/out/quickstart
  homasim plot results/out/kernel-quirks --like experiments/kernel-quirks.toml

Files go to DIR/figures: SVG, PNG and CSV for each figure. experiments/README.md has the kinds and keys of [[figure]].
Exit code: 0 drawn, 2 there are no complete results, or a figure can't be drawn of them.")]
    Plot(PlotArguments),
    /// Write all that an experiment gave on one page: DIR/report.html
    ///
    /// The page has the question, an overview, the figures with their values, each case with its
    /// warnings and configuration, and how to reproduce it all. It needs nothing but itself: any
    /// browser shows it, also without a network.
    #[command(after_help = "\
Examples:
  homasim report results/out/quickstart
  homasim report results/out/kernel-quirks --like experiments/kernel-quirks.toml

`homasim run FILE --report` writes it when all cases are complete. Figures that are missing in DIR/figures are drawn.
Exit code: 0 written, 2 there are no complete results, or a figure can't be drawn of them.")]
    Report(ReportArguments),
    /// Run an experiment and compare its tail latencies with a committed baseline: a gate for
    /// continuous integration
    ///
    /// Results are judged exactly (equal digests: every message completed at the same instant) and
    /// statistically: medians and 99th percentiles may differ by the percentages of the
    /// experiment's table [check], or within 95 % confidence. What is worse beyond both is a
    /// regression.
    #[command(after_help = check::EXAMPLES)]
    Check(CheckArguments),
    /// List the experiments with their questions, or the transports
    #[command(after_help = "\
Examples:
  homasim list
  homasim list my-experiments
  homasim list --transports")]
    List(ListArguments),
    /// Say what an experiment will simulate, before it runs
    ///
    /// Network and idle round trips, what the load means, levels and cutoffs, messages and
    /// packet-hops to expect, time and memory. Nothing is simulated or written.
    #[command(after_help = "\
Examples:
  homasim describe experiments/sigcomm18-slowdown.toml
  homasim describe experiments/quickstart.toml --set workload.sizes=w4 --set workload.load=0.5")]
    Describe(DescribeArguments),
    /// Compare two results: of cases, a cluster, another simulator, published curves, or the
    /// latencies recorded in a trace
    ///
    /// A and B are each the folder of a case; .rtts files of a cluster (a folder with those of one
    /// experiment, FOLDER/EXPERIMENT, or files separated by commas); a .data or .csv file; or a
    /// published reference. Ratios are B / A. Two cases with the same seeds are compared in pairs,
    /// if their runs are kept. Where their best times differ, latencies are compared instead of
    /// slowdowns; of files, what doesn't divide by the same best time is refused. Cases with other
    /// sizes, loads, topologies or windows are refused without --unlike. Against published curves the like statistic is compared: lower edges of histogram cells. The overlay
    /// is drawn into the folder of a case. docs/compare.md has more.
    #[command(after_help = "\
Examples:
  homasim run experiments/quickstart.toml
  homasim run experiments/quickstart.toml --set transport.sigcomm18.overcommitment=1 --out results/out/one
  homasim compare results/out/quickstart/w3-kernel-0.8 results/out/one/w3-kernel-0.8 --p99-within 10%

  homasim run experiments/sigcomm18-slowdown.toml --set workload.sizes=w4 --set workload.load=0.8
  homasim compare results/out/sigcomm18-slowdown/w4-0.8 sigcomm18

  homasim compare sim/analysis/tests/data/cluster sim/analysis/tests/data/cluster/reports_homa_w4.data \
      --denominator cluster-2023 --link-mbps 25000

  homasim run experiments/original-w3-trace.toml
  homasim compare results/out/original-w3-trace/w3-0.8-W3_0.8_4ms --trace results/reference/original-simulator/W3_0.8_4ms.csv.gz

Exit code: 0 everything within tolerance or nothing to judge, 1 something not, 2 could not compare. Published curves and traces have
tolerances of their own; two results are judged only if --within, --p50-within or --p99-within is given.")]
    Compare(Box<CompareArguments>),
    /// Drive the Linux core as the nodes of recorded captures, and check that it sends what the
    /// kernel sent
    ///
    /// A capture is a .pcap file with a .csv and a .log of the same name beside it. What it leaves
    /// open (processing delays, batches, tick instants, state at the start) is inferred within the
    /// bounds below; docs/replay.md has the rules.
    #[command(after_help = "\
Examples:
  homasim replay protocol/tests/captures/07a-drop-middle-of-request.pcap
  homasim replay protocol/tests/captures/*.pcap --json

With --json, one object per node: capture, node, rpcs, packets, matched, missing, extra, differing, undetermined,
undetermined_reasons; besides inferred, longest_processing_us, search_exhausted, differences, bounds.
Exit code: 0 nothing is missing, extra or differing, 1 something is, 2 a capture can't be read.")]
    Replay(ReplayArguments),
    /// Measure how fast the simulator is, and check that it has not become slower
    ///
    /// Simulates built-in scenarios, each for a set time, and writes no results. A packet-hop is a
    /// packet put on a link. CPU time is that of the one thread that simulates, from building the
    /// network on. Instructions per packet-hop are counted with valgrind, or else perf, on a
    /// shorter and a longer run, whose difference counts. Memory is what the process has written
    /// to, as Linux tells it: of the idle network per host, and what load adds per message in
    /// flight.
    #[command(after_help = "\
Scenarios, at 80 % load:
  sigcomm18-w1, sigcomm18-w3, sigcomm18-w5   144 hosts, one-way messages
  homa-w3, homa-w4                           144 hosts, echo RPCs of w3-kernel and w4-kernel
  leaf-spine-1000-w4, fat-tree-8192-w4       1,000 and 8,192 hosts, one-way messages; on request or with --all
  idle-100000, homa-idle-100000              100,000 hosts that have sent next to nothing; on request or with --all
  smoke                                      16 hosts for an instant, to try this command; on request or with --all

Examples:
  homasim bench
  homasim bench homa-w3 --runs 9 --json
  homasim bench leaf-spine-1000-w4 --threads 2
  homasim bench --check
  homasim bench --update \"RPCs keep their timers apart: 12 % fewer\"

Exit code: 0 done, or no tool to check with, 1 --check found more than 3 % more instructions per packet-hop, or a scenario
without baseline, 2 could not measure, 130 interrupted. docs/performance.md has figures and what they mean.")]
    Bench(BenchArguments),
}

/// An experiment with what is changed in it.
#[derive(Debug, Args)]
pub(crate) struct ExperimentArguments {
    /// The experiment file, or the manifest.toml of results
    pub(crate) file: PathBuf,
    /// Replace a key of the file, also where a sweep or variant sets it; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Override>,
    /// Run these seeds instead of the file's; may be given several times
    #[arg(long, value_name = "N", value_parser = seed)]
    pub(crate) seed: Vec<u64>,
    /// Accept a load that the network can't carry, with which queues grow as long as messages are
    /// created
    #[arg(long)]
    pub(crate) allow_overload: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SelectionArguments {
    /// Only the I-th of N equal parts of the runs
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(crate) shard: Option<(u32, u32)>,
    /// Only the run with this key (or begin of a key), or the runs of this case; may be given
    /// several times
    #[arg(long, value_name = "KEY|CASE", value_parser = case_or_key)]
    pub(crate) only: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ThreadArguments {
    /// Runs at a time, up to 1024 [default: the number of cores over that of --threads]
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1, 1024))]
    pub(crate) jobs: Option<u16>,
    /// Threads for each run, up to 64: for few runs of networks of hundreds of hosts and more;
    /// where there are as many runs as cores, --jobs alone is faster
    #[arg(long, value_name = "N", default_value = "1", value_parser = whole::<u16>(1, 64))]
    pub(crate) threads: u16,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) experiment: ExperimentArguments,
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    #[command(flatten)]
    pub(crate) threads: ThreadArguments,
    /// Folder for the results [default: results/out/EXPERIMENT]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write all on one page, report.html, when all cases are complete
    #[arg(long)]
    pub(crate) report: bool,
    /// Run again what is there already
    #[arg(long)]
    pub(crate) again: bool,
    /// Replace what the folder has of other settings, seeds or experiments; without this, such
    /// results are not touched, and nothing is run
    #[arg(long)]
    pub(crate) replace: bool,
    /// Draw figures as SVG alone: PNGs take most of the time of a small run. `homasim plot` draws
    /// those of DIR/figures later
    #[arg(long)]
    pub(crate) no_png: bool,
    /// Print one JSON object for each case to standard output, in the order of the cases
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but errors, warnings and, with --json, the objects
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) experiment: ExperimentArguments,
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Folder in which to look for what is done already [default: results/out/EXPERIMENT]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print only the keys of the runs, one a line
    #[arg(long, conflicts_with = "json")]
    pub(crate) keys: bool,
    /// Print one JSON object for each run
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlotArguments {
    /// Folder of results, with a manifest.toml
    pub(crate) folder: PathBuf,
    /// Take the figure sections from this experiment file [default: those that the results were
    /// made with]
    #[arg(long, value_name = "FILE")]
    pub(crate) like: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Folder of results, or of one of their cases
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Print one JSON object for each case
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Folder of results, with a manifest.toml
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Take the figure sections from this experiment file [default: those that the results were
    /// made with]
    #[arg(long, value_name = "FILE")]
    pub(crate) like: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// Folders of results, of the same experiment and program
    #[arg(required = true, value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
    /// Folder for the whole
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace what the folder has of other settings, seeds or experiments; without this, such
    /// results are not touched
    #[arg(long)]
    pub(crate) replace: bool,
    /// Draw figures as SVG alone: PNGs take most of the time of a small run. `homasim plot` draws
    /// those of DIR/figures later
    #[arg(long)]
    pub(crate) no_png: bool,
    /// Print one JSON object for each case to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but errors, warnings and, with --json, the objects
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Folder of a case's results, with messages.csv for --trace; or .rtts files, a .data or .csv
    /// file, a reference
    #[arg(value_name = "A")]
    pub(crate) result: String,
    /// What to compare with, of the same kinds
    #[arg(value_name = "B", required_unless_present_any = ["reference", "trace"], conflicts_with_all = ["reference", "trace"])]
    pub(crate) other: Option<String>,
    /// Published curves to compare with, as B: sigcomm18
    #[arg(long, value_name = "NAME", conflicts_with = "trace")]
    pub(crate) reference: Option<String>,
    /// The transport of the published curve
    #[arg(long, value_name = "NAME", default_value = "Homa", conflicts_with = "trace")]
    pub(crate) system: String,
    /// The trace that the result replays, with a column latency_ns
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// CSV file with the columns tier and queue_mean_bytes to compare mean queues with
    #[arg(long, value_name = "FILE", requires = "trace")]
    pub(crate) queues: Option<PathBuf>,
    /// How far ratios may be from 1, for example 5%
    #[arg(long, value_name = "PERCENT", value_parser = percentage, conflicts_with = "trace")]
    pub(crate) within: Option<f64>,
    /// The same for medians
    #[arg(long, value_name = "PERCENT", value_parser = percentage, conflicts_with = "trace")]
    pub(crate) p50_within: Option<f64>,
    /// The same for 99th percentiles
    #[arg(long, value_name = "PERCENT", value_parser = percentage, conflicts_with = "trace")]
    pub(crate) p99_within: Option<f64>,
    /// What slowdown is relative to in files that don't say it: cluster-2021, cluster-2023,
    /// cluster-2025, or a name as in measure.denominator
    #[arg(long, value_name = "NAME", requires = "other")]
    pub(crate) denominator: Option<String>,
    /// Rate of the cluster's host links, for cluster-2023 and cluster-2025
    #[arg(long, value_name = "MBPS", requires = "denominator", value_parser = whole::<u64>(1, 10_000_000))]
    pub(crate) link_mbps: Option<u64>,
    /// The cluster's nodes, for cluster-2025: xl170 or another
    #[arg(long, value_name = "NAME", requires = "denominator")]
    pub(crate) node_type: Option<String>,
    /// The cluster's unloaded run (.rtts), for cluster-2021
    #[arg(long, value_name = "RTTS", requires = "denominator")]
    pub(crate) unloaded: Option<String>,
    /// Groups of sizes [default: deciles; bins for cases without samples, and for tables]
    #[arg(long, value_name = "GROUPS", requires = "other")]
    pub(crate) by: Option<By>,
    /// Compare cases with other sizes, loads, topologies or windows all the same, and say in what
    /// they differ
    #[arg(long, conflicts_with = "trace")]
    pub(crate) unlike: bool,
    /// Refuse what can't be compared in pairs
    #[arg(long, requires = "other")]
    pub(crate) paired: bool,
    /// Where to draw the overlay, an .svg file, with a .png beside it [default: in the folder of a
    /// case]
    #[arg(long, value_name = "FILE", requires = "other")]
    pub(crate) figure: Option<PathBuf>,
    /// Print a JSON object instead of the table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Groups of sizes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum By {
    /// Tenths of messages
    Deciles,
    /// Size bins
    Bins,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Captures: any of the three files, or their common name without extension
    #[arg(required = true)]
    pub(crate) captures: Vec<PathBuf>,
    /// Only this node [default: every node that sent packets]
    #[arg(long, value_name = "IP", value_parser = address)]
    pub(crate) node: Option<std::net::IpAddr>,
    /// The longest time from the delivery of a packet to the departure of what it caused
    #[arg(long, value_name = "MS", default_value = "10", value_parser = milliseconds)]
    pub(crate) processing_ms: f64,
    /// How many packets may be processed together
    #[arg(long, value_name = "N", default_value = "20", value_parser = whole::<u16>(1, 1000))]
    pub(crate) batch: u16,
    /// The shortest time between two ticks of the protocol timer
    #[arg(long, value_name = "MS", default_value = "0.5", value_parser = milliseconds)]
    pub(crate) tick_min_ms: f64,
    /// The longest time between two ticks of the protocol timer
    #[arg(long, value_name = "MS", default_value = "7", value_parser = milliseconds)]
    pub(crate) tick_max_ms: f64,
    /// Take as lost what a node asks for again although the capture says that it was delivered
    #[arg(long)]
    pub(crate) unrecorded_loss: bool,
    /// Print one JSON object for each node
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// What to measure [default: the scenarios that take seconds]
    #[arg(value_name = "SCENARIO", conflicts_with = "all")]
    pub(crate) scenarios: Vec<String>,
    /// Measure every scenario, the large networks too
    #[arg(long)]
    pub(crate) all: bool,
    /// How often each scenario is timed; the median is reported
    #[arg(long, value_name = "N", default_value = "5", value_parser = whole::<u16>(1, 1000))]
    pub(crate) runs: u16,
    /// Time each scenario on one thread and on N by turns, and say how much faster that is
    #[arg(long, value_name = "N", conflicts_with_all = ["check", "update"], value_parser = whole::<u16>(2, 64))]
    pub(crate) threads: Option<u16>,
    /// Leave out the instructions per packet-hop
    #[arg(long, conflicts_with_all = ["check", "update"])]
    pub(crate) no_instructions: bool,
    /// Print one JSON object for each scenario
    #[arg(long, conflicts_with_all = ["check", "update"])]
    pub(crate) json: bool,
    /// Only count instructions per packet-hop, and compare them with the baseline
    #[arg(long, conflicts_with = "update")]
    pub(crate) check: bool,
    /// Only count instructions per packet-hop, and make them the baseline, for this reason
    #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) update: Option<String>,
    /// The baseline
    #[arg(long, value_name = "FILE", default_value = "results/bench/instructions.csv")]
    pub(crate) baseline: PathBuf,
    /// Only simulate this long, in this process, and say what it was: what this command starts to
    /// count and weigh
    #[arg(long, value_name = "TIME", hide = true)]
    pub(crate) raw: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// The folder with experiment files
    #[arg(default_value = "experiments")]
    pub(crate) folder: PathBuf,
    /// List the transports instead: what an experiment can name as transport.kind
    #[arg(long, conflicts_with = "folder")]
    pub(crate) transports: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DescribeArguments {
    #[command(flatten)]
    pub(crate) experiment: ExperimentArguments,
}
