//! `cargo xtask predicates`: takes each predicate that holds a statement to one place out of an adapter, in a copy of the
//! tree, and expects a test to fail each time. One that nothing misses is not proved by any test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clock::{Stopwatch, human};
use crate::process::{capture, stream};

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
}

/// Every adapter that keeps places apart by its statements.
pub const ADAPTERS: &[Adapter] = &[Adapter {
    package: "plugin-store-sqlite",
    sources: "crates/plugin-store-sqlite/src",
    tests: &["--test", "it", "--", "in_memory::", "places::"],
    // Each place is searched by an index of its own.
    other: &[(
        "search.rs",
        "self.lock().of(place)",
        "{ let _ = place; self.lock().of(Place::Global) }",
    )],
}];

/// A predicate in a file: `place = ?1`, `k.place = l.place`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Site {
    file: PathBuf,
    line: usize,
    /// Where in the file's text, in bytes.
    at: usize,
    text: String,
    /// What takes its place: the same parameters, but always true.
    instead: String,
}

impl Site {
    fn shown(&self) -> String {
        let name = self.file.file_name().unwrap_or_default();
        format!("{}:{} `{}`", name.to_string_lossy(), self.line, self.text)
    }
}

/// Whether every predicate of every adapter, or of the one named, is missed by a test.
///
/// # Errors
///
/// A sentence, when the tree cannot be copied or the copy's tests do not pass as they are.
pub fn run(root: &Path, package: Option<&str>) -> Result<bool, String> {
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
        all &= one(root, adapter)?;
    }
    Ok(all)
}

fn one(root: &Path, adapter: &Adapter) -> Result<bool, String> {
    let watch = Stopwatch::start();
    let copy = Copy::new(root)?;
    let mut texts = BTreeMap::new();
    for path in rust_files(&copy.0.join(adapter.sources))? {
        let text = read(&path)?;
        // An index that a statement insists on would make it fail without its predicate: it shall leak instead.
        let text = without_indexes(&text);
        write(&path, &text)?;
        texts.insert(path, text);
    }
    let mut sites: Vec<Site> = texts
        .iter()
        .filter(|(path, _)| !is_test(path))
        .flat_map(|(path, text)| predicates(path, text))
        .collect();
    for (file, text, instead) in adapter.other {
        let path = copy.0.join(adapter.sources).join(file);
        let at = texts.get(&path).and_then(|whole| whole.find(text));
        let at = at.ok_or_else(|| format!("`{file}` does not say `{text}` any more"))?;
        sites.push(site(
            &path,
            texts.get(&path).map_or("", |t| t),
            at,
            text,
            instead,
        ));
    }
    println!("{}: {} predicates", adapter.package, sites.len());
    if let Some(test) = copy.failing(adapter)?.first() {
        return Err(format!("`{test}` fails with every predicate in place"));
    }
    let mut alive = Vec::new();
    for site in &sites {
        match copy.without(adapter, &texts, &[site])?.as_slice() {
            [] => alive.push(site),
            [test, more @ ..] => println!("{}: {test} (and {} more)", site.shown(), more.len()),
        }
    }
    // Some places are kept apart twice; both at once must be missed.
    let mut ok = true;
    for site in &alive {
        if let Some((other, test)) = partner(&copy, adapter, &texts, site, &alive)? {
            println!("{}: doubled by {}: {test}", site.shown(), other.shown());
        } else {
            ok = false;
            println!("{}: NO TEST MISSES IT", site.shown());
        }
    }
    println!("{}: done in {}", adapter.package, human(watch.elapsed()));
    Ok(ok)
}

/// Another one without which this one is missed.
fn partner<'a>(
    copy: &Copy,
    adapter: &Adapter,
    texts: &BTreeMap<PathBuf, String>,
    site: &Site,
    alive: &[&'a Site],
) -> Result<Option<(&'a Site, String)>, String> {
    for other in alive.iter().filter(|other| **other != site) {
        if let Some(test) = copy.without(adapter, texts, &[site, other])?.first() {
            return Ok(Some((other, test.clone())));
        }
    }
    Ok(None)
}

/// A copy of the tracked and the new files of the tree, removed afterwards; what is built stays for the next time.
struct Copy(PathBuf);

impl Copy {
    fn new(root: &Path) -> Result<Self, String> {
        let folder = root.join("target/predicates/tree");
        let _absent = fs::remove_dir_all(&folder);
        let list = capture(
            root,
            "git",
            &["ls-files", "--cached", "--others", "--exclude-standard"],
        )?;
        for name in list.lines() {
            let (from, to) = (root.join(name), folder.join(name));
            if !from.is_file() {
                continue;
            }
            let parent = to.parent().unwrap_or(&folder);
            fs::create_dir_all(parent)
                .and_then(|()| fs::copy(&from, &to))
                .map_err(|error| format!("`{name}` cannot be copied: {error}"))?;
        }
        Ok(Self(folder))
    }

    /// The tests that fail without these predicates.
    fn without(
        &self,
        adapter: &Adapter,
        texts: &BTreeMap<PathBuf, String>,
        sites: &[&Site],
    ) -> Result<Vec<String>, String> {
        let files: BTreeSet<&PathBuf> = sites.iter().map(|site| &site.file).collect();
        let text_of = |file: &PathBuf| texts.get(file).cloned().unwrap_or_default();
        for file in &files {
            let mut text = text_of(file);
            let mut here: Vec<&&Site> = sites.iter().filter(|site| &site.file == *file).collect();
            // From behind, so that the others stay where they are.
            here.sort_by_key(|site| std::cmp::Reverse(site.at));
            for site in here {
                text.replace_range(site.at..site.at + site.text.len(), &site.instead);
            }
            write(file, &text)?;
        }
        let failing = self.failing(adapter);
        for file in files {
            write(file, &text_of(file))?;
        }
        failing
    }

    fn failing(&self, adapter: &Adapter) -> Result<Vec<String>, String> {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["test", "--package", adapter.package])
            .args(adapter.tests)
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", self.0.with_file_name("build"))
            .env("CARGO_INCREMENTAL", "1");
        let (mut failing, mut ran, mut first) = (Vec::new(), false, String::new());
        stream(&mut cargo, |_, line| {
            if let Some(rest) = line.strip_prefix("test ") {
                ran = true;
                failing.extend(rest.strip_suffix(" ... FAILED").map(str::to_owned));
            }
            if line.starts_with("error") && first.is_empty() {
                line.clone_into(&mut first);
            }
        })
        .map_err(|error| format!("cargo could not be run: {error}"))?;
        if ran {
            Ok(failing)
        } else {
            Err(format!(
                "the tests of {} did not run: {first}",
                adapter.package
            ))
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _absent = fs::remove_dir_all(&self.0);
    }
}

fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.ends_with("tests") || path.iter().any(|part| part == "check")
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error| format!("`{}` cannot be read: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("`{}`: {error}", path.display()))
}

/// Without ` INDEXED BY name`, also where the name is put in by `format!`: it stays as a comment then, so that its variable is used.
fn without_indexes(text: &str) -> String {
    const HINT: &str = " INDEXED BY ";
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(HINT) {
        out.push_str(before);
        let end = after
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_{}".contains(c)))
            .unwrap_or(after.len());
        let (name, behind) = after.split_at(end);
        out.push_str(" /* ");
        out.push_str(name);
        out.push_str(" */");
        rest = behind;
    }
    out + rest
}

/// Where a file holds a statement to one place: `place = ` and a parameter or another place.
fn predicates(file: &Path, text: &str) -> Vec<Site> {
    let mut sites = Vec::new();
    for (found, word) in text.match_indices("place") {
        let before = text.get(..found).unwrap_or_default();
        let after = text.get(found + word.len()..).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let Some(value) = after.strip_prefix(" = ") else {
            continue;
        };
        if line.trim_start().starts_with("//") {
            continue;
        }
        // With the name of its table: `k.place`.
        let start = before
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
            .map_or(0, |at| at + 1);
        let width = value
            .find(|c: char| !(c.is_ascii_alphanumeric() || "?$_.".contains(c)))
            .unwrap_or(value.len());
        // `let place = scope.place()` is Rust, not SQL.
        let is_rust = before
            .get(..start)
            .is_some_and(|text| text.ends_with("let "))
            || value.get(width..).is_some_and(|rest| rest.starts_with('('));
        let value = value.get(..width).unwrap_or_default();
        let column = text.get(start..found + word.len()).unwrap_or_default();
        let is_column = column == "place" || column.ends_with(".place");
        if is_column && !is_rust && (value.starts_with(['?', '$']) || value.ends_with(".place")) {
            let whole = format!("{column} = {value}");
            let instead = format!("({whole} OR 1 = 1)");
            sites.push(site(file, text, start, &whole, &instead));
        }
    }
    sites
}

fn site(file: &Path, text: &str, at: usize, whole: &str, instead: &str) -> Site {
    let before = text.get(..at).unwrap_or_default();
    Site {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        at,
        text: whole.to_owned(),
        instead: instead.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicates_are_found_where_they_are() {
        let text = "// place = ?1 in words\n\
                    \"SELECT doc FROM a WHERE place = ?1 AND b = ?2\";\n\
                    let place = 5; let place = scope.place();\n\
                    \"ON k.place = l.place AND k.id = l.id WHERE l.place = $12\"\n\
                    replace = ?; \"WHERE place = ?\"";
        let found: Vec<_> = predicates(Path::new("a.rs"), text)
            .into_iter()
            .map(|site| (site.line, site.text))
            .collect();
        let expected = [
            (2, "place = ?1"),
            (4, "k.place = l.place"),
            (4, "l.place = $12"),
            (5, "place = ?"),
        ];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn a_predicate_is_widened_and_keeps_its_parameter() {
        let sites = predicates(Path::new("a.rs"), "WHERE k.place = ?1)");
        assert_eq!(sites[0].instead, "(k.place = ?1 OR 1 = 1)");
        assert_eq!(sites[0].at, 6);
    }

    #[test]
    fn statements_no_longer_insist_on_an_index() {
        let text = "FROM things INDEXED BY {index} WHERE a; b INDEXED BY b_c\"";
        assert_eq!(
            without_indexes(text),
            "FROM things /* {index} */ WHERE a; b /* b_c */\""
        );
    }
}
