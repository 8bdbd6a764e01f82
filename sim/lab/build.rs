//! Gives the crate the fingerprint of what makes results of runs, for the keys of cases.

fn main() {
    // Runs have keys of their own, with the fingerprints of what they depend on.
    let sources = homa_fingerprint::Sources::of_built_package().only("src/results");
    sources.without("homa-experiment").without("homa-transports").emit();
}
