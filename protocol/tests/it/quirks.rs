//! Quirks are switched all together or one by one, by name.

use homa_protocol::Quirks;
use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer};

#[derive(Debug, Deserialize)]
struct File {
    quirks: Quirks,
}

fn read(text: &str) -> Result<Quirks, String> {
    toml::from_str::<File>(text).map(|file| file.quirks).map_err(|error| error.to_string())
}

fn numbers(quirks: &Quirks) -> Vec<u8> {
    Quirks::ROWS.iter().filter(|row| quirks.get(row.name).unwrap()).map(|row| row.number).collect()
}

#[test]
fn the_default_follows_the_kernel_in_everything_that_is_defined() {
    assert_eq!(Quirks::default(), Quirks::linux());
    assert_eq!(
        numbers(&Quirks::linux()),
        [1, 2, 3, 4, 5, 6, 7].into_iter().chain(9..=11).chain(14..=37).collect::<Vec<_>>()
    );
}

#[test]
fn the_fixed_set_keeps_what_is_advised_to_be_copied() {
    assert_eq!(numbers(&Quirks::fixed()), [6, 18, 19]);
    for row in Quirks::ROWS {
        assert_eq!(Quirks::fixed().get(row.name), Some(row.fixed), "{}", row.name);
    }
}

#[test]
fn every_row_is_the_switch_of_its_name() {
    for row in Quirks::ROWS {
        let mut quirks = Quirks::linux();
        quirks.set(row.name, false).unwrap();
        let left: Vec<u8> = Quirks::ROWS.iter().map(|row| row.number).filter(|number| *number != row.number).collect();
        assert_eq!(numbers(&quirks), left);
    }
    let mut quirks = Quirks::linux();
    quirks.set("redundant_grants", false).unwrap();
    assert_eq!(quirks, Quirks { redundant_grants: false, ..Quirks::linux() });
}

#[test]
fn an_unknown_name_is_refused() {
    let mut quirks = Quirks::fixed();
    let error = quirks.set("redundant_grant", true).unwrap_err();
    assert_eq!(error.to_string(), "there is no quirk `redundant_grant`; `Quirks::ROWS` lists all names");
    assert_eq!((quirks, quirks.get("base")), (Quirks::fixed(), None));
}

#[test]
fn a_name_selects_a_whole_set() {
    assert_eq!(read("quirks = \"linux\""), Ok(Quirks::linux()));
    assert_eq!(read("quirks = \"fixed\""), Ok(Quirks::fixed()));
    assert_eq!(read("quirks = {}"), Ok(Quirks::linux()));
}

#[test]
fn single_switches_differ_from_the_base_wherever_it_stands() {
    let expected = Quirks { endless_need_acks: true, need_ack_resends: false, ..Quirks::fixed() };
    assert_eq!(read("[quirks]\nbase = \"fixed\"\nendless_need_acks = true\nneed_ack_resends = false"), Ok(expected));
    assert_eq!(read("[quirks]\nendless_need_acks = true\nneed_ack_resends = false\nbase = \"fixed\""), Ok(expected));
    assert_eq!(
        read("[quirks]\nzero_length_accepted = false"),
        Ok(Quirks { zero_length_accepted: false, ..Quirks::linux() })
    );
}

#[test]
fn what_is_wrong_is_refused_where_it_stands() {
    let unknown = read("[quirks]\nbase = \"fixed\"\nrepeated_timeout = true").unwrap_err();
    assert!(unknown.contains("line 3, column 1") && unknown.contains("`repeated_timeouts`"), "{unknown}");
    let base = read("[quirks]\nbase = \"freebsd\"").unwrap_err();
    assert!(base.contains("line 2, column 8") && base.contains("expected `linux` or `fixed`"), "{base}");
    let set = read("quirks = \"freebsd\"").unwrap_err();
    assert!(set.contains("line 1, column 10") && set.contains("expected `linux` or `fixed`"), "{set}");
    let number = read("[quirks]\nstale_remaining = 1").unwrap_err();
    assert!(number.contains("line 2, column 19") && number.contains("expected a boolean"), "{number}");
    let neither = read("quirks = true").unwrap_err();
    assert!(neither.contains("expected \"linux\", \"fixed\" or a table of quirks"), "{neither}");
}

/// TOML can't have them, so that only other formats can bring them.
#[test]
fn keys_that_are_no_names_and_keys_given_twice_are_refused() {
    let numbers = MapDeserializer::<_, Error>::new([(1_u8, true)].into_iter());
    let told = Quirks::deserialize(numbers).unwrap_err().to_string();
    assert_eq!(told, "invalid type: integer `1`, expected the name of a quirk, or `base`");
    let twice = MapDeserializer::<_, Error>::new([("stale_remaining", true), ("stale_remaining", true)].into_iter());
    assert_eq!(Quirks::deserialize(twice).unwrap_err().to_string(), "duplicate field `stale_remaining`");
    let base = MapDeserializer::<_, Error>::new([("base", "linux"), ("base", "fixed")].into_iter());
    assert_eq!(Quirks::deserialize(base).unwrap_err().to_string(), "duplicate field `base`");
}

#[test]
fn what_is_printed_is_the_full_table_and_is_read_again() {
    let quirks = Quirks { fifo_level_sticks: false, offset_needs_gro: true, ..Quirks::fixed() };
    let text = toml::to_string(&quirks).unwrap();
    assert_eq!(text.lines().count(), Quirks::ROWS.len());
    assert_eq!(read(&format!("[quirks]\n{text}")), Ok(quirks));
}
