//! Where the core differs from the vectors, by name and with the reason.

/// A sequence that the core doesn't follow to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// The name of the sequence.
    pub(crate) name: &'static str,
    /// Why it isn't followed.
    pub(crate) reason: &'static str,
}

/// All of them. A test fails if one that is at hand agrees, or if another one doesn't.
pub(crate) const HELD: &[Held] = &[Held {
    name: "qdisc-247",
    reason: "with three NIC queues and a NIC that completes late, packets of other protocols on queues 1 and 2 leave \
             after Homa's packets of the same instant; the cause is not known for sure: it may be the order in which the \
             stand-in for the NIC takes its queues",
}];

/// The entry of a sequence, if it has one.
pub(crate) fn held(name: &str) -> Option<&'static Held> {
    HELD.iter().find(|held| held.name == name)
}
