//! What one file exports and loads.

use std::collections::{BTreeMap, BTreeSet};

use plugin_registry::ImportTime;

/// How a file is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleFormat {
    /// An ECMAScript module.
    Esm,
    /// CommonJS. Its names are those that an ECMAScript module can import by name from it in Node,
    /// which finds them without running it, by the same patterns as here.
    CommonJs,
    /// An ECMAScript module if it imports or exports, else CommonJS, as Node does where no package.json says.
    Detect,
}

/// How a file refers to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoadKind {
    /// `import`, `export .. from` or `import()`: resolved by the conditions `node` and `import`.
    Import,
    /// `require()`: resolved by the conditions `node` and `require`; extensions may be left out.
    Require,
}

/// A reference to another file or package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// As it is written: `./chunk.js`, `@elizaos/core/v1`.
    pub specifier: String,
    /// How it is loaded.
    pub kind: LoadKind,
}

/// What one file exports and loads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// Names that it exports itself; a default export is called `default`.
    pub exports: BTreeSet<String>,
    /// What it exports all names of, apart from `default`, besides its own.
    pub stars: BTreeSet<Target>,
    /// Whether there may be further names, given in a way that this program does not follow.
    pub completeness: Completeness,
    /// What it loads, and the names that it takes from there.
    pub loads: BTreeMap<(Target, ImportTime), BTreeSet<String>>,
}

/// Whether everything was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// These names and no others.
    #[default]
    Complete,
    /// There may be more.
    Open,
}

impl Module {
    pub(super) fn load(
        &mut self,
        target: Target,
        when: ImportTime,
        names: impl IntoIterator<Item = String>,
    ) {
        let taken = self.loads.entry((target, when)).or_default();
        taken.extend(names);
    }
}

impl Target {
    pub(super) fn import(specifier: String) -> Self {
        Self {
            specifier,
            kind: LoadKind::Import,
        }
    }

    pub(super) fn require(specifier: String) -> Self {
        Self {
            specifier,
            kind: LoadKind::Require,
        }
    }
}
