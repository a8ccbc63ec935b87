//! Typed identifiers and where new ones come from.

use std::fmt::Debug;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::Timestamp;

/// Where new identifiers come from.
///
/// The core has no randomness: a host passes a source in. `RandomIds` (feature `system`) makes
/// UUIDv7 from the given time and the operating system's randomness; [`SequentialIds`] counts,
/// for tests and replays.
pub trait IdSource: Debug + Send + Sync + 'static {
    /// A UUID that this source has not given before, ordered by `now` as far as UUIDv7 orders.
    fn next(&self, now: Timestamp) -> Uuid;
}

/// A deterministic source: UUIDv7 whose random part is a counter.
#[derive(Debug, Default)]
pub struct SequentialIds(std::sync::atomic::AtomicU64);

impl SequentialIds {
    /// A source that starts at 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A source that starts at `first`, to go on where another one ended.
    #[must_use]
    pub fn starting_at(first: u64) -> Self {
        Self(std::sync::atomic::AtomicU64::new(first.saturating_sub(1)))
    }
}

impl IdSource for SequentialIds {
    fn next(&self, now: Timestamp) -> Uuid {
        let count = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        let mut random = [0; 10];
        if let Some(tail) = random.get_mut(2..) {
            tail.copy_from_slice(&count.to_be_bytes());
        }
        uuid_v7(now, random)
    }
}

/// The UUIDv7 (RFC 9562, section 5.7) of a time and 74 bits of randomness taken from `random`.
#[must_use]
pub fn uuid_v7(now: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// A UUIDv8 (RFC 9562, section 5.8) named by text: the same parts give the same id everywhere.
///
/// The first 122 free bits of SHA-256 over the length-prefixed parts.
#[must_use]
pub fn uuid_of_name(parts: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Declares newtypes over [`Uuid`](uuid::Uuid) for ids, each with `new`, `of_name`, `from_uuid`,
/// text forms and serde. The crate that uses it depends on `uuid` and `serde`.
#[macro_export]
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(::uuid::Uuid);

        impl $name {
            /// Wraps a UUID that is known to name this kind of row.
            #[must_use]
            pub const fn from_uuid(uuid: ::uuid::Uuid) -> Self {
                Self(uuid)
            }

            /// A new id from the host's source.
            #[must_use]
            pub fn new(source: &dyn $crate::IdSource, now: $crate::Timestamp) -> Self {
                Self(source.next(now))
            }

            /// The id that these parts always have; the kind of row is a part too.
            #[must_use]
            pub fn of_name(parts: &[&str]) -> Self {
                let mut named = vec![stringify!($name)];
                named.extend_from_slice(parts);
                Self($crate::uuid_of_name(&named))
            }

            /// The UUID itself.
            #[must_use]
            pub const fn as_uuid(&self) -> &::uuid::Uuid {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0.hyphenated(), f)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(text: &str) -> Result<Self, $crate::InvalidValue> {
                ::uuid::Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| $crate::InvalidValue::new(stringify!($name), text, "a UUID"))
            }
        }
    )*};
}

ids! {
    /// A group: an organisation, a community, a circle of friends.
    GroupId
    /// A person.
    PersonId
    /// A thing.
    ThingId
    /// A connection between two ends.
    ConnectionId
    /// An event.
    EventId
    /// A row of knowledge.
    KnowledgeId
}
