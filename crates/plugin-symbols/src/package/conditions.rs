//! Targets of `exports` and `imports` in a package.json, in the order in which they are written: the first condition that holds decides.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::LoadKind;

/// What one key of `exports` says. Nested no deeper than the JSON reader allows, 128.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exported {
    /// `null`: there is no such entry.
    Nothing,
    /// A file, or a pattern of files with one `*`.
    Path(String),
    /// Alternatives; Node takes the first that is well formed.
    Any(Vec<Exported>),
    /// By condition, or by entry.
    Keyed(Vec<(String, Exported)>),
    /// Something that makes no sense there.
    Invalid,
}

impl Exported {
    /// The file for this way of loading. None where no condition holds or it is excluded.
    pub(super) fn resolve(&self, kind: LoadKind) -> Option<&str> {
        match self.decide(kind) {
            Decision::File(path) => Some(path),
            Decision::Excluded | Decision::Undecided => None,
        }
    }

    fn decide(&self, kind: LoadKind) -> Decision<'_> {
        match self {
            Self::Nothing => Decision::Excluded,
            Self::Path(path) if path.starts_with("./") => Decision::File(path),
            Self::Path(_) | Self::Invalid => Decision::Undecided,
            Self::Any(all) => first(all.iter(), kind),
            Self::Keyed(all) => {
                let holding = all.iter().filter(|(condition, _)| holds(condition, kind));
                first(holding.map(|(_, target)| target), kind)
            }
        }
    }
}

enum Decision<'a> {
    File(&'a str),
    Excluded,
    Undecided,
}

fn first<'a>(targets: impl Iterator<Item = &'a Exported>, kind: LoadKind) -> Decision<'a> {
    for target in targets {
        match target.decide(kind) {
            Decision::Undecided => {}
            decided => return decided,
        }
    }
    Decision::Undecided
}

/// The conditions of Node, those of its newest releases among them.
fn holds(condition: &str, kind: LoadKind) -> bool {
    match condition {
        "node" | "default" | "node-addons" => true,
        "import" => kind == LoadKind::Import,
        "require" => kind == LoadKind::Require,
        _ => false,
    }
}

impl<'de> Deserialize<'de> for Exported {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Exported;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path, null, or an object of them")
    }

    fn visit_unit<E>(self) -> Result<Exported, E> {
        Ok(Exported::Nothing)
    }

    fn visit_str<E>(self, path: &str) -> Result<Exported, E> {
        Ok(Exported::Path(path.to_owned()))
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Exported, E> {
        Ok(Exported::Invalid)
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Exported, E> {
        Ok(Exported::Invalid)
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Exported, E> {
        Ok(Exported::Invalid)
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Exported, E> {
        Ok(Exported::Invalid)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Exported, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Exported::Any(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Exported, A::Error> {
        let mut all: Vec<(String, Exported)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key.is_empty() {
                entries.next_value::<IgnoredAny>()?;
            } else {
                all.push((key, entries.next_value()?));
            }
        }
        Ok(Exported::Keyed(all))
    }
}
