//! What is wrong with a value, named by field and reason.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is not what its place asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {expected}")]
pub struct InvalidValue {
    kind: &'static str,
    given: String,
    expected: &'static str,
}

impl InvalidValue {
    /// `given` (cut to 64 characters) is not `expected`, which a `kind` must be.
    #[must_use]
    pub fn new(kind: &'static str, given: &str, expected: &'static str) -> Self {
        Self {
            kind,
            given: excerpt(given, 64),
            expected,
        }
    }

    /// What it should have been, by the name of its type: for programs, not for people.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }
}

/// At most `limit` characters of `text`, control characters replaced, for messages.
#[must_use]
pub fn excerpt(text: &str, limit: usize) -> String {
    let mut short: String = text
        .chars()
        .take(limit)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(limit).is_some() {
        short.push('…');
    }
    short
}

/// One field that does not hold, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The field, as a path: `properties.npm_package`.
    pub field: String,
    /// The reason, in words that complete "the field ...".
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.field, self.reason)
    }
}

/// Every violation of one value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
#[serde(transparent)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// One violation.
    #[must_use]
    pub fn one(field: &str, reason: impl fmt::Display) -> Self {
        Self(vec![Violation {
            field: field.to_owned(),
            reason: reason.to_string(),
        }])
    }

    /// Each violation, in the order of the fields.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter()
    }
}

/// Collects violations of one value.
#[derive(Debug, Default)]
pub struct Validator(Vec<Violation>);

impl Validator {
    /// Nothing found yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that `field` fails for `reason` unless `holds`.
    pub fn require(&mut self, holds: bool, field: &str, reason: impl fmt::Display) {
        if !holds {
            self.0.push(Violation {
                field: field.to_owned(),
                reason: reason.to_string(),
            });
        }
    }

    /// Takes the violations of a part over as they are.
    pub fn nested(&mut self, result: Result<(), Violations>) {
        if let Err(Violations(found)) = result {
            self.0.extend(found);
        }
    }

    /// Takes the violations of a part over, their fields below `field`.
    pub fn part(&mut self, field: &str, result: Result<(), Violations>) {
        if let Err(Violations(found)) = result {
            self.0.extend(found.into_iter().map(|v| Violation {
                field: format!("{field}.{}", v.field),
                reason: v.reason,
            }));
        }
    }

    /// Requires 1 to `limit` characters, not only white space, no control characters.
    pub fn name(&mut self, field: &str, text: &str, limit: usize) {
        self.require(!text.trim().is_empty(), field, "must not be empty");
        self.require(
            text.chars().nth(limit).is_none(),
            field,
            format_args!("must have at most {limit} characters"),
        );
        self.require(
            !text.chars().any(char::is_control),
            field,
            "must not contain control characters",
        );
    }

    /// Requires that a name was kept by the vocabulary that lists it, if any does.
    pub(crate) fn listed(&mut self, field: &str, canonical: bool) {
        self.require(
            canonical,
            field,
            "must not be a listed name wrapped as an unlisted one",
        );
    }

    /// Requires at most `limit` characters and no NUL, which not every store can keep.
    pub fn text(&mut self, field: &str, text: &str, limit: usize) {
        self.require(
            text.chars().nth(limit).is_none(),
            field,
            format_args!("must have at most {limit} characters"),
        );
        self.require(
            !text.contains('\0'),
            field,
            "must not contain the character U+0000",
        );
    }

    /// The verdict.
    ///
    /// # Errors
    /// Every violation found.
    pub fn finish(self) -> Result<(), Violations> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Violations(self.0))
        }
    }
}
