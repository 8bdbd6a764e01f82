//! What the software of hosts costs.

use super::Resolver;
use crate::case::CaseError;
use crate::experiment::{HostKind, HostSection};
use homa_fabric::linux::{Limit, Parameters};
use homa_topologies::{HostId, Topology};
use homa_units::Duration;

/// Bytes of the frame in whose time from NIC to NIC `wire_and_nic` was measured: a message of 100
/// bytes.
const MEASURED_FRAME_BYTES: u64 = 194;
/// Beyond any machine's.
const COUNT_MAX: u32 = 1_024;

impl Resolver<'_> {
    /// Puts the delays of the section `[host]` in the place of the topology's.
    pub(super) fn set_software_delays(&self, topology: &mut Topology) -> Result<(), CaseError> {
        let HostSection { kind, send_delay, receive_delay, linux } = &self.experiment.host;
        let software = &mut topology.software;
        software.send = send_delay.unwrap_or(software.send);
        software.receive = receive_delay.unwrap_or(software.receive);
        let Some(total) = linux.as_ref().and_then(|linux| linux.wire_and_nic) else { return Ok(()) };
        if *kind != HostKind::Linux {
            return Ok(());
        }
        if send_delay.is_some() || receive_delay.is_some() {
            let problem = "excludes host.send_delay and host.receive_delay, which it replaces; keep one of them";
            return Err(self.value("host.linux.wire_and_nic", problem));
        }
        let path = path_time(topology);
        let Some(rest) = total.as_ps().checked_sub(path.as_ps()) else {
            let problem = format!("{total} is less than the {path} that the topology's own links take; give more");
            return Err(self.value("host.linux.wire_and_nic", &problem));
        };
        topology.software.send = Duration::from_ps(rest / 2);
        topology.software.receive = Duration::from_ps(rest - rest / 2);
        Ok(())
    }

    /// The parameters of Linux hosts, if hosts are such, checked.
    pub(super) fn linux_host(&self) -> Result<Option<Parameters>, CaseError> {
        let HostSection { kind, linux, .. } = &self.experiment.host;
        match (kind, linux) {
            (HostKind::FixedDelays, None) => Ok(None),
            (HostKind::FixedDelays, Some(_)) => {
                Err(self
                    .value("host.linux", "has no effect without host.kind = \"linux\"; set it, or take the table out"))
            }
            (HostKind::Linux, linux) => {
                let parameters = linux.clone().unwrap_or_default();
                self.check_linux(&parameters)?;
                Ok(Some(parameters))
            }
        }
    }

    fn check_linux(&self, parameters: &Parameters) -> Result<(), CaseError> {
        let counts = [
            ("host.linux.client_ports", parameters.client_ports),
            ("host.linux.server_ports", parameters.server_ports),
            ("host.linux.max_gro", parameters.max_gro),
            ("host.linux.tx_group", parameters.tx_group),
        ];
        if let Some((key, count)) = counts.into_iter().find(|(_, count)| !(1..=COUNT_MAX).contains(count)) {
            return Err(self.value(key, &format!("{count} is not possible; accepted are 1 to {COUNT_MAX}")));
        }
        let limits = [
            ("host.linux.cores", parameters.cores),
            ("host.linux.queues", parameters.queues),
            ("host.linux.port_receivers", parameters.port_receivers),
            ("host.linux.port_threads", parameters.port_threads),
        ];
        for (key, limit) in limits {
            if let Limit::Number(number @ COUNT_MAX..) = limit {
                return Err(self.value(key, &format!("{number} is not possible; accepted are 1 to {}", COUNT_MAX - 1)));
            }
        }
        let factors = [
            ("host.linux.ht", parameters.ht),
            ("host.linux.contention", parameters.contention),
            ("host.linux.cv", parameters.cv),
            ("host.linux.gap_rate", parameters.gap_rate),
        ];
        if let Some((key, factor)) = factors.into_iter().find(|(_, factor)| !(0.0..=1e6).contains(factor)) {
            return Err(self.value(key, &format!("{factor} is not possible; accepted are 0 to 1e6")));
        }
        self.check_linux_together(parameters)
    }

    /// Values that have to go together.
    fn check_linux_together(&self, parameters: &Parameters) -> Result<(), CaseError> {
        let Limit::Number(cores) = parameters.cores else {
            let needs_cores = [
                ("host.linux.siblings", parameters.siblings),
                ("host.linux.queue_map", !parameters.queue_map.is_empty()),
                ("host.linux.contention", parameters.contention > 0.0),
                ("host.linux.gap_rate", parameters.gap_rate > 0.0),
                ("host.linux.smi_period", parameters.smi_period.is_some()),
                ("host.linux.t_tx_done", parameters.t_tx_done > Duration::ZERO),
            ];
            let set = needs_cores.into_iter().find(|(_, is_set)| *is_set);
            return set.map_or(Ok(()), |(key, _)| {
                Err(self.value(key, "needs a number of cores; set host.linux.cores, for example to 20"))
            });
        };
        if [parameters.port_receivers, parameters.port_threads].contains(&Limit::Unlimited) {
            let problem = "with a number of cores each socket has a number of threads; set port_receivers and port_threads, for example to 3";
            return Err(self.value("host.linux.cores", problem));
        }
        if parameters.siblings && cores % 2 == 1 {
            let problem = format!("{cores} cores can't be pairs of hyperthreads; give an even number of cores");
            return Err(self.value("host.linux.siblings", &problem));
        }
        if let Some(core) = parameters.queue_map.iter().find(|core| **core >= cores) {
            let problem = format!("there is no core {core}; accepted are 0 to {}", cores - 1);
            return Err(self.value("host.linux.queue_map", &problem));
        }
        let falling = parameters.c_states.windows(2).any(|pair| pair[0].idle >= pair[1].idle);
        if falling {
            return Err(self.value("host.linux.c_states", "idle times must rise from one entry to the next"));
        }
        Ok(())
    }
}

/// What a short message takes from NIC to NIC without software: between the first two hosts.
fn path_time(topology: &Topology) -> Duration {
    if topology.hosts < 2 {
        return Duration::ZERO;
    }
    let links = topology.path(HostId(0), HostId(1)).into_iter().map(|link| topology.link(link));
    let time = |link: &homa_topologies::Link| {
        let byte = link.rate.byte_time().expect("topologies have exact rates");
        byte * MEASURED_FRAME_BYTES + link.delay
    };
    links.map(time).sum()
}
