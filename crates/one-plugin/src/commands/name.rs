//! Names as people write them.

use futures::executor::block_on;
use one_ontology::{Limit, ThingId};
use plugin_lifecycle::{InstalledPlugin, ManagerError, Tenant};
use plugin_registry::{CatalogFilter, catalog_names};
use plugin_resolver::PackageName;

use crate::failure::Failure;
use crate::session::Session;

/// A package and the range asked for: `knowledge@^1.6`, `@elizaos/plugin-knowledge`.
pub(crate) fn split(text: &str) -> (&str, Option<&str>) {
    // The first character may be the `@` of a scope.
    match text.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((at, _)) => (
            text.get(..at).unwrap_or(text),
            text.get(at + 1..).filter(|range| !range.is_empty()),
        ),
        None => (text, None),
    }
}

/// The package that a name means: a full name is what it says; a short one (`knowledge`) is the one
/// package that ends so, among the catalog, the built-in list and native plugins.
pub(crate) fn package(
    session: &Session,
    tenant: &Tenant,
    name: &str,
) -> Result<PackageName, Failure> {
    if name.is_empty() || name.starts_with('@') || name.contains('/') {
        return Ok(name.parse()?);
    }
    let mut known: Vec<String> = catalog_names().map(str::to_owned).collect();
    known.push(plugin_runtime_api::NotesPlugin::NAME.to_owned());
    let filter = CatalogFilter {
        limit: Limit::new(Limit::MAX),
        ..CatalogFilter::default()
    };
    let listed = block_on(session.catalog(tenant).list(&filter))?;
    known.extend(listed.items.iter().map(|entry| entry.name.clone()));
    known.extend(
        block_on(tenant.list_installed())?
            .into_iter()
            .map(|plugin| plugin.package),
    );
    one_of(known, name)?.parse().map_err(Failure::from)
}

/// The installed plugin that a name means, or the id of its instance.
pub(crate) fn installed(tenant: &Tenant, name: &str) -> Result<InstalledPlugin, Failure> {
    let plugins = block_on(tenant.list_installed())?;
    if let Ok(instance) = name.parse::<ThingId>() {
        let found = plugins.into_iter().find(|it| it.instance == instance);
        return found.ok_or_else(|| ManagerError::InstanceNotFound { instance }.into());
    }
    let missing = || {
        Failure::new(
            "NotInstalled",
            format!(
                "`{}` is not installed in `{}`",
                one_ontology::excerpt(name, 64),
                tenant.group().name
            ),
        )
    };
    let full = match plugins.iter().find(|plugin| plugin.package == name) {
        Some(plugin) => plugin.package.clone(),
        None => one_of(plugins.iter().map(|p| p.package.clone()).collect(), name).map_err(
            |failure| match failure.tag() {
                "NotInCatalog" => missing(),
                _ => failure,
            },
        )?,
    };
    plugins
        .into_iter()
        .find(|plugin| plugin.package == full)
        .ok_or_else(missing)
}

/// The one of these names that a word is or ends.
pub(crate) fn one_of(mut known: Vec<String>, name: &str) -> Result<String, Failure> {
    known.sort_unstable();
    known.dedup();
    let fits = |package: &&String| {
        let own = package.rsplit('/').next().unwrap_or(package);
        own == name
            || own.split_once('-').is_some_and(|(kind, rest)| {
                matches!(kind, "plugin" | "client" | "adapter") && rest == name
            })
    };
    let found: Vec<&String> = known.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let near = nearest(known.iter().map(String::as_str), name);
            let name = one_ontology::excerpt(name, 64);
            let message = format!("there is no plugin `{name}` in the catalog");
            Err(Failure::new("NotInCatalog", message).with(did_you_mean(&near)))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
            let message = format!("`{name}` may be any of {}", names.join(", "));
            Err(Failure::new("AmbiguousName", message))
        }
    }
}

/// How many names are proposed.
const PROPOSED: usize = 3;

/// Of these names the nearest to one that is not among them, the nearest first; none that are far.
pub(crate) fn nearest<'a>(known: impl Iterator<Item = &'a str>, name: &str) -> Vec<&'a str> {
    let own = |name: &str| -> Vec<char> {
        let own = name.rsplit('/').next().unwrap_or(name);
        let own = own.strip_prefix("plugin-").unwrap_or(own);
        own.chars().take(64).collect()
    };
    let wanted = own(name);
    let mut near: Vec<(usize, &str)> = known
        .map(|known| (distance(&own(known), &wanted), known))
        .filter(|(distance, _)| *distance <= 1 + wanted.len() / 4)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter()
        .take(PROPOSED)
        .map(|(_, name)| name)
        .collect()
}

/// How many letters have to be put in, taken out or changed (Levenshtein).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.iter().enumerate() {
        let mut next = vec![at + 1];
        for ((other, above), before) in other.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            let changed = before + usize::from(c != other);
            next.push(changed.min(left + 1).min(above + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// A line that proposes names, if there are any.
pub(crate) fn did_you_mean(names: &[&str]) -> Option<String> {
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::{nearest, one_of, split};

    #[test]
    fn the_nearest_names_are_proposed() {
        let known = [
            "@a/core",
            "@a/plugin-knowledge",
            "@a/plugin-pdf",
            "@b/plugin-pdf",
        ];
        let cases = [
            ("@a/cor", "@a/core"),
            ("knowlege", "@a/plugin-knowledge"),
            ("@a/plugin-knwoledge", "@a/plugin-knowledge"),
            ("pd", "@a/plugin-pdf @b/plugin-pdf"),
            ("sql", ""),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(
                nearest(known.into_iter(), name).join(" "),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn a_short_name_means_one_package_or_none() {
        let known = [
            "@a/plugin-pdf",
            "@b/plugin-pdf",
            "@a/plugin-sql",
            "@a/plugin-sql-x",
        ];
        let cases = [
            ("sql", Ok("@a/plugin-sql")),
            ("plugin-sql", Ok("@a/plugin-sql")),
            ("sql-x", Ok("@a/plugin-sql-x")),
            ("pdf", Err("AmbiguousName")),
            ("plugin-pdf", Err("AmbiguousName")),
            ("plugin", Err("NotInCatalog")),
            ("x", Err("NotInCatalog")),
            ("", Err("NotInCatalog")),
        ];
        for (name, expected) in cases {
            let found = one_of(known.iter().map(|&name| name.to_owned()).collect(), name);
            let found = found.as_deref().map_err(crate::failure::Failure::tag);
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_range_follows_the_last_at_sign() {
        let cases = [
            ("knowledge", ("knowledge", None)),
            ("knowledge@^1.6", ("knowledge", Some("^1.6"))),
            ("@elizaos/plugin-sql", ("@elizaos/plugin-sql", None)),
            (
                "@elizaos/plugin-sql@1.x || 2",
                ("@elizaos/plugin-sql", Some("1.x || 2")),
            ),
            ("knowledge@", ("knowledge", None)),
            ("@", ("@", None)),
            ("", ("", None)),
            ("ü@1", ("ü", Some("1"))),
        ];
        for (text, expected) in cases {
            assert_eq!(split(text), expected, "{text}");
        }
    }
}
