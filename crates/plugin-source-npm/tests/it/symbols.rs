//! From a package's name to the names in its files.

use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::executor::block_on;
use plugin_registry::{EntryExports, PackageFile, PackagePin, SourceError, SymbolSource as _};
use plugin_source_npm::{Network, NpmSymbols, SymbolReader};
use tempfile::TempDir;

use crate::server::{Answer, Server, source_in};
use crate::world::sri;

const READER: SymbolReader = SymbolReader {
    revision: plugin_symbols::REVISION,
    read: plugin_symbols::read_symbols,
};

/// A tarball with these files, as npm packs them.
fn tarball(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        // By hand: the library refuses to write what an attacker would.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, *bytes).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn package() -> Vec<u8> {
    tarball(&[
        (
            "package/package.json",
            br#"{"name":"p","type":"module","exports":"./dist/a.js"}"#,
        ),
        (
            "package/dist/a.js",
            b"export const a = 1; export * from './b.js'",
        ),
        ("package/./dist/b.js", b"export function b() {}"),
        ("package/README.md", b"words"),
        ("package/../../outside.js", b"export const no = 1"),
        ("package/binary.js", &[0xff, 0xfe]),
    ])
}

/// A registry that has version 1.0.0 of `p`, and says that its bytes have this integrity.
fn registry(bytes: Vec<u8>, integrity: String) -> Server {
    Server::named("127.0.0.1", |own| {
        let dist = format!(r#"{{"tarball":"http://{own}/t.tgz","integrity":"{integrity}"}}"#);
        let document = format!(
            r#"{{"name":"p","versions":{{"1.0.0":{{"name":"p","version":"1.0.0","dist":{dist}}}}}}}"#
        );
        move |asked| match asked.path() {
            "/p" => Answer::ok(document.clone()),
            _ => Answer::ok(bytes.clone()),
        }
    })
}

fn pin(integrity: Option<&str>) -> PackagePin {
    PackagePin {
        name: "p".to_owned(),
        version: semver::Version::new(1, 0, 0),
        integrity: integrity.map(str::to_owned),
    }
}

fn symbols(directory: &TempDir, npmrc: &str, network: Network) -> NpmSymbols {
    let source = source_in(directory, npmrc, |options| options.network = network);
    NpmSymbols::new(Arc::new(source), READER)
}

#[test]
fn files_are_those_of_the_tarball_that_stay_inside() {
    let bytes = package();
    let registry = registry(bytes.clone(), sri(&bytes));
    let directory = TempDir::new().unwrap();
    let source = source_in(&directory, &format!("registry={}", registry.url()), |_| {});
    let files = block_on(source.files("p", "1.0.0")).unwrap();
    let paths: Vec<&str> = files.paths().collect();
    assert_eq!(
        paths,
        [
            "README.md",
            "binary.js",
            "dist/a.js",
            "dist/b.js",
            "package.json"
        ]
    );
    assert_eq!(files.text("dist/b.js"), Some("export function b() {}"));
    // Neither what nobody reads nor what is no text.
    assert_eq!(files.get("README.md"), Some(&PackageFile::Unread));
    assert_eq!(files.get("binary.js"), Some(&PackageFile::Unread));
}

#[test]
fn names_are_read_once_and_known_offline_afterwards() {
    let bytes = package();
    let integrity = sri(&bytes);
    let registry = registry(bytes, integrity.clone());
    let (directory, npmrc) = (
        TempDir::new().unwrap(),
        format!("registry={}", registry.url()),
    );
    let pin = pin(Some(&integrity));
    let online = symbols(&directory, &npmrc, Network::Online);
    let read = block_on(online.symbols(&pin)).unwrap();
    let expected = EntryExports::Names(["a", "b"].map(String::from).into());
    assert_eq!(read.value.exports.get("."), Some(&expected));
    let asked = registry.asked().len();
    let offline = symbols(&directory, &npmrc, Network::Offline);
    assert_eq!(block_on(offline.symbols(&pin)).unwrap(), read);
    assert_eq!(registry.asked().len(), asked);

    let elsewhere = symbols(&TempDir::new().unwrap(), &npmrc, Network::Offline);
    let error = block_on(elsewhere.symbols(&pin)).unwrap_err();
    assert!(matches!(error, SourceError::Unavailable { .. }), "{error}");
}

#[test]
fn an_answer_of_another_revision_is_not_used() {
    let bytes = package();
    let integrity = sri(&bytes);
    let registry = registry(bytes, integrity.clone());
    let (directory, npmrc) = (
        TempDir::new().unwrap(),
        format!("registry={}", registry.url()),
    );
    let pin = pin(Some(&integrity));
    block_on(symbols(&directory, &npmrc, Network::Online).symbols(&pin)).unwrap();
    let source = source_in(&directory, &npmrc, |options| {
        options.network = Network::Offline
    });
    let newer = SymbolReader {
        revision: READER.revision + 1,
        ..READER
    };
    let error = block_on(NpmSymbols::new(Arc::new(source), newer).symbols(&pin)).unwrap_err();
    assert!(matches!(error, SourceError::Unavailable { .. }), "{error}");
}

#[test]
fn only_bytes_with_the_integrity_asked_for_are_read() {
    let bytes = package();
    let good = sri(&bytes);
    let check = |served: Vec<u8>, says: &str, pin: &PackagePin| {
        let registry = registry(served, says.to_owned());
        let directory = TempDir::new().unwrap();
        let npmrc = format!("registry={}", registry.url());
        block_on(symbols(&directory, &npmrc, Network::Online).symbols(pin)).unwrap_err()
    };
    let other = tarball(&[("package/package.json", b"{}")]);
    let wrong_bytes = check(other.clone(), &good, &pin(Some(&good)));
    assert!(
        matches!(wrong_bytes, SourceError::IntegrityMismatch { .. }),
        "{wrong_bytes}"
    );
    // The registry now says something else than when the plan was made.
    let replaced = check(other.clone(), &sri(&other), &pin(Some(&good)));
    assert!(
        matches!(replaced, SourceError::IntegrityMismatch { .. }),
        "{replaced}"
    );
    let unnamed = check(bytes, &good, &pin(None));
    assert!(
        matches!(unnamed, SourceError::Malformed { .. }),
        "{unnamed}"
    );
}

#[test]
fn what_is_no_archive_or_too_large_is_an_error_by_name() {
    let check = |bytes: Vec<u8>, expected: &str| {
        let registry = registry(bytes.clone(), sri(&bytes));
        let directory = TempDir::new().unwrap();
        let source = source_in(&directory, &format!("registry={}", registry.url()), |_| {});
        let error = block_on(source.files("p", "1.0.0")).unwrap_err();
        assert_eq!(error.tag(), "NpmInvalidTarball");
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(b"nonsense".repeat(9), "gzip");
    let whole = package();
    check(whole[..whole.len() / 2].to_vec(), "");
    // 300 MiB of nothing, in 300 kB.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    let mut header = tar::Header::new_gnu();
    header.set_path("package/zero.bin").unwrap();
    header.set_size(300 << 20);
    header.set_cksum();
    bomb.write_all(header.as_bytes()).unwrap();
    for _ in 0..300 {
        bomb.write_all(&vec![0; 1 << 20]).unwrap();
    }
    check(bomb.finish().unwrap(), "larger than 268435456 bytes");
}
