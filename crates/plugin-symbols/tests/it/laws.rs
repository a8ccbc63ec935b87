//! What holds for any file.

use std::collections::BTreeSet;

use plugin_symbols::{ModuleFormat, read_module};
use proptest::prelude::*;

/// Pieces that hide the brackets, quotes and keywords of others in every way.
fn filler() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "/* export { no } */",
        "// import 'no'\n",
        "const s = 'export { no }';",
        "const t = `a ${ f({ b: `}` }) } export`;",
        "const r = /[/\"'`{]/g.test(x) ? a / b : c;",
        "if (a) /'/.exec(b);",
        "x = y++ / 2;",
        "function g() { return /}/ }",
        "class C { static #p = 1; get export() { return this.#p } }",
        "label: for (const a of b) { break label }",
        "a.export = a.import / 3;",
        "const o = { export: 1, import() {}, ...p };",
        "\n",
        ";",
    ])
    .prop_map(str::to_owned)
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-zA-Z0-9$_]{0,6}x"
}

/// One export statement, with the names that it adds.
fn statement() -> impl Strategy<Value = (String, Vec<String>)> {
    prop_oneof![
        prop::collection::vec((name(), name()), 0..4).prop_map(|pairs| {
            let text: Vec<String> = pairs.iter().map(|(a, b)| format!("{a} as {b}")).collect();
            let names = pairs.into_iter().map(|(_, b)| b).collect();
            (format!("export {{ {} }};", text.join(", ")), names)
        }),
        prop::collection::vec(name(), 1..4).prop_map(|names| {
            let text: Vec<String> = names
                .iter()
                .map(|n| format!("{n} = f(1, [2, {{}}])"))
                .collect();
            (format!("export const {};", text.join(", ")), names)
        }),
        (name(), name())
            .prop_map(|(a, b)| { (format!("export let {{ k: {a}, ...{b} }} = o;"), vec![a, b]) }),
        name().prop_map(|n| (
            format!("export async function {n}(a = '}}') {{ return a / 2 }}\n"),
            vec![n]
        )),
        name().prop_map(|n| (
            format!("export class {n} extends (f(`}}`)) {{}}\n"),
            vec![n]
        )),
    ]
}

proptest! {
    #[test]
    fn what_was_written_is_found_and_nothing_else(
        parts in prop::collection::vec((filler(), statement()), 0..12),
    ) {
        let mut source = String::new();
        let mut expected = BTreeSet::new();
        for (filler, (statement, names)) in parts {
            source.push_str(&filler);
            source.push('\n');
            source.push_str(&statement);
            expected.extend(names);
        }
        let module = read_module(&source, ModuleFormat::Esm);
        prop_assert_eq!(module.map(|m| m.exports), Ok(expected), "{}", source);
    }

    #[test]
    fn any_text_is_read_or_refused(source in "[ -~\n\\u{e9}\\u{2028}]{0,200}") {
        for format in [ModuleFormat::Esm, ModuleFormat::CommonJs, ModuleFormat::Detect] {
            let _either = read_module(&source, format);
        }
    }

    #[test]
    fn words_in_any_order_are_read_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "export", "import", "{", "}", "(", ")", "[", "]", "*", "as", "from", "'x'", ",", "=", ":", "...", "a",
            "default", "const", "function", "class", ";", "\n", "`", "${", "/", "module", ".", "exports", "require", "=>",
        ]), 0..40),
    ) {
        let source = words.join(" ");
        for format in [ModuleFormat::Esm, ModuleFormat::CommonJs] {
            let _either = read_module(&source, format);
        }
    }
}
