//! What a frozen lock says beside versions, held against what a universe says.

use plugin_resolver::{
    Detail, Drift, Failure, Lock, Request, Universe, UniverseBuilder, parse_version, resolve,
};

use crate::support::{builder, name, request};

fn drift(universe: &Universe, asked: &Request, lock: Lock) -> Drift {
    match resolve(universe, &asked.clone().frozen(lock)) {
        Err(Failure::Drift(drift)) => *drift,
        other => panic!("{other:?}"),
    }
}

fn lock(universe: &str, asked: &str) -> Lock {
    resolve(&builder(universe).build(), &request(asked))
        .unwrap()
        .lock()
}

#[test]
fn what_a_locked_release_needs_is_held_against_what_it_needs_now() {
    let before = "a@1.0.0: core ^1, ^x *, b?  *\n core@1.0.0\n x@1.0.0\n b@1.0.0\n y@1.0.0";
    let asked = "a *, core *, x *, y *";
    let mut rows = Vec::new();
    for now in [
        // Each of these still is met by what is locked.
        "core ^1.0.0, ^x *, b?  *",
        "^core ^1, ^x *, b?  *",
        "core ^1, ^x *, b?  *, y ^1",
        "core ^1, b?  *",
        "y *, y ^1, y 1, y 1.0, ^x *, b?  *",
        // What is unmet, missing or unneeded for that reason is said once.
        "core ^2, ^x *, b?  *",
        "core ^1, ^x *, b?  *, z *",
        "core ^1, ^x *",
    ] {
        let universe = builder(&before.replace("core ^1, ^x *, b?  *", now)).build();
        let drift = drift(&universe, &request(asked), lock(before, asked));
        rows.push(format!("{now}\n{drift}"));
    }
    insta::assert_snapshot!(rows.join("\n\n"));
    let universe = builder(&before.replace("core ^1,", "^core ^1,")).build();
    let drift = drift(&universe, &request(asked), lock(before, asked));
    insta::assert_snapshot!(serde_json::to_string_pretty(&drift).unwrap());
}

/// `a` at 1.0.0 and 1.1.0, with tags.
fn tagged(tags: &[(&str, &str)]) -> UniverseBuilder {
    let mut library = builder("a@1.0.0\n a@1.1.0");
    for (tag, version) in tags {
        library.tag(name("a"), tag, parse_version(version).unwrap());
    }
    library
}

#[test]
fn a_lock_has_to_say_what_a_tag_meant() {
    let universe = tagged(&[("next", "1.0.0")]).build();
    let asked = request("a next");
    let lock = resolve(&universe, &asked).unwrap().lock();
    // Moved or gone, the lock says where it pointed.
    for tags in [&[("next", "1.1.0")][..], &[]] {
        let answer = resolve(&tagged(tags).build(), &asked.clone().frozen(lock.clone()));
        assert_eq!(answer.unwrap().lock(), lock);
    }
    let edited = |from: &str, to: &str| {
        let text = lock.to_json();
        assert!(text.contains(from), "{text}");
        Lock::parse(&text.replace(from, to)).unwrap()
    };
    let recorded = ",\n      \"tag\": \"next\"";
    let rows = [
        drift(&universe, &asked, edited(recorded, "")),
        drift(
            &universe,
            &asked,
            edited(recorded, ",\n      \"tag\": \"beta\""),
        ),
        // Another request is said, and nothing that follows from it.
        drift(&universe, &request("a *"), lock.clone()),
    ];
    let untagged = resolve(&universe, &request("a *")).unwrap().lock();
    let claimed = untagged
        .to_json()
        .replace("\"1.1.0\"", &format!("\"1.1.0\"{recorded}"));
    let claimed = drift(&universe, &request("a *"), Lock::parse(&claimed).unwrap());
    let rows: Vec<String> = rows
        .iter()
        .chain([&claimed])
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn the_text_is_bounded_and_all_of_it_can_be_had() {
    let prerelease = "x".repeat(200);
    let many: String = (0..500)
        .map(|at| format!("p{at:03}@1.0.0-{prerelease}\n"))
        .collect();
    let asked: Vec<String> = (0..500)
        .map(|at| format!("p{at:03} 1.0.0-{prerelease}"))
        .collect();
    let lock = lock(&many, &asked.join(", "));
    let asked = lock.request().unwrap().to_request().unwrap();
    let drift = drift(&builder("").build(), &asked, lock);
    let brief = drift.lines(Detail::Brief);
    assert_eq!(brief.len(), Drift::MAX_LINES);
    assert_eq!(brief.last().unwrap(), "and 489 more");
    assert_eq!(drift.to_string(), brief.join("\n"));
    assert!(drift.to_string().len() <= Drift::MAX_BYTES);
    assert!(Failure::Drift(Box::new(drift.clone())).to_string().len() < 500);
    let full = drift.lines(Detail::Full);
    assert_eq!(full.len(), 500);
    assert_eq!(full[..11], brief[..11]);
    // Twelve fit.
    let twelve = Vec::from_iter((0..12).map(|at| format!("p{at:02} *")));
    let of_twelve: String = (0..12).map(|at| format!("p{at:02}@1.0.0\n")).collect();
    let lock = self::lock(&of_twelve, &twelve.join(", "));
    let asked = request(&twelve.join(", "));
    let drift = self::drift(&builder("").build(), &asked, lock);
    assert_eq!(drift.lines(Detail::Brief), drift.lines(Detail::Full));
    assert_eq!(drift.lines(Detail::Brief).len(), 12);
}
