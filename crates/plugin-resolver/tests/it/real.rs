//! Real plugins: 41 packages, 230 releases, as they stand in the registry.

use std::collections::BTreeMap;

use plugin_resolver::{
    DependencyKind, Failure, Path, ReleaseFacts, Request, Universe, UniverseBuilder, parse_version,
    resolve,
};

use crate::support::{advice, name, outcome, request, selection};

type Needs = BTreeMap<String, BTreeMap<String, String>>;

pub(crate) fn collected() -> UniverseBuilder {
    let packages: BTreeMap<String, BTreeMap<String, Needs>> =
        serde_json::from_str(include_str!("data/plugins.json")).unwrap();
    let mut builder = Universe::builder();
    for (package, releases) in packages {
        for (version, needs) in releases {
            let mut facts = ReleaseFacts::new();
            for (kind, needs) in needs {
                let kind = match kind.as_str() {
                    "needs" => DependencyKind::Normal,
                    "peers" => DependencyKind::Peer,
                    "optional" => DependencyKind::Optional,
                    other => panic!("{other}"),
                };
                for (target, spec) in needs {
                    facts = facts.needs(name(&target), spec.parse().unwrap(), kind);
                }
            }
            builder.release(name(&package), parse_version(&version).unwrap(), facts);
        }
    }
    builder
}

pub(crate) fn universe() -> Universe {
    collected().build()
}

fn check(asked: &str, expect: &str) {
    assert_eq!(outcome(&resolve(&universe(), &request(asked))), expect);
}

#[test]
fn bootstrap_and_knowledge_share_core_1_7_2() {
    check(
        "@elizaos/plugin-bootstrap 1.7.2, @elizaos/plugin-knowledge ^1.6",
        "@elizaos/core 1.7.2, @elizaos/plugin-bootstrap 1.7.2, @elizaos/plugin-knowledge 1.6.1, @elizaos/plugin-sql 1.7.2",
    );
    check(
        "@elizaos/plugin-bootstrap *, @elizaos/plugin-knowledge *",
        "@elizaos/core 1.7.2, @elizaos/plugin-bootstrap 1.7.2, @elizaos/plugin-knowledge 1.6.1, @elizaos/plugin-sql 1.7.2",
    );
}

#[test]
fn the_host_holds_a_plugin_back() {
    let asked = request("@elizaos/plugin-bootstrap *")
        .host(name("@elizaos/core"), parse_version("1.6.5").unwrap());
    let resolution = resolve(&universe(), &asked).unwrap();
    assert_eq!(
        selection(&resolution),
        "@elizaos/core 1.6.5, @elizaos/plugin-bootstrap 1.6.5, @elizaos/plugin-sql 1.6.5"
    );
    assert!(resolution.get(&name("@elizaos/core")).unwrap().is_host);
}

/// Each as a user meets it: who clashes, about what, and what can be done.
#[test]
fn real_conflicts_in_words() {
    let mut builder = collected();
    // What the registry's tags said, where a case asks for one.
    for (package, tag, version) in [
        ("@elizaos/plugin-bootstrap", "latest", "1.7.2"),
        ("@elizaos/plugin-memory", "latest", "1.1.2"),
        ("@elizaos/core", "latest", "1.7.2"),
    ] {
        builder.tag(name(package), tag, parse_version(version).unwrap());
    }
    let universe = builder.build();
    let core = || name("@elizaos/core");
    let cases = [
        (
            "plugins for three cores, v0, v1 and v2",
            request(
                "@elizaos/plugin-bootstrap 1.7.2, @elizaos/plugin-goals 2.0.0-alpha.9, @elizaos/plugin-tts 0.25.6-alpha.1",
            ),
        ),
        (
            "five plugins of which each works by itself",
            request(
                "@elizaos/plugin-bootstrap 1.7.2, @elizaos/plugin-knowledge 1.6.1, @elizaos/plugin-form 2.0.0-alpha.11, @elizaos/plugin-goals 2.0.0-alpha.9, @elizaos/plugin-web-search 0.25.6-alpha.1",
            ),
        ),
        (
            "two exact pins",
            request("@elizaos/plugin-form 2.0.0-alpha.11, @elizaos/plugin-goals 2.0.0-alpha.9"),
        ),
        (
            "a range against an exact pin",
            request("@elizaos/plugin-bootstrap 1.6.1, @elizaos/plugin-knowledge ^1.6"),
        ),
        (
            "a published workspace:*, other releases",
            request("@elizaos/plugin-knowledge 2.0.0-alpha.9"),
        ),
        (
            "a published workspace:*, the only release",
            request("@elizaos/plugin-edge-tts 1.0.0"),
        ),
        (
            "a tag that does not exist",
            request("@elizaos/plugin-bootstrap nightly, @elizaos/plugin-openrouter ^1"),
        ),
        (
            "a tag in a plugin, gone from the core",
            request("@elizaos/plugin-groq 2.0.0-alpha.10, @elizaos/plugin-farcaster *"),
        ),
        (
            "only prereleases in range",
            request("@elizaos/plugin-bootstrap 1.7.2, @elizaos/plugin-web-search *"),
        ),
        (
            "the host provides another core",
            request("@elizaos/plugin-bootstrap 1.7.2, @elizaos/plugin-anthropic *")
                .host(core(), parse_version("1.6.5").unwrap()),
        ),
        (
            "the host provides a core of another time",
            request("@elizaos/plugin-bootstrap ^1")
                .host(core(), parse_version("2.0.0-alpha.3").unwrap()),
        ),
        (
            "a package that does not exist",
            request("@elizaos/plugin-browser 2.0.0-beta.1, @elizaos/plugin-mcp *"),
        ),
        (
            "a plugin that nobody asked for",
            request("@elizaos/plugin-browser 1.0.3, @elizaos/core 1.2.1"),
        ),
        (
            "another plugin's version",
            request("@elizaos/plugin-bootstrap ^1.7, @elizaos/plugin-sql <1.6"),
        ),
        (
            "many versions, each with its own pin",
            request("@elizaos/plugin-bootstrap *, @elizaos/plugin-tts 0.25.6-alpha.1"),
        ),
        (
            "newer plugins than the known core",
            request("@elizaos/plugin-discord ^2.0.0-beta, @elizaos/plugin-twitter ^1"),
        ),
    ];
    let texts: Vec<String> = cases
        .iter()
        .map(|(case, asked)| format!("# {case}\n\n{}", advice(&universe, asked)))
        .collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn each_plugin_alone_and_each_pair_is_decided() {
    let universe = universe();
    let names: Vec<_> = universe.packages().cloned().collect();
    let ask = |packages: &[&plugin_resolver::PackageName]| {
        let root = |request: Request, name: &&plugin_resolver::PackageName| {
            request.root((*name).clone(), ">=0.0.0-0".parse().unwrap())
        };
        let asked = packages.iter().fold(Request::new(), root);
        resolve(
            &universe,
            &asked.prereleases(plugin_resolver::Prereleases::Everywhere),
        )
    };
    let mut counts = BTreeMap::new();
    let mut count = |answer: Result<plugin_resolver::Resolution, Failure>| {
        let kind = match answer {
            Ok(resolution) if resolution.path() == Path::Greedy => "greedy",
            Ok(_) => "complete",
            Err(failure) => failure.tag(),
        };
        *counts.entry(kind).or_insert(0) += 1;
    };
    for (at, one) in names.iter().enumerate() {
        count(ask(&[one]));
        for other in names.iter().skip(at + 1) {
            count(ask(&[one, other]));
        }
    }
    insta::assert_debug_snapshot!(counts);
}
