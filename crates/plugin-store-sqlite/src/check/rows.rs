//! Each row: it can be read, and its columns hold what it says.

use std::collections::BTreeSet;

use one_ontology::{
    BudgetState, Connection, Event, Group, Knowledge, Membership, Person, Place, Receipt,
    StoreError, Thing,
};
use rusqlite::Transaction;
use rusqlite::types::Value;
use serde::de::DeserializeOwned;

use super::{Checked, Fault, chains};
use crate::codec::{decode, decode_vector};
use crate::error::OrStoreError as _;
use crate::progress::{Progress, Stage, Told};
use crate::{columns, key, select};

/// A table whose rows are kept whole.
struct Table {
    name: &'static str,
    /// Those beside `place` and `doc`.
    columns: &'static str,
    /// What they hold, and where the row says that it lives, if it does.
    says: fn(&str) -> Result<Says, StoreError>,
}

struct Says {
    columns: Vec<Value>,
    place: Option<Place>,
}

fn says<T: DeserializeOwned, const N: usize>(
    what: &str,
    doc: &str,
    columns: fn(&T) -> [Value; N],
    place: impl Fn(&T) -> Option<Place>,
) -> Result<Says, StoreError> {
    let row: T = decode(what, doc)?;
    Ok(Says {
        columns: columns(&row).into(),
        place: place(&row),
    })
}

const TABLES: &[Table] = &[
    Table {
        name: "people",
        columns: "id, name",
        says: |doc| says::<Person, 2>("people", doc, columns::person, |row| Some(row.place)),
    },
    Table {
        name: "memberships",
        columns: "person",
        says: |doc| {
            says::<Membership, 1>("memberships", doc, columns::membership, |row| {
                Some(row.place)
            })
        },
    },
    Table {
        name: "things",
        columns: "id, type, name, status, npm_package, registry_url",
        says: |doc| says::<Thing, 6>("things", doc, columns::thing, |row| Some(row.place)),
    },
    Table {
        name: "connections",
        columns: "id, type, from_end, to_end, ended",
        says: |doc| {
            says::<Connection, 5>("connections", doc, columns::connection, |row| {
                Some(row.place)
            })
        },
    },
    Table {
        name: "events",
        columns: "seq, type, target",
        says: |doc| says::<Event, 3>("events", doc, columns::event, |row| Some(row.place)),
    },
    Table {
        name: "knowledge",
        columns: "id, type, source, newest, archived",
        says: |doc| {
            says::<Knowledge, 5>("knowledge", doc, columns::knowledge, |row| Some(row.place))
        },
    },
    Table {
        name: "budgets",
        columns: "",
        says: |doc| says::<BudgetState, 0>("budgets", doc, |_| [], |_| None),
    },
    Table {
        name: "receipts",
        columns: "",
        says: |doc| says::<Receipt, 0>("receipts", doc, |_| [], |row| Some(row.place)),
    },
];

/// Between two words about progress.
const ROWS: u64 = 4096;

pub(crate) fn check(
    moment: &Transaction<'_>,
    checked: &mut Checked,
    progress: Told<'_>,
) -> Result<(), StoreError> {
    let mut of = 0;
    for table in TABLES
        .iter()
        .map(|table| table.name)
        .chain(["groups", "vectors", "labels"])
    {
        let count: i64 = moment
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })
            .or_store_error()?;
        let count = u64::try_from(count).unwrap_or(0);
        checked.rows.insert(table, count);
        of += count;
    }
    let mut done = 0;
    let mut tell = || {
        done += 1;
        if done % ROWS == 0 || done == of {
            progress(Progress {
                stage: Stage::Rows,
                done,
                of,
            });
        }
    };
    let groups = groups(moment, checked, &mut tell)?;
    for table in TABLES {
        one_table(moment, checked, table, &groups, &mut tell)?;
    }
    labels(moment, checked, &mut tell)?;
    vectors(moment, checked, &mut tell)
}

/// The places that there are.
fn groups(
    moment: &Transaction<'_>,
    checked: &mut Checked,
    tell: &mut impl FnMut(),
) -> Result<BTreeSet<Vec<u8>>, StoreError> {
    let mut statement = moment
        .prepare("SELECT id, parent, doc FROM groups")
        .or_store_error()?;
    let mut rows = statement.query([]).or_store_error()?;
    // That of the shared registry.
    let mut groups = BTreeSet::from([Vec::new()]);
    while let Some(row) = rows.next().or_store_error()? {
        tell();
        let id: Vec<u8> = row.get(0).or_store_error()?;
        let parent: Value = row.get(1).or_store_error()?;
        let doc: String = row.get(2).or_store_error()?;
        match decode::<Group>("groups", &doc) {
            Err(error) => checked.found(Fault::Row, error.to_string()),
            Ok(group) if columns::group(&group) != [Value::Blob(id.clone()), parent] => {
                checked.found(Fault::Column, format!("group {}", group.id));
            }
            Ok(_) => {}
        }
        groups.insert(id);
    }
    Ok(groups)
}

fn one_table(
    moment: &Transaction<'_>,
    checked: &mut Checked,
    table: &Table,
    groups: &BTreeSet<Vec<u8>>,
    tell: &mut impl FnMut(),
) -> Result<(), StoreError> {
    let (name, separator) = (table.name, if table.columns.is_empty() { "" } else { ", " });
    let mut statement = moment
        .prepare(&format!(
            "SELECT doc, place{separator}{} FROM {name}",
            table.columns
        ))
        .or_store_error()?;
    let width = statement.column_count();
    let mut rows = statement.query([]).or_store_error()?;
    let mut number = 0_u64;
    while let Some(row) = rows.next().or_store_error()? {
        tell();
        number += 1;
        let doc: String = match row.get(0) {
            Ok(doc) => doc,
            Err(error) => {
                checked.found(Fault::Row, format!("row {number} of `{name}`: {error}"));
                continue;
            }
        };
        let place: Vec<u8> = row.get(1).or_store_error()?;
        let said = match (table.says)(&doc) {
            Ok(said) => said,
            Err(error) => {
                checked.found(Fault::Row, format!("row {number} of `{name}`: {error}"));
                continue;
            }
        };
        let is: Vec<Value> = (2..width)
            .map(|column| row.get(column))
            .collect::<Result<_, _>>()
            .or_store_error()?;
        if is != said.columns {
            checked.found(
                Fault::Column,
                format!("row {number} of `{name}` is not what its columns say"),
            );
        }
        let found = chains::place(&place);
        if found.is_none() || said.place.is_some_and(|place| Some(place) != found) {
            checked.found(
                Fault::Place,
                format!("row {number} of `{name}` is kept under a place that is not its own"),
            );
        } else if !groups.contains(&place) {
            checked.found(
                Fault::Place,
                format!("row {number} of `{name}` is of a group that is not there"),
            );
        }
    }
    Ok(())
}

/// Every label of every row of knowledge is there, and no other.
fn labels(
    moment: &Transaction<'_>,
    checked: &mut Checked,
    tell: &mut impl FnMut(),
) -> Result<(), StoreError> {
    let mut statement = moment
        .prepare("SELECT doc, place FROM knowledge")
        .or_store_error()?;
    let mut has = moment
        .prepare(
            "SELECT count(*) FROM labels
             WHERE place = ?1 AND label = ?2 AND newest = ?3 AND id = ?4",
        )
        .or_store_error()?;
    let mut rows = statement.query([]).or_store_error()?;
    let (mut expected, mut missing) = (0_u64, 0_u64);
    while let Some(row) = rows.next().or_store_error()? {
        // Those that cannot be read were found before.
        let Ok(knowledge) = crate::list::doc::<Knowledge>("knowledge", row) else {
            continue;
        };
        let place: Value = row.get(1).or_store_error()?;
        for label in columns::labels(&knowledge) {
            let keys = [
                place.clone(),
                Value::Text(label),
                Value::Integer(select::newest(knowledge.created_at)),
                key::id(knowledge.id.as_uuid()),
            ];
            let found: i64 = has.query_row(keys, |row| row.get(0)).or_store_error()?;
            expected += 1;
            missing += u64::from(found == 0);
        }
    }
    let is = checked.rows.get("labels").copied().unwrap_or(0);
    (0..is).for_each(|_| tell());
    if missing > 0 || is != expected {
        checked.found(
            Fault::Derived,
            format!(
                "`labels` has {is} rows, the knowledge has {expected} labels, {missing} are missing"
            ),
        );
    }
    Ok(())
}

/// Every vector can be read and belongs to a row of knowledge of its place.
fn vectors(
    moment: &Transaction<'_>,
    checked: &mut Checked,
    tell: &mut impl FnMut(),
) -> Result<(), StoreError> {
    let mut statement = moment
        .prepare(
            "SELECT v.n, v.model, v.vector, k.n IS NOT NULL
             FROM vectors v LEFT JOIN knowledge k ON k.n = v.n AND k.place = v.place",
        )
        .or_store_error()?;
    let mut rows = statement.query([]).or_store_error()?;
    while let Some(row) = rows.next().or_store_error()? {
        tell();
        let (n, model): (i64, String) =
            (row.get(0).or_store_error()?, row.get(1).or_store_error()?);
        let vector: Vec<u8> = row.get(2).or_store_error()?;
        if let Err(error) = decode_vector(model, &vector) {
            checked.found(Fault::Row, format!("vector {n}: {error}"));
        }
        if !row.get::<_, bool>(3).or_store_error()? {
            checked.found(
                Fault::Derived,
                format!("vector {n} belongs to no row of knowledge of its place"),
            );
        }
    }
    Ok(())
}
