//! Real plugins: 41 packages, 230 releases, as they stand in the registry.

use std::collections::BTreeMap;

use plugin_resolver::{
    DependencyKind, Failure, Path, ReleaseFacts, Request, Universe, parse_version, resolve,
};

use crate::support::{advice, name, outcome, request, selection};

type Needs = BTreeMap<String, BTreeMap<String, String>>;

pub(crate) fn universe() -> Universe {
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
    builder.build()
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

#[test]
fn real_conflicts_in_words() {
    let universe = universe();
    let conflicts = [
        "@elizaos/plugin-bootstrap 1.7.2, @elizaos/plugin-web-search *",
        "@elizaos/plugin-bootstrap 1.7.2, @elizaos/plugin-knowledge 1.6.1, @elizaos/plugin-form 2.0.0-alpha.11, @elizaos/plugin-goals 2.0.0-alpha.9, @elizaos/plugin-web-search 0.25.6-alpha.1",
        "@elizaos/plugin-form *, @elizaos/plugin-goals *",
        "@elizaos/plugin-form 2.0.0-alpha.11, @elizaos/plugin-goals 2.0.0-alpha.9",
        "@elizaos/plugin-knowledge 2.0.0-alpha.9",
        "@elizaos/plugin-edge-tts 1.0.0",
        "@elizaos/plugin-bootstrap ^1.7, @elizaos/plugin-sql <1.6",
        "@elizaos/plugin-coingecko *, @elizaos/plugin-todo ^2.0.0-alpha",
    ];
    let texts: Vec<String> = conflicts
        .iter()
        .map(|asked| format!("{asked}\n\n{}", advice(&universe, &request(asked))))
        .collect();
    insta::assert_snapshot!(texts.join("\n\n----\n\n"));
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
