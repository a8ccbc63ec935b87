//! Ctrl-C and SIGTERM: a search ends, nothing is left half done in silence, and no worker stays behind.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use plugin_executor_node::NodeExecutor;
use plugin_resolver::{Failure, Interrupt};

use crate::output::Watch;

/// What shells make of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

static SIGNAL: LazyLock<Interrupt> = LazyLock::new(Interrupt::new);

/// How many searches are under way.
static SEARCHES: Mutex<usize> = Mutex::new(0);

/// Whether facts are being read to answer a question, and nothing else.
static IS_READING: AtomicBool = AtomicBool::new(false);

/// Files that are not complete yet.
static INCOMPLETE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Does as asked when this program is asked to go. A search ends, and whoever began it says so. What runs in workers ends as crashed, and is
/// recorded as that, before the program does. Asked again, or with nothing running, it goes at once.
pub(crate) fn listen(node: Option<&Arc<NodeExecutor>>) {
    let node = node.map(Arc::downgrade);
    let asked = AtomicUsize::new(0);
    let installed = ctrlc::set_handler(move || {
        let before = asked.fetch_add(1, Ordering::SeqCst);
        let searches = SEARCHES.lock().unwrap_or_else(PoisonError::into_inner);
        if *searches > 0 && before == 0 {
            SIGNAL.interrupt();
            return;
        }
        drop(searches);
        let node = node.as_ref().and_then(std::sync::Weak::upgrade);
        let ended = node.map_or(0, |node| node.end_all("interrupted"));
        if before > 0 || ended == 0 {
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
    });
    // A second session in one process finds the first one's handler, which serves as well.
    drop(installed);
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
