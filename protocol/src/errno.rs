//! Error numbers, as Linux hands them to applications.

use core::fmt;

/// A Linux error number (positive), such as `ETIMEDOUT`.
///
/// Every error of the application interface tells its number by `errno()`, so that a facade with the kernel's system
/// calls needs no table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(i32);

macro_rules! errnos {
    ($($name:ident = $number:literal, $doc:literal;)*) => {
        impl Errno {
            $(#[doc = $doc] pub const $name: Self = Self($number);)*

            /// The symbolic name, if it is one of those that Homa uses.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    ENOENT = 2, "There is no such sysctl.";
    EINTR = 4, "A signal interrupted a wait; only a driver that blocks can meet it.";
    EAGAIN = 11, "Nothing is ready, or no send memory is free (also called `EWOULDBLOCK`).";
    ENOMEM = 12, "No memory, or a response that no receive region can take.";
    EACCES = 13, "The sysctl can only be read.";
    EFAULT = 14, "The application's memory can't be read or written; only a driver can meet it.";
    EINVAL = 22, "An argument is outside what is accepted.";
    ENOPROTOOPT = 92, "No such socket option.";
    EPROTONOSUPPORT = 93, "The peer's kernel doesn't know Homa.";
    EAFNOSUPPORT = 97, "The address's family isn't the socket's.";
    EADDRINUSE = 98, "Another socket has the port.";
    EADDRNOTAVAIL = 99, "No automatic port is free.";
    ENETUNREACH = 101, "No route to the peer.";
    ENOTCONN = 107, "No socket has the destination's port.";
    ESHUTDOWN = 108, "The socket was shut down.";
    ETIMEDOUT = 110, "The peer was silent for too long.";
    EHOSTUNREACH = 113, "The peer can't be reached.";
    ECANCELED = 125, "The application gave the RPC up.";
}

impl Errno {
    /// The error with this number.
    #[must_use]
    pub const fn new(number: i32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}
