//! The application interface: what `homa.h` (v16) and the socket calls are in Rust (spec part 10).

mod abort;
mod constants;
mod error;
mod info;
mod receive;
mod send;
mod sockets;

pub use abort::AbortArgs;
pub use constants::{
    ERROR_MSG_SIZE, HOMAIOCABORT, HOMAIOCFREEZE, HOMAIOCINFO, HOMAIOCINFO_V16, SO_HOMA_RCVBUF, SO_HOMA_SERVER,
};
pub use error::{AbortError, ApiError, BindError, InfoError, OpenError, RecvError, RegionError, SendError};
pub use info::{HomaInfo, RpcFlags, RpcInfo};
pub use receive::{FailedRpc, Received, RecvmsgArgs};
pub use send::{Destination, Message, SENDMSG_PRIVATE, SENDMSG_VALID_FLAGS, SendmsgArgs};
pub use sockets::{RcvbufArgs, Readiness};
