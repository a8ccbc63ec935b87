//! Which versions of packages go together.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::case::{Entries, Text, read};
use super::fault::{Fault, Place, Wire};
use super::toil;
use crate::{
    DependencyKind, Failure, PackageName, Range, ReleaseFacts, Request, ResolverError, Spec,
    Universe, UniverseBuilder, UnresolvableKind, parse_version, resolve,
};

/// No case of so few bytes is too much toil.
const LIGHT: usize = 64 * 1024;

/// Answers `{"id", "packages": {name: {version: {dependency: range}}}, "root": {dependency: range}}` with the id and an `"outcome"`:
/// `"solution"` with `"selection"` and `"order"`; `"conflict"` with `"explanation": {"lines", "requests"}`, the requests by name;
/// `"budget"`; or `"invalid"` with `"error"`. One version a package, npm's strict ranges, cycles are legal.
///
/// What a release needs is read as npm reads what is published. A case has no tags, so `latest` is met by no version, and nor is
/// `workspace:*`, an address, or text that means nothing: such a release cannot be selected, and a conflict says why. `npm:b@^1` is `b`.
///
/// `"budget"` is also a case whose ranges, each against all versions of what it is about, would take longer than any search may.
///
/// `"invalid"` is what cannot be understood: another shape, a key that stands twice, a name or a version that is none, a root that
/// is no range, a range beyond the limits of [`Range`]. Its error has `"_tag"`, `"message"` and, where it is about one place,
/// `"package"`, `"version"` and `"dependency"`, as far as they say where; a dependency without a package is the root's.
///
/// ```
/// let line = r#"{"id": 1, "packages": {"a": {"1.0.0": {}, "1.1.0": {"b": "workspace:*"}}}, "root": {"a": "^1"}}"#;
/// let answer = plugin_resolver::machine::answer_resolve_line(line);
/// assert_eq!(answer, r#"{"id":1,"order":[["a"]],"outcome":"solution","selection":{"a":"1.0.0"}}"#);
/// ```
#[must_use]
pub fn answer_resolve_line(line: &str) -> String {
    let invalid = |error: Wire| Outcome {
        error: Some(error),
        ..Outcome::named("invalid")
    };
    let (id, outcome) = match read::<Case<'_>>(line) {
        Ok(case) => {
            let outcome = case.answer(line.len());
            let outcome = outcome.unwrap_or_else(|fault| invalid(fault.into()));
            (case.id, outcome)
        }
        Err(error) => (identity(line), invalid(error.into())),
    };
    // INVARIANT: it has only texts for keys, so it can be written.
    serde_json::to_string(&Outcome { id, ..outcome }).unwrap_or_default()
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Case<'a> {
    #[serde(default)]
    id: Value,
    #[serde(borrow)]
    pub(super) packages: Entries<'a, Entries<'a, Entries<'a, Text<'a>>>>,
    #[serde(borrow)]
    pub(super) root: Entries<'a, Text<'a>>,
}

/// By key.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Wire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explained>,
    id: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Vec<Vec<PackageName>>>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    selection: Option<BTreeMap<PackageName, Version>>,
}

#[derive(Debug, Serialize)]
struct Explained {
    lines: Vec<String>,
    requests: Vec<PackageName>,
}

impl Outcome {
    fn named(outcome: &'static str) -> Self {
        Self {
            outcome,
            ..Self::default()
        }
    }
}

impl Case<'_> {
    /// `length` of its line in bytes.
    fn answer(&self, length: usize) -> Result<Outcome, Fault> {
        let (builder, request) = (self.builder()?, self.request()?);
        if length > LIGHT && toil::of(self) > toil::MOST {
            return Ok(Outcome::named("budget"));
        }
        Ok(match resolve(&builder.build(), &request) {
            Ok(resolution) => {
                let selected = resolution.packages();
                let selected = selected.map(|one| (one.name.clone(), one.version.clone()));
                Outcome {
                    order: Some(resolution.install_order()),
                    selection: Some(selected.collect()),
                    ..Outcome::named("solution")
                }
            }
            Err(Failure::Conflict(explanation)) => {
                let requests = explanation.requests().iter();
                Outcome {
                    explanation: Some(Explained {
                        lines: explanation.lines(),
                        requests: requests.map(|request| request.name.clone()).collect(),
                    }),
                    ..Outcome::named("conflict")
                }
            }
            // Nothing was frozen or cancelled.
            Err(Failure::Budget { .. } | Failure::Drift(_) | Failure::Cancelled) => {
                Outcome::named("budget")
            }
        })
    }

    fn builder(&self) -> Result<UniverseBuilder, Fault> {
        if let Some(twice) = self.packages.repeated() {
            return Err(Place::package(twice).repeated());
        }
        let mut builder = Universe::builder();
        for (package, versions) in self.packages.iter() {
            let place = || Place::package(package);
            let name = name(package, place)?;
            builder.package(name.clone());
            let mut seen = BTreeSet::new();
            for (text, needs) in versions.iter() {
                let place = || place().version(text);
                let version = parse_version(text).map_err(|error| place().holds(error))?;
                let facts = facts(needs, &place)?;
                // `1.0.0` and `v1.0.0` are one version.
                if !seen.insert(version.clone()) {
                    return Err(place().repeated());
                }
                builder.release(name.clone(), version, facts);
            }
        }
        Ok(builder)
    }

    fn request(&self) -> Result<Request, Fault> {
        if let Some(twice) = self.root.repeated() {
            return Err(Place::default().dependency(twice).repeated());
        }
        let mut request = Request::new();
        for (dependency, range) in self.root.iter() {
            let place = || Place::default().dependency(dependency);
            let name = name(dependency, place)?;
            let range: Range = range
                .as_str()
                .parse()
                .map_err(|error| place().holds(error))?;
            request = request.root(name, range.into());
        }
        Ok(request)
    }
}

fn facts(needs: &Entries<'_, Text<'_>>, place: &impl Fn() -> Place) -> Result<ReleaseFacts, Fault> {
    if let Some(twice) = needs.repeated() {
        return Err(place().dependency(twice).repeated());
    }
    let mut facts = ReleaseFacts::new();
    for (dependency, text) in needs.iter() {
        let place = || place().dependency(dependency);
        let name = name(dependency, place)?;
        let spec = published(text.as_str()).map_err(|error| place().holds(error))?;
        facts = facts.needs(name, spec, DependencyKind::Normal);
    }
    Ok(facts)
}

/// What a release says that it needs. What nobody can read is kept, as something that nothing meets.
pub(super) fn published(text: &str) -> Result<Spec, ResolverError> {
    use ResolverError::InputTooLarge;
    match text.parse().map(Spec::Range).or_else(|error| match error {
        InputTooLarge { .. } => Err(error),
        _ => Spec::parse(text),
    }) {
        Err(error) if !matches!(error, InputTooLarge { .. }) => Ok(Spec::Unresolvable {
            kind: UnresolvableKind::Unreadable,
            text: text.into(),
        }),
        read => read,
    }
}

fn name(text: &str, place: impl Fn() -> Place) -> Result<PackageName, Fault> {
    PackageName::new(text).map_err(|error| place().holds(error))
}

/// The id of a case that is otherwise unreadable.
fn identity(line: &str) -> Value {
    #[derive(Deserialize)]
    struct Identity {
        id: Value,
    }
    read::<Identity>(line).map_or(Value::Null, |case| case.id)
}
