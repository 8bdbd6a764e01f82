//! One endpoint, packet by packet: the conformance cases of spec part 13, by number, and what they leave out.

mod acks;
mod api;
mod buffers;
mod corrections;
mod driving;
mod endings;
mod errno;
mod grant_order;
mod grant_queues;
mod grants;
mod identity;
mod node;
mod pacing;
mod quirks;
mod receiving;
mod resend;
mod robustness;
mod sending;
mod stripped;
mod timers;
