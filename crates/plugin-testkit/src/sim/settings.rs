//! What runs has the settings and secrets that its row says.

use plugin_lifecycle::{Instance, StateKind};

use super::invariants::{Observed, Say};

/// A runtime under the fence of its row was started with what the row says; one from before is replaced by
/// the next use.
pub(super) fn settings(seen: &Observed, row: &Instance, say: &mut Say<'_>) {
    let p = &row.properties;
    let state = p.lifecycle.kind();
    if !matches!(state, StateKind::Active | StateKind::Executing) {
        return;
    }
    let running = seen.running.get(&p.runtime);
    let Some(running) = running.filter(|running| running.fence == p.fence) else {
        return;
    };
    if running.settings != p.settings {
        let what = format!("{}: {:?} runs", row.name, running.settings);
        say("what runs has the settings of its row", what);
    }
    let left = p.secrets_left();
    let gone: Vec<&String> = running
        .secrets
        .iter()
        .filter(|name| !left.contains(name.as_str()))
        .collect();
    if !gone.is_empty() {
        let what = format!("{}: {gone:?}", row.name);
        say("what runs has no secret that was destroyed", what);
    }
}
