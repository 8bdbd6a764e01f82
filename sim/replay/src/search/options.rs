//! What can follow a state, the likeliest first.

use super::{Action, Search, may_be_by_timer};
use crate::driver::State;
use crate::scene::{Class, Happening, Output, asks_for_all};
use homa_protocol::{Packet, RpcId};

impl Search<'_> {
    /// The possible actions.
    pub(super) fn options(&self, state: &State) -> Vec<Action> {
        let (scene, bounds) = (self.scene, self.scene.bounds);
        let output = scene.outputs.get(state.next_output);
        let until = output.map_or(scene.end_ns, |output| output.sent_ns);
        let mut ticks = Vec::new();
        if state.last_tick.may_follow(bounds, state.now_ns, until) {
            let waits = scene.inputs.get(state.next_input).is_some_and(|input| input.at_ns < until);
            ticks.push(Action::Tick { ns: until, after_packets: true, explains: false });
            if waits {
                ticks.push(Action::Tick { ns: until, after_packets: false, explains: false });
            }
        }
        if state.last_tick.is_overdue(bounds, until) {
            ticks.extend(self.deliveries(state, until));
            self.ends_of_clients(state, until, &mut ticks);
            return ticks;
        }
        let Some(output) = output else { return self.due_options(state, until).unwrap_or_default() };
        let usual = self.due_options(state, until).unwrap_or_else(|| self.explanations(state, output));
        let mut actions = if state.last_tick.is_likely(until) && !output.by_timer {
            ticks.into_iter().chain(usual).collect::<Vec<_>>()
        } else {
            usual.into_iter().chain(ticks).collect()
        };
        self.answers_by_others(state, until, &mut actions);
        actions
    }

    fn due_options(&self, state: &State, until: u64) -> Option<Vec<Action>> {
        self.is_due(state, until).then(|| self.due(state, until))
    }

    /// Whether the next packet that was delivered can't wait until `ns`.
    fn is_due(&self, state: &State, ns: u64) -> bool {
        let next = self.scene.inputs.get(state.next_input);
        next.is_some_and(|input| input.at_ns + self.scene.bounds.processing_ns() < ns)
    }

    /// Ways to process a packet that can't wait: what is recorded of its RPC may have been handed to the NIC before.
    fn due(&self, state: &State, ns: u64) -> Vec<Action> {
        let mut actions = self.deliveries(state, ns);
        let Some(input) = self.scene.inputs.get(state.next_input) else { return actions };
        if let Happening::Homa { peer, packet } = &input.what
            && let Some(stream) = self.scene.stream(*peer, packet.header().sender_id.other_side())
            && state.is_started(stream)
        {
            actions.push(Action::HandOutEarly { stream });
        }
        actions
    }

    fn explanations(&self, state: &State, output: &Output) -> Vec<Action> {
        let ns = output.sent_ns;
        let mut actions = Vec::new();
        match output.class {
            Class::New | Class::Again => {
                if output.class == Class::New && !state.is_started(output.stream) {
                    if let Some(Packet::Data(data)) = self.scene.packet(state.next_output) {
                        self.receives(state, data.ack.iter().map(|entry| entry.client_id), ns, &mut actions);
                    }
                    actions.push(Action::Start { stream: output.stream });
                } else if output.class == Class::New {
                    actions.push(Action::HandOut { stream: output.stream });
                }
                actions.extend(self.deliveries(state, ns));
                actions
            }
            Class::Icmp => {
                actions.extend(self.deliveries(state, ns));
                if let Some(port) =
                    State::port_of(self.scene, output.key).filter(|port| state.may_close(self.scene, *port))
                {
                    actions.push(Action::Close { port, ns });
                }
                actions
            }
            Class::Control => {
                self.control(state, output, &mut actions);
                actions
            }
        }
    }

    fn control(&self, state: &State, output: &Output, actions: &mut Vec<Action>) {
        let ns = output.sent_ns;
        let packet = self.scene.packet(state.next_output).expect("a control packet is one of Homa");
        match packet {
            Packet::Ack(ack) => {
                let ids = ack.entries().map(|entry| entry.client_id).chain([output.key.rpc]);
                self.receives(state, ids, ns, actions);
            }
            Packet::RpcUnknown(_) => self.receives(state, [output.key.rpc].into_iter(), ns, actions),
            _ => {}
        }
        actions.extend(self.deliveries(state, ns));
        if may_be_by_timer(packet) {
            actions.push(Action::Tick { ns, after_packets: true, explains: true });
            actions.push(Action::Tick { ns, after_packets: false, explains: true });
        }
        if asks_for_all(packet) {
            for process in 0..self.scene.processes.len() {
                actions.push(Action::Receive { process, ns });
                actions.push(Action::BeginReceive { process, ns });
            }
        }
    }

    /// Responses that have to be received before what is recorded can be sent.
    fn receives(&self, state: &State, ids: impl Iterator<Item = RpcId>, ns: u64, actions: &mut Vec<Action>) {
        for rpc in ids {
            let listed = (0..self.scene.processes.len()).find(|process| state.will_receive(self.scene, *process, rpc));
            if let Some(process) = listed.filter(|process| state.next_receive(self.scene, *process).is_some()) {
                actions.push(Action::Receive { process, ns });
            } else if listed.is_none() && State::has_unlisted_calls(self.scene) {
                actions.push(Action::ReceiveUnlisted { rpc, ns });
            }
        }
    }

    /// What else can change the answer to a packet: the application was faster, a server was started again, or a socket
    /// closed.
    fn answers_by_others(&self, state: &State, ns: u64, actions: &mut Vec<Action>) {
        let Some(Happening::Homa { packet, .. }) = self.scene.inputs.get(state.next_input).map(|input| &input.what)
        else {
            return;
        };
        let header = packet.header();
        for process in 0..self.scene.processes.len() {
            if state.next_receive(self.scene, process).is_some() {
                actions.push(Action::Receive { process, ns });
            }
        }
        if state.may_close(self.scene, header.dport) {
            actions.push(Action::Close { port: header.dport, ns });
        }
        if header.sender_id.is_client() {
            actions.push(Action::Reopen { port: header.dport, ns });
        }
    }

    /// Why the timer could have nothing to do for a client's RPC.
    fn ends_of_clients(&self, state: &State, ns: u64, actions: &mut Vec<Action>) {
        let started = || {
            let messages = self.scene.messages();
            messages.filter(|(key, stream, _)| key.rpc.is_client() && state.is_started(*stream)).map(|(key, ..)| key)
        };
        for process in 0..self.scene.processes.len() {
            if state.next_receive(self.scene, process).is_some() {
                actions.push(Action::Receive { process, ns });
            }
        }
        if self.scene.processes.iter().any(|process| process.aborts > 0) {
            actions.extend(started().map(|key| Action::Abort { rpc: key.rpc, ns }));
        }
        let mut ports: Vec<_> = started().filter_map(|key| State::port_of(self.scene, key)).collect();
        ports.sort_unstable();
        ports.dedup();
        let ports = ports.into_iter().filter(|port| state.may_close(self.scene, *port));
        actions.extend(ports.map(|port| Action::Close { port, ns }));
    }
}
