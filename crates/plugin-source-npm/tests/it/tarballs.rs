//! The bytes of a version are what its document promised, or an error.

use futures::executor::block_on;
use plugin_source_npm::{Network, NpmError};

use crate::server::{Answer, Server, source};

use crate::world::sri as sha512;

/// Fetches version 1.0.0 of `p`, whose document says `dist`, in which `{h}` is the registry.
fn fetch(dist: &'static str, tarball: Answer) -> Result<Vec<u8>, NpmError> {
    let registry = Server::named("127.0.0.1", |own| {
        let dist = dist
            .replace("{h}", own)
            .replace("{good}", &sha512(b"bytes"));
        let body = format!(r#"{{"name":"p","versions":{{"1.0.0":{{"dist":{dist}}}}}}}"#);
        move |asked| match asked.path() {
            "/p" => Answer::ok(body.clone()),
            _ => tarball.clone(),
        }
    });
    let (source, _directory) = source(&format!("registry={}", registry.url()), |options| {
        options.limits.tarball_bytes = 1000;
    });
    block_on(source.tarball("p", "1.0.0")).map(|tarball| tarball.bytes)
}

const GOOD: &str = r#"{"tarball":"http://{h}/t.tgz","integrity":"{good}"}"#;

#[test]
fn the_published_bytes_arrive() {
    assert_eq!(fetch(GOOD, Answer::ok("bytes")).unwrap(), b"bytes");
}

#[test]
fn anything_else_is_an_error_by_name() {
    let check = |why: &str, dist: &'static str, tarball: Answer, tag: &str| {
        let error = fetch(dist, tarball).expect_err(why);
        assert_eq!(error.tag(), tag, "{why}: {error}");
        error.to_string()
    };
    let message = check(
        "other bytes",
        GOOD,
        Answer::ok("Bytes"),
        "NpmIntegrityMismatch",
    );
    assert!(message.contains(&sha512(b"bytes")) && message.contains(&sha512(b"Bytes")));
    check(
        "a part",
        GOOD,
        Answer::ok("byt").claiming(5),
        "NpmNetworkError",
    );
    check(
        "a part, well formed",
        GOOD,
        Answer::ok("byt"),
        "NpmIntegrityMismatch",
    );
    check("too much", GOOD, Answer::ok(vec![0; 2000]), "NpmTooLarge");
    check("missing", GOOD, Answer::status(404), "NpmPackageNotFound");
    let sha1 = r#"{"tarball":"http://{h}/t","shasum":"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"}"#;
    assert!(check("sha1", sha1, Answer::ok("hello"), "NpmUnverifiable").contains("sha1"));
    check(
        "none",
        r#"{"tarball":"http://{h}/t"}"#,
        Answer::ok("x"),
        "NpmUnverifiable",
    );
    check(
        "no address",
        r#"{"integrity":"{good}"}"#,
        Answer::ok("x"),
        "NpmInvalidDocument",
    );
    check(
        "a file",
        r#"{"tarball":"file:///etc/passwd","integrity":"{good}"}"#,
        Answer::ok("x"),
        "NpmInvalidDocument",
    );
    check(
        "wrong types",
        r#"{"tarball":1,"integrity":[]}"#,
        Answer::ok("x"),
        "NpmInvalidDocument",
    );
    check("no dist", "7", Answer::ok("x"), "NpmInvalidDocument");
}

#[test]
fn a_tarball_on_another_host_is_fetched_without_the_token() {
    let store = Server::start(|_| Answer::ok("bytes"));
    let tarball = format!("{}/t.tgz", store.url());
    let registry = Server::start(move |_| {
        Answer::ok(format!(
            r#"{{"name":"p","versions":{{"1.0.0":{{"dist":{{"tarball":"{tarball}","integrity":"{}"}}}}}}}}"#,
            sha512(b"bytes")
        ))
    });
    let npmrc = format!(
        "registry={}\n//{}/:_authToken=hush",
        registry.url(),
        registry.host()
    );
    let (source, _directory) = source(&npmrc, |_| {});
    assert!(block_on(source.tarball("p", "1.0.0")).is_ok());
    assert!(
        registry
            .asked()
            .iter()
            .all(|asked| asked.header("authorization").is_some())
    );
    assert!(
        store
            .asked()
            .iter()
            .all(|asked| asked.header("authorization").is_none())
    );
}

#[test]
fn a_version_that_is_not_there_is_named() {
    let registry = Server::start(|_| Answer::ok(crate::server::document("p")));
    let (source, _directory) = source(&format!("registry={}", registry.url()), |_| {});
    let error = block_on(source.tarball("p", "9.9.9")).unwrap_err();
    assert_eq!(error.to_string(), "package `p` has no version `9.9.9`");
}

#[test]
fn offline_there_are_no_bytes() {
    let (source, _directory) = source("registry=http://registry.example", |options| {
        options.network = Network::Offline;
    });
    assert_eq!(
        block_on(source.tarball("p", "1.0.0")).unwrap_err().tag(),
        "NpmOffline"
    );
}
