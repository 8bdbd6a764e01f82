//! What is to be run: cases and their runs with their keys, which of them one process does, and the
//! manifest that tells it all.

mod manifest;
mod planned;
mod selection;
mod settings;

pub use manifest::{MANIFEST, MadeBy, Manifest, ManifestCase, ManifestError};
pub use planned::{PlanError, PlannedCase, PlannedRun, UsedFile, plan, plan_experiment};
pub use selection::Selection;
pub(crate) use settings::unnamed_difference;
