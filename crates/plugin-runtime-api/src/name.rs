//! Names of plugins and their components, as their authors wrote them.

use std::fmt;
use std::str::FromStr;

use one_ontology::InvalidValue;
use serde::{Deserialize, Serialize};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $limit:literal, $expected:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                let check: fn(char) -> bool = $check;
                if !text.is_empty() && text.len() <= $limit && text.chars().all(check) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidValue::new(stringify!($name), text, $expected))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, InvalidValue> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// The package a plugin comes in: `@elizaos/plugin-knowledge`. Compared exactly: neither case
    /// nor scope is ever dropped.
    PluginName, 214, "a package name of at most 214 characters without white space",
        |c| !c.is_whitespace() && !c.is_control() && c != '\\';
    /// What a component calls itself: `SEARCH_KNOWLEDGE`, `TIME`, `/documents`. Compared exactly.
    ComponentName, 256, "a name of at most 256 bytes without control characters",
        |c| !c.is_control();
    /// The lower-case hexadecimal SHA-256 that names bytes.
    ContentDigest, 64, "a SHA-256 digest as 64 lower-case hexadecimal digits",
        |c| c.is_ascii_digit() || ('a'..='f').contains(&c);
}
