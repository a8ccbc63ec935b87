//! The parts of a package.json that say what its files are.

use serde::Deserialize;
use serde::de::Deserializer;

use super::conditions::Exported;

/// A package.json as far as it matters here. What has another type than it should counts as not given.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PackageJson {
    #[serde(deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) main: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) module: Option<String>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub(super) kind: Option<String>,
    #[serde(deserialize_with = "given")]
    pub(super) exports: Option<Exported>,
    #[serde(deserialize_with = "given")]
    pub(super) imports: Option<Exported>,
}

impl PackageJson {
    /// Reads it.
    ///
    /// # Errors
    /// It is no JSON, or no object.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Exported::deserialize(deserializer)? {
        Exported::Path(text) => Some(text),
        _ => None,
    })
}

/// `null` is as if it were not there.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Exported>, D::Error> {
    Ok(match Exported::deserialize(deserializer)? {
        Exported::Nothing => None,
        exported => Some(exported),
    })
}
