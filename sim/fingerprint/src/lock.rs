//! `Cargo.lock`: which packages link which. cargo writes it, always in one form, so that no reader
//! of TOML is needed here, which each build would compile a second time.

use crate::files::text;
use std::path::Path;

/// An entry.
#[derive(Debug, Clone, Default)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Where it comes from; none for packages that are found by their path.
    pub(crate) source: Option<String>,
    pub(crate) checksum: Option<String>,
    /// As written: `name`, and where that is not enough also the version and the source.
    links: Vec<String>,
}

/// All entries.
pub(crate) struct Lock(Vec<Locked>);

impl Lock {
    pub(crate) fn read(path: &Path) -> Self {
        let text = text(path);
        let mut entries = Vec::new();
        for line in text.lines().map(str::trim) {
            if line == "[[package]]" {
                entries.push(Locked::default());
                continue;
            }
            let Some(entry) = entries.last_mut() else { continue };
            match line.split_once(" = ") {
                Some(("name", value)) => entry.name = unquoted(value),
                Some(("version", value)) => entry.version = unquoted(value),
                Some(("source", value)) => entry.source = Some(unquoted(value)),
                Some(("checksum", value)) => entry.checksum = Some(unquoted(value)),
                None if line.starts_with('"') => entry.links.push(unquoted(line)),
                _ => {}
            }
        }
        Self(entries)
    }

    /// The package of the workspace with this name.
    pub(crate) fn only(&self, name: &str) -> &Locked {
        let of_workspace = self.0.iter().find(|entry| entry.name == name && entry.source.is_none());
        of_workspace.unwrap_or_else(|| panic!("{name} is not in Cargo.lock"))
    }

    /// What a package depends on in any way.
    pub(crate) fn dependencies(&self, package: &Locked) -> Vec<&Locked> {
        let find = |text: &String| {
            let mut words = text.split(' ');
            let (name, version) = (words.next().unwrap_or_default(), words.next());
            let source = words.next().map(|source| source.trim_matches(['(', ')']));
            let is_it = |entry: &&Locked| {
                entry.name == name
                    && version.is_none_or(|version| entry.version == version)
                    && source.is_none_or(|source| entry.source.as_deref() == Some(source))
            };
            self.0.iter().find(is_it).unwrap_or_else(|| panic!("{text} has no entry in Cargo.lock"))
        };
        package.links.iter().map(find).collect()
    }
}

fn unquoted(text: &str) -> String {
    text.trim_end_matches(',').trim_matches('"').to_owned()
}
