//! The search for a course of events that explains what was recorded.
//!
//! The recorded packets are explained in the order in which they left the node. What can follow a
//! state is tried depth first, the likeliest first (`options.rs`, `batches.rs`); a state that was
//! left without success is not entered again. Where nothing leads on, one disagreement is accepted,
//! that after which most can be explained, and the search goes on from there. All of it is bounded
//! by numbers of steps, so that it ends soon whatever was recorded.

mod batches;
mod options;

use crate::difference::Kind;
use crate::driver::{Conflict, Due, Effect, State};
use crate::scene::Scene;
use homa_protocol::{Packet, Port, RpcId};
use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

/// What may have happened next.
#[derive(Debug, Clone, Copy)]
enum Action {
    /// The next packets that were delivered are processed together.
    Deliver { count: usize, due: Due },
    /// The next unit of a message goes to the NIC.
    HandOut { stream: usize },
    /// The same, although the next packet that was delivered was processed before it left.
    HandOutEarly { stream: usize },
    /// The application sends a message.
    Start { stream: usize },
    /// The timer ticks before `ns`, after the packets were processed that were delivered before, or
    /// ahead of them.
    Tick { ns: u64, after_packets: bool, explains: bool },
    /// A process receives the next response of its log.
    Receive { process: usize, ns: u64 },
    /// A process begins to wait for the next response.
    BeginReceive { process: usize, ns: u64 },
    /// A response is received of which no log tells.
    ReceiveUnlisted { rpc: RpcId, ns: u64 },
    /// A process ends.
    Close { port: Port, ns: u64 },
    /// A server begins anew.
    Reopen { port: Port, ns: u64 },
    /// A client's RPC is aborted.
    Abort { rpc: RpcId, ns: u64 },
}

/// A point of the search: a state and what can follow.
struct Point {
    state: Rc<State>,
    actions: Vec<Action>,
    next: usize,
}

/// How a bounded search ended.
enum End {
    /// Everything is explained.
    Done(Rc<State>),
    /// Not; this is how far it came.
    Stuck(Rc<State>),
}

/// A search in one scene.
pub(crate) struct Search<'a> {
    scene: &'a Scene<'a>,
    /// Steps left for this node.
    left: Cell<usize>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(scene: &'a Scene<'a>) -> Self {
        Self { scene, left: Cell::new(scene.bounds.all_steps) }
    }

    /// Explains what can be explained; what can't is noted in the state's differences.
    pub(crate) fn run(&self, start: State) -> State {
        let mut root = Rc::new(start);
        loop {
            match self.strict(root, self.scene.bounds.steps) {
                End::Done(state) => return self.finish(Rc::unwrap_or_clone(state)),
                End::Stuck(state) => {
                    if state.differences.len() >= self.scene.bounds.most_differences || self.left.get() == 0 {
                        return self.give_up_all(Rc::unwrap_or_clone(state));
                    }
                    match self.tolerate(&state) {
                        Some(state) => root = state,
                        None => return self.give_up_all(Rc::unwrap_or_clone(state)),
                    }
                }
            }
        }
    }

    /// Whether the search ended because it had taken all steps that it may.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    /// What is left when all is explained and could have been sent.
    fn finish(&self, mut state: State) -> State {
        state.left_over(self.scene).expect("extra packets are accepted");
        state.accept = None;
        state.never_sent(self.scene);
        state
    }

    /// Takes all that isn't explained as missing; if all is, something of the core isn't recorded.
    fn give_up_all(&self, mut state: State) -> State {
        if self.is_done(&state) {
            state.cannot_end(self.scene);
        }
        while state.next_output < self.scene.outputs.len() {
            state.give_up(self.scene);
        }
        state.never_sent(self.scene);
        state
    }

    /// Searches without accepting any disagreement.
    fn strict(&self, root: Rc<State>, steps: usize) -> End {
        let mut points: VecDeque<Point> = VecDeque::new();
        let mut seen: BTreeSet<u64> = BTreeSet::new();
        let mut best = Rc::clone(&root);
        let mut left = steps;
        let first = self.point(root);
        if first.actions.is_empty() && self.is_done(&first.state) {
            return End::Done(first.state);
        }
        points.push_back(first);
        while let Some(point) = points.back_mut() {
            let Some(action) = point.actions.get(point.next).copied() else {
                points.pop_back();
                continue;
            };
            point.next += 1;
            if left == 0 || self.left.get() == 0 {
                break;
            }
            left -= 1;
            self.left.set(self.left.get() - 1);
            let mut state = Rc::new(State::clone(&point.state));
            let now = Rc::get_mut(&mut state).expect("it is new");
            if self.apply(now, action).is_err() || !seen.insert(state.fingerprint()) {
                continue;
            }
            if state.progress() > best.progress() {
                if state.explained > best.explained {
                    left = steps;
                }
                best = Rc::clone(&state);
            }
            let next = self.point(state);
            if next.actions.is_empty() && self.is_done(&next.state) {
                return End::Done(next.state);
            }
            points.push_back(next);
            if points.len() > self.scene.bounds.depth {
                points.pop_front();
            }
        }
        End::Stuck(best)
    }

    fn point(&self, state: Rc<State>) -> Point {
        let actions = self.options(&state);
        Point { state, actions, next: 0 }
    }

    fn is_done(&self, state: &State) -> bool {
        state.next_output == self.scene.outputs.len()
    }

    /// Accepts one disagreement, of all possible ones that after which most can be explained.
    fn tolerate(&self, state: &State) -> Option<Rc<State>> {
        let mut best: Option<(usize, Rc<State>)> = None;
        for candidate in self.candidates(state) {
            let candidate = Rc::new(candidate);
            let cost = candidate.differences.len();
            let reached = match self.strict(Rc::clone(&candidate), self.scene.bounds.probe_steps) {
                End::Done(state) => state.explained + self.scene.outputs.len(),
                End::Stuck(state) => state.explained,
            };
            let value = (2 * reached + 1000).saturating_sub(2 * cost);
            if best.as_ref().is_none_or(|(most, _)| value > *most) {
                best = Some((value, candidate));
            }
        }
        best.map(|(_, state)| state)
    }

    fn candidates(&self, state: &State) -> Vec<State> {
        let mut candidates = Vec::new();
        let actions = self.options(state);
        for kind in [Kind::Differing, Kind::Missing, Kind::Extra] {
            if kind == Kind::Missing {
                if state.next_output < self.scene.outputs.len() {
                    let mut candidate = state.clone();
                    candidate.give_up(self.scene);
                    candidates.push(candidate);
                }
                continue;
            }
            for action in &actions {
                let mut candidate = state.clone();
                candidate.accept = Some(kind);
                let applied = self.apply(&mut candidate, *action);
                candidate.accept = None;
                if applied.is_ok() && candidate.differences.len() > state.differences.len() {
                    candidates.push(candidate);
                }
            }
        }
        candidates
    }

    fn apply(&self, state: &mut State, action: Action) -> Result<Effect, Conflict> {
        let scene = self.scene;
        match action {
            Action::Deliver { count, due } => state.deliver(scene, count, due),
            Action::HandOut { stream } => state.hand_out(scene, stream),
            Action::HandOutEarly { stream } => state.hand_out_early(scene, stream),
            Action::Start { stream } => state.start_message(scene, stream),
            Action::Tick { ns, after_packets, explains } => {
                if after_packets {
                    let likely = state.last_tick.likely + state.last_tick.usual;
                    self.process_before(state, if explains { ns } else { ns.min(likely.max(0) as u64) });
                }
                let output = state.next_output;
                let effect = state.tick(scene, ns, explains)?;
                let is_in_vain = explains && !state.is_explained(scene, output);
                if is_in_vain { Err(Conflict::NotPossible) } else { Ok(effect) }
            }
            Action::Receive { process, ns } => state.receive_next(scene, process, ns),
            Action::BeginReceive { process, ns } => state.begin_receive(scene, process, ns),
            Action::ReceiveUnlisted { rpc, ns } => state.receive_unlisted(scene, rpc, ns),
            Action::Close { port, ns } => state.close_port(scene, port, ns),
            Action::Reopen { port, ns } => state.reopen(scene, port, ns),
            Action::Abort { rpc, ns } => state.abort(scene, rpc, ns),
        }
    }

    /// Processes the packets that were delivered before a tick, as far as they cause nothing that
    /// is in doubt.
    fn process_before(&self, state: &mut State, ns: u64) {
        while self.scene.inputs.get(state.next_input).is_some_and(|input| input.at_ns < ns) {
            let mut tried = state.clone();
            match tried.deliver(self.scene, 1, Due::default()) {
                Ok(effect) if effect.grants == 0 && tried.accept == state.accept => *state = tried,
                _ => return,
            }
        }
    }
}

/// Whether it could be asked for by the timer.
fn may_be_by_timer(packet: &Packet) -> bool {
    matches!(packet, Packet::NeedAck(_) | Packet::Resend(_))
}
