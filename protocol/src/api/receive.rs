//! Receiving messages and giving their buffers back (spec 10.2, 3.8.1).

use super::RecvError;
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::output::Event;
use crate::pool::{BadBpage, BpageOffsets, HOMA_MAX_BPAGES};
use crate::rpc::{Key, State};
use crate::{Ack, AckEntry, Packet, PeerId, Port, RpcId, SocketId};
use homa_units::Time;

/// `struct homa_recvmsg_args`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecvmsgArgs {
    /// In: 0 for any shared message, or the private RPC wanted. Out: the RPC received, 0 if none.
    pub id: u64,
    /// Out: the request's cookie, with a response or an error; 0 with a request.
    pub completion_cookie: u64,
    /// In: how many bpages are given back. Out: how many the message occupies.
    pub num_bpages: u32,
    /// Must be 0.
    pub reserved: u32,
    /// In: the bpages given back. Out: those of the message, as offsets in the receive region.
    pub bpage_offsets: [u32; HOMA_MAX_BPAGES],
}

/// A message that was received. Its buffers belong to the application until it gives them back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// The RPC: with a server's identifier this is a request, with a client's a response.
    pub rpc: RpcId,
    /// The request's cookie; 0 with a request.
    pub cookie: u64,
    /// Bytes of the message.
    pub length: u32,
    /// Who sent it.
    pub peer: PeerId,
    /// The port of the socket that sent it.
    pub port: Port,
    /// Where the message lies in the receive region.
    pub bpages: BpageOffsets,
}

/// A client RPC that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedRpc {
    /// The RPC.
    pub rpc: RpcId,
    /// The request's cookie.
    pub cookie: u64,
    /// Where the request was sent.
    pub peer: PeerId,
    /// The port that it was sent to.
    pub port: Port,
    /// Why it failed.
    pub error: Errno,
}

impl Endpoint {
    /// Gives the buffers in `returned` back, and receives a complete message: any that isn't private, first ready first,
    /// or with `rpc` the response of that private RPC. Never waits.
    ///
    /// A response or error ends its RPC. A request is to be answered by [`send_reply`](Self::send_reply).
    ///
    /// # Errors
    /// See [`RecvError`]; [`RecvError::Again`] if nothing is complete, [`RecvError::Failed`] for an RPC that failed.
    pub fn recv(
        &mut self,
        now: Time,
        socket: SocketId,
        rpc: Option<RpcId>,
        returned: &[u32],
    ) -> Result<Received, RecvError> {
        self.advance(now);
        self.count_call(socket);
        let received = self.take_back(socket, returned).and_then(|()| self.take_message(socket, rpc));
        self.run_pacer();
        received.map_err(|error| self.failed(socket, error))
    }

    /// `recvmsg` without waiting: as [`recv`](Self::recv), with the arguments of the system call (spec 10.2).
    ///
    /// # Errors
    /// See [`RecvError`]. `args` tells what the kernel's tells then.
    pub fn recvmsg(&mut self, now: Time, socket: SocketId, args: &mut RecvmsgArgs) -> Result<Received, RecvError> {
        self.advance(now);
        let received = self.try_recvmsg(socket, args);
        self.run_pacer();
        received.map_err(|error| self.failed(socket, error))
    }

    /// `recvmsg` that waits: as [`recvmsg`](Self::recvmsg), but where that fails with [`RecvError::Again`] the reader is
    /// registered as by [`wait`](Self::wait), and the result is `None`. [`Event::Wake`] tells when to call again, with
    /// no buffers to give back; [`Event::WaitFailed`] ends the call.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn recvmsg_or_wait(
        &mut self,
        now: Time,
        socket: SocketId,
        args: &mut RecvmsgArgs,
    ) -> Result<Option<Received>, RecvError> {
        self.advance(now);
        let wanted = (args.id != 0).then(|| RpcId::new(args.id));
        let received = match self.try_recvmsg(socket, args) {
            Err(RecvError::Again) => self.register(socket, wanted).map(|()| None),
            received => received.map(Some),
        };
        self.run_pacer();
        received.map_err(|error| self.failed(socket, error))
    }

    fn count_call(&mut self, socket: SocketId) {
        match self.sockets[socket.index()].returning.checked_sub(1) {
            Some(returning) => self.sockets[socket.index()].returning = returning,
            None => self.metrics.recv_calls += 1,
        }
    }

    fn try_recvmsg(&mut self, socket: SocketId, args: &mut RecvmsgArgs) -> Result<Received, RecvError> {
        self.count_call(socket);
        args.completion_cookie = 0;
        if args.num_bpages as usize > HOMA_MAX_BPAGES {
            return Err(RecvError::TooManyBpages { count: args.num_bpages });
        }
        if args.reserved != 0 {
            return Err(RecvError::ReservedNotZero { reserved: args.reserved });
        }
        let returned = args.bpage_offsets;
        let count = core::mem::take(&mut args.num_bpages) as usize;
        let wanted = (args.id != 0).then(|| RpcId::new(args.id));
        let result = self.take_back(socket, &returned[..count]).and_then(|()| self.take_message(socket, wanted));
        match &result {
            Ok(received) => {
                args.id = received.rpc.get();
                args.completion_cookie = received.cookie;
                let offsets = received.bpages.as_slice();
                args.num_bpages = offsets.len() as u32;
                args.bpage_offsets[..offsets.len()].copy_from_slice(offsets);
            }
            Err(RecvError::Failed(failed)) => {
                args.id = failed.rpc.get();
                args.completion_cookie = failed.cookie;
            }
            Err(RecvError::NotPrivate { .. } | RecvError::AlreadyWaiting { .. } | RecvError::Again) => args.id = 0,
            Err(_) => {}
        }
        result
    }

    /// Gives buffers back without receiving, and lets messages use them that wait for space. No call of the kernel's.
    ///
    /// # Errors
    /// The first buffer that isn't the application's, or no region; buffers before it were taken.
    pub fn return_buffers(&mut self, now: Time, socket: SocketId, returned: &[u32]) -> Result<(), RecvError> {
        self.advance(now);
        let result = self.take_back(socket, returned).map_err(|error| self.failed(socket, error));
        self.check_stalled(socket);
        self.run_pacer();
        result
    }

    /// Registers a reader that blocks: for any shared message, or for the private RPC `rpc`, after
    /// [`recv`](Self::recv) found nothing. [`Event::Wake`] or [`Event::WaitFailed`] ends the wait.
    ///
    /// # Errors
    /// The socket is shut down, or the RPC can't be waited for.
    pub fn wait(&mut self, socket: SocketId, rpc: Option<RpcId>) -> Result<(), RecvError> {
        self.register(socket, rpc).map_err(|error| self.failed(socket, error))
    }

    fn register(&mut self, socket: SocketId, rpc: Option<RpcId>) -> Result<(), RecvError> {
        if self.has_something(socket, rpc) {
            self.wake(socket, rpc, None);
            return Ok(());
        }
        if let Some(rpc) = rpc {
            self.private_rpc(socket, rpc)?;
            let waits = &mut self.sockets[socket.index()].private_waits;
            if waits.contains(&rpc) {
                return Err(RecvError::AlreadyWaiting { rpc });
            }
            waits.push(rpc);
            return Ok(());
        }
        if self.sockets[socket.index()].is_shut_down {
            return Err(RecvError::ShutDown);
        }
        self.sockets[socket.index()].shared_waits += 1;
        Ok(())
    }

    /// Whether a reader would find something to look at, so that no hand-off will follow that could wake it.
    fn has_something(&self, socket: SocketId, rpc: Option<RpcId>) -> bool {
        match rpc {
            Some(rpc) => self.private_rpc(socket, rpc).is_ok_and(|key| {
                let rpc = &self.rpcs[key];
                rpc.error.is_some() || rpc.msgin.packets_ready
            }),
            None => self.sockets[socket.index()].ready_count > 0 || !self.sockets[socket.index()].handed.is_empty(),
        }
    }

    /// Takes the registration of a reader back (a signal, a time limit). `false`: there was none.
    pub fn cancel_wait(&mut self, socket: SocketId, rpc: Option<RpcId>) -> bool {
        let socket = &mut self.sockets[socket.index()];
        match rpc {
            Some(rpc) => {
                let place = socket.private_waits.iter().position(|waiting| *waiting == rpc);
                place.map(|place| socket.private_waits.swap_remove(place)).is_some()
            }
            None => {
                let waited = socket.shared_waits > 0;
                socket.shared_waits = socket.shared_waits.saturating_sub(1);
                waited
            }
        }
    }

    fn take_back(&mut self, socket: SocketId, returned: &[u32]) -> Result<(), RecvError> {
        let pool = self.sockets[socket.index()].pool.as_mut().ok_or(RecvError::NoRegion)?;
        pool.give_back(returned).map_err(|error: BadBpage| error.into())
    }

    fn private_rpc(&self, socket: SocketId, rpc: RpcId) -> Result<Key, RecvError> {
        let known = if rpc.is_client() { self.rpcs.client(socket, rpc) } else { None };
        let key = known.ok_or(RecvError::UnknownRpc { rpc })?;
        if !self.rpcs[key].private {
            return Err(RecvError::NotPrivate { rpc });
        }
        Ok(key)
    }

    fn take_message(&mut self, socket: SocketId, rpc: Option<RpcId>) -> Result<Received, RecvError> {
        if let Some(rpc) = rpc {
            let key = self.private_rpc(socket, rpc)?;
            // A reader of a private RPC leaves messages alone that wait for buffers (N2 of spec part 14).
            return self.look_at(key).unwrap_or(Err(RecvError::Again));
        }
        if self.sockets[socket.index()].is_shut_down {
            return Err(RecvError::ShutDown);
        }
        while let Some(key) = self.next_ready(socket) {
            if let Some(result) = self.look_at(key) {
                return result;
            }
        }
        // Where the kernel's reader would go to sleep, its reaper runs, and that looks for messages without buffers.
        self.check_stalled(socket);
        Err(RecvError::Again)
    }

    /// The RPC that a reader of any message looks at next: one that was handed to a sleeping reader, or the first that is
    /// ready.
    fn next_ready(&mut self, id: SocketId) -> Option<Key> {
        let socket = &mut self.sockets[id.index()];
        while let Some((key, generation)) = socket.handed.pop_front() {
            if self.rpcs.is_current(key, generation) {
                return Some(key);
            }
        }
        while let Some((key, generation)) = socket.ready.pop_front() {
            if !self.rpcs.is_current(key, generation) {
                continue;
            }
            self.rpcs[key].ready = false;
            socket.ready_count -= 1;
            if socket.ready_count > 0 {
                // The kernel lets everybody know who waits for readability again.
                self.event(Event::Readable { socket: id });
            }
            return Some(key);
        }
        None
    }

    /// What a reader gets out of an RPC; nothing if its message isn't complete.
    fn look_at(&mut self, key: Key) -> Option<Result<Received, RecvError>> {
        let rpc = &mut self.rpcs[key];
        (rpc.msgin.packets_ready, rpc.msgin.uncopied) = (false, false);
        if let Some(error) = rpc.error {
            let failed = FailedRpc { rpc: rpc.id, cookie: rpc.cookie, peer: rpc.peer, port: rpc.dport, error };
            self.end_rpc(key);
            return Some(Err(RecvError::Failed(failed)));
        }
        // Nothing of a message of length 0 is missing. Only a reader that names its RPC ever looks at one.
        if rpc.state != State::Incoming || !rpc.msgin.started || rpc.bytes_remaining() > 0 {
            return None;
        }
        let received = Received {
            rpc: rpc.id,
            cookie: rpc.cookie,
            length: rpc.msgin.assembly.length(),
            peer: rpc.peer,
            port: rpc.dport,
            bpages: self.take_buffers(key),
        };
        if received.rpc.is_client() {
            self.queue_ack(key);
            self.end_rpc(key);
        } else {
            self.rpcs[key].state = State::InService;
        }
        Some(Ok(received))
    }

    /// Notes that the server may free the RPC; sends the peer's notes if there are too many (spec 3.8.1).
    fn queue_ack(&mut self, key: Key) {
        let rpc = &self.rpcs[key];
        let (socket, peer) = (rpc.socket, rpc.peer);
        let entry = AckEntry { client_id: rpc.id, server_port: rpc.dport };
        let acks = &mut self.peer(peer).acks;
        if !acks.is_full() {
            acks.push(entry);
            return;
        }
        let (entries, count) = acks.take();
        self.metrics.ack_overflows += 1;
        let header = self.header(key);
        self.send_control(socket, peer, Packet::Ack(Ack::new(header, &entries[..count])));
    }
}
