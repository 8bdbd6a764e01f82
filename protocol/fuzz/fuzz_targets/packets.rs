//! Feeds arbitrary bytes to everything that reads packets.
#![no_main]

#[path = "../../tests/it/fuzzing/packets.rs"]
mod packets;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| packets::packets(data));
