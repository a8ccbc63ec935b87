//! What is selected where several answers exist.

use plugin_resolver::{Path, Policy, Prereleases, ReleaseFacts, Search, parse_version, resolve};

use crate::support::{builder, check, name, outcome, request, selection};

const LIBRARY: &str = "
    a@1.0.0: core ^1
    a@1.1.0: core ^1.2
    a@2.0.0: core ^2
    b@1.0.0: core ^1.2
    b@2.0.0: core ^1
    core@1.0.0
    core@1.2.0
    core@2.0.0
";

#[test]
fn newest_first() {
    check(LIBRARY, "a *", "a 2.0.0, core 2.0.0");
    check(LIBRARY, "b *", "b 2.0.0, core 1.2.0");
    check(LIBRARY, "", "");
}

#[test]
fn earlier_roots_come_first() {
    let library = "
        a@1.0.0: c 2
        a@2.0.0: c 1
        b@1.0.0: c 1
        b@2.0.0: c 2
        c@1.0.0
        c@2.0.0
    ";
    check(library, "a *, b *", "a 2.0.0, b 1.0.0, c 1.0.0");
    check(library, "b *, a *", "a 1.0.0, b 2.0.0, c 2.0.0");
}

/// `x` is in conflict before `r2` has its version. Deciding it first, as a solver likes to do with what makes trouble,
/// would take its newest version and leave `r2` behind.
#[test]
fn roots_come_before_what_was_in_conflict() {
    let library = "
        r1@1.0.0: x *
        r1@2.0.0: x *
        r1@3.0.0: x *, z *
        r2@1.0.0
        r2@2.0.0: x 1.0.0
        x@1.0.0: w ^1
        x@2.0.0: w ^1
        x@3.0.0: w ^1
        z@1.0.0: w ^2
        w@1.0.0
        w@2.0.0
    ";
    let answer = "r1 2.0.0, r2 2.0.0, w 1.0.0, x 1.0.0";
    check(library, "r1 *, r2 *", answer);
    check(library, "r1 *, r2 *, x *", answer);
}

#[test]
fn what_must_be_held_back_is() {
    check(LIBRARY, "b *, a *", "a 1.1.0, b 2.0.0, core 1.2.0");
    check(LIBRARY, "a *, b *", "a 1.1.0, b 2.0.0, core 1.2.0");
}

#[test]
fn lowest() {
    let answer = resolve(
        &builder(LIBRARY).build(),
        &request("a *, b *").policy(Policy::Lowest),
    );
    assert_eq!(outcome(&answer), "a 1.0.0, b 1.0.0, core 1.2.0");
}

#[test]
fn cycles_are_legal() {
    check(
        "a@1.0.0: b *\n b@1.0.0: c *\n c@1.0.0: a ^1",
        "a *",
        "a 1.0.0, b 1.0.0, c 1.0.0",
    );
    check("a@1.0.0: a ^1", "a *", "a 1.0.0");
    check("a@1.0.0: a ^1\n a@2.0.0: a ^1", "a *", "a 1.0.0");
}

#[test]
fn optional_needs() {
    // Is there if it can be, is left out if not, never stands in the way.
    check("a@1.0.0: b? *\n b@1.0.0", "a *", "a 1.0.0, b 1.0.0");
    check("a@1.0.0: b? ^2\n b@1.0.0", "a *", "a 1.0.0");
    check("a@1.0.0: b? *", "a *", "a 1.0.0");
    check(
        "a@1.0.0: b? *, c 1\n b@1.0.0: c 2\n c@1.0.0\n c@2.0.0",
        "a *",
        "a 1.0.0, c 1.0.0",
    );
    check(
        "a@1.0.0: b? *, c *\n b@1.0.0: c 2\n b@0.9.0: c 3\n c@2.0.0\n c@3.0.0",
        "a *",
        "a 1.0.0, b 0.9.0, c 3.0.0",
    );
    // An optional peer is nobody's wish, but a condition.
    check("a@1.0.0: ^b? 1\n b@1.0.0\n b@2.0.0", "a *", "a 1.0.0");
    check(
        "a@1.0.0: ^b? 1\n b@1.0.0\n b@2.0.0",
        "a *, b *",
        "a 1.0.0, b 1.0.0",
    );
    check(
        "a@1.0.0: ^b? 1\n c@1.0.0: b *\n b@1.0.0\n b@2.0.0",
        "a *, c *",
        "a 1.0.0, b 1.0.0, c 1.0.0",
    );
    // Peers are there like everything that is needed.
    check(
        "a@1.0.0: ^b 1\n b@1.0.0\n b@2.0.0",
        "a *",
        "a 1.0.0, b 1.0.0",
    );
}

#[test]
fn an_optional_wish_outlasts_an_idle_condition() {
    let library = "a@1.0.0: ^x? *, q? *\n q@1.0.0: x 1\n x@1.0.0\n x@2.0.0";
    check(library, "a *", "a 1.0.0, q 1.0.0, x 1.0.0");
}

#[test]
fn tags_follow_the_registry() {
    let mut library = builder(LIBRARY);
    library.tag(name("a"), "latest", parse_version("1.1.0").unwrap());
    let universe = library.build();
    let resolution = resolve(&universe, &request("a latest")).unwrap();
    assert_eq!(selection(&resolution), "a 1.1.0, core 1.2.0");
    assert_eq!(
        resolution.get(&name("a")).unwrap().tag.as_deref(),
        Some("latest")
    );
}

#[test]
fn aliases_mean_the_package_behind_them() {
    check(
        "a@1.0.0: other npm:core@^1\n core@1.0.0\n core@2.0.0",
        "a *",
        "a 1.0.0, core 1.0.0",
    );
    check(LIBRARY, "mine npm:core@^1", "core 1.2.0");
}

#[test]
fn deprecated_and_withdrawn_releases_are_the_last_choice() {
    let mut library = builder("a@1.0.0");
    library.release(
        name("a"),
        parse_version("1.1.0").unwrap(),
        ReleaseFacts::new().deprecated("use b"),
    );
    library.release(
        name("a"),
        parse_version("1.2.0").unwrap(),
        ReleaseFacts::new().yanked(),
    );
    let universe = library.build();
    for (asked, expect) in [
        ("a *", "a 1.0.0"),
        ("a >=1.1", "a 1.2.0"),
        ("a 1.1.0", "a 1.1.0"),
    ] {
        assert_eq!(outcome(&resolve(&universe, &request(asked))), expect);
    }
    let resolution = resolve(&universe, &request("a 1.1.0")).unwrap();
    assert_eq!(
        resolution.get(&name("a")).unwrap().deprecated.as_deref(),
        Some("use b")
    );
}

#[test]
fn the_host_decides_what_it_provides() {
    let universe = builder(LIBRARY).build();
    let core = |version: &str| (name("core"), parse_version(version).unwrap());
    let ask = |asked: &str, (package, version)| {
        outcome(&resolve(&universe, &request(asked).host(package, version)))
    };
    assert_eq!(ask("a *", core("1.0.0")), "a 1.0.0, core 1.0.0");
    assert_eq!(ask("a *", core("2.0.0")), "a 2.0.0, core 2.0.0");
    // What nobody needs is not selected because the host has it.
    assert_eq!(ask("core 1.0.0", core("1.0.0")), "core 1.0.0");
    assert_eq!(ask("", core("1.0.0")), "");
    insta::assert_snapshot!(ask("b *", core("2.0.0")), @r#"
    b * cannot be installed with the core 2.0.0 that the host provides
      the host provides core 2.0.0
      b 2.0.0 needs core ^1
      b 1.0.0 needs core ^1.2
    "#);
    insta::assert_snapshot!(ask("b *", core("7.0.0")), @r#"
    b * cannot be installed with the core 7.0.0 that the host provides
      the host provides core 7.0.0: nothing is known of that version
      b 2.0.0 needs core ^1
      b 1.0.0 needs core ^1.2
    "#);
}

#[test]
fn prereleases_everywhere_reach_every_range() {
    let library = "a@1.0.0: core ^1\n core@1.0.0\n core@1.3.0-beta.1";
    check(library, "a *", "a 1.0.0, core 1.0.0");
    let everywhere = request("a *").prereleases(Prereleases::Everywhere);
    for search in [Search::GreedyFirst, Search::Complete] {
        let answer = resolve(
            &builder(library).build(),
            &everywhere.clone().search(search),
        );
        assert_eq!(outcome(&answer), "a 1.0.0, core 1.3.0-beta.1");
    }
}

#[test]
fn external_names_take_no_part_and_are_kept_as_facts() {
    let mut library = builder("a@1.0.0: zod ^3, core *, lodash *\n core@1.0.0");
    library.external(name("zod"));
    library.external_unless(|name| name.as_str() == "core");
    let universe = library.build();
    assert_eq!(
        outcome(&resolve(&universe, &request("a *"))),
        "a 1.0.0, core 1.0.0"
    );
    let facts: Vec<String> = universe
        .external()
        .map(|(a, v, b, s)| format!("{a} {v}: {b} {s}"))
        .collect();
    assert_eq!(facts, ["a 1.0.0: lodash *", "a 1.0.0: zod ^3"]);
    assert_eq!(universe.missing().count(), 0);
    assert!(!universe.knows(&name("zod")) && universe.knows(&name("core")));
}

#[test]
fn more_than_64_versions() {
    let mut text = String::from("a@1.0.0: b <1.150.0\n");
    for minor in 0..200 {
        text.push_str(&format!(
            "b@1.{minor}.0: c 1.{}.0\n c@1.{minor}.0\n",
            199 - minor
        ));
    }
    check(&text, "a *", "a 1.0.0, b 1.149.0, c 1.50.0");
    check(&text, "a *, c <=1.60.0", "a 1.0.0, b 1.139.0, c 1.60.0");
    check(&text, "c *, a *", "a 1.0.0, b 1.0.0, c 1.199.0");
}

#[test]
fn the_greedy_path_is_taken_where_nothing_conflicts() {
    let universe = builder(LIBRARY).build();
    assert_eq!(
        resolve(&universe, &request("b *")).unwrap().path(),
        Path::Greedy
    );
    let held_back = resolve(&universe, &request("a *, b *")).unwrap();
    assert_eq!(held_back.path(), Path::Complete);
    assert!(held_back.steps() > 0);
}
