//! `[transport]`: which, and a table of parameters for each.

use homa_run::TransportKind;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use toml::{Table, Value};

/// `[transport]`: which, and a table of parameters for each.
#[derive(Debug, Clone, PartialEq)]
pub struct TransportSection {
    /// Which.
    pub kind: TransportKind,
    /// `[transport.NAME]` by name. A transport reads its own ([`TransportKind::check`]).
    pub tables: Table,
}

impl TransportSection {
    /// The parameters of the transport in use, as written.
    #[must_use]
    pub fn parameters(&self) -> Table {
        self.tables.get(self.kind.name()).and_then(Value::as_table).cloned().unwrap_or_default()
    }
}

impl Serialize for TransportSection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut section = serializer.serialize_map(Some(1 + self.tables.len()))?;
        section.serialize_entry("kind", &self.kind)?;
        for (name, table) in &self.tables {
            section.serialize_entry(name, table)?;
        }
        section.end()
    }
}

impl<'de> Deserialize<'de> for TransportSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SectionVisitor)
    }
}

struct SectionVisitor;

impl<'de> Visitor<'de> for SectionVisitor {
    type Value = TransportSection;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table with the key `kind`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut section: A) -> Result<TransportSection, A::Error> {
        let (mut kind, mut tables) = (None, Table::new());
        while let Some(key) = section.next_key::<String>()? {
            if key == "kind" {
                kind = Some(section.next_value::<Named>()?.0);
            } else if homa_transports::find(&key).is_some() {
                tables.insert(key, Value::Table(section.next_value()?));
            } else {
                let known = std::iter::once("kind").chain(homa_transports::all().map(TransportKind::name));
                return Err(de::Error::custom(format!("unknown field `{key}`, expected {}", one_of(known))));
            }
        }
        let kind = kind.ok_or_else(|| de::Error::missing_field("kind"))?;
        Ok(TransportSection { kind, tables })
    }
}

/// A transport by its name.
struct Named(TransportKind);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || {
            let known = one_of(homa_transports::all().map(TransportKind::name));
            de::Error::custom(format!("unknown value `{name}`, expected {known}"))
        };
        homa_transports::find(&name).map(Self).ok_or_else(unknown)
    }
}

/// Names as the errors of serde list them.
fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [first, second] => format!("{first} or {second}"),
        names => format!("one of {}", names.join(", ")),
    }
}
