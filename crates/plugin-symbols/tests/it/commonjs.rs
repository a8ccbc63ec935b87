//! CommonJS: the names that Node finds.

use plugin_symbols::{Completeness, Module, ModuleFormat, read_module};

use crate::modules::loads_of;

fn cjs(source: &str) -> Module {
    read_module(source, ModuleFormat::CommonJs).unwrap()
}

/// The names beside `default`, and what is passed on whole.
fn check(source: &str, expected: &str) {
    let module = cjs(source);
    assert!(module.exports.contains("default"), "{source}");
    let stars = module.stars.iter().map(|to| format!("*{}", to.specifier));
    let names = module.exports.iter().filter(|name| *name != "default");
    let found: Vec<String> = names.cloned().chain(stars).collect();
    assert_eq!(found.join(" "), expected, "{source}");
}

#[test]
fn assignments_of_members() {
    for (source, expected) in [
        ("exports.a = 1; module.exports.b = 2", "a b"),
        ("exports['a b'] = 1; module.exports[\"c\"] = 2", "a b c"),
        ("exports.a = exports.b = void 0", "a b"),
        ("(function () { exports.a = 1 })()", "a"),
        ("a.exports.b = 1; exports.c(); exports[d] = 1", ""),
        ("// exports.a = 1\n'exports.b = 1'", ""),
    ] {
        check(source, expected);
    }
}

#[test]
fn assignments_of_all() {
    for (source, expected) in [
        ("module.exports = { a, b: c, 'd': e, f: 1, g }", "a b d f"),
        ("module.exports = { a, ...b, c }", "a c"),
        ("module.exports = { ...require('x'), a }", "a *x"),
        ("module.exports = { a() {}, b }", "a"),
        ("module.exports = require('x')", "*x"),
        ("module.exports = require('x'); module.exports = { a }", "a"),
        ("module.exports = f()", ""),
        ("exports = { a }", ""),
        ("0 && (module.exports = { a, b });", "a b"),
    ] {
        check(source, expected);
    }
}

#[test]
fn what_compilers_write() {
    for (source, expected) in [
        (
            "Object.defineProperty(exports, '__esModule', { value: true })",
            "__esModule",
        ),
        (
            "Object.defineProperty(exports, 'a', { enumerable: true, get: function () { return x.y; } });",
            "a",
        ),
        (
            "Object.defineProperty(module.exports, \"a\", { enumerable: !0, get: function n() { return x['y'] } })",
            "a",
        ),
        (
            "Object.defineProperty(exports, 'a', { get() { return x } })",
            "a",
        ),
        ("Object.defineProperty(exports, 'a', { get: () => x })", ""),
        (
            "Object.defineProperty(exports, 'a', { get: function () { return f() } })",
            "",
        ),
        ("__exportStar(require('./x'), exports)", "*./x"),
        ("tslib_1.__exportStar(require('./x'), exports)", "*./x"),
        ("__export(require('./x'))", "*./x"),
    ] {
        check(source, expected);
    }
}

#[test]
fn a_loop_that_copies_all_names_leaves_it_open() {
    let open = "Object.keys(_x).forEach(function (key) {\n  if (key === 'default') return;\n  exports[key] = _x[key];\n});";
    assert_eq!(cjs(open).completeness, Completeness::Open);
    let other = "Object.keys(_x).forEach(function (key) { log(key); }); exports.a = 1";
    assert_eq!(cjs(other).completeness, Completeness::Complete);
}

#[test]
fn what_is_required_for_certain_and_what_perhaps() {
    for (source, expected) in [
        ("const a = require('x')", "require x{}"),
        ("require('x'); require('y')", "require x{}; require y{}"),
        ("const a = __toESM(require('x'))", "require x{}"),
        ("try { require('x') } catch {}", "later require x{}"),
        ("function f() { return require('x') }", "later require x{}"),
        ("const a = b && require('x')", "later require x{}"),
        ("if (a) require('x')", "later require x{}"),
        ("a.require('x'); require(x); require('x' + y)", ""),
        ("import('x')", "later x{}"),
    ] {
        assert_eq!(loads_of(&cjs(source)), expected, "{source}");
    }
}
