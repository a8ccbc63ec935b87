//! Ids as the values that columns hold. They sort as the ids do.

use one_ontology::{Digest, End, Place};

/// One zero byte for the shared registry, 16 bytes for a group.
pub(crate) fn place(place: Place) -> Vec<u8> {
    match place {
        Place::Global => vec![0],
        Place::Group(id) => id.as_uuid().as_bytes().to_vec(),
    }
}

/// What `one.place` is set to: the bytes of the place in hexadecimal digits. Never empty.
pub(crate) fn setting(place: Place) -> String {
    match place {
        Place::Global => "00".to_owned(),
        Place::Group(id) => id.as_uuid().simple().to_string(),
    }
}

/// A letter for the kind and 16 bytes.
pub(crate) fn end(end: End) -> Vec<u8> {
    let (kind, id) = match &end {
        End::Thing(id) => (b't', id.as_uuid()),
        End::Person(id) => (b'p', id.as_uuid()),
        End::Group(id) => (b'g', id.as_uuid()),
    };
    let mut bytes = Vec::with_capacity(17);
    bytes.push(kind);
    bytes.extend_from_slice(id.as_bytes());
    bytes
}

/// A number of an event. No chain is longer than an `i64` can count.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number for a name among advisory locks, the same in every process.
pub(crate) fn lock(schema: &str, what: &str) -> i64 {
    let digest = Digest::of(format!("one-plugin {schema} {what}").as_bytes()).to_string();
    let digits: String = digest
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(16)
        .collect();
    u64::from_str_radix(&digits, 16).map_or(0, u64::cast_signed)
}

/// The longest text of a property that its column keeps whole, in bytes.
const WHOLE: usize = 256;

/// What the column of a property keeps: all of it, or as much as an index takes.
pub(crate) fn property(text: &str) -> &str {
    let mut end = text.len().min(WHOLE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// Whether equal columns mean equal properties: a text that was cut off has at least so many bytes.
pub(crate) const fn is_whole(text: &str) -> bool {
    text.len() < WHOLE - 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_property_is_cut_at_a_letter() {
        for (letter, count) in [("a", 300), ("é", 150), ("€", 100), ("𝄞", 80)] {
            let text = letter.repeat(count);
            let kept = property(&text);
            assert!(kept.len() <= WHOLE && text.starts_with(kept), "{letter}");
            assert!(!is_whole(kept), "{letter}: it may have been cut off");
        }
        assert_eq!(property("short"), "short");
        assert!(is_whole("short"));
    }

    #[test]
    fn locks_differ_by_place_and_schema() {
        let global = Place::Global.to_string();
        assert_ne!(lock("one", &global), lock("two", &global));
        assert_ne!(lock("one", &global), lock("one", "group:1"));
    }
}
