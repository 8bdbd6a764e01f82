//! The fields of a JSON object, read with errors that name key and value.

use serde_json::{Map, Value};

/// An object of a vector file.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value, what: &str) -> Result<Self, String> {
        value.as_object().map(Self).ok_or_else(|| format!("{what} is {value}; an object is expected"))
    }

    fn value(&self, key: &str) -> Result<&'a Value, String> {
        self.0.get(key).ok_or_else(|| format!("`{key}` is missing"))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, String> {
        let value = self.value(key)?;
        value.as_str().ok_or_else(|| format!("`{key}` is {value}; a text is expected"))
    }

    pub(super) fn list(&self, key: &str) -> Result<&'a [Value], String> {
        let value = self.value(key)?;
        value.as_array().map(Vec::as_slice).ok_or_else(|| format!("`{key}` is {value}; a list is expected"))
    }

    /// A whole number of any kind that JSON can hold.
    pub(super) fn whole(&self, key: &str) -> Result<i128, String> {
        whole(self.value(key)?).ok_or_else(|| format!("`{key}` is {}; a whole number is expected", self.0[key]))
    }

    /// A number that fits the type asked for.
    pub(super) fn number<T: TryFrom<i128>>(&self, key: &str) -> Result<T, String> {
        let number = self.whole(key)?;
        T::try_from(number).map_err(|_| format!("`{key}` is {number}, which is out of range"))
    }

    /// A 32-bit field, which the files print as a signed number.
    pub(super) fn word(&self, key: &str) -> Result<u32, String> {
        let number = self.whole(key)?;
        word(number).ok_or_else(|| format!("`{key}` is {number}; it has 32 bits"))
    }

    /// A 64-bit field, which the files print as a signed number.
    pub(super) fn long(&self, key: &str) -> Result<u64, String> {
        let number = self.whole(key)?;
        let long = u64::try_from(number).ok().or_else(|| i64::try_from(number).ok().map(|signed| signed as u64));
        long.ok_or_else(|| format!("`{key}` is {number}; it has 64 bits"))
    }

    /// Whether a field that is 0 or 1 is 1.
    pub(super) fn flag(&self, key: &str) -> Result<bool, String> {
        match self.whole(key)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!("`{key}` is {other}; 0 or 1 is expected")),
        }
    }
}

/// The whole number that a JSON value is.
pub(super) fn whole(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

/// The 32 bits of a number that may be printed as signed.
pub(super) fn word(number: i128) -> Option<u32> {
    u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(|signed| signed as u32))
}
