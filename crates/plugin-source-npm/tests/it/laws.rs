//! What holds for every input.

use plugin_source_npm::{ConfigInput, Integrity, NpmConfig};
use proptest::prelude::*;

/// Lines that look like settings, among others that do not.
fn npmrc() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[ -~]{0,40}",
        "(registry|@[a-z]{1,4}:registry|proxy|cafile|//h\\.example/[a-z/]{0,6}:_authToken) ?= ?[ -~]{0,30}",
        "(registry|@[a-z]{1,4}:registry) ?= ?https?://[a-z.:/@0-9]{0,20}",
        "\\PC{0,20}",
    ];
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_a_configuration(text in npmrc(), package in "(@[a-z]{1,4}/)?[a-z]{1,5}") {
        let input = ConfigInput { user: text, ..ConfigInput::default() };
        let config = NpmConfig::parse(&input).unwrap();
        if let Ok(registry) = config.registry_of(&package) {
            let rest = registry.strip_prefix("http://").or(registry.strip_prefix("https://"));
            let (host, path) = rest.unwrap().split_once('/').unwrap();
            prop_assert!(!host.is_empty() && !host.contains('@'), "{}", registry);
            prop_assert!(path.is_empty() || path.ends_with('/'), "{}", registry);
            prop_assert!(!path.split('/').any(|part| part == ".."), "{}", registry);
        }
    }

    #[test]
    fn no_token_is_ever_printed(
        token in "[A-Za-z0-9_-]{8,40}",
        key in "(_authToken|_auth|_password|username)",
        path in "/([a-z]{1,4}/){0,3}",
    ) {
        let token = format!("tok{token}");
        let user = format!("//h.example{path}:{key}={token}\n{key}={token}\nregistry={token}");
        let input = ConfigInput { user, ..ConfigInput::default() };
        let config = NpmConfig::parse(&input).unwrap();
        let shown = format!("{config:?} {input:?} {:?}", config.warnings());
        prop_assert!(!shown.contains(&token), "{}", shown);
    }

    #[test]
    fn an_integrity_text_says_what_it_was_read_from(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        // Any digest will do to learn the digest of these bytes.
        let some = format!("sha512-{}==", "A".repeat(86));
        let actual = match Integrity::parse(&some).unwrap().check(&bytes) {
            Err(actual) => actual,
            Ok(()) => some,
        };
        let integrity = Integrity::parse(&actual).unwrap();
        prop_assert_eq!(integrity.check(&bytes), Ok(()));
        prop_assert_eq!(integrity.to_string(), actual);
    }
}
