//! Names of packages and the right-hand sides of dependencies.

use plugin_resolver::{PackageName, Spec};

#[test]
fn names() {
    for good in [
        "a",
        "plugin-x",
        "@elizaos/core",
        "@Elizaos/Plugin.X",
        "lodash.merge",
        "JSONStream",
        "a~b",
        "@s/_private",
        "x",
    ] {
        assert_eq!(good.parse::<PackageName>().unwrap().to_string(), good);
    }
    assert_eq!(
        "@elizaos/core".parse::<PackageName>().unwrap().scope(),
        Some("elizaos")
    );
    assert_eq!("core".parse::<PackageName>().unwrap().scope(), None);
    let long = "x".repeat(215);
    let misses: Vec<String> = [
        "",
        " ",
        "a b",
        "../x",
        ".x",
        "_x",
        "-x",
        "@",
        "@a",
        "@a/",
        "@/b",
        "@a/b/c",
        "a/b",
        "@a/..",
        "@../b",
        "node_modules",
        "favicon.ico",
        "a\0b",
        "a\nb",
        "é",
        "a%2f",
        "a?b",
        "a\\b",
        &long,
        "__proto__",
    ]
    .iter()
    .map(|text| text.parse::<PackageName>().unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(misses.join("\n"));
}

/// The variant with what it holds, in short.
fn describe(text: &str) -> String {
    match text.parse::<Spec>() {
        Ok(Spec::Range(range)) => format!("range {range}"),
        Ok(Spec::Tag(tag)) => format!("tag {tag}"),
        Ok(Spec::Workspace(rest)) => format!("workspace {rest}"),
        Ok(Spec::Alias { name, spec }) => {
            format!("alias of {name}: {}", describe(&spec.to_string()))
        }
        Ok(Spec::Unresolvable { kind, .. }) => kind.describe().to_owned(),
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("{}: {error}", error.tag()),
    }
}

#[test]
fn specs() {
    let rows: Vec<String> = [
        "^1.2.3",
        "",
        "*",
        "1.x || 2",
        "v1.2.3",
        "latest",
        "next",
        "alpha-1",
        "x",
        "workspace:*",
        "workspace:^1.2.3",
        "workspace:",
        "npm:other@^1",
        "npm:@s/other@latest",
        "npm:other",
        "npm:@s/other",
        "npm:other@",
        "npm:other@npm:x@1",
        "npm:../x@1",
        "npm:other@file:x",
        "npm:",
        "github:owner/repo",
        "owner/repo",
        "owner/repo#main",
        "git+ssh://git@h/o/r.git",
        "git@github.com:o/r.git",
        "git://h/o/r",
        "https://h/o/r.git#v1",
        "https://h/x.tgz",
        "http://h/x",
        "file:../x",
        "link:../x",
        "portal:../x",
        "./x",
        "../x",
        "/x",
        "~/x",
        "..",
        "catalog:",
        "patch:x@1#p",
        "jsr:@a/b",
        "a b c",
        "1.2.3.4",
        "!",
        ">1 &",
        "é",
        "javascript:alert(1)",
    ]
    .iter()
    .map(|text| format!("{text:?}: {}", describe(text)))
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn a_spec_prints_as_it_was_written() {
    for text in [
        "^1.2.3 || 2",
        "latest",
        "workspace:^",
        "npm:@s/other@^1",
        "github:o/r#x",
        "file:../x",
    ] {
        assert_eq!(text.parse::<Spec>().unwrap().to_string(), text);
    }
}

#[test]
fn enormous_specs_are_refused() {
    let text = format!("git+https://{}", "x".repeat(1 << 20));
    assert_eq!(text.parse::<Spec>().unwrap_err().tag(), "InputTooLarge");
    let nested = "npm:a@".repeat(10_000);
    assert!(nested.parse::<Spec>().is_err());
}
