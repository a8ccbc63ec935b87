//! ECMAScript modules, form by form.

use plugin_registry::ImportTime;
use plugin_symbols::{LoadKind, Module, ModuleFormat, read_module};

fn esm(source: &str) -> Module {
    read_module(source, ModuleFormat::Esm).unwrap()
}

/// Holds the exports of a module, and what it passes on whole, against a list: `a b *./c`.
fn exports(source: &str, expected: &str) {
    let module = esm(source);
    let stars = module.stars.iter().map(|to| format!("*{}", to.specifier));
    let found: Vec<String> = module.exports.iter().cloned().chain(stars).collect();
    assert_eq!(found.join(" "), expected, "{source}");
}

/// Holds what is loaded against a list: `x{a b}`, and `later x` for what is loaded later or never.
fn loads(source: &str, expected: &str) {
    assert_eq!(loads_of(&esm(source)), expected, "{source}");
}

pub(crate) fn loads_of(module: &Module) -> String {
    let one = |((target, when), names): (&(plugin_symbols::Target, ImportTime), &_)| {
        let names: &std::collections::BTreeSet<String> = names;
        let later = match when {
            ImportTime::Load => "",
            ImportTime::Later => "later ",
        };
        let required = match target.kind {
            LoadKind::Import => "",
            LoadKind::Require => "require ",
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!(
            "{later}{required}{}{{{}}}",
            target.specifier,
            names.join(" ")
        )
    };
    let all: Vec<String> = module.loads.iter().map(one).collect();
    all.join("; ")
}

#[test]
fn every_form_of_export() {
    for (source, expected) in [
        ("export const a = 1", "a"),
        ("export let a, b = f(1, 2), c", "a b c"),
        (
            "export var { a, b: c, ...d } = x, [e, , f = 1, ...g] = y",
            "a c d e f g",
        ),
        (
            "export const { a: { b: [c] }, ['x' + 1]: d = { e: 1 }, 'f': g, 2: h } = x",
            "c d g h",
        ),
        ("export function f() { export_; }", "f"),
        ("export async function f() {}", "f"),
        ("export function* f() {}", "f"),
        ("export async function * f() {}", "f"),
        ("export class A extends B { static x = 1 }", "A"),
        ("export default function f() {}", "default"),
        ("export default { a, b }", "default"),
        ("export default /a/.test(x)", "default"),
        (
            "export { a, b as c, d as default, e as 'some name' }",
            "a c default some name",
        ),
        ("export {}", ""),
        ("export { a, }", "a"),
        ("export { default, a as b } from './x'", "b default"),
        ("export * from './x'", "*./x"),
        ("export * as ns from './x'", "ns"),
        ("export * from './x'\nexport * from './y'", "*./x *./y"),
        ("export{a};export{b}", "a b"),
        ("export const $ = 1, _ = 2, ä = 3", "$ _ ä"),
    ] {
        exports(source, expected);
    }
}

#[test]
fn a_declaration_ends_where_javascript_ends_it() {
    for (source, expected) in [
        ("export const a = 1\nfoo(), b = 2", "a"),
        ("export const a = x => { return 1, 2 }\nb, c", "a"),
        ("export const a = class {}\n\nexport const d = 1", "a d"),
        ("export const a = await\n b, c = 1", "a c"),
        ("export const a = b\n + c, d = 1", "a d"),
        ("export const a = b\n in c, d = 1", "a d"),
        ("export const a\n, b", "a b"),
        ("export const a = class\nA\nextends B {}, c = 1", "a c"),
        ("export const a = `${x, y}`, b = 1;", "a b"),
        ("export const a = /[,;]/, b = 1;", "a b"),
    ] {
        exports(source, expected);
    }
}

#[test]
fn every_form_of_import() {
    for (source, expected) in [
        ("import 'x'", "x{}"),
        ("import a from 'x'", "x{default}"),
        (
            "import { a, b as c, default as d, 'e f' as g } from \"x\"",
            "x{a b default e f}",
        ),
        ("import a, { b } from 'x'", "x{b default}"),
        ("import a, * as b from 'x'", "x{default}"),
        ("import { } from 'x'", "x{}"),
        ("import a from 'x' with { type: 'json' }", "x{default}"),
        ("import from from 'x'", "x{default}"),
        ("import { from } from 'x'", "x{from}"),
        ("import { as as as } from 'x'", "x{as}"),
        ("import{a}from'x';import{b}from'x'", "x{a b}"),
        (
            "import { a } from 'x'\nexport { b as c } from 'x'",
            "x{a b}",
        ),
        ("export * from 'x'", "x{}"),
        ("const x = await import('x')", "later x{}"),
        ("f(() => import('x', { with: {} }))", "later x{}"),
        ("import(x)", ""),
        ("import('x' + y)", ""),
        ("import.meta.url", ""),
        ("a.import('x')", ""),
        ("import \"\\x78\\u{79}\\u007a\"", "xyz{}"),
    ] {
        loads(source, expected);
    }
}

#[test]
fn what_only_looks_like_an_import_is_none() {
    for source in [
        "// import 'x'\n/* import 'x' */",
        "const a = \"import 'x'\"",
        "const a = 'it\\'s; import \"x\"'",
        "const a = `import 'x'`",
        "const a = `${`import 'x'`} import 'x'`",
        "const a = /import 'x'/",
        "const a = b / c; const d = 'e / import'",
        "if (a) /import 'x'/.test(b)",
        "const a = { import: 1, export: 2 }",
        "class A { import() {} export() {} }",
        "a.export; a.import",
    ] {
        let module = esm(source);
        assert!(
            module.loads.is_empty() && module.exports.is_empty(),
            "{source}: {module:?}"
        );
    }
}

#[test]
fn a_slash_is_told_apart_by_what_is_before_it() {
    for source in [
        "const a = b / 1; c = d / '/' / e",
        "a++ / 2; ')'; b-- / 2",
        "x = a[0] / 2 / ')'.length",
        "x = (1) / 2; y = ')' / 1",
        "if (/\\)/.test(a)) /[/\"]/.exec(b)",
        "while (a) /'/.test(b)",
        "for await (a of b) /'/.test(c)",
        "return_ / 2; a.return / 2; '/'",
        "() => {}\n/'/.test(a)",
        "{ }\n/'/.test(a)",
        "x = {} / 2; '/'",
        "x = `${1}` / 2; '/'",
        "case_: typeof /'/; void /\"/",
        "a = b\n/ 2; '/'",
        "a ?? /'/; b || /`/; !/'/; [/'/, /`/]",
        "x = 1. / 2; y = .5 / 2; z = 1e3 / '/'",
    ] {
        exports(&format!("{source}\nexport {{ sentinel }}"), "sentinel");
    }
}

#[test]
fn a_namespace_needs_what_fails_while_loading() {
    for (rest, expected) in [
        ("ns.f()", "x{f}"),
        ("class A extends ns.Base {}", "x{Base}"),
        ("const a = new ns.A", "x{A}"),
        ("const a = ns.b.c", "x{b}"),
        // Only looked at: it may be missing.
        ("const a = ns.b", "x{}"),
        ("if (ns.f) ns.f()", "x{}"),
        ("typeof ns.f()", "x{}"),
        ("ns?.f()", "x{}"),
        // Called later, or perhaps never.
        ("function g() { ns.f() }", "x{}"),
        // Another variable of that name, or all of it passed on.
        ("ns.f(); g(ns)", "x{}"),
        ("ns.f(); (ns => 1)", "x{}"),
        ("ns['f']()", "x{}"),
        ("a.ns.f()", "x{}"),
    ] {
        loads(&format!("import * as ns from 'x'; {rest}"), expected);
    }
}

#[test]
fn a_form_that_is_not_known_is_an_error() {
    for (source, expected) in [
        (
            "export enum A {}",
            "line 1: an import or export of a form that is not known",
        ),
        (
            "\n\nimport type { A } from 'x'",
            "line 3: an import or export of a form that is not known",
        ),
        (
            "export = a",
            "line 1: an import or export of a form that is not known",
        ),
        (
            "import { a b } from 'x'",
            "line 1: an import or export of a form that is not known",
        ),
        (
            "export { \\u0061 }",
            "line 1: an import or export of a form that is not known",
        ),
        ("const a = <div>it's</div>", "line 1: a text is not closed"),
        ("f(", "line 1: a bracket is not closed"),
        ("f(]", "line 1: a bracket closes none"),
        ("`${a", "line 1: a bracket is not closed"),
        ("`a", "line 1: a template is not closed"),
        ("\n/* a", "line 2: a comment is not closed"),
        ("a = /b", "line 1: a regular expression is not closed"),
    ] {
        let error = read_module(source, ModuleFormat::Esm).unwrap_err();
        assert_eq!(error.to_string(), expected, "{source}");
    }
}

#[test]
fn the_format_is_detected_where_no_package_json_says() {
    let is_esm = |source: &str| {
        let module = read_module(source, ModuleFormat::Detect).unwrap();
        // CommonJS always has a default export.
        !module.exports.contains("default")
    };
    assert!(is_esm("import 'x'"));
    assert!(is_esm("export {}"));
    assert!(is_esm("f(import.meta.url)"));
    assert!(!is_esm("import('x')"));
    assert!(!is_esm("exports.a = 1"));
    assert!(!is_esm(""));
}
