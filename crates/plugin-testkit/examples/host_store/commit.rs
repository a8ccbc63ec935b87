//! Step 2: look up, decide, write.

use one_ontology::{
    BudgetKey, BudgetState, ChangeSet, Decision, Effects, End, Event, Found, Head, Needs, Place,
    Receipt, Row, RowId, Seq, StoreError, Thing, ThingQuery, decide,
};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::table::{
    ASSETS, DOCUMENTS, LINKS, ORGANISATIONS, Org, STAFF, USERS, broken, unreadable,
};

pub(crate) fn commit(c: &mut Connection, changes: &ChangeSet) -> Result<Receipt, StoreError> {
    // Immediate: the lock is there before anything is looked at. Dropping it rolls back.
    let transaction = c
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(broken)?;
    let found = find(&transaction, &changes.needs())?;
    let effects = match decide(changes, &found)? {
        Decision::Write(effects) => effects,
        Decision::Replay(receipt) => return Ok(receipt),
    };
    write(&transaction, changes, &effects)?;
    transaction.commit().map_err(broken)?;
    Ok(effects.receipt)
}

/// Exactly what `needs` names, in its place.
fn find(c: &Connection, needs: &Needs) -> Result<Found, StoreError> {
    let mut found = Found {
        matches: vec![false; needs.absent.len()],
        ..Found::default()
    };
    find_ends(c, needs, &mut found)?;
    let Some(org) = Org::find(c, needs.place)? else {
        return Ok(found);
    };
    if let Some(key) = &needs.key {
        found.receipt = named(c, org, "SELECT receipt FROM requests", key.as_str())?;
    }
    if let Place::Group(id) = needs.place {
        found.group = ORGANISATIONS.get(c, org, &id)?;
    }
    found.head = head(c, org)?;
    for id in &needs.rows {
        found.rows.extend(row(c, org, *id)?.map(|row| (*id, row)));
    }
    for id in &needs.connections {
        let link = LINKS.get(c, org, id)?;
        found.connections.extend(link.map(|link| (*id, link)));
    }
    for (query, matches) in needs.absent.iter().zip(&mut found.matches) {
        *matches = is_there(c, org, query)?;
    }
    for key in &needs.budgets {
        let state = budget(c, org, key)?;
        found
            .budgets
            .extend(state.map(|state| (key.clone(), state)));
    }
    if let Some(covered) = needs.covered {
        let before = Seq::new(covered.get().saturating_sub(1));
        let event = events(c, org, before, None, |_| false)?;
        found.covered = event.map(|event| event.head());
    }
    Ok(found)
}

/// Things that connections hold on to: of the place, else of the shared registry. Nothing else leaves the place.
fn find_ends(c: &Connection, needs: &Needs, found: &mut Found) -> Result<(), StoreError> {
    let here = Org::find(c, needs.place)?;
    for end in &needs.ends {
        let End::Thing(id) = end else { continue };
        for org in here.into_iter().chain([Org::GLOBAL]) {
            if !found.ends.contains_key(end)
                && let Some(thing) = ASSETS.get(c, org, id)?
            {
                found.ends.insert(*end, thing);
            }
        }
    }
    Ok(())
}

/// Whether any thing matches, whatever limit or cursor the query has.
fn is_there(c: &Connection, org: Org, query: &ThingQuery) -> Result<bool, StoreError> {
    let mut is_there = false;
    ASSETS.each(c, org, "", &[], |thing: Thing| {
        is_there = query.matches(&thing);
        !is_there
    })?;
    Ok(is_there)
}

fn row(c: &Connection, org: Org, id: RowId) -> Result<Option<Row>, StoreError> {
    Ok(match id {
        RowId::Group(id) => ORGANISATIONS.get(c, org, &id)?.map(Row::Group),
        RowId::Person(id) => USERS.get(c, org, &id)?.map(Row::Person),
        RowId::Membership(id) => STAFF.get(c, org, &id)?.map(Row::Membership),
        RowId::Thing(id) => ASSETS.get(c, org, &id)?.map(Row::Thing),
        RowId::Knowledge(id) => DOCUMENTS.get(c, org, &id)?.map(Row::Knowledge),
    })
}

/// All of the effects, as they are: what may be written is decided already.
fn write(c: &Connection, changes: &ChangeSet, effects: &Effects) -> Result<(), StoreError> {
    let org = Org::found_or_new(c, changes.place())?;
    for row in &effects.rows {
        match row {
            Row::Group(group) => ORGANISATIONS.put(c, org, group)?,
            Row::Person(person) => USERS.put(c, org, person)?,
            Row::Membership(membership) => STAFF.put(c, org, membership)?,
            Row::Thing(thing) => ASSETS.put(c, org, thing)?,
            Row::Knowledge(knowledge) => DOCUMENTS.put(c, org, knowledge)?,
        }
    }
    for connection in &effects.connections {
        LINKS.put(c, org, connection)?;
    }
    for (key, state) in &effects.budgets {
        let sql = "INSERT OR REPLACE INTO allowances VALUES (?1, ?2, ?3)";
        c.execute(sql, params![org.no, key.as_str(), text(state)?])
            .map_err(broken)?;
    }
    if let Some(last) = effects.prune_to {
        let sql = "DELETE FROM audit_log WHERE org_no = ?1 AND entry_no <= ?2";
        c.execute(sql, params![org.no, number(last)])
            .map_err(broken)?;
    }
    for event in &effects.events {
        let about = event.target.map(|target| target.to_string());
        let sql = "INSERT INTO audit_log VALUES (?1, ?2, ?3, ?4)";
        c.execute(sql, params![org.no, number(event.seq), about, text(event)?])
            .map_err(broken)?;
    }
    if let Some(key) = changes.key() {
        let sql = "INSERT INTO requests VALUES (?1, ?2, ?3)";
        c.execute(sql, params![org.no, key.as_str(), text(&effects.receipt)?])
            .map_err(broken)?;
    }
    Ok(())
}

pub(crate) fn head(c: &Connection, org: Org) -> Result<Option<Head>, StoreError> {
    let sql = "SELECT entry FROM audit_log WHERE org_no = ?1 ORDER BY entry_no DESC LIMIT 1";
    let entry = c.query_row(sql, [org.no], |row| row.get::<_, String>(0));
    let event: Option<Event> = parsed(entry.optional())?;
    Ok(event.map(|event| event.head()))
}

pub(crate) fn budget(
    c: &Connection,
    org: Org,
    key: &BudgetKey,
) -> Result<Option<BudgetState>, StoreError> {
    named(c, org, "SELECT state FROM allowances", key.as_str())
}

/// Events behind a number, in order, as long as they are wanted; the last that was read.
pub(crate) fn events(
    c: &Connection,
    org: Org,
    after: Seq,
    about: Option<End>,
    mut wanted: impl FnMut(&Event) -> bool,
) -> Result<Option<Event>, StoreError> {
    let sql = "SELECT entry FROM audit_log WHERE org_no = ?1 AND entry_no > ?2";
    let (sql, about) = match about {
        None => (format!("{sql} AND ?3 IS NULL ORDER BY entry_no"), None),
        Some(end) => (
            format!("{sql} AND about = ?3 ORDER BY entry_no"),
            Some(end.to_string()),
        ),
    };
    let mut statement = c.prepare_cached(&sql).map_err(broken)?;
    let mut rows = statement
        .query(params![org.no, number(after), about])
        .map_err(broken)?;
    let mut last = None;
    while let Some(row) = rows.next().map_err(broken)? {
        let event: Option<Event> = parsed(row.get(0).map(Some))?;
        let is_wanted = event.as_ref().is_some_and(&mut wanted);
        last = event;
        if !is_wanted {
            break;
        }
    }
    Ok(last)
}

/// What stands under a name in one of the tables that hold one text.
fn named<T: DeserializeOwned>(
    c: &Connection,
    org: Org,
    sql: &str,
    name: &str,
) -> Result<Option<T>, StoreError> {
    let sql = format!("{sql} WHERE org_no = ?1 AND name = ?2");
    let found = c.query_row(&sql, params![org.no, name], |row| row.get(0));
    parsed(found.optional())
}

fn parsed<T: DeserializeOwned>(
    text: rusqlite::Result<Option<String>>,
) -> Result<Option<T>, StoreError> {
    let text = text.map_err(broken)?;
    text.map(|text| serde_json::from_str(&text).map_err(unreadable))
        .transpose()
}

fn text(row: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(row).map_err(unreadable)
}

fn number(seq: Seq) -> i64 {
    i64::try_from(seq.get()).unwrap_or(i64::MAX)
}
