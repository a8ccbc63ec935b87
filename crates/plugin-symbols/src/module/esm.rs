//! ECMAScript modules: what they import and export, by their statements.

use std::collections::BTreeMap;

use plugin_registry::ImportTime;

use super::clause::{self, Renamed};
use super::declaration;
use super::model::{Module, Target};
use super::namespace::needed_members;
use crate::Unreadable;
use crate::lexer::Tokens;

/// Whether the file has a statement that only a module may have.
pub(super) fn is_esm(tokens: &Tokens<'_>) -> bool {
    (0..tokens.len()).any(|at| {
        let is_meta = tokens.is_word(at, "import") && tokens.is_mark(at + 1, b'.');
        is_statement(tokens, at, "export")
            || is_statement(tokens, at, "import") && !tokens.is_mark(at + 1, b'(')
            || is_meta && !tokens.is_member(at)
    })
}

pub(super) fn read(tokens: &Tokens<'_>) -> Result<Module, Unreadable> {
    let mut reader = Reader {
        tokens,
        module: Module::default(),
        namespaces: BTreeMap::new(),
    };
    for at in 0..tokens.len() {
        let understood = match tokens.word(at) {
            Some("import") if tokens.is_mark(at + 1, b'(') => {
                dynamic_import(tokens, at, &mut reader.module);
                Some(())
            }
            Some("import") if is_statement(tokens, at, "import") => reader.import(at + 1),
            Some("export") if is_statement(tokens, at, "export") => reader.export(at + 1),
            _ => Some(()),
        };
        if understood.is_none() {
            return Err(Unreadable::Syntax {
                line: tokens.line(at),
                what: "an import or export of a form that is not known",
            });
        }
    }
    reader.add_namespaces();
    Ok(reader.module)
}

/// Whether a statement with this keyword begins there. Both keywords are reserved; only as the name of a member may they stand elsewhere.
fn is_statement(tokens: &Tokens<'_>, at: usize, keyword: &str) -> bool {
    tokens.is_word(at, keyword)
        && tokens.get(at).is_some_and(|token| token.depth == 0)
        && !tokens.is_member(at)
        // `import.meta`
        && !tokens.is_mark(at + 1, b'.')
}

/// Notes `import("x")`, whose `import` stands at `at`.
pub(super) fn dynamic_import(tokens: &Tokens<'_>, at: usize, module: &mut Module) {
    let Some(specifier) = tokens.text(at + 2) else {
        return;
    };
    let is_whole = [b')', b',']
        .iter()
        .any(|mark| tokens.is_mark(at + 3, *mark));
    if is_whole && !tokens.is_member(at) {
        module.load(Target::import(specifier), ImportTime::Later, []);
    }
}

struct Reader<'a, 'b> {
    tokens: &'a Tokens<'b>,
    module: Module,
    /// What `* as ns` stands for.
    namespaces: BTreeMap<String, Target>,
}

impl Reader<'_, '_> {
    /// `import` with what stands behind it at `at`.
    fn import(&mut self, at: usize) -> Option<()> {
        let tokens = self.tokens;
        // `import(..)` is an expression.
        if tokens.is_mark(at, b'(') {
            return Some(());
        }
        if let Some(specifier) = tokens.text(at) {
            self.module
                .load(Target::import(specifier), ImportTime::Load, []);
            return Some(());
        }
        let mut at = at;
        let mut names = Vec::new();
        let mut namespace = None;
        let mut expects_more = true;
        if tokens.word(at).is_some() {
            names.push("default".to_owned());
            expects_more = tokens.is_mark(at + 1, b',');
            at += 1 + usize::from(expects_more);
        }
        if expects_more && tokens.is_mark(at, b'*') && tokens.is_word(at + 1, "as") {
            namespace = tokens.word(at + 2);
            at += 3;
        } else if expects_more {
            let (clause, end) = clause::names(tokens, at)?;
            names.extend(clause.into_iter().map(|Renamed { left, .. }| left));
            at = end;
        }
        let target = Target::import(clause::from(tokens, at)?);
        if let Some(name) = namespace {
            self.namespaces.insert(name.to_owned(), target.clone());
        }
        self.module.load(target, ImportTime::Load, names);
        Some(())
    }

    /// `export` with what stands behind it at `at`.
    fn export(&mut self, at: usize) -> Option<()> {
        let tokens = self.tokens;
        match tokens.word(at) {
            None if tokens.is_mark(at, b'*') => self.export_star(at + 1),
            None if tokens.is_mark(at, b'{') => self.export_clause(at),
            None => None,
            Some("default") => self.export_name("default".to_owned()),
            Some("const" | "let" | "var") => {
                let (names, _) = declaration::variables(tokens, at + 1)?;
                self.module.exports.extend(names);
                Some(())
            }
            Some("class") => self.export_name(clause::name(tokens, at + 1)?),
            Some("async") if tokens.is_word(at + 1, "function") => self.export_function(at + 2),
            Some("function") => self.export_function(at + 1),
            Some(_) => None,
        }
    }

    fn export_function(&mut self, at: usize) -> Option<()> {
        let is_generator = self.tokens.is_mark(at, b'*');
        self.export_name(clause::name(self.tokens, at + usize::from(is_generator))?)
    }

    fn export_name(&mut self, name: String) -> Option<()> {
        self.module.exports.insert(name);
        Some(())
    }

    /// `* from "x"` or `* as ns from "x"`, from behind the star.
    fn export_star(&mut self, at: usize) -> Option<()> {
        let tokens = self.tokens;
        if tokens.is_word(at, "as") {
            self.module.exports.insert(clause::name(tokens, at + 1)?);
            let target = Target::import(clause::from(tokens, at + 2)?);
            self.module.load(target, ImportTime::Load, []);
            return Some(());
        }
        let target = Target::import(clause::from(tokens, at)?);
        self.module.load(target.clone(), ImportTime::Load, []);
        self.module.stars.insert(target);
        Some(())
    }

    fn export_clause(&mut self, at: usize) -> Option<()> {
        let (clause, end) = clause::names(self.tokens, at)?;
        let from = clause::from(self.tokens, end);
        let (taken, given): (Vec<_>, Vec<_>) = clause
            .into_iter()
            .map(|name| (name.left, name.right))
            .unzip();
        self.module.exports.extend(given);
        if let Some(specifier) = from {
            self.module
                .load(Target::import(specifier), ImportTime::Load, taken);
        }
        Some(())
    }

    fn add_namespaces(&mut self) {
        let names = self.namespaces.keys().map(String::as_str);
        for (name, members) in needed_members(self.tokens, names) {
            if let Some(target) = self.namespaces.get(name) {
                self.module.load(target.clone(), ImportTime::Load, members);
            }
        }
    }
}
