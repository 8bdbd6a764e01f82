//! What a package is compiled from, as a fingerprint, for its build script.
//!
//! A run's key has the fingerprints of all sources that the run depends on, and of no others.
//! Nobody lists those sources: they are what a package [links](Sources). A transport's build script
//! is one line,
//!
//! ```no_run
//! homa_fingerprint::Sources::of_built_package().emit();
//! ```
//!
//! and its code has the fingerprint as `env!("HOMASIM_SOURCES")`.

mod files;
mod lock;
mod manifest;

use files::{collect, content};
use lock::{Lock, Locked};
use manifest::{links, members};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The sources of a package, and of all that it links: of packages of its workspace their files, of
/// others their entries in `Cargo.lock`.
///
/// A package links its `[dependencies]`, and what they link. Tests, benches and examples are no
/// sources. Entries of `Cargo.lock` name for other packages what they link on any system with any
/// feature, so a few too many are covered.
#[derive(Debug, Clone)]
pub struct Sources {
    folder: PathBuf,
    only: Option<PathBuf>,
    without: Vec<String>,
}

/// The sources that were found.
struct Found {
    /// By package, the names of its files within it, and where they are.
    files: BTreeMap<String, Vec<(String, PathBuf)>>,
    /// By name and version, the entries of packages outside of the workspace.
    locked: BTreeMap<(String, String), Locked>,
    /// What decides what is covered: manifests, `Cargo.lock`.
    deciding: Vec<PathBuf>,
}

impl Sources {
    /// Those of the package whose build script this is.
    ///
    /// # Panics
    /// If this is no build script.
    #[must_use]
    pub fn of_built_package() -> Self {
        Self::of_package(Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts")))
    }

    /// Those of the package in `folder`.
    #[must_use]
    pub fn of_package(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), only: None, without: Vec::new() }
    }

    /// Of the package itself only what is below this folder of it.
    #[must_use]
    pub fn only(mut self, folder: &str) -> Self {
        self.only = Some(folder.into());
        self
    }

    /// Without a package, and without what only it links.
    #[must_use]
    pub fn without(mut self, package: &str) -> Self {
        self.without.push(package.to_owned());
        self
    }

    /// Gives the package's code the fingerprint as `env!("HOMASIM_SOURCES")`, anew whenever it
    /// changes.
    ///
    /// # Panics
    /// If a source can't be read: then there is no fingerprint.
    pub fn emit(&self) {
        let found = self.find();
        let files = found.files.values().flatten().map(|(_, path)| path);
        for path in found.deciding.iter().chain(files) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        // A file that is added changes its folder. That of a whole package changes with its tests
        // too.
        let folders = found.folders();
        for folder in folders.into_iter().filter(|folder| !folder.join("Cargo.toml").is_file()) {
            println!("cargo::rerun-if-changed={}", folder.display());
        }
        println!("cargo::rustc-env=HOMASIM_SOURCES={}", found.fingerprint());
    }

    /// Sixteen hexadecimal digits, the same on every machine that has the same sources.
    ///
    /// # Panics
    /// If a source can't be read: then there is no fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.find().fingerprint()
    }

    fn find(&self) -> Found {
        let root = self.folder.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
        let root = root.unwrap_or_else(|| panic!("no Cargo.lock in or above {}", self.folder.display()));
        let lock = Lock::read(&root.join("Cargo.lock"));
        let members = members(root);
        let own = members.iter().find(|(_, folder)| is_same(folder, &self.folder));
        let (own, _) = own.unwrap_or_else(|| panic!("{} is no package of its workspace", self.folder.display()));
        let mut found =
            Found { files: BTreeMap::new(), locked: BTreeMap::new(), deciding: vec![root.join("Cargo.lock")] };
        let mut waiting = vec![lock.only(own)];
        while let Some(package) = waiting.pop() {
            let known = found.files.contains_key(&package.name)
                || found.locked.contains_key(&(package.name.clone(), package.version.clone()));
            if known || self.without.contains(&package.name) {
                continue;
            }
            let mut links_to = lock.dependencies(package);
            match members.get(&package.name).filter(|_| package.source.is_none()) {
                Some(folder) => {
                    let manifest = folder.join("Cargo.toml");
                    let named = links(&manifest);
                    let unknown = named.iter().find(|name| !links_to.iter().any(|linked| linked.name == **name));
                    assert!(unknown.is_none(), "{}: Cargo.lock has no {unknown:?}", manifest.display());
                    links_to.retain(|linked| named.contains(&linked.name));
                    let below = self.only.as_ref().filter(|_| package.name == *own);
                    let start = below.map_or_else(|| folder.clone(), |below| folder.join(below));
                    found.files.insert(package.name.clone(), collect(folder, &start));
                    found.deciding.push(manifest);
                }
                None => {
                    found.locked.insert((package.name.clone(), package.version.clone()), package.clone());
                }
            }
            waiting.extend(links_to);
        }
        found
    }
}

impl Found {
    fn folders(&self) -> Vec<&Path> {
        let mut folders: Vec<_> = self.files.values().flatten().filter_map(|(_, path)| path.parent()).collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    }

    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        for (package, files) in &self.files {
            for (name, path) in files {
                [package.as_bytes(), name.as_bytes(), &content(path)].into_iter().for_each(&mut add);
            }
        }
        for ((name, version), Locked { source, checksum, .. }) in &self.locked {
            let [source, checksum] = [source, checksum].map(|text| text.as_deref().unwrap_or_default());
            let texts = [name.as_str(), version, source, checksum];
            texts.into_iter().for_each(|text| add(text.as_bytes()));
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}
