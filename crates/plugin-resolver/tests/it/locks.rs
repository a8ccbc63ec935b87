//! The record of an answer.

use plugin_resolver::{DependencyKind, Lock, ReleaseFacts, ResolverError, parse_version, resolve};

use crate::support::{builder, name, request, selection};

fn golden() -> Lock {
    let mut library = builder(
        "@elizaos/plugin-a@1.0.0: @elizaos/core ^1, ^@elizaos/core >=1.2 <2, b latest\n b@0.1.0",
    );
    let core = ReleaseFacts::new().with_integrity("sha512-AAAA").needs(
        name("zod"),
        "^3".parse().unwrap(),
        DependencyKind::Normal,
    );
    library.release(name("@elizaos/core"), parse_version("1.7.2").unwrap(), core);
    library.tag(name("b"), "latest", parse_version("0.1.0").unwrap());
    library.tag(
        name("@elizaos/plugin-a"),
        "next",
        parse_version("1.0.0").unwrap(),
    );
    library.external(name("zod"));
    resolve(&library.build(), &request("@elizaos/plugin-a next"))
        .unwrap()
        .lock()
}

#[test]
fn the_format_is_kept() {
    insta::assert_snapshot!(golden().to_json());
    assert_eq!(Lock::parse(&golden().to_json()).unwrap(), golden());
}

#[test]
fn a_lock_of_format_1_keeps_loading() {
    let lock = Lock::parse(include_str!("data/lock-1.json")).unwrap();
    assert_eq!(lock.packages().len(), 3);
    assert_eq!(lock, golden());
}

#[test]
fn what_is_no_lock_is_refused_by_name() {
    let refused = |text: &str| {
        let error = Lock::parse(text).unwrap_err();
        format!("{}: {error}", error.tag())
    };
    let rows: Vec<String> = [
        "",
        "[]",
        "null",
        "{}",
        r#"{"format": 2, "future": true}"#,
        r#"{"format": "1"}"#,
        r#"{"format": 1, "requirements": "x"}"#,
        r#"{"format": 1, "requirements": "x", "packages": {"../x": {"version": "1.0.0"}}}"#,
        r#"{"format": 1, "requirements": "x", "packages": {"a": {"version": "1.0"}}}"#,
        r#"{"format": 1, "requirements": "x", "packages": {"a": {"version": "1.0.0", "resolved": "u"}}}"#,
        r#"{"format": 1, "requirements": "x", "packages": {}} trailing"#,
    ]
    .iter()
    .map(|text| refused(text))
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
    let deep = "[".repeat(1_000_000);
    assert!(matches!(
        Lock::parse(&deep),
        Err(ResolverError::LockUnreadable { .. })
    ));
}

#[test]
fn a_lock_knows_what_it_answers() {
    let universe = builder("a@1.0.0\n a@2.0.0\n b@1.0.0").build();
    let asked = request("a ^1, b *");
    let lock = resolve(&universe, &asked).unwrap().lock();
    assert!(lock.answers(&asked));
    assert!(lock.answers(&request("b *, a ^1")));
    assert!(!lock.answers(&request("a ^2, b *")));
    assert!(!lock.answers(&request("a ^1")));
}

#[test]
fn locked_versions_are_kept_while_they_fit() {
    let old = builder("a@1.0.0: core ^1\n core@1.0.0").build();
    let lock = resolve(&old, &request("a *")).unwrap().lock();
    let new = builder("a@1.0.0: core ^1\n a@1.1.0: core ^1.1\n core@1.0.0\n core@1.1.0").build();
    let ask = |asked| selection(&resolve(&new, &request(asked).prefer(lock.clone())).unwrap());
    assert_eq!(ask("a *"), "a 1.0.0, core 1.0.0");
    assert_eq!(ask("a ^1.1"), "a 1.1.0, core 1.1.0");
}
