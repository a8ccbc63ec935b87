//! What was found while reading something from outside.

use std::fmt;

use one_ontology::{excerpt, vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// What kind of oddity a finding is; stable, for machines.
    closed FindingTag ("a finding tag") {
        /// Something that must be there is not.
        Missing = "missing",
        /// A value has another type than its place asks for.
        WrongType = "wrong_type",
        /// A value has the right type and makes no sense.
        Invalid = "invalid",
        /// A value was cut, or values were left out, because there were too many.
        TooLarge = "too_large",
        /// A key stands there more than once; the last one counts.
        DuplicateKey = "duplicate_key",
        /// An entry that only comments (an empty key).
        Comment = "comment",
        /// A value was read as another type than it was written in.
        Converted = "converted",
        /// A value was written in an unusual form and understood.
        UnusualForm = "unusual_form",
        /// A stated value contradicts the facts beside it and was worked out anew.
        Recomputed = "recomputed",
        /// `workspace:` in a published package: npm cannot install it.
        PublishedWorkspace = "published_workspace",
        /// A dependency that no registry can answer: a path, an address, an unknown form.
        Unresolvable = "unresolvable",
        /// No npm version is known, so there is nothing to install.
        NothingToInstall = "nothing_to_install",
        /// Two entries that are easily taken for one another.
        Collision = "collision",
        /// A field that this program does not know.
        Unknown = "unknown",
    }
}

/// The most findings of one kind that a report holds; the rest is counted.
const MAX_FINDINGS: usize = 1_000;

/// One thing that was found, named by field and reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of oddity it is.
    pub tag: FindingTag,
    /// The field, as a path: `agentConfig.pluginParameters.API_KEY.default`.
    pub field: String,
    /// The reason, in words that complete "the field ...".
    pub reason: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.field, self.reason)
    }
}

/// Everything that was found: errors make a thing unusable, warnings say what was tolerated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Why it cannot be used.
    pub errors: Vec<Finding>,
    /// What was odd and read anyway.
    pub warnings: Vec<Finding>,
    /// How many findings are not listed, because there are too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: u64,
}

impl Report {
    /// Nothing found yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing was found at all.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty() && self.warnings.is_empty()
    }

    /// Notes a reason why the thing cannot be used.
    pub fn error(&mut self, tag: FindingTag, field: &str, reason: impl fmt::Display) {
        push(&mut self.errors, &mut self.omitted, tag, field, reason);
    }

    /// Notes an oddity that was tolerated.
    pub fn warn(&mut self, tag: FindingTag, field: &str, reason: impl fmt::Display) {
        push(&mut self.warnings, &mut self.omitted, tag, field, reason);
    }

    /// Takes another report over, its fields below `prefix`.
    pub fn absorb(&mut self, prefix: &str, other: Self) {
        self.omitted = self.omitted.saturating_add(other.omitted);
        for finding in other.errors {
            self.error(finding.tag, &below(prefix, &finding.field), finding.reason);
        }
        for finding in other.warnings {
            self.warn(finding.tag, &below(prefix, &finding.field), finding.reason);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.errors.is_empty() {
            &self.warnings
        } else {
            &self.errors
        };
        for (at, finding) in shown.iter().take(5).enumerate() {
            write!(f, "{}{finding}", if at == 0 { "" } else { "; " })?;
        }
        match shown.len().saturating_sub(5) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// A value with what was found while reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parsed<T> {
    /// What was read.
    pub value: T,
    /// What was odd about it.
    pub report: Report,
}

fn push(
    list: &mut Vec<Finding>,
    omitted: &mut u64,
    tag: FindingTag,
    field: &str,
    reason: impl fmt::Display,
) {
    if list.len() >= MAX_FINDINGS {
        *omitted = omitted.saturating_add(1);
        return;
    }
    list.push(Finding {
        tag,
        field: excerpt(field, 300),
        reason: excerpt(&reason.to_string(), 500),
    });
}

fn below(prefix: &str, field: &str) -> String {
    match (prefix.is_empty(), field.is_empty()) {
        (true, _) => field.to_owned(),
        (_, true) => prefix.to_owned(),
        (false, false) => format!("{prefix}.{field}"),
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
