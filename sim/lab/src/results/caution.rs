//! What a case's warnings mean for whoever puts its numbers beside those of another.

use super::summary::CaseSummary;

/// How the warnings begin, or what their names have in them, of a case that is not in a steady
/// state: its numbers follow from when it was measured.
const UNSTEADY: [(&str, &str); 3] =
    [("overloaded", "overloaded"), ("not steady", "not steady"), ("less delivered than offered", "not steady")];

impl CaseSummary {
    /// Whether the network carried its load from the begin to the end of the window.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.unsteady().is_none()
    }

    fn unsteady(&self) -> Option<&'static str> {
        let named = |part: &str| self.warnings.iter().any(|warning| name_of(warning).contains(part));
        UNSTEADY.into_iter().find(|(part, _)| named(part)).map(|(_, word)| word)
    }

    /// In a few words why its numbers don't compare as they are: `not steady, unfinished`; none if
    /// they do.
    pub(crate) fn caution(&self) -> Option<String> {
        let unfinished = (self.unfinished > 0).then_some("unfinished");
        let words: Vec<&str> = self.unsteady().into_iter().chain(unfinished).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// A warning begins with its name and a colon.
fn name_of(warning: &str) -> &str {
    warning.split_once(": ").map_or(warning, |(name, _)| name)
}
