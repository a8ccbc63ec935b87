//! Every version of one package.

use std::collections::BTreeMap;

use one_ontology::{Timestamp, excerpt};
use plugin_resolver::{PackageName, compare_versions, parse_version};
use semver::Version;
use serde_json::{Map, Value};

use super::{Manifest, PluginRelease};
use crate::fields::{Fields, type_of};
use crate::{FindingTag, PackageDocument, Parsed, RegistryError, Report};

/// The most versions of one package that are read. Real packages have up to 940.
const MAX_VERSIONS: usize = 5_000;

/// One version with everything that its document says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Release {
    /// Its package.json, read.
    pub manifest: Manifest,
    /// When it was published, if the document says so.
    pub published_at: Option<Timestamp>,
    /// What was odd about it.
    pub report: Report,
}

/// One package with every version that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackageVersions {
    /// The package.
    pub name: PackageName,
    /// The versions, in semver's order.
    pub releases: BTreeMap<Version, Release>,
    /// Tags such as `latest`, to versions that are among the releases.
    pub dist_tags: BTreeMap<String, Version>,
    /// Versions that cannot be read, and why: each costs only itself.
    pub broken: BTreeMap<String, Report>,
    /// How many are listed beyond the most that are read.
    pub omitted: usize,
    /// The README of the package as a whole.
    pub readme: Option<String>,
}

impl PackageVersions {
    /// Reads npm's package document, full or abbreviated.
    ///
    /// # Errors
    /// `InvalidPluginStructure` when it is no package document at all or one of another package.
    pub fn from_document(document: &PackageDocument) -> Result<Parsed<Self>, RegistryError> {
        let mut report = Report::new();
        let fail = |mut report: Report, tag, field: &str, reason: &str| {
            report.error(tag, field, reason);
            Err(RegistryError::invalid_plugin_structure(
                &document.name,
                report,
            ))
        };
        let name = match PackageName::new(&document.name) {
            Ok(name) => name,
            Err(error) => return fail(report, FindingTag::Invalid, "name", &error.to_string()),
        };
        let Value::Object(map) = &document.document else {
            let reason = format!(
                "is {} where an object should be",
                type_of(&document.document)
            );
            return fail(report, FindingTag::WrongType, "", &reason);
        };
        match map.get("name") {
            Some(Value::String(text)) if text == name.as_str() => {}
            Some(Value::String(text)) => {
                let reason = format!(
                    "is `{}`: the document of another package",
                    excerpt(text, 214)
                );
                return fail(report, FindingTag::Invalid, "name", &reason);
            }
            _ => report.warn(
                FindingTag::Missing,
                "name",
                "is missing; taken from the question",
            ),
        }
        let mut versions = Self {
            name,
            releases: BTreeMap::new(),
            dist_tags: BTreeMap::new(),
            broken: BTreeMap::new(),
            omitted: 0,
            readme: None,
        };
        let mut fields = Fields::new(map, "", &mut report);
        let readme = fields.get("readme").and_then(Value::as_str);
        let time = fields.object("time");
        let listed = fields.object("versions");
        let tags = fields.object("dist-tags");
        if let Some(listed) = listed {
            versions.read_releases(listed, time, readme, &mut report);
        }
        if let Some(tags) = tags {
            versions.read_tags(tags, &mut report);
        }
        // The README belongs to the newest version; the document carries it once.
        let latest = versions
            .latest()
            .map(|release| release.manifest.version.clone());
        for (version, release) in &mut versions.releases {
            let text = release.manifest.readme.take();
            if Some(version) == latest.as_ref() {
                release.manifest.readme.clone_from(&text);
            }
            versions.readme = versions.readme.take().or(text);
        }
        Ok(Parsed {
            value: versions,
            report,
        })
    }

    /// The release that is offered when nothing is asked: the tag `latest`, else the newest
    /// stable, else the newest.
    #[must_use]
    pub fn latest(&self) -> Option<&Release> {
        if let Some(tagged) = self.dist_tags.get("latest") {
            return self.releases.get(tagged);
        }
        let newest = |stable: bool| {
            self.releases
                .values()
                .filter(|release| !stable || release.manifest.version.pre.is_empty())
                .max_by(|a, b| compare_versions(&a.manifest.version, &b.manifest.version))
        };
        newest(true).or_else(|| newest(false))
    }

    /// Whether it lists more than is read.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.omitted > 0
    }

    /// Every release as the catalog keeps it, in semver's order.
    #[must_use]
    pub fn plugin_releases(&self) -> Vec<PluginRelease> {
        self.releases
            .values()
            .map(|release| PluginRelease::of(&release.manifest, release.published_at))
            .collect()
    }

    fn read_releases(
        &mut self,
        listed: &Map<String, Value>,
        time: Option<&Map<String, Value>>,
        readme: Option<&str>,
        report: &mut Report,
    ) {
        if listed.len() > MAX_VERSIONS {
            report.warn(
                FindingTag::TooLarge,
                "versions",
                format_args!("has more than {MAX_VERSIONS} entries; the rest is left out"),
            );
        }
        self.omitted = listed.len().saturating_sub(MAX_VERSIONS);
        for (key, package_json) in listed.iter().take(MAX_VERSIONS) {
            match self.read_release(key, package_json, readme) {
                Ok(Parsed { value, report }) => {
                    let published_at = time
                        .and_then(|time| time.get(key))
                        .and_then(Value::as_str)
                        .and_then(|text| text.parse().ok());
                    let release = Release {
                        published_at,
                        report,
                        manifest: value,
                    };
                    self.releases
                        .insert(release.manifest.version.clone(), release);
                }
                Err(found) => {
                    let short = excerpt(key, 256);
                    report.warn(
                        FindingTag::Invalid,
                        &format!("versions.{short}"),
                        format_args!("is left out: {found}"),
                    );
                    self.broken.insert(short, found);
                }
            }
        }
    }

    fn read_release(
        &self,
        key: &str,
        package_json: &Value,
        readme: Option<&str>,
    ) -> Result<Parsed<Manifest>, Report> {
        let wrong = |field: &str, reason: &str| {
            let mut report = Report::new();
            report.error(FindingTag::Invalid, field, reason);
            report
        };
        let version = parse_version(key).map_err(|error| wrong("", &error.to_string()))?;
        let parsed = match Manifest::from_npm(package_json, readme) {
            Ok(parsed) => parsed,
            Err(RegistryError::InvalidPluginStructure { report, .. }) => return Err(report),
            Err(other) => return Err(wrong("", &other.to_string())),
        };
        if parsed.value.name != self.name {
            return Err(wrong("name", "is that of another package"));
        }
        if parsed.value.version != version {
            return Err(wrong("version", "is not the one it is listed under"));
        }
        Ok(parsed)
    }

    fn read_tags(&mut self, tags: &Map<String, Value>, report: &mut Report) {
        for (tag, value) in tags.iter().take(200) {
            let short = excerpt(tag, 100);
            let path = format!("dist-tags.{short}");
            let version = value.as_str().and_then(|text| parse_version(text).ok());
            match version {
                None => report.warn(FindingTag::Invalid, &path, "is no version; left out"),
                Some(version) if self.releases.contains_key(&version) => {
                    self.dist_tags.insert(short, version);
                }
                Some(version) => report.warn(
                    FindingTag::Invalid,
                    &path,
                    format_args!("names {version}, which is not there; left out"),
                ),
            }
        }
    }
}
