//! A folder of its own for each test, and the program run in it.

#[cfg(unix)]
pub(crate) mod browser;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A small experiment that ends within a second.
pub(crate) const TINY: &str = r#"
[topology]
preset = "sigcomm18-16"
[transport]
kind = "sigcomm18"
[workload]
sizes = "w3"
load = 0.6
[measure]
warmup = "500us"
window = "2ms"
drain = "4ms"
[run]
seeds = [1, 2]
"#;

/// RPCs of 1 MB, so few that each is alone.
pub(crate) const LONE: &str = r#"
[topology]
preset = "linux-cluster-10"
[transport]
kind = "homa"
[workload]
sizes = 1000000
payload_load = 0.0005
[measure]
warmup = "1ms"
window = "500ms"
drain = "200ms"
[run]
seeds = [1]
"#;

pub(crate) struct Sandbox(TempDir);

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("writing into the temporary folder");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homasim"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Every file below `folder`, with its content, by path.
    pub(crate) fn files(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.path(folder), &self.path(folder), &mut files);
        files.sort();
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.map(Result::unwrap) {
        if entry.path().is_dir() {
            collect(root, &entry.path(), files);
        } else {
            let name = entry.path().strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
