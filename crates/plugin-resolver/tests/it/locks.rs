//! The record of an answer.

use plugin_resolver::{
    Budget, Compatibility, DependencyKind, Failure, Lock, Policy, Prereleases, ReleaseFacts,
    Request, ResolverError, Search, duplicates, parse_version, resolve,
};

use crate::support::{builder, digest, name, request, satisfies, selection};

fn golden() -> Lock {
    let mut library = builder(
        "@elizaos/plugin-a@1.0.0: @elizaos/core ^1, ^@elizaos/core >=1.2 <2, b latest\n b@0.1.0",
    );
    let core = ReleaseFacts::new().integrity(&digest('A')).needs(
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
    assert_eq!(golden().to_json(), include_str!("data/lock-2.json"));
    assert_eq!(Lock::parse(&golden().to_json()).unwrap(), golden());
}

#[test]
fn a_lock_of_format_1_keeps_loading() {
    let text = include_str!("data/lock-1.json");
    let lock = Lock::parse(text).unwrap();
    assert!(lock.versions().eq(golden().versions()));
    assert_eq!(lock.request(), None);
    let needs = &lock.get(&name("@elizaos/plugin-a")).unwrap().needs;
    assert_eq!(needs.len(), 2);
    assert!(needs.iter().all(|need| need.kind.is_none()));
    // What it never knew is not made up when it is written again.
    assert_eq!(lock.to_json(), text);
    assert!(lock.answers(&request("@elizaos/plugin-a next")));
    assert_eq!(
        changes(&lock, &request("@elizaos/plugin-a latest")),
        ["something else is asked for; the lock has format 1, which does not keep what it was"]
    );
}

/// A lock of format 2 with other packages in it.
fn with_packages(packages: &str) -> String {
    let lock = resolve(&builder("").build(), &request("")).unwrap().lock();
    let empty = "\"packages\": {}";
    assert!(lock.to_json().contains(empty));
    lock.to_json()
        .replace(empty, &format!("\"packages\": {packages}"))
}

#[test]
fn what_is_no_lock_is_refused_by_name() {
    let refused = |text: &str| {
        let error = Lock::parse(text).unwrap_err();
        format!("{}: {error}", error.tag())
    };
    let golden = golden().to_json();
    let rows: Vec<String> = [
        "",
        "[]",
        "[1]",
        "null",
        "{}",
        r#"{"format": 3, "future": true}"#,
        r#"{"format": 0}"#,
        r#"{"format": -1}"#,
        r#"{"format": "1"}"#,
        r#"{"format": 1, "format": 2}"#,
        r#"{"format": 1, "requirements": "x"}"#,
        r#"{"format": 1, "requirements": "x", "packages": {"../x": {"version": "1.0.0"}}}"#,
        r#"{"format": 1, "requirements": "x", "packages": {"a": {"version": "1.0"}}}"#,
        r#"{"format": 1, "requirements": "x", "packages": {"a": {"version": "1.0.0", "resolved": "u"}}}"#,
        r#"{"format": 1, "requirements": "x", "packages": {}} trailing"#,
        r#"{"format": 1, "requirements": "x", "packages": {"a": {"version": "1.0.0", "needs": {}}}}"#,
        r#"{"format": 1, "requirements": "x", "packages": {"a": {"version": "1.0.0", "dependencies": {"b": "*"}}}}"#,
        r#"{"format": 2, "requirements": "x", "packages": {}}"#,
        &golden.replacen("\"format\": 2", "\"format\": 1", 1),
        &golden.replacen("@elizaos/plugin-a@next", "@elizaos/plugin-a@latest", 1),
        &golden.replacen("@elizaos/plugin-a@next", "@elizaos/plugin-b@next", 1),
        &golden.replacen("@elizaos/plugin-a@next", "npm:npm:x@npm:../x", 1),
        &golden.replacen("newest", "nicest", 1),
        &with_packages(r#"{"a": {"version": "1.0.0"}, "a": {"version": "2.0.0"}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "needs": {"peer": ["b@*"]}}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "needs": {"bundled": []}}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "needs": {"peer": ["a"]}}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "needs": {"peer": ["@s/a"]}}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "needs": {"peer": {"a": "*"}}}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "dependencies": {}}}"#),
        &with_packages(r#"[["a", "1.0.0"]]"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "integrity": ""}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "integrity": "garbage"}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "integrity": "sha512-"}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "integrity": "sha512-AAAA"}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "integrity": "md5-1B2M2Y8AsgTpgAmY7PhCfg=="}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "integrity": "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}}"#),
        &with_packages(r#"{"a": {"version": "1.0.0", "integrity": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}}"#),
    ]
    .iter()
    .map(|text| refused(text))
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn digests_of_every_known_kind_are_read() {
    let weak = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
    let middle = format!("sha256-{}= sha384-{}", "A".repeat(43), "+/".repeat(32));
    for integrity in [
        weak,
        &middle,
        &format!("{weak} {}", digest('A')),
        &format!("{}?option", digest('A')),
    ] {
        let text = format!(r#"{{"a": {{"version": "1.0.0", "integrity": "{integrity}"}}}}"#);
        let lock = Lock::parse(&with_packages(&text)).unwrap();
        let kept = lock.get(&name("a")).unwrap().integrity.as_deref();
        assert_eq!(kept, Some(integrity));
        assert_eq!(Lock::parse(&lock.to_json()).unwrap(), lock);
    }
}

#[test]
fn what_is_written_can_be_read() {
    let mut library = builder("");
    let facts = ReleaseFacts::new().integrity("garbage");
    library.release(name("a"), parse_version("1.0.0").unwrap(), facts);
    let asked = request("a *");
    let resolution = resolve(&library.build(), &asked).unwrap();
    assert_eq!(
        resolution.get(&name("a")).unwrap().integrity.as_deref(),
        Some("garbage")
    );
    let lock = Lock::parse(&resolution.lock().to_json()).unwrap();
    assert_eq!(lock.get(&name("a")).unwrap().integrity, None);
    assert!(resolve(&library.build(), &asked.frozen(lock)).is_ok());
}

#[test]
fn a_mark_of_byte_order_is_passed_over() {
    let marked = format!("\u{feff}{}", golden().to_json());
    assert_eq!(Lock::parse(&marked).unwrap(), golden());
}

#[test]
fn hostile_locks_are_refused() {
    let unreadable = |text: &str| {
        assert!(matches!(
            Lock::parse(text),
            Err(ResolverError::LockUnreadable { .. })
        ));
    };
    for deep in ["[", r#"{"format":"#, r#"{"x":["#] {
        unreadable(&deep.repeat(1_000_000));
    }
    let deep_spec = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    unreadable(&with_packages(&format!(
        r#"{{"a": {{"version": "1.0.0", "needs": {deep_spec}}}}}"#
    )));
    unreadable(&with_packages(&format!(
        r#"{{"{}": {{"version": "1.0.0"}}}}"#,
        "a".repeat(100_000)
    )));
    let huge = " ".repeat(Lock::MAX_BYTES + 1);
    assert!(matches!(
        Lock::parse(&huge),
        Err(ResolverError::InputTooLarge { .. })
    ));
}

#[test]
fn the_locks_of_other_tools_are_known() {
    let told = |text: &str| Lock::parse(text).unwrap_err().to_string();
    let rows: Vec<String> = [
        "{\n  \"name\": \"app\",\n  \"lockfileVersion\": 3,\n  \"requires\": true,\n  \"packages\": {\"\": {\"workspaces\": []}}\n}",
        "{\"lockfileVersion\": 1, \"dependencies\": {}}",
        "{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {\"\": {}},\n  \"packages\": {},\n}",
        "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n",
        "# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n",
        "# This file is generated by running \"yarn install\"\n\n__metadata:\n  version: 8\n",
        "{\"version\": \"4\", \"specifiers\": {}, \"npm\": {}}",
        "version = 4\n\n[[package]]\nname = \"a\"\n",
        "{\n<<<<<<< HEAD\n  \"format\": 2,\n=======\n  \"format\": 1,\n>>>>>>> theirs\n}",
    ]
    .iter()
    .map(|text| told(text))
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

fn changes(lock: &Lock, request: &Request) -> Vec<String> {
    let changes = lock.request_changes(request);
    assert_eq!(changes.is_empty(), lock.answers(request));
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_lock_says_what_is_asked_for_otherwise() {
    let universe = builder("a@1.0.0\n a@2.0.0\n b@1.0.0\n core@1.0.0").build();
    let version = |text| parse_version(text).unwrap();
    let asked = request("a ^1, b *, x npm:b@^1").host(name("core"), version("1.0.0"));
    let lock = resolve(&universe, &asked).unwrap().lock();
    let asked_now = [
        asked.clone(),
        asked
            .clone()
            .search(Search::Complete)
            .budget(Budget::steps(7)),
        request("b *, a ^1, x npm:b@^1").host(name("core"), version("1.0.0")),
        request("a ^2, x npm:b@^1, c latest").host(name("core"), version("2.0.0")),
        request("a ^1, b *, x npm:b@^1, a <1.5").host(name("a"), version("1.0.0")),
        asked
            .clone()
            .policy(Policy::Lowest)
            .prereleases(Prereleases::Everywhere),
    ];
    let rows: Vec<String> = asked_now
        .iter()
        .map(|asked| format!("[{}]", changes(&lock, asked).join("; ")))
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
    let changes = lock.request_changes(&asked_now[3]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&changes).unwrap());
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

#[test]
fn a_diff_says_what_became_of_each_package() {
    let lock = |universe: &str, asked: &str, integrity: &str, next: &str| {
        let mut library = builder(universe);
        let bytes = ReleaseFacts::new().integrity(integrity);
        library.release(name("bytes"), parse_version("1.0.0").unwrap(), bytes);
        library.tag(name("moved"), "next", parse_version(next).unwrap());
        resolve(&library.build(), &request(asked)).unwrap().lock()
    };
    let before = lock(
        "up@1.0.0\n broken@0.1.0: core ^1\n down@2.1.0\n gone@1.0.0\n moved@3.0.0-a.1\n core@1.0.0\n sub@1.0.0: core ^1",
        "up *, broken *, down *, gone *, moved next, bytes *, sub *",
        &digest('A'),
        "3.0.0-a.1",
    );
    let after = lock(
        "up@1.2.0\n broken@0.2.0: core ^1\n down@2.0.9\n new@1.0.0\n moved@3.0.0-a.2\n core@1.0.0\n sub@1.0.0: core ^1.0.0",
        "up *, broken *, down *, new *, moved next, bytes *, sub *",
        &digest('B'),
        "3.0.0-a.2",
    );
    let diff = before.diff(&after);
    insta::assert_snapshot!(diff.to_string());
    insta::assert_snapshot!(serde_json::to_string_pretty(&diff).unwrap());
    assert!(before.diff(&before).is_empty());
    // What came goes on the way back.
    assert_eq!(after.diff(&before).packages().len(), diff.packages().len());
}

#[test]
fn compatible_is_what_a_caret_allows() {
    let versions = [
        "0.0.1", "0.0.2", "0.1.0", "0.1.9", "0.2.0", "1.0.0", "1.9.3", "2.0.0",
    ];
    for from in versions {
        for to in versions {
            let (low, high) = if from <= to { (from, to) } else { (to, from) };
            let version = |text| parse_version(text).unwrap();
            let allowed = satisfies(&format!("^{low}"), high);
            assert_eq!(
                Compatibility::between(&version(from), &version(to)) == Compatibility::Compatible,
                allowed,
                "{from} {to}"
            );
        }
    }
}

#[test]
fn a_lock_says_what_is_outdated_and_who_holds_it() {
    let old = "a@1.0.0: core ^1\n b@1.0.0: core ^1.0\n core@1.0.0\n h@1.0.0\n t@1.0.0\n fine@1.0.0\n left@1.0.0\n a0@1.0.0: left *";
    let asked = request("a *, b *, t <=2, fine *, a0 *, h *")
        .host(name("h"), parse_version("1.0.0").unwrap());
    let lock = resolve(&builder(old).build(), &asked).unwrap().lock();
    let mut new = builder(&format!(
        "{old}\n a@2.0.0: core ^2\n core@1.1.0\n core@2.0.0\n h@2.0.0\n t@2.0.0\n t@3.0.0-a\n a0@1.0.1"
    ));
    new.tag(name("t"), "latest", parse_version("3.0.0-a").unwrap());
    let bad = ReleaseFacts::new().deprecated("use\nfine");
    new.release(name("left"), parse_version("1.0.0").unwrap(), bad);
    let outdated = lock.outdated(&new.build(), &asked).unwrap();
    let told: Vec<String> = outdated.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&outdated[..3]).unwrap());
    let none = lock.outdated(&builder("").build(), &asked);
    assert!(matches!(none, Err(Failure::Conflict(_))));
}

#[test]
fn duplicates_say_which_single_version_suits_all() {
    let universe = builder(
        "a@1.0.0: core ^1.0, util ~1.0.0\n b@1.0.0: core >=1.1 <3, util *\n c@1.0.0: core ^2
         core@1.0.0\n core@1.1.0\n core@1.2.0: extra *\n core@2.0.0\n extra@1.0.0
         util@1.0.0: core 1.0.0 || >=1.1.0\n util@1.0.1: core ^1\n util@1.1.0: core ^2",
    )
    .build();
    let lock = |asked: &str| resolve(&universe, &request(asked)).unwrap().lock();
    let (left, right, third) = (lock("a *, core 1.0.0"), lock("b *"), lock("c *"));
    let told = |locks: &[(&str, &Lock)]| {
        let found = duplicates(&universe, locks);
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        told.join("\n")
    };
    let free = lock("a *");
    let rows = [
        told(&[("left", &left), ("right", &right)]),
        told(&[("free", &free), ("right", &right)]),
        told(&[("left", &left), ("free", &free)]),
        told(&[("left", &left), ("right", &right), ("third", &third)]),
        told(&[("left", &left), ("left again", &left)]),
    ];
    insta::assert_snapshot!(rows.join("\n--\n"));
    let found = duplicates(&universe, &[("left", &left), ("right", &right)]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&found).unwrap());
}
