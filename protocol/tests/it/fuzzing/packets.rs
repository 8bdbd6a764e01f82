//! What must hold for any bytes that arrive: nothing panics, and what decodes means the same after encoding.

use homa_protocol::Packet;
use homa_protocol::wire::{self, Family, IpHeader, Version};

/// Longer than any IP packet.
const BUFFER_BYTES: usize = 1 << 16;

/// Takes `data` for everything that a packet from outside can be: an IP packet, the payload of one, an ICMP message.
pub(crate) fn packets(data: &[u8]) {
    for version in [Version::Linux, Version::Stripped] {
        ip_packet(data, version);
        homa_packet(data, version);
    }
    // Few mutations keep the IPv4 header checksum right, so it is made right for a second try.
    let mut repaired = data.to_vec();
    repair(&mut repaired);
    ip_packet(&repaired, Version::Linux);
    icmp(&repaired);
}

/// Encoding a decoded IP packet gives one that decodes to the same, and to the same bytes from then on.
fn ip_packet(bytes: &[u8], version: Version) {
    let Ok((header, packet, payload)) = wire::decode_ip(bytes, version) else { return };
    let mut first = vec![0; BUFFER_BYTES];
    let length = wire::encode_ip(&header, &packet, payload, version, &mut first).expect("what decodes can be encoded");
    assert!(length <= bytes.len(), "decoding invents no bytes");
    first.truncate(length);
    let (header_again, packet_again, payload_again) = wire::decode_ip(&first, version).expect("it decodes again");
    assert_eq!((header_again, packet_again, payload_again), (header, packet, payload));
    let mut second = vec![0xFF; BUFFER_BYTES];
    let length = wire::encode_ip(&header_again, &packet_again, payload_again, version, &mut second);
    assert_eq!(length, Ok(first.len()));
    assert_eq!(second[..first.len()], first);
    if version == Version::Linux {
        let (_, homa) = IpHeader::decode(&first).expect("it decodes again");
        assert!(wire::verify_checksum(homa, header.source, header.destination));
    }
}

/// The same without an IP header.
fn homa_packet(bytes: &[u8], version: Version) {
    let Ok(packet) = wire::decode(bytes, version) else { return };
    let mut again = vec![0xFF; bytes.len()];
    let header_bytes = wire::encode_header(&packet, version, &mut again).expect("what decodes can be encoded");
    if let Packet::Data(data) = &packet {
        assert_eq!(header_bytes + data.length as usize, bytes.len(), "all that follows the header is payload");
    }
    assert_eq!(wire::decode(&again, version), Ok(packet));
}

/// As a message, and as a packet that an error is sent about.
fn icmp(bytes: &[u8]) {
    let messages = [bytes, IpHeader::decode(bytes).map_or(&[][..], |(_, payload)| payload)];
    for family in [Family::V4, Family::V6] {
        for message in messages {
            if let Ok(error) = wire::decode_icmp(message, family) {
                assert_eq!(Family::of(error.destination), family);
            }
        }
    }
    let mut out = [0; wire::MAX_ICMP_BYTES];
    if let Ok(length) = wire::encode_port_unreachable(bytes, &mut out)
        && let Ok((header, packet, _)) = wire::decode_ip(bytes, Version::Linux)
    {
        let error = wire::decode_icmp(&out[..length], Family::of(header.source)).expect("our own error decodes");
        assert_eq!(error.destination, header.destination);
        let ports = error.ports.expect("ports are quoted");
        assert_eq!((ports.sport, ports.dport), (packet.header().sport, packet.header().dport));
    }
}

/// Makes the checksum of an IPv4 header right, if there is one.
fn repair(bytes: &mut [u8]) {
    let Some(first) = bytes.first() else { return };
    let header_bytes = usize::from(first & 0xF) * 4;
    if first >> 4 != 4 || header_bytes < 20 || bytes.len() < header_bytes {
        return;
    }
    bytes[10..12].fill(0);
    let mut sum: u32 = bytes[..header_bytes].chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1])).sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    bytes[10..12].copy_from_slice(&(!(sum as u16)).to_be_bytes());
}
