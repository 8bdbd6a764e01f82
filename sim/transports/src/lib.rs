//! The transports that experiments can name.
//!
//! Each is a folder here with a crate of its own, made known by one line in [`SHIPPED`]. A program
//! that brings its own transports [adds](add) them before it reads its first experiment.

use homa_run::TransportKind;
use std::sync::OnceLock;

/// The transports of homasim.
pub const SHIPPED: &[TransportKind] = &[
    // A line for each.
    TransportKind::of::<homa_sigcomm18::Parameters>(),
    TransportKind::of::<homa_linux::Parameters>(),
    TransportKind::of::<homa_blind::Parameters>(),
];

static ADDED: OnceLock<Vec<TransportKind>> = OnceLock::new();

/// Makes further transports known to this process.
///
/// # Panics
/// If a name is taken, is not fit for a key, or transports were added before.
pub fn add(kinds: Vec<TransportKind>) {
    for (position, kind) in kinds.iter().enumerate() {
        let name = kind.name();
        let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(!name.is_empty() && name.chars().all(is_fit), "\"{name}\" is no name: give letters, digits and `-`");
        let others = SHIPPED.iter().chain(&kinds[..position]);
        assert!(name != "kind" && !others.into_iter().any(|other| other == kind), "\"{name}\" is taken");
    }
    assert!(ADDED.set(kinds).is_ok(), "transports are added once, when a program begins");
}

/// All transports, the shipped ones first.
pub fn all() -> impl Iterator<Item = TransportKind> {
    SHIPPED.iter().chain(ADDED.get().into_iter().flatten()).copied()
}

/// The transport of a name.
#[must_use]
pub fn find(name: &str) -> Option<TransportKind> {
    all().find(|kind| kind.name() == name)
}
