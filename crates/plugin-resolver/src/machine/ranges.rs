//! Which versions satisfy a range.

use serde::{Deserialize, Serialize};

use super::case::{Text, read};
use super::fault::Wire;
use crate::{Prereleases, Range, ResolverError, parse_version};

/// Answers `{"range", "versions", "include_prerelease"}` with `{"valid": true, "satisfied": [bool]}`, one answer for each version, or with
/// `{"valid": false, "error": {"_tag", "message"}}`. A version that is none satisfies nothing.
///
/// ```
/// let line = r#"{"range": "^1.0.0", "versions": ["0.9.0", "1.2.3"], "include_prerelease": false}"#;
/// let answer = plugin_resolver::machine::answer_ranges_line(line);
/// assert_eq!(answer, r#"{"satisfied":[false,true],"valid":true}"#);
/// ```
#[must_use]
pub fn answer_ranges_line(line: &str) -> String {
    let answer = match read(line).and_then(|case| satisfied(&case)) {
        Ok(satisfied) => Answer {
            error: None,
            satisfied: Some(satisfied),
            valid: true,
        },
        Err(error) => Answer {
            error: Some(error.into()),
            satisfied: None,
            valid: false,
        },
    };
    // INVARIANT: it has only texts for keys, so it can be written.
    serde_json::to_string(&answer).unwrap_or_default()
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
struct Case<'a> {
    #[serde(borrow)]
    range: Text<'a>,
    #[serde(borrow)]
    versions: Vec<Text<'a>>,
    #[serde(default)]
    include_prerelease: bool,
}

/// By key.
#[derive(Debug, Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Wire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    satisfied: Option<Vec<bool>>,
    valid: bool,
}

fn satisfied(case: &Case<'_>) -> Result<Vec<bool>, ResolverError> {
    let prereleases = if case.include_prerelease {
        Prereleases::Everywhere
    } else {
        Prereleases::WhereNamed
    };
    let range = Range::parse(case.range.as_str(), prereleases)?;
    let satisfies = |text: &Text<'_>| {
        parse_version(text.as_str()).is_ok_and(|version| range.satisfies(&version))
    };
    Ok(case.versions.iter().map(satisfies).collect())
}
