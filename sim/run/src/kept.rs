//! How quantities are kept in the file of a run: as bare numbers.

/// A duration as its number of picoseconds.
pub(crate) mod ps {
    use homa_units::Duration;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(duration.as_ps())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_ps)
    }
}

/// As [`ps`], of a duration that may be missing.
pub(crate) mod optional_ps {
    use homa_units::Duration;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde passes a reference")]
    pub(crate) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(Duration::as_ps).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_ps))
    }
}

/// A message as its numbers.
pub(crate) mod message {
    use homa_fabric::Message;
    use homa_topologies::HostId;
    use homa_units::{Bytes, Time};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Numbers = (u64, u32, u32, u32, u32, u64);

    pub(crate) fn serialize<S: Serializer>(message: &Message, serializer: S) -> Result<S::Ok, S::Error> {
        let Message { created, source, destination, sequence, generator, size } = *message;
        (created.as_ps(), source.0, destination.0, sequence, generator, size.get()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Message, D::Error> {
        let (created_ps, source, destination, sequence, generator, bytes) = Numbers::deserialize(deserializer)?;
        let (source, destination) = (HostId(source), HostId(destination));
        Ok(Message {
            created: Time::from_ps(created_ps),
            source,
            destination,
            sequence,
            generator,
            size: Bytes::new(bytes),
        })
    }
}
