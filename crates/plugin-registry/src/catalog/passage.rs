//! Passages: what is said of a plugin, as text to be found.

use one_ontology::{Label, vocabulary};

use super::PluginRecord;
use super::rows::PLUGIN_LABEL;
use crate::{PluginRelease, Sensitivity};

vocabulary! {
    /// What a passage says.
    closed PassageKind ("a kind of passage") {
        /// What the plugin can do.
        Capability = "capability",
        /// Which core its releases need.
        Compatibility = "compatibility",
        /// A part of its README.
        Readme = "readme",
    }
}

/// The longest part of a README, in bytes.
const PART_BYTES: usize = 2_000;

/// The most parts of a README.
const MAX_PARTS: usize = 8;

/// One passage, not yet a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passage {
    pub(super) kind: PassageKind,
    pub(super) index: u32,
    pub(super) text: String,
}

/// The passages of a plugin. Parts of a README only where one came along.
pub(super) fn passages(record: &PluginRecord) -> Vec<Passage> {
    let mut passages = vec![Passage {
        kind: PassageKind::Capability,
        index: 0,
        text: capability(record),
    }];
    if let Some(text) = compatibility(record) {
        passages.push(Passage {
            kind: PassageKind::Compatibility,
            index: 0,
            text,
        });
    }
    let readme = record
        .package
        .as_ref()
        .and_then(|package| package.readme.as_deref());
    let parts = readme.map(parts).unwrap_or_default();
    passages.extend(parts.into_iter().zip(0..).map(|(text, index)| Passage {
        kind: PassageKind::Readme,
        index,
        text,
    }));
    passages
}

/// The labels of a plugin's passages, sorted.
pub(super) fn labels(record: &PluginRecord, kind: PassageKind) -> Vec<Label> {
    let mut labels: Vec<Label> = record
        .categories
        .iter()
        .map(|category| format!("category:{category}"))
        .chain([PLUGIN_LABEL.to_owned(), format!("{PLUGIN_LABEL}_{kind}")])
        .filter_map(|text| text.parse().ok())
        .collect();
    labels.sort();
    labels.dedup();
    labels
}

fn capability(record: &PluginRecord) -> String {
    let mut text = record.npm_package.to_string();
    if let Some(description) = &record.description {
        text.push_str(": ");
        text.push_str(description);
    }
    let categories: Vec<&str> = record.categories.iter().map(|c| c.as_str()).collect();
    text.push_str(&format!("\nabout: {}", categories.join(", ")));
    if !record.keywords.is_empty() {
        text.push_str(&format!("\nkeywords: {}", record.keywords.join(", ")));
    }
    for parameter in record.package.iter().flat_map(|p| &p.parameters).take(40) {
        let secret = match parameter.sensitivity {
            Sensitivity::Secret => " (secret)",
            Sensitivity::Plain => "",
        };
        text.push_str(&format!("\nsetting {}{secret}", parameter.name));
        if let Some(description) = &parameter.description {
            text.push_str(": ");
            text.push_str(description);
        }
    }
    // Capped well below what a row may hold; cut between characters.
    cut(&text, 16_000).to_owned()
}

fn compatibility(record: &PluginRecord) -> Option<String> {
    let package = record.package.as_ref()?;
    let line = |release: &PluginRelease| {
        let core = release.core.as_ref()?;
        Some(format!(
            "{} {} needs core {}",
            record.npm_package, release.version, core.spec
        ))
    };
    // The newest of each line; a list of every release would say little more.
    let lines: Vec<String> = record
        .lines
        .values()
        .filter_map(|version| {
            package
                .releases
                .iter()
                .find(|release| release.version == *version)
        })
        .filter_map(line)
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A README in parts, cut at blank lines where that is possible.
fn parts(readme: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for block in readme
        .split("\n\n")
        .map(str::trim)
        .filter(|block| !block.is_empty())
    {
        let mut rest = block;
        while !rest.is_empty() {
            let piece = cut(rest, PART_BYTES);
            let count = parts.len();
            match parts.last_mut() {
                Some(last) if last.len() + piece.len() + 2 <= PART_BYTES => {
                    last.push_str("\n\n");
                    last.push_str(piece);
                }
                _ if count == MAX_PARTS => return parts,
                _ => parts.push(piece.to_owned()),
            }
            rest = rest.get(piece.len()..).unwrap_or_default();
        }
    }
    parts
}

/// At most `limit` bytes of text, cut between characters.
fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
