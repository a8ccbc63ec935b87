//! Whole packages: entries, conditions, files that lead to files.

use plugin_registry::{EntryExports, ImportTime, PackageFiles, PackageSymbols, UnlistedEntries};
use plugin_symbols::read_symbols;

/// A package with this package.json and these files.
fn package(manifest: &str, files: &[(&str, &str)]) -> PackageFiles {
    let files = files.iter();
    files.fold(
        PackageFiles::new().with("package.json", manifest),
        |all, (path, text)| all.with(path, text),
    )
}

/// What a package exports, an entry a line; `?` is what is not known, and a last line `?` stands for entries that are not listed.
fn exports(symbols: &PackageSymbols) -> String {
    let mut lines: Vec<String> = symbols
        .exports
        .iter()
        .map(|(entry, exports)| match exports {
            EntryExports::Names(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("{entry}: {}", names.join(" "))
            }
            EntryExports::Unknown => format!("{entry}: ?"),
        })
        .collect();
    if symbols.unlisted == UnlistedEntries::Unknown {
        lines.push("?".to_owned());
    }
    lines.join("\n")
}

fn imports(symbols: &PackageSymbols) -> String {
    let one = |import: &plugin_registry::ImportedNames| {
        let names: Vec<&str> = import.names.iter().map(String::as_str).collect();
        let later = match import.when {
            ImportTime::Load => "",
            ImportTime::Later => "later ",
        };
        format!(
            "{later}{} {} {{{}}}",
            import.package,
            import.entry,
            names.join(" ")
        )
    };
    let all: Vec<String> = symbols.imports.iter().map(one).collect();
    all.join("\n")
}

fn check_exports(manifest: &str, files: &[(&str, &str)], expected: &str) {
    let symbols = read_symbols(&package(manifest, files)).value;
    assert_eq!(exports(&symbols), expected, "{manifest}");
}

#[test]
fn the_first_condition_that_holds_decides() {
    let files = &[("a.js", "export { a }"), ("b.js", "export { b }")];
    for (exported, expected) in [
        (r#""./a.js""#, ".: a"),
        (r#"{ ".": "./a.js" }"#, ".: a"),
        (r#"{ "import": "./a.js", "default": "./b.js" }"#, ".: a"),
        (r#"{ "default": "./b.js", "import": "./a.js" }"#, ".: b"),
        (r#"{ "browser": "./b.js", "node": "./a.js" }"#, ".: a"),
        (
            r#"{ "bun": "./b.js", "types": "./c.d.ts", "default": "./a.js" }"#,
            ".: a",
        ),
        (
            r#"{ "node": { "browser": "./b.js" }, "default": "./a.js" }"#,
            ".: a",
        ),
        (r#"{ "node": null, "default": "./a.js" }"#, ""),
        (r#"["a.js", "./b.js"]"#, ".: b"),
        (r#"{ ".": { "require": "./a.js" } }"#, ".: ?"),
        (r#"{ ".": { "types": "./a.d.ts" } }"#, ""),
        (
            r#"{ "./v1": "./a.js", "./v2": { "import": { "types": "./x", "default": "./b.js" } } }"#,
            "./v1: a\n./v2: b",
        ),
        (r#"{ ".": "./missing.js" }"#, ".: ?"),
        (r#"{ ".": "./../a.js" }"#, ".: ?"),
        (r#"{ ".": 7, "./x": true }"#, ""),
    ] {
        let manifest = format!(r#"{{ "type": "module", "exports": {exported} }}"#);
        check_exports(&manifest, files, expected);
    }
}

#[test]
fn patterns_are_written_out_over_the_files() {
    let manifest = r#"{ "type": "module", "exports": {
        ".": "./index.js", "./f/*": "./dist/*.js", "./f/in/*": null, "./f/b": "./index.js" } }"#;
    let files = &[
        ("index.js", "export { i }"),
        ("dist/a.js", "export { a }"),
        ("dist/b.js", "export { b }"),
        ("dist/in/c.js", "export { c }"),
        ("other.js", "export { o }"),
    ];
    check_exports(manifest, files, ".: i\n./f/a: a\n./f/b: i");
}

#[test]
fn without_exports_the_main_file_is_known_and_others_may_be_there() {
    let check = |manifest: &str, path: &str| {
        check_exports(manifest, &[(path, "export { a }")], ".: a\n?");
    };
    check(r#"{ "main": "dist/x.js" }"#, "dist/x.js");
    check(r#"{ "main": "./dist/x" }"#, "dist/x.js");
    check(r#"{ "main": "dist" }"#, "dist/index.js");
    check("{}", "index.js");
    check(r#"{ "main": "gone.js" }"#, "index.js");
    check(r#"{ "module": "dist/x.mjs" }"#, "dist/x.mjs");
    check(r#"{ "main": 7, "exports": null }"#, "index.js");
    check_exports("{}", &[], "?");
}

#[test]
fn names_are_passed_on_from_file_to_file() {
    let manifest = r##"{ "name": "p", "type": "module", "exports": { ".": "./a.js", "./x": "./x.js" },
        "imports": { "#own": "./own.js" } }"##;
    let files = &[
        (
            "a.js",
            "export * from './b.js'; export { default } from './b.js'; export * from './c.cjs'",
        ),
        (
            "b.js",
            "export * from './a.js'; export * from '#own'; export * from 'p/x'; export default 1; export const b = 1",
        ),
        (
            "c.cjs",
            "exports.c = 1; __exportStar(require('./d'), exports)",
        ),
        ("d.js", "export const d = 1"),
        ("own.js", "export const own = 1"),
        ("x.js", "export const x = 1"),
    ];
    check_exports(manifest, files, ".: b c d default own x\n./x: x");
}

#[test]
fn what_cannot_be_followed_is_unknown_and_said() {
    let report = |files: &[(&str, &str)]| {
        let read = read_symbols(&package(
            r#"{ "exports": { ".": "./a.js", "./b": "./b.js" } }"#,
            files,
        ));
        (exports(&read.value), read.report.to_string())
    };
    let b = ("b.js", "export { b }");
    let unknown = ".: ?\n./b: b";
    assert_eq!(
        report(&[("a.js", "export * from 'other'"), b]),
        (unknown.into(), String::new())
    );
    assert_eq!(
        report(&[("a.js", "export * from './c.js'"), b]),
        (unknown.into(), String::new())
    );
    assert_eq!(
        report(&[("a.js", "export {"), b]),
        (
            unknown.into(),
            "`a.js` cannot be read: line 1: a bracket is not closed".into()
        )
    );
    assert_eq!(
        report(&[b]),
        (unknown.into(), "`a.js` is not in the package".into())
    );
    assert_eq!(
        read_symbols(&package("{ nonsense", &[])).report.to_string(),
        "`package.json` key must be a string at line 1 column 3"
    );
    let nothing = read_symbols(&PackageFiles::new());
    assert_eq!(nothing.value, PackageSymbols::default());
    assert_eq!(
        nothing.report.to_string(),
        "`package.json` is not in the package"
    );
}

#[test]
fn imports_are_those_of_all_files_that_the_main_entry_loads() {
    let manifest =
        r#"{ "name": "p", "type": "module", "exports": { ".": "./a.js", "./cli": "./cli.js" } }"#;
    let files = &[
        (
            "a.js",
            "import './b.js'; import { x } from '@o/core'; const l = () => import('./lazy.js')",
        ),
        (
            "b.js",
            "import { y } from '@o/core'; import v from '@o/core/v1'; import './a.js'; import 'node:fs'; import c from './c.cjs'",
        ),
        ("c.cjs", "const z = require('left-pad/lib/x')"),
        ("lazy.js", "import { q } from '@o/core'; import './b.js'"),
        ("cli.js", "import { never } from '@o/core'"),
        ("unreached.js", "import { never } from '@o/core'"),
    ];
    let symbols = read_symbols(&package(manifest, files)).value;
    assert_eq!(
        imports(&symbols),
        "@o/core . {x y}\nlater @o/core . {q}\n@o/core ./v1 {default}\nleft-pad ./lib/x {}"
    );
}

#[test]
fn the_nearest_package_json_says_what_a_js_file_is() {
    let manifest = r#"{ "type": "module", "exports": { ".": "./a.js", "./c": "./cjs/c.js" } }"#;
    let files = &[
        ("a.js", "export { a }; exports.b = 1"),
        ("cjs/package.json", r#"{ "type": "commonjs" }"#),
        ("cjs/c.js", "exports.c = 1"),
    ];
    check_exports(manifest, files, ".: a\n./c: c default");
}
