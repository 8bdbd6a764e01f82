//! Proves that a trace is read to the picosecond, row by row, and refused with the line of its first mistake.

use homa_units::{Bytes, Duration, Time};
use homa_workloads::{TraceError, TraceReader, TraceRow};
use proptest::prelude::*;
use std::io::{BufReader, Read};

fn read(text: &str) -> Result<Vec<TraceRow>, TraceError> {
    TraceReader::new(text.as_bytes(), 4)?.collect()
}

fn refusal(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

/// The refusal of a trace with these lines below the header.
fn refusal_of(lines: &str) -> String {
    refusal(&format!("t_ns,src,dst,size\n{lines}\n"))
}

#[test]
fn columns_are_found_by_name_and_others_ignored() {
    let rows = read("id,size,dst,src,t_ns,latency_ns\n7, 100 ,1,0,1.5,\n8,4294967295,3,2,1.5,2000.001\n").unwrap();
    let row = |source, destination, size, latency| TraceRow {
        at: Time::from_ps(1500),
        source,
        destination,
        size: Bytes::new(size),
        latency,
    };
    assert_eq!(rows, [row(0, 1, 100, None), row(2, 3, 4_294_967_295, Some(Duration::from_ps(2_000_001)))]);
}

#[test]
fn a_missing_column_is_named() {
    assert_eq!(
        refusal("t_ns,src,size\n1,0,100\n"),
        "line 1: the trace has no column `dst`, only t_ns, src, size; it needs t_ns, src, dst and size, and may have \
         latency_ns"
    );
}

#[test]
fn an_empty_trace_is_refused() {
    let expected =
        "the trace is empty; it needs a line with the columns t_ns, src, dst and size and at least one message";
    assert_eq!(refusal(""), expected);
    assert_eq!(refusal("t_ns,src,dst,size\n"), expected);
}

#[test]
fn hosts_must_exist_and_differ() {
    assert_eq!(refusal_of("1,4,0,100"), "line 2: src is `4`, but must be the index of a host, from 0 to 3");
    assert_eq!(refusal_of("1,0,1,5\n1,0,-1,100"), "line 3: dst is `-1`, but must be the index of a host, from 0 to 3");
    assert_eq!(refusal_of("1,2,2,100"), "line 2: host 2 sends to itself; src and dst must differ");
}

#[test]
fn sizes_must_be_possible() {
    for wrong in ["0", "4294967296", "1e3", ""] {
        let expected = format!("line 2: size is `{wrong}`, but must be a whole number of bytes from 1 to 4294967295");
        assert_eq!(refusal_of(&format!("1,0,1,{wrong}")), expected);
    }
}

#[test]
fn times_must_be_nanoseconds_with_at_most_three_decimals() {
    for wrong in ["1.2345", "1.", ".5", "-1", "+1", "1e3", "1.-5", "", "18446744073709552"] {
        let expected = format!(
            "line 2: t_ns is `{wrong}`, but must be in nanoseconds with at most three decimals, below \
             18446744073709551, for example `1250.125`"
        );
        assert_eq!(refusal_of(&format!("{wrong},0,1,100")), expected);
    }
    let latency = refusal("t_ns,src,dst,size,latency_ns\n1,0,1,100,fast\n");
    assert!(latency.starts_with("line 2: latency_ns is `fast`, but must be in nanoseconds"), "{latency}");
}

#[test]
fn times_must_not_decrease() {
    assert_eq!(
        refusal_of("5,0,1,100\n4.999,0,1,100"),
        "line 3: t_ns is 4999ps, earlier than 5ns on the line before; times must not decrease"
    );
}

#[test]
fn every_line_must_have_all_columns() {
    assert_eq!(refusal_of("1,0,1,100\n2,0,1"), "line 3: there are 3 columns, but the first line has 4");
}

#[test]
fn line_numbers_count_windows_line_ends_and_empty_lines() {
    assert!(refusal("t_ns,src,dst,size\r\n1,0,1,100\r\n2,0,0,100\r\n").starts_with("line 3: "));
    assert!(refusal_of("1,0,1,100\n\n\n2,0,0,100").starts_with("line 5: "));
    assert!(refusal("t_ns,src,dst,size\r\n\r\n1,0,1,100\r\n\r\n2,0,0,100").starts_with("line 5: "));
    assert!(refusal("\n\nt_ns,src,dst\n1,0,1").starts_with("line 3: "));
    assert_eq!(read("t_ns,src,dst,size\r\n1,0,1,100\r\n\r\n").unwrap().len(), 1);
}

#[test]
fn what_is_not_text_is_refused() {
    let input: &[u8] = b"t_ns,src,dst,size\n1,0,1,100\n2,0,1,\xff\n";
    let rows: Result<Vec<_>, _> = TraceReader::new(input, 4).unwrap().collect();
    assert_eq!(rows.unwrap_err().to_string(), "line 3: the trace is not UTF-8 text here");
}

#[test]
fn the_iterator_ends_after_the_first_error() {
    let mut reader = TraceReader::new("t_ns,src,dst,size\n1,0,0,1\n2,0,1,1\n".as_bytes(), 4).unwrap();
    assert!(reader.next().unwrap().is_err());
    assert!(reader.next().is_none());
}

#[test]
fn rows_come_before_the_input_ends() {
    // Endless input: only a reader that doesn't wait for the end gets anywhere.
    let head = "t_ns,src,dst,size\n".as_bytes();
    let input = BufReader::new(head.chain(Endless));
    assert_eq!(TraceReader::new(input, 4).unwrap().take(100_000).filter(Result::is_ok).count(), 100_000);
}

/// The same row again and again.
struct Endless;

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let row = b"1,0,1,99\n";
        let whole = buffer.len() / row.len() * row.len();
        buffer[..whole].chunks_mut(row.len()).for_each(|chunk| chunk.copy_from_slice(row));
        Ok(whole)
    }
}

proptest! {
    #[test]
    fn times_are_exact_to_the_picosecond(ps in 0u64..18_446_744_073_709_551_000) {
        let text = format!("t_ns,src,dst,size\n{}.{:03},0,1,1\n", ps / 1000, ps % 1000);
        prop_assert_eq!(read(&text).unwrap()[0].at, Time::from_ps(ps));
    }
}
