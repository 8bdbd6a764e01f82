//! Opening, binding, configuring and closing sockets (spec 10.3 to 10.5).

use super::{ApiError, BindError, OpenError, RegionError};
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::pool::Pool;
use crate::socket::Socket;
use crate::wire::Family;
use crate::{Port, SocketId};
use alloc::collections::VecDeque;
use homa_units::Time;

/// `struct homa_rcvbuf_args`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RcvbufArgs {
    /// The address of the region.
    pub start: u64,
    /// Its bytes.
    pub length: u64,
}

/// What a socket is ready for (`poll`, spec 10.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// `EPOLLIN | EPOLLRDNORM`: a message has something for a reader, which need not be complete.
    pub readable: bool,
    /// `EPOLLOUT | EPOLLWRNORM`: there is send memory.
    pub writable: bool,
    /// The socket was shut down (`EPOLLIN` as well).
    pub shut_down: bool,
}

impl Endpoint {
    /// Opens a socket with a default port: a client, until it is bound or [`set_server`](Self::set_server) says otherwise.
    ///
    /// Identifiers of sockets are not used again.
    ///
    /// # Errors
    /// All default ports are in use.
    pub fn open_socket(&mut self, family: Family) -> Result<SocketId, OpenError> {
        let start = self.prev_default_port;
        let port = loop {
            self.prev_default_port = self.prev_default_port.wrapping_add(1).max(Port::MIN_DEFAULT.get());
            let port = Port::new(self.prev_default_port);
            if !self.ports.contains_key(&port) {
                break port;
            }
            if self.prev_default_port == start {
                return Err(OpenError::PortsExhausted);
            }
        };
        let id = SocketId(u32::try_from(self.sockets.len()).expect("fewer than 2^32 sockets were ever opened"));
        let sysctls = &self.config.sysctls;
        let hijack = sysctls.hijack_tcp != 0;
        self.sockets.push(Socket::new(family, port, u64::from(sysctls.wmem_max), hijack));
        self.ports.insert(port, id);
        Ok(id)
    }

    fn socket_mut(&mut self, id: SocketId) -> &mut Socket {
        &mut self.sockets[id.index()]
    }

    /// Notes the text of a failure for `HOMAIOCINFO`.
    pub(super) fn failed<E: Copy + Into<ApiError>>(&mut self, id: SocketId, error: E) -> E {
        self.socket_mut(id).last_error = Some(error.into());
        error
    }

    /// The socket's port.
    #[must_use]
    pub fn port(&self, socket: SocketId) -> Port {
        self.sockets[socket.index()].port
    }

    /// Gives the socket a port in 1..=32767 and makes it a server; port 0 changes nothing.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind(&mut self, id: SocketId, family: Family, port: Port) -> Result<(), BindError> {
        self.try_bind(id, family, port).map_err(|error| self.failed(id, error))
    }

    fn try_bind(&mut self, id: SocketId, family: Family, port: Port) -> Result<(), BindError> {
        let socket = &self.sockets[id.index()];
        if family != socket.family {
            return Err(BindError::WrongFamily { given: family, socket: socket.family });
        }
        if port == Port::NONE {
            return Ok(());
        }
        if port >= Port::MIN_DEFAULT {
            return Err(BindError::DefaultPort { port: port.get() });
        }
        if socket.is_shut_down {
            return Err(BindError::ShutDown);
        }
        match self.ports.get(&port) {
            Some(owner) if *owner == id => return Ok(()),
            Some(_) => return Err(BindError::InUse { port: port.get() }),
            None => {}
        }
        self.ports.remove(&socket.port);
        self.ports.insert(port, id);
        let socket = self.socket_mut(id);
        socket.port = port;
        socket.is_server = true;
        Ok(())
    }

    /// Lets the socket accept requests, or refuse new ones (`SO_HOMA_SERVER`).
    pub fn set_server(&mut self, socket: SocketId, server: bool) {
        self.socket_mut(socket).is_server = server;
    }

    /// Whether the socket accepts requests.
    #[must_use]
    pub fn is_server(&self, socket: SocketId) -> bool {
        self.sockets[socket.index()].is_server
    }

    /// Gives the socket the memory that incoming messages are placed in (`SO_HOMA_RCVBUF`): `length` bytes at the
    /// address `start`, of which the core uses whole bpages of 65536 bytes. Only the alignment of the address matters.
    ///
    /// # Errors
    /// The region doesn't keep the rules of spec 4.3.1, or there is one already.
    pub fn set_receive_region(&mut self, id: SocketId, start: u64, length: u64) -> Result<(), RegionError> {
        let cores = usize::from(self.config.cores);
        if self.socket_mut(id).pool.is_some() {
            // The one failure that Linux has no text for.
            return Err(RegionError::AlreadySet);
        }
        let pool = Pool::new(start, length, cores).map_err(|error| self.failed(id, RegionError::from(error)))?;
        self.socket_mut(id).pool = Some(pool);
        Ok(())
    }

    /// `setsockopt` with `SO_HOMA_RCVBUF`: see [`set_receive_region`](Self::set_receive_region).
    ///
    /// # Errors
    /// See [`RegionError`].
    pub fn set_rcvbuf(&mut self, socket: SocketId, args: &RcvbufArgs) -> Result<(), RegionError> {
        self.set_receive_region(socket, args.start, args.length)
    }

    /// `getsockopt` with `SO_HOMA_RCVBUF`: start and whole bpages of the region; zeros if there is none.
    #[must_use]
    pub fn rcvbuf(&self, socket: SocketId) -> RcvbufArgs {
        let (start, length) = self.receive_region(socket).unwrap_or_default();
        RcvbufArgs { start, length }
    }

    /// Start and length of the receive region, in bytes; the length is a multiple of 65536.
    #[must_use]
    pub fn receive_region(&self, socket: SocketId) -> Option<(u64, u64)> {
        self.sockets[socket.index()].pool.as_ref().map(|pool| (pool.start(), pool.length()))
    }

    /// What the socket is ready for.
    #[must_use]
    pub fn readiness(&self, socket: SocketId) -> Readiness {
        let socket = &self.sockets[socket.index()];
        Readiness { readable: socket.ready_count > 0, writable: socket.is_writable(), shut_down: socket.is_shut_down }
    }

    /// Disables the socket (`shutdown`, `close`): its port is free, its RPCs end without a word to the peers, and who
    /// waits on it is woken with an error. Doing it again changes nothing.
    pub fn shutdown(&mut self, now: Time, id: SocketId) {
        self.advance(now);
        let socket = self.socket_mut(id);
        if core::mem::replace(&mut socket.is_shut_down, true) {
            return;
        }
        let (port, waits) = (socket.port, core::mem::take(&mut socket.shared_waits));
        let stalled = core::mem::take(&mut socket.stalled);
        self.ports.remove(&port);
        // Messages that wait for buffers must not get those of the RPCs that end before them.
        for key in stalled {
            self.rpcs[key].stalled = false;
        }
        while let Some(key) = self.sockets[id.index()].oldest {
            self.end_rpc(key);
        }
        self.socket_mut(id).ready = VecDeque::new();
        self.socket_mut(id).handed = VecDeque::new();
        self.socket_mut(id).finished = VecDeque::new();
        for _ in 0..waits {
            self.wake(id, None, Some(Errno::ESHUTDOWN));
        }
        self.run_pacer();
    }
}
