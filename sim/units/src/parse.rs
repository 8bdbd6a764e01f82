//! One parser for all quantities: a decimal number, optionally followed by a unit.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use thiserror::Error;

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseUnitError {
    /// The text has no number, or more than a number and a unit.
    #[error("`{text}` is not {what}; write a number and a unit, for example {example}")]
    Malformed {
        /// What was given.
        text: String,
        /// What was expected, with its article.
        what: &'static str,
        /// A text that would have been accepted.
        example: &'static str,
    },
    /// The unit is not known.
    #[error("`{text}` has the unknown unit `{unit}`; known units are {known}")]
    UnknownUnit {
        /// What was given.
        text: String,
        /// The unit in it.
        unit: String,
        /// The accepted units.
        known: String,
    },
    /// The value can't be represented without rounding, or is too large.
    #[error("`{text}` is too large, or finer than the smallest step of {what}")]
    NotExact {
        /// What was given.
        text: String,
        /// What was expected, with its article.
        what: &'static str,
    },
}

/// What a quantity looks like in text.
pub(crate) struct Grammar {
    pub(crate) what: &'static str,
    pub(crate) example: &'static str,
    /// Unit names with their size in base units. An empty name allows a bare number.
    pub(crate) units: &'static [(&'static str, u64)],
}

impl Grammar {
    /// Parses `text` into base units, exactly.
    pub(crate) fn parse(&self, text: &str) -> Result<u64, ParseUnitError> {
        let trimmed = text.trim();
        let split = trimmed.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(trimmed.len());
        let (number, unit) = (&trimmed[..split].replace('_', ""), trimmed[split..].trim());
        let malformed = || ParseUnitError::Malformed { text: text.to_owned(), what: self.what, example: self.example };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.contains('.') || number.ends_with('.') {
            return Err(malformed());
        }
        let Some((_, scale)) = self.units.iter().find(|(name, _)| *name == unit) else {
            if unit.is_empty() {
                return Err(malformed());
            }
            let known = self.units.iter().map(|(name, _)| *name).filter(|name| !name.is_empty());
            return Err(ParseUnitError::UnknownUnit {
                text: text.to_owned(),
                unit: unit.to_owned(),
                known: known.collect::<Vec<_>>().join(", "),
            });
        };
        exact(whole, fraction, *scale)
            .ok_or_else(|| ParseUnitError::NotExact { text: text.to_owned(), what: self.what })
    }

    /// Prints `value` in the largest unit that needs no fraction.
    pub(crate) fn print(&self, value: u64, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let named = || self.units.iter().filter(|(name, _)| !name.is_empty());
        let smallest = named().min_by_key(|(_, scale)| *scale).expect("a grammar has units");
        let fitting = named().filter(|(_, scale)| value >= *scale && value.is_multiple_of(*scale));
        let (name, scale) = fitting.max_by_key(|(_, scale)| *scale).unwrap_or(smallest);
        write!(f, "{}{name}", value / scale)
    }
}

fn exact(whole: &str, fraction: &str, scale: u64) -> Option<u64> {
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}").parse::<u128>().ok()?;
    let divisor = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let scaled = digits.checked_mul(u128::from(scale))?;
    if !scaled.is_multiple_of(divisor) {
        return None;
    }
    u64::try_from(scaled / divisor).ok()
}

/// Implements `FromStr`, `Display` and serde (as text) for a `u64` newtype with a `GRAMMAR`.
macro_rules! textual {
    ($type:ident) => {
        impl core::str::FromStr for $type {
            type Err = crate::ParseUnitError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                GRAMMAR.parse(text).map(Self)
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                GRAMMAR.print(self.0, f)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(TextVisitor)
            }
        }

        struct TextVisitor;

        impl serde::de::Visitor<'_> for TextVisitor {
            type Value = $type;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}, such as {}", GRAMMAR.what, GRAMMAR.example)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                text.parse().map_err(E::custom)
            }
        }
    };
}
pub(crate) use textual;
