//! Files that aren't what they should be are errors that say where and what; nothing panics.

use crate::common::Capture;
use homa_replay::{Options, ReplayError};
use std::path::PathBuf;
use tempfile::TempDir;

/// Writes a capture, changes one of its files, and replays it.
fn replay_changed(name: &str, extension: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Result<bool, String> {
    let (folder, path) = written(name);
    let file = path.with_extension(extension);
    let bytes = std::fs::read(&file).expect("a file");
    std::fs::write(&file, change(bytes)).expect("a file");
    let result = homa_replay::replay(&path, &Options::default());
    drop(folder);
    result.map(|report| report.is_match()).map_err(|error| error.to_string())
}

fn written(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = Capture::read(name).write(&folder);
    (folder, path)
}

fn text(change: impl FnOnce(String) -> String) -> impl FnOnce(Vec<u8>) -> Vec<u8> {
    |bytes| change(String::from_utf8(bytes).expect("text")).into_bytes()
}

#[track_caller]
fn assert_error(result: Result<bool, String>, parts: &[&str]) {
    let error = result.expect_err("an error");
    for part in parts {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    for extension in ["pcap", "csv", "log"] {
        let (_folder, path) = written("01a");
        std::fs::remove_file(path.with_extension(extension)).expect("a file");
        let error = homa_replay::replay(&path, &Options::default()).expect_err("an error");
        assert!(matches!(error, ReplayError::Unreadable { .. }));
        assert!(error.to_string().contains(&format!("changed.{extension}")), "{error}");
    }
}

#[test]
fn a_file_that_is_no_pcap_file_is_refused() {
    assert_error(replay_changed("01a", "pcap", |_| b"no".to_vec()), &["changed.pcap", "not a pcap file"]);
    assert_error(replay_changed("01a", "pcap", |_| vec![7; 100]), &["changed.pcap", "not a pcap file"]);
}

#[test]
fn a_pcap_file_that_ends_early_names_the_frame() {
    assert_error(
        replay_changed("01a", "pcap", |bytes| bytes[..bytes.len() - 3].to_vec()),
        &["changed.pcap", "frame 10"],
    );
}

#[test]
fn no_length_of_a_pcap_file_panics() {
    let (_folder, path) = written("01a");
    let bytes = std::fs::read(&path).expect("a file");
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).expect("a file");
        // Fewer frames than rows, or half a frame.
        assert!(homa_replay::replay(&path, &Options::default()).is_err(), "{length} bytes");
    }
}

#[test]
fn no_changed_byte_of_a_pcap_file_panics() {
    let (_folder, path) = written("07g");
    let bytes = std::fs::read(&path).expect("a file");
    for place in (0..bytes.len()).step_by(3) {
        let mut changed = bytes.clone();
        changed[place] ^= 0xFF;
        std::fs::write(&path, &changed).expect("a file");
        let _ = homa_replay::replay(&path, &Options::default());
    }
}

#[test]
fn another_link_type_is_refused() {
    let change = |mut bytes: Vec<u8>| {
        bytes[20] = 101;
        bytes
    };
    assert_error(replay_changed("01a", "pcap", change), &["link type 101", "Ethernet (1)"]);
}

#[test]
fn a_missing_column_is_named() {
    for column in ["t_us", "t_deliver_us", "dropped", "src", "dst", "len_on_wire"] {
        let change = text(|table: String| table.replacen(column, "other", 1));
        assert_error(replay_changed("01a", "csv", change), &["changed.csv", column]);
    }
}

#[test]
fn rows_and_frames_must_be_as_many() {
    let change = text(|table: String| table.lines().take(5).collect::<Vec<_>>().join("\n"));
    assert_error(replay_changed("01a", "csv", change), &["changed.csv", "4 rows", "10 frames"]);
}

#[test]
fn a_row_must_be_about_its_frame() {
    let change = text(|table: String| table.replacen("10.0.0.3,96", "10.0.0.3,97", 1).replacen(",96", ",97", 1));
    assert_error(replay_changed("01a", "csv", change), &["changed.csv:3", "len_on_wire", "97", "96"]);
    let change = text(|table: String| table.replacen("776.2,", "777.2,", 1));
    assert_error(replay_changed("01a", "csv", change), &["changed.csv:3", "t_us", "777.200", "776.182"]);
    let change = text(|table: String| table.replacen(",10.0.0.1,", ",10.0.0.9,", 1));
    assert_error(replay_changed("01a", "csv", change), &["changed.csv:2", "src", "10.0.0.9", "10.0.0.1"]);
}

#[test]
fn a_value_of_the_table_says_what_is_accepted() {
    let change = text(|table: String| table.replacen(",0,10.0.0.1", ",7,10.0.0.1", 1));
    assert_error(replay_changed("01a", "csv", change), &["changed.csv:2", "dropped `7`", "0, 1 or 2"]);
    let change = text(|table: String| table.replacen("188.0", "soon", 1));
    assert_error(replay_changed("01a", "csv", change), &["changed.csv:2", "t_deliver_us `soon`", "microseconds"]);
    let change = text(|table: String| table.replacen("188.0", "-1", 1));
    assert_error(replay_changed("01a", "csv", change), &["t_deliver_us `-1`"]);
}

#[test]
fn a_value_of_the_log_says_what_is_accepted() {
    let change = text(|log: String| log.replacen("id 1020", "id x", 1));
    assert_error(replay_changed("01a", "log", change), &["changed.log:4", "id `x`", "whole number"]);
    let change = text(|log: String| log.replacen("link_mbps=50", "link_mbps=fast", 1));
    assert_error(replay_changed("06d", "log", change), &["changed.log", "link_mbps"]);
}

#[test]
fn a_log_that_is_not_text_is_an_error() {
    assert_error(replay_changed("01a", "log", |_| vec![0xFF, 0xFE, 0]), &["changed.log"]);
}

#[test]
fn an_empty_log_leaves_calls_to_be_inferred() {
    assert_eq!(replay_changed("01a", "log", |_| Vec::new()), Ok(true));
}

#[test]
fn any_file_of_a_capture_stands_for_it() {
    let (_folder, path) = written("01a");
    for name in [path.with_extension("csv"), path.with_extension("log"), path.with_extension("")] {
        assert!(homa_replay::replay(&name, &Options::default()).expect("a capture").is_match());
    }
}

#[test]
fn a_node_that_sent_nothing_is_an_error() {
    let (_folder, path) = written("01a");
    let node = "10.9.9.9".parse().ok();
    let error = homa_replay::replay(&path, &Options { node, ..Options::default() }).expect_err("an error");
    assert!(error.to_string().contains("10.9.9.9"), "{error}");
}
