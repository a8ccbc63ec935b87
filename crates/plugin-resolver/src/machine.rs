//! The machine interfaces: one JSON object in, one JSON object out, line by line.
//!
//! Both are pure functions over a line, so that tests in any language can talk to the resolver through a program that only pumps lines.
//! Whatever a line holds, it is answered.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::reason;
use crate::{
    DependencyKind, Failure, PackageName, Prereleases, Range, ReleaseFacts, Request, ResolverError,
    Spec, Universe, parse_version, resolve,
};

/// The longest line that is read, in bytes.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

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
    let answer = match read::<RangesCase>(line).and_then(|case| ranges(&case)) {
        Ok(satisfied) => json!({"valid": true, "satisfied": satisfied}),
        Err(error) => json!({"valid": false, "error": wire(&error)}),
    };
    answer.to_string()
}

/// Answers `{"id", "packages": {name: {version: {dependency: range}}}, "root": {dependency: range}}` with the id and an `"outcome"`:
/// `"solution"` with `"selection"` and `"order"`; `"conflict"` with `"explanation": {"lines", "requests"}`, the requests by name;
/// `"budget"`; or `"invalid"` with `"error"`. One version a package, npm's strict ranges, cycles are legal.
#[must_use]
pub fn answer_resolve_line(line: &str) -> String {
    let (id, answer) = match read::<ResolveCase>(line) {
        Ok(case) => (case.id.clone(), answer(&case)),
        Err(error) => (identity(line), Err(error)),
    };
    let mut object = match answer {
        Ok(object) => object,
        Err(error) => outcome("invalid", [("error", wire(&error))]),
    };
    object.insert("id".to_owned(), id);
    Value::Object(object).to_string()
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct RangesCase {
    range: String,
    versions: Vec<String>,
    #[serde(default)]
    include_prerelease: bool,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct ResolveCase {
    #[serde(default)]
    id: Value,
    packages: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
    root: BTreeMap<String, String>,
}

fn read<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, ResolverError> {
    if line.len() > MAX_LINE_BYTES {
        return Err(ResolverError::InputTooLarge {
            what: "a line in bytes",
            found: line.len(),
            limit: MAX_LINE_BYTES,
        });
    }
    serde_json::from_str(line).map_err(|error| ResolverError::InvalidCase {
        reason: reason(&error),
    })
}

/// The id of a case that is otherwise unreadable.
fn identity(line: &str) -> Value {
    #[derive(Deserialize)]
    struct Identity {
        id: Value,
    }
    read::<Identity>(line).map_or(Value::Null, |case| case.id)
}

fn ranges(case: &RangesCase) -> Result<Vec<bool>, ResolverError> {
    let prereleases = if case.include_prerelease {
        Prereleases::Everywhere
    } else {
        Prereleases::WhereNamed
    };
    let range = Range::parse(&case.range, prereleases)?;
    let satisfies =
        |text: &String| parse_version(text).is_ok_and(|version| range.satisfies(&version));
    Ok(case.versions.iter().map(satisfies).collect())
}

fn answer(case: &ResolveCase) -> Result<Map<String, Value>, ResolverError> {
    let strict = |text: &str| text.parse::<Range>().map(Spec::Range);
    let mut builder = Universe::builder();
    for (name, versions) in &case.packages {
        let name = PackageName::new(name)?;
        builder.package(name.clone());
        for (version, dependencies) in versions {
            let mut facts = ReleaseFacts::new();
            for (dependency, range) in dependencies {
                let dependency = PackageName::new(dependency)?;
                facts = facts.needs(dependency, strict(range)?, DependencyKind::Normal);
            }
            builder.release(name.clone(), parse_version(version)?, facts);
        }
    }
    let mut request = Request::new();
    for (dependency, range) in &case.root {
        request = request.root(PackageName::new(dependency)?, strict(range)?);
    }
    Ok(match resolve(&builder.build(), &request) {
        Ok(resolution) => {
            let selection: BTreeMap<String, String> = resolution
                .packages()
                .map(|selected| (selected.name.to_string(), selected.version.to_string()))
                .collect();
            let order = json!(resolution.install_order());
            outcome(
                "solution",
                [("selection", json!(selection)), ("order", order)],
            )
        }
        Err(Failure::Conflict(explanation)) => {
            let requests: Vec<&str> = explanation
                .requests()
                .iter()
                .map(|request| request.name.as_str())
                .collect();
            let explanation = json!({"lines": explanation.lines(), "requests": requests});
            outcome("conflict", [("explanation", explanation)])
        }
        // Nothing was frozen or cancelled.
        Err(Failure::Budget { .. } | Failure::Drift(_) | Failure::Cancelled) => {
            outcome("budget", [])
        }
    })
}

fn outcome<const N: usize>(name: &str, fields: [(&str, Value); N]) -> Map<String, Value> {
    let mut object = Map::from_iter([("outcome".to_owned(), json!(name))]);
    object.extend(fields.map(|(key, value)| (key.to_owned(), value)));
    object
}

fn wire(error: &ResolverError) -> Value {
    json!({"_tag": error.tag(), "message": error.to_string()})
}
