//! CommonJS: what can be imported from it by name, and what it requires.
//!
//! Node finds names without running a file, by the patterns that compilers emit; an import of another name
//! fails. They are those of [cjs-module-lexer](https://github.com/nodejs/cjs-module-lexer), which Node contains.

use plugin_registry::ImportTime;

use super::clause;
use super::esm::dynamic_import;
use super::model::{Completeness, Module, Target};
use crate::lexer::{Kind, Tokens};

/// How far behind `Object.keys(x).forEach(` the assignment to `exports[key]` may be, in words.
const LOOP_BODY: usize = 64;

pub(super) fn read(tokens: &Tokens<'_>) -> Module {
    let mut reader = Reader {
        tokens,
        module: Module::default(),
    };
    // What `module.exports` is can always be imported as a whole.
    reader.module.exports.insert("default".to_owned());
    for at in 0..tokens.len() {
        reader.note(at);
    }
    reader.module
}

struct Reader<'a, 'b> {
    tokens: &'a Tokens<'b>,
    module: Module,
}

impl Reader<'_, '_> {
    fn note(&mut self, at: usize) {
        let tokens = self.tokens;
        let is_member = tokens.is_member(at);
        match tokens.word(at) {
            Some("exports") if !is_member => self.member_assigned(at + 1),
            Some("module") if !is_member => {
                if let Some(end) = module_exports(tokens, at) {
                    self.member_assigned(end);
                    self.all_assigned(end);
                }
            }
            Some("Object") if !is_member => self.object_call(at),
            Some("__export" | "__exportStar") if tokens.is_mark(at + 1, b'(') => {
                if let Some((specifier, _)) = required(tokens, at + 2) {
                    self.module.stars.insert(Target::require(specifier));
                }
            }
            Some("require") if !is_member => self.require(at),
            Some("import") if tokens.is_mark(at + 1, b'(') => {
                dynamic_import(tokens, at, &mut self.module);
            }
            _ => {}
        }
    }

    /// `exports.name =` and `exports["name"] =`, from behind `exports`.
    fn member_assigned(&mut self, at: usize) {
        let tokens = self.tokens;
        let (name, end) = if tokens.is_mark(at, b'.') {
            (tokens.word(at + 1).map(str::to_owned), at + 2)
        } else if tokens.is_mark(at, b'[') && tokens.is_mark(at + 2, b']') {
            (tokens.text(at + 1), at + 3)
        } else {
            return;
        };
        if tokens.is_mark(end, b'=') {
            self.module.exports.extend(name);
        }
    }

    /// `module.exports = { a, b }` and `module.exports = require("x")`, from behind `exports`.
    fn all_assigned(&mut self, at: usize) {
        let tokens = self.tokens;
        if !tokens.is_mark(at, b'=') {
            return;
        }
        self.module.stars.clear();
        if let Some((specifier, _)) = required(tokens, at + 1) {
            self.module.stars.insert(Target::require(specifier));
        } else if tokens.is_mark(at + 1, b'{') {
            self.literal(at + 2);
        }
    }

    /// The members of an object, up to the first whose value is not a plain name.
    fn literal(&mut self, at: usize) {
        let tokens = self.tokens;
        let mut at = at;
        loop {
            if tokens.are_marks(at, b"...") {
                at += 3;
                if let Some((specifier, end)) = required(tokens, at) {
                    self.module.stars.insert(Target::require(specifier));
                    at = end;
                } else if tokens.word(at).is_some() {
                    at += 1;
                } else {
                    return;
                }
            } else {
                let Some(name) = clause::name(tokens, at) else {
                    return;
                };
                let has_value = tokens.is_mark(at + 1, b':');
                if has_value || tokens.word(at).is_some() {
                    self.module.exports.insert(name);
                }
                at += 1;
                if has_value {
                    at += 1 + usize::from(tokens.word(at + 1).is_some());
                }
            }
            if !tokens.is_mark(at, b',') {
                return;
            }
            at += 1;
        }
    }

    fn object_call(&mut self, at: usize) {
        let tokens = self.tokens;
        if !(tokens.is_mark(at + 1, b'.') && tokens.is_mark(at + 3, b'(')) {
            return;
        }
        match tokens.word(at + 2) {
            Some("defineProperty") => {
                let name = defined_property(tokens, at + 4);
                self.module.exports.extend(name);
            }
            Some("keys") if copies_all(tokens, at + 4) => {
                self.module.completeness = Completeness::Open;
            }
            _ => {}
        }
    }

    fn require(&mut self, at: usize) {
        let Some((specifier, _)) = required(self.tokens, at) else {
            return;
        };
        let when = if is_certain(self.tokens, at) {
            ImportTime::Load
        } else {
            ImportTime::Later
        };
        self.module.load(Target::require(specifier), when, []);
    }
}

/// The place behind `module.exports`, if that stands at `at`.
fn module_exports(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    let stands = tokens.is_word(at, "module")
        && tokens.is_mark(at + 1, b'.')
        && tokens.is_word(at + 2, "exports");
    stands.then_some(at + 3)
}

/// The specifier of `require("x")` at `at`, and the place behind it.
fn required(tokens: &Tokens<'_>, at: usize) -> Option<(String, usize)> {
    let is_call = tokens.is_word(at, "require")
        && tokens.is_mark(at + 1, b'(')
        && tokens.is_mark(at + 3, b')');
    is_call.then(|| Some((tokens.text(at + 2)?, at + 4)))?
}

/// Whether what stands at `at` is evaluated whenever the file is: outside of blocks, as a statement, as a
/// value that is assigned, or as an argument.
fn is_certain(tokens: &Tokens<'_>, at: usize) -> bool {
    let Some(token) = tokens.get(at) else {
        return false;
    };
    let before = tokens.before(at).map(|before| before.kind);
    !token.in_block && matches!(before, None | Some(Kind::Mark(b'=' | b'(' | b';')))
}

/// The name in `exports, "name", { enumerable: true, get: function () { return x.y; } })` and in the
/// like with `value:`, which stand behind `Object.defineProperty(`.
fn defined_property(tokens: &Tokens<'_>, at: usize) -> Option<String> {
    let at = if tokens.is_word(at, "exports") {
        at + 1
    } else {
        module_exports(tokens, at)?
    };
    let name = tokens.text(at + 1)?;
    if !(tokens.is_mark(at, b',') && tokens.is_mark(at + 2, b',') && tokens.is_mark(at + 3, b'{')) {
        return None;
    }
    let mut at = at + 4;
    if tokens.is_word(at, "enumerable") && tokens.is_mark(at + 1, b':') {
        // `true`, or `!0` as minifiers write it.
        at += if tokens.is_mark(at + 2, b'!') { 5 } else { 4 };
    }
    let is_value = tokens.is_word(at, "value") && tokens.is_mark(at + 1, b':');
    (is_value || is_plain_getter(tokens, at)).then_some(name)
}

/// `get: function name() { return x.y; }` or `get() { return x["y"] }`: it only passes on.
fn is_plain_getter(tokens: &Tokens<'_>, at: usize) -> bool {
    if !tokens.is_word(at, "get") {
        return false;
    }
    let mut at = at + 1;
    if tokens.is_mark(at, b':') {
        if !tokens.is_word(at + 1, "function") {
            return false;
        }
        at += 2 + usize::from(tokens.word(at + 2).is_some());
    }
    let has_head = tokens.is_mark(at, b'(')
        && tokens.is_mark(at + 1, b')')
        && tokens.is_mark(at + 2, b'{')
        && tokens.is_word(at + 3, "return")
        && tokens.word(at + 4).is_some();
    let mut at = at + 5;
    if tokens.is_mark(at, b'.') && tokens.word(at + 1).is_some() {
        at += 2;
    } else if tokens.is_mark(at, b'[') && tokens.is_mark(at + 2, b']') {
        at += 3;
    }
    at += usize::from(tokens.is_mark(at, b';'));
    has_head && tokens.is_mark(at, b'}')
}

/// `x).forEach(function (key) { .. exports[key] = ..`, behind `Object.keys(`: how Babel writes `export *`.
fn copies_all(tokens: &Tokens<'_>, at: usize) -> bool {
    let is_loop = tokens.word(at).is_some()
        && tokens.is_mark(at + 1, b')')
        && tokens.is_mark(at + 2, b'.')
        && tokens.is_word(at + 3, "forEach");
    let key = (at + 5..at + 8).find_map(|place| {
        let word = tokens.word(place).filter(|word| *word != "function")?;
        Some(word.to_owned())
    });
    let Some(key) = key.filter(|_| is_loop) else {
        return false;
    };
    (at..at + LOOP_BODY).any(|place| {
        tokens.is_word(place, "exports")
            && (tokens.is_mark(place + 1, b'[') && tokens.is_word(place + 2, &key)
                || tokens.is_mark(place + 1, b',') && tokens.is_word(place + 2, &key))
    })
}
