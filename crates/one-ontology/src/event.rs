//! Events: what happened, in a chain for each place.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::place::serde_as_text;
use crate::{
    Actor, End, EventId, EventType, InvalidValue, Place, Properties, StoreError, Timestamp,
    Validator, Violations, canonical::canonical_object,
};

/// The place of an event in its chain, from 1, without gaps.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(u64);

impl Seq {
    /// Before the first event.
    pub const START: Self = Self(0);

    /// A sequence number read back from a store.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The next, saturating.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A digest computed elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// The bytes that hexadecimal digits of either case stand for; none if they are something else.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let nibble = |byte: &u8| char::from(*byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| {
        let byte = nibble(high)? << 4 | nibble(low)?;
        u8::try_from(byte).ok()
    });
    bytes.collect::<Option<_>>().filter(|_| rest.is_empty())
}

impl FromStr for Digest {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        unhex(text)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| InvalidValue::new("Digest", text, "64 hexadecimal digits"))
    }
}

serde_as_text!(Digest);

/// Something that happened, not yet in a chain. Who and when come from the change set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<End>,
    /// Everything else. Never a secret: events are kept and exported.
    #[serde(default)]
    pub metadata: Properties,
}

impl NewEvent {
    /// An event without metadata.
    #[must_use]
    pub fn new(id: EventId, event_type: impl Into<EventType>, target: Option<End>) -> Self {
        Self {
            id,
            event_type: event_type.into(),
            target,
            metadata: Properties::new(),
        }
    }

    /// With one more property; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.metadata = self.metadata.with(name, value);
        self
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Each field that does not hold, with the reason.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut check = Validator::new();
        check.listed("type", self.event_type.is_canonical());
        check.part("metadata", self.metadata.validate());
        check.finish()
    }
}

/// The last event of a chain, by number and digest. Whoever keeps one can tell later whether the
/// chain still leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number.
    pub seq: Seq,
    /// Its digest.
    pub digest: Digest,
}

/// An event in the chain of its place.
///
/// Old spellings are read: `eventType`, `actorId`, `targetId`, `timestamp`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    #[serde(alias = "_id")]
    pub id: EventId,
    /// Where it happened.
    #[serde(alias = "groupId")]
    pub place: Place,
    /// Its number in the chain.
    pub seq: Seq,
    /// What happened.
    #[serde(rename = "type", alias = "eventType")]
    pub event_type: EventType,
    /// Who did it.
    #[serde(alias = "actorId")]
    pub actor: Actor,
    /// What it is about.
    #[serde(default, alias = "targetId", skip_serializing_if = "Option::is_none")]
    pub target: Option<End>,
    /// When, by the host's clock.
    #[serde(rename = "at", alias = "timestamp")]
    pub at: Timestamp,
    /// Everything else.
    #[serde(default)]
    pub metadata: Properties,
    /// The digest of the event before it; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// Its digest.
    pub digest: Digest,
}

impl Event {
    /// Puts an event behind `previous` in the chain of `place`.
    #[must_use]
    pub fn seal(
        place: Place,
        previous: Option<&Head>,
        actor: &Actor,
        at: Timestamp,
        body: NewEvent,
    ) -> Self {
        let mut event = Self {
            id: body.id,
            place,
            seq: previous.map_or(Seq::START, |head| head.seq).next(),
            event_type: body.event_type,
            actor: actor.clone(),
            target: body.target,
            at,
            metadata: body.metadata,
            previous: previous.map(|head| head.digest),
            digest: Digest([0; 32]),
        };
        event.digest = event.computed_digest();
        event
    }

    /// What its digest must be: SHA-256 over [`Event::sealed_text`].
    #[must_use]
    pub fn computed_digest(&self) -> Digest {
        Digest::of(self.sealed_text().as_bytes())
    }

    /// What is digested: the canonical JSON (names sorted, no white space, one line) of every field
    /// but the digest, and the format's version, `{..,"v":1}`.
    #[must_use]
    pub fn sealed_text(&self) -> String {
        // Written field by field in the order of their names: a tree of values for each event
        // would be most of the time that the check of a long trail takes.
        let mut out = String::with_capacity(512);
        let text = |value: String| serde_json::Value::from(value).to_string();
        let or_null = |value: Option<String>| value.map_or_else(|| "null".to_owned(), text);
        out.push_str(r#"{"actor":"#);
        out.push_str(&text(self.actor.to_string()));
        out.push_str(r#","at":"#);
        out.push_str(&text(self.at.to_string()));
        out.push_str(r#","id":"#);
        out.push_str(&text(self.id.to_string()));
        out.push_str(r#","metadata":"#);
        canonical_object(&mut out, self.metadata.as_map());
        out.push_str(r#","place":"#);
        out.push_str(&text(self.place.to_string()));
        out.push_str(r#","previous":"#);
        out.push_str(&or_null(self.previous.map(|digest| digest.to_string())));
        out.push_str(r#","seq":"#);
        out.push_str(&self.seq.to_string());
        out.push_str(r#","target":"#);
        out.push_str(&or_null(self.target.map(|end| end.to_string())));
        out.push_str(r#","type":"#);
        out.push_str(&text(self.event_type.to_string()));
        out.push_str(r#","v":1}"#);
        out
    }

    /// This event, if it is the one behind `after`: what a watch gives next.
    ///
    /// # Errors
    /// `Pruned`: it is a later one, because those between have left the store.
    pub fn next_after(self, after: Seq) -> Result<Self, StoreError> {
        if self.seq > after.next() {
            Err(StoreError::Pruned { first: self.seq })
        } else {
            Ok(self)
        }
    }

    /// The head of the chain that ends with this event.
    #[must_use]
    pub const fn head(&self) -> Head {
        Head {
            seq: self.seq,
            digest: self.digest,
        }
    }
}
