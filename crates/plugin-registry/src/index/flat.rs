//! An entry of the flat index: a name and where its source is.

use std::collections::BTreeMap;

use plugin_resolver::PackageName;
use serde_json::Value;

use super::IndexEntry;
use crate::fields::type_of;
use crate::manifest::categories;
use crate::{Finding, FindingTag, Installability, Report, Repository};

/// Reads one entry; none when its value says nothing.
pub(super) fn read_flat(
    name: &PackageName,
    value: &Value,
    report: &mut Report,
) -> Option<IndexEntry> {
    let text = match value {
        Value::String(text) => text.trim(),
        Value::Object(map) => {
            let inner = ["repo", "repository", "url", "github", "git", "npm"]
                .into_iter()
                .find_map(|field| map.get(field).and_then(Value::as_str));
            let Some(text) = inner else {
                report.error(
                    FindingTag::WrongType,
                    "",
                    "is left out: an object without text in `repo`, `repository`, `url`, `github`, `git` or `npm`",
                );
                return None;
            };
            report.warn(
                FindingTag::UnusualForm,
                "",
                "is an object where text should be",
            );
            text.trim()
        }
        other => {
            report.error(
                FindingTag::WrongType,
                "",
                format_args!("is left out: {} where text should be", type_of(other)),
            );
            return None;
        }
    };
    let (repository, npm_package) = place(name, text, report)?;
    let entry = IndexEntry {
        categories: categories(name.as_str(), &[], None),
        name: name.clone(),
        npm_package,
        repository,
        description: None,
        homepage: None,
        topics: Vec::new(),
        stars: None,
        language: None,
        origin: None,
        kind: None,
        status: None,
        lines: BTreeMap::new(),
        installable: Installability::No {
            reasons: vec![Finding {
                tag: FindingTag::NothingToInstall,
                field: "versions".to_owned(),
                reason: "are not known: the list names only where the source is".to_owned(),
            }],
        },
    };
    Some(entry)
}

fn place(
    name: &PackageName,
    text: &str,
    report: &mut Report,
) -> Option<(Option<Repository>, PackageName)> {
    if let Some(package) = text.strip_prefix("npm:") {
        // `npm:name` or `npm:name@version`; the version is npm's to say.
        let bare = match package.rfind('@') {
            Some(at) if at > 0 => package.get(..at).unwrap_or(package),
            _ => package,
        };
        return match PackageName::new(bare) {
            Ok(package) => {
                report.warn(
                    FindingTag::UnusualForm,
                    "",
                    "names a package instead of a repository",
                );
                Some((None, package))
            }
            Err(error) => {
                report.error(
                    FindingTag::Invalid,
                    "",
                    format_args!("is left out: {error}"),
                );
                None
            }
        };
    }
    if text.starts_with("./") || text.starts_with("../") {
        report.warn(
            FindingTag::UnusualForm,
            "",
            "names a folder of the list's own repository; only its name is kept",
        );
        return Some((None, name.clone()));
    }
    match text.parse::<Repository>() {
        Ok(repository) => {
            if !text.starts_with("github:")
                || repository.branch.is_some()
                || repository.directory.is_some()
            {
                report.warn(
                    FindingTag::UnusualForm,
                    "",
                    format_args!("is not written as `github:owner/name`; read as `{repository}`"),
                );
            }
            Some((Some(repository), name.clone()))
        }
        Err(error) => {
            report.error(
                FindingTag::Invalid,
                "",
                format_args!("is left out: {error}"),
            );
            None
        }
    }
}
