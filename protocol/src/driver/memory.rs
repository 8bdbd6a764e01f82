//! The bytes of messages: those that are sent, until nobody asks for them again, and those that
//! have arrived.

use crate::{Data, HOMA_BPAGE_SIZE, Message, Placement, Received, SocketId};
use alloc::vec::Vec;

/// Bytes of outgoing messages, by a tag that this store chooses.
#[derive(Debug, Clone)]
pub(super) struct SendBuffers<B> {
    /// By tag. Places of released messages are used again, so that a steady state allocates
    /// nothing.
    buffers: Vec<Option<B>>,
    free: Vec<usize>,
}

impl<B: AsRef<[u8]>> SendBuffers<B> {
    pub(super) const fn new() -> Self {
        Self { buffers: Vec::new(), free: Vec::new() }
    }

    /// Keeps a message; what to tell the endpoint about it.
    pub(super) fn keep(&mut self, bytes: B) -> Message {
        // No message is that long, so the endpoint refuses it.
        let length = u32::try_from(bytes.as_ref().len()).unwrap_or(u32::MAX);
        let place = self.free.pop().unwrap_or(self.buffers.len());
        if place == self.buffers.len() {
            self.buffers.push(None);
        }
        self.buffers[place] = Some(bytes);
        Message { length, tag: place as u64 }
    }

    pub(super) fn release(&mut self, tag: u64) {
        let place = tag as usize;
        let kept = self.buffers.get_mut(place).and_then(Option::take);
        assert!(kept.is_some(), "message {tag} was not sent by this driver, or was released before");
        self.free.push(place);
    }

    /// The payload of a packet of the message.
    pub(super) fn payload(&self, tag: u64, data: &Data) -> &[u8] {
        let bytes = self.buffers.get(tag as usize).and_then(Option::as_ref);
        let bytes = bytes.expect("a message is kept as long as its packets leave").as_ref();
        &bytes[data.offset as usize..][..data.length as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.buffers.len() - self.free.len()
    }
}

/// The receive regions of sockets.
#[derive(Debug, Clone)]
pub(super) struct ReceiveRegions {
    /// By socket; empty for those without.
    regions: Vec<Vec<u8>>,
}

impl ReceiveRegions {
    pub(super) const fn new() -> Self {
        Self { regions: Vec::new() }
    }

    pub(super) fn insert(&mut self, socket: SocketId, region: Vec<u8>) {
        if self.regions.len() <= socket.index() {
            self.regions.resize_with(socket.index() + 1, Vec::new);
        }
        self.regions[socket.index()] = region;
    }

    /// Writes the payload of a packet to where it belongs.
    pub(super) fn write(&mut self, placement: &Placement, payload: &[u8]) {
        let region = &mut self.regions[placement.socket.index()];
        for piece in placement.pieces() {
            region[piece.region].copy_from_slice(&payload[piece.payload]);
        }
    }

    /// A copy of the bytes of a message.
    pub(super) fn read(&self, socket: SocketId, received: &Received) -> Vec<u8> {
        let region = &self.regions[socket.index()];
        let length = received.length as usize;
        let mut bytes = Vec::with_capacity(length);
        for offset in received.bpages.as_slice() {
            let piece = (length - bytes.len()).min(HOMA_BPAGE_SIZE as usize);
            bytes.extend_from_slice(&region[*offset as usize..][..piece]);
        }
        bytes
    }
}
