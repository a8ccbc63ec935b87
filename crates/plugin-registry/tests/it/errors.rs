//! The eight tagged errors.

use plugin_registry::{FindingTag, RegistryError, Report, SourceError};
use serde_json::json;

fn all() -> Vec<RegistryError> {
    let mut report = Report::new();
    report.error(FindingTag::Missing, "version", "is missing");
    vec![
        RegistryError::plugin_not_found("@acme/x", "npm"),
        RegistryError::invalid_plugin_structure("@acme/x@1.0.0", report.clone()),
        RegistryError::dependency_conflict(&["a needs core ^1", "b needs core ^2"]),
        RegistryError::registry_unavailable("npm", "it says 503"),
        RegistryError::version_incompatible("@acme/x", "^2", "this host has core 1.7.2"),
        RegistryError::network_error("@acme/x", "no route"),
        RegistryError::parse_error("the list", "it is a list"),
        RegistryError::validation_error("the settings", report),
    ]
}

#[test]
fn there_are_the_eight_and_each_tag_is_listed() {
    let tags: Vec<&str> = all().iter().map(RegistryError::tag).collect();
    let listed: Vec<&str> = RegistryError::TAGS.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(tags, listed);
    assert_eq!(tags.len(), 8);
}

#[test]
fn messages_and_wire_views() {
    let lines: Vec<String> = all().iter().map(ToString::to_string).collect();
    for line in &lines {
        assert!(!line.contains('\n') && !line.ends_with('.'), "{line}");
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    there is no plugin `@acme/x` in npm
    `@acme/x@1.0.0` is not a usable package: `version` is missing
    the dependencies cannot be satisfied: a needs core ^1; b needs core ^2
    the registry npm is unavailable: it says 503
    `@acme/x` ^2 does not fit: this host has core 1.7.2
    the network gave no answer for `@acme/x`: no route
    `the list` cannot be read: it is a list
    `the settings` does not hold: `version` is missing
    ");
    assert_eq!(
        all()[0].wire(),
        json!({"_tag": "PluginNotFound", "message": "there is no plugin `@acme/x` in npm", "name": "@acme/x", "registry": "npm"})
    );
    for error in all() {
        let wire = error.wire();
        assert_eq!(wire["_tag"], error.tag());
        assert_eq!(wire["message"], error.to_string());
    }
}

#[test]
fn messages_are_bounded_whatever_comes_in() {
    let long = "x\n".repeat(10_000);
    for error in [
        RegistryError::plugin_not_found(&long, &long),
        RegistryError::dependency_conflict(&vec![long.clone(); 1000]),
        RegistryError::network_error(&long, &long),
        RegistryError::version_incompatible(&long, &long, &long),
    ] {
        let text = error.to_string();
        assert!(
            text.len() < 20_000 && !text.contains('\n'),
            "{}",
            text.len()
        );
    }
}

#[test]
fn each_error_of_a_source_has_a_meaning() {
    let (what, reason) = ("@acme/x".to_owned(), "why".to_owned());
    let check = |error: SourceError, tag: &str| {
        assert_eq!(
            RegistryError::of_source("npm", &error).tag(),
            tag,
            "{error}"
        );
    };
    check(
        SourceError::NotFound { what: what.clone() },
        "PluginNotFound",
    );
    check(
        SourceError::Unavailable {
            what: what.clone(),
            reason: reason.clone(),
        },
        "NetworkError",
    );
    check(
        SourceError::Denied {
            what: what.clone(),
            reason: reason.clone(),
        },
        "RegistryUnavailable",
    );
    check(SourceError::malformed(&what, &reason), "ParseError");
    check(
        SourceError::TooLarge {
            what: what.clone(),
            limit: 1,
        },
        "ParseError",
    );
    check(SourceError::Failed { what, reason }, "RegistryUnavailable");
}
