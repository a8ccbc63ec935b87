//! From a document to a list of plugins.

use std::collections::BTreeMap;

use plugin_resolver::PackageName;
use serde_json::{Map, Value};

use super::entry::read_entry;
use super::flat::read_flat;
use super::{IndexEntry, IndexShape, RegistryIndex};
use crate::fields::{Fields, type_of};
use crate::{FindingTag, Parsed, RegistryError, Report, read_json};

/// The most entries that are read.
const MAX_ENTRIES: usize = 200_000;

impl RegistryIndex {
    /// Reads a list of plugins in any shape that is in circulation and says which it was.
    ///
    /// An entry that cannot be read costs only itself; it is among `broken`.
    ///
    /// # Errors
    /// `ParseError` when the document is no JSON, no object, or holds nothing that is an entry:
    /// then nothing of it may be used.
    pub fn parse(bytes: &[u8]) -> Result<Parsed<Self>, RegistryError> {
        const WHAT: &str = "the list of plugins";
        let Parsed { value, mut report } = read_json(WHAT, bytes)?;
        let Value::Object(document) = &value else {
            return Err(RegistryError::parse_error(
                WHAT,
                &format!("it is {} where an object should be", type_of(&value)),
            ));
        };
        let (shape, listed) = shape_of(document);
        let made_at = Fields::new(document, "", &mut report).line("lastUpdatedAt", 100);
        let mut index = Self {
            shape,
            made_at: made_at.filter(|_| shape != IndexShape::Flat),
            entries: BTreeMap::new(),
            broken: BTreeMap::new(),
        };
        if listed.len() > MAX_ENTRIES {
            return Err(RegistryError::parse_error(
                WHAT,
                &format!("it has more than {MAX_ENTRIES} entries"),
            ));
        }
        for (key, value) in listed {
            index.read(key, value, &mut report);
        }
        if index.entries.is_empty() && !listed.is_empty() {
            let first = index.broken.values().next();
            let why = first.map(|report| format!("; the first: {report}"));
            return Err(RegistryError::parse_error(
                WHAT,
                &format!("none of its entries can be read{}", why.unwrap_or_default()),
            ));
        }
        index.note_collisions(&mut report);
        Ok(Parsed {
            value: index,
            report,
        })
    }

    fn read(&mut self, key: &str, value: &Value, report: &mut Report) {
        let short: String = key.chars().take(214).collect();
        let trimmed = key.trim();
        if trimmed.is_empty() || trimmed.starts_with("//") {
            report.warn(
                FindingTag::Comment,
                &short,
                "is a comment, not an entry; left out",
            );
            return;
        }
        let mut found = Report::new();
        if trimmed.len() < key.len() {
            found.warn(
                FindingTag::UnusualForm,
                "",
                "has white space around its name",
            );
        }
        let entry = match PackageName::new(trimmed) {
            Err(error) => {
                found.error(
                    FindingTag::Invalid,
                    "",
                    format_args!("is left out: {error}"),
                );
                None
            }
            Ok(name) => match self.shape {
                IndexShape::Flat => read_flat(&name, value, &mut found),
                IndexShape::Legacy | IndexShape::Versioned | IndexShape::Generated => {
                    read_entry(&name, value, &mut found)
                }
            },
        };
        match entry {
            Some(entry) => {
                report.absorb(&short, found);
                self.keep(entry, report);
            }
            None => {
                // Its errors are its own: for the list as a whole they are warnings.
                for finding in &found.errors {
                    report.warn(finding.tag, &short, &finding.reason);
                }
                self.broken.insert(short, found);
            }
        }
    }

    fn keep(&mut self, entry: IndexEntry, report: &mut Report) {
        let name = entry.name.clone();
        if self.entries.insert(name.clone(), entry).is_some() {
            report.warn(
                FindingTag::DuplicateKey,
                name.as_str(),
                "is listed more than once; the last one counts",
            );
        }
    }

    /// Names that are the same without case and punctuation, and repositories listed twice.
    fn note_collisions(&self, report: &mut Report) {
        let mut seen: BTreeMap<String, &PackageName> = BTreeMap::new();
        let mut repositories: BTreeMap<String, &PackageName> = BTreeMap::new();
        for (name, entry) in &self.entries {
            let plain: String = name
                .as_str()
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect();
            if let Some(other) = seen.insert(plain, name) {
                report.warn(
                    FindingTag::Collision,
                    name.as_str(),
                    format_args!("is easily taken for `{other}`"),
                );
            }
            let Some(repository) = &entry.repository else {
                continue;
            };
            let place = repository.to_string().to_ascii_lowercase();
            if let Some(other) = repositories.insert(place, name) {
                report.warn(
                    FindingTag::Collision,
                    name.as_str(),
                    format_args!("has the same repository as `{other}`"),
                );
            }
        }
    }
}

fn shape_of(document: &Map<String, Value>) -> (IndexShape, &Map<String, Value>) {
    let Some(Value::Object(registry)) = document.get("registry") else {
        return (IndexShape::Flat, document);
    };
    let has = |name: &str| document.contains_key(name);
    let shape = if has("schemaVersion") || has("generatedFrom") || has("counts") {
        IndexShape::Versioned
    } else if has("lastUpdatedAt") {
        IndexShape::Legacy
    } else {
        IndexShape::Generated
    };
    (shape, registry)
}
