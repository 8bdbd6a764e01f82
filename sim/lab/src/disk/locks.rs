//! Which process does what in a folder of results: locks of the operating system on empty files in
//! `OUT/.locks`.
//!
//! The system gives a lock back when its process ends, however it ends. So a file that is left
//! behind means nothing. The last process to leave removes the folder.

use super::StoreError;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Name of the folder of locks in a folder of results.
const FOLDER: &str = ".locks";
/// Held for an instant by who comes or leaves.
const GATE: &str = "gate";
/// Shared by all who work in the folder.
const USERS: &str = "users";

/// The locks of a folder of results, in which this process works until they are dropped.
#[derive(Debug)]
pub(crate) struct Locks {
    folder: PathBuf,
    /// Held shared; none on a file system without locks.
    users: Option<File>,
}

/// A process that has come and looks around; no other comes or leaves meanwhile.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// It is given back before `locks`, which need it to leave.
    gate: Option<File>,
    locks: Locks,
    /// Whether nobody else works in the folder.
    pub(crate) is_alone: bool,
    /// Why the file system has no locks, if it has none.
    pub(crate) without_locks: Option<io::Error>,
}

impl Arrival {
    /// Lets others come and leave.
    pub(crate) fn enter(self) -> Locks {
        drop(self.gate);
        self.locks
    }
}

/// A lock, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    file: Option<File>,
}

impl Locks {
    /// Comes to work in `out`, which is there.
    ///
    /// # Errors
    /// If the folder of locks can't be written.
    pub(crate) fn arrive(out: &Path) -> Result<Arrival, StoreError> {
        let folder = out.join(FOLDER);
        let error = |cause| StoreError { path: folder.clone(), cause };
        let gate = loop {
            let gate = open(&folder, GATE).map_err(error)?;
            if let Err(cause) = gate.lock() {
                let locks = Self { folder, users: None };
                return Ok(Arrival { gate: None, locks, is_alone: true, without_locks: Some(cause) });
            }
            // Who left may have removed it while we waited for it.
            if is_at(&gate, &folder.join(GATE)) {
                break gate;
            }
        };
        let users = open(&folder, USERS).map_err(error)?;
        let is_alone = match users.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(cause)) => return Err(error(cause)),
        };
        if is_alone {
            users.unlock().map_err(error)?;
        }
        // Nobody comes through the gate, and only there it is held by one alone.
        users.lock_shared().map_err(error)?;
        let locks = Self { folder, users: Some(users) };
        Ok(Arrival { gate: Some(gate), locks, is_alone, without_locks: None })
    }

    /// The lock called `name`; none if another process, or another thread of this one, holds it.
    ///
    /// # Errors
    /// If its file can't be made.
    pub(crate) fn try_lock(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        let path = self.folder.join(name);
        if self.users.is_none() {
            return Ok(Some(Lock { path, file: None }));
        }
        let error = |cause| StoreError { path: path.clone(), cause };
        loop {
            let file = open(&self.folder, name).map_err(error)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => return Ok(Some(Lock { path, file: Some(file) })),
                // Who held it removed it before we got it: it is nobody's lock any more.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(cause)) => return Err(error(cause)),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is held, so that nobody else can hold it at the same time.
        if cfg!(unix) && self.file.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Drop for Locks {
    fn drop(&mut self) {
        let Some(users) = self.users.take() else { return };
        // An open file can't be removed everywhere; what is left does no harm.
        if !cfg!(unix) || !self.folder.is_dir() {
            return;
        }
        let Ok(gate) = open(&self.folder, GATE) else { return };
        if gate.lock().is_ok() && is_at(&gate, &self.folder.join(GATE)) {
            let is_last = users.unlock().is_ok() && users.try_lock().is_ok();
            if is_last {
                let _ = fs::remove_dir_all(&self.folder);
            }
        }
    }
}

/// Opens a file of the folder, which both are made if they aren't there.
fn open(folder: &Path, name: &str) -> io::Result<File> {
    // The last process to leave may remove the folder in between.
    let mut chances = 100;
    loop {
        fs::create_dir_all(folder)?;
        // Some network file systems lock only what may be written.
        match File::options().create(true).truncate(false).read(true).write(true).open(folder.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound && chances > 0 => chances -= 1,
            opened => return opened,
        }
    }
}

/// Whether an open file is what is at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => place(open) == place(there),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}
