//! Why there is no answer, in data and in words.

use plugin_resolver::{
    Budget, Demand, Explanation, Failure, Problem, Request, Requirer, UnresolvableKind, resolve,
};

use crate::support::{builder, name, outcome, request};

fn explain(universe: &str, asked: &str) -> String {
    outcome(&resolve(&builder(universe).build(), &request(asked)))
}

fn explanation(universe: &str, asked: &Request) -> Explanation {
    match resolve(&builder(universe).build(), asked) {
        Err(Failure::Conflict(explanation)) => *explanation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_plugins_that_cannot_share_a_core() {
    let text = explain(
        "a@1.0.0: core ^1\n b@1.0.0: core ^2\n c@1.0.0\n core@1.0.0\n core@2.0.0",
        "a *, b *, c *",
    );
    insta::assert_snapshot!(text, @r#"
    a * and b * cannot be installed together: no version of core suits both
      a 1.0.0 needs core ^1
      b 1.0.0 needs core ^2
    it works without a * or b *
    "#);
}

#[test]
fn what_fails_by_itself() {
    let library = "
        a@1.0.0: gone *
        b@1.0.0: core workspace:*
        c@1.0.0: core github:elizaos/core
        d@1.0.0: core next
        e@1.0.0: core ^9
        f@1.0.0: empty *
        g@2.0.0: g ^1
        core@1.0.0
        empty
    ";
    let all: Vec<String> = [
        "a *",
        "b *",
        "c *",
        "d *",
        "e *",
        "f *",
        "g *",
        "gone *",
        "core workspace:*",
        "core file:../core",
        "core next",
        "core ^9",
        "empty *",
    ]
    .iter()
    .map(|asked| explain(library, asked))
    .collect();
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn a_published_workspace_is_its_own_diagnosis() {
    let found = explanation("a@1.0.0: core workspace:*\n core@1.0.0", &request("a *"));
    let blocked = found
        .requirements()
        .iter()
        .find(|r| r.problem.is_some())
        .unwrap();
    assert_eq!(blocked.problem, Some(Problem::WorkspacePublished));
    assert_eq!(blocked.demand, Demand::Spec("workspace:*".to_owned()));
    let found = explanation("core@1.0.0", &request("core git://x/y"));
    let problem = found.requirements()[0].problem.clone();
    assert_eq!(
        problem,
        Some(Problem::Unresolvable {
            kind: UnresolvableKind::Git
        })
    );
}

#[test]
fn every_requirement_that_takes_part_is_there() {
    let library = "
        app@1.0.0: mid ^1
        mid@1.0.0: core ^1
        mid@1.1.0: core ^1
        other@1.0.0: core ^2
        noise@1.0.0: core *
        core@1.0.0
        core@2.0.0
    ";
    let found = explanation(library, &request("noise *, app *, other *"));
    let facts: Vec<String> = found
        .requirements()
        .iter()
        .map(|r| {
            let way: Vec<&str> = match &r.by {
                Requirer::Package { name, .. } => {
                    found.way_to(name).iter().map(|n| n.as_str()).collect()
                }
                _ => Vec::new(),
            };
            format!("{r} | admits {} | {}", r.admits.len(), way.join(" > "))
        })
        .collect();
    insta::assert_snapshot!(facts.join("\n"), @r#"
    you ask for app * | admits 1 | 
    you ask for other * | admits 1 | 
    app 1.0.0 needs mid ^1 | admits 2 | app
    mid 1.0.0 and 1.1.0 need core ^1 | admits 1 | app > mid
    other 1.0.0 needs core ^2 | admits 1 | other
    "#);
    assert_eq!(found.disputed(), [&name("core")]);
    let removals: Vec<_> = found.removals().iter().map(|r| r.name.as_str()).collect();
    assert_eq!(removals, ["app", "other"]);
}

#[test]
fn removing_one_is_not_always_enough() {
    let library = "
        a@1.0.0: x 1
        b@1.0.0: x 2
        c@1.0.0: y 1
        d@1.0.0: y 2
        x@1.0.0
        x@2.0.0
        y@1.0.0
        y@2.0.0
    ";
    let found = explanation(library, &request("a *, b *, c *, d *"));
    assert_eq!(found.requests().len(), 2);
    assert!(found.removals().is_empty());
    assert!(
        found
            .to_string()
            .ends_with("leaving out any single one of them is not enough")
    );
}

#[test]
fn cycles_are_explained_too() {
    insta::assert_snapshot!(explain("a@1.0.0: b *\n b@1.0.0: c *\n c@1.0.0: a ^2", "a *"), @r#"
    a * cannot be installed
      c 1.0.0, needed by a through b, needs a ^2: no version is in that range, the newest is 1.0.0
      a 1.0.0 needs b *
      b 1.0.0, needed by a, needs c *
    "#);
}

#[test]
fn the_text_is_bounded_and_the_data_is_not() {
    let mut library = String::from("core@1.0.0\n core@2.0.0\n");
    for minor in 0..200 {
        library.push_str(&format!("a@1.{minor}.0: core ^2.{minor}\n"));
    }
    let found = explanation(&library, &request("a <1.150.1, core ^1"));
    assert!(
        found.requirements().len() > 140,
        "{}",
        found.requirements().len()
    );
    assert!(found.lines().len() <= Explanation::MAX_LINES);
    // Long names, long ranges, many of them.
    let long = |prefix: &str| format!("@{}/{}", prefix, "n".repeat(200));
    let mut library = format!("{}@1.0.0\n", long("core"));
    let mut asked = Vec::new();
    for i in 0..40 {
        let range = format!("^1.0.0-{}", "r".repeat(200));
        library.push_str(&format!(
            "{}@1.0.0: {} {range} <1.0.0 || 0.{i}.x\n",
            long(&format!("p{i}")),
            long("core")
        ));
        asked.push(format!("{} *", long(&format!("p{i}"))));
    }
    let text = explanation(&library, &request(&asked.join(", "))).to_string();
    assert!(
        text.len() <= Explanation::MAX_BYTES && text.lines().count() <= Explanation::MAX_LINES,
        "{text}"
    );
}

#[test]
fn a_spent_budget_is_not_a_conflict() {
    // Nine pigeons, eight holes: no solver of this kind sees through it.
    let mut library = String::new();
    for hole in 0..8 {
        for pigeon in 0..9 {
            library.push_str(&format!("h{hole}@{}.0.0\n", pigeon + 1));
        }
    }
    for pigeon in 0..9 {
        for hole in 0..8 {
            library.push_str(&format!(
                "p{pigeon}@{}.0.0: h{hole} {}.0.0\n",
                hole + 1,
                pigeon + 1
            ));
        }
    }
    let asked: Vec<String> = (0..9).map(|pigeon| format!("p{pigeon} *")).collect();
    let asked = request(&asked.join(", ")).budget(Budget::steps(500));
    let failure = resolve(&builder(&library).build(), &asked).unwrap_err();
    assert_eq!(failure, Failure::Budget { steps: 500 });
    assert_eq!(failure.tag(), "ResolutionBudgetSpent");
    assert_eq!(failure.to_string(), "no answer was found within 500 steps");
}

#[test]
fn requesters_are_told_apart() {
    let found = explanation("core@1.0.0\n core@2.0.0", &request("core ^1, core ^2"));
    assert!(
        found
            .requirements()
            .iter()
            .all(|r| r.by == Requirer::Request)
    );
    insta::assert_snapshot!(found.to_string(), @r#"
    core ^1 and core ^2 cannot be installed together: no version of core suits both
      you ask for core ^1
      you ask for core ^2
    it works without core ^1 or core ^2
    "#);
}
