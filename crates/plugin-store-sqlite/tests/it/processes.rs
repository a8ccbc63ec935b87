//! Other processes: racing, killed, without rights. They are this test binary, started again.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use futures::StreamExt as _;
use futures::executor::block_on;
use one_ontology::{BudgetRule, ChangeSet, RandomIds, Seq, Spend, Store as _, ThingQuery};
use plugin_store_sqlite::{Options, SqliteStore};

use crate::help::{change, event, now, open, scope, verified};

const ROLE: &str = "ONE_STORE_CHILD";
const FILE: &str = "ONE_STORE_FILE";

fn start(role: &str, file: &Path) -> Child {
    try_start(role, file, |_| {}).unwrap()
}

fn try_start(role: &str, file: &Path, set: impl FnOnce(&mut Command)) -> std::io::Result<Child> {
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
fn said(child: &mut Child, word: &'static str) -> impl Iterator<Item = u64> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .map_while(Result::ok)
        .filter_map(move |line| line.strip_prefix(word)?.trim().parse().ok())
}

fn say(word: &str, number: u64) {
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
        "spend" => spend(&file),
        "write" => write(&file),
        "refused" => refused(&file),
        role => panic!("no such role: {role}"),
    }
}

const LIMIT: u64 = 40;

/// Spends until the budget is exhausted.
fn spend(file: &Path) {
    let store = SqliteStore::open(file, Options::default()).unwrap();
    let mut granted = 0;
    loop {
        let rule = BudgetRule::Level { limit: LIMIT };
        let spend = Spend::one("shared".parse().unwrap(), rule);
        let changes = ChangeSet::new(&scope(), event(&RandomIds), now()).spend(spend);
        match block_on(store.commit(changes)) {
            Ok(_) => granted += 1,
            Err(error) if error.tag() == "BudgetExhausted" => break,
            Err(error) => panic!("{error}"),
        }
    }
    say("granted", granted);
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

/// Both also make the file at the same time.
#[test]
fn two_processes_share_a_budget_exactly() {
    for _ in 0..3 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let mut children: Vec<Child> = (0..3).map(|_| start("spend", &path)).collect();
        let granted: Vec<u64> = children
            .iter_mut()
            .map(|child| said(child, "granted").sum())
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(granted.iter().sum::<u64>(), LIMIT, "{granted:?}");
        assert_eq!(verified(&open(&path).unwrap()).len() as u64, LIMIT);
    }
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

/// How often a writer is killed: 30 times, or a tenth of what `ONE_PLUGIN_LONG` says.
fn kills() -> u64 {
    std::env::var("ONE_PLUGIN_LONG").map_or(30, |text| text.parse::<u64>().unwrap() / 10)
}

#[test]
fn a_killed_writer_loses_nothing_that_was_answered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let mut answered = 0;
    for round in 0..kills() {
        let mut child = start("write", &path);
        let wanted = usize::try_from(round * 7 % 12).unwrap();
        let mut done = said(&mut child, "done");
        let last = done.by_ref().take(wanted).last();
        // At another point of its work each time.
        std::thread::sleep(std::time::Duration::from_micros(round * 131 % 4000));
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said before it was killed counts too.
        answered = done.last().or(last).unwrap_or(answered).max(answered);

        let store = open(&path).unwrap();
        let events = verified(&store);
        let kept = events.len() as u64;
        assert!(
            kept >= answered,
            "{answered} were answered, {kept} are there"
        );
        answered = kept;
        // Each event came with its thing, and each thing with its words.
        let mut things = BTreeSet::new();
        let mut query = ThingQuery::default();
        loop {
            let page = block_on(store.things(&scope(), &query)).unwrap();
            things.extend(page.items.iter().map(|thing| thing.id));
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        assert_eq!(things.len() as u64, kept);
    }
    assert!(answered > kills(), "the children hardly wrote: {answered}");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
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
