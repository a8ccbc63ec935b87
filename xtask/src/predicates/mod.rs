//! `cargo xtask predicates`: takes each predicate that holds a statement to one place out of an adapter, in a copy of the
//! tree, and expects a test to fail each time. One that nothing misses is not proved by any test.
//!
//! Where something else keeps places apart too, as row-level security does, it hides what a statement forgets. There each
//! predicate is taken out twice: first the tests run without that guard, and one must fail; then with it, and all must pass.

mod sites;
mod tree;

use std::path::Path;

use crate::clock::{Stopwatch, human};
use sites::{Site, predicates, site, without_indexes};
use tree::{Guard, Ran, Texts, Tree, is_test, read, rust_files, write};

/// An adapter, and the tests that see its statements through the port.
#[derive(Debug, Clone, Copy)]
pub struct Adapter {
    /// The package.
    pub package: &'static str,
    /// Where its statements are, relative to the root.
    pub sources: &'static str,
    /// What of its tests to run: not those that read the statements themselves.
    pub tests: &'static [&'static str],
    /// What separates places besides predicates: file, text, and the text that does not.
    pub other: &'static [(&'static str, &'static str, &'static str)],
    /// What keeps places apart when a statement does not.
    pub guard: Option<&'static str>,
    /// Variables with which its tests run without that guard.
    pub unguarded: &'static [(&'static str, &'static str)],
}

/// Every adapter that keeps places apart by its statements.
pub const ADAPTERS: &[Adapter] = &[
    Adapter {
        package: "plugin-store-sqlite",
        sources: "crates/plugin-store-sqlite/src",
        tests: &["--test", "it", "--", "in_memory::", "places::"],
        // Each place is searched by an index of its own.
        other: &[(
            "search.rs",
            "self.lock().of(place)",
            "{ let _ = place; self.lock().of(Place::Global) }",
        )],
        guard: None,
        unguarded: &[],
    },
    Adapter {
        package: "plugin-store-postgres",
        sources: "crates/plugin-store-postgres/src",
        tests: &[
            "--test",
            "it",
            "--",
            "one_id_in_two_places",
            "contract::isolation::",
            "contract::place::",
            "contract::prune::other_places_stay_whole",
            "contract::tells_nothing_of_other_places",
            "lost_answers::",
            "places::",
        ],
        other: &[],
        guard: Some("row-level security"),
        unguarded: &[("ONE_PLUGIN_TEST_POSTGRES_BYPASS", "1")],
    },
];

/// Whether every predicate of every adapter, or of the one named, is missed by a test; of that one also `only` those at some
/// lines (`find.rs:26`).
///
/// # Errors
///
/// A sentence, when the tree cannot be copied or the copy's tests do not pass as they are.
pub fn run(root: &Path, package: Option<&str>, only: &[String]) -> Result<bool, String> {
    let chosen: Vec<&Adapter> = ADAPTERS
        .iter()
        .filter(|adapter| package.is_none_or(|name| name == adapter.package))
        .collect();
    if chosen.is_empty() {
        let known: Vec<&str> = ADAPTERS.iter().map(|adapter| adapter.package).collect();
        return Err(format!("no such adapter; there are: {}", known.join(", ")));
    }
    let mut all = true;
    for adapter in chosen {
        all &= one(root, adapter, only)?;
    }
    Ok(all)
}

fn one(root: &Path, adapter: &Adapter, only: &[String]) -> Result<bool, String> {
    let watch = Stopwatch::start();
    let tree = Tree::new(root)?;
    let texts = prepared(&tree, adapter)?;
    let mut sites = all_sites(&tree, adapter, &texts)?;
    let all = sites.len();
    sites.retain(|site| only.is_empty() || only.contains(&site.at_line()));
    if sites.is_empty() {
        return Err(format!("no predicate is at {}", only.join(", ")));
    }
    println!("{}: {} of {all} predicates", adapter.package, sites.len());
    match tree.run(adapter, Guard::Statements)? {
        Ran::Skipped(line) => {
            println!("{line}");
            println!("{}: NOTHING WAS PROVED", adapter.package);
            return Ok(false);
        }
        Ran::Failing(failing) => {
            if let Some(test) = failing.first() {
                return Err(format!("`{test}` fails with every predicate in place"));
            }
        }
    }
    let mut ok = true;
    let mut alive = Vec::new();
    for site in &sites {
        let proof = tree.without(&texts, &[site], || proof(&tree, adapter))?;
        match proof.missed_by.as_slice() {
            [] => {
                println!("{}: missed by none alone", site.shown());
                alive.push(site);
            }
            [test, more @ ..] => println!("{}: {test} (and {} more)", site.shown(), more.len()),
        }
        if let (Some(guard), Some(test)) = (adapter.guard, proof.leaks_in) {
            ok = false;
            println!("{}: {guard} DOES NOT HOLD: {test}", site.shown());
        }
    }
    // Some places are kept apart twice; both at once must be missed.
    for site in &alive {
        if let Some((other, test)) = partner(&tree, adapter, &texts, site, &alive)? {
            println!("{}: doubled by {}: {test}", site.shown(), other.shown());
        } else {
            ok = false;
            println!("{}: NO TEST MISSES IT", site.shown());
        }
    }
    if let (Some(guard), true) = (adapter.guard, ok) {
        println!("{}: without any of them {guard} holds", adapter.package);
    }
    println!("{}: done in {}", adapter.package, human(watch.elapsed()));
    Ok(ok)
}

/// The adapter's files, which no longer insist on an index: a statement without its predicate shall leak and not fail.
fn prepared(tree: &Tree, adapter: &Adapter) -> Result<Texts, String> {
    let mut texts = Texts::new();
    for path in rust_files(&tree.path(adapter.sources))? {
        let text = without_indexes(&read(&path)?);
        write(&path, &text)?;
        texts.insert(path, text);
    }
    Ok(texts)
}

fn all_sites(tree: &Tree, adapter: &Adapter, texts: &Texts) -> Result<Vec<Site>, String> {
    let mut sites: Vec<Site> = texts
        .iter()
        .filter(|(path, _)| !is_test(path))
        .flat_map(|(path, text)| predicates(path, text))
        .collect();
    for (file, text, instead) in adapter.other {
        let path = tree.path(adapter.sources).join(file);
        let whole = texts.get(&path).map_or("", String::as_str);
        let at = whole
            .find(text)
            .ok_or_else(|| format!("`{file}` does not say `{text}` any more"))?;
        sites.push(site(&path, whole, at, text, instead));
    }
    Ok(sites)
}

/// What tests say when a predicate is gone.
struct Proof {
    /// Those that fail when nothing else keeps places apart.
    missed_by: Vec<String>,
    /// One that fails although something else does.
    leaks_in: Option<String>,
}

fn proof(tree: &Tree, adapter: &Adapter) -> Result<Proof, String> {
    let failing = |guard| match tree.run(adapter, guard)? {
        Ran::Failing(failing) => Ok(failing),
        Ran::Skipped(line) => Err(line),
    };
    Ok(Proof {
        missed_by: failing(Guard::Statements)?,
        leaks_in: match adapter.guard {
            Some(_) => failing(Guard::Everything)?.into_iter().next(),
            None => None,
        },
    })
}

/// Another one without which this one is missed.
fn partner<'a>(
    tree: &Tree,
    adapter: &Adapter,
    texts: &Texts,
    site: &Site,
    alive: &[&'a Site],
) -> Result<Option<(&'a Site, String)>, String> {
    for other in alive.iter().filter(|other| **other != site) {
        let proof = tree.without(texts, &[site, other], || proof(tree, adapter))?;
        if let Some(test) = proof.missed_by.first() {
            return Ok(Some((other, test.clone())));
        }
    }
    Ok(None)
}
