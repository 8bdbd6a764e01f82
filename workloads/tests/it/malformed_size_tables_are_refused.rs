//! Proves that a size table with a mistake is refused with its line, the value and what is accepted.

use homa_workloads::SizeDistribution;

fn refusal(text: &str) -> String {
    SizeDistribution::from_csv(text, "mine").unwrap_err().to_string()
}

/// The refusal of a table with these lines below the header.
fn refusal_of(lines: &str) -> String {
    refusal(&format!("size_bytes,cum_prob\n{lines}\n"))
}

#[test]
fn the_header_is_required() {
    assert_eq!(
        refusal("10,0.5\n20,1\n"),
        "sizes `mine`, line 1: the header is `10,0.5`, but must be `size_bytes,cum_prob`"
    );
}

#[test]
fn points_are_required() {
    let expected =
        "sizes `mine` have no points; write `size_bytes,cum_prob` and below it at least one line like `1500,1`";
    assert_eq!(refusal(""), expected);
    assert_eq!(refusal("size_bytes,cum_prob\n"), expected);
}

#[test]
fn sizes_must_be_positive_whole_numbers() {
    let expected = "sizes `mine`, line 2: the size `0` must be a whole number of bytes from 1 to 4294967295";
    assert_eq!(refusal_of("0,1"), expected);
    for wrong in ["-5", "+5", "1.5", "4294967296", "ten", ""] {
        assert_eq!(refusal_of(&format!("{wrong},1")), expected.replace("`0`", &format!("`{wrong}`")));
    }
}

#[test]
fn probabilities_must_be_above_zero_and_at_most_one() {
    let expected = "sizes `mine`, line 3: the cumulative probability `1.01` must be a number above 0 and at most 1";
    for wrong in ["1.01", "0", "-0.1", "NaN", "inf", "x"] {
        assert_eq!(refusal_of(&format!("1,0.1\n5,{wrong}")), expected.replace("1.01", wrong));
    }
}

#[test]
fn both_columns_must_increase() {
    assert_eq!(refusal_of("10,0.5\n10,1"), "sizes `mine`, line 3: the size 10 must be above 10, the one before it");
    assert_eq!(
        refusal_of("10,0.5\n\n20,0.5\n30,1"),
        "sizes `mine`, line 4: the cumulative probability 0.5 must be above 0.5, the one before it"
    );
}

#[test]
fn the_last_probability_must_be_one() {
    assert_eq!(
        refusal_of("10,0.5\n20,0.999"),
        "sizes `mine`, line 3: the last cumulative probability is 0.999, but must be exactly 1"
    );
}

#[test]
fn lines_must_have_two_columns() {
    let expected = "sizes `mine`, line 2: `10` is not a point; write a size in bytes, a comma and the cumulative \
                    probability, for example `1500,0.25`";
    assert_eq!(refusal_of("10"), expected);
    assert_eq!(refusal_of("10,0.5,7"), expected.replace("`10`", "`10,0.5,7`"));
}

#[test]
fn the_interpolation_must_be_known_and_come_first() {
    assert_eq!(
        refusal("# interpolate = \"cubic\"\nsize_bytes,cum_prob\n10,1\n"),
        "sizes `mine`, line 1: `# interpolate = \"cubic\"` is not accepted; write `# interpolate = \"steps\"` or \
         `# interpolate = \"linear\"`"
    );
    assert_eq!(
        refusal_of("# interpolate = \"linear\"\n10,1"),
        "sizes `mine`, line 2: `# interpolate = \"linear\"` must be the first line"
    );
}

#[test]
fn comments_and_empty_lines_are_skipped() {
    let text = "# interpolate = \"steps\"\r\n# measured\r\nsize_bytes,cum_prob\r\n10,0.5\r\n\r\n# tail\r\n20,1.0\r\n";
    let sizes = SizeDistribution::from_csv(text, "mine").unwrap();
    assert_eq!((sizes.name(), sizes.mean(), sizes.load_factor()), ("mine", 15.0, None));
}

#[test]
fn an_unknown_name_is_refused_with_all_names() {
    let refusal = SizeDistribution::shipped("w6").unwrap_err().to_string();
    assert!(refusal.starts_with("no size distribution is called `w6`; known are w1, w2, w3, w4, w5, w1-sampled, "));
    assert!(homa_workloads::shipped_names().all(|(name, _)| refusal.contains(name)));
}
