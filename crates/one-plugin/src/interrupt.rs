//! Ctrl-C and SIGTERM: no worker stays behind.

use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plugin_executor_node::NodeExecutor;

/// What shells make of SIGINT.
const INTERRUPTED: i32 = 130;

/// Ends the workers when this program is asked to go. What runs in them then ends as crashed, and is
/// recorded as that, before the program does; asked again, or with nothing running, it goes at once.
pub(crate) fn end_workers(node: &Arc<NodeExecutor>) {
    let node = Arc::downgrade(node);
    let asked = AtomicUsize::new(0);
    let installed = ctrlc::set_handler(move || {
        let before = asked.fetch_add(1, Ordering::SeqCst);
        let ended = node.upgrade().map_or(0, |node| node.end_all("interrupted"));
        if before > 0 || ended == 0 {
            exit(INTERRUPTED);
        }
    });
    // A second session in one process finds the first one's handler, which serves as well.
    drop(installed);
}
