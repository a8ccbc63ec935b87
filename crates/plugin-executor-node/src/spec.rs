//! Whether a spec can be started at all.

use std::io::Read as _;
use std::path::Path;

use one_ontology::{Validator, Violations};
use plugin_runtime_api::{Artifact, ExecutorError, PluginName, RuntimePlugin, RuntimeSpec};
use serde::Deserialize;

const MANIFEST_LIMIT: u64 = 4 << 20;

/// What of a spec an executor needs, checked.
#[derive(Debug)]
pub(crate) struct Checked<'a> {
    /// The directory that holds `node_modules`.
    pub(crate) root: &'a str,
    pub(crate) first: PluginName,
}

/// Checks a spec, and that what it names is on disk.
pub(crate) fn check(spec: &RuntimeSpec) -> Result<Checked<'_>, ExecutorError> {
    let invalid = |violations: Violations| ExecutorError::InvalidSpec { violations };
    let Artifact::Packages { location, .. } = &spec.artifact else {
        let violations = Violations::one("artifact", "must be installed packages");
        return Err(invalid(violations));
    };
    let root = Path::new(location);
    let mut validator = Validator::new();
    validator.require(root.is_absolute(), "artifact.location", "must be absolute");
    validator.require(spec.character.is_object(), "character", "must be an object");
    for (i, plugin) in spec.plugins.iter().enumerate() {
        let field = format!("plugins[{i}].name");
        let reason = "must be the name of an npm package";
        validator.require(is_package(plugin.name.as_str()), &field, reason);
    }
    validator.finish().map_err(invalid)?;
    let Some(first) = spec.plugins.first() else {
        return Err(invalid(Violations::one("plugins", "must not be empty")));
    };
    let modules = root.join("node_modules");
    for plugin in &spec.plugins {
        is_there(&modules, plugin)?;
    }
    Ok(Checked {
        root: location,
        first: first.name.clone(),
    })
}

/// `name` or `@scope/name`, and nothing that could be read as a path or an address.
fn is_package(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c))
    };
    match name.strip_prefix('@').map(|name| name.split_once('/')) {
        Some(Some((scope, name))) => part(scope) && part(name),
        Some(None) => false,
        None => part(name),
    }
}

/// Whether the package is installed, in the version that the spec says.
fn is_there(modules: &Path, plugin: &RuntimePlugin) -> Result<(), ExecutorError> {
    #[derive(Deserialize)]
    struct Manifest {
        version: String,
    }
    let file = modules.join(plugin.name.as_str()).join("package.json");
    let missing = |location: String| ExecutorError::ArtifactMissing { location };
    let mut text = String::new();
    std::fs::File::open(&file)
        .and_then(|it| it.take(MANIFEST_LIMIT).read_to_string(&mut text))
        .map_err(|_| missing(file.display().to_string()))?;
    let found = serde_json::from_str::<Manifest>(&text)
        .map_err(|_| missing(format!("{} (not readable)", file.display())))?;
    if found.version == plugin.version {
        return Ok(());
    }
    Err(missing(format!(
        "{} (version {}, which is {} there)",
        file.display(),
        plugin.version,
        one_ontology::excerpt(&found.version, 64),
    )))
}

#[cfg(test)]
mod tests {
    use super::is_package;

    #[test]
    fn only_package_names_reach_the_resolver() {
        for (name, expected) in [
            ("@elizaos/plugin-knowledge", true),
            ("plugin", true),
            ("@a/b.c_d~e", true),
            ("../../etc/passwd", false),
            ("/etc/passwd", false),
            ("node:fs", false),
            ("data:text/javascript,1", false),
            ("file:x", false),
            ("@scope", false),
            ("@scope/../x", false),
            ("a/b", false),
            (".hidden", false),
            ("", false),
        ] {
            assert_eq!(is_package(name), expected, "{name}");
        }
    }
}
