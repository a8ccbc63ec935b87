//! `one-plugin store` on a file: what an operator does with it, and what it says of files that are wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use plugin_store_sqlite::{FORMAT, Options, SqliteStore};

use crate::filter;
use crate::program::{Home, Ran, ran, skip};

/// Two organisations with a history, and a key.
fn furnished() -> Home {
    let home = Home::new();
    home.ok("install notes");
    home.ok("activate notes");
    home.ok("org create acme");
    beside(&home, "store new-key audit.pem");
    home
}

/// Runs where the home is not, but the files that are named.
fn beside(home: &Home, line: &str) -> Ran {
    let mut said = ran(home
        .command(line.split_whitespace())
        .current_dir(home.beside()));
    said.err = filter::without_progress(&said.err);
    said
}

fn file(home: &Home) -> PathBuf {
    home.path().join("one-plugin.sqlite")
}

/// What stands on a page, but for where the files are.
fn page(home: &Home, lines: &[&str]) -> String {
    let mut page = String::new();
    for line in lines {
        let said = beside(home, line).page();
        let said = said.replace(&home.path().display().to_string(), "HOME");
        let said = said.replace(&format!("format {FORMAT}"), "format [newest]");
        page.push_str(&format!("$ one-plugin {line}\n{said}\n\n"));
    }
    page.trim_end().to_owned()
}

#[test]
fn the_life_of_a_store() {
    let home = Home::new();
    let empty = page(
        &home,
        &[
            "store check",
            "store migrate --check",
            "store verify",
            "store backup copy",
            "store migrate",
            "store migrate",
            "store check",
        ],
    );
    insta::assert_snapshot!("store_made", empty);
    let home = furnished();
    let copied = home.json(&format!(
        "store backup {}",
        home.beside().join("copy").display()
    ));
    assert_eq!(
        copied["bytes"],
        fs::metadata(home.beside().join("copy")).unwrap().len()
    );
    let checked = home.json("store check");
    assert_eq!(checked["rows"]["events"], 8);
    assert_eq!(checked["format"], FORMAT);
    let lines = page(
        &home,
        &[
            "store check",
            "store verify",
            "store verify --group acme --json",
            "store verify --group nobody",
            "store backup copy",
            "store restore copy",
            "store restore copy --overwrite",
            "store restore nowhere --overwrite",
            "--store memory store check",
        ],
    );
    insta::assert_snapshot!("store_kept", lines);
}

#[test]
fn exports_and_who_verifies_them() {
    let home = furnished();
    let lines = page(
        &home,
        &[
            "store export",
            "store export --key audit.pem --out all.jsonl",
            "store export --key audit.pem --out all.jsonl",
            "store verify all.jsonl --public-key audit.pem.pub",
            "store verify all.jsonl --json",
            "store export --key audit.pem --keep --from 3 --prove 4,5 --out from.jsonl --json",
            "store verify from.jsonl",
            "store export --prove all --out proven.jsonl",
            "store verify proven.jsonl",
            "store export --only 2,5 --out some.jsonl",
            "store verify some.jsonl",
            "store verify --public-key audit.pem.pub",
            "store export --key audit.pem --group acme --out acme.jsonl --overwrite",
            "store export --key audit.pem --group global",
            "store export --key audit.pem --from 0",
            "store export --key audit.pem --from 99",
            "store export --key audit.pem --prove 99",
            "store export --only 99",
            "store export --key audit.pem.pub",
            "store export --key nosuch.pem",
            "store export --prove some",
            "store verify all.jsonl --public-key audit.pem",
            "store verify all.jsonl --public-key ed25519:12",
            "store verify nosuch.jsonl",
        ],
    );
    insta::assert_snapshot!("exports", lines);
    // What goes to standard output is what goes to a file.
    let out = beside(&home, "store export --group default").out;
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("{\"after\":null,\"events\":\"all\","));
    assert!(lines.last().unwrap().starts_with("{\"checkpoint\":"));
    let piped = home.feed("store verify -", out.as_bytes());
    assert_eq!(piped.code, 0, "{piped:?}");
}

#[test]
fn whatever_is_wrong_with_an_export_is_found() {
    let home = furnished();
    beside(
        &home,
        "store export --key audit.pem --prove 2 --out all.jsonl",
    );
    beside(&home, "store new-key other.pem");
    let whole = fs::read_to_string(home.beside().join("all.jsonl")).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let without = |at: usize| {
        let mut lines = lines.clone();
        lines.remove(at);
        lines.join("\n") + "\n"
    };
    let swapped = {
        let mut lines = lines.clone();
        lines.swap(2, 3);
        lines.join("\n") + "\n"
    };
    let footer = lines.len() - 1;
    let signature = {
        let mut all = whole.clone();
        let last = all.len() - 4;
        let other = if all[last..].starts_with('0') {
            "1"
        } else {
            "0"
        };
        all.replace_range(last..=last, other);
        all
    };
    let cases: &[(&str, String, &str, &str)] = &[
        (
            "altered",
            whole.replacen("\"at\":\"2", "\"at\":\"1", 1),
            "AuditUnlinked",
            "event 1 or event 2",
        ),
        ("an event dropped", without(3), "AuditMissing", "event 3"),
        (
            "the last dropped",
            without(footer - 2),
            "AuditTruncated",
            "event 6",
        ),
        ("two swapped", swapped, "AuditMissing", "event 2"),
        (
            "another signature",
            signature,
            "AuditBadSignature",
            "event 6",
        ),
        (
            "without its end",
            without(footer),
            "AuditUnreadable",
            "ends before its checkpoint",
        ),
        (
            "cut off in a line",
            whole[..whole.len() / 2].to_owned(),
            "AuditUnreadable",
            "cut off",
        ),
        (
            "without the last line feed",
            whole.trim_end().to_owned(),
            "AuditUnreadable",
            "cut off",
        ),
        (
            "more behind the end",
            format!("{whole}{{}}\n"),
            "AuditUnreadable",
            "behind the checkpoint",
        ),
        (
            "spelled otherwise",
            whole.replacen("\"events\":", "\"events\": ", 1),
            "AuditUnreadable",
            "line 1",
        ),
        (
            "no export",
            "root:x:0:0\n".to_owned(),
            "AuditUnreadable",
            "line 1",
        ),
        (
            "nothing",
            String::new(),
            "AuditUnreadable",
            "ends before its checkpoint",
        ),
    ];
    for (what, text, tag, says) in cases {
        fs::write(home.beside().join("wrong.jsonl"), text).unwrap();
        let found = beside(&home, "store verify wrong.jsonl");
        assert_eq!(found.code, 7, "{what}: {found:?}");
        assert!(
            found.err.starts_with(&format!("error[{tag}]: ")),
            "{what}: {found:?}"
        );
        assert!(found.err.contains(says), "{what}: {found:?}");
    }
    fs::write(home.beside().join("wrong.jsonl"), [0xff, b'\n']).unwrap();
    assert_eq!(beside(&home, "store verify wrong.jsonl").code, 7);
    let other = beside(&home, "store verify all.jsonl --public-key other.pem.pub");
    assert_eq!(other.code, 7, "{other:?}");
    assert!(
        other.err.starts_with("error[AuditUntrustedKey]: "),
        "{other:?}"
    );
}

/// Changes every occurrence of some bytes in a file.
fn patch(file: &Path, from: &[u8], to: &[u8]) {
    let mut bytes = fs::read(file).unwrap();
    let at: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert!(!at.is_empty());
    for at in at {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    fs::write(file, bytes).unwrap();
}

#[test]
fn what_was_altered_in_a_store_is_found_and_named() {
    let home = furnished();
    // The names of members of the trail, in the rows of events only.
    patch(
        &file(&home),
        b"\"actor\":\"system:cli\"",
        b"\"actor\":\"system:clj\"",
    );
    let checked = beside(&home, "store check");
    assert_eq!(checked.code, 7, "{checked:?}");
    assert!(
        checked
            .err
            .starts_with("error[StoreCorrupt]: the store is damaged: 2 faults"),
        "{checked:?}"
    );
    assert!(
        checked.err.contains("chain: event 1 of group:"),
        "{checked:?}"
    );
    let verified = beside(&home, "store verify");
    assert_eq!(verified.code, 7, "{verified:?}");
    assert!(
        verified
            .err
            .starts_with("error[AuditAltered]: `default`: event 1 of "),
        "{verified:?}"
    );
    assert!(verified.err.contains("`acme`: event 1 of "), "{verified:?}");
    let exported = beside(&home, "store export --key audit.pem --out not.jsonl");
    assert_eq!(exported.code, 7, "{exported:?}");
    assert!(!home.beside().join("not.jsonl").exists());
    let copied = beside(&home, "store backup copy");
    assert_eq!(copied.code, 0, "evidence can be copied: {copied:?}");
    let restored = beside(&home, "store restore copy --overwrite");
    assert_eq!(restored.code, 7, "and is not put in place: {restored:?}");
}

#[test]
fn files_that_are_no_store_of_this_version_are_refused_and_left() {
    let whole = {
        let home = furnished();
        fs::read(file(&home)).unwrap()
    };
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let mut foreign = whole.clone();
    foreign[68..72].copy_from_slice(b"else");
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("newer", newer, "StoreIncompatible"),
        ("another program's", foreign, "StoreIncompatible"),
        ("no database", b"words ".repeat(100), "StoreCorrupt"),
        (
            "truncated",
            whole[..whole.len() / 2].to_vec(),
            "StoreCorrupt",
        ),
    ];
    for (what, bytes, tag) in cases {
        let home = Home::new();
        fs::create_dir_all(home.path()).unwrap();
        fs::write(file(&home), bytes).unwrap();
        for line in [
            "store check",
            "store migrate --check",
            "store migrate",
            "store backup copy",
            "store verify",
            "store export",
        ] {
            let refused = beside(&home, line);
            assert_eq!(refused.code, 7, "{what}: {line}: {refused:?}");
            assert!(
                refused.err.starts_with(&format!("error[{tag}]: ")),
                "{what}: {line}: {refused:?}"
            );
            assert!(
                fs::read(file(&home)).unwrap() == *bytes,
                "{what}: {line} changed it"
            );
        }
        assert!(!home.beside().join("copy").exists(), "{what}");
    }
}

#[test]
fn a_store_in_use_is_copied_and_checked_but_not_replaced() {
    let home = furnished();
    let open = SqliteStore::open(file(&home), Options::default()).unwrap();
    for line in ["store check", "store backup copy", "store verify"] {
        assert_eq!(beside(&home, line).code, 0, "{line}");
    }
    let refused = beside(&home, "store restore copy --overwrite");
    assert_eq!(refused.code, 6, "{refused:?}");
    assert!(refused.err.starts_with("error[StoreBusy]: "), "{refused:?}");
    drop(open);
    assert_eq!(beside(&home, "store restore copy --overwrite").code, 0);
}

#[test]
fn a_copy_never_takes_the_place_of_what_it_is_of() {
    let home = furnished();
    let store = file(&home).display().to_string();
    let before = fs::read(file(&home)).unwrap();
    for line in [
        format!("store backup {store} --overwrite"),
        format!("store restore {store} --overwrite"),
        format!("store backup {} --overwrite", home.path().display()),
        "store backup no/such/folder/copy".to_owned(),
    ] {
        let refused = beside(&home, &line);
        assert!([2, 6].contains(&refused.code), "{line}: {refused:?}");
    }
    assert!(fs::read(file(&home)).unwrap() == before);
}

#[test]
fn a_private_key_is_for_its_owner_only_and_never_shown() {
    let home = furnished();
    let key = home.beside().join("audit.pem");
    let pem = fs::read_to_string(&key).unwrap();
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let secret = pem.lines().nth(1).unwrap();
    for line in [
        "store new-key audit.pem",
        "store export --key audit.pem",
        "store export --key audit.pem --json",
        "store verify --public-key audit.pem",
    ] {
        let said = beside(&home, line);
        assert!(
            !said.out.contains(secret) && !said.err.contains(secret),
            "{line}"
        );
        assert!(!said.err.contains("others may read"), "{line}");
    }
    assert_eq!(
        fs::read_to_string(&key).unwrap(),
        pem,
        "it is never overwritten"
    );
    fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let warned = beside(&home, "store export --key audit.pem --out all.jsonl");
    assert!(
        warned.err.contains("others may read the private key"),
        "{warned:?}"
    );
}

#[test]
fn a_seed_in_hexadecimal_digits_is_a_key() {
    let home = furnished();
    fs::write(home.beside().join("seed"), format!("{}\n", "7f".repeat(32))).unwrap();
    let said = beside(&home, "store export --key seed --out all.jsonl --json");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.out.contains(&"7f".repeat(32)));
}

#[test]
fn keys_are_read_and_written_as_other_programs_do() {
    let home = furnished();
    let openssl = |arguments: &str| {
        std::process::Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(home.beside())
            .output()
    };
    match openssl("pkey -in audit.pem -pubout -out public.pem") {
        Err(_) => return skip("keys of other programs", "openssl is not installed"),
        Ok(made) => assert!(made.status.success(), "{made:?}"),
    }
    beside(&home, "store export --key audit.pem --out all.jsonl");
    let verified = beside(&home, "store verify all.jsonl --public-key public.pem");
    assert_eq!(verified.code, 0, "{verified:?}");
    let made = openssl("genpkey -algorithm ed25519 -out theirs.pem").unwrap();
    assert!(made.status.success(), "{made:?}");
    let exported = beside(&home, "store export --key theirs.pem --out theirs.jsonl");
    assert_eq!(exported.code, 0, "{exported:?}");
}
