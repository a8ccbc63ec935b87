//! Whether a store is whole.

use std::path::Path;

use futures::executor::block_on;
use plugin_store_postgres::{PostgresStore, RowSecurity};
use plugin_store_sqlite::{Checked, Stage};
use serde_json::json;

use super::{chains, counted, format_of};
use crate::failure::Failure;
use crate::kept::{DatabaseAddress, Kept};
use crate::output::Output;
use crate::tally::Tally;

/// What is not looked at on a server, and who does.
const NOT_CHECKED: &[&str] = &[
    "pages and indexes: pg_amcheck looks at them",
    "rows against the columns and words that they are found by",
];

pub(super) fn check(kept: &Kept, output: &Output) -> Result<(), Failure> {
    let format = format_of(kept)?;
    if format < kept.newest_format() {
        return Err(super::migrate::outdated(kept, format));
    }
    match kept {
        Kept::Sqlite(path) => file(path, kept, output),
        Kept::Postgres(address) => server(address, kept, output),
        Kept::Memory => Ok(()),
    }
}

fn file(path: &Path, kept: &Kept, output: &Output) -> Result<(), Failure> {
    let (tally, watch) = Tally::shown(output);
    let checked = plugin_store_sqlite::check(path, |far| {
        let what = match far.stage {
            Stage::Rows => "rows",
            _ => "pages",
        };
        tally.tell(what, far.done, far.done, far.of);
    })?;
    drop(watch);
    if !checked.is_whole() {
        return Err(faults(&checked));
    }
    let value = json!({
        "whole": true,
        "store": "sqlite",
        "format": checked.version,
        "rows": checked.rows,
        "chains": checked.chains,
    });
    output.say(&value, || {
        let rows = checked.rows.iter().filter(|(_, count)| **count > 0);
        let rows = rows.map(|(table, count)| counted_rows(table, *count));
        let mut rows: Vec<String> = rows.collect();
        if rows.is_empty() {
            rows.push("none".to_owned());
        }
        format!(
            "{} is whole: format {}, {} that hold\n  rows: {}",
            kept.name(),
            checked.version,
            counted(checked.chains, "chain"),
            rows.join(", ")
        )
    });
    Ok(())
}

fn counted_rows(table: &str, count: u64) -> String {
    format!("{} {table}", crate::tally::grouped(count))
}

/// What is wrong, each on a line.
fn faults(checked: &Checked) -> Failure {
    let lines = checked
        .findings
        .iter()
        .map(|finding| format!("{}: {}", finding.kind.as_str(), finding.what));
    let kept = checked.findings.len() as u64;
    let more = (checked.wrong > kept).then(|| format!("and {} more", checked.wrong - kept));
    let message = format!("the store is damaged: {}", counted(checked.wrong, "fault"));
    Failure::new("StoreCorrupt", message).with(lines).with(more)
}

fn server(address: &DatabaseAddress, kept: &Kept, output: &Output) -> Result<(), Failure> {
    // Of the newest format already, so that connecting changes nothing; it looks at tables and policies.
    let options = plugin_store_postgres::Options::default();
    let store = block_on(PostgresStore::connect(address.as_str(), options))?;
    let row_security = store.row_security();
    let opened = crate::kept::Opened::Postgres(store);
    let places = chains::all(&opened)?;
    let chains = chains::verify(opened.store(), places, None, output)?.all_whole()?;
    let events: u64 = chains.iter().map(|chain| chain.events).sum();
    let is_enforced = row_security == RowSecurity::Enforced;
    let value = json!({
        "whole": true,
        "store": "postgres",
        "format": kept.newest_format(),
        "row_security": if is_enforced { "enforced" } else { "bypassed" },
        "chains": chains.len(),
        "events": events,
        "not_checked": NOT_CHECKED,
    });
    output.say(&value, || {
        let security = if is_enforced {
            "on, and binds the role of this address"
        } else {
            "on, but the role of this address passes it by: hosts should use one that is no superuser and has no BYPASSRLS"
        };
        let mut lines = vec![
            format!(
                "{} is whole as far as it was looked at: format {}, {} of {} that hold",
                kept.name(),
                kept.newest_format(),
                counted(chains.len() as u64, "chain"),
                counted(events, "event")
            ),
            format!("  row-level security: {security}"),
        ];
        lines.extend(NOT_CHECKED.iter().map(|what| format!("  not checked: {what}")));
        lines.join("\n")
    });
    Ok(())
}
