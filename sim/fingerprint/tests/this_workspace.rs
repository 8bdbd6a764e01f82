//! An edit makes stored runs old if they depend on what was edited, and no others.
//!
//! Each test edits a copy of this workspace and looks whose fingerprint has changed.

use homa_fingerprint::Sources;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What a fingerprint is of, here: what all runs pass through, the two transports, and what makes
/// results of runs. As in the build scripts of these packages.
#[derive(Debug, PartialEq, Eq)]
struct Fingerprints {
    common: String,
    sigcomm18: String,
    homa: String,
    results: String,
}

/// A copy of the workspace as far as packages are read.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for file in ["Cargo.toml", "Cargo.lock"] {
            fs::copy(root.join(file), copy.path(file)).unwrap();
        }
        for folder in ["protocol", "sim", "topologies", "workloads"] {
            copy_folder(&root.join(folder), &copy.path(folder));
        }
        copy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn fingerprints(&self) -> Fingerprints {
        let of = |folder: &str| Sources::of_package(&self.path(folder));
        Fingerprints {
            common: of("sim/experiment").without("homa-transports").fingerprint(),
            sigcomm18: of("sim/transports/sigcomm18").fingerprint(),
            homa: of("sim/transports/homa").fingerprint(),
            results: self.results(),
        }
    }

    fn results(&self) -> String {
        let sources = Sources::of_package(&self.path("sim/lab")).only("src/results");
        sources.without("homa-experiment").without("homa-transports").fingerprint()
    }

    fn append(&self, name: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        fs::write(self.path(name), text + "\n// another line\n").unwrap();
    }

    fn replace(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }

    /// Gives a package of others another version.
    fn update(&self, package: &str) {
        let text = fs::read_to_string(self.path("Cargo.lock")).unwrap();
        let (before, rest) = text.split_once(&format!("name = \"{package}\"\nversion = \"")).unwrap();
        let (version, rest) = rest.split_once('"').unwrap();
        let text = format!("{before}name = \"{package}\"\nversion = \"{version}-other\"{rest}");
        // Where two versions of a package are there, dependencies name them.
        fs::write(
            self.path("Cargo.lock"),
            text.replace(&format!("\"{package} {version}\""), &format!("\"{package} {version}-other\"")),
        )
        .unwrap();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if !from.is_dir() {
            fs::copy(from, to).unwrap();
        } else if entry.file_name() != "tests" && entry.file_name() != "target" {
            copy_folder(&from, &to);
        }
    }
}

#[test]
fn the_report_the_list_the_command_line_and_tests_change_nothing() {
    let copy = Copy::new();
    let before = copy.fingerprints();
    for file in [
        "sim/lab/src/report/report.css",
        "sim/lab/src/lib.rs",
        "sim/transports/src/lib.rs",
        "sim/transports/Cargo.toml",
        "sim/cli/src/args.rs",
        "sim/replay/src/lib.rs",
        "protocol/benches/packets.rs",
    ] {
        copy.append(file);
        assert_eq!(copy.fingerprints(), before, "{file}");
    }
    for package in ["clap", "proptest"] {
        copy.update(package);
        assert_eq!(copy.fingerprints(), before, "{package}");
    }
}

#[test]
fn a_transport_that_is_added_or_edited_changes_no_other() {
    let copy = Copy::new();
    let before = copy.fingerprints();
    fs::create_dir_all(copy.path("sim/transports/another/src")).unwrap();
    fs::write(copy.path("sim/transports/another/src/lib.rs"), "//! Another.\n").unwrap();
    let manifest = "[package]\nname = \"homa-another\"\n\n[dependencies]\nhoma-run.workspace = true\n";
    fs::write(copy.path("sim/transports/another/Cargo.toml"), manifest).unwrap();
    copy.replace(
        "Cargo.toml",
        "    \"sim/transports\",\n",
        "    \"sim/transports\",\n    \"sim/transports/another\",\n",
    );
    let entry = "[[package]]\nname = \"homa-another\"\nversion = \"0.1.0\"\ndependencies = [\n \"homa-run\",\n]\n\n";
    copy.replace("Cargo.lock", "[[package]]\n", &format!("{entry}[[package]]\n"));
    copy.replace(
        "Cargo.lock",
        " \"homa-linux\",\n \"homa-run\",\n",
        " \"homa-another\",\n \"homa-linux\",\n \"homa-run\",\n",
    );
    copy.append("sim/transports/Cargo.toml");
    assert_eq!(copy.fingerprints(), before);
    let another = || Sources::of_package(&copy.path("sim/transports/another")).fingerprint();
    let of_another = another();
    copy.append("sim/transports/another/src/lib.rs");
    assert_eq!(copy.fingerprints(), before);
    assert_ne!(another(), of_another);
    // homa-linux has sigcomm18 in its tests, and links nothing of it.
    copy.append("sim/transports/sigcomm18/src/lib.rs");
    let after = copy.fingerprints();
    assert_ne!(after.sigcomm18, before.sigcomm18);
    assert_eq!(Fingerprints { sigcomm18: before.sigcomm18.clone(), ..after }, before);
}

#[test]
fn what_all_runs_pass_through_changes_all() {
    let copy = Copy::new();
    let common = || Sources::of_package(&copy.path("sim/experiment")).without("homa-transports").fingerprint();
    let mut seen = vec![common()];
    let mut changed = |what: &str| {
        assert!(!seen.contains(&common()), "{what}");
        seen.push(common());
    };
    for file in [
        "sim/experiment/src/resolve.rs",
        "sim/run/src/lib.rs",
        "sim/fabric/src/lib.rs",
        "sim/engine/src/lib.rs",
        "sim/units/src/lib.rs",
        "sim/analysis/src/lib.rs",
        "sim/analysis/data/size-bins.csv",
        "topologies/presets/sigcomm18.toml",
        "workloads/cdf/w3.csv",
    ] {
        copy.append(file);
        changed(file);
    }
    for package in ["rand_chacha", "libm", "flate2"] {
        copy.update(package);
        changed(package);
    }
}

#[test]
fn a_library_that_a_transport_alone_links_changes_that_transport_alone() {
    let copy = Copy::new();
    let before = copy.fingerprints();
    copy.update("priority-queue");
    let after = copy.fingerprints();
    assert_eq!(after.common, before.common);
    assert!(after.homa != before.homa && after.sigcomm18 != before.sigcomm18, "both link the protocol");
    let before = after;
    copy.append("protocol/src/lib.rs");
    let after = copy.fingerprints();
    assert_eq!(after.common, before.common);
    assert!(after.homa != before.homa && after.sigcomm18 != before.sigcomm18, "both link the protocol");
}

#[test]
fn a_file_that_is_added_renamed_or_has_other_line_ends() {
    let copy = Copy::new();
    let before = copy.fingerprints();
    let text = fs::read_to_string(copy.path("sim/fabric/src/lib.rs")).unwrap();
    fs::write(copy.path("sim/fabric/src/lib.rs"), text.replace('\n', "\r\n")).unwrap();
    fs::write(copy.path("sim/fabric/src/.lib.rs.swp"), "an editor's").unwrap();
    assert_eq!(copy.fingerprints(), before, "other line ends mean the same");
    fs::write(copy.path("sim/fabric/src/added.rs"), "").unwrap();
    let added = copy.fingerprints().common;
    assert_ne!(added, before.common);
    fs::rename(copy.path("sim/fabric/src/added.rs"), copy.path("sim/fabric/src/renamed.rs")).unwrap();
    assert!(![added, before.common].contains(&copy.fingerprints().common));
}

#[test]
fn what_makes_results_of_runs_changes_no_run() {
    let copy = Copy::new();
    let mut before = copy.fingerprints();
    for file in ["sim/lab/src/results/summarise.rs", "sim/figures/src/slowdown.rs"] {
        copy.append(file);
        let after = copy.fingerprints();
        assert_ne!(after.results, before.results, "{file}");
        before.results.clone_from(&after.results);
        assert_eq!(after, before, "{file}");
    }
    for file in ["sim/lab/src/report/report.css", "sim/lab/src/figures.rs", "sim/lab/src/lib.rs"] {
        copy.append(file);
        assert_eq!(copy.fingerprints(), before, "{file}");
    }
}
