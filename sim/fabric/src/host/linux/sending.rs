//! From the protocol to the NIC: units, their stages, packets that have left.

use super::core::Soft;
use super::stack::{Stack, Stamped, UnitKind};
use super::stages::{Stage, Stages};
use super::{LinuxHost, OutgoingMessage};
use crate::packet::Packet;
use homa_units::{Duration, Time};

/// A unit on its way to the NIC.
#[derive(Debug)]
pub(super) struct Unit<S: Stack> {
    pub(super) unit: S::Unit,
    /// Where the time of its message went until the protocol handed it out. Kept with it, as the
    /// message may have ended when the unit leaves.
    stages: Stages,
    /// What the time since then belongs to.
    stage: Stage,
}

impl<S: Stack> LinuxHost<S> {
    /// The next unit of the protocol: of the call that is being made, or else deferred.
    pub(super) fn poll_unit(&mut self, is_of_call: bool) -> Option<Unit<S>> {
        let unit = self.stack.poll_unit(self.now)?;
        let known = match self.stack.unit_kind(&unit) {
            UnitKind::Data { outgoing, .. } => self.outgoing.get(outgoing as usize),
            UnitKind::Grant | UnitKind::Control => None,
        };
        let Some(OutgoingMessage { stages, call_ended, .. }) = known else {
            return Some(Unit { unit, stages: Stages::begin(self.now), stage: Stage::Defer });
        };
        let stage = if is_of_call && call_ended.is_none() { Stage::Send } else { Stage::Defer };
        let mut stages = *stages;
        stages.spend(Stage::Send, call_ended.unwrap_or(self.now));
        stages.spend(Stage::Defer, self.now);
        Some(Unit { unit, stages, stage })
    }

    /// What it takes to hand a unit to the NIC.
    pub(super) fn unit_cost(&self, unit: &S::Unit) -> Duration {
        match self.stack.unit_kind(unit) {
            UnitKind::Grant => self.model.parameters.t_grant,
            UnitKind::Control | UnitKind::Data { .. } => self.model.parameters.t_xmit,
        }
    }

    /// A unit is handed to the NIC, by a core that will have to free its packets.
    pub(super) fn release(&mut self, core: u32, unit: &Unit<S>) {
        let mut stages = unit.stages;
        stages.spend(unit.stage, self.now);
        self.stack.cut(&unit.unit, &mut self.cut);
        for packet in self.cut.drain(..) {
            let mut stages = stages;
            let begins = self.nic_free.max(self.now);
            stages.spend(Stage::NicQueue, begins);
            self.nic_free = begins + self.model.wire_time(packet.frame_bytes);
            let Packet { header, source, destination, frame_bytes, priority, marks } = packet;
            let header = Stamped { header, stages };
            self.to_nic.push_back(Packet { header, source, destination, frame_bytes, priority, marks });
            if self.pushes && self.model.parameters.t_tx_done > Duration::ZERO {
                self.sent_by.push_back(core);
            }
        }
    }

    /// The NIC pulls: the next unit of the protocol becomes packets that leave at once.
    pub(super) fn pull_unit(&mut self) {
        if let Some(unit) = self.poll_unit(false) {
            self.release(0, &unit);
        }
    }

    /// The NIC has begun a frame that ends at `end`: then its packet is freed.
    pub(super) fn frame_begun(&mut self, end: Time) {
        if let Some(core) = self.sent_by.pop_front() {
            self.leaving.push_back((end, core));
        }
    }

    /// Packets whose frames have ended are freed by the cores that sent them, some at a time.
    pub(super) fn free_sent(&mut self) {
        let group = self.model.parameters.tx_group.max(1);
        while let Some((_, core)) = self.leaving.front().copied().filter(|(end, _)| *end <= self.now) {
            self.leaving.pop_front();
            let to_free = &mut self.to_free[core as usize];
            *to_free += 1;
            if *to_free == group {
                *to_free = 0;
                self.enqueue_soft(core, Soft::Free(group));
            }
        }
    }
}
