//! Integrity texts: the strongest algorithm decides, weak ones decide nothing.

use plugin_source_npm::{Algorithm, Integrity};

const SHA256: &str = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
const SHA512: &str = "sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==";

#[test]
fn bytes_are_checked_by_the_strongest_algorithm() {
    // The digests above are of "hello".
    let other = SHA512.replace("m3HS", "AAAA");
    for (text, accepted) in [
        (SHA256.to_owned(), true),
        (SHA512.to_owned(), true),
        (format!("{SHA256} {SHA512}"), true),
        (format!("  {SHA512}?opt  "), true),
        (format!("{SHA256} {other}"), false),
        (format!("{other} {SHA512}"), true),
        (format!("sha1-qvTGHdzF6KLavt4PO0gs2a6pQ00= {SHA512}"), true),
        (other, false),
    ] {
        let integrity = Integrity::parse(&text).unwrap();
        assert_eq!(integrity.check(b"hello").is_ok(), accepted, "{text}");
        assert!(integrity.check(b"hello!").is_err(), "{text}");
    }
}

#[test]
fn what_proves_nothing_is_refused_by_name() {
    for (text, expect) in [
        ("", "it has none"),
        ("  ", "it has none"),
        ("sha1-qvTGHdzF6KLavt4PO0gs2a6pQ00=", "only sha1"),
        ("md5-XUFAKrxLKna5cZ2REBfFkg==", "only md5"),
        ("sha512", "malformed"),
        ("sha512-", "malformed"),
        ("sha512-AAAA", "malformed"),
        ("sha512-!!!", "malformed"),
        (&"a".repeat(5000), "longer than"),
    ] {
        let reason = Integrity::parse(text).unwrap_err();
        assert!(reason.contains(expect), "{text}: {reason}");
    }
}

#[test]
fn a_mismatch_says_what_the_bytes_are() {
    let integrity = Integrity::parse(&SHA512.replace("m3HS", "AAAA")).unwrap();
    assert_eq!(integrity.check(b"hello"), Err(SHA512.to_owned()));
    assert_eq!(integrity.algorithm(), Algorithm::Sha512);
}

#[test]
fn two_texts_agree_if_they_share_the_deciding_digest() {
    let parse = |text: &str| Integrity::parse(text).unwrap();
    let both = format!("{SHA256} {SHA512}");
    assert!(parse(&both).agrees_with(&parse(SHA512)));
    assert!(!parse(SHA256).agrees_with(&parse(SHA512)));
    assert_eq!(parse(&both).to_string(), SHA512);
}
