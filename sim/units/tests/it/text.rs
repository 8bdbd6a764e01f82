//! Quantities parse what they print, exactly, and say what they would have accepted.

use homa_units::{BitRate, Bytes, Duration};
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_printed_quantity_parses_back(value: u64) {
        let time = Duration::from_ps(value);
        prop_assert_eq!(time.to_string().parse::<Duration>(), Ok(time));
        let bytes = Bytes::new(value);
        prop_assert_eq!(bytes.to_string().parse::<Bytes>(), Ok(bytes));
        let rate = BitRate::from_bps(value);
        prop_assert_eq!(rate.to_string().parse::<BitRate>(), Ok(rate));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in ".{0,12}") {
        let _ = text.parse::<Duration>();
        let _ = text.parse::<Bytes>();
    }
}

#[test]
fn decimals_are_exact_or_refused() {
    assert_eq!("1.5us".parse(), Ok(Duration::from_ns(1_500)));
    assert_eq!("0.2 ns".parse(), Ok(Duration::from_ps(200)));
    assert_eq!("25Gbps".parse(), Ok(BitRate::from_gbps(25)));
    assert!("0.0001ns".parse::<Duration>().is_err());
    assert!("99999999999s".parse::<Duration>().is_err());
}

#[test]
fn errors_say_what_is_accepted() {
    let message = |text: &str| text.parse::<Duration>().unwrap_err().to_string();
    assert_eq!(message("20"), "`20` is not a time; write a number and a unit, for example \"150ms\"");
    assert_eq!(message("20m"), "`20m` has the unknown unit `m`; known units are ps, ns, us, ms, s");
    assert_eq!(message("-3ms"), "`-3ms` is not a time; write a number and a unit, for example \"150ms\"");
}

#[test]
fn a_byte_takes_whole_picoseconds_at_every_common_rate() {
    for (gbps, ps) in
        [(1, 8000), (10, 800), (25, 320), (40, 200), (50, 160), (100, 80), (200, 40), (400, 20), (800, 10)]
    {
        assert_eq!(BitRate::from_gbps(gbps).byte_time(), Some(Duration::from_ps(ps)));
    }
    assert_eq!(BitRate::from_bps(3).byte_time(), None);
}
