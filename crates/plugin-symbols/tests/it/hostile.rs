//! Files that want to hang, overflow or exhaust.

use plugin_registry::{EntryExports, PackageFiles, UnlistedEntries};
use plugin_symbols::{ModuleFormat, Unreadable, read_module, read_symbols};

#[test]
fn much_of_anything_is_read_in_a_small_stack() {
    let thread = std::thread::Builder::new().stack_size(128 << 10);
    let all = || {
        for piece in [
            "(",
            "[",
            "{",
            "`${",
            "(a=",
            "a=>",
            "!",
            "a?",
            "if(a)",
            "new ",
            "a**",
            "/",
            "/[",
            "\\",
            "'",
            "`",
            "export {",
            "export const {a:",
            "export const [",
            "export const a=",
            "import {",
            "import(",
            "import * as a from 'x';a.b;",
            "module.exports={a:",
            "module.exports={...",
            "exports.a=",
            "Object.keys(a).forEach(function (k) {",
            "Object.defineProperty(exports,",
            "require(",
            "#",
            "\u{2028}",
            "\\u{",
            "}",
            ")",
            "<!--",
            "/*",
            "0.",
            "++",
        ] {
            let source = piece.repeat((100 << 10) / piece.len());
            for format in [
                ModuleFormat::Esm,
                ModuleFormat::CommonJs,
                ModuleFormat::Detect,
            ] {
                let read = read_module(&source, format);
                assert!(
                    read.is_err() || !source.starts_with(['(', '[', '{', '}']),
                    "{piece}"
                );
            }
        }
    };
    thread.spawn(all).unwrap().join().unwrap();
}

#[test]
fn what_is_too_large_is_refused_by_name() {
    let large = " ".repeat((16 << 20) + 1);
    assert_eq!(
        read_module(&large, ModuleFormat::Esm).unwrap_err(),
        Unreadable::TooLarge { limit: 16 << 20 }
    );
    let words = ";".repeat((4 << 20) + 1);
    assert_eq!(
        read_module(&words, ModuleFormat::Esm).unwrap_err(),
        Unreadable::TooManyWords { limit: 4 << 20 }
    );
}

#[test]
fn a_package_json_that_nests_or_repeats_without_end_is_bounded() {
    let deep = format!(
        r#"{{"exports":{}1{}}}"#,
        r#"{"node":"#.repeat(1000),
        "}".repeat(1000)
    );
    let read = read_symbols(&PackageFiles::new().with("package.json", &deep));
    assert!(
        read.report.to_string().contains("recursion limit"),
        "{}",
        read.report
    );

    let many: Vec<String> = (0..5000).map(|n| format!(r#""./{n}": "./a.js""#)).collect();
    let many = format!(r#"{{"exports":{{{}}}}}"#, many.join(","));
    let files = PackageFiles::new()
        .with("package.json", &many)
        .with("a.js", "export { a }");
    let read = read_symbols(&files).value;
    assert_eq!(
        (read.exports.len(), read.unlisted),
        (1024, UnlistedEntries::Unknown)
    );
}

#[test]
fn a_web_of_files_that_pass_everything_on_ends() {
    // Each of 300 files passes on all of the others, and each is an entry.
    let count = 300;
    let entries: Vec<String> = (0..count)
        .map(|n| format!(r#""./{n}": "./{n}.mjs""#))
        .collect();
    let manifest = format!(r#"{{"exports":{{{}}}}}"#, entries.join(","));
    let stars: String = (0..count)
        .map(|n| format!("export * from './{n}.mjs';"))
        .collect();
    let files = (0..count).fold(
        PackageFiles::new().with("package.json", &manifest),
        |all, n| {
            all.with(
                &format!("{n}.mjs"),
                &format!("{stars} export const name{n} = 1;"),
            )
        },
    );
    let read = read_symbols(&files).value;
    assert_eq!(read.exports.len(), count);
    let known = |exports: &&EntryExports| match exports {
        EntryExports::Names(names) => names.len() == count,
        EntryExports::Unknown => false,
    };
    // The first ones are known; when it gets too much, the others are unknown and never wrong.
    let first = read.exports.values().take_while(known).count();
    assert!(first >= 10);
    assert!(
        read.exports
            .values()
            .skip(first)
            .all(|rest| *rest == EntryExports::Unknown)
    );
}
