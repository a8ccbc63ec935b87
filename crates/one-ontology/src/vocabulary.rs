//! The machinery of a vocabulary: listed names, aliases that are read, unknown names that are kept.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::InvalidValue;

/// A name that the published ontology does not list, kept as it came.
///
/// 1 to 128 characters, no control characters, and never a listed name: only the vocabulary's own
/// parser makes one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct OtherName(Box<str>);

impl OtherName {
    /// Takes a name that `kind` does not list. INVARIANT: the caller has already looked it up
    /// among the listed names; [`vocabulary!`](crate::vocabulary!) does.
    ///
    /// # Errors
    /// Empty, too long, or with control characters.
    #[doc(hidden)]
    pub fn unlisted(kind: &'static str, text: &str) -> Result<Self, InvalidValue> {
        let ok = !text.trim().is_empty()
            && text.chars().nth(128).is_none()
            && !text.chars().any(char::is_control);
        if ok {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::new(
                kind,
                text,
                "a name of 1 to 128 characters",
            ))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OtherName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Deserializes through `FromStr`, borrowing where it can.
///
/// # Errors
/// What `FromStr` says.
#[doc(hidden)]
pub fn deserialize_from_str<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err = InvalidValue>,
{
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// Gives an enum `as_str`, `Display`, `FromStr` and serde by its wire names.
///
/// `closed` vocabularies refuse unknown names; `open` ones keep them in an `Other` variant.
/// `alias` lines are spellings that are read and never written.
/// The crate that uses it depends on `serde`.
#[macro_export]
macro_rules! vocabulary {
    (
        $(#[$doc:meta])*
        closed $name:ident ($expected:literal) {
            $($(#[$vdoc:meta])* $variant:ident = $wire:literal $(| $alias:literal)*,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every listed name, in the published order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The wire name.
            #[must_use]
            pub const fn as_str(&self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(text: &str) -> Result<Self, $crate::InvalidValue> {
                match text {
                    $($wire $(| $alias)* => Ok(Self::$variant),)*
                    _ => Err($crate::InvalidValue::new(stringify!($name), text, $expected)),
                }
            }
        }

        $crate::vocabulary!(@wire $name);
    };
    (
        $(#[$doc:meta])*
        open $name:ident {
            $($(#[$vdoc:meta])* $variant:ident = $wire:literal $(| $alias:literal)*,)*
        }
        $($(#[$ndoc:meta])* nested $nested:ident($inner:ty),)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            $($(#[$ndoc])* $nested($inner),)*
            /// A name that the published ontology does not list.
            Other($crate::OtherName),
        }

        impl $name {
            /// Every name listed by the base ontology, in the published order.
            pub const LISTED: &[Self] = &[$(Self::$variant,)*];

            /// The wire name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                    $(Self::$nested(inner) => inner.as_str(),)*
                    Self::Other(name) => name.as_str(),
                }
            }

            /// Whether reading its name gives it back. It does, unless somebody took the name out
            /// of another vocabulary's `Other`; rows that hold such a value are refused.
            #[must_use]
            pub fn is_canonical(&self) -> bool {
                match self {
                    Self::Other(name) => name
                        .as_str()
                        .parse::<Self>()
                        .is_ok_and(|read| matches!(read, Self::Other(_))),
                    _ => true,
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(text: &str) -> Result<Self, $crate::InvalidValue> {
                match text {
                    $($wire $(| $alias)* => Ok(Self::$variant),)*
                    _ => {
                        $(if let Ok(inner) = text.parse::<$inner>() {
                            return Ok(Self::$nested(inner));
                        })*
                        $crate::OtherName::unlisted(stringify!($name), text).map(Self::Other)
                    }
                }
            }
        }

        $($(#[$ndoc])* impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                Self::$nested(inner)
            }
        })*

        $crate::vocabulary!(@wire $name);
    };
    (@wire $name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::deserialize_from_str(deserializer)
            }
        }
    };
}
