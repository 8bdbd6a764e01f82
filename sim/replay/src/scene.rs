//! A capture from the point of view of one node: what it sent, what reached it, and what it began with.

pub(crate) mod past;

use crate::Bounds;
use crate::capture::{Content, Frame, Other};
use crate::log::{Log, Process, Scope, Setting};
use homa_protocol::wire::{Family, IcmpError, IcmpKind};
use homa_protocol::{Packet, PeerId, Port, Resend, ResendRange, RpcId, Sysctls};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What causes a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// First transmissions of a message, in the order of their offsets.
    New,
    /// Retransmissions.
    Again,
    /// Everything of Homa but DATA.
    Control,
    /// ICMP port unreachable about a packet of the RPC.
    Icmp,
}

/// What orders packets: they are compared in their order within a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamKey {
    pub(crate) peer: PeerId,
    /// The RPC as this node knows it.
    pub(crate) rpc: RpcId,
    /// ICMP is sent by the system below Homa, so it is in no order with Homa's packets.
    pub(crate) icmp: bool,
}

/// A packet that the node sent.
#[derive(Debug)]
pub(crate) struct Output {
    /// Index of its frame.
    pub(crate) frame: usize,
    pub(crate) sent_ns: u64,
    pub(crate) key: StreamKey,
    pub(crate) class: Class,
    pub(crate) stream: usize,
    pub(crate) place: usize,
    /// Only the timer can have caused it.
    pub(crate) by_timer: bool,
}

/// Something that happened to the node.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) at_ns: u64,
    pub(crate) what: Happening,
}

#[derive(Debug)]
pub(crate) enum Happening {
    Homa {
        peer: PeerId,
        packet: Packet,
    },
    Icmp {
        peer: PeerId,
        error: IcmpError,
    },
    /// The scenario wrote a sysctl.
    Write {
        name: &'static str,
        value: String,
    },
}

/// One node of a capture.
pub(crate) struct Scene<'a> {
    pub(crate) node: IpAddr,
    pub(crate) frames: &'a [Frame],
    pub(crate) bounds: &'a Bounds,
    pub(crate) peers: Vec<IpAddr>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) inputs: Vec<Input>,
    /// Outputs that only the timer can have caused.
    pub(crate) anchors: Vec<usize>,
    pub(crate) streams: Vec<Vec<usize>>,
    pub(crate) stream_of: BTreeMap<StreamKey, usize>,
    pub(crate) family: Family,
    pub(crate) mtu: u32,
    /// How many more packets pose as TCP than not.
    hijacked: i64,
    /// Sysctls at the start, and those written before it that have effects by being written.
    pub(crate) sysctls: Sysctls,
    pub(crate) writes: Vec<(&'static str, String)>,
    pub(crate) processes: Vec<Process>,
    /// Bpages in the region of each process.
    pub(crate) bpages: Vec<u64>,
    pub(crate) reply_lengths: BTreeMap<u64, u32>,
    /// Ids and lengths of responses that the node's server says it sent.
    pub(crate) sent_replies: Vec<(u64, u32)>,
    pub(crate) server_ports: Vec<Port>,
    /// How often a server's process can have ended.
    pub(crate) server_ends: usize,
    /// When the last frame of the capture left.
    pub(crate) end_ns: u64,
    /// Frames of the node that are no packets of Homa, with the reason.
    pub(crate) set_aside: BTreeMap<&'static str, u32>,
    /// Frames of the node that should be packets of Homa and aren't.
    pub(crate) malformed: Vec<usize>,
    /// How many packets were taken as lost although the capture has them as delivered.
    pub(crate) lost: u32,
    /// The node's packets show that it doesn't run Homa.
    pub(crate) without_homa: bool,
}

const CUT_OFF: &str = "not all bytes of the header were captured";
const RUNT: &str = "replicated header without payload, made by the NIC of a unit of several segments";
const NOT_HOMA: &str = "not a packet of Homa";
const NO_MODULE: &str = "ICMP protocol unreachable: the node doesn't run Homa";
const ICMP_OTHER: &str = "ICMP that Homa doesn't send";
const DEFAULT_MTU: u32 = 1500;

impl<'a> Scene<'a> {
    pub(crate) fn new(node: IpAddr, frames: &'a [Frame], log: &Log, bounds: &'a Bounds) -> Self {
        let mut scene = Self {
            node,
            frames,
            bounds,
            peers: Vec::new(),
            outputs: Vec::new(),
            inputs: Vec::new(),
            anchors: Vec::new(),
            streams: Vec::new(),
            stream_of: BTreeMap::new(),
            family: Family::of(node),
            mtu: log.mtu.unwrap_or_else(|| mtu(frames)),
            hijacked: 0,
            sysctls: Sysctls::default(),
            writes: Vec::new(),
            processes: Vec::new(),
            bpages: Vec::new(),
            reply_lengths: log.replies.iter().map(|reply| (reply.id, reply.length)).collect(),
            sent_replies: Vec::new(),
            server_ports: Vec::new(),
            server_ends: 0,
            end_ns: end(frames, log),
            set_aside: BTreeMap::new(),
            malformed: Vec::new(),
            lost: 0,
            without_homa: false,
        };
        for (index, frame) in frames.iter().enumerate() {
            if frame.ip.source == node {
                scene.take_output(index, frame);
            }
            if frame.ip.destination == node {
                scene.take_input(frame);
            }
        }
        scene.inputs.sort_by_key(|input| input.at_ns);
        if bounds.unrecorded_loss {
            scene.lose_what_was_asked_for();
        }
        scene.mark_timer_outputs();
        scene.take_log(log);
        scene
    }

    fn peer(&mut self, address: IpAddr) -> PeerId {
        let known = self.peers.iter().position(|peer| *peer == address);
        let index = known.unwrap_or_else(|| {
            self.peers.push(address);
            self.peers.len() - 1
        });
        PeerId::new(u32::try_from(index).expect("a capture has few nodes"))
    }

    fn take_output(&mut self, index: usize, frame: &Frame) {
        let (key, class) = match &frame.content {
            Content::Homa { packet, .. } => {
                self.hijacked += if frame.is_hijacked() { 1 } else { -1 };
                let rpc = packet.header().sender_id;
                let class = match packet {
                    Packet::Data(data) if data.retransmit => Class::Again,
                    Packet::Data(_) => Class::New,
                    _ => Class::Control,
                };
                if !rpc.is_client() && !self.server_ports.contains(&packet.header().sport) {
                    self.server_ports.push(packet.header().sport);
                }
                (StreamKey { peer: self.peer(frame.ip.destination), rpc, icmp: false }, class)
            }
            Content::Icmp { error, rpc } => {
                let Some(rpc) = rpc.filter(|_| error.kind == IcmpKind::PortUnreachable) else {
                    self.without_homa |= error.kind == IcmpKind::ProtocolUnreachable;
                    let why = if self.without_homa { NO_MODULE } else { ICMP_OTHER };
                    *self.set_aside.entry(why).or_default() += 1;
                    return;
                };
                (StreamKey { peer: self.peer(frame.ip.destination), rpc: rpc.other_side(), icmp: true }, Class::Icmp)
            }
            Content::Other(Other::Malformed) => {
                self.malformed.push(index);
                return;
            }
            Content::Other(other) => {
                let why = match other {
                    Other::CutOff => CUT_OFF,
                    Other::Runt => RUNT,
                    _ => NOT_HOMA,
                };
                *self.set_aside.entry(why).or_default() += 1;
                return;
            }
        };
        let streams = &mut self.streams;
        let stream = *self.stream_of.entry(key).or_insert_with(|| {
            streams.push(Vec::new());
            streams.len() - 1
        });
        let place = self.streams[stream].len();
        self.streams[stream].push(self.outputs.len());
        self.outputs.push(Output { frame: index, sent_ns: frame.sent_ns, key, class, stream, place, by_timer: false });
    }

    fn take_input(&mut self, frame: &Frame) {
        let Some(at_ns) = frame.delivered_ns else { return };
        let peer = self.peer(frame.ip.source);
        let what = match &frame.content {
            Content::Homa { packet, .. } => Happening::Homa { peer, packet: *packet },
            Content::Icmp { error, .. } => Happening::Icmp { peer, error: *error },
            Content::Other(_) => return,
        };
        self.inputs.push(Input { at_ns, what });
    }

    /// Takes what the node asked for again, of what was delivered by then, as lost between the NIC and Homa.
    fn lose_what_was_asked_for(&mut self) {
        let asked: Vec<(u64, StreamKey, std::ops::Range<u32>)> = (0..self.outputs.len())
            .filter_map(|index| match self.packet(index) {
                Some(Packet::Resend(Resend { range: ResendRange::Bytes { offset, length }, .. })) => {
                    let output = &self.outputs[index];
                    Some((output.sent_ns, output.key, *offset..offset.saturating_add(*length)))
                }
                _ => None,
            })
            .collect();
        let before = self.inputs.len();
        self.inputs.retain(|input| {
            let Happening::Homa { peer, packet: Packet::Data(data) } = &input.what else { return true };
            let rpc = data.header.sender_id.other_side();
            !asked.iter().any(|(sent_ns, key, range)| {
                (key.peer, key.rpc) == (*peer, rpc) && range.contains(&data.offset) && input.at_ns < *sent_ns
            })
        });
        self.lost = u32::try_from(before - self.inputs.len()).unwrap_or(u32::MAX);
    }

    /// A NEED_ACK can only come from the timer; a RESEND too, unless a NEED_ACK has just asked for it.
    fn mark_timer_outputs(&mut self) {
        for index in 0..self.outputs.len() {
            let output = &self.outputs[index];
            let by_timer = match self.packet(index) {
                Some(Packet::NeedAck(_)) => true,
                Some(Packet::Resend(_)) => {
                    let asked = |input: &Input| {
                        let Happening::Homa { peer, packet: Packet::NeedAck(header) } = &input.what else {
                            return false;
                        };
                        let age = output.sent_ns.checked_sub(input.at_ns);
                        *peer == output.key.peer
                            && header.sender_id.other_side() == output.key.rpc
                            && age.is_some_and(|age| age <= self.bounds.processing_ns())
                    };
                    !self.inputs.iter().any(asked)
                }
                _ => false,
            };
            self.outputs[index].by_timer = by_timer;
            if by_timer {
                self.anchors.push(index);
            }
        }
    }

    /// Whether the node's packets pose as TCP (protocol spec 2.6).
    pub(crate) fn hijack(&self) -> bool {
        self.hijacked > 0
    }

    /// The packet of Homa that the output is.
    pub(crate) fn packet(&self, output: usize) -> Option<&'a Packet> {
        self.frames[self.outputs[output].frame].homa()
    }

    pub(crate) fn frame(&self, output: usize) -> &'a Frame {
        &self.frames[self.outputs[output].frame]
    }

    fn take_log(&mut self, log: &Log) {
        let number = node_number(self.node);
        let is_server = log.servers.contains(&number) || !self.server_ports.is_empty();
        let mine = |setting: &&Setting| match setting.scope {
            Scope::All => true,
            Scope::Server => is_server,
            Scope::Client => !is_server,
            Scope::Node(node) => node == number,
        };
        let settings: Vec<&Setting> = log.settings.iter().filter(mine).collect();
        for setting in settings.iter().filter(|setting| setting.after_commands == 0) {
            self.writes.push((setting.name, setting.value.clone()));
        }
        for setting in settings.iter().filter(|setting| setting.after_commands > 0) {
            let Some(at_ns) = command_start(self.frames, log, setting.after_commands) else { continue };
            let what = Happening::Write { name: setting.name, value: setting.value.clone() };
            let place = self.inputs.partition_point(|input| input.at_ns < at_ns);
            self.inputs.insert(place, Input { at_ns, what });
        }
        self.infer_own_cutoffs(&settings);
        self.processes = log.processes.iter().filter(|process| process.node == number).cloned().collect();
        self.bpages = (0..self.processes.len()).map(|place| log.bpages(number, place)).collect();
        let is_unlogged = |input: &Input| match &input.what {
            Happening::Homa { packet: Packet::Data(data), .. } => {
                let id = data.header.sender_id.other_side();
                !id.is_client() && !log.replies.iter().any(|reply| reply.id == id.get())
            }
            _ => false,
        };
        if log.servers.contains(&number) {
            let has_request = |id: u64| {
                self.inputs.iter().any(|input| match &input.what {
                    Happening::Homa { packet: Packet::Data(data), .. } => {
                        data.header.sender_id.other_side().get() == id
                    }
                    _ => false,
                })
            };
            let replies = log.sent_replies.iter().filter(|reply| has_request(reply.id));
            self.sent_replies = replies.map(|reply| (reply.id, reply.length)).collect();
        }
        for process in &mut self.processes {
            let us = process.last_line_us.zip(process.first_sent_us).map(|(last, first)| last.saturating_sub(first));
            process.done_ns = us.zip(first_frame(self.frames, process)).map(|(us, first)| first.sent_ns + us * 1000);
        }
        self.server_ends = log.server_starts + usize::from(self.inputs.iter().any(is_unlogged));
        if log.servers.contains(&number) {
            for port in log.commands.iter().filter_map(|command| command.port).map(Port::new) {
                if port < Port::MIN_DEFAULT && !self.server_ports.contains(&port) {
                    self.server_ports.push(port);
                }
            }
        }
    }

    /// The first packet of the message that the node sends in this stream: an output that is a first transmission, or, if
    /// none was recorded, none.
    pub(crate) fn first_of_message(&self, stream: usize) -> Option<usize> {
        self.streams[stream].iter().copied().find(|output| self.outputs[*output].class == Class::New)
    }

    /// The stream of an RPC's packets.
    pub(crate) fn stream(&self, peer: PeerId, rpc: RpcId) -> Option<usize> {
        self.stream_of.get(&StreamKey { peer, rpc, icmp: false }).copied()
    }

    /// Whether the node sends a message in the RPC.
    pub(crate) fn has_message(&self, peer: PeerId, rpc: RpcId) -> bool {
        self.stream(peer, rpc).is_some_and(|stream| self.first_of_message(stream).is_some())
    }

    /// A region of `bpages`, or of so few that all messages to the node fit at once, which can't be told from it.
    pub(crate) fn region(&self, bpages: u64) -> u64 {
        const BPAGE_BYTES: u64 = homa_protocol::HOMA_BPAGE_SIZE as u64;
        // Linux refuses smaller ones.
        const LEAST: u64 = 64;
        let mut messages: BTreeMap<(PeerId, RpcId), u32> = BTreeMap::new();
        for input in &self.inputs {
            if let Happening::Homa { peer, packet: Packet::Data(data) } = &input.what {
                messages.insert((*peer, data.header.sender_id), data.message_length);
            }
        }
        let needed: u64 = messages.values().map(|length| u64::from(*length) / BPAGE_BYTES + 2).sum();
        bpages.min(LEAST.max(needed))
    }

    /// Streams with a message, and its first packet.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (StreamKey, usize, usize)> + '_ {
        let streams = self.stream_of.iter().filter(|(key, _)| !key.icmp);
        streams.filter_map(|(key, stream)| Some((*key, *stream, self.first_of_message(*stream)?)))
    }
}

/// A RESEND for everything.
pub(crate) fn asks_for_all(packet: &Packet) -> bool {
    matches!(packet, Packet::Resend(resend) if matches!(resend.range, ResendRange::AllSent { .. }))
}

/// The number of a node is the last of its address.
pub(crate) fn node_number(address: IpAddr) -> u16 {
    match address {
        IpAddr::V4(address) => u16::from(address.octets()[3]),
        IpAddr::V6(address) => address.segments()[7],
    }
}

/// The MTU that the traffic shows: the longest packet of a message that has more than one.
fn mtu(frames: &[Frame]) -> u32 {
    let full = frames.iter().filter_map(|frame| match frame.homa() {
        Some(Packet::Data(data)) if data.length < data.message_length => {
            Some(data.length + frame.family().ip_header_bytes() + homa_protocol::wire::DATA_HEADER_BYTES as u32)
        }
        _ => None,
    });
    full.max().unwrap_or(DEFAULT_MTU)
}

/// Until when frames were recorded: at least until the last one, and until the last client's last line in the log.
fn end(frames: &[Frame], log: &Log) -> u64 {
    const NS_PER_US: u64 = 1000;
    let ends = log.processes.iter().filter_map(|process| {
        let first = first_frame(frames, process)?;
        // The line about the first request was written after the packet left, so this is rather too early.
        let us = process.last_line_us?.saturating_sub(process.first_sent_us?);
        Some(first.sent_ns + us * NS_PER_US)
    });
    ends.chain(frames.iter().map(|frame| frame.sent_ns)).max().unwrap_or(0)
}

/// The first frame of a client process's first request.
fn first_frame<'a>(frames: &'a [Frame], process: &Process) -> Option<&'a Frame> {
    let id = process.calls.iter().find_map(|call| match call {
        crate::log::Call::Send { id, .. } => Some(*id),
        _ => None,
    })?;
    frames.iter().find(|frame| {
        node_number(frame.ip.source) == process.node
            && frame.homa().is_some_and(|packet| packet.header().sender_id == RpcId::new(id))
    })
}

/// When the first packet of the client command number `command` (from 0) left.
fn command_start(frames: &[Frame], log: &Log, command: usize) -> Option<u64> {
    let commands = &log.commands;
    let node = commands.get(command)?.node;
    let place = commands[..command].iter().filter(|command| command.node == node).count();
    let process = log.processes.iter().filter(|process| process.node == node).nth(place)?;
    let first = first_frame(frames, process)?;
    Some(first.sent_ns)
}
