//! Files that appear complete or not at all, and files of others that may be compressed.

mod locks;

pub(crate) use locks::{Lock, Locks};

use flate2::read::MultiGzDecoder;
use homa_analysis::ImportError;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why results can't be written.
#[derive(Debug, Error)]
#[error("cannot write {path}: {cause}; choose another folder with --out DIR")]
pub struct StoreError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

/// Checks that results can be written below `out`, before anything is computed.
///
/// # Errors
/// If the folder can't be made or is not writable.
pub fn check_writable(out: &Path) -> Result<(), StoreError> {
    let error = |cause| StoreError { path: out.to_owned(), cause };
    fs::create_dir_all(out).map_err(error)?;
    tempfile::Builder::new().prefix(".writable").tempfile_in(out).map_err(error)?;
    Ok(())
}

/// Writes a file that appears complete or not at all.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let error = |cause| StoreError { path: path.to_owned(), cause };
    let folder = path.parent().expect("a file is in a folder");
    let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder).map_err(error)?;
    io::Write::write_all(&mut file, bytes).map_err(error)?;
    share(file.path(), folder);
    file.persist(path).map_err(|persist| error(persist.error))?;
    Ok(())
}

/// Begin of the names of what is not finished; a killed process leaves it behind.
const PARTIAL: &str = ".partial-";

/// Begin of the names of what is being replaced.
const REPLACED: &str = ".replaced-";
/// What is unfinished for so long has been left behind; a younger one may be another process's.
const LEFT_BEHIND: std::time::Duration = std::time::Duration::from_secs(3600);

/// Removes what killed processes left unfinished in the folder of results and in that of its runs.
pub(crate) fn remove_leftovers(out: &Path) {
    let folders = [out.to_owned(), out.join("runs")];
    for entry in folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        let name = entry.file_name();
        let is_ours = [PARTIAL, REPLACED].iter().any(|begin| name.to_string_lossy().starts_with(begin));
        let age = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()).and_then(|at| at.elapsed().ok());
        if is_ours && age.is_some_and(|age| age > LEFT_BEHIND) {
            // What can't be removed does no harm.
            let _ =
                if entry.path().is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        }
    }
}

/// What is made for temporary use is private; results are for everyone who may read their folder.
/// Where that can't be said, they stay private.
#[cfg(unix)]
fn share(path: &Path, folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let (Ok(own), Ok(above)) = (fs::metadata(path), fs::metadata(folder)) {
        let mode = above.permissions().mode() & if own.is_dir() { 0o777 } else { 0o666 };
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
    }
}

#[cfg(not(unix))]
fn share(_path: &Path, _folder: &Path) {}

/// Writes a folder with these files. It replaces the one that is there with all that was in it, and
/// appears complete or not at all. If another process has put one there meanwhile that `is_same`,
/// that one stays.
pub(crate) fn replace_folder(
    folder: &Path,
    files: &[(&'static str, Vec<u8>)],
    is_same: impl Fn(&Path) -> bool,
) -> Result<(), StoreError> {
    let error = |path: &Path| {
        let path = path.to_owned();
        move |cause| StoreError { path, cause }
    };
    let above = folder.parent().expect("it is in a folder");
    let partial = tempfile::Builder::new().prefix(PARTIAL).tempdir_in(above).map_err(error(above))?;
    for (name, bytes) in files {
        fs::write(partial.path().join(name), bytes).map_err(error(&folder.join(name)))?;
    }
    share(partial.path(), above);
    let replaced = tempfile::Builder::new().prefix(REPLACED).tempdir_in(above).map_err(error(above))?;
    let old = replaced.path().join("old");
    if folder.exists() {
        fs::rename(folder, &old).map_err(error(folder))?;
    }
    if let Err(cause) = fs::rename(partial.path(), folder) {
        if is_same(folder) {
            return Ok(());
        }
        if old.exists() {
            fs::rename(old, folder).map_err(error(folder))?;
        }
        return Err(error(folder)(cause));
    }
    Ok(())
}

const BUFFER_BYTES: usize = 1 << 18;

/// Opens a file; gzip is recognised by content, not by name.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>, ImportError> {
    let unreadable = |cause| ImportError::Unreadable { file: path.display().to_string(), cause };
    let mut file = BufReader::with_capacity(BUFFER_BYTES, File::open(path).map_err(unreadable)?);
    let gzip = file.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzip { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) })
}
