//! Makes the calls on an endpoint that arbitrary bytes describe.
#![no_main]

#[path = "../../tests/it/fuzzing/calls.rs"]
mod calls;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| calls::calls(data));
