//! What the fuzz targets do with their input, also without a fuzzer.

pub(crate) mod calls;
pub(crate) mod corpus;
pub(crate) mod packets;
