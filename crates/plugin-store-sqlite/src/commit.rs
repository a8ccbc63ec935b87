//! Change sets in one transaction.

use one_ontology::{
    ChangeSet, Connection, Decision, Effects, Event, Found, Group, IdempotencyKey, Knowledge,
    Membership, Person, Place, Receipt, Row, StoreError, Thing, decide,
};
use rusqlite::types::Value;
use rusqlite::{Transaction, TransactionBehavior, params_from_iter};

use crate::codec::{encode, encode_vector};
use crate::error::OrStoreError as _;
use crate::{columns, error, find, key, select};

pub(crate) const PRUNE: &str = "DELETE FROM events WHERE place = ?1 AND seq <= ?2";

/// How many change sets share one transaction at most. More would hold up other processes.
pub(crate) const MOST: usize = 64;

type Answer = Result<Receipt, StoreError>;

/// Commits change sets in their order, all of them in one transaction, so that the disk is waited
/// for once. Each is answered as if it had been alone: one that is refused writes nothing, and those
/// behind it see what those before it did. Other processes' commits come before or after them all,
/// never between.
pub(crate) fn commit(connection: &mut rusqlite::Connection, batch: &[&ChangeSet]) -> Vec<Answer> {
    match together(connection, batch) {
        Ok(answers) => answers,
        Err(Failed::All(error)) => batch.iter().map(|_| Err(error.clone())).collect(),
        Err(Failed::One(error)) if batch.len() <= 1 => {
            batch.iter().map(|_| Err(error.clone())).collect()
        }
        Err(Failed::One(_)) => one_by_one(connection, batch),
    }
}

/// Why nothing of a transaction is there.
enum Failed {
    /// It could not begin or end.
    All(StoreError),
    /// The rows of one change set could not be written; the others may be able to do without it.
    One(StoreError),
}

fn together(
    connection: &mut rusqlite::Connection,
    batch: &[&ChangeSet],
) -> Result<Vec<Answer>, Failed> {
    let all = |error: rusqlite::Error| Failed::All(error::of(&error));
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(all)?;
    let mut answers = Vec::with_capacity(batch.len());
    for changes in batch {
        let answer = match look(&transaction, changes) {
            // Only now is something written: what was refused leaves nothing to undo, so that no
            // savepoint is needed.
            Ok((Decision::Write(effects), found)) => {
                Ok(write(&transaction, changes, effects, found).map_err(Failed::One)?)
            }
            Ok((Decision::Replay(receipt), _)) => Ok(receipt),
            // A disk that fails may have ended the transaction.
            Err(error) if transaction.is_autocommit() => return Err(Failed::One(error)),
            Err(error) => Err(error),
        };
        answers.push(answer);
    }
    transaction
        .commit()
        .map_err(|error| Failed::All(error::of_commit(&error)))?;
    Ok(answers)
}

/// Each in a transaction of its own.
fn one_by_one(connection: &mut rusqlite::Connection, batch: &[&ChangeSet]) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::with_capacity(batch.len());
    for changes in batch {
        let answer = match answers.last() {
            // Somebody else is writing: the rest need not wait for as long again.
            Some(Err(StoreError::Busy { reason })) => Err(StoreError::Busy {
                reason: reason.clone(),
            }),
            _ => match together(connection, &[*changes]) {
                Ok(mut answer) => answer.pop().unwrap_or_else(|| Err(nothing_answered())),
                Err(Failed::All(error) | Failed::One(error)) => Err(error),
            },
        };
        answers.push(answer);
    }
    answers
}

fn nothing_answered() -> StoreError {
    StoreError::Unavailable {
        reason: "a change set was not answered".to_owned(),
    }
}

/// What a change set does, given what is there.
fn look(
    transaction: &Transaction<'_>,
    changes: &ChangeSet,
) -> Result<(Decision, Found), StoreError> {
    let found = find::needs(transaction, &changes.needs())?;
    Ok((decide(changes, &found)?, found))
}

fn write(
    transaction: &Transaction<'_>,
    changes: &ChangeSet,
    effects: Effects,
    mut found: Found,
) -> Answer {
    let writing = Writing {
        transaction,
        place: changes.place(),
        changed: key::number(effects.receipt.head.seq.get()),
    };
    writing.all(effects, changes.key(), |row| found.rows.remove(&row.id()))
}

struct Writing<'a> {
    transaction: &'a Transaction<'a>,
    place: Place,
    /// The number of the change set's last event. It goes with every row that searches find.
    changed: i64,
}

impl Writing<'_> {
    fn all(
        &self,
        effects: Effects,
        named: Option<&IdempotencyKey>,
        mut old: impl FnMut(&Row) -> Option<Row>,
    ) -> Result<Receipt, StoreError> {
        for row in effects.rows {
            let old = old(&row);
            self.row(row, old)?;
        }
        for connection in &effects.connections {
            self.connection(connection)?;
        }
        for (budget, state) in &effects.budgets {
            self.put(
                "INSERT INTO budgets (place, key, doc) VALUES (?1, ?2, ?3)
                 ON CONFLICT (place, key) DO UPDATE SET doc = excluded.doc",
                [key::text(budget.as_str()), Value::Text(encode(state)?)],
            )?;
        }
        if let Some(last) = effects.prune_to {
            self.put(PRUNE, [Value::Integer(key::number(last.get()))])?;
        }
        for event in &effects.events {
            self.event(event)?;
        }
        if let Some(named) = named {
            self.put(
                "INSERT INTO receipts (place, key, doc) VALUES (?1, ?2, ?3)",
                [
                    key::text(named.as_str()),
                    Value::Text(encode(&effects.receipt)?),
                ],
            )?;
        }
        Ok(effects.receipt)
    }

    fn row(&self, row: Row, old: Option<Row>) -> Result<(), StoreError> {
        match row {
            Row::Group(row) => self.group(&row),
            Row::Person(row) => self.person(&row),
            Row::Membership(row) => self.membership(&row),
            Row::Thing(row) => self.thing(&row),
            Row::Knowledge(row) => {
                let old = old.and_then(|old| match old {
                    Row::Knowledge(old) => Some(old),
                    _ => None,
                });
                self.knowledge(row, old.as_ref())
            }
        }
    }

    fn group(&self, row: &Group) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO groups (id, parent, doc) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, doc = excluded.doc",
            with_doc(columns::group(row), row)?,
        )
    }

    fn person(&self, row: &Person) -> Result<(), StoreError> {
        self.put(
            "INSERT INTO people (place, id, name, doc) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (place, id) DO UPDATE SET name = excluded.name, doc = excluded.doc",
            with_doc(columns::person(row), row)?,
        )
    }

    fn membership(&self, row: &Membership) -> Result<(), StoreError> {
        self.put(
            "INSERT INTO memberships (place, person, doc) VALUES (?1, ?2, ?3)
             ON CONFLICT (place, person) DO UPDATE SET doc = excluded.doc",
            with_doc(columns::membership(row), row)?,
        )
    }

    fn thing(&self, row: &Thing) -> Result<(), StoreError> {
        self.put(
            "INSERT INTO things
                (place, id, type, name, status, npm_package, registry_url, doc, changed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (place, id) DO UPDATE SET
                type = excluded.type, name = excluded.name, status = excluded.status,
                npm_package = excluded.npm_package, registry_url = excluded.registry_url,
                doc = excluded.doc, changed = excluded.changed",
            self.with_changed(with_doc(columns::thing(row), row)?),
        )
    }

    fn knowledge(&self, mut row: Knowledge, old: Option<&Knowledge>) -> Result<(), StoreError> {
        let embedding = row.embedding.take();
        let n = self.number(
            "INSERT INTO knowledge (place, id, type, source, newest, archived, doc, changed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (place, id) DO UPDATE SET
                type = excluded.type, source = excluded.source, newest = excluded.newest,
                archived = excluded.archived, doc = excluded.doc, changed = excluded.changed
             RETURNING n",
            self.with_changed(with_doc(columns::knowledge(&row), &row)?),
        )?;
        if old.is_none_or(|old| old.embedding != embedding) {
            self.run("DELETE FROM vectors WHERE n = ?1", [Value::Integer(n)])?;
            if let Some(embedding) = &embedding {
                self.put(
                    "INSERT INTO vectors (place, n, model, vector) VALUES (?1, ?2, ?3, ?4)",
                    [
                        Value::Integer(n),
                        key::text(embedding.model()),
                        Value::Blob(encode_vector(embedding.values())),
                    ],
                )?;
            }
        }
        self.labels(&row, old)
    }

    /// Labels of what is listed: `created_at` never changes, so neither does their place in the
    /// order.
    fn labels(&self, row: &Knowledge, old: Option<&Knowledge>) -> Result<(), StoreError> {
        let (was, is) = (
            old.map(columns::labels).unwrap_or_default(),
            columns::labels(row),
        );
        let newest = Value::Integer(select::newest(row.created_at));
        let keys = |label: &String| [key::text(label), newest.clone(), key::id(row.id.as_uuid())];
        for label in was.difference(&is) {
            self.put(
                "DELETE FROM labels WHERE place = ?1 AND label = ?2 AND newest = ?3 AND id = ?4",
                keys(label),
            )?;
        }
        for label in is.difference(&was) {
            self.put(
                "INSERT INTO labels (place, label, newest, id) VALUES (?1, ?2, ?3, ?4)",
                keys(label),
            )?;
        }
        Ok(())
    }

    fn connection(&self, row: &Connection) -> Result<(), StoreError> {
        self.put(
            "INSERT INTO connections (place, id, type, from_end, to_end, ended, doc)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (place, id) DO UPDATE SET
                type = excluded.type, from_end = excluded.from_end, to_end = excluded.to_end,
                ended = excluded.ended, doc = excluded.doc",
            with_doc(columns::connection(row), row)?,
        )
    }

    fn event(&self, row: &Event) -> Result<(), StoreError> {
        self.put(
            "INSERT INTO events (place, seq, type, target, doc) VALUES (?1, ?2, ?3, ?4, ?5)",
            with_doc(columns::event(row), row)?,
        )
    }

    fn with_changed(&self, columns: impl Iterator<Item = Value>) -> impl Iterator<Item = Value> {
        columns.chain(std::iter::once(Value::Integer(self.changed)))
    }

    /// Runs a statement whose first parameter is the place.
    fn put(&self, sql: &str, params: impl IntoIterator<Item = Value>) -> Result<(), StoreError> {
        self.run(sql, std::iter::once(key::place(self.place)).chain(params))
    }

    fn run(&self, sql: &str, params: impl IntoIterator<Item = Value>) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params_from_iter(params)))
            .map(drop)
            .or_store_error()
    }

    /// Runs a statement whose first parameter is the place and that returns a row's number.
    fn number(
        &self,
        sql: &str,
        params: impl IntoIterator<Item = Value>,
    ) -> Result<i64, StoreError> {
        let params = std::iter::once(key::place(self.place)).chain(params);
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement.query_row(params_from_iter(params), |row| row.get(0))
            })
            .or_store_error()
    }
}

/// The columns of a row, and the row.
fn with_doc<const N: usize, T: serde::Serialize>(
    columns: [Value; N],
    row: &T,
) -> Result<impl Iterator<Item = Value> + use<N, T>, StoreError> {
    let doc = Value::Text(encode(row)?);
    Ok(columns.into_iter().chain(std::iter::once(doc)))
}
