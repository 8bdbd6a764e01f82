//! Giving RPCs up (`HOMAIOCABORT`, spec 10.5).

use super::AbortError;
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::rpc::Key;
use crate::{PeerId, RpcId, SocketId};
use homa_units::Time;

/// `struct homa_abort_args` (not in v16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AbortArgs {
    /// A client RPC of the socket, or 0 for all of them.
    pub id: u64,
    /// 0 to end RPCs silently, or the error number that their reader gets.
    pub error: u32,
    /// Must be 0.
    pub pad: u32,
    /// Must be 0.
    pub pad2: [u64; 2],
}

/// The largest of Linux's error numbers.
const MAX_ERRNO: i32 = 4095;

impl Endpoint {
    /// Gives one client RPC of the socket up, or all of them. Server RPCs are left alone.
    ///
    /// # Errors
    /// See [`AbortError`].
    pub fn abort(&mut self, now: Time, socket: SocketId, args: &AbortArgs) -> Result<(), AbortError> {
        self.advance(now);
        let aborted = self.try_abort(socket, args);
        self.run_pacer();
        aborted.map_err(|error| self.failed(socket, error))
    }

    fn try_abort(&mut self, socket: SocketId, args: &AbortArgs) -> Result<(), AbortError> {
        self.metrics.abort_calls += 1;
        if args.pad != 0 || args.pad2 != [0; 2] {
            return Err(AbortError::PadNotZero);
        }
        // The kernel takes any number (N5 of spec part 14); one beyond 2^31 would make a failure look like a success.
        let most = if self.config.quirks.any_abort_error { i32::MAX } else { MAX_ERRNO };
        let error = match i32::try_from(args.error) {
            Ok(0) => None,
            Ok(number) if number <= most => Some(Errno::new(number)),
            _ => return Err(AbortError::NotAnErrno { error: args.error, most }),
        };
        if args.id != 0 {
            let rpc = RpcId::new(args.id);
            let known = if rpc.is_client() { self.rpcs.client(socket, rpc) } else { None };
            self.give_up(known.ok_or(AbortError::UnknownRpc { rpc })?, error);
            return Ok(());
        }
        if error.is_none() {
            // Messages that wait for buffers and end now must not get those of the RPCs that end before them.
            let rpcs = &mut self.rpcs;
            self.sockets[socket.index()].stalled.retain(|key| {
                rpcs[*key].stalled = !rpcs[*key].is_client();
                rpcs[*key].stalled
            });
        }
        let mut next = self.sockets[socket.index()].oldest;
        while let Some(key) = next {
            next = self.rpcs[key].younger;
            if self.rpcs[key].is_client() {
                self.give_up(key, error);
            }
        }
        Ok(())
    }

    fn give_up(&mut self, key: Key, error: Option<Errno>) {
        match error {
            Some(error) => self.abort_rpc(key, error),
            None => self.end_rpc(key),
        }
    }

    /// Takes note that the driver could not store payload of this RPC's message in the receive region: the RPC is given
    /// up with `EFAULT` (spec 3.11). Nothing happens if the RPC is gone.
    pub fn payload_lost(&mut self, now: Time, socket: SocketId, peer: PeerId, rpc: RpcId) {
        self.advance(now);
        let key = if rpc.is_client() { self.rpcs.client(socket, rpc) } else { self.rpcs.server(socket, rpc, peer) };
        if let Some(key) = key {
            self.abort_rpc(key, Errno::EFAULT);
        }
        self.run_pacer();
    }
}
