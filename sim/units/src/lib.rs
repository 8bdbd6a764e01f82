//! Exact quantities of a network simulation: [`Time`], [`Duration`], [`Bytes`], [`BitRate`] and [`Priority`].
//!
//! Everything that reaches an event time is an integer. One byte at 10, 25, 40, 100, 200, 400 or 800 Gbps takes a
//! whole number of picoseconds, so link arithmetic is exact; `u64` picoseconds last for 213 days.
//!
//! Each quantity parses what it prints (`"25Gbps"`, `"1.5us"`, `"64KB"`), and refuses what it can't represent exactly.

#![no_std]

extern crate alloc;

mod bytes;
mod parse;
mod priority;
mod rate;
mod time;

pub use bytes::Bytes;
pub use parse::ParseUnitError;
pub use priority::Priority;
pub use rate::BitRate;
pub use time::{Duration, Time};
