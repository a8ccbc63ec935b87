//! Every error tag of the workspace, with what to do about it.

use one_ontology::audit::trail::TrailError;
use one_ontology::{AuditError, ScopeError, StoreError};
use plugin_executor_node::NodeError;
use plugin_lifecycle::{AdmissionRefusal, ManagerError};
use plugin_registry::{EmbedderError, ParameterViolation, RegistryError, SourceError};
use plugin_resolver::{Failure, ResolverError};
use plugin_runtime_api::{ExecutorError, HostError, ModelError, VaultError};
use plugin_source_npm::NpmError;

type Tags = &'static [(&'static str, &'static str)];

/// By crate, in the order of the architecture.
const ALL: &[(&str, Tags)] = &[
    ("one-ontology", StoreError::TAGS),
    ("one-ontology", ScopeError::TAGS),
    ("one-ontology", AuditError::TAGS),
    ("one-ontology", TrailError::TAGS),
    ("plugin-resolver", ResolverError::TAGS),
    ("plugin-resolver", Failure::TAGS),
    ("plugin-registry", RegistryError::TAGS),
    ("plugin-registry", SourceError::TAGS),
    ("plugin-registry", EmbedderError::TAGS),
    ("plugin-registry", ParameterViolation::TAGS),
    ("plugin-runtime-api", ExecutorError::TAGS),
    ("plugin-runtime-api", HostError::TAGS),
    ("plugin-runtime-api", ModelError::TAGS),
    ("plugin-runtime-api", VaultError::TAGS),
    ("plugin-lifecycle", AdmissionRefusal::TAGS),
    ("plugin-lifecycle", ManagerError::TAGS),
    ("plugin-executor-node", NodeError::TAGS),
    ("plugin-source-npm", NpmError::TAGS),
    ("one-plugin", crate::failure::TAGS),
];

/// What to do about an error.
pub(crate) fn help(tag: &str) -> Option<&'static str> {
    ALL.iter()
        .flat_map(|(_, tags)| tags.iter())
        .find(|(known, _)| *known == tag)
        .map(|(_, help)| *help)
}

/// Whether a tag is one of a crate's.
pub(crate) fn of_crate(name: &str, tag: &str) -> bool {
    ALL.iter()
        .filter(|(of, _)| *of == name)
        .flat_map(|(_, tags)| tags.iter())
        .any(|(known, _)| *known == tag)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::path::Path;

    use super::ALL;

    fn page() -> String {
        let mut page = String::from(
            "# Errors\n\nEvery error has a stable tag, on the wire as `{\"_tag\", \"message\", ...}`. \
             This page is generated from the code:\n\
             `ONE_PLUGIN_UPDATE_DOCS=1 cargo test -p one-plugin tags` writes it anew.\n",
        );
        let mut of = "";
        for (name, tags) in ALL {
            if *name != of {
                let _ = write!(page, "\n## {name}\n\n| tag | what to do |\n|---|---|\n");
                of = name;
            }
            for (tag, help) in *tags {
                let _ = writeln!(page, "| `{tag}` | {help} |");
            }
        }
        page
    }

    #[test]
    fn the_page_of_errors_lists_every_tag() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
        if std::env::var_os("ONE_PLUGIN_UPDATE_DOCS").is_some() {
            std::fs::write(&file, page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(file).unwrap(), page());
    }

    #[test]
    fn no_two_errors_share_a_tag() {
        let mut seen = BTreeSet::new();
        for (name, tags) in ALL {
            for (tag, help) in *tags {
                assert!(
                    seen.insert(*tag),
                    "`{tag}` of {name} is another error's too"
                );
                assert!(!help.is_empty() && !help.ends_with('.'), "`{tag}`: {help}");
            }
        }
    }
}
