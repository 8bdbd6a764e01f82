//! Recorded packets of Linux's Homa against the core: does it send what the kernel sent?
