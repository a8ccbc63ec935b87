//! Planning with the names that packages export and import.
//!
//! The facts are of real packages, in July 2026.

use std::collections::BTreeSet;

use futures::executor::block_on;
use plugin_registry::{
    Collected, EntryExports, Extent, ImportTime, ImportedNames, MemorySource, MemorySymbols,
    PackageSymbols, PluginLayer, RefineLimits, Refined, SourceError, UnlistedEntries, collect,
    refine,
};
use plugin_resolver::{PackageName, Prereleases, Request, parse_version};
use serde_json::{Value, json};

const CORE: &str = "@elizaos/core";

fn name(name: &str) -> PackageName {
    name.parse().unwrap()
}

/// A package document: each version with the core that it needs.
fn document(package: &str, versions: &[(&str, Option<&str>)]) -> Value {
    let one = |(version, core): &(&str, Option<&str>)| {
        let mut manifest = json!({"name": package, "version": version});
        if let Some(core) = core {
            manifest["dependencies"] = json!({CORE: core});
        }
        ((*version).to_owned(), manifest)
    };
    let all: serde_json::Map<String, Value> = versions.iter().map(one).collect();
    json!({"name": package, "versions": all})
}

/// Entries with their names: `.: a b; ./v1: c`.
fn exporting(text: &str) -> PackageSymbols {
    let mut symbols = PackageSymbols {
        unlisted: UnlistedEntries::Absent,
        ..PackageSymbols::default()
    };
    for entry in text.split("; ").filter(|entry| !entry.is_empty()) {
        let (entry, names) = entry.split_once(':').unwrap();
        let names = names.split_whitespace().map(str::to_owned).collect();
        symbols
            .exports
            .insert(entry.to_owned(), EntryExports::Names(names));
    }
    symbols
}

fn importing(entry: &str, names: &[&str]) -> PackageSymbols {
    let mut symbols = exporting(".: default");
    symbols.imports.push(ImportedNames {
        package: name(CORE),
        entry: entry.to_owned(),
        when: ImportTime::Load,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    });
    symbols
}

fn collected(documents: &[(&str, Value)]) -> Collected {
    let source = documents
        .iter()
        .fold(MemorySource::new("test"), |all, (name, document)| {
            all.with(name, document.clone())
        });
    let roots: Vec<PackageName> = documents.iter().map(|(package, _)| name(package)).collect();
    block_on(collect(&source, &roots, &PluginLayer::default())).unwrap()
}

fn symbols(all: &[(&str, &str, PackageSymbols)]) -> MemorySymbols {
    all.iter().fold(
        MemorySymbols::new(),
        |source, (package, version, symbols)| {
            source.with(
                name(package),
                parse_version(version).unwrap(),
                symbols.clone(),
            )
        },
    )
}

fn plan(source: &MemorySymbols, collected: &Collected, request: &Request) -> Refined {
    let (layer, limits) = (PluginLayer::default(), RefineLimits::default());
    block_on(refine(source, collected, &layer, request, limits)).unwrap()
}

/// What is selected: `name version, name version`.
fn selection(refined: &Refined) -> String {
    let resolution = refined.outcome.as_ref().unwrap();
    let all: Vec<String> = resolution
        .packages()
        .map(|package| format!("{} {}", package.name, package.version))
        .collect();
    all.join(", ")
}

const MCP: &str = "@elizaos/plugin-mcp";

/// mcp 1.8.2 asks for any core and imports what only a prerelease exports.
fn mcp() -> (Collected, MemorySymbols) {
    let versions = [
        "1.0.20",
        "1.6.4",
        "1.6.5",
        "1.7.0",
        "1.7.1",
        "1.7.2",
        "1.7.3-alpha.4",
    ];
    let core: Vec<_> = versions.iter().map(|version| (*version, None)).collect();
    let documents = [
        (CORE, document(CORE, &core)),
        (MCP, document(MCP, &[("1.8.2", Some("*"))])),
    ];
    let without = || exporting(".: Service logger");
    let source = symbols(&[
        (
            MCP,
            "1.8.2",
            importing(".", &["Service", "getRequestContext"]),
        ),
        (
            CORE,
            "1.7.3-alpha.4",
            exporting(".: Service getRequestContext logger"),
        ),
        (CORE, "1.7.2", without()),
        (CORE, "1.6.5", without()),
        (CORE, "1.0.20", without()),
    ]);
    (collected(&documents), source)
}

#[test]
fn a_name_that_no_stable_core_exports_is_a_conflict_that_names_it() {
    let (collected, source) = mcp();
    let refined = plan(
        &source,
        &collected,
        &Request::new().root(name(MCP), "*".parse().unwrap()),
    );
    let why = refined.outcome.as_ref().unwrap_err().to_string();
    assert!(why.contains("plugin-mcp"), "{why}");
    let plugin_resolver::Failure::Conflict(explanation) = refined.outcome.as_ref().unwrap_err()
    else {
        panic!("{why}");
    };
    assert!(
        explanation.to_string().contains("getRequestContext"),
        "{explanation}"
    );
    assert_eq!(refined.extent, Extent::Settled);
    // The newest of each line was looked at, and stands in for the others.
    let asked: BTreeSet<String> = source.asked().into_iter().collect();
    let expected = [
        "@elizaos/core@1.0.20",
        "@elizaos/core@1.6.5",
        "@elizaos/core@1.7.2",
        "@elizaos/core@1.7.3-alpha.4",
        "@elizaos/plugin-mcp@1.8.2",
    ];
    assert!(asked.iter().eq(expected), "{asked:?}");
    let stand_in = refined
        .symbols
        .stand_in(&name(CORE), &parse_version("1.7.0").unwrap());
    assert_eq!(stand_in, Some(&parse_version("1.7.2").unwrap()));
}

#[test]
fn where_prereleases_are_allowed_the_one_that_exports_it_is_selected() {
    let (collected, source) = mcp();
    let request = Request::new()
        .root(name(MCP), "*".parse().unwrap())
        .prereleases(Prereleases::Everywhere);
    let refined = plan(&source, &collected, &request);
    assert_eq!(
        selection(&refined),
        "@elizaos/core 1.7.3-alpha.4, @elizaos/plugin-mcp 1.8.2"
    );
    assert_eq!(source.asked().len(), 2);
}

const COINGECKO: &str = "@elizaos/plugin-coingecko";

/// coingecko 1.0.1 imports an entry that the core had up to 1.0.20.
fn coingecko() -> (Collected, MemorySymbols) {
    let core = ["1.0.19", "1.0.20", "1.6.5", "1.7.1", "1.7.2"].map(|version| (version, None));
    let documents = [
        (CORE, document(CORE, &core)),
        (COINGECKO, document(COINGECKO, &[("1.0.1", Some("^1.0.0"))])),
    ];
    let source = symbols(&[
        (
            COINGECKO,
            "1.0.1",
            importing("./v1", &["toV2ActionExample"]),
        ),
        (CORE, "1.7.2", exporting(".: logger")),
        (CORE, "1.6.5", exporting(".: logger")),
        (
            CORE,
            "1.0.20",
            exporting(".: logger; ./v1: toV2ActionExample"),
        ),
    ]);
    (collected(&documents), source)
}

#[test]
fn an_entry_that_newer_cores_lack_leads_to_the_newest_that_has_it() {
    let (collected, source) = coingecko();
    let request = Request::new().root(name(COINGECKO), "*".parse().unwrap());
    let refined = plan(&source, &collected, &request);
    assert_eq!(
        selection(&refined),
        "@elizaos/core 1.0.20, @elizaos/plugin-coingecko 1.0.1"
    );
    assert_eq!(refined.extent, Extent::Settled);
    assert!(refined.unanswered.is_empty());
}

#[test]
fn what_is_selected_was_looked_at_and_never_only_judged_by_another() {
    // The newest fix of the line has the entry, the one that the plugin asks for has not.
    let core = [("1.0.19", None), ("1.0.20", None)];
    let documents = [
        (CORE, document(CORE, &core)),
        (
            COINGECKO,
            document(
                COINGECKO,
                &[("1.0.1", Some("1.0.19")), ("1.0.0", Some("1.0.20"))],
            ),
        ),
    ];
    let source = symbols(&[
        (COINGECKO, "1.0.1", importing("./v1", &[])),
        (COINGECKO, "1.0.0", importing("./v1", &[])),
        (CORE, "1.0.20", exporting(".: a; ./v1: b")),
        (CORE, "1.0.19", exporting(".: a")),
    ]);
    let collected = collected(&documents);
    let request = Request::new().root(name(COINGECKO), "*".parse().unwrap());
    let refined = plan(&source, &collected, &request);
    assert_eq!(
        selection(&refined),
        "@elizaos/core 1.0.20, @elizaos/plugin-coingecko 1.0.0"
    );
}

#[test]
fn without_answers_the_plan_is_the_one_without_names() {
    let (collected, _) = mcp();
    let request = Request::new().root(name(MCP), "*".parse().unwrap());
    let offline = SourceError::Unavailable {
        what: MCP.to_owned(),
        reason: "offline".to_owned(),
    };
    let source =
        MemorySymbols::new().failing(name(MCP), parse_version("1.8.2").unwrap(), offline.clone());
    let refined = plan(&source, &collected, &request);
    assert_eq!(
        selection(&refined),
        "@elizaos/core 1.7.2, @elizaos/plugin-mcp 1.8.2"
    );
    assert_eq!(refined.extent, Extent::Settled);
    let unanswered: Vec<String> = refined
        .unanswered
        .iter()
        .map(|((name, version), error)| format!("{name} {version}: {error}"))
        .collect();
    assert_eq!(
        unanswered,
        [
            "@elizaos/core 1.7.2: the source has no `@elizaos/core@1.7.2`",
            "@elizaos/plugin-mcp 1.8.2: the source cannot be reached for `@elizaos/plugin-mcp`: offline",
        ]
    );
}

#[test]
fn bytes_that_are_not_the_published_ones_end_it() {
    let (collected, source) = mcp();
    let error = SourceError::IntegrityMismatch {
        what: "x".to_owned(),
        expected: "a".to_owned(),
        got: "b".to_owned(),
    };
    let source = source.failing(name(CORE), parse_version("1.7.2").unwrap(), error.clone());
    let request = Request::new().root(name(MCP), "*".parse().unwrap());
    let (layer, limits) = (PluginLayer::default(), RefineLimits::default());
    let refined = block_on(refine(&source, &collected, &layer, &request, limits));
    assert_eq!(refined.unwrap_err(), error);
}

#[test]
fn it_stops_at_its_limits_and_says_so() {
    let (collected, source) = coingecko();
    let request = Request::new().root(name(COINGECKO), "*".parse().unwrap());
    let check = |limits: RefineLimits, extent: Extent| {
        let refined = block_on(refine(
            &source,
            &collected,
            &PluginLayer::default(),
            &request,
            limits,
        ));
        assert_eq!(refined.unwrap().extent, extent, "{limits:?}");
    };
    let all = RefineLimits::default();
    check(RefineLimits { releases: 1, ..all }, Extent::Limited);
    check(RefineLimits { rounds: 1, ..all }, Extent::Limited);
    check(RefineLimits { rounds: 2, ..all }, Extent::Settled);
}
