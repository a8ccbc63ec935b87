//! Every error has a tag of its own, and an answer to it.

use std::collections::BTreeSet;

use plugin_source_npm::NpmError;

#[test]
fn tags_are_unique_and_each_says_what_to_do() {
    let tags: BTreeSet<_> = NpmError::TAGS.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(tags.len(), NpmError::TAGS.len());
    assert!(
        NpmError::TAGS
            .iter()
            .all(|(tag, help)| tag.starts_with("Npm") && !help.is_empty())
    );
}

#[test]
fn errors_that_were_met_are_in_the_list() {
    let tags: BTreeSet<_> = NpmError::TAGS.iter().map(|(tag, _)| *tag).collect();
    for error in [
        NpmError::ShutDown,
        NpmError::PackageNotFound {
            package: "p".to_owned(),
        },
        NpmError::NpmTimedOut {
            step: "ci",
            seconds: 1,
        },
    ] {
        assert!(tags.contains(error.tag()), "{error}");
    }
}
