//! Reading a line: text where it stands, and objects in which nothing is lost.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::ResolverError;
use crate::error::reason;

/// The longest line that is read, in bytes.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// Text of the line itself, unless something in it is escaped.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a>(Cow<'a, str>);

/// The entries of an object, by key. What stands in it twice is here twice, side by side.
#[derive(Debug)]
pub(super) struct Entries<'a, T>(Vec<(Text<'a>, T)>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a, T> Entries<'a, T> {
    /// Key by key, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// A key that stands there more than once.
    pub(super) fn repeated(&self) -> Option<&str> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        pairs
            .filter(|(left, right)| left.0 == right.0)
            .map(|(left, _)| left.0.as_str())
            .next()
    }
}

/// Reads a case, which is an object.
pub(super) fn read<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, ResolverError> {
    if line.len() > MAX_LINE_BYTES {
        return Err(ResolverError::InputTooLarge {
            what: "a line in bytes",
            found: line.len(),
            limit: MAX_LINE_BYTES,
        });
    }
    let unreadable = |reason: &str| ResolverError::InvalidCase {
        reason: reason.to_owned(),
    };
    // Where an object is expected, serde takes a list of its values too.
    match line.trim_ascii_start().as_bytes().first() {
        None => return Err(unreadable("the line is empty")),
        Some(b'[') => return Err(unreadable("expected an object, not a list")),
        Some(_) => {}
    }
    serde_json::from_str(line).map_err(|error| unreadable(&reason(&error)))
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Entries<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        entries.sort_by(|left: &(Text<'de>, T), right| left.0.cmp(&right.0));
        Ok(Entries(entries))
    }
}
