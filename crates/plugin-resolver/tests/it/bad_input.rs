//! What strangers can send: each is answered by a typed error, by a verdict, or by a spent budget, on a small stack.

use std::collections::BTreeMap;

use plugin_resolver::machine::{answer_ranges_line, answer_resolve_line};
use plugin_resolver::{
    Budget, DependencyKind, Failure, Lock, PackageName, Range, ReleaseFacts, Request,
    ResolverError, Spec, Universe, parse_version, resolve,
};
use serde_json::{Value, json};

use crate::support::{builder, name, request};

fn tag<T>(read: Result<T, ResolverError>) -> &'static str {
    read.err().map_or("read", |error| error.tag())
}

#[test]
fn texts() {
    let million = "1 || ".repeat(1_000_000);
    let table: [(&str, String); 25] = [
        ("nothing", String::new()),
        ("space", " \t\n\u{feff} ".to_owned()),
        ("a megabyte", "1".repeat(1 << 20)),
        ("a megabyte of spaces", " ".repeat(1 << 20)),
        ("a megabyte of carets", "^".repeat(1 << 20)),
        ("a megabyte of hyphens", " - ".repeat(1 << 18)),
        ("a million alternatives", million),
        ("a million empty alternatives", "||".repeat(1_000_000)),
        ("10,000 comparators", ">1 ".repeat(10_000)),
        ("operators alone", ">= < ~ ^".to_owned()),
        ("two operators", "><1".to_owned()),
        ("leading zeros", "01.2.3".to_owned()),
        ("leading zeros in a prerelease", "1.2.3-01".to_owned()),
        ("the largest number", "9007199254740991.0.0".to_owned()),
        ("a number past it", "9007199254740992.0.0".to_owned()),
        ("a number past 64 bits", format!("1.{}.0", "9".repeat(40))),
        ("four numbers", "1.2.3.4".to_owned()),
        ("negative", "-1.2.3".to_owned()),
        ("a null byte", "1.2.3\0".to_owned()),
        ("digits of another script", "١.٢.٣".to_owned()),
        ("a path", "../../etc/passwd".to_owned()),
        ("upwards in a scope", "@../core".to_owned()),
        ("no name in a scope", "@elizaos/".to_owned()),
        ("control characters", "a\u{1b}[2J".to_owned()),
        ("an alias of an alias", "npm:npm:a@1@2".to_owned()),
    ];
    let rows: Vec<String> = table
        .iter()
        .map(|(what, text)| {
            let line = json!({"range": text, "versions": ["1.2.3", text]}).to_string();
            let answer: Value = serde_json::from_str(&answer_ranges_line(&line)).unwrap();
            let range = tag(text.parse::<Range>());
            let wire = answer["error"]["_tag"].as_str().unwrap_or("read");
            assert_eq!(wire, range, "{what}");
            format!(
                "{what}: range {range}, version {}, name {}, specifier {}, lock {}",
                tag(parse_version(text)),
                tag(text.parse::<PackageName>()),
                tag(text.parse::<Spec>()),
                tag(Lock::parse(text)),
            )
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

/// Every prefix, and every change of one byte, of texts that are right.
#[test]
fn damaged_texts_are_read_or_refused() {
    let universe = builder("a@1.0.0: b ^1, ^c? 1\n b@1.0.0\n c@1.0.0").build();
    let lock = resolve(&universe, &request("a *, c *")).unwrap().lock();
    let texts = [
        lock.to_json(),
        "^1.2.3-beta.1 || >=2.0.0 <3 || 4.x - 5 || ~6+build".to_owned(),
        "npm:@elizaos/core@^1.0.0".to_owned(),
    ];
    for text in &texts {
        for at in 0..text.len() {
            let mut damaged = vec![text[..at].to_owned()];
            for put in ["", "0", "\"", "\u{feff}", "99999999999999999999", "\u{0}"] {
                damaged.push(format!("{}{put}{}", &text[..at], &text[at + 1..]));
            }
            for text in damaged {
                // What is read, is read again as the same.
                if let Ok(lock) = Lock::parse(&text) {
                    assert_eq!(Lock::parse(&lock.to_json()), Ok(lock));
                }
                let texts = [text.parse::<Spec>(), text.parse().map(Spec::Range)];
                for text in texts.into_iter().flatten().map(|spec| spec.to_string()) {
                    let again = text.parse::<Spec>().map(|spec| spec.to_string());
                    assert_eq!(again, Ok(text));
                }
                assert!(answer_resolve_line(&text).contains("invalid"));
            }
        }
    }
}

/// Packages with versions with needs, as strangers send them.
#[derive(Default)]
struct Family {
    packages: BTreeMap<String, BTreeMap<String, Vec<(String, String)>>>,
    roots: Vec<(String, String)>,
}

impl Family {
    fn release(&mut self, package: &str, version: usize, needs: Vec<(String, String)>) {
        let versions = self.packages.entry(package.to_owned()).or_default();
        versions.insert(format!("{version}.0.0"), needs);
    }

    fn root(&mut self, package: &str, range: &str) {
        self.roots.push((package.to_owned(), range.to_owned()));
    }

    fn universe(&self, kind: DependencyKind) -> Universe {
        let mut builder = Universe::builder();
        for (package, versions) in &self.packages {
            builder.package(name(package));
            for (version, needs) in versions {
                let facts = needs
                    .iter()
                    .fold(ReleaseFacts::new(), |facts, (to, range)| {
                        facts.needs(name(to), range.parse().unwrap(), kind)
                    });
                builder.release(name(package), parse_version(version).unwrap(), facts);
            }
        }
        builder.build()
    }

    fn request(&self, budget: u64) -> Request {
        let asked = Request::new().budget(Budget::steps(budget));
        self.roots.iter().fold(asked, |request, (package, range)| {
            request.root(name(package), range.parse().unwrap())
        })
    }

    fn line(&self) -> String {
        let object = |needs: &[(String, String)]| -> BTreeMap<String, String> {
            needs.iter().cloned().collect()
        };
        let packages: BTreeMap<_, BTreeMap<_, _>> = self
            .packages
            .iter()
            .map(|(package, versions)| {
                let versions = versions.iter();
                (
                    package,
                    versions.map(|(v, needs)| (v, object(needs))).collect(),
                )
            })
            .collect();
        json!({"id": 1, "packages": packages, "root": object(&self.roots)}).to_string()
    }
}

/// More pigeons than holes: each pigeon's version is its hole, each hole's version its pigeon.
fn pigeons(pigeons: usize) -> Family {
    let mut family = Family::default();
    for pigeon in 1..=pigeons {
        for hole in 1..pigeons {
            let needs = vec![(format!("hole{hole}"), format!("{pigeon}.0.0"))];
            family.release(&format!("pigeon{pigeon}"), hole, needs);
            family.release(&format!("hole{hole}"), pigeon, Vec::new());
        }
        family.root(&format!("pigeon{pigeon}"), "*");
    }
    family
}

/// A Latin square of so many rows, in which the diagonal's last cell has what its row has already.
fn latin_square(size: usize) -> Family {
    let mut family = Family::default();
    for row in 1..=size {
        for column in 1..=size {
            let cell = format!("cell{row}-{column}");
            for colour in 1..=size {
                let in_row = (format!("row{row}-{colour}"), format!("{column}.0.0"));
                let in_column = (format!("column{column}-{colour}"), format!("{row}.0.0"));
                family.release(&cell, colour, vec![in_row, in_column]);
                family.release(&format!("row{row}-{colour}"), column, Vec::new());
                family.release(&format!("column{column}-{colour}"), row, Vec::new());
            }
            // The first columns have one colour less than they have rows, which shows only in the end.
            let range = if column == 1 {
                format!("<{size}")
            } else {
                "*".to_owned()
            };
            family.root(&cell, &range);
        }
    }
    family
}

/// Each link has many versions, all of which need the next; only the last link clashes with the first choices.
fn late_clash(links: usize, versions: usize) -> Family {
    let mut family = Family::default();
    for link in 0..links {
        for version in 1..=versions {
            let next = (format!("link{}", link + 1), "*".to_owned());
            let side = (format!("side{}", link % 7), format!("{version}.0.0"));
            family.release(&format!("link{link}"), version, vec![next, side]);
            family.release(&format!("side{}", link % 7), version, Vec::new());
        }
    }
    for version in 1..=versions {
        let needs = (0..7).map(|side| (format!("side{side}"), "1.0.0".to_owned()));
        family.release(&format!("link{links}"), version, needs.collect());
    }
    family.root("link0", "*");
    family
}

fn chain(length: usize) -> Family {
    let mut family = Family::default();
    for at in 0..length {
        family.release(
            &format!("p{at}"),
            1,
            vec![(format!("p{}", at + 1), "^1".to_owned())],
        );
    }
    family.release(&format!("p{length}"), 1, Vec::new());
    family.root("p0", "*");
    family
}

fn many_versions(count: usize) -> Family {
    let mut family = Family::default();
    for version in 0..count {
        family.release("a", version, vec![("b".to_owned(), format!("{version}.x"))]);
    }
    family.release("b", count / 2, Vec::new());
    family.root("a", "*");
    family
}

/// Each version fails only when what it needs was looked at.
fn versions_in_vain(count: usize) -> Family {
    let mut family = Family::default();
    let needs = ["b", "c"].map(|to| (to.to_owned(), "1".to_owned()));
    for version in 0..count {
        family.release("a", version, needs.to_vec());
    }
    family.release("b", 1, vec![("c".to_owned(), "2".to_owned())]);
    family.release("c", 1, Vec::new());
    family.release("c", 2, Vec::new());
    family.root("a", "*");
    family
}

/// No version of any but the last needs what is not there, so that each is taken back on its own.
fn long_way_back(length: usize) -> Family {
    let mut family = Family::default();
    for (at, version) in (0..length).flat_map(|at| [(at, 1), (at, 2)]) {
        let next = (format!("p{}", at + 1), "*".to_owned());
        family.release(&format!("p{at}"), version, vec![next]);
    }
    for version in [1, 2] {
        let nothing = ("nothing".to_owned(), "*".to_owned());
        family.release(&format!("p{length}"), version, vec![nothing]);
    }
    family.root("p0", "*");
    family
}

fn many_needs(count: usize) -> Family {
    let mut family = Family::default();
    let needs = (0..count).map(|at| (format!("p{at}"), "*".to_owned()));
    family.release("a", 1, needs.collect());
    for at in 0..count {
        family.release(&format!("p{at}"), 1, vec![("a".to_owned(), "*".to_owned())]);
    }
    family.root("a", "*");
    family
}

fn many_roots(count: usize, is_possible: bool) -> Family {
    let mut family = Family::default();
    for at in 0..count {
        let range = if at + 1 < count || is_possible {
            "1"
        } else {
            "2"
        };
        family.release(
            &format!("p{at}"),
            1,
            vec![("core".to_owned(), range.to_owned())],
        );
        family.root(&format!("p{at}"), "*");
    }
    family.release("core", 1, Vec::new());
    family.release("core", 2, Vec::new());
    family
}

fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    thread.spawn(work).unwrap().join().unwrap()
}

/// The verdict, which a budget bounds, in words.
fn verdict(family: &Family, kind: DependencyKind, budget: u64) -> String {
    let universe = family.universe(kind);
    let request = family.request(budget);
    match resolve(&universe, &request) {
        Ok(resolution) => {
            assert!(resolution.steps() <= budget);
            let lock = resolution.lock();
            assert_eq!(Lock::parse(&lock.to_json()).as_ref(), Ok(&lock));
            assert!(resolution.tree(usize::MAX).lines().len() <= 10_000);
            let (units, cycles) = (resolution.install_order().len(), resolution.cycles().len());
            format!(
                "{} packages, {units} units, {cycles} cycles",
                resolution.packages().len()
            )
        }
        Err(failure @ Failure::Conflict(_)) => {
            let Failure::Conflict(why) = failure.advised(&universe, &request) else {
                panic!("advice makes no other failure");
            };
            assert!(why.lines().len() <= 12 && why.to_string().len() <= 4096 + 64);
            let is_minimal = if why.is_minimal() {
                "minimal"
            } else {
                "as far as known"
            };
            format!("conflict of {}: {is_minimal}", why.requests().len())
        }
        Err(failure) => failure.tag().to_owned(),
    }
}

const KINDS: [DependencyKind; 4] = [
    DependencyKind::Normal,
    DependencyKind::Peer,
    DependencyKind::Optional,
    DependencyKind::OptionalPeer,
];

fn check(family: fn() -> Family, kind: DependencyKind, budget: u64, expect: &str) {
    let found = on_a_small_stack(move || verdict(&family(), kind, budget));
    assert_eq!(found, expect, "{kind:?}");
}

#[test]
fn problems_made_to_be_hard_spend_their_budget() {
    let [needed, ..] = KINDS;
    check(|| pigeons(8), needed, 20_000, "conflict of 8: minimal");
    check(|| pigeons(8), needed, 1_000, "ResolutionBudgetSpent");
    check(|| pigeons(12), needed, 20_000, "ResolutionBudgetSpent");
    check(|| latin_square(5), needed, 20_000, "conflict of 5: minimal");
    check(|| latin_square(5), needed, 50, "ResolutionBudgetSpent");
    let solved = "48 packages, 48 units, 0 cycles";
    check(|| late_clash(40, 10), needed, 20_000, solved);
}

/// As large as a stranger would make them where the code is made to be fast.
const IS_FAST: bool = !cfg!(debug_assertions);
const MANY: usize = if IS_FAST { 100_000 } else { 3_000 };
const ROOTS: usize = if IS_FAST { 10_000 } else { 500 };
const BUDGET: u64 = 10 * MANY as u64;

#[test]
fn long_chains_of_every_kind() {
    let all = format!("{} packages, {} units, 0 cycles", MANY + 1, MANY + 1);
    for kind in KINDS {
        let expect = match kind {
            // A condition brings nothing.
            DependencyKind::OptionalPeer => "1 packages, 1 units, 0 cycles",
            _ => &all,
        };
        check(|| chain(MANY), kind, BUDGET, expect);
    }
}

/// A way back through many packages takes time that grows with the square of its length.
#[test]
fn long_ways_back() {
    let [needed, ..] = KINDS;
    let clash = "conflict of 1: minimal";
    check(|| long_way_back(200), needed, 10_000, clash);
    let spent = "ResolutionBudgetSpent";
    check(|| long_way_back(MANY), needed, 2 * MANY as u64, spent);
}

#[test]
fn many_versions_needs_and_roots() {
    let [needed, _, wished, _] = KINDS;
    let found = "2 packages, 2 units, 0 cycles";
    check(|| many_versions(1_000), needed, BUDGET, found);
    check(|| many_versions(MANY.min(10_000)), needed, 500_000, found);
    let clash = "conflict of 1: minimal";
    check(
        || versions_in_vain(MANY.min(10_000)),
        needed,
        500_000,
        clash,
    );
    // Half of them are in vain, and each of these takes a step.
    let (few, spent) = (MANY as u64 / 4, "ResolutionBudgetSpent");
    check(|| many_versions(MANY), needed, few, spent);
    let unit = format!("{} packages, 1 units, 1 cycles", MANY + 1);
    check(|| many_needs(MANY), needed, BUDGET, &unit);
    let units = format!("{} packages, {} units, 1 cycles", MANY + 1, MANY + 1);
    check(|| many_needs(MANY), wished, BUDGET, &units);
    let roots = format!("{} packages, {} units, 0 cycles", ROOTS + 1, ROOTS + 1);
    check(|| many_roots(ROOTS, true), needed, BUDGET, &roots);
    let clash = "conflict of 2: minimal";
    check(|| many_roots(ROOTS, false), needed, BUDGET, clash);
}

#[test]
fn the_same_as_lines() {
    let rows: Vec<String> = [
        ("pigeons", (|| pigeons(5)) as fn() -> Family),
        ("a late clash", || late_clash(10, 4)),
        ("a chain", || chain(5_000)),
        ("versions", || many_versions(1_000)),
        ("needs", || many_needs(2_000)),
        ("roots", || many_roots(500, true)),
        ("roots that clash", || many_roots(500, false)),
    ]
    .into_iter()
    .map(|(what, family)| {
        let answer = on_a_small_stack(move || answer_resolve_line(&family().line()));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let selected = answer["selection"].as_object().map_or(0, |all| all.len());
        format!("{what}: {} {selected}", answer["outcome"])
    })
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
}
