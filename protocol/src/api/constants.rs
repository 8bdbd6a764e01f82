//! Numbers of `homa.h` that only an interface with the kernel's calls needs (spec 10.5, 10.6).

/// `SO_HOMA_RCVBUF`: the option of [`Endpoint::set_rcvbuf`](crate::Endpoint::set_rcvbuf).
pub const SO_HOMA_RCVBUF: i32 = 10;
/// `SO_HOMA_SERVER`: the option of [`Endpoint::set_server`](crate::Endpoint::set_server).
pub const SO_HOMA_SERVER: i32 = 11;
/// `HOMAIOCINFO` of the kernel module: the request of [`Endpoint::info`](crate::Endpoint::info).
pub const HOMAIOCINFO: u32 = 0xC088_6890;
/// `HOMAIOCINFO` of version 16 of the patches for Linux.
pub const HOMAIOCINFO_V16: u32 = 0xC088_6801;
/// `HOMAIOCABORT` (module only): the request of [`Endpoint::abort`](crate::Endpoint::abort).
pub const HOMAIOCABORT: u32 = 0xC020_6891;
/// `HOMAIOCFREEZE` (module only): freezes a debugging trace, which there is none of here.
pub const HOMAIOCFREEZE: u32 = 0x6892;
/// `HOMA_ERROR_MSG_SIZE` of version 16: bytes of [`HomaInfo::error_msg`](crate::HomaInfo::error_msg) with its final NUL.
/// The module has 104, of which 100 suffice.
pub const ERROR_MSG_SIZE: usize = 100;
