//! Transports by name, and as cases have them.

use crate::model::{Context, Model, Parameters};
use crate::simulate::{Purpose, Ran, Run};
use homa_fabric::linux;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

type Completed = Result<Arc<dyn Model>, Box<dyn std::error::Error + Send + Sync>>;

/// A transport that experiments can name.
#[derive(Clone, Copy)]
pub struct TransportKind {
    name: &'static str,
    summary: &'static str,
    sources: &'static str,
    recovers_loss: bool,
    counts_receivers: bool,
    check: fn(Document<'_>) -> Result<(), toml::de::Error>,
    write: fn(toml::Table) -> Result<toml::Table, toml::de::Error>,
    complete: fn(toml::Table, &Context<'_>) -> Completed,
}

/// An experiment file, as its text or as the tables in it.
#[derive(Debug, Clone, Copy)]
pub enum Document<'a> {
    /// Errors then tell line and column.
    Text(&'a str),
    /// Errors then tell the key.
    Tables(&'a toml::Table),
}

impl TransportKind {
    /// The transport with these parameters.
    #[must_use]
    pub const fn of<P: Parameters>() -> Self {
        Self {
            name: P::NAME,
            summary: P::SUMMARY,
            sources: P::SOURCES,
            recovers_loss: P::RECOVERS_LOSS,
            counts_receivers: P::COUNTS_RECEIVERS,
            check: |document| match document {
                Document::Text(text) => toml::from_str::<InDocument<P>>(text).map(drop),
                Document::Tables(tables) => InDocument::<P>::deserialize(tables.clone()).map(drop),
            },
            write: |table| {
                let parameters = P::deserialize(table)?;
                Ok(toml::Table::try_from(parameters).expect("parameters are a table"))
            },
            complete: |table, context| P::deserialize(table)?.complete(context),
        }
    }

    /// The name used in every file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// What it is, in a line.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        self.summary
    }

    /// A fingerprint of its sources.
    #[must_use]
    pub const fn sources(self) -> &'static str {
        self.sources
    }

    /// Whether it recovers what is lost.
    #[must_use]
    pub const fn recovers_loss(self) -> bool {
        self.recovers_loss
    }

    /// Whether it keeps account of how its receivers' links are used.
    #[must_use]
    pub const fn counts_receivers(self) -> bool {
        self.counts_receivers
    }

    /// Checks the table `[transport.NAME]` of an experiment file, if there is one.
    ///
    /// # Errors
    /// If a key is unknown or has a value of another kind.
    pub fn check(self, document: Document<'_>) -> Result<(), toml::de::Error> {
        (self.check)(document)
    }

    /// The table with every value that is used.
    ///
    /// # Errors
    /// As with [`Self::check`].
    pub fn with_defaults(self, table: toml::Table) -> Result<toml::Table, toml::de::Error> {
        (self.write)(table)
    }

    /// The transport with the parameters of a table, completed.
    ///
    /// # Errors
    /// If a value is impossible or two don't go together.
    pub fn complete(
        self,
        table: toml::Table,
        context: &Context<'_>,
    ) -> Result<TransportConfig, Box<dyn std::error::Error + Send + Sync>> {
        Ok(TransportConfig { kind: self, model: (self.complete)(table, context)?, linux: None })
    }
}

impl fmt::Debug for TransportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for TransportKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TransportKind {}

impl Serialize for TransportKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// A transport with its parameters, complete and checked.
#[derive(Debug, Clone)]
pub struct TransportConfig {
    kind: TransportKind,
    model: Arc<dyn Model>,
    /// What a Linux host costs, if the transport runs on such.
    linux: Option<Arc<linux::Parameters>>,
}

impl TransportConfig {
    /// The transport on Linux hosts, if it can run there.
    #[must_use]
    pub fn on_linux(self, parameters: linux::Parameters) -> Option<Self> {
        self.model.traits().runs_on_linux.then(|| Self { linux: Some(Arc::new(parameters)), ..self })
    }

    /// What the Linux hosts cost that it runs on.
    #[must_use]
    pub fn linux(&self) -> Option<&linux::Parameters> {
        self.linux.as_deref()
    }

    /// Which transport.
    #[must_use]
    pub const fn kind(&self) -> TransportKind {
        self.kind
    }

    pub(crate) fn carry_out(&self, purpose: Purpose<'_>) -> Ran {
        self.model.run(Run { purpose, linux: self.linux.as_deref() })
    }
}

impl Deref for TransportConfig {
    type Target = dyn Model;

    fn deref(&self) -> &Self::Target {
        &*self.model
    }
}

/// Writes what a summary has of the parameters.
impl Serialize for TransportConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        erased_serde::serialize(self.parameters(), serializer)
    }
}

/// Reads the table `[transport.NAME]` of a document and nothing else, so that errors have the place
/// they have in it.
struct InDocument<P>(PhantomData<P>);

/// Reads the table `NAME` of a table.
struct InSection<P>(PhantomData<P>);

impl<'de, P: Parameters> Deserialize<'de> for InDocument<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OneKey::<InSection<P>>("transport", PhantomData))?;
        Ok(Self(PhantomData))
    }
}

impl<'de, P: Parameters> Deserialize<'de> for InSection<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OneKey::<P>(P::NAME, PhantomData))?;
        Ok(Self(PhantomData))
    }
}

struct OneKey<V>(&'static str, PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for OneKey<V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<(), A::Error> {
        while let Some(key) = table.next_key::<String>()? {
            if key == self.0 {
                table.next_value::<V>()?;
            } else {
                table.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
