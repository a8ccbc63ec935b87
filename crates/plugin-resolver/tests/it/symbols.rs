//! What releases import and export, as constraints like any other.

use plugin_resolver::{
    DependencyKind, Exports, Failure, Prereleases, ReleaseFacts, Search, Universe, UniverseBuilder,
    Unlisted, parse_version, resolve,
};

use crate::support::{builder, name, outcome, request};

const CORE: &str = "@elizaos/core";

/// Entries with their names.
type Entries<'a> = &'a [(&'a str, &'a [&'a str])];

/// Releases of the core: version, and each entry with its names; `?` stands for names that are not known.
fn with_core(builder: &mut UniverseBuilder, releases: &[(&str, Entries<'_>)]) {
    for (version, entries) in releases {
        let facts = entries
            .iter()
            .fold(ReleaseFacts::new(), |facts, (entry, names)| {
                let exports = match names {
                    ["?"] => Exports::Unknown,
                    names => Exports::names(names.iter().copied()),
                };
                facts.exports(entry, exports)
            });
        builder.release(name(CORE), parse_version(version).unwrap(), facts);
    }
}

/// A release that needs the core in a range and imports from it.
fn plugin(range: &str, imports: Entries<'_>) -> ReleaseFacts {
    let facts = ReleaseFacts::new().needs(name(CORE), range.parse().unwrap(), DependencyKind::Peer);
    imports.iter().fold(facts, |facts, (entry, names)| {
        facts.imports(name(CORE), entry, names.iter().copied())
    })
}

fn universe(core: &[(&str, Entries<'_>)], plugins: &[(&str, &str, ReleaseFacts)]) -> Universe {
    let mut builder = Universe::builder();
    with_core(&mut builder, core);
    for (package, version, facts) in plugins {
        builder.release(
            name(package),
            parse_version(version).unwrap(),
            facts.clone(),
        );
    }
    builder.build()
}

/// Both searches give the same words.
fn ask(universe: &Universe, asked: &str, prereleases: Prereleases) -> String {
    let asked = request(asked).prereleases(prereleases);
    let greedy = outcome(&resolve(universe, &asked));
    let complete = outcome(&resolve(universe, &asked.search(Search::Complete)));
    assert_eq!(greedy, complete);
    greedy
}

fn strict(universe: &Universe, asked: &str) -> String {
    ask(universe, asked, Prereleases::WhereNamed)
}

#[test]
fn mcp_imports_what_only_a_prerelease_of_the_core_exports() {
    let universe = universe(
        &[
            ("1.7.1", &[(".", &["ModelType", "Service"])]),
            ("1.7.2", &[(".", &["ModelType", "Service"])]),
            (
                "1.7.3-alpha.4",
                &[(".", &["ModelType", "Service", "getRequestContext"])],
            ),
        ],
        &[(
            "@elizaos/plugin-mcp",
            "1.8.2",
            plugin(
                "*",
                &[(".", &["ModelType", "Service", "getRequestContext"])],
            ),
        )],
    );
    insta::assert_snapshot!(strict(&universe, "@elizaos/plugin-mcp *"), @r#"
    @elizaos/plugin-mcp * cannot be installed: no version of @elizaos/core suits all that is asked of it
      @elizaos/plugin-mcp 1.8.2 needs @elizaos/core *
      @elizaos/plugin-mcp 1.8.2 imports `getRequestContext` from @elizaos/core, which only the prerelease 1.7.3-alpha.4 exports
    "#);
    assert_eq!(
        ask(&universe, "@elizaos/plugin-mcp *", Prereleases::Everywhere),
        "@elizaos/core 1.7.3-alpha.4, @elizaos/plugin-mcp 1.8.2"
    );
}

#[test]
fn coingecko_imports_an_entry_that_the_core_no_longer_has() {
    let universe = universe(
        &[
            ("1.0.0", &[(".", &["logger"]), ("./v1", &["?"])]),
            ("1.0.20", &[(".", &["logger"]), ("./v1", &["?"])]),
            ("1.1.8", &[(".", &["logger"])]),
            ("1.7.2", &[(".", &["logger"])]),
        ],
        &[
            (
                "@elizaos/plugin-coingecko",
                "1.0.1",
                plugin("^1.0.0", &[("./v1", &["Action", "logger"])]),
            ),
            ("@elizaos/plugin-bootstrap", "1.7.2", plugin("1.7.2", &[])),
        ],
    );
    assert_eq!(
        strict(&universe, "@elizaos/plugin-coingecko *"),
        "@elizaos/core 1.0.20, @elizaos/plugin-coingecko 1.0.1"
    );
    insta::assert_snapshot!(
        strict(&universe, "@elizaos/plugin-bootstrap *, @elizaos/plugin-coingecko *"),
        @r#"
    @elizaos/plugin-bootstrap * and @elizaos/plugin-coingecko * cannot be installed together: no version of @elizaos/core suits both
      @elizaos/plugin-bootstrap 1.7.2 needs @elizaos/core 1.7.2
      @elizaos/plugin-coingecko 1.0.1 imports @elizaos/core/v1, which only 1.0.0 and 1.0.20 export
    it works without @elizaos/plugin-bootstrap * or @elizaos/plugin-coingecko *
    "#
    );
}

#[test]
fn a_name_that_no_version_exports_is_the_reason() {
    let universe = universe(
        &[("2.0.0-alpha.3", &[(".", &["Service"])])],
        &[(
            "scratchpad",
            "2.0.0-alpha.7",
            plugin("2.0.0-alpha.3", &[(".", &["validateActionKeywords"])]),
        )],
    );
    insta::assert_snapshot!(strict(&universe, "scratchpad 2.0.0-alpha.7"), @r#"
    scratchpad 2.0.0-alpha.7 cannot be installed
      scratchpad 2.0.0-alpha.7 imports `validateActionKeywords` from @elizaos/core: no version exports that
      scratchpad 2.0.0-alpha.7 needs @elizaos/core 2.0.0-alpha.3
    "#);
}

#[test]
fn what_is_not_known_admits() {
    let importing = || plugin("*", &[(".", &["x"]), ("./sub", &["y"])]);
    // Nothing recorded at all.
    let open = universe(&[("1.0.0", &[])], &[("p", "1.0.0", importing())]);
    assert_eq!(strict(&open, "p *"), "@elizaos/core 1.0.0, p 1.0.0");
    // Names of an entry not known.
    let unknown = universe(
        &[("1.0.0", &[(".", &["?"]), ("./sub", &["?"])])],
        &[("p", "1.0.0", importing())],
    );
    assert_eq!(strict(&unknown, "p *"), "@elizaos/core 1.0.0, p 1.0.0");
    // Entries beyond the listed ones are not known, but what is listed is.
    for (listed, expect) in [("x", true), ("z", false)] {
        let mut builder = Universe::builder();
        let core = ReleaseFacts::new()
            .exports(".", Exports::names([listed]))
            .unlisted(Unlisted::Unknown);
        builder.release(name(CORE), parse_version("1.0.0").unwrap(), core);
        builder.release(name("p"), parse_version("1.0.0").unwrap(), importing());
        let answer = resolve(&builder.build(), &request("p *"));
        assert_eq!(answer.is_ok(), expect, "{}", outcome(&answer));
    }
}

#[test]
fn an_import_is_a_condition_and_not_a_wish() {
    // The core is not brought by an import ...
    let mut library = builder("other@1.0.0: @elizaos/core *");
    with_core(&mut library, &[("1.0.0", &[(".", &["x"])]), ("2.0.0", &[])]);
    let importing = ReleaseFacts::new()
        .imports(name(CORE), ".", ["x", "y"])
        .imports(name("nobody"), ".", ["z"])
        .imports(name("p"), ".", ["itself"]);
    library.release(name("p"), parse_version("1.0.0").unwrap(), importing);
    let universe = library.build();
    assert_eq!(strict(&universe, "p *"), "p 1.0.0");
    assert_eq!(universe.missing().count(), 0);
    // ... but where another brings it, it must be one that fits.
    assert_eq!(
        strict(&universe, "p *, other *"),
        "@elizaos/core 2.0.0, other 1.0.0, p 1.0.0"
    );
    let answer = resolve(&universe, &request("p *, other *, @elizaos/core 1.0.0"));
    let Err(Failure::Conflict(why)) = answer else {
        panic!("{}", outcome(&answer));
    };
    let texts: Vec<String> = why.requirements().iter().map(ToString::to_string).collect();
    assert!(
        texts.contains(
            &"p 1.0.0 imports `y` from @elizaos/core, which only 2.0.0 exports".to_owned()
        ),
        "{texts:?}"
    );
}

#[test]
fn names_with_the_same_answer_are_one_constraint() {
    let universe = universe(
        &[
            ("1.0.0", &[(".", &["everywhere"])]),
            ("1.1.0", &[(".", &["a", "b", "c", "d", "everywhere"])]),
            ("1.2.0", &[(".", &["everywhere", "later"])]),
        ],
        &[(
            "p",
            "1.0.0",
            plugin("*", &[(".", &["a", "b", "c", "d", "everywhere", "later"])]),
        )],
    );
    insta::assert_snapshot!(strict(&universe, "p *"), @r#"
    p * cannot be installed
      p 1.0.0 needs @elizaos/core *
      p 1.0.0 imports `a`, `b`, `c` and 1 more from @elizaos/core, which only 1.1.0 exports
      p 1.0.0 imports `later` from @elizaos/core, which only 1.2.0 exports
    "#);
}
