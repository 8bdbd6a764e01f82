//! Files with a line for each message are read as a stream, whatever the order of their columns, and nothing malformed is
//! passed over.

use homa_analysis::{MessageRow, read_messages};

fn read(text: &str) -> Result<Vec<MessageRow>, String> {
    let mut rows = Vec::new();
    let outcome = read_messages(text.as_bytes(), "m.csv", |row| {
        if row.bytes == 666 {
            return Err("not that one".to_owned());
        }
        rows.push(row);
        Ok(())
    });
    outcome.map(|()| rows).map_err(|error| error.to_string())
}

#[test]
fn our_own_columns_are_read_and_unfinished_messages_are_infinitely_slow() {
    let text = "created_ps,source,destination,bytes,latency_ps,slowdown\n5,0,1,100,7,1.5\n6,0,1,200,,\n";
    let row = |created, bytes, slowdown, latency_ps| MessageRow {
        seed: None,
        created_ps: Some(created),
        bytes,
        slowdown,
        latency_ps,
        hosts: Some((0, 1)),
    };
    assert_eq!(read(text).unwrap(), [row(5, 100, 1.5, Some(7)), row(6, 200, f64::INFINITY, None)]);
}

#[test]
fn other_simulators_columns_are_read_too() {
    let rows = read("# said of it\nt_ns,src,dst,size,latency_ns,slowdown\n1.9,0,1,40,5095.8,2.07\n").unwrap();
    let row = MessageRow { seed: None, created_ps: None, bytes: 40, slowdown: 2.07, latency_ps: None, hosts: None };
    assert_eq!(rows, [row]);
    let rows = read("slowdown,bytes,seed\n2,40,7\n").unwrap();
    assert_eq!(rows, [MessageRow { seed: Some(7), slowdown: 2.0, ..row }]);
}

#[test]
fn malformed_lines_are_refused_with_file_line_and_what_is_accepted() {
    for (line, part) in [
        ("1,x,2.0", "bytes `x`"),
        ("1,0,2.0", "bytes `0`"),
        ("1,4294967296,2.0", "4294967295"),
        ("1,-3,2.0", "bytes `-3`"),
        ("1,100,nan", "slowdown `nan`"),
        ("1,100,inf", "slowdown `inf`"),
        ("1,100,-1", "slowdown `-1`"),
        ("1,100,0", "slowdown `0`"),
        ("y,100,2.0", "created_ps `y`"),
        ("1,100", "2 fields; accepted are 3"),
        ("1,666,2.0", "not that one"),
    ] {
        let message = read(&format!("created_ps,bytes,slowdown\n1,100,2.0\n{line}\n")).unwrap_err();
        assert!(message.starts_with("m.csv: line 3: ") && message.contains(part), "{message}");
    }
}

#[test]
fn a_missing_column_is_named_with_those_that_are_there() {
    assert_eq!(read("a,slowdown\n").unwrap_err(), "m.csv: no column `bytes`; it has a, slowdown");
    assert_eq!(read("bytes,b\n").unwrap_err(), "m.csv: no column `slowdown`; it has bytes, b");
}
