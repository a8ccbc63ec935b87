//! Which registry, with which credentials: npm's configuration as a pure function.

use std::collections::BTreeMap;

use plugin_source_npm::{ConfigInput, NpmConfig, NpmError, NpmPlaces};
use tempfile::TempDir;

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn the_registry_of_a_package_is_the_one_that_npm_would_use() {
    struct Case {
        why: &'static str,
        environment: &'static [(&'static str, &'static str)],
        own: &'static [(&'static str, &'static str)],
        project: &'static str,
        user: &'static str,
        global: &'static str,
        package: &'static str,
        expect: &'static str,
    }
    const NONE: Case = Case {
        why: "",
        environment: &[],
        own: &[],
        project: "",
        user: "",
        global: "",
        package: "p",
        expect: "https://default.example/",
    };
    let cases = [
        Case {
            why: "npm's own, when nothing is configured",
            ..NONE
        },
        Case {
            why: "the user's file beats the global one",
            user: "registry=https://user.example",
            global: "registry=https://global.example",
            expect: "https://user.example/",
            ..NONE
        },
        Case {
            why: "the global file beats the default",
            global: "registry=https://global.example/a",
            expect: "https://global.example/a/",
            ..NONE
        },
        Case {
            why: "the project's file beats the user's",
            project: "registry=https://project.example",
            user: "registry=https://user.example",
            expect: "https://project.example/",
            ..NONE
        },
        Case {
            why: "the environment beats every file",
            environment: &[("npm_config_registry", "https://env.example")],
            project: "registry=https://project.example",
            expect: "https://env.example/",
            ..NONE
        },
        Case {
            why: "the environment's name is read in any case",
            environment: &[("NPM_CONFIG_REGISTRY", "https://env.example")],
            expect: "https://env.example/",
            ..NONE
        },
        Case {
            why: "an empty variable is none",
            environment: &[("npm_config_registry", "")],
            user: "registry=https://user.example",
            expect: "https://user.example/",
            ..NONE
        },
        Case {
            why: "the host's own settings beat the environment",
            environment: &[("npm_config_registry", "https://env.example")],
            own: &[("registry", "https://own.example")],
            expect: "https://own.example/",
            ..NONE
        },
        Case {
            why: "a scope has its own registry",
            user: "@acme:registry=https://acme.example/npm/\nregistry=https://user.example",
            package: "@acme/p",
            expect: "https://acme.example/npm/",
            ..NONE
        },
        Case {
            why: "another scope has not",
            user: "@acme:registry=https://acme.example/npm/\nregistry=https://user.example",
            package: "@acme2/p",
            expect: "https://user.example/",
            ..NONE
        },
        Case {
            why: "a scope in a weaker file beats the general registry in a stronger one",
            project: "registry=https://project.example",
            user: "@acme:registry=https://acme.example",
            package: "@acme/p",
            expect: "https://acme.example/",
            ..NONE
        },
        Case {
            why: "a scope in the environment",
            environment: &[("npm_config_@acme:registry", "https://acme.example")],
            package: "@acme/p",
            expect: "https://acme.example/",
            ..NONE
        },
        Case {
            why: "variables stand for their values",
            environment: &[("HOST", "var.example")],
            user: "registry=https://${HOST}/x",
            expect: "https://var.example/x/",
            ..NONE
        },
        Case {
            why: "what is no address is left out, and the next place decides",
            project: "registry=not an address",
            user: "registry=https://user.example",
            expect: "https://user.example/",
            ..NONE
        },
        Case {
            why: "a variable that is not there makes no address",
            user: "registry=${NOWHERE}",
            ..NONE
        },
        Case {
            why: "sections are no settings",
            user: "[section]\nregistry=https://user.example",
            ..NONE
        },
    ];
    for case in cases {
        let config = NpmConfig::parse(&ConfigInput {
            environment: environment(case.environment),
            command_line: environment(case.own),
            project: case.project.to_owned(),
            user: case.user.to_owned(),
            global: case.global.to_owned(),
            default_registry: Some("https://default.example/".to_owned()),
            ..ConfigInput::default()
        });
        let registry = config.unwrap().registry_of(case.package).unwrap();
        assert_eq!(registry, case.expect, "{}", case.why);
    }
}

#[test]
fn without_any_registry_there_is_a_clear_error() {
    let config = NpmConfig::parse(&ConfigInput::default()).unwrap();
    let error = config.registry_of("p").unwrap_err();
    assert_eq!(error.tag(), "NpmRegistryUnknown");
    assert!(!config.has_registry());
}

#[test]
fn oddities_are_warned_of_without_their_values() {
    let warnings = |user: &str| {
        let input = ConfigInput {
            user: user.to_owned(),
            ..ConfigInput::default()
        };
        NpmConfig::parse(&input).unwrap().warnings().to_vec()
    };
    assert_eq!(warnings("registry=https://h.example"), Vec::<String>::new());
    for (text, expect) in [
        (
            "_authToken=hush",
            "`_authToken` of the user's .npmrc is not bound to a registry",
        ),
        (
            "registry=ftp://hush/",
            "`registry` of the user's .npmrc is not used",
        ),
        (
            "registry=https://u:hush@h.example/",
            "the address holds a user name or password",
        ),
        (
            "//h.example/:certfile=/hush",
            "`//h.example/:certfile` is used by npm for installing",
        ),
    ] {
        let found = warnings(text).join("\n");
        assert!(found.contains(expect), "{text}: {found}");
        assert!(!found.contains("hush"), "{text}: {found}");
    }
}

#[test]
fn a_huge_file_is_refused_by_name() {
    let input = ConfigInput {
        user: "a".repeat((1 << 20) + 1),
        ..ConfigInput::default()
    };
    let error = NpmConfig::parse(&input).unwrap_err();
    assert!(
        matches!(&error, NpmError::InvalidSetting { key, .. } if key.contains("user")),
        "{error}"
    );
}

#[test]
fn nothing_that_can_be_printed_holds_a_token() {
    let input = ConfigInput {
        environment: environment(&[
            ("T", "hush1"),
            ("npm_config_//e.example/:_authToken", "hush2"),
            ("https_proxy", "http://me:hush3@proxy.example"),
        ]),
        project: "//h.example/:_authToken=${T}\n//h.example/:_auth=aHVzaDQ=".to_owned(),
        user: "//i.example/:username=me\n//i.example/:_password=aHVzaDU=".to_owned(),
        ..ConfigInput::default()
    };
    let config = NpmConfig::parse(&input).unwrap();
    let shown = format!("{input:?} {config:?} {:#?}", config);
    for secret in ["hush", "aHVza"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    // Whom they are for may be said.
    assert!(
        shown.contains("//h.example/") && shown.contains("//e.example/"),
        "{shown}"
    );
}

#[test]
fn files_are_read_from_where_npm_keeps_them() {
    let home = TempDir::new().unwrap();
    let project = TempDir::new().unwrap();
    let other = TempDir::new().unwrap();
    let write = |directory: &TempDir, name: &str, text: &str| {
        std::fs::write(directory.path().join(name), text).unwrap();
    };
    write(&home, ".npmrc", "@home:registry=https://home.example");
    write(
        &project,
        ".npmrc",
        "@project:registry=https://project.example",
    );
    write(
        &other,
        "userconfig",
        "@other:registry=https://other.example",
    );
    write(&other, "global", "@global:registry=https://global.example");
    let path = |directory: &TempDir, name: &str| directory.path().join(name).display().to_string();
    let places = |more: &[(&str, String)]| {
        let mut environment = environment(&[("HOME", &home.path().display().to_string())]);
        environment.extend(more.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
        // There is no npm to ask: the files are found all the same.
        let mut places = NpmPlaces::new(environment);
        places.npm = other.path().join("no-npm-here");
        places.project = Some(project.path().to_owned());
        places.config().unwrap()
    };
    let scopes = |config: &NpmConfig| {
        ["home", "project", "other", "global"]
            .into_iter()
            .filter(|scope| config.registry_of(&format!("@{scope}/p")).is_ok())
            .collect::<Vec<_>>()
    };
    assert_eq!(scopes(&places(&[])), ["home", "project"]);
    let user = ("NPM_CONFIG_USERCONFIG", path(&other, "userconfig"));
    let global = ("npm_config_globalconfig", path(&other, "global"));
    assert_eq!(
        scopes(&places(&[user, global])),
        ["project", "other", "global"]
    );
    let missing = ("npm_config_userconfig", path(&other, "missing"));
    assert_eq!(scopes(&places(&[missing])), ["project"]);
}

#[test]
fn a_file_that_is_no_text_is_named() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("bytes");
    std::fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
    let file = file.display().to_string();
    let mut places = NpmPlaces::new(environment(&[("npm_config_userconfig", &file)]));
    places.npm = directory.path().join("no-npm-here");
    let error = places.config().unwrap_err();
    assert_eq!(error.tag(), "NpmInvalidSetting");
    assert!(error.to_string().contains(&file), "{error}");
}
