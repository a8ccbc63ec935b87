//! How transactions begin: where they are, and what they may see.

use one_ontology::{Place, Seq};

use crate::key;

/// Reads one place.
pub(crate) fn read(place: Place) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; {}",
        here(place)
    )
}

/// Reads one place as it was at one moment, in several statements.
pub(crate) fn snapshot(place: Place) -> String {
    format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}",
        here(place)
    )
}

/// Reads which groups lie below which.
pub(crate) const DIRECTORY: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SELECT set_config('one.directory', 'on', true)";

/// Writes to one place. Who writes there waits here for who came first; what is read afterwards
/// is what they left, because at this level each statement sees what was committed before it.
///
/// Only with `prune` can events be deleted, and only up to that number.
pub(crate) fn write(schema: &str, place: Place, prune: Option<Seq>) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {}",
        enter(schema, place, prune)
    )
}

/// Enters a place to write, inside a transaction.
pub(crate) fn enter(schema: &str, place: Place, prune: Option<Seq>) -> String {
    let lock = key::lock(schema, &place.to_string());
    let prune = prune.map_or_else(String::new, |last| {
        let last = key::number(last.get());
        format!("set_config('one.prune', '{last}', true), ")
    });
    format!(
        "SELECT set_config('one.place', '{}', true), set_config('one.ends', 'on', true), \
         {prune}pg_advisory_xact_lock({lock})",
        key::setting(place)
    )
}

/// Leaves it.
pub(crate) const LEAVE: &str = "SELECT set_config('one.place', '', true), set_config('one.ends', '', true), \
     set_config('one.prune', '', true)";

fn here(place: Place) -> String {
    format!(
        "SELECT set_config('one.place', '{}', true)",
        key::setting(place)
    )
}
