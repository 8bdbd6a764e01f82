//! `[check]` of an experiment file.

use serde::de::{self, Deserialize, Deserializer};
use serde::{Deserialize as DeriveDeserialize, Serialize};

/// `[check]`: what `homasim check` takes for a regression.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, DeriveDeserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckSection {
    /// A median may become this much worse, whatever its confidence.
    pub p50_within: Percent,
    /// A 99th percentile may become this much worse, whatever its confidence.
    pub p99_within: Percent,
    /// Whether every digest must be that of the baseline.
    pub digest: bool,
}

impl Default for CheckSection {
    fn default() -> Self {
        Self { p50_within: Percent(5.0), p99_within: Percent(10.0), digest: false }
    }
}

/// A tolerance in percent of the baseline's value.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
pub struct Percent(f64);

impl Percent {
    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if (0.0..=1000.0).contains(&value) {
            return Ok(Self(value));
        }
        Err(de::Error::custom(format!(
            "a tolerance of {value} % is not possible; accepted is a percentage of the baseline's value from 0 to 1000, for \
             example 10"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CheckSection, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_is_as_by_default() {
        assert_eq!(read("").unwrap(), CheckSection::default());
        let given = read("p99_within = 5\ndigest = true").unwrap();
        assert_eq!(given, CheckSection { p99_within: Percent(5.0), digest: true, ..CheckSection::default() });
    }

    #[test]
    fn impossible_tolerances_and_unknown_keys_are_told_with_what_is_accepted() {
        for value in ["-1", "1001", "nan", "inf"] {
            assert!(read(&format!("p50_within = {value}")).unwrap_err().contains("from 0 to 1000"), "{value}");
        }
        assert!(read("p98_within = 1").unwrap_err().contains("`p50_within`"));
    }
}
