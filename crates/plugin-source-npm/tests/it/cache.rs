//! Documents that were kept: used when right, asked about when old, ignored when damaged.

use std::path::Path;
use std::time::Duration;

use futures::executor::block_on;
use plugin_registry::Freshness;
use plugin_source_npm::{DocumentForm, Network, NpmSource};
use tempfile::TempDir;

use crate::server::{Answer, Asked, Server, document, source_in};

/// Does something to a file that nobody should do.
type Damage = fn(&Path);

fn ask(source: &NpmSource) -> Result<Freshness, &'static str> {
    block_on(source.document("p", DocumentForm::Full))
        .map(|document| document.freshness)
        .map_err(|error| error.tag())
}

/// Says 304 to who has the tag, the document to others.
fn tagged(asked: &Asked) -> Answer {
    match asked.header("if-none-match") {
        Some("\"v1\"") => Answer::status(304),
        _ => Answer::ok(document("p")).with("etag", "\"v1\""),
    }
}

fn files(directory: &TempDir) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory.path().join("documents")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn an_old_document_is_asked_about_and_not_sent_again() {
    let server = Server::start(tagged);
    let directory = TempDir::new().unwrap();
    let source = source_in(&directory, &format!("registry={}", server.url()), |_| {});
    assert_eq!(ask(&source), Ok(Freshness::Live));
    assert_eq!(ask(&source), Ok(Freshness::Live));
    let tags: Vec<_> = server
        .asked()
        .iter()
        .map(|asked| asked.header("if-none-match").map(str::to_owned))
        .collect();
    assert_eq!(tags, [None, Some("\"v1\"".to_owned())]);
}

#[test]
fn a_fresh_document_is_not_asked_about() {
    let server = Server::start(tagged);
    let directory = TempDir::new().unwrap();
    let npmrc = format!("registry={}", server.url());
    let source = || {
        source_in(&directory, &npmrc, |options| {
            options.fresh_for = Duration::from_secs(100_000);
        })
    };
    assert_eq!(ask(&source()), Ok(Freshness::Live));
    assert_eq!(
        ask(&source()),
        Ok(Freshness::Cached),
        "another process finds it too"
    );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_registry_that_cannot_be_reached_is_replaced_by_what_was_kept() {
    let directory = TempDir::new().unwrap();
    let down = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = std::sync::Arc::clone(&down);
    let server = Server::start(move |asked| {
        if flag.load(std::sync::atomic::Ordering::SeqCst) {
            Answer::status(503)
        } else {
            tagged(asked)
        }
    });
    let source = source_in(&directory, &format!("registry={}", server.url()), |_| {});
    assert_eq!(ask(&source), Ok(Freshness::Live));
    down.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(ask(&source), Ok(Freshness::Cached));
    let other = block_on(source.document("q", DocumentForm::Full)).unwrap_err();
    assert_eq!(other.tag(), "NpmNetworkError");
}

#[test]
fn offline_what_is_there_is_used_and_what_is_not_is_a_clear_error() {
    let server = Server::start(tagged);
    let directory = TempDir::new().unwrap();
    let npmrc = format!("registry={}", server.url());
    let source = |network| source_in(&directory, &npmrc, |options| options.network = network);
    assert_eq!(ask(&source(Network::Offline)), Err("NpmOffline"));
    assert_eq!(ask(&source(Network::Online)), Ok(Freshness::Live));
    assert_eq!(ask(&source(Network::Offline)), Ok(Freshness::Cached));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_damaged_file_is_as_if_it_were_not_there() {
    let damages: [(&str, Damage); 5] = [
        ("empty", |file| std::fs::write(file, "").unwrap()),
        ("no line", |file| std::fs::write(file, "{").unwrap()),
        ("a half", |file| {
            let bytes = std::fs::read(file).unwrap();
            std::fs::write(file, bytes.split_at(bytes.len() - 5).0).unwrap();
        }),
        ("another body", |file| {
            let text = std::fs::read_to_string(file).unwrap();
            std::fs::write(file, text.replace("1.0.0", "6.6.6")).unwrap();
        }),
        ("another format", |file| {
            let text = std::fs::read_to_string(file).unwrap();
            std::fs::write(file, text.replace("\"format\":1", "\"format\":9")).unwrap();
        }),
    ];
    for (why, damage) in damages {
        let server = Server::start(tagged);
        let directory = TempDir::new().unwrap();
        let source = source_in(&directory, &format!("registry={}", server.url()), |_| {});
        assert_eq!(ask(&source), Ok(Freshness::Live), "{why}");
        damage(&files(&directory)[0]);
        assert_eq!(ask(&source), Ok(Freshness::Live), "{why}");
        let asked = server.asked();
        assert_eq!(
            asked[1].header("if-none-match"),
            None,
            "{why}: nothing to compare with"
        );
        let offline = source_in(
            &directory,
            &format!("registry={}", server.url()),
            |options| {
                options.network = Network::Offline;
            },
        );
        assert_eq!(ask(&offline), Ok(Freshness::Cached), "{why}: mended");
    }
}

#[test]
fn what_is_kept_is_kept_for_one_registry_one_form_and_one_token() {
    let [one, two] = [Server::start(tagged), Server::start(tagged)];
    let directory = TempDir::new().unwrap();
    let fetch = |npmrc: String, form| {
        let source = source_in(&directory, &npmrc, |options| {
            options.fresh_for = Duration::from_secs(100_000);
        });
        block_on(source.document("p", form)).unwrap().freshness
    };
    let (full, short) = (DocumentForm::Full, DocumentForm::Abbreviated);
    let plain = format!("registry={}", one.url());
    let token = |token: &str| format!("{plain}\n//{}/:_authToken={token}", one.host());
    assert_eq!(fetch(plain.clone(), full), Freshness::Live);
    assert_eq!(fetch(plain.clone(), full), Freshness::Cached);
    assert_eq!(fetch(plain.clone(), short), Freshness::Live);
    assert_eq!(
        fetch(format!("registry={}", two.url()), full),
        Freshness::Live
    );
    assert_eq!(fetch(token("a"), full), Freshness::Live);
    assert_eq!(fetch(token("a"), full), Freshness::Cached);
    assert_eq!(fetch(token("b"), full), Freshness::Live);
    for file in files(&directory) {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains("Bearer"), "{text}");
    }
}

#[test]
fn what_is_no_document_is_not_kept() {
    let server = Server::start(|_| Answer::ok("<html>").with("etag", "\"v1\""));
    let directory = TempDir::new().unwrap();
    let source = source_in(&directory, &format!("registry={}", server.url()), |_| {});
    assert_eq!(ask(&source), Err("NpmInvalidDocument"));
    assert_eq!(ask(&source), Err("NpmInvalidDocument"));
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.header("if-none-match").is_none())
    );
}

#[test]
fn many_ask_at_once() {
    let server = Server::start(|asked| Answer::ok(document(asked.path().trim_start_matches('/'))));
    let directory = TempDir::new().unwrap();
    let source = source_in(&directory, &format!("registry={}", server.url()), |_| {});
    let names: Vec<_> = (0..100).map(|n| format!("p{n}")).collect();
    let asks = names
        .iter()
        .map(|name| source.document(name, DocumentForm::Full));
    let found = block_on(futures::future::try_join_all(asks)).unwrap();
    let found: Vec<_> = found.into_iter().map(|document| document.name).collect();
    assert_eq!(found, names);
}
