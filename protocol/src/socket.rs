//! One socket of an endpoint (spec 10).

use crate::api::ApiError;
use crate::pool::Pool;
use crate::rpc::Key;
use crate::wire::Family;
use crate::{Port, RpcId};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

#[derive(Debug, Clone)]
pub(crate) struct Socket {
    pub(crate) family: Family,
    pub(crate) port: Port,
    pub(crate) is_server: bool,
    pub(crate) is_shut_down: bool,
    /// Whether its packets pose as TCP (spec 2.6): decided when the socket is opened.
    pub(crate) hijack: bool,
    pub(crate) pool: Option<Pool>,
    /// RPCs that a reader should look at, with their generation: entries of RPCs that ended meanwhile stay until met.
    pub(crate) ready: VecDeque<(Key, u32)>,
    /// How many entries of `ready` are of live RPCs.
    pub(crate) ready_count: usize,
    /// RPCs for readers that were woken and have not looked yet, with their generation.
    pub(crate) handed: VecDeque<(Key, u32)>,
    /// Messages without buffers, the shortest first.
    pub(crate) stalled: Vec<Key>,
    /// Oldest and youngest of its live RPCs.
    pub(crate) oldest: Option<Key>,
    pub(crate) youngest: Option<Key>,
    pub(crate) num_rpcs: u32,
    /// Bytes of outgoing messages that aren't freed yet.
    pub(crate) wmem: u64,
    pub(crate) wmem_limit: u64,
    pub(crate) shared_waits: u32,
    /// Readers that were woken and will call again: the kernel's call goes on, and isn't counted again.
    pub(crate) returning: u32,
    pub(crate) private_waits: Vec<RpcId>,
    pub(crate) last_error: Option<ApiError>,
    /// Finished server RPCs, oldest first: identifier, client, and when. Only without quirk Q18.
    pub(crate) finished: VecDeque<(RpcId, crate::PeerId, homa_units::Time)>,
}

impl Socket {
    pub(crate) fn new(family: Family, port: Port, wmem_limit: u64, hijack: bool) -> Self {
        Self {
            family,
            port,
            is_server: false,
            is_shut_down: false,
            hijack,
            pool: None,
            ready: VecDeque::new(),
            ready_count: 0,
            handed: VecDeque::new(),
            stalled: Vec::new(),
            oldest: None,
            youngest: None,
            num_rpcs: 0,
            wmem: 0,
            wmem_limit,
            shared_waits: 0,
            returning: 0,
            private_waits: Vec::new(),
            last_error: None,
            finished: VecDeque::new(),
        }
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.wmem < self.wmem_limit
    }
}
