//! The catalog: sync, search, show.

use std::collections::BTreeMap;

use futures::executor::block_on;
use one_ontology::{Clock as _, Limit, RandomIds, SystemClock};
use plugin_lifecycle::{NoticeReport, Operation, Tenant, allow};
use plugin_registry::{
    CatalogEntry, CatalogFilter, Gathered, PackageFacts, PluginDetail, PluginHit, RegistryError,
    Source, SyncOutcome, catalog_names, gather, sync as sync_catalog,
};
use plugin_resolver::PackageName;
use plugin_runtime_api::NotesPlugin;
use serde_json::json;

use super::{budget, name, releases};
use crate::cli::{PackageArg, SearchArgs, SyncArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

/// Where the facts of a catalog came from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// The npm registry, just now or from the cache.
    Registry,
    /// What is part of the program, as of this day; and why.
    Embedded(String, String),
}

/// Reads the records of plugins from the registry, or from what is part of the program.
pub(crate) fn read(
    session: &Session,
    names: &[PackageName],
) -> Result<(Gathered, Origin), Failure> {
    let why = match &session.npm {
        Ok(_) if session.offline => "--offline was given".to_owned(),
        Ok(npm) => match ask(npm.as_ref(), names) {
            Ok(gathered) => return Ok((gathered, Origin::Registry)),
            Err(
                error @ (RegistryError::NetworkError { .. }
                | RegistryError::RegistryUnavailable { .. }),
            ) => error.to_string(),
            Err(error) => return Err(error.into()),
        },
        Err(failure) => failure.message().to_owned(),
    };
    let embedded: &dyn Source = session.embedded.as_ref();
    let gathered = block_on(gather(embedded, names))?;
    Ok((
        gathered,
        Origin::Embedded(session.embedded.as_of().to_owned(), why),
    ))
}

/// Asks for one document first: where there is no network, one is enough to wait for.
fn ask(source: &dyn Source, names: &[PackageName]) -> Result<Gathered, RegistryError> {
    let (first, rest) = names.split_at(names.len().min(1));
    let mut gathered = block_on(gather(source, first))?;
    let Gathered {
        records,
        reports,
        skipped,
        freshness,
        ..
    } = block_on(gather(source, rest))?;
    gathered.records.extend(records);
    gathered.reports.extend(reports);
    gathered.skipped.extend(skipped);
    gathered.freshness.extend(freshness);
    Ok(gathered)
}

/// Writes records into the shared registry.
pub(crate) fn write(session: &Session, gathered: &Gathered) -> Result<SyncOutcome, Failure> {
    let scope = session.registry_scope()?;
    let outcome = block_on(sync_catalog(
        session.store.as_ref(),
        &scope,
        &gathered.records,
        Some(session.embedder.as_ref()),
        &RandomIds,
        SystemClock.now(),
    ))?;
    Ok(outcome)
}

/// The names of the built-in list.
pub(crate) fn listed() -> Result<Vec<PackageName>, Failure> {
    catalog_names()
        .map(|name| name.parse().map_err(Failure::from))
        .collect()
}

pub(crate) fn sync(session: &Session, args: &SyncArgs, output: &Output) -> Result<(), Failure> {
    let names: Vec<PackageName> = if args.packages.is_empty() {
        listed()?
    } else {
        let tenant = session.tenant()?;
        args.packages
            .iter()
            .map(|name| name::package(session, &tenant, name))
            .collect::<Result<_, _>>()?
    };
    if !session.offline {
        budget::check(session)?;
    }
    output.aside(&match names.as_slice() {
        [one] => format!("reading {one} ..."),
        several => format!("reading {} plugins ...", several.len()),
    });
    let (mut gathered, origin) = read(session, &names)?;
    if !args.packages.is_empty()
        && gathered.records.is_empty()
        && let Some(error) = gathered.skipped.values().next()
    {
        return Err(error.clone().into());
    }
    // What reached no registry does not count.
    if matches!(origin, Origin::Registry) {
        budget::spend(session)?;
    }
    let read = gathered.records.len();
    gathered.records.extend(built_in(session)?.records);
    let outcome = write(session, &gathered)?;
    let told = match releases::here(session)? {
        Some(tenant) => releases::apply(session, &tenant)?,
        None => NoticeReport::default(),
    };
    let from = match &origin {
        Origin::Registry => "the npm registry".to_owned(),
        Origin::Embedded(day, why) => format!("this program's own facts of {day} ({why})"),
    };
    let skipped: BTreeMap<&str, String> = gathered
        .skipped
        .iter()
        .map(|(name, error)| (name.as_str(), error.to_string()))
        .collect();
    let value = json!({
        "from": from,
        "read": read,
        "created": outcome.counts.created,
        "updated": outcome.counts.updated,
        "unchanged": outcome.counts.unchanged,
        "change_sets": outcome.receipts.len(),
        "skipped": skipped,
        "notices": told,
    });
    output.say(&value, || {
        let mut text = format!(
            "{} plugins read from {from}: {} new, {} changed, {} as they were",
            read, outcome.counts.created, outcome.counts.updated, outcome.counts.unchanged
        );
        match origin {
            Origin::Registry => {
                for (name, error) in &skipped {
                    text.push_str(&format!("\n  left out: {name}: {error}"));
                }
            }
            Origin::Embedded(..) if !skipped.is_empty() => {
                let names: Vec<&str> = skipped.keys().copied().collect();
                text.push_str(&format!("\n  not among these facts: {}", names.join(", ")));
            }
            Origin::Embedded(..) => {}
        }
        for line in releases::lines(&told) {
            text.push_str(&format!("\n  {line}"));
        }
        text
    });
    releases::fail_with(&told)
}

/// What this program is compiled with, which no registry knows.
fn built_in(session: &Session) -> Result<Gathered, Failure> {
    let native: &dyn Source = session.native.as_ref();
    Ok(block_on(gather(native, &[NotesPlugin::NAME.parse()?]))?)
}

/// Fills an empty catalog with the facts that are part of the program, so that a search finds
/// something before the first sync.
fn fill(session: &Session, tenant: &Tenant, output: &Output) -> Result<(), Failure> {
    let filter = CatalogFilter {
        limit: Limit::new(Limit::MAX),
        ..CatalogFilter::default()
    };
    let known = block_on(session.catalog(tenant).list(&filter))?.items;
    let native = |entry: &CatalogEntry| entry.name == NotesPlugin::NAME;
    if !known.iter().any(native) {
        write(session, &built_in(session)?)?;
    }
    if known.iter().all(native) {
        let embedded: &dyn Source = session.embedded.as_ref();
        let gathered = block_on(gather(embedded, &listed()?))?;
        write(session, &gathered)?;
        output.aside(&format!(
            "the catalog was empty: filled with this program's facts of {}; `sync` asks the registry",
            session.embedded.as_of()
        ));
    }
    Ok(())
}

pub(crate) fn search(session: &Session, args: &SearchArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    allow(tenant.scope(), Operation::SearchForPlugins)
        .map_err(|refusal| Failure::new(refusal.tag(), refusal.to_string()))?;
    fill(session, &tenant, output)?;
    let catalog = session.catalog(&tenant);
    let (text, limit) = (args.words.join(" "), Some(Limit::new(args.limit)));
    let hits = if args.near {
        block_on(catalog.semantic_search(&text, session.embedder.as_ref(), limit))?
    } else {
        block_on(catalog.search(&text, limit))?
    };
    output.say(&hits, || {
        if hits.is_empty() {
            return format!("nothing in the catalog fits `{text}`");
        }
        hits.iter().map(hit).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

/// A plugin that was found, on a line.
pub(crate) fn hit(hit: &PluginHit) -> String {
    let record = &hit.plugin.properties;
    let version = record
        .version
        .as_ref()
        .map_or_else(|| "-".to_owned(), ToString::to_string);
    let description = record.description.as_deref().unwrap_or("");
    format!(
        "{:<34} {version:<16} {}",
        record.npm_package,
        one_ontology::excerpt(description, 70)
    )
}

pub(crate) fn show(session: &Session, args: &PackageArg, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    allow(tenant.scope(), Operation::ViewPluginDetails)
        .map_err(|refusal| Failure::new(refusal.tag(), refusal.to_string()))?;
    fill(session, &tenant, output)?;
    let package = name::package(session, &tenant, &args.package)?;
    let detail = block_on(session.catalog(&tenant).get(&package))?;
    let detail = detail.ok_or_else(|| {
        Failure::new(
            "NotInCatalog",
            format!("there is no plugin `{package}` in the catalog"),
        )
    })?;
    output.say(&detail, || words(&detail));
    Ok(())
}

fn words(detail: &PluginDetail) -> String {
    let record = &detail.plugin.properties;
    let mut lines = vec![record.npm_package.to_string()];
    let mut add = |label: &str, text: String| {
        if !text.is_empty() {
            lines.push(format!("  {label:<12} {text}"));
        }
    };
    add("what", record.description.clone().unwrap_or_default());
    add(
        "version",
        record
            .version
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    );
    let categories: Vec<&str> = record
        .categories
        .iter()
        .map(plugin_registry::Category::as_str)
        .collect();
    add("about", categories.join(", "));
    if let plugin_registry::Installability::No { reasons } = &record.installable {
        let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        add("not to be installed", reasons.join("; "));
    }
    let needs: Vec<String> = detail
        .dependencies
        .iter()
        .map(|need| format!("{} {}", need.dependency.name, need.dependency.spec))
        .collect();
    add("needs", needs.join(", "));
    let dependents: Vec<&str> = detail
        .dependents
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    add("needed by", dependents.join(", "));
    if let Some(package) = &record.package {
        add("versions", versions(package));
        for parameter in &package.parameters {
            let secret = match parameter.sensitivity {
                plugin_registry::Sensitivity::Secret => " (secret)",
                _ => "",
            };
            add(
                "parameter",
                format!(
                    "{} {}{secret}  {}",
                    parameter.name,
                    parameter.kind,
                    parameter.description.as_deref().unwrap_or("")
                ),
            );
        }
    }
    lines.join("\n")
}

/// How many versions are named.
const VERSIONS: usize = 8;

/// The newest versions, newest first.
fn versions(package: &PackageFacts) -> String {
    let newest = package.releases.iter().rev().take(VERSIONS);
    let mut names: Vec<String> = newest.map(|release| release.version.to_string()).collect();
    let older = package.releases.len().saturating_sub(VERSIONS) as u64 + package.releases_omitted;
    if older > 0 {
        names.push(format!("{older} older"));
    }
    names.join(", ")
}
