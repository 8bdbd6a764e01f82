//! Whether one number has become worse: beyond its tolerance, and beyond its confidence.

use serde::Serialize;

/// An estimated number with its 95 % confidence interval. Larger is worse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number; none: infinite, as that of an unfinished message.
    pub value: Option<f64>,
    /// Lower end of the interval; none: the confidence is not known.
    pub low: Option<f64>,
    /// Upper end of the interval; none: unbounded if there is a lower one.
    pub high: Option<f64>,
}

/// What became of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is better beyond tolerance and confidence.
    Better,
    /// It is the same.
    Same,
    /// It moved no more than it may.
    WithinTolerance,
    /// It moved more than that, but the two confidence intervals have values in common.
    WithinConfidence,
    /// It is worse beyond tolerance and confidence: a regression.
    Worse,
}

impl Estimate {
    fn value(&self) -> f64 {
        self.value.unwrap_or(f64::INFINITY)
    }

    /// The ends of the interval, if it is known.
    fn interval(&self) -> Option<(f64, f64)> {
        Some((self.low?, self.high.unwrap_or(f64::INFINITY)))
    }

    /// By how many percent `now` is larger; none if one of both is infinite or this is zero.
    #[must_use]
    pub fn change_percent(&self, now: &Self) -> Option<f64> {
        let (before, now) = (self.value?, now.value?);
        (before > 0.0).then(|| 100.0 * (now / before - 1.0))
    }

    /// Whether `now` differs by more than so many percent.
    fn differs(&self, now: &Self, percent: f64) -> bool {
        let (before, now) = (self.value(), now.value());
        if before.is_infinite() || now.is_infinite() {
            return before != now;
        }
        // 105 is 5 % more than 100, however the product is rounded.
        let allowed = percent / 100.0 * before;
        (now - before).abs() > allowed * (1.0 + 4.0 * f64::EPSILON)
    }

    /// What became of this number, which is `now` and may differ by so many percent.
    ///
    /// A difference is within confidence if the two intervals overlap. That is more cautious than a test of one difference
    /// at 95 % (of normal errors it asks for 2.8 standard errors where that asks for 2.0), as it has to be where dozens of
    /// numbers are judged at once.
    #[must_use]
    pub fn judge(&self, now: &Self, percent: f64) -> Outcome {
        if self.value() == now.value() {
            return Outcome::Same;
        }
        if !self.differs(now, percent) {
            return Outcome::WithinTolerance;
        }
        if let (Some((low, high)), Some((now_low, now_high))) = (self.interval(), now.interval())
            && low <= now_high
            && now_low <= high
        {
            return Outcome::WithinConfidence;
        }
        if now.value() > self.value() { Outcome::Worse } else { Outcome::Better }
    }

    /// So many of `all` messages, as a percentage. Counts of rare events scatter like Poisson's, whose root has a standard
    /// error of a half.
    pub(crate) fn share(count: u64, all: u64) -> Self {
        const HALF: f64 = 0.98;
        let root = (count as f64).sqrt();
        let percent = |count: f64| Some(100.0 * count / all.max(1) as f64);
        let (low, high) = ((root - HALF).max(0.0), root + HALF);
        Self { value: percent(count as f64), low: percent(low * low), high: percent(high * high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exactly(value: f64) -> Estimate {
        Estimate { value: value.is_finite().then_some(value), low: None, high: None }
    }

    fn between(value: f64, low: f64, high: f64) -> Estimate {
        let finite = |value: f64| value.is_finite().then_some(value);
        Estimate { value: finite(value), low: finite(low), high: finite(high) }
    }

    #[test]
    fn a_number_may_move_by_its_tolerance_and_no_more() {
        let judge = |now: f64| exactly(100.0).judge(&exactly(now), 5.0);
        assert_eq!(judge(100.0), Outcome::Same);
        assert_eq!((judge(105.0), judge(95.0)), (Outcome::WithinTolerance, Outcome::WithinTolerance));
        assert_eq!((judge(105.1), judge(94.9)), (Outcome::Worse, Outcome::Better));
    }

    #[test]
    fn what_both_intervals_contain_is_no_regression() {
        let before = between(100.0, 90.0, 110.0);
        assert_eq!(before.judge(&between(120.0, 109.0, 130.0), 5.0), Outcome::WithinConfidence);
        assert_eq!(before.judge(&between(120.0, 111.0, 130.0), 5.0), Outcome::Worse);
        assert_eq!(before.judge(&between(80.0, 70.0, 91.0), 5.0), Outcome::WithinConfidence);
        assert_eq!(before.judge(&between(80.0, 70.0, 89.0), 5.0), Outcome::Better);
        // A tight interval forbids nothing that the tolerance allows.
        assert_eq!(before.judge(&between(104.0, 104.0, 104.0), 5.0), Outcome::WithinTolerance);
    }

    #[test]
    fn without_confidence_on_one_side_only_the_tolerance_counts() {
        assert_eq!(between(100.0, 50.0, 200.0).judge(&exactly(120.0), 5.0), Outcome::Worse);
        assert_eq!(exactly(100.0).judge(&between(120.0, 50.0, 200.0), 5.0), Outcome::Worse);
    }

    #[test]
    fn an_unfinished_tail_is_worse_than_any_finite_one_unless_its_interval_reaches_down() {
        let infinite = f64::INFINITY;
        let before = between(100.0, 90.0, 110.0);
        assert_eq!(exactly(100.0).judge(&exactly(infinite), 1000.0), Outcome::Worse);
        assert_eq!(before.judge(&between(infinite, 120.0, infinite), 5.0), Outcome::Worse);
        assert_eq!(before.judge(&between(infinite, 105.0, infinite), 5.0), Outcome::WithinConfidence);
        assert_eq!(before.judge(&between(infinite, infinite, infinite), 5.0), Outcome::Worse);
        assert_eq!(exactly(infinite).judge(&exactly(infinite), 0.0), Outcome::Same);
        assert_eq!(exactly(infinite).judge(&exactly(100.0), 1000.0), Outcome::Better);
        assert_eq!(before.change_percent(&exactly(infinite)), None);
    }

    #[test]
    fn an_interval_without_an_upper_end_excuses_whatever_is_above() {
        let before = between(100.0, 90.0, f64::INFINITY);
        assert_eq!(before.judge(&between(500.0, 400.0, 600.0), 5.0), Outcome::WithinConfidence);
    }

    #[test]
    fn a_few_unfinished_messages_are_chance_and_more_are_not() {
        let none = Estimate::share(0, 1_000_000);
        assert_eq!(none.judge(&Estimate::share(0, 900_000), 0.0), Outcome::Same);
        assert_eq!(none.judge(&Estimate::share(3, 1_000_000), 0.0), Outcome::WithinConfidence);
        assert_eq!(none.judge(&Estimate::share(4, 1_000_000), 0.0), Outcome::Worse);
        assert_eq!(Estimate::share(100, 1_000).judge(&Estimate::share(120, 1_000), 0.0), Outcome::WithinConfidence);
        assert_eq!(Estimate::share(100, 1_000).judge(&Estimate::share(50, 1_000), 0.0), Outcome::Better);
    }

    /// -1 better, 0 neither, 1 worse.
    fn side(outcome: Outcome) -> i8 {
        match outcome {
            Outcome::Better => -1,
            Outcome::Worse => 1,
            Outcome::Same | Outcome::WithinTolerance | Outcome::WithinConfidence => 0,
        }
    }

    fn estimate() -> impl Strategy<Value = Estimate> {
        let value = prop_oneof![9 => 1.0..50.0_f64, 1 => Just(f64::INFINITY)];
        (value, 0.0..0.5_f64, 0.0..0.5_f64, any::<bool>()).prop_map(|(value, below, above, is_known)| {
            let interval =
                if value.is_finite() { (value * (1.0 - below), value * (1.0 + above)) } else { (30.0, value) };
            if is_known { between(value, interval.0, interval.1) } else { exactly(value) }
        })
    }

    /// The estimate with everything larger by a factor.
    fn grown(estimate: Estimate, factor: f64) -> Estimate {
        let Estimate { value, low, high } = estimate;
        let [value, low, high] = [value, low, high].map(|number| number.map(|number| number * factor));
        Estimate { value, low, high }
    }

    proptest! {
        #[test]
        fn a_larger_number_never_has_a_better_verdict(
            before in estimate(), now in estimate(), factor in 1.0..3.0_f64, percent in 0.0..30.0_f64,
        ) {
            prop_assert!(side(before.judge(&now, percent)) <= side(before.judge(&grown(now, factor), percent)));
            prop_assert!(side(before.judge(&now, percent)) >= side(grown(before, factor).judge(&now, percent)));
        }

        #[test]
        fn a_wider_tolerance_or_interval_never_finds_more(
            before in estimate(), now in estimate(), percent in 0.0..30.0_f64, more in 0.0..30.0_f64,
        ) {
            let judged = side(before.judge(&now, percent));
            let tolerant = side(before.judge(&now, percent + more));
            prop_assert!(tolerant == judged || tolerant == 0);
            let wide = Estimate { low: before.low.map(|low| low * 0.9), high: before.high.map(|high| high * 1.1), ..before };
            let wide = side(wide.judge(&now, percent));
            prop_assert!(wide == judged || wide == 0);
        }

        #[test]
        fn exchanging_before_and_now_exchanges_better_and_worse_without_tolerance(before in estimate(), now in estimate()) {
            prop_assert_eq!(side(before.judge(&now, 0.0)), -side(now.judge(&before, 0.0)));
        }
    }
}
