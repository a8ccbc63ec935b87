//! From a package.json to a manifest.

use std::collections::{BTreeMap, BTreeSet};

use plugin_resolver::{PackageName, Spec, parse_version};
use serde_json::{Map, Value};

use super::agent_config::agent_config;
use super::{
    CORE_PACKAGE, CoreRequirement, Dependency, DependencyKind, Installability, Manifest,
    categories, read_spec, repository_of,
};
use crate::fields::{Fields, one_line, type_of};
use crate::{FindingTag, Parsed, RegistryError, Report};

/// The most dependencies of one kind that are read.
const MAX_DEPENDENCIES: usize = 2_000;

/// The longest README that is kept, in characters.
const README_CHARS: usize = 16_384;

impl Manifest {
    /// Reads a package.json as npm publishes it, with the README beside it.
    ///
    /// Whatever has the wrong type or form is left out or converted, with a warning for each. An
    /// error in the report means that the release can be shown and not installed; it is repeated
    /// in `installable`.
    ///
    /// # Errors
    /// `InvalidPluginStructure` when it has no valid name or version, or is no object: then there
    /// is nothing to speak of.
    pub fn from_npm(
        package_json: &Value,
        readme: Option<&str>,
    ) -> Result<Parsed<Self>, RegistryError> {
        let Value::Object(map) = package_json else {
            let mut report = Report::new();
            report.error(
                FindingTag::WrongType,
                "",
                format_args!("is {} where an object should be", type_of(package_json)),
            );
            return Err(RegistryError::invalid_plugin_structure(
                "package.json",
                report,
            ));
        };
        let mut report = Report::new();
        let identity = identity(map, &mut report);
        let Some((name, version)) = identity else {
            let called = map.get("name").and_then(Value::as_str);
            return Err(RegistryError::invalid_plugin_structure(
                called.unwrap_or("package.json"),
                report,
            ));
        };
        let mut fields = Fields::new(map, "", &mut report);
        let description = fields.line("description", 2_000);
        let license = license(&mut fields);
        let author = author(&mut fields);
        let homepage = homepage(&mut fields);
        let repository = repository_of(&mut fields);
        let keywords = fields.lines("keywords", 50);
        let dependencies = dependencies(&mut fields);
        let core = core(&dependencies);
        let (plugin_type, parameters) = agent_config(&mut fields);
        let engines = engines(&mut fields);
        let deprecated = match fields.get("deprecated") {
            Some(Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some("deprecated".to_owned()),
            _ => fields.line("deprecated", 500),
        };
        let (unpacked_size, integrity) = dist(&mut fields);
        let installable = Installability::unless(report.errors.clone());
        let manifest = Self {
            categories: categories(name.as_str(), &keywords, description.as_deref()),
            name,
            version,
            description,
            license,
            author,
            homepage,
            repository,
            keywords,
            dependencies,
            core,
            plugin_type,
            parameters,
            engines,
            unpacked_size,
            integrity,
            deprecated,
            readme: readme.and_then(readme_text),
            installable,
        };
        Ok(Parsed {
            value: manifest,
            report,
        })
    }
}

fn identity(
    map: &Map<String, Value>,
    report: &mut Report,
) -> Option<(PackageName, semver::Version)> {
    let name = match map.get("name") {
        Some(Value::String(text)) => PackageName::new(text)
            .map_err(|error| {
                report.error(
                    FindingTag::Invalid,
                    "name",
                    format_args!("is invalid: {error}"),
                )
            })
            .ok(),
        other => required(other, "name", report),
    };
    let version = match map.get("version") {
        Some(Value::String(text)) => parse_version(text)
            .map_err(|error| {
                report.error(
                    FindingTag::Invalid,
                    "version",
                    format_args!("is invalid: {error}"),
                );
            })
            .ok(),
        other => required(other, "version", report),
    };
    Some((name?, version?))
}

fn required<T>(value: Option<&Value>, name: &str, report: &mut Report) -> Option<T> {
    match value {
        None | Some(Value::Null) => report.error(FindingTag::Missing, name, "is missing"),
        Some(other) => report.error(
            FindingTag::WrongType,
            name,
            format_args!("is {} where text should be", type_of(other)),
        ),
    }
    None
}

fn license(fields: &mut Fields<'_, '_>) -> Option<String> {
    // Old packages write `{type, url}` or a list of those.
    let named = |value: &Value| value.get("type").and_then(Value::as_str).map(str::to_owned);
    let old = match fields.get("license").or_else(|| fields.get("licenses")) {
        Some(value @ Value::Object(_)) => named(value),
        Some(Value::Array(items)) => {
            let names: Vec<String> = items
                .iter()
                .take(5)
                .filter_map(|item| item.as_str().map(str::to_owned).or_else(|| named(item)))
                .collect();
            (!names.is_empty()).then(|| names.join(" OR "))
        }
        _ => return fields.line("license", 100),
    };
    fields.warn(
        FindingTag::UnusualForm,
        "license",
        "is no text, read as npm once did",
    );
    old.and_then(|text| fields.tidy("license", &text, 100))
}

fn author(fields: &mut Fields<'_, '_>) -> Option<String> {
    match fields.get("author")? {
        Value::Object(map) => {
            let name = map.get("name").and_then(Value::as_str)?;
            fields.tidy("author", name, 200)
        }
        _ => fields.line("author", 200),
    }
}

fn homepage(fields: &mut Fields<'_, '_>) -> Option<String> {
    let text = fields.line("homepage", 500)?;
    // It ends up as a link in somebody's browser.
    if text.starts_with("https://") || text.starts_with("http://") {
        Some(text)
    } else {
        fields.warn(
            FindingTag::Invalid,
            "homepage",
            "is no web address; left out",
        );
        None
    }
}

fn engines(fields: &mut Fields<'_, '_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(map) = fields.object("engines") else {
        return found;
    };
    let report = fields.report();
    let mut engines = Fields::new(map, "engines", report);
    for name in map.keys().take(20) {
        if let Some(range) = engines.line(name, 100) {
            found.insert(one_line(name, 50).0, range);
        }
    }
    found
}

fn dist(fields: &mut Fields<'_, '_>) -> (Option<u64>, Option<String>) {
    let Some(map) = fields.object("dist") else {
        return (None, None);
    };
    let report = fields.report();
    let mut dist = Fields::new(map, "dist", report);
    let size = dist.count("unpackedSize");
    let integrity = dist.line("integrity", 1_000).filter(|text| {
        text.split(' ').all(|hash| {
            hash.split_once('-').is_some_and(|(kind, digest)| {
                matches!(kind, "sha512" | "sha384" | "sha256" | "sha1") && !digest.is_empty()
            })
        })
    });
    if integrity.is_none() && dist.get("integrity").is_some_and(Value::is_string) {
        dist.warn(
            FindingTag::Invalid,
            "integrity",
            "is no integrity such as `sha512-...`; left out",
        );
    }
    (size, integrity)
}

fn dependencies(fields: &mut Fields<'_, '_>) -> Vec<Dependency> {
    let optional_peers = optional_peers(fields);
    let mut found: BTreeMap<(PackageName, DependencyKind), Spec> = BTreeMap::new();
    for (field, kind) in [
        ("dependencies", DependencyKind::Normal),
        ("optionalDependencies", DependencyKind::Optional),
        ("peerDependencies", DependencyKind::Peer),
    ] {
        let Some(map) = fields.object(field) else {
            continue;
        };
        if map.len() > MAX_DEPENDENCIES {
            fields.report().error(
                FindingTag::TooLarge,
                field,
                format_args!("has more than {MAX_DEPENDENCIES} entries"),
            );
        }
        for (name, value) in map.iter().take(MAX_DEPENDENCIES) {
            let report = fields.report();
            if let Some((name, spec)) = dependency(field, name, value, report) {
                let kind = match kind {
                    DependencyKind::Peer if optional_peers.contains(name.as_str()) => {
                        DependencyKind::OptionalPeer
                    }
                    kind => kind,
                };
                // npm: what is optional is not also normal.
                if kind == DependencyKind::Optional {
                    found.remove(&(name.clone(), DependencyKind::Normal));
                }
                found.insert((name, kind), spec);
            }
        }
    }
    found
        .into_iter()
        .map(|((name, kind), spec)| Dependency { name, kind, spec })
        .collect()
}

fn dependency(
    field: &str,
    name: &str,
    value: &Value,
    report: &mut Report,
) -> Option<(PackageName, Spec)> {
    let short: String = name.chars().take(214).collect();
    let path = format!("{field}.{short}");
    let package = match PackageName::new(name) {
        Ok(package) => package,
        Err(error) => {
            report.error(
                FindingTag::Invalid,
                &path,
                format_args!("is invalid: {error}"),
            );
            return None;
        }
    };
    let Value::String(text) = value else {
        report.error(
            FindingTag::WrongType,
            &path,
            format_args!("is {} where a range should be", type_of(value)),
        );
        return None;
    };
    let (spec, problem) = read_spec(text);
    match (&spec, problem) {
        (_, Some(problem)) => report.error(
            FindingTag::Unresolvable,
            &path,
            format_args!("cannot be read: {problem}"),
        ),
        (Spec::Workspace(_), None) => report.error(
            FindingTag::PublishedWorkspace,
            &path,
            format_args!(
                "is `{spec}`, which has a meaning only inside its author's repository: npm cannot install it"
            ),
        ),
        (Spec::Unresolvable { kind, .. }, None) => report.warn(
            FindingTag::Unresolvable,
            &path,
            format_args!("points to {} and not to a registry", kind.describe()),
        ),
        _ => {}
    }
    Some((package, spec))
}

fn optional_peers<'m>(fields: &mut Fields<'m, '_>) -> BTreeSet<&'m str> {
    let Some(meta) = fields.object("peerDependenciesMeta") else {
        return BTreeSet::new();
    };
    meta.iter()
        .filter(|(_, value)| value.get("optional").and_then(Value::as_bool) == Some(true))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn core(dependencies: &[Dependency]) -> Option<CoreRequirement> {
    let of_core: Vec<&Dependency> = [
        DependencyKind::Normal,
        DependencyKind::Peer,
        DependencyKind::OptionalPeer,
        DependencyKind::Optional,
    ]
    .into_iter()
    .filter_map(|kind| {
        dependencies
            .iter()
            .find(|dependency| dependency.kind == kind && dependency.name.as_str() == CORE_PACKAGE)
    })
    .collect();
    Some(CoreRequirement {
        spec: of_core.first()?.spec.clone(),
        declared_in: of_core.iter().map(|dependency| dependency.kind).collect(),
    })
}

/// The README, lines kept, control characters gone.
fn readme_text(text: &str) -> Option<String> {
    let text: String = text
        .trim()
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .take(README_CHARS)
        .collect();
    // What npm serves for a package without one.
    (!text.is_empty() && !text.starts_with("ERROR: No README data found")).then_some(text)
}
