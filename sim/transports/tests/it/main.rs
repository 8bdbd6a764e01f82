//! The list of transports and their folders.

mod folders;
