//! Disks that are full, or that fail: a clear error, and the database is whole.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use futures::executor::block_on;
use one_ontology::{RandomIds, Store as _};
use plugin_store_sqlite::{Options, SqliteStore, check};

use crate::help::{change, open, verified};
use crate::processes::{said, say, try_start};

/// Writes until it is refused, then reads what is there.
pub(crate) fn fill(file: &Path) {
    let store = match SqliteStore::open(file, Options::default()) {
        Ok(store) => store,
        Err(error) => {
            assert_eq!(error.tag(), "StoreUnavailable", "{error}");
            return say("kept", 0);
        }
    };
    let mut done = 0;
    let error = loop {
        let changes = change(&RandomIds, &format!("{done} {}", "word ".repeat(60)));
        match block_on(store.commit(changes)) {
            Ok(_) => done += 1,
            Err(error) => break error,
        }
        assert!(done < 20_000, "the limit does not bind");
    };
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    for _ in 0..3 {
        let error = block_on(store.commit(change(&RandomIds, "more"))).err();
        assert!(error.is_none_or(|error| error.tag() == "StoreUnavailable"));
    }
    let kept = verified(&store).len() as u64;
    assert!(kept >= done, "{done} were answered, {kept} are there");
    say("kept", kept);
}

/// What a child kept under a limit is there without it, whole, and it goes on.
fn whole_after(file: &Path, kept: u64) {
    let store = open(file).unwrap();
    assert_eq!(verified(&store).len() as u64, kept);
    let checked = check(file, |_| {}).unwrap();
    assert_eq!(checked.findings, []);
    block_on(store.commit(change(&RandomIds, "with room again"))).unwrap();
    assert_eq!(verified(&store).len() as u64, kept + 1);
}

/// The system refuses to let the file, or its log, grow: SQLite meets an error of input and output,
/// not one of space. Whatever the limit, also where the file can hardly be made.
#[cfg(unix)]
#[test]
fn a_write_that_fails_loses_nothing() {
    for blocks in [0, 8, 64, 200, 300, 400, 800] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let mut child = try_start("fill", &path, |command| {
            // Blocks of 512 bytes. Without a handler the process would end at the limit.
            let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
            let mut shell = Command::new("sh");
            shell.args(["-c", &limited]).arg(command.get_program());
            shell.args(command.get_args());
            for (name, value) in command.get_envs() {
                shell.env(name, value.unwrap());
            }
            shell.stdout(std::process::Stdio::piped());
            *command = shell;
        })
        .unwrap();
        let kept = said(&mut child, "kept").last();
        assert!(child.wait().unwrap().success(), "{blocks} blocks");
        whole_after(&path, kept.expect("the child says what it kept"));
    }
}

/// A disk of one megabyte.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let disk = directory.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "none"])
        .arg(&disk)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: a disk that is full: this user may not mount one");
        return;
    }
    let result = std::panic::catch_unwind(|| {
        let path = disk.join("store.db");
        let mut child = try_start("fill", &path, |_| {}).unwrap();
        let kept = said(&mut child, "kept").last().unwrap();
        assert!(child.wait().unwrap().success());
        assert!(kept > 10, "{kept}");
        let larger = Command::new("mount")
            .args(["-o", "remount,size=8m"])
            .arg(&disk)
            .status();
        assert!(larger.unwrap().success());
        whole_after(&path, kept);
        // Where there is no room for a copy, none is left behind.
        let store = open(&path).unwrap();
        let mut rest = std::fs::File::create(disk.join("rest")).unwrap();
        while rest.write_all(&[0; 4096]).is_ok() {}
        let error = store.backup(disk.join("copy.db"), |_| {}).unwrap_err();
        assert_eq!(error.tag(), "StoreUnavailable", "{error}");
        assert!(error.to_string().contains("full"), "{error}");
        assert!(std::fs::read_dir(&disk).unwrap().all(|entry| {
            let name = entry.unwrap().file_name();
            !name.to_str().unwrap().contains("copy")
        }));
    });
    let unmounted = Command::new("umount").arg(&disk).status().unwrap();
    assert!(unmounted.success());
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}
