//! Where sources are, in the forms people write.

use plugin_registry::Repository;

#[test]
fn forms_in_circulation_are_read_as_one() {
    let check = |text: &str, expected: &str| {
        let repository: Repository = text.parse().unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(repository.to_string(), expected, "{text}");
        assert_eq!(expected.parse::<Repository>().unwrap(), repository);
    };
    check("github:o/r", "github:o/r");
    check("o/r", "github:o/r");
    check("github.com/o/r", "github:o/r");
    check("github.com:o/r.git", "github:o/r");
    check("git@github.com:o/r.git", "github:o/r");
    check("https://github.com/o/r", "github:o/r");
    check("https://github.com/o/r/", "github:o/r");
    check("git+https://github.com/o/r.git", "github:o/r");
    check("git+ssh://git@github.com/o/r.git", "github:o/r");
    check("ssh://git@github.com:o/r.git", "github:o/r");
    check("git://github.com/o/r.git#v1", "github:o/r#v1");
    check("https://user:token@github.com/o/r.git", "github:o/r");
    check("github:o/r#main:packages/x", "github:o/r#main:packages/x");
    check(
        "github:o/r#main:./packages//x/",
        "github:o/r#main:packages/x",
    );
    check("github:o/r#:packages/x", "github:o/r#:packages/x");
    check(
        "https://github.com/o/r/tree/main/packages/x",
        "github:o/r#main:packages/x",
    );
    check("https://github.com/o/r.js", "github:o/r.js");
    check("gitlab:o/r", "gitlab:o/r");
    check("https://gitlab.com/group/sub/r", "gitlab:group/sub/r");
    check(
        "https://gitlab.com/group/sub/r/-/tree/main/x",
        "gitlab:group/sub/r#main:x",
    );
    check("https://git.example.org/o/r.git", "git.example.org:o/r");
    check(
        "https://git.example.org:8443/o/r.git",
        "git.example.org:o/r",
    );
}

#[test]
fn what_is_no_repository_is_refused() {
    for text in [
        "",
        " ",
        "x",
        "./packages/x",
        "../x",
        "npm:x",
        "javascript:alert(1)",
        "https://github.com/o",
        "o/r/s",
        "github:o/r#a b",
        "github:o/../r",
        "github:o/r#../../x",
        "@scope/name",
        "file:///etc/passwd",
        "ftp://x.y/o/r",
        "github:o/r\u{0}",
        "https://[::1]/o/r",
    ] {
        assert!(
            text.parse::<Repository>().is_err(),
            "{text:?} was read as {}",
            text.parse::<Repository>().unwrap()
        );
    }
    // A folder that leads out is left out, the rest is kept.
    assert_eq!(
        "github:o/r#main:../x"
            .parse::<Repository>()
            .unwrap()
            .to_string(),
        "github:o/r#main"
    );
}
