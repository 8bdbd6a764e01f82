//! Gives the transport the fingerprint of its sources and of all that it links, for the keys of its
//! runs.

fn main() {
    homa_fingerprint::Sources::of_built_package().emit();
}
