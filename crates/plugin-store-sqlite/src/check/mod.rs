//! Whether a file is whole: its pages, its tables, each row, what is derived from rows, each chain.

mod chains;
mod changed;
mod rows;

use std::collections::BTreeMap;
use std::path::Path;

use one_ontology::StoreError;
use rusqlite::{Connection, Transaction};

use crate::error::OrStoreError as _;
use crate::open;
use crate::progress::{Progress, Stage, Told};
use crate::schema::{MIGRATIONS, pragma, version_of};

/// What a check has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The version of the file's format.
    pub version: u32,
    /// Rows of each table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Chains of events that hold from their first event to their last.
    pub chains: u64,
    /// How much is wrong, also beyond what `findings` has room for.
    pub wrong: u64,
    /// What is wrong, at most [`Checked::MOST_FINDINGS`].
    pub findings: Vec<Finding>,
}

impl Checked {
    /// How many findings are kept.
    pub const MOST_FINDINGS: usize = 100;

    /// Nothing is wrong.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.wrong == 0
    }

    fn found(&mut self, kind: Fault, what: impl Into<String>) {
        self.wrong += 1;
        if self.findings.len() < Self::MOST_FINDINGS {
            self.findings.push(Finding {
                kind,
                what: what.into(),
            });
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of fault.
    pub kind: Fault,
    /// Where and how, in words. It quotes nothing of what rows hold.
    pub what: String,
}

/// What can be wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// A page or an index is damaged: restore a copy.
    Page,
    /// A table or index is missing, foreign, or not as this version makes it.
    Schema,
    /// A row cannot be read: restore a copy.
    Row,
    /// A column does not hold what its row says: lists and look-ups may miss it.
    Column,
    /// Labels, vectors or the numbers of changes do not belong to the rows and events that are there: lists and
    /// searches may miss some.
    Derived,
    /// A row is of a group that is not there.
    Place,
    /// A chain of events is broken: keep the file as evidence, compare with a copy.
    Chain,
}

impl Fault {
    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Schema => "schema",
            Self::Row => "row",
            Self::Column => "column",
            Self::Derived => "derived",
            Self::Place => "place",
            Self::Chain => "chain",
        }
    }
}

/// Checks a whole file, also one that is in use; it sees one moment of it. Writes nothing.
///
/// # Errors
/// `Incompatible`, `Corrupt`, `Unavailable`, `Busy`: it cannot be looked at. What is found in a file
/// that can be is in [`Checked::findings`].
pub fn check(
    path: impl AsRef<Path>,
    mut progress: impl FnMut(Progress),
) -> Result<Checked, StoreError> {
    let mut connection = open::to_look(path.as_ref())?;
    let (is, known) = (pragma(&connection, "user_version")?, version_of(MIGRATIONS));
    if is < known {
        return Err(StoreError::Incompatible {
            reason: format!(
                "it has version {is}, this program checks {known}: open it once, which brings it there"
            ),
        });
    }
    check_all(&mut connection, &mut progress)
}

pub(crate) fn check_all(
    connection: &mut Connection,
    progress: Told<'_>,
) -> Result<Checked, StoreError> {
    let moment = connection.transaction().or_store_error()?;
    let mut checked = Checked::default();
    let version = pragma(&moment, "user_version")?;
    checked.version = u32::try_from(version).unwrap_or(0);
    pages(&moment, &mut checked, progress)?;
    schema(&moment, &mut checked)?;
    if checked.findings.iter().any(|f| f.kind == Fault::Schema) {
        // The statements below would not even compile.
        return Ok(checked);
    }
    rows::check(&moment, &mut checked, progress)?;
    changed::check(&moment, &mut checked)?;
    chains::check(&moment, &mut checked)?;
    Ok(checked)
}

fn pages(
    moment: &Transaction<'_>,
    checked: &mut Checked,
    progress: Told<'_>,
) -> Result<(), StoreError> {
    let mut tell = |done| {
        progress(Progress {
            stage: Stage::Pages,
            done,
            of: 1,
        });
    };
    tell(0);
    let mut statement = moment
        .prepare(&format!(
            "PRAGMA integrity_check({})",
            Checked::MOST_FINDINGS
        ))
        .or_store_error()?;
    let mut rows = statement.query([]).or_store_error()?;
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let verdict: String = row.get(0).or_store_error()?;
                if verdict != "ok" {
                    checked.found(Fault::Page, verdict);
                }
            }
            Ok(None) => break,
            Err(error) => {
                checked.found(Fault::Page, error.to_string());
                break;
            }
        }
    }
    tell(1);
    Ok(())
}

type Objects = BTreeMap<(String, String), Option<String>>;

/// Tables, indexes, triggers and views are those of a new file, and no others.
fn schema(moment: &Transaction<'_>, checked: &mut Checked) -> Result<(), StoreError> {
    let expected = objects(&open::in_memory()?)?;
    let is = objects(moment)?;
    for (key @ (kind, name), sql) in &expected {
        match is.get(key) {
            None => checked.found(Fault::Schema, format!("the {kind} `{name}` is missing")),
            Some(other) if other != sql => checked.found(
                Fault::Schema,
                format!("the {kind} `{name}` is not as this version makes it"),
            ),
            Some(_) => {}
        }
    }
    for key in is.keys().filter(|key| !expected.contains_key(*key)) {
        let name = one_ontology::excerpt(&key.1, 64);
        checked.found(Fault::Schema, format!("the {} `{name}` is foreign", key.0));
    }
    Ok(())
}

fn objects(connection: &Connection) -> Result<Objects, StoreError> {
    let mut statement = connection
        .prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_stat*'")
        .or_store_error()?;
    let rows = statement
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))
        .or_store_error()?;
    rows.collect::<Result<_, _>>().or_store_error()
}
