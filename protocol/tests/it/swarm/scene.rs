//! What happens in a world, drawn from a seed.

use homa_protocol::wire::Version;
use homa_protocol::{Config, Quirks, Sysctls, Ticks, TransmitMode};
use homa_units::{Duration, Time};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt;

/// How long things go wrong, in microseconds.
pub(crate) const TROUBLE_US: u64 = 60_000;

/// A request of one host to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) request: u32,
    pub(crate) response: u32,
    pub(crate) at_us: u64,
}

/// For some time, packets of some hosts to others don't arrive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Partition {
    /// Bit i: host i sends nothing that arrives at hosts of `to`.
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) start_us: u64,
    pub(crate) end_us: u64,
}

/// A host loses everything it has, and begins anew some time later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crash {
    pub(crate) host: usize,
    pub(crate) at_us: u64,
    pub(crate) back_us: u64,
}

/// What one direction between two hosts does to packets; probabilities in percent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) loss: u32,
    pub(crate) duplication: u32,
    pub(crate) damage: u32,
    pub(crate) delay_us: u64,
    pub(crate) jitter_us: u64,
}

/// One host.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) config: Config,
    pub(crate) region_bpages: u64,
    /// The application looks at what has arrived only this often.
    pub(crate) looks_every_us: u64,
}

/// A world.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) seed: u64,
    pub(crate) hosts: Vec<Host>,
    /// From host i to host j: `links[i][j]`.
    pub(crate) links: Vec<Vec<Link>>,
    pub(crate) calls: Vec<Call>,
    pub(crate) partitions: Vec<Partition>,
    pub(crate) crashes: Vec<Crash>,
    /// How many packets the host sends that keeps to no rule.
    pub(crate) rogue_packets: u32,
}

/// At the borders of packets, units, unscheduled bytes and bpages, or anything.
fn length(rng: &mut ChaCha8Rng) -> u32 {
    match rng.random_range(0..6) {
        0 => *[12, 1_424, 1_425, 39_999, 40_000, 40_001, 65_536, 65_537].choose(rng).expect("there are some"),
        1..4 => rng.random_range(12..4_000),
        4 => rng.random_range(4_000..120_000),
        _ => rng.random_range(120_000..=600_000),
    }
}

fn host(rng: &mut ChaCha8Rng, quirks: Quirks, version: Version, boot: u64) -> Host {
    let modes = [TransmitMode::Pull, TransmitMode::Immediate, TransmitMode::OldPacer, TransmitMode::Qdisc];
    let mut config = Config {
        quirks,
        version,
        transmit: *modes.choose(rng).expect("there are some"),
        ticks: Ticks::Grid { period: Duration::from_ms(1), phase: Duration::from_us(rng.random_range(0..1_000)) },
        mtu: *[1_500, 1_500, 3_000, 9_000].choose(rng).expect("there are some"),
        cores: rng.random_range(1..=4),
        configured: rng.random(),
        boot,
        ..Config::default()
    };
    let sysctls = &mut config.sysctls;
    sysctls.max_gso_size = *[0, 0, 10_000, 65_536].choose(rng).expect("there are some");
    sysctls.unsched_bytes = *[0, 1_000, 40_000, 40_000, 1_000_000].choose(rng).expect("there are some");
    sysctls.max_incoming = *[1_000, 50_000, 400_000, 400_000, 1_000_000].choose(rng).expect("there are some");
    sysctls.window = *[0, 0, 10_000, 100_000].choose(rng).expect("there are some");
    sysctls.max_overcommit = rng.random_range(1..=8);
    sysctls.grant_fifo_fraction = *[0, 50, 500].choose(rng).expect("there are some");
    sysctls.num_priorities = *[8, 8, 4, 1].choose(rng).expect("there are some");
    sysctls.resend_interval = rng.random_range(1..=5);
    sysctls.resend_ticks = rng.random_range(2..=8);
    sysctls.timeout_ticks = *[40, 100].choose(rng).expect("there are some");
    sysctls.request_ack_ticks = rng.random_range(0..=4);
    sysctls.link_mbps = *[1_000, 10_000, 25_000].choose(rng).expect("there are some");
    sysctls.bpage_lease_usecs = *[0, 1_000, 10_000].choose(rng).expect("there are some");
    sysctls.pacer_fifo_fraction = *[0, 50, 500].choose(rng).expect("there are some");
    let least = u64::from(config.cores) + 31;
    let region_bpages = least + *[0, 0, 40].choose(rng).expect("there are some");
    Host { config, region_bpages, looks_every_us: *[0, 0, 100, 5_000].choose(rng).expect("there are some") }
}

fn link(rng: &mut ChaCha8Rng) -> Link {
    let mut percent = |most| if rng.random_range(0..3) == 0 { rng.random_range(0..=most) } else { 0 };
    let (loss, duplication, damage) = (percent(40), percent(30), percent(10));
    let jitter_us = *[0, 10, 500, 10_000].choose(rng).expect("there are some");
    Link { loss, duplication, damage, delay_us: rng.random_range(1..50), jitter_us }
}

impl Scene {
    pub(crate) fn new(seed: u64, quirks: Quirks) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rng = &mut rng;
        let count = rng.random_range(2..=8);
        let version = if rng.random_range(0..6) == 0 { Version::Stripped } else { Version::Linux };
        let hosts = (0..count).map(|_| {
            let boot = rng.next_u64();
            host(rng, quirks, version, boot)
        });
        let hosts: Vec<_> = hosts.collect();
        let links = (0..=count).map(|_| (0..=count).map(|_| link(rng)).collect()).collect();
        let calls = (0..rng.random_range(1..30)).map(|_| {
            let from = rng.random_range(0..count);
            let to = (from + rng.random_range(1..count)) % count;
            Call { from, to, request: length(rng), response: length(rng), at_us: rng.random_range(0..TROUBLE_US) }
        });
        let mut calls: Vec<_> = calls.collect();
        calls.sort_by_key(|call| call.at_us);
        let mask = 1_u32 << count;
        let partitions = (0..rng.random_range(0..4)).map(|_| {
            let start_us = rng.random_range(0..TROUBLE_US);
            let end_us = rng.random_range(start_us..=TROUBLE_US);
            Partition { from: rng.random_range(0..mask), to: rng.random_range(0..mask), start_us, end_us }
        });
        let partitions = partitions.collect();
        let crashes = (0..rng.random_range(0..3)).map(|_| {
            let at_us = rng.random_range(0..TROUBLE_US);
            Crash { host: rng.random_range(0..count), at_us, back_us: rng.random_range(at_us..=TROUBLE_US) }
        });
        let crashes = crashes.collect();
        let rogue_packets = *[0, 0, 50, 2_000].choose(rng).expect("there are some");
        Self { seed, hosts, links, calls, partitions, crashes, rogue_packets }
    }

    /// Scenes in which less happens.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let with = |change: &dyn Fn(&mut Self)| {
            let mut scene = self.clone();
            change(&mut scene);
            scene
        };
        let mut found = Vec::new();
        if self.rogue_packets > 0 {
            found.push(with(&|scene| scene.rogue_packets /= 2));
        }
        let half = self.calls.len() / 2;
        if half > 0 {
            found.push(with(&|scene| {
                scene.calls.drain(..half);
            }));
            found.push(with(&|scene| scene.calls.truncate(half)));
        }
        if self.calls.len() < 8 {
            found.extend((0..self.calls.len()).map(|index| with(&|scene| _ = scene.calls.remove(index))));
        }
        found.extend((0..self.partitions.len()).map(|index| with(&|scene| _ = scene.partitions.remove(index))));
        found.extend((0..self.crashes.len()).map(|index| with(&|scene| _ = scene.crashes.remove(index))));
        let quiet = Link { loss: 0, duplication: 0, damage: 0, delay_us: 5, jitter_us: 0 };
        for from in 0..self.links.len() {
            let is_quiet = self.links[from].iter().all(|link| link.loss + link.duplication + link.damage == 0);
            if !is_quiet {
                found.push(with(&|scene| scene.links[from].fill(quiet)));
            }
        }
        let slow = self.hosts.iter().any(|host| host.looks_every_us > 0);
        if slow {
            found.push(with(&|scene| scene.hosts.iter_mut().for_each(|host| host.looks_every_us = 0)));
        }
        found
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, host) in self.hosts.iter().enumerate() {
            let (config, sysctls) = (&host.config, &host.config.sysctls);
            let (version, transmit, mtu, cores) = (config.version, config.transmit, config.mtu, config.cores);
            let (bpages, looks) = (host.region_bpages, host.looks_every_us);
            writeln!(
                f,
                "host {index}: {version:?} {transmit:?} mtu={mtu} cores={cores} bpages={bpages} looks={looks}us"
            )?;
            let defaults = Sysctls::default();
            for info in Sysctls::TABLE {
                let value = sysctls.read(info.name).expect("the name is from the table");
                if Ok(&value) != defaults.read(info.name).as_ref() {
                    write!(f, "  {}={value}", info.name)?;
                }
            }
            writeln!(f)?;
        }
        for call in &self.calls {
            writeln!(f, "{call:?}")?;
        }
        for partition in &self.partitions {
            writeln!(f, "{partition:?}")?;
        }
        for crash in &self.crashes {
            writeln!(f, "{crash:?}")?;
        }
        for (from, links) in self.links.iter().enumerate() {
            for (to, link) in
                links.iter().enumerate().filter(|(_, link)| link.loss + link.duplication + link.damage > 0)
            {
                writeln!(f, "{from} to {to}: {link:?}")?;
            }
        }
        writeln!(f, "packets of the host without rules: {}", self.rogue_packets)
    }
}

/// The instant this many microseconds after the beginning.
pub(crate) fn at(us: u64) -> Time {
    Time::ZERO + Duration::from_us(us)
}
