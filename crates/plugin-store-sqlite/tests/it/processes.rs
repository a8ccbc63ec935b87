//! Other processes: racing, killed, without rights. They are this test binary, started again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use futures::StreamExt as _;
use futures::executor::block_on;
use one_ontology::{RandomIds, Seq, Store as _, ThingQuery};
use plugin_store_sqlite::{Options, SqliteStore};

use crate::help::{change, open, scope, verified};

const ROLE: &str = "ONE_STORE_CHILD";
const FILE: &str = "ONE_STORE_FILE";

pub(crate) fn start(role: &str, file: &Path) -> Child {
    try_start(role, file, |_| {}).unwrap()
}

pub(crate) fn try_start(
    role: &str,
    file: &Path,
    set: impl FnOnce(&mut Command),
) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "processes::child", "--nocapture"])
        .env(ROLE, role)
        .env(FILE, file)
        .stdout(Stdio::piped());
    set(&mut command);
    command.spawn()
}

/// The numbers behind a word that the child prints, as they come.
pub(crate) fn said(child: &mut Child, word: &'static str) -> impl Iterator<Item = u64> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .map_while(Result::ok)
        .filter_map(move |line| line.strip_prefix(word)?.trim().parse().ok())
}

pub(crate) fn say(word: &str, number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{word} {number}").unwrap();
    out.flush().unwrap();
}

/// Not a test: where a process that these tests start begins. Started as one, it does nothing.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let file = PathBuf::from(std::env::var_os(FILE).expect("a file comes with the role"));
    match role.as_str() {
        "spend" => crate::budgets::child(&file),
        "write" => write(&file),
        "write together" => crate::crash::write(&file),
        "refused" => refused(&file),
        "fill" => crate::limits::fill(&file),
        "hold" => hold(&file),
        "count" => say("counted", verified(&open(&file).unwrap()).len() as u64),
        role => panic!("no such role: {role}"),
    }
}

/// Writes for ever, and says each commit that was answered.
fn write(file: &Path) {
    let store = SqliteStore::open(file, Options::default()).unwrap();
    loop {
        let receipt = block_on(store.commit(change(&RandomIds, "written by a child"))).unwrap();
        say("done", receipt.head.seq.get());
    }
}

/// Cannot open the file.
fn refused(file: &Path) {
    let error = open(file).expect_err("it may not be written");
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    say("refused", 1);
}

#[test]
fn a_watch_sees_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    let mut stream = store.watch(&scope(), Seq::START);
    let mut child = start("write", &path);
    for number in 1..20 {
        let event = block_on(stream.next()).unwrap().unwrap();
        assert_eq!(event.seq, Seq::new(number));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Writes for a long time, in one transaction.
fn hold(file: &Path) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection
        .execute_batch("BEGIN IMMEDIATE; UPDATE things SET name = 'meanwhile'")
        .unwrap();
    say("holds", 1);
    std::thread::sleep(std::time::Duration::from_mins(10));
}

/// Reads answer, and see what was there before.
#[test]
fn readers_never_wait_for_another_process_that_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    crate::help::fill(&store, 5);
    let mut child = start("hold", &path);
    assert_eq!(said(&mut child, "holds").next(), Some(1));
    // One that is opened now, too: it would be `Busy` after 5 seconds, were it to wait.
    for store in [store, open(&path).unwrap()] {
        assert_eq!(verified(&store).len(), 5);
        let page = block_on(store.things(&scope(), &ThingQuery::default())).unwrap();
        assert!(page.items.iter().all(|thing| thing.name != "meanwhile"));
        assert_eq!(page.items.len(), 5);
    }
    assert!(
        child.try_wait().unwrap().is_none(),
        "it held on all the time"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A second store of this process looked at the file, and closed it again. That must not cost the
/// first one its locks: the other process would remove the log that this one goes on writing to.
#[test]
fn another_process_that_leaves_takes_nothing_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let first = SqliteStore::open(&path, Options::default()).unwrap();
    crate::help::fill(&first, 5);
    let second = open(&path).unwrap();
    assert_eq!(counted(&path), 5);
    let written = block_on(first.commit(change(&RandomIds, "later"))).unwrap();
    assert_eq!(written.head.seq, Seq::new(6));
    assert_eq!(counted(&path), 6);
    drop((first, second));
    assert_eq!(counted(&path), 6);
}

/// How many events another process sees.
fn counted(path: &Path) -> u64 {
    let mut child = start("count", path);
    let count = said(&mut child, "counted").last();
    assert!(child.wait().unwrap().success());
    count.unwrap()
}

/// Rights do not bind the superuser, so the child is somebody else.
#[cfg(unix)]
#[test]
fn a_file_or_directory_that_may_only_be_read() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    crate::help::fill(&open(&path).unwrap(), 3);
    let before = std::fs::read(&path).unwrap();
    let superuser = std::fs::metadata(&path).unwrap().uid() == 0;
    let mode = |path: &Path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
    for (file, folder, opened) in [
        (0o444, 0o755, "store.db"),
        (0o444, 0o555, "store.db"),
        (0o644, 0o555, "new.db"),
    ] {
        mode(&path, file);
        mode(directory.path(), folder);
        let child = try_start("refused", &directory.path().join(opened), |command| {
            if superuser {
                command.uid(65534).gid(65534);
            }
        });
        let mut child = match child {
            Err(error) if superuser => {
                mode(directory.path(), 0o755);
                eprintln!(
                    "SKIPPED: a file that may only be read: nobody else may run this: {error}"
                );
                return;
            }
            child => child.unwrap(),
        };
        let refused = said(&mut child, "refused").last();
        let status = child.wait().unwrap();
        mode(directory.path(), 0o755);
        assert_eq!(refused, Some(1), "{file:o} {folder:o}: {status}");
        assert!(std::fs::read(&path).unwrap() == before);
    }
}
