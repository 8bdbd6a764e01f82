//! Within what bounds an explanation has to lie, and how much work looking for one may be.

use homa_units::Duration;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::fmt;

const PS_PER_NS: u64 = 1000;

/// Within what bounds an explanation has to lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The longest time between the delivery of a packet to the NIC and the departure of what it caused; also the longest
    /// time between handing a packet to the NIC and its departure.
    pub processing: Duration,
    /// How many packets may be processed together.
    pub batch: usize,
    /// The shortest time between two ticks.
    pub shortest_tick: Duration,
    /// Usual times between two ticks, the likeliest first: the search aims at one of them and is free to deviate.
    pub usual_ticks: Vec<Duration>,
    /// The longest time between two ticks.
    pub longest_tick: Duration,
    /// The longest time between a tick and the departure of what it caused.
    pub tick_slack: Duration,
    /// One jiffy of the kernel: CUTOFFS are sent to a peer at most once in each.
    pub jiffy: Duration,
    /// How long before the end of the capture packets may have been sent that it doesn't have.
    pub tail: Duration,
    /// Whether packets can have been lost after their delivery to the NIC, which a capture doesn't show: then those are
    /// taken as lost that the node asks for again.
    pub unrecorded_loss: bool,
    /// How many actions are tried without explaining one more packet before the search gives up.
    pub steps: usize,
    /// The same for looking which disagreement is the likeliest.
    pub probe_steps: usize,
    /// How many actions may be tried for a node in all.
    pub all_steps: usize,
    /// How many actions the search can take back.
    pub depth: usize,
    /// After so many disagreements the rest of the packets counts as missing.
    pub most_differences: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            processing: Duration::from_ms(10),
            batch: 20,
            shortest_tick: Duration::from_us(500),
            usual_ticks: [1310, 1150, 1600, 2000, 2700, 4000].map(Duration::from_us).to_vec(),
            longest_tick: Duration::from_ms(7),
            tick_slack: Duration::from_ms(1),
            jiffy: Duration::from_ms(4),
            tail: Duration::from_ps(0),
            unrecorded_loss: false,
            steps: 3000,
            probe_steps: 200,
            all_steps: 60_000,
            depth: 250,
            most_differences: 100,
        }
    }
}

const fn ns(duration: Duration) -> u64 {
    duration.as_ps() / PS_PER_NS
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| ns(duration) as f64 / 1e6;
        write!(
            f,
            "bounds: processing up to {} ms, up to {} packets together, ticks {} to {} ms apart and up to {} ms to the wire, \
             jiffies of {} ms",
            ms(self.processing),
            self.batch,
            ms(self.shortest_tick),
            ms(self.longest_tick),
            ms(self.tick_slack),
            ms(self.jiffy)
        )?;
        if self.unrecorded_loss { f.write_str(", unrecorded loss") } else { Ok(()) }
    }
}

impl Serialize for Bounds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_struct("Bounds", 7)?;
        map.serialize_field("processing_us", &(ns(self.processing) / 1000))?;
        map.serialize_field("batch_packets", &self.batch)?;
        map.serialize_field("tick_min_us", &(ns(self.shortest_tick) / 1000))?;
        map.serialize_field("tick_max_us", &(ns(self.longest_tick) / 1000))?;
        map.serialize_field("tick_slack_us", &(ns(self.tick_slack) / 1000))?;
        map.serialize_field("jiffy_us", &(ns(self.jiffy) / 1000))?;
        map.serialize_field("unrecorded_loss", &self.unrecorded_loss)?;
        map.end()
    }
}

impl Bounds {
    pub(crate) const fn processing_ns(&self) -> u64 {
        ns(self.processing)
    }

    pub(crate) const fn shortest_tick_ns(&self) -> u64 {
        ns(self.shortest_tick)
    }

    pub(crate) fn usual_ticks_ns(&self) -> impl Iterator<Item = u64> + '_ {
        self.usual_ticks.iter().map(|tick| ns(*tick))
    }

    pub(crate) const fn longest_tick_ns(&self) -> u64 {
        ns(self.longest_tick)
    }

    pub(crate) const fn tick_slack_ns(&self) -> u64 {
        ns(self.tick_slack)
    }

    pub(crate) const fn jiffy_ns(&self) -> u64 {
        ns(self.jiffy)
    }

    pub(crate) const fn tail_ns(&self) -> u64 {
        ns(self.tail)
    }
}
