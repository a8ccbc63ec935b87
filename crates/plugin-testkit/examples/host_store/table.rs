//! Step 1: which of the host's columns says what.

use one_ontology::{Place, StoreError};
use rusqlite::types::{ToSql, Value as Sql};
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A table of the host's.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Each column, and the field of ours that it holds. The first is the row's id in its organisation. All
    /// other fields are in the column `facts`.
    pub(crate) columns: &'static [(&'static str, &'static str)],
}

pub(crate) const ORGANISATIONS: Table = Table {
    name: "organisations",
    columns: &[("org_uuid", "id"), ("title", "name"), ("part_of", "parent")],
};
pub(crate) const USERS: Table = Table {
    name: "users",
    columns: &[
        ("user_uuid", "id"),
        ("full_name", "display_name"),
        ("e_mail", "email"),
    ],
};
pub(crate) const STAFF: Table = Table {
    name: "staff",
    columns: &[("user_uuid", "person"), ("job", "role")],
};
pub(crate) const ASSETS: Table = Table {
    name: "assets",
    columns: &[("asset_uuid", "id"), ("kind", "type"), ("label", "name")],
};
// Moments are texts of one length in UTC: they sort as they follow one another.
pub(crate) const DOCUMENTS: Table = Table {
    name: "documents",
    columns: &[
        ("document_uuid", "id"),
        ("written", "created_at"),
        ("content", "text"),
    ],
};
pub(crate) const LINKS: Table = Table {
    name: "links",
    columns: &[("link_uuid", "id"), ("source", "from"), ("target", "to")],
};

/// A place as the host knows it: by a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Org {
    pub(crate) no: i64,
    pub(crate) place: Place,
}

impl Org {
    /// The shared registry: a number that no organisation has.
    pub(crate) const GLOBAL: Self = Self {
        no: 0,
        place: Place::Global,
    };

    /// None if the host has no such organisation.
    pub(crate) fn find(c: &Connection, place: Place) -> Result<Option<Self>, StoreError> {
        let Place::Group(id) = place else {
            return Ok(Some(Self::GLOBAL));
        };
        c.prepare_cached("SELECT org_no FROM organisations WHERE org_uuid = ?1")
            .and_then(|mut s| s.query_row([id.to_string()], |row| row.get(0)).optional())
            .map(|no| no.map(|no| Self { no, place }))
            .map_err(broken)
    }

    /// The number for an organisation that is about to be written.
    pub(crate) fn found_or_new(c: &Connection, place: Place) -> Result<Self, StoreError> {
        if let Some(org) = Self::find(c, place)? {
            return Ok(org);
        }
        let next = "SELECT coalesce(max(org_no), 0) + 1 FROM organisations";
        let no = c.query_row(next, [], |row| row.get(0)).map_err(broken)?;
        Ok(Self { no, place })
    }
}

impl Table {
    /// Writes a row, over the one of the same id.
    pub(crate) fn put(
        &self,
        c: &Connection,
        org: Org,
        row: &impl Serialize,
    ) -> Result<(), StoreError> {
        let mut facts = serde_json::to_value(row).map_err(unreadable)?;
        let mut values = vec![Sql::Integer(org.no)];
        if let Some(fields) = facts.as_object_mut() {
            // The number of the organisation says it.
            fields.remove("place");
            values.extend(
                self.columns
                    .iter()
                    .map(|(_, field)| match fields.remove(*field) {
                        Some(Value::String(text)) => Sql::Text(text),
                        _ => Sql::Null,
                    }),
            );
        }
        values.push(Sql::Text(facts.to_string()));
        let columns: Vec<&str> = self.columns.iter().map(|(column, _)| *column).collect();
        let changed = columns[1..].iter().chain(&["facts"]);
        let changed: Vec<String> = changed
            .map(|column| format!("{column} = excluded.{column}"))
            .collect();
        // Whatever else the host keeps in the row stays as it is.
        let sql = format!(
            "INSERT INTO {} (org_no, {}, facts) VALUES ({}) ON CONFLICT DO UPDATE SET {}",
            self.name,
            columns.join(", "),
            vec!["?"; values.len()].join(", "),
            changed.join(", ")
        );
        c.prepare_cached(&sql)
            .and_then(|mut s| s.execute(params_from_iter(values)))
            .map(drop)
            .map_err(broken)
    }

    /// The row of an id.
    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        c: &Connection,
        org: Org,
        id: &dyn std::fmt::Display,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        let (key, id) = (self.columns[0].0, id.to_string());
        self.each(c, org, &format!("AND {key} = ?"), &[&id], |row| {
            found = Some(row);
            false
        })?;
        Ok(found)
    }

    /// Rows of an organisation, as long as they are wanted. `narrowed` is what follows the predicate that keeps to it.
    pub(crate) fn each<T: DeserializeOwned>(
        &self,
        c: &Connection,
        org: Org,
        narrowed: &str,
        by: &[&dyn ToSql],
        mut wanted: impl FnMut(T) -> bool,
    ) -> Result<(), StoreError> {
        let columns: Vec<&str> = self.columns.iter().map(|(column, _)| *column).collect();
        let sql = format!(
            "SELECT {}, facts FROM {} WHERE org_no = ? {narrowed}",
            columns.join(", "),
            self.name
        );
        let mut statement = c.prepare_cached(&sql).map_err(broken)?;
        let values = [&org.no as &dyn ToSql]
            .into_iter()
            .chain(by.iter().copied());
        let mut rows = statement.query(params_from_iter(values)).map_err(broken)?;
        while let Some(row) = rows.next().map_err(broken)? {
            if !wanted(self.read(row, org)?) {
                break;
            }
        }
        Ok(())
    }

    /// A row as we know it: its facts, and what the host's columns say.
    fn read<T: DeserializeOwned>(&self, row: &Row<'_>, org: Org) -> Result<T, StoreError> {
        let facts: String = row.get(self.columns.len()).map_err(broken)?;
        let mut facts: Value = serde_json::from_str(&facts).map_err(unreadable)?;
        if let Some(fields) = facts.as_object_mut() {
            fields.insert("place".to_owned(), org.place.to_string().into());
            for (at, (_, field)) in self.columns.iter().enumerate() {
                if let Some(text) = row.get::<_, Option<String>>(at).map_err(broken)? {
                    fields.insert((*field).to_owned(), text.into());
                }
            }
        }
        serde_json::from_value(facts).map_err(unreadable)
    }
}

/// What the database says, in the words of the port.
pub(crate) fn broken(error: rusqlite::Error) -> StoreError {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            StoreError::Busy { reason }
        }
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => StoreError::Corrupt { reason },
        _ => StoreError::Unavailable { reason },
    }
}

pub(crate) fn unreadable(error: serde_json::Error) -> StoreError {
    let reason = error.to_string();
    StoreError::Corrupt { reason }
}
