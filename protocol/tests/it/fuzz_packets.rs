//! The fuzzer's corpus of packets, and 20,000 mutations of it, hold what must hold for any bytes.

use crate::fuzzing::corpus::{files, mutate};
use crate::fuzzing::packets;
use homa_protocol::PacketType;
use homa_protocol::wire::{self, IpHeader, Version};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

const MUTATIONS: usize = 20_000;

#[test]
fn the_corpus_has_every_packet_type_in_every_wrapping_and_icmp() {
    let mut seen = BTreeSet::new();
    for bytes in files("packets") {
        assert!(bytes.len() <= 400, "seeds are small");
        let (header, payload) = IpHeader::decode(&bytes).expect("every seed is an IP packet");
        match wire::decode_ip(&bytes, Version::Linux) {
            Ok((_, packet, _)) => seen.insert((header.source.is_ipv4(), header.protocol, packet.packet_type().name())),
            Err(_) => seen.insert((header.source.is_ipv4(), header.protocol, "")),
        };
        packets::packets(payload);
    }
    for packet_type in PacketType::ALL {
        for (is_ipv4, protocol) in [(true, 146), (false, 146), (true, 6)] {
            assert!(seen.contains(&(is_ipv4, protocol, packet_type.name())), "{is_ipv4} {protocol} {packet_type:?}");
        }
    }
    assert!(seen.contains(&(true, 1, "")) && seen.contains(&(false, 58, "")));
}

#[test]
fn every_file_of_the_corpus_holds() {
    for bytes in files("packets") {
        packets::packets(&bytes);
    }
}

#[test]
fn mutations_of_the_corpus_hold() {
    let corpus = files("packets");
    let mut rng = ChaCha8Rng::seed_from_u64(146);
    let mut decoded = 0;
    for round in 0..MUTATIONS {
        let mut bytes = corpus[round % corpus.len()].clone();
        mutate(&mut bytes, &corpus, &mut rng);
        decoded += usize::from(wire::decode_ip(&bytes, Version::Linux).is_ok());
        packets::packets(&bytes);
    }
    assert!((1_000..MUTATIONS).contains(&decoded), "{decoded} mutations still decode");
}
