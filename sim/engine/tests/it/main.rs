//! The order of events and the streams of random numbers.

mod order;
mod reproducible;
