//! Endpoints that talk to each other over a network that delays, loses, duplicates and reorders packets.

mod calls_end_once;
mod echo_calls_come_back;
mod net;
mod senders_keep_to_grants;
