//! Gives the crate the fingerprint of what every run passes through, for the keys of runs.

fn main() {
    // Each transport has a fingerprint of its own, for its own runs.
    homa_fingerprint::Sources::of_built_package().without("homa-transports").emit();
}
