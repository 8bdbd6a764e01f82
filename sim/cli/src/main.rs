//! homasim
fn main() {}
