//! Following files from an entry, without recursion and each file once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use plugin_registry::{
    EntryExports, FindingTag, ImportTime, ImportedNames, PackageFile, PackageFiles, Report,
};
use plugin_resolver::PackageName;

use super::conditions::Exported;
use super::entries::Entries;
use super::package_json::PackageJson;
use super::paths;
use crate::limits::{MAX_FILES, MAX_NAMES, MAX_PACKAGE_BYTES, MAX_PACKAGE_JSON_BYTES, MAX_WORK};
use crate::{Completeness, LoadKind, Module, ModuleFormat, Target, read_module};

/// A file that was read.
#[derive(Debug)]
struct Known {
    module: Module,
    /// Where each of its `export *` leads.
    stars: Vec<Place>,
}

/// Where a reference leads.
#[derive(Debug)]
enum Place {
    /// To a file of this package.
    Own(String),
    /// To an entry of another.
    Other(PackageName, String),
    /// To something that is not known.
    Unknown,
}

/// The files of one package, each read when it is first asked for.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    files: &'a PackageFiles,
    package: &'a PackageJson,
    entries: &'a Entries,
    known: BTreeMap<String, Option<Rc<Known>>>,
    bytes: usize,
    work: usize,
    pub(super) report: Report,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        files: &'a PackageFiles,
        package: &'a PackageJson,
        entries: &'a Entries,
    ) -> Self {
        Self {
            files,
            package,
            entries,
            known: BTreeMap::new(),
            bytes: 0,
            work: 0,
            report: Report::new(),
        }
    }

    /// The names that a file exports, those that it passes on from other files of the package among them.
    pub(super) fn exports(&mut self, path: &str) -> EntryExports {
        let mut names = BTreeSet::new();
        let mut seen = BTreeSet::from([path.to_owned()]);
        let mut waiting = VecDeque::from([path.to_owned()]);
        let mut is_entry = true;
        while let Some(path) = waiting.pop_front() {
            let Some(known) = self.known(&path) else {
                return EntryExports::Unknown;
            };
            self.work += 1 + known.module.exports.len() + known.stars.len();
            let is_open = known.module.completeness == Completeness::Open;
            if is_open || names.len() > MAX_NAMES || self.work > MAX_WORK {
                return EntryExports::Unknown;
            }
            // Everything but the default export is passed on.
            let exports = known.module.exports.iter();
            names.extend(
                exports
                    .filter(|name| is_entry || *name != "default")
                    .cloned(),
            );
            is_entry = false;
            for star in &known.stars {
                match star {
                    Place::Own(next) if seen.insert(next.clone()) => {
                        waiting.push_back(next.clone());
                    }
                    Place::Own(_) => {}
                    // What another package exports depends on which of its versions is there.
                    Place::Other(..) | Place::Unknown => return EntryExports::Unknown,
                }
            }
        }
        EntryExports::Names(names)
    }

    /// What is imported from other packages by a file and all that it loads.
    pub(super) fn imports(&mut self, path: &str) -> Vec<ImportedNames> {
        let mut found: BTreeMap<(PackageName, String, ImportTime), BTreeSet<String>> =
            BTreeMap::new();
        // What is loaded at once goes first: a file that is reached both ways counts as that.
        let mut at_once = VecDeque::from([path.to_owned()]);
        let mut later = VecDeque::new();
        let mut seen = BTreeSet::new();
        loop {
            let (path, reached) = match (at_once.pop_front(), later.pop_front()) {
                (Some(path), put_back) => {
                    later.extend(put_back);
                    (path, ImportTime::Load)
                }
                (None, Some(path)) => (path, ImportTime::Later),
                (None, None) => break,
            };
            if !seen.insert(path.clone()) {
                continue;
            }
            let Some(known) = self.known(&path) else {
                continue;
            };
            for ((target, when), names) in &known.module.loads {
                let when = reached.max(*when);
                match self.place(&path, target) {
                    Place::Own(next) if when == ImportTime::Load => at_once.push_back(next),
                    Place::Own(next) => later.push_back(next),
                    Place::Other(package, entry) => {
                        let taken = found.entry((package, entry, when)).or_default();
                        taken.extend(names.iter().cloned());
                    }
                    Place::Unknown => {}
                }
            }
        }
        let all = found.into_iter();
        all.map(|((package, entry, when), names)| ImportedNames {
            package,
            entry,
            when,
            names,
        })
        .collect()
    }

    /// A file of the package, read once. None for one of which nothing is known; the report says why.
    fn known(&mut self, path: &str) -> Option<Rc<Known>> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let known = match self.read(path) {
            Ok(module) => {
                let stars = module.stars.iter().map(|star| self.place(path, star));
                let stars = stars.collect();
                Some(Rc::new(Known { module, stars }))
            }
            Err((tag, reason)) => {
                self.report.warn(tag, path, reason);
                None
            }
        };
        self.known.insert(path.to_owned(), known.clone());
        known
    }

    fn read(&mut self, path: &str) -> Result<Module, (FindingTag, String)> {
        let Some(file) = self.files.get(path) else {
            return Err((FindingTag::Missing, "is not in the package".to_owned()));
        };
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        if ending == "json" {
            return Ok(Module {
                exports: BTreeSet::from(["default".to_owned()]),
                ..Module::default()
            });
        }
        if !matches!(ending, "js" | "mjs" | "cjs") {
            return Err((FindingTag::Unknown, "is no JavaScript".to_owned()));
        }
        let PackageFile::Text(text) = file else {
            return Err((FindingTag::TooLarge, "was not read".to_owned()));
        };
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > MAX_PACKAGE_BYTES || self.known.len() >= MAX_FILES {
            return Err((
                FindingTag::TooLarge,
                "was not read: the package has too much code".to_owned(),
            ));
        }
        let module = read_module(text, self.format(path, ending));
        module.map_err(|error| (FindingTag::Invalid, format!("cannot be read: {error}")))
    }

    /// By the ending, else by the nearest package.json, else by what the file says.
    fn format(&self, path: &str, ending: &str) -> ModuleFormat {
        match ending {
            "mjs" => return ModuleFormat::Esm,
            "cjs" => return ModuleFormat::CommonJs,
            _ => {}
        }
        let mut folder = path;
        while let Some((above, _)) = folder.rsplit_once('/') {
            folder = above;
            let nearest = self.files.text(&format!("{folder}/package.json"));
            let nearest = nearest.filter(|text| text.len() <= MAX_PACKAGE_JSON_BYTES / 8);
            if let Some(nearest) = nearest.and_then(|text| PackageJson::parse(text).ok()) {
                return format_of(&nearest);
            }
        }
        format_of(self.package)
    }

    /// Where a reference in the file `from` leads.
    fn place(&self, from: &str, target: &Target) -> Place {
        let specifier = target.specifier.as_str();
        let own = |path: Option<String>| {
            let file = path.and_then(|path| paths::file(self.files, &path, target.kind));
            file.map_or(Place::Unknown, Place::Own)
        };
        if specifier.starts_with("./") || specifier.starts_with("../") || specifier == "." {
            return own(paths::relative(from, specifier));
        }
        if specifier.starts_with('#') {
            return self.internal(specifier, target.kind);
        }
        let Some((package, entry)) = paths::package(specifier) else {
            return Place::Unknown;
        };
        if self.package.name.as_deref() == Some(package.as_str()) {
            let file = self.entries.files.get(&entry);
            return file.cloned().flatten().map_or(Place::Unknown, Place::Own);
        }
        Place::Other(package, entry)
    }

    /// A name from the `imports` of the package.json, patterns apart.
    fn internal(&self, specifier: &str, kind: LoadKind) -> Place {
        let Some(Exported::Keyed(all)) = &self.package.imports else {
            return Place::Unknown;
        };
        let target = all.iter().find(|(name, _)| name == specifier);
        let path = target.and_then(|(_, target)| target.resolve(kind));
        let path = path.and_then(|path| paths::join("", path));
        path.map_or(Place::Unknown, Place::Own)
    }
}

fn format_of(package: &PackageJson) -> ModuleFormat {
    match package.kind.as_deref() {
        Some("module") => ModuleFormat::Esm,
        Some("commonjs") => ModuleFormat::CommonJs,
        _ => ModuleFormat::Detect,
    }
}
