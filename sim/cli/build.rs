//! Tells the program which compiler made it: instruction counts are comparable only between programs of one compiler.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().ok();
    let version = output.and_then(|output| String::from_utf8(output.stdout).ok());
    println!("cargo:rustc-env=HOMASIM_RUSTC={}", version.as_deref().map_or("unknown", str::trim));
}
