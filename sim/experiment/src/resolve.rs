//! From an experiment as written to its cases.

mod checks;
mod effects;
mod figures;
mod hosts;

use crate::case::{Case, CaseError};
use crate::experiment::{Background, Experiment, Measure, Sizes, WorkloadSection};
use crate::name::is_safe;
use crate::number::{Load, OneOrMany};
use crate::trace::read_trace;
use crate::trace_sizes::distribution_of_trace;
use crate::utilisation::{KnownFlows, demand};
use figures::check_figures;
use homa_analysis::SizeBins;
use homa_run::{Arrivals, ClientSpec, Context, Denominator, RunTimes, TransportConfig};
use homa_topologies::{Topology, TopologySpec, preset};
use homa_units::{BitRate, Bytes, Duration, Time};
use homa_workloads::{LoadArithmetic, LoadSpec, MessageCost, Roles, SizeDistribution, TraceRow, client_rate};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The experiment being resolved, and where it was read.
struct Resolver<'a> {
    path: &'a Path,
    experiment: &'a Experiment,
}

/// The network of an experiment.
struct Network<'a> {
    spec: TopologySpec,
    topology: Arc<Topology>,
    host_rate: BitRate,
    /// Shared by all variants.
    flows: &'a KnownFlows,
}

/// Resolves an experiment read from `path` into its cases, in the order of its lists.
///
/// # Errors
/// If a value is impossible, values don't go together, or a file named in it can't be used.
pub fn cases(path: &Path, experiment: &Experiment) -> Result<Vec<Case>, CaseError> {
    let variants = experiment.variants().map_err(|cause| CaseError::Variant { path: path.to_owned(), cause })?;
    Resolver { path, experiment }.check_transport_tables(&variants)?;
    let mut all: Vec<Case> = Vec::new();
    let flows = KnownFlows::default();
    for variant in &variants {
        let name = variant.variants.first().map(|variant| variant.name.clone());
        let within = |cause| match name {
            None => cause,
            Some(variant) => CaseError::InVariant { variant, cause: Box::new(cause) },
        };
        for case in cases_of_variant(path, variant, &flows).map_err(within)? {
            if all.iter().any(|other| other.name == case.name) {
                let problem = format!("the case {} is listed twice; list each combination of values once", case.name);
                return Err(Resolver { path, experiment }.value("workload", &problem));
            }
            all.push(case);
        }
    }
    Resolver { path, experiment }.check_effects(&variants, &all)?;
    check_figures(&experiment.figures, &all, !experiment.overrides.is_empty())
        .map_err(|problem| Resolver { path, experiment }.value("figure", &problem))?;
    Ok(all)
}

/// The cases of an experiment with at most one variant, whose keys have been replaced.
fn cases_of_variant(path: &Path, experiment: &Experiment, flows: &KnownFlows) -> Result<Vec<Case>, CaseError> {
    let resolver = Resolver { path, experiment };
    let network = resolver.network(flows)?;
    let workload = &experiment.workload;
    if experiment.run.seeds.is_empty() {
        return Err(resolver.value("run.seeds", "at least one seed is needed, for example [1]"));
    }
    let seeds = &experiment.run.seeds;
    if let Some((_, twice)) = seeds.iter().enumerate().find(|(position, seed)| seeds[..*position].contains(seed)) {
        let problem =
            format!("{twice} is listed twice; a second run of a seed repeats the first and adds no information");
        return Err(resolver.value("run.seeds", &problem));
    }
    let sizes: Vec<Option<Sizes>> = match &workload.sizes {
        None => vec![None],
        Some(OneOrMany(many)) => many.iter().cloned().map(Some).collect(),
    };
    let loads = resolver.loads()?;
    let mut cases = Vec::new();
    for sizes in &sizes {
        for load in &loads {
            cases.push(resolver.case(&network, sizes.as_ref(), *load)?);
        }
    }
    Ok(cases)
}

/// A load of a case, if it has one.
#[derive(Debug, Clone, Copy)]
enum CaseLoad {
    Wire(Load),
    Payload(Load),
    /// A trace says who sends what when; Poisson traffic of this load comes after it.
    AfterTrace(Load),
    /// A trace says who sends what when.
    Unset,
}

impl CaseLoad {
    /// The load as given, and which kind it is.
    const fn given(self) -> Option<(f64, &'static str)> {
        match self {
            Self::Wire(load) | Self::AfterTrace(load) => Some((load.get(), "wire")),
            Self::Payload(load) => Some((load.get(), "payload")),
            Self::Unset => None,
        }
    }

    /// The key that gave it.
    const fn key(self) -> &'static str {
        match self {
            Self::Payload(_) => "workload.payload_load",
            Self::AfterTrace(_) => "workload.then_load",
            Self::Wire(_) | Self::Unset => "workload.load",
        }
    }
}

/// Instants of an experiment stay below 100 days, so that none that follows from them overflows.
const TIME_PS_MAX: u64 = 100 * 86_400 * 1_000_000_000_000;
const LOAD_NEEDED: &str = "one of `load`, `payload_load` and `trace` is needed, for example load = 0.8";

impl Resolver<'_> {
    fn value(&self, key: &'static str, problem: &str) -> CaseError {
        CaseError::Value { path: self.path.to_owned(), key, problem: problem.to_owned() }
    }

    /// A path as written is relative to the experiment file, or else to the working directory.
    fn locate(&self, file: &Path) -> PathBuf {
        let beside = self.path.parent().unwrap_or(Path::new("")).join(file);
        if beside.exists() { beside } else { file.to_owned() }
    }

    fn read(&self, key: &'static str, file: &Path) -> Result<(PathBuf, String), CaseError> {
        let file = self.locate(file);
        match std::fs::read_to_string(&file) {
            Ok(text) => Ok((file, text)),
            Err(cause) => Err(CaseError::File { path: self.path.to_owned(), key, file, cause }),
        }
    }

    fn network<'f>(&self, flows: &'f KnownFlows) -> Result<Network<'f>, CaseError> {
        let section = &self.experiment.topology;
        let (spec, name, path) = match (&section.preset, &section.file) {
            (Some(name), None) => {
                let spec = preset(name).map_err(|cause| CaseError::Preset { path: self.path.to_owned(), cause })?;
                (spec, name.clone(), self.path.to_owned())
            }
            (None, Some(file)) => {
                let (file, text) = self.read("topology.file", file)?;
                let spec =
                    TopologySpec::parse(&text).map_err(|cause| CaseError::Topology { path: file.clone(), cause })?;
                (spec, file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), file)
            }
            _ => {
                return Err(self.value(
                    "topology",
                    "exactly one of `preset` and `file` is needed, for example preset = \"sigcomm18\"",
                ));
            }
        };
        let mut topology = spec.build(&name).map_err(|cause| CaseError::Topology { path, cause })?;
        self.set_software_delays(&mut topology)?;
        Ok(Network { host_rate: spec.host_rate(), spec, topology: Arc::new(topology), flows })
    }

    fn loads(&self) -> Result<Vec<CaseLoad>, CaseError> {
        let WorkloadSection { load, payload_load, trace, then_load, .. } = &self.experiment.workload;
        if load.is_some() && payload_load.is_some() {
            return Err(self.value("workload", "load and payload_load exclude each other; keep one"));
        }
        if trace.is_none() {
            let each = |loads: &Option<OneOrMany<Load>>, kind: fn(Load) -> CaseLoad| {
                loads.as_ref().map(|OneOrMany(loads)| loads.iter().copied().map(kind).collect())
            };
            let loads = each(load, CaseLoad::Wire).or_else(|| each(payload_load, CaseLoad::Payload));
            return match loads {
                None => Err(self.value("workload", LOAD_NEEDED)),
                Some(_) if then_load.is_some() => Err(self.value(
                    "workload.then_load",
                    "has no effect without workload.trace: it is the load of the traffic that follows a trace",
                )),
                Some(loads) => Ok(loads),
            };
        }
        if load.is_some() || payload_load.is_some() {
            let key = if load.is_some() { "load" } else { "payload_load" };
            let problem = format!(
                "trace and {key} exclude each other: a trace says who sends what when, and {key} asks for Poisson \
                 traffic; leave one of them out (--set workload.{key}=none), or write then_load for Poisson traffic \
                 from the end of the trace on"
            );
            return Err(self.value("workload", &problem));
        }
        Ok(match then_load {
            None => vec![CaseLoad::Unset],
            Some(OneOrMany(loads)) => loads.iter().copied().map(CaseLoad::AfterTrace).collect(),
        })
    }

    fn case(&self, network: &Network<'_>, sizes: Option<&Sizes>, load: CaseLoad) -> Result<Case, CaseError> {
        let Network { spec, topology, host_rate, flows } = network;
        let host_rate = *host_rate;
        let mut notes = Vec::new();
        let trace = self.trace(topology.hosts)?;
        let (distribution, label) = self.distribution(sizes, trace.as_deref(), &mut notes)?;
        // A file of the user's may have a shipped distribution's name and be another.
        let shipped = if matches!(sizes, Some(Sizes::File(_))) { "" } else { distribution.name() };
        let points = distribution.estimator_points();
        let context = Context { topology, host_rate, workload: shipped, sizes: &points };
        let transport = self.transport(&context)?;
        let denominator = self.denominator(&transport)?;
        let mut resolved = self.resolved(sizes, &label, load, denominator)?;
        checks::forget_late_deaths(&mut resolved, &mut notes);
        if let Some(rows) = &trace {
            self.check_trace(rows, &resolved.measure, &mut notes)?;
        }
        let recorded = trace.iter().flat_map(|rows| rows.iter().map(|row| row.size)).max();
        let drawn = (recorded.is_none() || !matches!(load, CaseLoad::Unset)).then(|| distribution.largest());
        self.check_longest(&label, recorded.max(drawn).unwrap_or_default(), &transport)?;
        notes.extend(transport.notes(&context));
        let roles = self.roles(topology.hosts)?;
        let faults = self.faults(&resolved, topology.hosts, &transport)?;
        let bins =
            SizeBins::published(shipped).unwrap_or_else(|| SizeBins::about_one_percent(&distribution.probabilities()));
        let short_bytes = short_bytes(&distribution).max(self.experiment.workload.least_size);
        let poisson = self.poisson(distribution, load, host_rate, roles, &transport)?;
        let arrivals = match (trace, poisson) {
            (Some(rows), afterwards) => Arrivals::Trace { rows, afterwards },
            (None, Some((sizes, arithmetic))) => Arrivals::Poisson { sizes, arithmetic },
            (None, None) => return Err(self.value("workload", LOAD_NEEDED)),
        };
        let (client, times) = (client(&resolved.workload), times(&resolved.measure));
        let (_, window_end, end) = times.window();
        let unit_flows = || flows.of(spec, topology, roles);
        let demand = demand(topology, &transport, &arrivals, client.least_size, (window_end, end), unit_flows);
        notes.extend(demand.note(matches!(arrivals, Arrivals::Trace { .. })));
        let name = self.case_name(&label, load);
        let experiment = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let topology = Arc::clone(topology);
        Ok(Case {
            experiment,
            name,
            resolved,
            topology,
            host_rate,
            transport,
            roles,
            faults,
            sizes: label,
            load: load.given(),
            arrivals,
            client,
            times,
            denominator,
            bins,
            short_bytes,
            demand,
            notes,
        })
    }

    fn transport(&self, context: &Context<'_>) -> Result<TransportConfig, CaseError> {
        let section = &self.experiment.transport;
        let error = |problem: String| CaseError::Transport { path: self.path.to_owned(), problem };
        let transport =
            section.kind.complete(section.parameters(), context).map_err(|cause| error(cause.to_string()))?;
        let Some(linux) = self.linux_host()? else { return Ok(transport) };
        let kind = transport.kind().name();
        transport.on_linux(linux).ok_or_else(|| {
            let problem = format!(
                "\"linux\" is for transports in its kernel, and {kind} is none; accepted with it is \"fixed-delays\""
            );
            self.value("host.kind", &problem)
        })
    }

    /// Poisson traffic of a load, if there is one.
    fn poisson(
        &self,
        sizes: SizeDistribution,
        load: CaseLoad,
        host_rate: BitRate,
        roles: Roles,
        transport: &TransportConfig,
    ) -> Result<Option<(Arc<SizeDistribution>, LoadArithmetic)>, CaseError> {
        let spec = match load {
            CaseLoad::Wire(load) | CaseLoad::AfterTrace(load) => LoadSpec::Wire(load.get()),
            CaseLoad::Payload(load) => LoadSpec::Payload(load.get()),
            CaseLoad::Unset => return Ok(None),
        };
        let response = |size| transport.response_bytes(size);
        let payload = |size| MessageCost { request: size, response: response(size) };
        let wire = |size| wire_cost(transport, size);
        let listed_rule = transport.traits().follows_listed_load;
        let arithmetic = client_rate(&sizes, spec, host_rate, roles, payload, wire, listed_rule)
            .map_err(|cause| CaseError::Load { path: self.path.to_owned(), cause })?;
        self.check_streams(&arithmetic, roles)?;
        let wire_load = self.padded_wire_load(&sizes, &arithmetic, host_rate, roles, transport);
        if wire_load >= 1.0 {
            let problem = format!(
                "this load means a wire load of {wire_load:.3}, {} included, which the host links can't carry; give less",
                if transport.traits().cost_has_grants { "headers and grants" } else { "headers" }
            );
            return Err(self.value(load.key(), &problem));
        }
        Ok(Some((Arc::new(sizes), arithmetic)))
    }

    fn trace(&self, hosts: u32) -> Result<Option<Arc<Vec<TraceRow>>>, CaseError> {
        let workload = &self.experiment.workload;
        let Some(file) = &workload.trace else { return Ok(None) };
        let rows = read_trace(&self.locate(file), hosts)
            .map_err(|cause| CaseError::Trace { path: self.path.to_owned(), cause })?;
        Ok(Some(Arc::new(rows)))
    }

    /// Checks a trace against the times of the case, and says what a user should know.
    fn check_trace(&self, rows: &[TraceRow], measure: &Measure, notes: &mut Vec<String>) -> Result<(), CaseError> {
        if rows[rows.len() - 1].at.as_ps() > TIME_PS_MAX {
            return Err(self.value("workload.trace", "the times of a trace must stay below 100 days"));
        }
        let window = Time::ZERO + measure.warmup..Time::ZERO + measure.warmup + measure.window;
        if !rows.iter().any(|row| window.contains(&row.at)) {
            let (first, last) = (rows[0].at, rows[rows.len() - 1].at);
            let problem = format!(
                "no message of the trace is created in the window from {} to {}; its messages are created from {} to {}",
                milliseconds(window.start),
                milliseconds(window.end),
                milliseconds(first),
                milliseconds(last)
            );
            return Err(self.value("measure.window", &problem));
        }
        let last = rows[rows.len() - 1].at;
        if self.experiment.workload.then_load.is_some() {
            if last >= window.end + measure.drain {
                let problem = format!(
                    "has no effect, as every run ends before the trace does, at {}; leave it out",
                    milliseconds(last)
                );
                return Err(self.value("workload.then_load", &problem));
            }
            notes.push(format!(
                "the trace ends at {}; Poisson traffic of workload.then_load follows",
                milliseconds(last)
            ));
        } else if last < window.end + measure.drain {
            notes.push(format!(
                "the trace ends at {}: messages still in flight then finish without competition; set workload.then_load \
                 for Poisson traffic of that load from then on",
                milliseconds(last)
            ));
        }
        Ok(())
    }

    /// The distribution that levels, cutoffs and bins are made for, with its name in outputs.
    fn distribution(
        &self,
        sizes: Option<&Sizes>,
        trace: Option<&Vec<TraceRow>>,
        notes: &mut Vec<String>,
    ) -> Result<(SizeDistribution, String), CaseError> {
        match (sizes, trace) {
            (Some(Sizes::Shipped(name)), _) => {
                Ok((SizeDistribution::shipped(name).expect("checked when it was read"), name.clone()))
            }
            (Some(Sizes::Fixed(size)), _) => Ok((SizeDistribution::fixed(*size), size.get().to_string())),
            (Some(Sizes::File(file)), _) => {
                let (path, text) = self.read("workload.sizes", file)?;
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let distribution = SizeDistribution::from_csv(&text, &name).map_err(|cause| CaseError::Sizes { path, cause })?;
                Ok((distribution, name))
            }
            (None, Some(rows)) => Ok(distribution_of_trace(rows, notes)),
            (None, None) => Err(self.value("workload.sizes", "needed without a trace; accepted are a shipped name such as \"w3\", the path of a .csv file or a number of bytes")),
        }
    }

    /// The experiment with this case's single values.
    fn resolved(
        &self,
        sizes: Option<&Sizes>,
        label: &str,
        load: CaseLoad,
        denominator: Denominator,
    ) -> Result<Experiment, CaseError> {
        let mut resolved = self.experiment.clone();
        // The resolved experiment is stored elsewhere and must find its files from there.
        let absolute = |file: PathBuf| {
            let file = self.locate(&file);
            std::fs::canonicalize(&file).unwrap_or(file)
        };
        resolved.topology.file = resolved.topology.file.take().map(absolute);
        resolved.workload.trace = resolved.workload.trace.take().map(absolute);
        resolved.workload.sizes = sizes.cloned().map(|sizes| match sizes {
            Sizes::File(file) => OneOrMany(vec![Sizes::File(absolute(file))]),
            other => OneOrMany(vec![other]),
        });
        let section = &mut resolved.transport;
        let parameters = section.kind.with_defaults(section.parameters()).expect("checked when it was read");
        // Those of other transports have no effect in this case.
        section.tables = toml::Table::from_iter([(section.kind.name().to_owned(), parameters.into())]);
        let workload = &mut resolved.workload;
        (workload.load, workload.payload_load, workload.then_load) = (None, None, None);
        match load {
            CaseLoad::Wire(load) => workload.load = Some(OneOrMany(vec![load])),
            CaseLoad::Payload(load) => workload.payload_load = Some(OneOrMany(vec![load])),
            CaseLoad::AfterTrace(load) => workload.then_load = Some(OneOrMany(vec![load])),
            CaseLoad::Unset => effects::forget_generators(&mut resolved),
        }
        let measure = &mut resolved.measure;
        measure.denominator = Some(denominator);
        if let Some(times) = std::mem::take(&mut measure.per_sizes).get(label) {
            measure.warmup = times.warmup.unwrap_or(measure.warmup);
            measure.window = times.window.unwrap_or(measure.window);
            measure.drain = times.drain.unwrap_or(measure.drain);
        }
        if measure.window == Duration::ZERO {
            return Err(self.value("measure.window", "an empty window measures nothing; give for example \"10ms\""));
        }
        let total = [measure.warmup, measure.window, measure.drain].map(|span| u128::from(span.as_ps()));
        if total.iter().sum::<u128>() > u128::from(TIME_PS_MAX) {
            return Err(self.value("measure", "warmup, window and drain together must stay below 100 days"));
        }
        Ok(resolved)
    }

    fn case_name(&self, sizes: &str, load: CaseLoad) -> String {
        let load = match load {
            CaseLoad::Wire(load) | CaseLoad::AfterTrace(load) => format!("-{}", load.get()),
            CaseLoad::Payload(load) => format!("-payload-{}", load.get()),
            CaseLoad::Unset => String::new(),
        };
        let file = self.experiment.workload.trace.as_deref().and_then(Path::file_name);
        let trace = file.map(|file| file.to_string_lossy()).unwrap_or_default();
        let trace = trace.split(".csv").next().unwrap_or_default();
        let variant = self.experiment.variants.first().map_or("", |variant| &variant.name);
        let parts = [trace, variant].into_iter().filter(|part| !part.is_empty());
        let safe = |c: char| if is_safe(c) { c } else { '_' };
        let parts = parts.map(|part| format!("-{part}")).collect::<String>();
        format!("{sizes}{load}{parts}").chars().map(safe).collect()
    }
}

fn client(workload: &WorkloadSection) -> ClientSpec {
    ClientSpec {
        senders: workload.threads,
        max_outstanding: workload.limit,
        gaps: workload.gaps.into(),
        least_size: workload.least_size,
    }
}

fn times(measure: &Measure) -> RunTimes {
    RunTimes {
        warmup: measure.warmup,
        window: measure.window,
        drain: measure.drain,
        stops_after_window: measure.background == Background::Stop,
    }
}

/// Wire bytes of a message and of the answer to it.
fn wire_cost(transport: &TransportConfig, size: Bytes) -> MessageCost {
    let response = match transport.response_bytes(size) {
        Bytes::ZERO => Bytes::ZERO,
        response => transport.cost(response).wire,
    };
    MessageCost { request: transport.cost(size).wire, response }
}

/// The smallest size such that more than a tenth of the messages are at most as large.
fn short_bytes(sizes: &SizeDistribution) -> Bytes {
    let mut below = 0.0;
    let reached = |(_, share): &(Bytes, f64)| {
        below += share;
        below > 0.1
    };
    sizes.probabilities().into_iter().find(reached).map_or(sizes.largest(), |(size, _)| size)
}

/// An instant as people read it.
fn milliseconds(at: Time) -> String {
    format!("{:.3} ms", at.as_ps() as f64 / 1e9)
}
