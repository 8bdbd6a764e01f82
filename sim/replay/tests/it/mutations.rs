//! A capture in which something was changed does not match: a field, a packet taken out or put in, an order, a delivery.
//!
//! Left out is what the bounds allow: one NEED_ACK, RESEND or redundant GRANT more or less can be a slower tick or
//! another batch.

use crate::common::{self, Capture, HOMA_AT, node};

const DATA: u8 = 0x10;
const GRANT: u8 = 0x11;
const RESEND: u8 = 0x12;
const RPC_UNKNOWN: u8 = 0x13;
const BUSY: u8 = 0x14;
const CUTOFFS: u8 = 0x15;
const NEED_ACK: u8 = 0x17;
const ACK: u8 = 0x18;

/// Captures, and the node whose packets are changed.
const CHANGED: [(&str, u8, u8); 18] = [
    ("01a", 1, DATA),
    ("01a", 3, CUTOFFS),
    ("03", 1, GRANT),
    ("04d", 3, GRANT),
    ("07a", 1, RESEND),
    ("07a", 3, RESEND),
    ("07a", 3, BUSY),
    ("07d", 3, RPC_UNKNOWN),
    ("07h", 3, DATA),
    ("07j", 1, RESEND),
    ("07o", 1, DATA),
    ("07o", 1, BUSY),
    ("07q", 1, RESEND),
    ("07t", 3, NEED_ACK),
    ("09a", 1, ACK),
    ("09d", 1, ACK),
    ("10a", 3, CUTOFFS),
    ("10b", 1, DATA),
];

/// Fields of each type: name, where the last byte is, which bits are changed.
fn fields(packet_type: u8) -> &'static [(&'static str, usize, u8)] {
    const H: usize = HOMA_AT;
    match packet_type {
        DATA => &[
            ("priority", 15, 0x20),
            ("length of the message", H + 31, 1),
            ("incoming", H + 35, 1),
            ("cutoff_version", H + 47, 2),
            ("retransmit", H + 48, 1),
            ("offset", H + 7, 1),
            ("seg_offset", H + 55, 1),
            ("RPC", H + 27, 0x40),
        ],
        GRANT => &[("offset", H + 31, 1), ("priority", H + 32, 1), ("RPC", H + 27, 0x40), ("level", 15, 0x20)],
        RESEND => &[("offset", H + 31, 1), ("length", H + 35, 1), ("priority", H + 36, 1), ("RPC", H + 27, 0x40)],
        CUTOFFS => &[("cutoff", H + 51, 1), ("version", H + 61, 2), ("RPC", H + 27, 0x40)],
        ACK => &[("number", H + 29, 1), ("acknowledged RPC", H + 37, 2), ("RPC", H + 27, 2)],
        _ => &[("type", H + 11, 7), ("RPC", H + 27, 0x40), ("flags", H + 13, 1), ("source port", H + 1, 1)],
    }
}

/// The first, the middle and the last packet of a type.
fn some(capture: &Capture, number: u8, packet_type: u8) -> Vec<usize> {
    let sent = capture.sent(node(number), packet_type);
    assert!(!sent.is_empty(), "there are such packets");
    let mut places = vec![sent[0], sent[sent.len() / 2], sent[sent.len() - 1]];
    places.dedup();
    places
}

#[test]
fn the_captures_match_as_they_are() {
    for (name, number, _) in CHANGED {
        let report = Capture::read(name).replay(node(number));
        assert!(report.is_match(), "{report}");
    }
}

#[test]
fn a_changed_field_shows() {
    for (name, number, packet_type) in CHANGED {
        let capture = Capture::read(name);
        for place in some(&capture, number, packet_type) {
            for (field, at, bits) in fields(packet_type) {
                let mut changed = capture.clone();
                changed.records[place].change(|bytes| bytes[*at] ^= bits);
                let report = changed.replay(node(number));
                assert!(!report.is_match(), "{name}: {field} of frame {place} was changed");
            }
        }
    }
}

#[test]
fn a_changed_grant_is_named_with_its_field() {
    let mut capture = Capture::read("03");
    let place = capture.sent(node(1), GRANT)[0];
    capture.records[place].change(|bytes| bytes[HOMA_AT + 32] ^= 2);
    let report = capture.replay(node(1));
    assert_eq!((report.missing, report.extra, report.differing), (0, 0, 1), "{report}");
    let field = &report.differences[0].fields[0];
    assert_eq!((field.field, field.recorded.as_str(), field.core.as_str()), ("grant_priority", "2", "0"));
}

#[test]
fn a_packet_taken_out_shows() {
    for (name, number, packet_type) in CHANGED {
        if [GRANT, RESEND, NEED_ACK].contains(&packet_type) {
            continue;
        }
        let capture = Capture::read(name);
        for place in some(&capture, number, packet_type) {
            let mut changed = capture.clone();
            changed.records.remove(place);
            let report = changed.replay(node(number));
            assert!(!report.is_match(), "{name}: frame {place} was taken out");
        }
    }
}

#[test]
fn all_packets_that_the_timer_sends_taken_out_show() {
    for (name, number, packet_type) in [("08d", 1, RESEND), ("08f", 1, RESEND), ("08e", 3, NEED_ACK)] {
        let mut changed = Capture::read(name);
        for place in changed.sent(node(number), packet_type).into_iter().rev() {
            changed.records.remove(place);
        }
        let report = changed.replay(node(number));
        assert!(!report.is_match(), "{name}: all {packet_type:#x} were taken out");
    }
}

#[test]
fn a_packet_put_in_twice_shows() {
    for (name, number, packet_type) in CHANGED {
        // One more GRANT to a message that is granted completely is one more batch.
        if packet_type == GRANT {
            continue;
        }
        let capture = Capture::read(name);
        for place in some(&capture, number, packet_type) {
            if packet_type == RESEND && name == "07j" {
                continue;
            }
            let mut changed = capture.clone();
            let copy = changed.records[place].clone();
            changed.records.insert(place, copy);
            let report = changed.replay(node(number));
            assert!(!report.is_match(), "{name}: frame {place} was put in twice");
        }
    }
}

/// Exchanges what two frames carry, but not when.
fn exchange(capture: &mut Capture, first: usize, second: usize) {
    let (a, b) = (capture.records[first].clone(), capture.records[second].clone());
    for (place, (to, from)) in [(first, (&a, &b)), (second, (&b, &a))] {
        let record = &mut capture.records[place];
        record.bytes.clone_from(&from.bytes);
        record.header[8..].copy_from_slice(&from.header[8..]);
        record.row.clone_from(&to.row);
        record.row[5].clone_from(&from.row[5]);
    }
}

#[test]
fn an_exchanged_order_shows() {
    for (name, number, packet_type) in [("02", 1, DATA), ("07h", 3, DATA), ("03", 3, DATA), ("04d", 3, GRANT)] {
        let capture = Capture::read(name);
        let sent = capture.sent(node(number), packet_type);
        for pair in sent.windows(2).step_by(7) {
            let mut changed = capture.clone();
            exchange(&mut changed, pair[0], pair[1]);
            if changed.records[pair[0]].bytes[HOMA_AT..] == capture.records[pair[0]].bytes[HOMA_AT..] {
                continue;
            }
            let report = changed.replay(node(number));
            assert!(!report.is_match(), "{name}: frames {pair:?} were exchanged");
        }
    }
}

#[test]
fn a_packet_that_was_not_delivered_has_no_effect() {
    // What the node sent because of it is missing then. First the sender's node and the type of what is lost.
    for (name, sender, packet_type, number) in [
        ("01a", 1, DATA, 3),
        ("07a", 3, RESEND, 1),
        ("07d", 3, RPC_UNKNOWN, 1),
        ("09a", 3, NEED_ACK, 1),
        ("08a", 1, RESEND, 3),
    ] {
        let mut capture = Capture::read(name);
        let places = capture.sent(node(sender), packet_type);
        let place = places[places.len() / 2];
        capture.records[place].row[1].clear();
        capture.records[place].row[2] = "1".to_owned();
        let report = capture.replay(node(number));
        assert!(!report.is_match(), "{name}: frame {place} was not delivered");
    }
}

#[test]
fn a_wrong_checksum_shows() {
    let mut capture = Capture::read("01a");
    capture.records[0].bytes[HOMA_AT + 16] ^= 1;
    let report = capture.replay(node(1));
    assert_eq!(report.differing, 1, "{report}");
    assert_eq!(report.differences[0].fields[0].field, "checksum");
}

#[test]
fn a_packet_of_an_unknown_type_shows() {
    let mut capture = Capture::read("01a");
    capture.records[0].change(|bytes| bytes[HOMA_AT + 11] = 0x19);
    assert!(!capture.replay(node(1)).is_match());
}

#[test]
fn a_table_that_contradicts_the_pcap_file_shows() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = common::folder().join("03-resp60k.pcap");
    let to = folder.path().join("changed.pcap");
    for extension in ["pcap", "csv", "log"] {
        std::fs::copy(path.with_extension(extension), to.with_extension(extension)).expect("a copy");
    }
    let table = std::fs::read_to_string(to.with_extension("csv")).expect("a table");
    assert!(table.contains(",60000,0,"), "a GRANT of 60000 bytes");
    let changed = table.replacen(",60000,0,", ",60001,0,", 1);
    std::fs::write(to.with_extension("csv"), changed).expect("a file");
    let report = common::replay(&to);
    assert_eq!(report.nodes.iter().map(|node| node.differing).sum::<usize>(), 1, "{report}");
}
