//! The cases that figures are of.

use super::error::FigureError;
use crate::plan::{Manifest, ManifestCase};
use crate::results::{CaseSummary, StoredError, best_time_keys, read_csv};
use std::path::{Path, PathBuf};

/// A case whose results are there.
pub(crate) struct CaseResult {
    pub(crate) folder: PathBuf,
    /// Of the variant and the sweep; empty if there is none.
    pub(crate) variant: String,
    pub(crate) summary: CaseSummary,
    /// What its best times follow from: equal texts are equal times.
    pub(super) best_time_keys: String,
}

impl CaseResult {
    pub(crate) fn read(out: &Path, manifest: &Manifest) -> Result<Vec<Self>, StoredError> {
        let read = |case: &ManifestCase| {
            let folder = out.join(&case.name);
            let summary = CaseSummary::read(&folder)?;
            let variant = case.experiment.variants.first().map_or_else(String::new, |variant| variant.name.clone());
            let best_time_keys = best_time_keys(&case.experiment, &summary);
            Ok(Self { folder, variant, summary, best_time_keys })
        };
        manifest.cases.iter().map(read).collect()
    }

    /// The rows of one of its tables.
    pub(crate) fn table<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, FigureError> {
        let path = self.folder.join(name);
        read_csv(&path).map_err(|cause| FigureError::Table { path, cause })
    }
}
