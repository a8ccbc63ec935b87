//! Questions about several plugins, aliases, and packages without a recommended release.

use futures::executor::block_on;
use plugin_lifecycle::{Asked, Installed, PlanPart};
use plugin_resolver::{Failure, Interrupt, Request};
use serde_json::json;

use crate::world::{KNOWLEDGE, SQL, World};

fn asked(name: &str, spec: Option<&str>) -> Asked {
    Asked {
        name: name.parse().unwrap(),
        spec: spec.map(|spec| spec.parse().unwrap()),
    }
}

#[test]
fn several_plugins_are_one_plan_and_are_installed_all() {
    let world = World::new();
    let alice = world.tenant("alice", "acme");
    let both = [asked(KNOWLEDGE, None), asked(SQL, None)];
    let question = block_on(alice.question_to_install(&both, Request::new())).unwrap();
    let plan = alice
        .install_plan(&question, &question.answer().unwrap())
        .unwrap();
    assert_eq!(plan.package.as_str(), KNOWLEDGE);
    let parts: Vec<(&str, PlanPart)> = plan
        .steps
        .iter()
        .map(|step| (step.package.as_str(), step.part))
        .collect();
    assert_eq!(
        parts,
        [
            ("@elizaos/core", PlanPart::Shared),
            (SQL, PlanPart::Root),
            (KNOWLEDGE, PlanPart::Root)
        ]
    );
    let first = block_on(alice.install(&plan)).unwrap();
    let installed = block_on(alice.list_installed()).unwrap();
    let wanted: Vec<(&str, bool)> = installed
        .iter()
        .map(|plugin| {
            (
                plugin.package.as_str(),
                plugin.wanted == plugin_lifecycle::Wanted::Asked,
            )
        })
        .collect();
    assert_eq!(wanted, [(KNOWLEDGE, true), (SQL, true)]);
    assert!(
        installed
            .iter()
            .any(|plugin| plugin.instance == first && plugin.package == KNOWLEDGE)
    );
    let again = block_on(alice.question_to_install(&both, Request::new()));
    assert_eq!(again.unwrap_err().tag(), "AlreadyInstalled");
}

#[test]
fn an_alias_asks_for_the_package_behind_it() {
    let world = World::new();
    let alice = world.tenant("alice", "acme");
    let alias = [asked("notes", Some(&format!("npm:{SQL}@^1")))];
    let question = block_on(alice.question(&alias, Request::new(), Installed::Ignored)).unwrap();
    let answer = question.answer().unwrap();
    assert_eq!(
        answer.version(&SQL.parse().unwrap()).unwrap().to_string(),
        "1.7.2"
    );
    let question = block_on(alice.question_to_install(&alias, Request::new())).unwrap();
    let plan = alice
        .install_plan(&question, &question.answer().unwrap())
        .unwrap();
    assert_eq!(
        (plan.package.as_str(), plan.root().unwrap().package.as_str()),
        (SQL, SQL)
    );
}

#[test]
fn without_a_tag_the_newest_stable_is_meant_and_else_the_newest_prerelease() {
    let world = World::new();
    let alice = world.tenant("alice", "acme");
    let named = |name: &str, versions: &[&str]| {
        let versions: serde_json::Map<_, _> = versions
            .iter()
            .map(|version| {
                (
                    (*version).to_owned(),
                    json!({"name": name, "version": version}),
                )
            })
            .collect();
        json!({"name": name, "dist-tags": {}, "versions": versions})
    };
    for (name, versions) in [
        ("@elizaos/plugin-a", &["1.0.0", "1.1.0", "2.0.0-beta.1"][..]),
        (
            "@elizaos/plugin-b",
            &["2.0.0-alpha.9", "2.0.0-alpha.10"][..],
        ),
    ] {
        world.source.put(name, named(name, versions));
    }
    let both = [
        asked("@elizaos/plugin-a", None),
        asked("@elizaos/plugin-b", None),
    ];
    let question = block_on(alice.question(&both, Request::new(), Installed::Ignored)).unwrap();
    let answer = question.answer().unwrap();
    let versions: Vec<String> = answer
        .packages()
        .map(|one| format!("{} {}", one.name, one.version))
        .collect();
    assert_eq!(
        versions,
        [
            "@elizaos/plugin-a 1.1.0",
            "@elizaos/plugin-b 2.0.0-alpha.10"
        ]
    );
    let meant: Vec<String> = question
        .meant
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    assert_eq!(meant, ["@elizaos/plugin-b 2.0.0-alpha.10"]);
}

#[test]
fn an_answer_can_be_interrupted_and_is_else_the_same() {
    let world = World::new();
    let alice = world.tenant("alice", "acme");
    let ask = |range: &str| {
        let asked = [asked(KNOWLEDGE, None), asked(SQL, Some(range))];
        block_on(alice.question(&asked, Request::new(), Installed::Ignored)).unwrap()
    };
    let interrupt = Interrupt::new();
    for range in ["*", "^9"] {
        let question = ask(range);
        let (said, same) = (question.answer_until(&interrupt), question.answer());
        assert_eq!(said.map(|it| it.lock()), same.map(|it| it.lock()));
    }
    interrupt.interrupt();
    assert_eq!(
        ask("^9").answer_until(&interrupt).unwrap_err(),
        Failure::Cancelled
    );
    assert_eq!(
        ask("^9").groups_until(&interrupt).unwrap_err(),
        Failure::Cancelled
    );
}
