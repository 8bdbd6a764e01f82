//! Numbers as a report writes them.

/// A whole number with its digits in groups of three.
pub(super) fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with about four digits.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "–".to_owned(),
        f64::INFINITY => "∞".to_owned(),
        9_999.5.. => whole(value.abs().round() as u64),
        99.95.. => format!("{value:.1}"),
        9.995.. => format!("{value:.2}"),
        0.1.. => format!("{value:.3}"),
        0.0 => "0".to_owned(),
        0.000_1.. => format!("{value:.5}"),
        _ => format!("{value:.2e}"),
    }
}

/// A quantile, which is infinite if it is none: that of an unfinished message.
pub(super) fn quantile(value: Option<f64>) -> String {
    number(value.unwrap_or(f64::INFINITY))
}

/// A mean, which is none if nothing finished.
pub(super) fn mean(value: Option<f64>) -> String {
    number(value.unwrap_or(f64::NAN))
}

/// A share as percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A time as people say it.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        ..10.0 => format!("{seconds:.2} s"),
        ..120.0 => format!("{seconds:.1} s"),
        ..7200.0 => format!("{:.1} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// Message sizes from one to another.
pub(super) fn sizes(min: u64, max: u64) -> String {
    if min == max { format!("{} B", whole(max)) } else { format!("{} – {} B", whole(min), whole(max)) }
}

/// `1 case`, `2 cases`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{} {what}{}", whole(number as u64), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{mean, number, quantile, seconds, sizes, whole};

    #[test]
    fn numbers_have_about_four_digits() {
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1.000"),
            (12.345, "12.35"),
            (123.45, "123.5"),
            (1234.5, "1234.5"),
            (12345.6, "12,346"),
            (0.01234, "0.01234"),
            (-2.5, "-2.500"),
            (0.000_012, "1.20e-5"),
        ] {
            assert_eq!(number(value), expected);
        }
        assert_eq!([whole(0), whole(999), whole(1_000), whole(12_345_678)], ["0", "999", "1,000", "12,345,678"]);
        assert_eq!(sizes(1, 2000), "1 – 2,000 B");
        assert_eq!(seconds(90.0), "90.0 s");
    }

    #[test]
    fn a_quantile_of_an_unfinished_message_is_infinite_and_a_mean_of_nothing_is_none() {
        assert_eq!((quantile(None).as_str(), mean(None).as_str()), ("∞", "–"));
    }
}
