//! What replaces a key of an experiment file.

use std::str::FromStr;
use thiserror::Error;
use toml::{Table, Value};

/// `key=value`: replaces one key of an experiment file. The value `none` takes the key out.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    pub(crate) key: Vec<String>,
    /// None: the key is taken out.
    pub(crate) value: Option<Value>,
    /// As written.
    pub(crate) text: String,
}

/// A text that is not `key=value`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadOverride {
    /// There is no key.
    #[error("`{0}` is not KEY=VALUE; write for example workload.load=0.5")]
    Key(String),
    /// The value begins as a list, a table or a text in quotes, and can't be read as one.
    #[error(
        "`{text}`: the value begins with `{begin}` and can't be read: {cause}; write for example workload.load=[0.5, 0.8]"
    )]
    Value {
        /// As written.
        text: String,
        /// The first character of the value.
        begin: char,
        /// What is wrong with it.
        cause: String,
    },
}

impl FromStr for Override {
    type Err = BadOverride;

    fn from_str(text: &str) -> Result<Self, BadOverride> {
        let bad = || BadOverride::Key(text.to_owned());
        let (key, value) = text.split_once('=').ok_or_else(bad)?;
        let key: Vec<_> = key.trim().split('.').map(str::to_owned).collect();
        if key.iter().any(String::is_empty) {
            return Err(bad());
        }
        // What is no TOML value is a text without its quotes: sizes=w2, window=10ms.
        let parsed = format!("value = {value}").parse::<Table>();
        let value = match (parsed, value.trim().chars().next()) {
            (Ok(mut table), _) => table.remove("value"),
            (Err(_), Some(_)) if value.trim() == "none" => None,
            (Err(error), Some(begin)) if "[{\"'".contains(begin) => {
                let (text, cause) = (text.to_owned(), error.message().to_owned());
                return Err(BadOverride::Value { text, begin, cause });
            }
            (Err(_), _) => Some(Value::String(value.trim().to_owned())),
        };
        Ok(Self { key, value, text: text.to_owned() })
    }
}
