//! The transport as experiments and results know it.

use crate::kernel::Kernel;
use crate::{Completes, Config, CutoffSource, Homa, Parameters, TICK_PERIOD, notes};
use homa_engine::Streams;
use homa_fabric::linux::LinuxHost;
use homa_protocol::{MAX_MESSAGE_LENGTH, QuirkRow, Quirks};
use homa_run::{Context, Counted, CountedStack, Counters, FrameBytes, MessageCosts, Model, Ran, Run, Traits};
use homa_topologies::HostId;
use homa_units::{Bytes, Duration};
use rand::Rng;
use serde::Serialize;
use std::error::Error;
use std::sync::Arc;

impl homa_run::Parameters for Parameters {
    const NAME: &'static str = "homa";
    const SUMMARY: &'static str =
        "Homa as Linux runs it: RPCs, with recovery from loss, by the core that speaks to the kernel";
    const SOURCES: &'static str = env!("HOMASIM_SOURCES");
    const RECOVERS_LOSS: bool = true;

    fn complete(self, _: &Context<'_>) -> Result<Arc<dyn Model>, Box<dyn Error + Send + Sync>> {
        Ok(Arc::new(Complete(Arc::new(Self::complete(&self)?))))
    }
}

/// The parameters, complete; shared by all hosts.
#[derive(Debug)]
struct Complete(Arc<Config>);

impl Model for Complete {
    fn traits(&self) -> Traits {
        Traits {
            measures_round_trips: self.0.parameters.completes == Completes::Response,
            message_bytes_max: u64::from(MAX_MESSAGE_LENGTH),
            frames: FrameBytes { data: self.0.full_frame_bytes(), control: self.0.grant_frame_bytes() },
            // Long enough for what a first message leaves behind: acknowledgements, and the ticks
            // of timers.
            introduction: Some(Duration::from_ms(100)),
            packet_hops_per_cpu_s: 3.5e6,
            runs_on_linux: true,
            ..Traits::ONE_WAY
        }
    }

    fn cost(&self, size: Bytes) -> MessageCosts {
        let length = size.get() as u32;
        let (data_packets, control_packets) = self.0.message_packets(length);
        MessageCosts { wire: Bytes::new(self.0.message_wire_bytes(length)), data_packets, control_packets }
    }

    fn response_bytes(&self, size: Bytes) -> Bytes {
        self.0.response_bytes(size)
    }

    fn parameters(&self) -> &dyn erased_serde::Serialize {
        &self.0.parameters
    }

    fn description(&self) -> Vec<(&'static str, String)> {
        describe_homa(&self.0)
    }

    fn notes(&self, context: &Context<'_>) -> Vec<String> {
        notes::notes(&self.0, context)
    }

    fn without_effect(&self) -> Vec<(&'static str, &'static str)> {
        notes::without_effect(&self.0.parameters)
    }

    fn run(&self, run: Run<'_>) -> Ran {
        let streams = run.streams();
        let phase = |host| streams.map_or(Duration::ZERO, |streams| tick_phase(streams, host));
        if let Some(linux) = run.linux_hosts(self.0.geometry.max_gso_data()) {
            let (clients, servers) = linux.model.sockets();
            return run.hosts(|host| {
                let kernel = Kernel::new(Arc::clone(&self.0), host, phase(host), clients, servers);
                LinuxHost::new(kernel, Arc::clone(&linux.model), host, linux.streams)
            });
        }
        run.hosts(|host| {
            let phase = phase(host);
            Homa::new(Arc::clone(&self.0), host, phase)
        })
    }
}

/// When in a millisecond a host's timer ticks: anywhere, as on machines that were started at some
/// time or other.
fn tick_phase(streams: Streams, host: HostId) -> Duration {
    let draw = u128::from(streams.stream("tick-phase", host.0).next_u64());
    Duration::from_ps(((draw * u128::from(TICK_PERIOD.as_ps())) >> 64) as u64)
}

impl CountedStack for Kernel {
    fn count(&self, counters: &mut Counters) {
        let quirk_q15 = self.endpoint().config().quirks.size_4096_uncounted;
        let named = self.endpoint().metrics().iter(quirk_q15);
        counters.metrics(named.map(|(name, value)| (name.into_owned(), value)));
    }

    fn records_max(&self) -> usize {
        self.endpoint().rpcs_max()
    }
}

impl Counted for Homa {
    fn count(&self, counters: &mut Counters) {
        let quirk_q15 = self.config.parameters.quirks.size_4096_uncounted;
        // A host that was idle has counted nothing.
        let named = self.endpoint().into_iter().flat_map(|endpoint| endpoint.metrics().iter(quirk_q15));
        counters.metrics(named.map(|(name, value)| (name.into_owned(), value)));
    }

    /// The most RPCs.
    fn records_max(&self) -> usize {
        self.endpoint().map_or(0, |endpoint| endpoint.rpcs_max())
    }
}

/// The name that serde writes for a value without fields.
fn name_of(value: &impl Serialize) -> String {
    toml::Value::try_from(value).map_or_else(|_| String::new(), |value| value.to_string().replace('"', ""))
}

fn describe_homa(config: &Config) -> Vec<(&'static str, String)> {
    let parameters = &config.parameters;
    let sysctl = &parameters.sysctl;
    let window = match sysctl.window {
        0 => format!("a window by max_incoming = {}", sysctl.max_incoming),
        bytes => format!("a window of {bytes}"),
    };
    let cutoffs = match &parameters.cutoffs {
        CutoffSource::Sysctl => format!("{:?}", sysctl.unsched_cutoffs),
        CutoffSource::Published(name) => format!("published for {name}"),
        CutoffSource::HomaPrio(options) => {
            format!("{:?} at first, then computed every {} as by homa_prio", sysctl.unsched_cutoffs, options.interval)
        }
    };
    vec![
        (
            "rpcs",
            format!(
                "response {}, complete with the {}; transmit {}, quirks {}",
                name_of(&parameters.response),
                name_of(&parameters.completes),
                name_of(&parameters.transmit),
                describe_quirks(parameters.quirks),
            ),
        ),
        (
            "bytes",
            format!(
                "{} unscheduled, {window}, {} messages granted at a time, {}, MTU {}",
                sysctl.unsched_bytes,
                sysctl.max_overcommit,
                notes::levels(config),
                parameters.mtu
            ),
        ),
        ("cutoffs", cutoffs),
    ]
}

/// "linux", "fixed", or what differs from Linux.
fn describe_quirks(quirks: Quirks) -> String {
    if quirks == Quirks::linux() {
        return "linux".to_owned();
    }
    if quirks == Quirks::fixed() {
        return "fixed".to_owned();
    }
    let linux = Quirks::linux();
    let differs = |row: &&QuirkRow| quirks.get(row.name) != linux.get(row.name);
    let names: Vec<_> = Quirks::ROWS.iter().filter(differs).map(|row| row.name).collect();
    format!("linux but for {}", names.join(", "))
}
