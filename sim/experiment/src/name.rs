//! Names of cases and variants, which are names of folders.

/// Whether a character may stand in a case's name, which is that of a folder.
#[must_use]
pub fn is_safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}
