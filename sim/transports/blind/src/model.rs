//! The transport as experiments and results know it.

use crate::{Blind, wire};
use homa_run::{Context, FrameBytes, MessageCosts, Model, Ran, Run, Traits};
use homa_units::Bytes;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::sync::Arc;

/// There is nothing to set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {}

impl homa_run::Parameters for Parameters {
    const NAME: &'static str = "blind";
    const SUMMARY: &'static str =
        "every host sends at line rate, its shortest message first: no priorities, no grants, no loss";
    const SOURCES: &'static str = env!("HOMASIM_SOURCES");

    fn complete(self, _: &Context<'_>) -> Result<Arc<dyn Model>, Box<dyn Error + Send + Sync>> {
        Ok(Arc::new(self))
    }
}

impl Model for Parameters {
    fn traits(&self) -> Traits {
        Traits { frames: FrameBytes { data: wire::frame_bytes(wire::DATA_MAX), control: 64 }, ..Traits::ONE_WAY }
    }

    fn cost(&self, size: Bytes) -> MessageCosts {
        let wire = wire::message_wire_bytes(size);
        MessageCosts { wire, data_packets: wire::packets(size), control_packets: 0 }
    }

    fn parameters(&self) -> &dyn erased_serde::Serialize {
        self
    }

    fn description(&self) -> Vec<(&'static str, String)> {
        vec![(
            "packets",
            "at line rate, the message with the fewest unsent bytes first, all at one priority".to_owned(),
        )]
    }

    fn run(&self, run: Run<'_>) -> Ran {
        run.hosts(Blind::new)
    }
}
