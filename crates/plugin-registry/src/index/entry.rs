//! An entry of the shapes with versions.

use std::collections::BTreeMap;

use plugin_resolver::{PackageName, Spec, parse_version};
use serde_json::{Map, Value};

use super::{IndexEntry, Line, LineRelease, Origin};
use crate::fields::{Fields, type_of};
use crate::manifest::{categories, read_spec};
use crate::{Finding, FindingTag, Installability, Report, Repository};

/// Every field that one of the shapes has.
const KNOWN: &[&str] = &[
    "git",
    "npm",
    "supports",
    "description",
    "homepage",
    "topics",
    "stargazers_count",
    "language",
    "origin",
    "source",
    "support",
    "builtIn",
    "firstParty",
    "thirdParty",
    "status",
    "kind",
    "directory",
    "app",
];

/// The names under which the shapes list a line.
const SLOTS: &[(&str, Line)] = &[
    ("v0", Line::V0),
    ("v1", Line::V1),
    ("alpha", Line::V2),
    ("v2", Line::V2),
];

/// Reads one entry; none when it is no object.
pub(super) fn read_entry(
    name: &PackageName,
    value: &Value,
    report: &mut Report,
) -> Option<IndexEntry> {
    let Value::Object(map) = value else {
        report.error(
            FindingTag::WrongType,
            "",
            format_args!("is left out: {} where an object should be", type_of(value)),
        );
        return None;
    };
    let mut fields = Fields::new(map, "", report);
    let description = fields.line("description", 2_000);
    let homepage = fields
        .line("homepage", 500)
        .filter(|text| text.starts_with("https://") || text.starts_with("http://"));
    let topics = fields.lines("topics", 50);
    let stars = fields.count("stargazers_count");
    let language = fields.line("language", 50);
    let origin = origin(&fields);
    let kind = fields.line("kind", 100).and_then(|text| text.parse().ok());
    let status = fields.line("status", 100);
    let directory = fields.line("directory", 300);
    let git = fields.object("git");
    let npm = fields.object("npm");
    let supports = fields.object("supports");
    for key in map
        .keys()
        .filter(|key| !KNOWN.contains(&key.as_str()))
        .take(10)
    {
        fields.warn(
            FindingTag::Unknown,
            key,
            "is not a field of any known shape",
        );
    }
    let repository = repository(git, directory, report);
    let npm_package = npm_package(name, npm, report);
    let lines = lines(git, npm, report);
    let installable = installable(&lines);
    note_supports(supports, &lines, report);
    Some(IndexEntry {
        categories: categories(name.as_str(), &topics, description.as_deref()),
        name: name.clone(),
        npm_package,
        repository,
        description,
        homepage,
        topics,
        stars,
        language,
        origin,
        kind,
        status,
        lines,
        installable,
    })
}

fn origin(fields: &Fields<'_, '_>) -> Option<Origin> {
    let says = |name: &str| fields.get(name).and_then(Value::as_bool) == Some(true);
    if says("firstParty") || says("builtIn") {
        Some(Origin::FirstParty)
    } else if says("thirdParty") {
        Some(Origin::ThirdParty)
    } else {
        None
    }
}

fn repository(
    git: Option<&Map<String, Value>>,
    directory: Option<String>,
    report: &mut Report,
) -> Option<Repository> {
    let mut fields = Fields::new(git?, "git", report);
    let text = fields.line("repo", 500)?;
    match text.parse::<Repository>() {
        Ok(mut repository) => {
            if repository.branch.is_some() || repository.directory.is_some() {
                fields.warn(
                    FindingTag::UnusualForm,
                    "repo",
                    format_args!("names a branch or folder; read as `{repository}`"),
                );
            }
            repository.directory = repository.directory.or(directory);
            Some(repository)
        }
        Err(error) => {
            fields.warn(
                FindingTag::Invalid,
                "repo",
                format_args!("is left out: {error}"),
            );
            None
        }
    }
}

fn npm_package(
    name: &PackageName,
    npm: Option<&Map<String, Value>>,
    report: &mut Report,
) -> PackageName {
    let Some(npm) = npm else {
        return name.clone();
    };
    let mut fields = Fields::new(npm, "npm", report);
    let Some(text) = fields.line("repo", 300) else {
        return name.clone();
    };
    match PackageName::new(&text) {
        Ok(package) => {
            if package != *name {
                fields.warn(
                    FindingTag::UnusualForm,
                    "repo",
                    format_args!("is `{package}`, not the name it is listed under"),
                );
            }
            package
        }
        Err(error) => {
            fields.warn(
                FindingTag::Invalid,
                "repo",
                format_args!("is left out: {error}"),
            );
            name.clone()
        }
    }
}

fn lines(
    git: Option<&Map<String, Value>>,
    npm: Option<&Map<String, Value>>,
    report: &mut Report,
) -> BTreeMap<Line, LineRelease> {
    let mut lines: BTreeMap<Line, LineRelease> = BTreeMap::new();
    let empty = Map::new();
    for (slot, line) in SLOTS {
        let mut fields = Fields::new(npm.unwrap_or(&empty), "npm", report);
        let mut of_line = *line;
        if let Some(text) = fields.line(slot, 256) {
            match parse_version(&text) {
                Ok(version) => {
                    of_line = Line::of(&version);
                    if of_line != *line {
                        fields.warn(
                            FindingTag::Recomputed,
                            slot,
                            format_args!("holds {version}, which belongs to {of_line}"),
                        );
                    }
                    let core = core(&mut fields, slot);
                    let release = lines.entry(of_line).or_default();
                    if release.npm.as_ref().is_none_or(|known| *known < version) {
                        release.npm = Some(version);
                        release.core = core;
                    }
                }
                Err(error) => {
                    fields.warn(
                        FindingTag::Invalid,
                        slot,
                        format_args!("is left out: {error}"),
                    );
                }
            }
        }
        let Some(of_git) = git
            .and_then(|git| git.get(*slot))
            .and_then(Value::as_object)
        else {
            continue;
        };
        let path = format!("git.{slot}");
        let mut fields = Fields::new(of_git, &path, report);
        let (tag, branch) = (fields.line("version", 256), fields.line("branch", 200));
        if tag.is_some() || branch.is_some() {
            let release = lines.entry(of_line).or_default();
            release.git_tag = release.git_tag.take().or(tag);
            release.branch = release.branch.take().or(branch);
        }
    }
    lines
}

fn core(fields: &mut Fields<'_, '_>, slot: &str) -> Option<Spec> {
    let name = format!("{slot}CoreRange");
    let text = fields.line(&name, 300)?;
    let (spec, problem) = read_spec(&text);
    if let Some(problem) = problem {
        fields.warn(
            FindingTag::Unresolvable,
            &name,
            format_args!("cannot be read: {problem}"),
        );
    } else if matches!(spec, Spec::Workspace(_)) {
        fields.warn(
            FindingTag::PublishedWorkspace,
            &name,
            format_args!("is `{spec}`, which npm cannot install"),
        );
    }
    Some(spec)
}

fn installable(lines: &BTreeMap<Line, LineRelease>) -> Installability {
    if lines.values().any(LineRelease::can_install) {
        return Installability::Yes;
    }
    let mut reasons: Vec<Finding> = lines
        .iter()
        .filter_map(|(line, release)| {
            let (version, spec) = (release.npm.as_ref()?, release.core.as_ref()?);
            Some(Finding {
                tag: FindingTag::PublishedWorkspace,
                field: line.as_str().to_owned(),
                reason: format!(
                    "has only {version}, which asks for core `{spec}`: npm cannot install it"
                ),
            })
        })
        .collect();
    if reasons.is_empty() {
        reasons.push(Finding {
            tag: FindingTag::NothingToInstall,
            field: "versions".to_owned(),
            reason: "are missing: nothing of it is on npm".to_owned(),
        });
    }
    Installability::No { reasons }
}

/// Says where the stated `supports` contradicts the versions.
fn note_supports(
    supports: Option<&Map<String, Value>>,
    lines: &BTreeMap<Line, LineRelease>,
    report: &mut Report,
) {
    let Some(supports) = supports else { return };
    for (slot, line) in SLOTS {
        let Some(stated) = supports.get(*slot).and_then(Value::as_bool) else {
            continue;
        };
        let found = lines.get(line).is_some_and(LineRelease::can_install);
        if stated != found {
            report.warn(
                FindingTag::Recomputed,
                &format!("supports.{slot}"),
                format_args!("is {stated}; by its versions it is {found}"),
            );
        }
    }
}
