//! Values of an experiment that have to go together.

use super::{Resolver, wire_cost};
use crate::case::CaseError;
use crate::experiment::{Death, Experiment, Measure};
use homa_fabric::Faults;
use homa_run::{Denominator, TransportConfig};
use homa_topologies::HostId;
use homa_units::{BitRate, Bytes, Time};
use homa_workloads::{LoadArithmetic, MeanGap, Roles, SizeDistribution};

/// Independent senders of a whole network: each needs a kilobyte.
const STREAMS_MAX: u64 = 1 << 20;

/// Threads of a client beyond any machine's.
const THREADS_MAX: u32 = 1_024;

impl Resolver<'_> {
    /// What completion times are divided by: what is asked for, if it goes with the transport.
    pub(super) fn denominator(&self, transport: &TransportConfig) -> Result<Denominator, CaseError> {
        let traits = transport.traits();
        let denominator = self.experiment.measure.denominator.unwrap_or(traits.denominator);
        let measured = traits.measures_round_trips;
        match denominator.is_of_round_trips() {
            Some(round_trips) if round_trips != measured => {
                let of = |round_trips| if round_trips { "request and response" } else { "one way" };
                let problem = format!(
                    "\"{}\" is the time of {}, but {} is measured; accepted is \"simulated\"{}",
                    denominator.name(),
                    of(round_trips),
                    of(measured),
                    if measured {
                        ", \"cluster-2023\" or \"cluster-2025\""
                    } else {
                        ", \"sigcomm18\" or \"sigcomm18-mended\""
                    }
                );
                Err(self.value("measure.denominator", &problem))
            }
            _ => Ok(denominator),
        }
    }

    pub(super) fn check_longest(
        &self,
        label: &str,
        longest: Bytes,
        transport: &TransportConfig,
    ) -> Result<(), CaseError> {
        let accepted = transport.traits().message_bytes_max;
        let least = self.experiment.workload.least_size;
        if !(1..=accepted).contains(&least.get()) {
            let problem = format!("{least} is not possible; accepted are 1B to {accepted}B");
            return Err(self.value("workload.least_size", &problem));
        }
        if longest.get() <= accepted {
            return Ok(());
        }
        let shorter = format!("{label}-kernel");
        let hint = if SizeDistribution::shipped(&shorter).is_ok() {
            format!(", such as \"{shorter}\", which ends there")
        } else {
            String::new()
        };
        let problem = format!(
            "{label} has messages of {} bytes; {} carries at most {accepted}: give other sizes{hint}",
            longest.get(),
            transport.kind().name()
        );
        Err(self.value("workload.sizes", &problem))
    }

    pub(super) fn roles(&self, hosts: u32) -> Result<Roles, CaseError> {
        let workload = &self.experiment.workload;
        let (clients, servers) = (workload.clients.unwrap_or(hosts), workload.servers.unwrap_or(hosts));
        let roles = Roles::new(hosts, clients, servers)
            .map_err(|cause| self.value("workload.clients and workload.servers", &cause.to_string()))?;
        if !(1..=THREADS_MAX).contains(&workload.threads) {
            let problem = format!("{} is not possible; accepted are 1 to {THREADS_MAX}", workload.threads);
            return Err(self.value("workload.threads", &problem));
        }
        if let Some(limit) = workload.limit.filter(|limit| *limit < workload.threads) {
            let threads = workload.threads;
            let problem = format!(
                "{limit} is not possible, as each of workload.threads = {threads} needs at least one message; accepted are \
                 {threads} and more"
            );
            return Err(self.value("workload.limit", &problem));
        }
        Ok(roles)
    }

    /// The gaps of each thread, and their number, are within what can be simulated.
    pub(super) fn check_streams(&self, arithmetic: &LoadArithmetic, roles: Roles) -> Result<(), CaseError> {
        let threads = self.experiment.workload.threads;
        let streams = u64::from(roles.clients()) * u64::from(threads);
        if streams > STREAMS_MAX {
            let problem = format!(
                "{threads} in each of {} clients are {streams}; accepted are {STREAMS_MAX} in all",
                roles.clients()
            );
            return Err(self.value("workload.threads", &problem));
        }
        MeanGap::from_ps(arithmetic.mean_gap.as_ps() * f64::from(threads)).map_err(|bad| {
            let problem = format!("each of {threads} would send so seldom that {bad}; give fewer, or more load");
            self.value("workload.threads", &problem)
        })?;
        Ok(())
    }

    /// The wire load with the sizes as they are sent, not as they are drawn.
    pub(super) fn padded_wire_load(
        &self,
        sizes: &SizeDistribution,
        arithmetic: &LoadArithmetic,
        host_rate: BitRate,
        roles: Roles,
        transport: &TransportConfig,
    ) -> f64 {
        let least = self.experiment.workload.least_size;
        if sizes.smallest() >= least {
            return arithmetic.wire_load;
        }
        let (mut request, mut response) = (0.0, 0.0);
        for (size, share) in sizes.probabilities() {
            let cost = wire_cost(transport, size.max(least));
            request += share * cost.request.get() as f64;
            response += share * cost.response.get() as f64;
        }
        let bits = 8.0 * roles.busiest_link(request, response);
        arithmetic.messages_per_second * bits / host_rate.as_bps() as f64
    }

    /// What goes wrong in a case.
    pub(super) fn faults(
        &self,
        resolved: &Experiment,
        hosts: u32,
        transport: &TransportConfig,
    ) -> Result<Faults, CaseError> {
        let section = &self.experiment.faults;
        let mut faults =
            Faults::default().with_loss(section.loss).map_err(|bad| self.value("faults.loss", &bad.to_string()))?;
        let mut hosts_dead = Vec::new();
        for death in &section.deaths {
            if death.host >= hosts {
                let problem = format!("there is no host {}; accepted are 0 to {}", death.host, hosts - 1);
                return Err(self.value("faults.deaths", &problem));
            }
            if hosts_dead.contains(&death.host) {
                let problem = format!("host {} dies twice; give it once", death.host);
                return Err(self.value("faults.deaths", &problem));
            }
            hosts_dead.push(death.host);
        }
        let failure = |death: &Death| (HostId(death.host), Time::ZERO + death.at);
        faults.host_failures = resolved.faults.deaths.iter().map(failure).collect();
        if !faults.is_none() && !transport.kind().recovers_loss() {
            let problem = format!(
                "{} does not retransmit, so nothing may be lost; accepted are faults with {}",
                transport.kind().name(),
                recovering_transports()
            );
            return Err(self.value("faults", &problem));
        }
        Ok(faults)
    }
}

/// The transports that recover what is lost.
fn recovering_transports() -> String {
    let kinds = homa_transports::all().filter(|kind| kind.recovers_loss());
    kinds.map(|kind| format!("transport.kind = \"{}\"", kind.name())).collect::<Vec<_>>().join(" or ")
}

/// Takes out the deaths that no run lives to see, and says so.
pub(super) fn forget_late_deaths(resolved: &mut Experiment, notes: &mut Vec<String>) {
    let Measure { warmup, window, drain, .. } = resolved.measure;
    let end = warmup + window + drain;
    resolved.faults.deaths.retain(|death| {
        let is_late = death.at >= end;
        if is_late {
            notes.push(format!(
                "host {} would die at {}, when every run has ended: at {end} the latest",
                death.host, death.at
            ));
        }
        !is_late
    });
}
