//! Ctrl-C and SIGTERM: a search ends, nothing is left half done in silence, and no worker stays behind.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use futures::executor::block_on;
use one_ontology::{Clock as _, SystemClock};
use plugin_executor_node::NodeExecutor;
use plugin_lifecycle::PluginManager;
use plugin_resolver::{Failure, Interrupt};

use crate::output::Watch;

/// What shells make of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

static SIGNAL: LazyLock<Interrupt> = LazyLock::new(Interrupt::new);

/// Whether this program was asked to go.
static ASKED: AtomicBool = AtomicBool::new(false);

/// How many searches are under way.
static SEARCHES: Mutex<usize> = Mutex::new(0);

/// Whether facts are being read to answer a question, and nothing else.
static IS_READING: AtomicBool = AtomicBool::new(false);

/// Files that are not complete yet.
static INCOMPLETE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What is at work here, and is to end.
static AT_WORK: Mutex<Option<PluginManager>> = Mutex::new(None);

/// Lets go of what is at work when it is dropped: a store is closed by whoever has it last.
#[derive(Debug)]
pub(crate) struct AtWork(());

impl Drop for AtWork {
    fn drop(&mut self) {
        *AT_WORK.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Has what a manager has under way ended when this program is asked to go.
pub(crate) fn ends_with(manager: &PluginManager) -> AtWork {
    *AT_WORK.lock().unwrap_or_else(PoisonError::into_inner) = Some(manager.clone());
    AtWork(())
}

/// Does as asked when this program is asked to go. A search ends, and whoever began it says so. Executions are cancelled, which is recorded before
/// the program ends; what is left of commands is handed over, so that `recover` goes on with it at once. Asked again, or with nothing under way, it
/// goes at once.
pub(crate) fn listen(node: Option<&Arc<NodeExecutor>>) {
    let node = node.map(Arc::downgrade);
    let asked = AtomicUsize::new(0);
    let installed = ctrlc::set_handler(move || {
        ASKED.store(true, Ordering::SeqCst);
        let before = asked.fetch_add(1, Ordering::SeqCst);
        let searches = SEARCHES.lock().unwrap_or_else(PoisonError::into_inner);
        if *searches > 0 && before == 0 {
            SIGNAL.interrupt();
            return;
        }
        drop(searches);
        let node = node.as_ref().and_then(std::sync::Weak::upgrade);
        if before > 0 {
            if let Some(node) = node {
                node.end_all("interrupted");
            }
            go();
        }
        // Whoever asks again is heard meanwhile.
        std::thread::spawn(move || {
            let rest = drained();
            let ended = node.map_or(0, |node| node.end_all("interrupted"));
            if rest == Rest::Nothing && ended == 0 || rest == Rest::HandedOver {
                go();
            }
        });
    });
    // A second session in one process finds the first one's handler, which serves as well.
    drop(installed);
}

/// What is left when what was under way has been asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// Nothing was under way.
    Nothing,
    /// It has ended, and whoever waited for it says so.
    Ended,
    /// Others may go on with it.
    HandedOver,
}

fn drained() -> Rest {
    let manager = AT_WORK.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(manager) = manager.clone() else {
        return Rest::Nothing;
    };
    let report = block_on(manager.drain(SystemClock.now()));
    if !report.handed_over.is_empty() {
        let said = "\ninterrupted: `one-plugin recover` goes on with what was under way";
        let _closed = writeln!(std::io::stderr(), "{said}");
        return Rest::HandedOver;
    }
    match report.overdue {
        0 => Rest::Nothing,
        _ => Rest::Ended,
    }
}

/// Whether this program was asked to go.
pub(crate) fn was_asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Ends this program, and leaves nothing incomplete.
fn go() -> ! {
    if IS_READING.load(Ordering::SeqCst) {
        let _closed = writeln!(std::io::stderr(), "\ninterrupted: nothing was changed");
    }
    INCOMPLETE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .for_each(|file| remove(file));
    exit(INTERRUPTED.into());
}

/// Searches until the person who waits for it has had enough.
pub(crate) fn search<T>(
    search: impl FnOnce(&Interrupt) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let searches = || SEARCHES.lock().unwrap_or_else(PoisonError::into_inner);
    *searches() += 1;
    let watch = Watch::of_search();
    let found = search(&SIGNAL);
    drop(watch);
    let mut searches = searches();
    *searches -= 1;
    // Also what was found just before is not what is wanted any more.
    if SIGNAL.is_interrupted() {
        return Err(Failure::Cancelled);
    }
    found
}

/// Reads facts to answer a question, and changes nothing.
pub(crate) fn reading<T>(read: impl FnOnce() -> T) -> T {
    IS_READING.store(true, Ordering::SeqCst);
    let read = read();
    IS_READING.store(false, Ordering::SeqCst);
    read
}

/// Has a file removed when this program is asked to go before it is complete, and those whose names go on where its name ends:
/// what databases keep beside it.
pub(crate) fn incomplete<T>(file: &Path, complete: impl FnOnce() -> T) -> T {
    let files = || INCOMPLETE.lock().unwrap_or_else(PoisonError::into_inner);
    files().push(file.to_owned());
    let value = complete();
    files().retain(|other| other != file);
    value
}

/// Removes a file, and those whose names go on where its name ends.
fn remove(file: &Path) {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return;
    };
    let folder = if folder == Path::new("") {
        Path::new(".")
    } else {
        folder
    };
    let Ok(files) = folder.read_dir() else {
        return;
    };
    for file in files.flatten() {
        let bytes = file.file_name().into_encoded_bytes();
        if bytes.starts_with(name.as_encoded_bytes()) {
            // What cannot be removed stays: this program is going.
            let _stays = std::fs::remove_file(file.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_incomplete_goes_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "a.db",
            "a.db.7.new",
            "a.db.7.new-wal",
            "a.db.71.new",
            "b.db.7.new",
        ];
        for name in names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        remove(&folder.path().join("a.db.7.new"));
        remove(&folder.path().join("none"));
        remove(&folder.path().join("no folder").join("none"));
        let is_left = |name: &&str| folder.path().join(name).exists();
        let left: Vec<&str> = names.into_iter().filter(is_left).collect();
        assert_eq!(left, ["a.db", "a.db.71.new", "b.db.7.new"]);
    }
}
