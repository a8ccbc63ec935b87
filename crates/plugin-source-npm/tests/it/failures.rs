//! Everything a registry can do wrong: a typed error, no damage, the process alive.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::executor::block_on;
use plugin_registry::Source as _;
use plugin_source_npm::{DocumentForm, NpmError};

use crate::server::{Answer, Server, document, source};

/// The error for document `p`, and how often the registry was asked.
fn failure(answer: impl Fn() -> Answer + Send + Sync + 'static) -> (NpmError, usize) {
    let server = Server::start(move |_| answer());
    let (source, _directory) = source(&format!("registry={}", server.url()), |options| {
        options.limits.document_bytes = 100_000;
    });
    let error = block_on(source.document("p", DocumentForm::Full)).unwrap_err();
    (error, server.asked().len())
}

#[test]
fn each_failure_has_its_tag_and_is_tried_again_only_where_that_may_help() {
    let check = |why: &str, answer: fn() -> Answer, tag: &str, times: usize| {
        let (error, asked) = failure(answer);
        assert_eq!((error.tag(), asked), (tag, times), "{why}: {error}");
        let message = error.to_string();
        assert!(
            !message.contains('\n') && message.len() < 1200,
            "{why}: {message}"
        );
    };
    check("missing", || Answer::status(404), "NpmPackageNotFound", 1);
    check("gone", || Answer::status(410), "NpmPackageNotFound", 1);
    check("unauthorized", || Answer::status(401), "NpmUnauthorized", 1);
    check("forbidden", || Answer::status(403), "NpmUnauthorized", 1);
    check("busy", || Answer::status(429), "NpmRateLimited", 3);
    check(
        "busy for a moment",
        || Answer::status(429).with("retry-after", "0"),
        "NpmRateLimited",
        3,
    );
    check(
        "busy for longer than anyone waits",
        || Answer::status(429).with("retry-after", "3600"),
        "NpmRateLimited",
        1,
    );
    check("broken", || Answer::status(500), "NpmNetworkError", 3);
    check("overloaded", || Answer::status(503), "NpmNetworkError", 3);
    check(
        "odd status",
        || Answer::status(418),
        "NpmUnexpectedStatus",
        1,
    );
    check(
        "not modified, unasked",
        || Answer::status(304),
        "NpmUnexpectedStatus",
        1,
    );
    check(
        "partial, unasked",
        || Answer::status(206),
        "NpmUnexpectedStatus",
        1,
    );
    check(
        "a loop",
        || Answer::status(302).with("location", "/p"),
        "NpmNetworkError",
        6,
    );
    check(
        "a redirect to nowhere",
        || Answer::status(302),
        "NpmNetworkError",
        1,
    );
    check(
        "a redirect out of http",
        || Answer::status(302).with("location", "file:///etc/passwd"),
        "NpmNetworkError",
        1,
    );
    check(
        "cut off",
        || Answer::ok("{\"name\"").claiming(5000),
        "NpmNetworkError",
        3,
    );
    check(
        "said to be large",
        || Answer::ok("x").claiming(1 << 40),
        "NpmTooLarge",
        1,
    );
    check(
        "large",
        || Answer::ok(vec![b' '; 200_000]),
        "NpmTooLarge",
        1,
    );
    check("empty", || Answer::ok(""), "NpmInvalidDocument", 1);
    check("no JSON", || Answer::ok("<html>"), "NpmInvalidDocument", 1);
    check("no object", || Answer::ok("[]"), "NpmInvalidDocument", 1);
    check(
        "another's",
        || Answer::ok(document("q")),
        "NpmInvalidDocument",
        1,
    );
    check(
        "versions of the wrong type",
        || Answer::ok(r#"{"name":"p","versions":[]}"#),
        "NpmInvalidDocument",
        1,
    );
    check(
        "not UTF-8",
        || Answer::ok(b"{\"name\":\"\xff\"}".to_vec()),
        "NpmInvalidDocument",
        1,
    );
}

#[test]
fn ten_megabytes_of_nesting_are_one_clear_error() {
    for open in ["[", "{\"a\":"] {
        let body = open.repeat(10_000_000 / open.len());
        let server = Server::start(move |_| Answer::ok(body.clone()));
        let (source, _directory) = source(&format!("registry={}", server.url()), |_| {});
        let error = block_on(source.document("p", DocumentForm::Full)).unwrap_err();
        assert_eq!(error.tag(), "NpmInvalidDocument");
        assert!(error.to_string().contains("recursion limit"), "{error}");
    }
}

#[test]
fn doubled_and_dangerous_keys_are_keys_like_any_other() {
    let body = r#"{"name":"x","name":"p","__proto__":{"evil":1},"versions":{"__proto__":7,"1.0.0":1,"1.0.0":2}}"#;
    let server = Server::start(move |_| Answer::ok(body));
    let (source, _directory) = source(&format!("registry={}", server.url()), |_| {});
    let json = block_on(source.document("p", DocumentForm::Full))
        .unwrap()
        .json;
    assert_eq!(json.pointer("/versions/1.0.0").unwrap(), 2);
    assert_eq!(json.pointer("/versions/__proto__").unwrap(), 7);
}

#[test]
fn a_decompression_bomb_is_bounded() {
    // 10 MB of zeros in 10 KB of gzip.
    let bomb = include_bytes!("bomb.gz").to_vec();
    assert!(bomb.len() < 20_000);
    let (error, _) = failure(move || Answer::ok(bomb.clone()).with("content-encoding", "gzip"));
    assert_eq!(error.tag(), "NpmTooLarge", "{error}");
}

#[test]
fn a_registry_that_recovers_is_believed() {
    let times = AtomicUsize::new(0);
    let server = Server::start(move |_| match times.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::status(503),
        1 => Answer::status(429).with("retry-after", "0"),
        _ => Answer::ok(document("p")),
    });
    let (source, _directory) = source(&format!("registry={}", server.url()), |_| {});
    assert!(block_on(source.document("p", DocumentForm::Full)).is_ok());
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn nobody_listening_is_a_network_error() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let (source, _directory) = source(&format!("registry=http://127.0.0.1:{port}"), |_| {});
    let error = block_on(source.document("p", DocumentForm::Full)).unwrap_err();
    assert!(
        matches!(error, NpmError::Network { attempts: 3, .. }),
        "{error}"
    );
}

#[test]
fn hostile_names_never_reach_the_registry() {
    let server = Server::start(|_| Answer::status(500));
    let (source, _directory) = source(&format!("registry={}", server.url()), |_| {});
    for name in [
        "",
        "..",
        "../x",
        "a/b",
        "@a",
        "@a/b/c",
        "a b",
        "a?b",
        "a%2fb",
        ".x",
        "a\r\nb: c",
    ] {
        let error = block_on(source.document(name, DocumentForm::Full)).unwrap_err();
        assert_eq!(error.tag(), "NpmInvalidRequest", "{name}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn what_is_asked_for_is_what_npm_would_ask_for() {
    let server = Server::start(|_| Answer::ok(document("@acme/p")));
    let (source, _directory) = source(&format!("registry={}/npm", server.url()), |_| {});
    block_on(source.document("@acme/p", DocumentForm::Full)).unwrap();
    block_on(source.document("@acme/p", DocumentForm::Abbreviated)).unwrap();
    let asked = server.asked();
    let accepted: Vec<_> = asked.iter().map(|a| a.header("accept").unwrap()).collect();
    assert!(
        asked.iter().all(|a| a.line == "GET /npm/@acme%2fp"),
        "{asked:?}"
    );
    assert_eq!(accepted[0], "application/json");
    assert!(accepted[1].starts_with("application/vnd.npm.install-v1+json;"));
}

#[test]
fn the_port_has_the_same_answers_in_its_own_words() {
    let server = Server::start(|asked| match asked.path() {
        "/p" => Answer::ok(document("p")),
        "/denied" => Answer::status(403),
        "/broken" => Answer::ok("{"),
        _ => Answer::status(404),
    });
    let (source, _directory) = source(&format!("registry={}", server.url()), |_| {});
    assert_eq!(source.id().0, "npm");
    let found = block_on(source.package("p")).unwrap();
    assert_eq!(
        (found.name.as_str(), &found.document["name"]),
        ("p", &"p".into())
    );
    for (name, tag) in [
        ("missing", "SourceNotFound"),
        ("denied", "SourceDenied"),
        ("broken", "SourceMalformed"),
        ("../p", "SourceMalformed"),
    ] {
        assert_eq!(
            block_on(source.package(name)).unwrap_err().tag(),
            tag,
            "{name}"
        );
    }
}
