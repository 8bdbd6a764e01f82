//! Sending requests and replies (spec 10.1, 3.3).

use super::SendError;
use crate::endpoint::Endpoint;
use crate::output::RouteError;
use crate::peer::Route;
use crate::rpc::{Key, Name, State};
use crate::wire::{Family, Geometry, Version};
use crate::{MAX_MESSAGE_LENGTH, PeerId, Port, RpcId, SocketId};
use homa_units::Time;

/// `HOMA_SENDMSG_PRIVATE`: only a reader that names the RPC gets its response.
pub const SENDMSG_PRIVATE: u32 = 1;
/// `HOMA_SENDMSG_VALID_FLAGS`.
pub const SENDMSG_VALID_FLAGS: u32 = SENDMSG_PRIVATE;

/// Where a message goes: what `msg_name` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    /// The other node.
    pub peer: PeerId,
    /// The port of its socket.
    pub port: Port,
    /// The family of the address, which must be the socket's.
    pub family: Family,
}

/// What is sent. The core never sees the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// Its length in bytes, 1 to 1,000,000.
    pub length: u32,
    /// The application's name for its bytes: packets of the message carry it, and
    /// [`Event::Released`](crate::Event::Released) tells when nobody needs them any more.
    pub tag: u64,
}

/// `struct homa_sendmsg_args`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SendmsgArgs {
    /// In: 0 for a request, or the RPC to reply to. Out: the new RPC of a request.
    pub id: u64,
    /// In: what the response comes back with; 0 for replies.
    pub completion_cookie: u64,
    /// In: [`SENDMSG_PRIVATE`] or 0.
    pub flags: u32,
    /// Must be 0.
    pub reserved: u32,
}

impl Endpoint {
    /// Sends a request and returns its identifier. The response, or an error, comes back with `cookie`.
    ///
    /// # Errors
    /// See [`SendError`]; nothing has been sent then.
    pub fn send_request(
        &mut self,
        now: Time,
        socket: SocketId,
        to: Destination,
        message: Message,
        cookie: u64,
    ) -> Result<RpcId, SendError> {
        let args = SendmsgArgs { completion_cookie: cookie, ..SendmsgArgs::default() };
        self.new_request(now, socket, to, args, message)
    }

    /// As [`send_request`](Self::send_request), for a response that only a reader gets who names the RPC.
    ///
    /// # Errors
    /// See [`SendError`]; nothing has been sent then.
    pub fn send_private_request(
        &mut self,
        now: Time,
        socket: SocketId,
        to: Destination,
        message: Message,
        cookie: u64,
    ) -> Result<RpcId, SendError> {
        let args = SendmsgArgs { completion_cookie: cookie, flags: SENDMSG_PRIVATE, ..SendmsgArgs::default() };
        self.new_request(now, socket, to, args, message)
    }

    fn new_request(
        &mut self,
        now: Time,
        socket: SocketId,
        to: Destination,
        mut args: SendmsgArgs,
        message: Message,
    ) -> Result<RpcId, SendError> {
        self.sendmsg(now, socket, to, &mut args, message)?;
        Ok(RpcId::new(args.id))
    }

    /// Replies to a request that was received from `to`. If that RPC is gone there is nothing to do, which is no error;
    /// [`Event::Released`](crate::Event::Released) follows at once.
    ///
    /// # Errors
    /// See [`SendError`]. After an error about the message or the route the RPC has ended.
    pub fn send_reply(
        &mut self,
        now: Time,
        socket: SocketId,
        to: Destination,
        rpc: RpcId,
        message: Message,
    ) -> Result<(), SendError> {
        let mut args = SendmsgArgs { id: rpc.get(), ..SendmsgArgs::default() };
        self.sendmsg(now, socket, to, &mut args, message)
    }

    /// `sendmsg`: a request if `args.id` is 0, a reply otherwise. Checks in the order of spec 10.1.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn sendmsg(
        &mut self,
        now: Time,
        socket: SocketId,
        to: Destination,
        args: &mut SendmsgArgs,
        message: Message,
    ) -> Result<(), SendError> {
        self.advance(now);
        let sent = self.try_sendmsg(socket, to, args, message);
        self.run_pacer();
        sent.map_err(|error| match error {
            SendError::WouldBlock { .. } => error,
            _ => self.failed(socket, error),
        })
    }

    fn try_sendmsg(
        &mut self,
        id: SocketId,
        to: Destination,
        args: &mut SendmsgArgs,
        message: Message,
    ) -> Result<(), SendError> {
        if args.flags & !SENDMSG_VALID_FLAGS != 0 {
            return Err(SendError::UnknownFlags { flags: args.flags });
        }
        if args.reserved != 0 {
            return Err(SendError::ReservedNotZero { reserved: args.reserved });
        }
        let socket = &self.sockets[id.index()];
        if !socket.is_writable() {
            return Err(if socket.is_shut_down {
                SendError::ShutDown
            } else {
                SendError::WouldBlock { used: socket.wmem, limit: socket.wmem_limit }
            });
        }
        if to.family != socket.family {
            return Err(SendError::WrongFamily { given: to.family, socket: socket.family });
        }
        if args.id == 0 {
            let private = args.flags & SENDMSG_PRIVATE != 0;
            args.id = self.request(id, to, args.completion_cookie, private, message)?.get();
            return Ok(());
        }
        self.metrics.reply_calls += 1;
        if args.completion_cookie != 0 {
            return Err(SendError::CookieWithReply { cookie: args.completion_cookie });
        }
        self.reply(id, to, RpcId::new(args.id), message)
    }

    fn request(
        &mut self,
        socket: SocketId,
        to: Destination,
        cookie: u64,
        private: bool,
        message: Message,
    ) -> Result<RpcId, SendError> {
        let id = self.next_client_id();
        let geometry = self.geometry(socket, to.peer)?;
        let is_shut_down = self.sockets[socket.index()].is_shut_down;
        if is_shut_down || check_length(message.length).is_err() {
            // The kernel makes the peer first, whatever becomes of the message.
            self.peer(to.peer);
        }
        if is_shut_down {
            return Err(SendError::ShutDown);
        }
        self.metrics.send_calls += 1;
        check_length(message.length)?;
        let key = self.new_rpc(Name { socket, id, peer: to.peer, dport: to.port });
        self.rpcs[key].cookie = cookie;
        self.rpcs[key].private = private;
        self.metrics.client_requests_started += 1;
        self.metrics.client_request_bytes_started += u64::from(message.length);
        self.begin_outgoing(key, message, geometry);
        Ok(id)
    }

    /// The next even identifier. The sysctl `next_id` can set the counter anywhere, also to one that an RPC has.
    fn next_client_id(&mut self) -> RpcId {
        loop {
            let id = RpcId::new(self.next_id & !1);
            self.next_id = self.next_id.wrapping_add(2);
            let is_free = self.config.quirks.ids_may_repeat || !self.rpcs.has_client(id);
            if id.get() != 0 && is_free {
                return id;
            }
        }
    }

    fn reply(&mut self, socket: SocketId, to: Destination, id: RpcId, message: Message) -> Result<(), SendError> {
        let Some(key) = self.rpcs.server(socket, id, to.peer) else {
            self.event(crate::Event::Released { tag: message.tag });
            return Ok(());
        };
        if self.rpcs[key].state != State::InService {
            return Err(SendError::NotInService { rpc: id });
        }
        let geometry = self.geometry(socket, to.peer).map_err(SendError::from);
        match geometry.and_then(|geometry| check_length(message.length).map(|()| geometry)) {
            Ok(geometry) => {
                self.rpcs[key].state = State::Outgoing;
                self.metrics.server_responses_started += 1;
                self.metrics.server_response_bytes_started += u64::from(message.length);
                self.begin_outgoing(key, message, geometry);
                Ok(())
            }
            Err(error) => {
                self.end_rpc(key);
                Err(error)
            }
        }
    }

    fn geometry(&self, socket: SocketId, peer: PeerId) -> Result<Geometry, RouteError> {
        let mtu = match self.peers.route(peer) {
            None => self.config.mtu,
            Some(Route::Mtu(mtu)) => mtu,
            Some(Route::Unreachable(errno)) => return Err(RouteError::Unreachable(errno)),
        };
        let socket = &self.sockets[socket.index()];
        let (gso, device) = (self.config.sysctls.max_gso_size, self.config.device_gso_max_size);
        Ok(Geometry::new(mtu, socket.family, gso, device, socket.hijack)?)
    }

    /// Spec 3.3.
    fn begin_outgoing(&mut self, key: Key, message: Message, geometry: Geometry) {
        let unscheduled = match self.config.version {
            Version::Linux => {
                let least = u32::from(!self.config.quirks.nothing_unscheduled_never_begins);
                self.config.sysctls.unsched_bytes.max(least).min(message.length)
            }
            Version::Stripped => message.length,
        };
        let unit = geometry.max_gso_data();
        let units = unscheduled.div_ceil(unit) + (message.length - unscheduled).div_ceil(unit);
        let now = self.now;
        let out = &mut self.rpcs[key].out;
        out.length = Some(message.length);
        out.tag = message.tag;
        out.geometry = Some(geometry);
        out.unscheduled = unscheduled;
        out.granted = unscheduled;
        out.init_time = now;
        let (peer, socket) = (self.rpcs[key].peer, self.rpcs[key].socket);
        for _ in 0..crate::Ack::MAX_ENTRIES.min(units as usize) {
            let Some(ack) = self.peer(peer).acks.pop() else { break };
            self.rpcs.add_ack(key, ack);
        }
        self.sockets[socket.index()].wmem += u64::from(message.length);
        self.metrics.sent_msg_bytes += u64::from(message.length);
        self.transmit(key, false);
    }
}

fn check_length(length: u32) -> Result<(), SendError> {
    if length == 0 || length > MAX_MESSAGE_LENGTH { Err(SendError::Length { length }) } else { Ok(()) }
}
