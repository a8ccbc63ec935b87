//! What a lock protects: the bytes of what stays as it was locked.

use plugin_resolver::{
    Failure, Lock, ReleaseFacts, Request, Search, Universe, UniverseBuilder, Unlock, parse_version,
    resolve, resolve_groups,
};

use crate::support::{builder, digest, name, outcome, request};

/// `other` needs nothing; `a` has two releases, of which the older has this digest.
fn world(integrity: Option<&str>) -> UniverseBuilder {
    let mut library = builder("a@1.1.0\n other@1.0.0");
    let facts = integrity
        .iter()
        .fold(ReleaseFacts::new(), |facts, text| facts.integrity(text));
    library.release(name("a"), parse_version("1.0.0").unwrap(), facts);
    library
}

fn lock(integrity: Option<&str>) -> Lock {
    let asked = request("a *, other *").host(name("a"), parse_version("1.0.0").unwrap());
    resolve(&world(integrity).build(), &asked).unwrap().lock()
}

/// Both searches, and groups where there is only one, give the same.
fn ask(universe: &Universe, asked: &Request) -> String {
    let answer = resolve(universe, asked);
    let complete = resolve(universe, &asked.clone().search(Search::Complete));
    assert_eq!(outcome(&answer), outcome(&complete));
    match (&answer, resolve_groups(universe, asked)) {
        (Err(failure), Err(of_groups)) => assert_eq!(*failure, of_groups),
        (Ok(resolution), Ok(groups)) => {
            assert!(groups.locks().eq([resolution.lock()]));
        }
        (answer, groups) => panic!("{answer:?} {groups:?}"),
    }
    outcome(&answer)
}

#[test]
fn other_bytes_under_a_locked_version_are_not_taken_silently() {
    let (before, after) = (digest('A'), digest('B'));
    let asked = request("a *, other *").prefer(lock(Some(&before)));
    let universe = world(Some(&after)).build();
    insta::assert_snapshot!(ask(&universe, &asked));
    let Err(Failure::Drift(drift)) = resolve(&universe, &asked) else {
        panic!("it was taken");
    };
    assert_eq!(drift.all().len(), 1);
    // Whoever wants the change says so.
    for unlock in [Unlock::Only([name("a")].into()), Unlock::All] {
        assert_eq!(
            ask(&universe, &asked.clone().unlock(unlock)),
            "a 1.1.0, other 1.0.0"
        );
    }
    let to_it = request("a 1.0.0").prefer(lock(Some(&before)));
    let taken = resolve(
        &universe,
        &to_it.clone().unlock(Unlock::Only([name("a")].into())),
    );
    let taken = taken.unwrap().lock();
    assert_eq!(
        taken.get(&name("a")).unwrap().integrity.as_deref(),
        Some(after.as_str())
    );
    // It protects only what it holds: another version has bytes of its own.
    let moved = request("a ^1.1").prefer(lock(Some(&before)));
    assert_eq!(ask(&universe, &moved), "a 1.1.0");
    assert_eq!(
        ask(&universe, &request("other *").prefer(lock(Some(&before)))),
        "other 1.0.0"
    );
}

#[test]
fn a_digest_that_was_locked_stays_where_nothing_is_known_any_more() {
    let before = digest('A');
    let universe = world(None).build();
    for asked in [
        request("a 1.0.0").prefer(lock(Some(&before))),
        request("a *, other *").prefer(lock(Some(&before))),
    ] {
        let kept = resolve(&universe, &asked).unwrap();
        let of_a = |integrity: Option<&str>| integrity == Some(before.as_str());
        assert!(of_a(kept.get(&name("a")).unwrap().integrity.as_deref()));
        assert!(of_a(
            kept.lock().get(&name("a")).unwrap().integrity.as_deref()
        ));
        // Not for what may change.
        let moved = asked.unlock(Unlock::Only([name("a")].into()));
        let moved = resolve(&universe, &moved).unwrap();
        assert_eq!(moved.get(&name("a")).unwrap().integrity, None);
    }
}

#[test]
fn a_digest_that_was_not_known_is_added() {
    let after = digest('B');
    let asked = request("a *, other *").prefer(lock(None));
    let resolution = resolve(&world(Some(&after)).build(), &asked).unwrap();
    assert_eq!(
        resolution.get(&name("a")).unwrap().integrity.as_deref(),
        Some(after.as_str())
    );
}

#[test]
fn what_counts_of_a_digest_is_its_strongest_algorithm() {
    let (strong, other) = (digest('A'), digest('B'));
    let weak = format!("sha1-{}=", "A".repeat(27));
    let both = |one: &str, two: &str| format!("{one} {two}");
    for (locked, given, is_kept) in [
        (strong.clone(), both(&weak, &strong), true),
        (both(&weak, &strong), both(&strong, &weak), true),
        (both(&strong, &other), other.clone(), true),
        // A second one would let other bytes in, and so would a weaker or a stronger one instead.
        (strong.clone(), both(&strong, &other), false),
        (both(&weak, &strong), weak.clone(), false),
        (weak.clone(), both(&weak, &strong), false),
        (strong.clone(), "nonsense".to_owned(), false),
    ] {
        let asked = request("a 1.0.0").prefer(lock(Some(&locked)));
        let answer = resolve(&world(Some(&given)).build(), &asked);
        assert_eq!(answer.is_ok(), is_kept, "{locked} {given}");
        if let Ok(resolution) = answer {
            let kept = resolution.lock();
            let kept = kept.get(&name("a")).unwrap().integrity.as_deref();
            assert_eq!(kept, Some(locked.as_str()), "no word of the lock is lost");
        }
    }
}

#[test]
fn other_bytes_in_several_groups_are_said_at_once() {
    let with = |integrity: &str| {
        let mut library = builder("");
        for (package, core) in [("a", "1.0.0"), ("b", "2.0.0")] {
            let facts = || ReleaseFacts::new().integrity(integrity);
            let needs = facts().needs(
                name("core"),
                core.parse().unwrap(),
                plugin_resolver::DependencyKind::Peer,
            );
            library.release(name(package), parse_version("1.0.0").unwrap(), needs);
            library.release(name("core"), parse_version(core).unwrap(), facts());
        }
        library.build()
    };
    let lock = |asked: &str| {
        resolve(&with(&digest('A')), &request(asked))
            .unwrap()
            .lock()
    };
    let both = lock("a *").to_json().replace("\"packages\": {", &{
        let text = lock("b *").to_json();
        let of_b = text.find("    \"b\": {").unwrap();
        let end = text[of_b..].find("\n    }").unwrap();
        format!(
            "\"packages\": {{\n{}\n    }},",
            text[of_b..of_b + end].replace("core@2.0.0", "core@1.0.0")
        )
    });
    let both = Lock::parse(&both).unwrap();
    let asked = request("a *, b *").prefer(both);
    let Err(failure) = resolve_groups(&with(&digest('B')), &asked) else {
        panic!("they were taken");
    };
    let Failure::Drift(drift) = failure else {
        panic!("{failure:?}");
    };
    let told: Vec<String> = drift
        .all()
        .iter()
        .map(|drifted| drifted.to_string().chars().take(7).collect())
        .collect();
    assert_eq!(told, ["a 1.0.0", "core 1.", "b 1.0.0"]);
    assert!(resolve_groups(&with(&digest('A')), &asked).is_ok());
}
