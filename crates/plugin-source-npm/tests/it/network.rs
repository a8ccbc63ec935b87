//! The way to the registry: proxies and certificates, set as for npm.

use futures::executor::block_on;
use plugin_source_npm::{ConfigInput, DocumentForm, NpmConfig, NpmError, NpmOptions, NpmSource};
use tempfile::TempDir;

use crate::server::{Answer, Server, document, quick, source};

/// An `.npmrc`, an environment, and whether the proxy is asked.
type Case = (&'static str, &'static [(&'static str, &'static str)], bool);

/// Asks for a document with this `.npmrc` and environment.
fn ask(npmrc: &str, environment: &[(&str, &str)]) -> Result<(), NpmError> {
    let environment: std::collections::BTreeMap<_, _> = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let config = NpmConfig::parse(&ConfigInput {
        environment: environment.clone(),
        user: npmrc.to_owned(),
        ..ConfigInput::default()
    })?;
    let directory = TempDir::new().unwrap();
    let mut options = NpmOptions::new(directory.path(), environment);
    options.limits = quick();
    options.limits.attempts = 1;
    let source = NpmSource::new(config, options)?;
    block_on(source.document("p", DocumentForm::Full)).map(|_| ())
}

#[test]
fn the_proxy_is_the_one_that_npm_would_use() {
    // `{p}` is the proxy, `{o}` another that must not be asked, `{h}` a registry in reach.
    let cases: [Case; 10] = [
        ("registry=http://far.example/\nproxy=http://{p}", &[], true),
        (
            "registry=http://far.example/\nhttps-proxy=http://{p}",
            &[],
            true,
        ),
        (
            "registry=http://far.example/\nhttps-proxy=http://{p}\nproxy=http://{o}",
            &[],
            true,
        ),
        (
            "registry=http://far.example/",
            &[("http_proxy", "http://{p}")],
            true,
        ),
        (
            "registry=http://far.example/",
            &[("HTTPS_PROXY", "http://{p}")],
            true,
        ),
        (
            "registry=http://far.example/\nproxy=http://{p}",
            &[("http_proxy", "http://{o}")],
            true,
        ),
        (
            "registry=http://{h}/\nproxy=http://{o}\nnoproxy=127.0.0.1",
            &[],
            false,
        ),
        (
            "registry=http://{h}/\nproxy=http://{o}",
            &[("NO_PROXY", "x, 127.0.0.1")],
            false,
        ),
        ("registry=http://{h}/\nproxy=null", &[], false),
        ("registry=http://{h}/", &[("http_proxy", "")], false),
    ];
    for (npmrc, environment, proxied) in cases {
        let proxy = Server::start(|_| Answer::status(403));
        let other = Server::start(|_| Answer::status(403));
        let registry = Server::start(|_| Answer::ok(document("p")));
        let fill = |text: &str| {
            text.replace("{p}", &format!("me:hush@{}", proxy.host()))
                .replace("{o}", other.host())
                .replace("{h}", registry.host())
        };
        let environment: Vec<_> = environment.iter().map(|(k, v)| (*k, fill(v))).collect();
        let environment: Vec<_> = environment.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let result = ask(&fill(npmrc), &environment);
        assert!(other.asked().is_empty(), "{npmrc}");
        let lines: Vec<_> = proxy.asked().into_iter().map(|asked| asked.line).collect();
        if proxied {
            assert_eq!(lines, ["CONNECT far.example:80"], "{npmrc}");
            let error = result.unwrap_err();
            assert_eq!(error.tag(), "NpmNetworkError", "{npmrc}: {error}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
        } else {
            assert!(result.is_ok(), "{npmrc}: {result:?}");
            assert!(lines.is_empty(), "{npmrc}");
        }
    }
}

#[test]
fn certificates_that_cannot_be_used_are_named_at_once() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!("registry=https://h.example\ncafile={}", path.display())
    };
    for (npmrc, tag) in [
        (
            "registry=https://h.example\ncafile=/no/such/file".to_owned(),
            "NpmDiskError",
        ),
        (file("empty", ""), "NpmInvalidSetting"),
        (file("text", "no certificate"), "NpmInvalidSetting"),
        (
            "registry=https://h.example\nca=no certificate".to_owned(),
            "NpmInvalidSetting",
        ),
    ] {
        assert_eq!(ask(&npmrc, &[]).unwrap_err().tag(), tag, "{npmrc}");
    }
}

#[test]
fn a_registry_that_does_not_speak_tls_is_a_network_error() {
    let server = Server::start(|_| Answer::ok(document("p")));
    let (source, _directory) = source(&format!("registry=https://{}", server.host()), |_| {});
    let error = block_on(source.document("p", DocumentForm::Full)).unwrap_err();
    assert_eq!(error.tag(), "NpmNetworkError", "{error}");
}
