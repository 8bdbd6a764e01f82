//! The transport as experiments and results know it: its parameters, what messages cost, what is
//! said of it.

use crate::host::{DATA_MAX, Host, frame_bytes};
use homasim::transport::{
    AnySerialize, Bytes, Context, FRAME_GAP, FrameBytes, MessageCosts, Model, PREAMBLE, Parameters, Ran, Run, Traits,
};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::sync::Arc;

/// The table `[transport.fixed-window]`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FixedWindow {
    /// Packets of a message that may be on their way without an acknowledgement, 1 to 1000. Default
    /// 8: about what fills an idle path of the network `sigcomm18`.
    pub window: u16,
    /// Which message goes first. Default `srpt`.
    pub order: Order,
}

/// Which message of a host goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// That with the fewest unsent bytes.
    Srpt,
    /// The oldest.
    Fifo,
}

impl Default for FixedWindow {
    fn default() -> Self {
        Self { window: 8, order: Order::Srpt }
    }
}

impl Parameters for FixedWindow {
    const NAME: &'static str = "fixed-window";
    const SUMMARY: &'static str = "a window of packets for each message, acknowledged one by one; no loss";
    const SOURCES: &'static str = concat!(include_str!("host.rs"), include_str!("model.rs"));

    fn complete(self, _: &Context<'_>) -> Result<Arc<dyn Model>, Box<dyn Error + Send + Sync>> {
        if !(1..=1000).contains(&self.window) {
            let (name, window) = (Self::NAME, self.window);
            return Err(format!("transport.{name}.window = {window} is not possible; accepted is 1 to 1000").into());
        }
        Ok(Arc::new(self))
    }
}

impl Model for FixedWindow {
    fn traits(&self) -> Traits {
        Traits { frames: FrameBytes { data: frame_bytes(DATA_MAX), control: frame_bytes(0) }, ..Traits::ONE_WAY }
    }

    fn cost(&self, size: Bytes) -> MessageCosts {
        let wire = |data: u64| Bytes::new(u64::from(frame_bytes(data as u32))) + PREAMBLE + FRAME_GAP;
        let (full, rest) = (size.get() / u64::from(DATA_MAX), size.get() % u64::from(DATA_MAX));
        let last = if rest > 0 { wire(rest) } else { Bytes::ZERO };
        let packets = full + u64::from(rest > 0);
        let wire = Bytes::new(full * wire(u64::from(DATA_MAX)).get()) + last;
        MessageCosts { wire, data_packets: packets, control_packets: packets }
    }

    fn parameters(&self) -> &dyn AnySerialize {
        self
    }

    fn description(&self) -> Vec<(&'static str, String)> {
        let first = match self.order {
            Order::Srpt => "the message with the fewest unsent bytes",
            Order::Fifo => "the oldest message",
        };
        vec![("window", format!("{} packets of a message unacknowledged; {first} goes first", self.window))]
    }

    fn run(&self, run: Run<'_>) -> Ran {
        run.hosts(|host| Host::new(*self, host))
    }
}
