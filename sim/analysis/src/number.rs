//! Numbers that are none in files: serde_json writes infinities and what is not a number as null,
//! csv would write them as words. An empty field and null mean the same here. A column has one of
//! the two, so that reading gives what was written.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What was left out because it is not known.
pub(crate) const fn nan() -> f64 {
    f64::NAN
}

/// What was left out because it has no bound.
pub(crate) const fn infinity() -> f64 {
    f64::INFINITY
}

fn finite_or_none<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    value.is_finite().then_some(value).serialize(serializer)
}

/// None is what is not a number.
pub(crate) mod nan_is_none {
    use super::*;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        finite_or_none(*value, serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

/// None is infinite.
pub(crate) mod infinity_is_none {
    use super::*;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        finite_or_none(*value, serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
    }
}
