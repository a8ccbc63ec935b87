//! The tables, and how a database gets them.

use one_ontology::StoreError;
use tokio_postgres::Client;

use crate::error::{Failure, corrupt, incompatible};
use crate::session::in_schema;
use crate::{Options, key};

/// Marks the schema as ours.
const PROGRAM: &str = "one-plugin facts";

/// Each step leads from the version before it to the next. A step that was published is never
/// changed; a new one is added behind it. A step that reads or writes rows switches off
/// `FORCE ROW LEVEL SECURITY` before and on again after, since the owner is bound by it too.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
];

const TABLES: &[&str] = &[
    "groups",
    "memberships",
    "people",
    "things",
    "connections",
    "events",
    "knowledge",
    "labels",
    "vectors",
    "budgets",
    "receipts",
];

/// The oldest server that has what the statements use.
const OLDEST: i32 = 130_000;

/// Whether the server itself keeps places apart for this role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowSecurity {
    /// A statement that forgot its place would see nothing of another.
    Enforced,
    /// The role is a superuser or has `BYPASSRLS`: only the statements keep places apart.
    Bypassed,
}

/// The newest format: the one that [`PostgresStore::connect`](crate::PostgresStore::connect) brings a schema to.
#[expect(clippy::cast_possible_truncation, reason = "the steps are few")]
pub const FORMAT: u32 = MIGRATIONS.len() as u32;

/// What a look at a schema has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Its format; none if there is no schema, or nothing in it.
    pub format: Option<u32>,
    /// Whether the server itself keeps places apart for the role that looked.
    pub row_security: RowSecurity,
}

/// Looks at a schema and leaves it as it is.
pub(crate) async fn look(client: &Client, options: &Options) -> Result<Looked, StoreError> {
    let row_security = check_server(client, options).await?;
    let version = version(client, &options.schema).await?;
    let format = u32::try_from(version).ok().filter(|version| *version > 0);
    Ok(Looked {
        format,
        row_security,
    })
}

/// Makes the schema, or brings it to this version, or refuses it and leaves it as it is.
pub(crate) async fn open(client: &Client, options: &Options) -> Result<RowSecurity, StoreError> {
    let security = check_server(client, options).await?;
    if version(client, &options.schema).await? < number(MIGRATIONS) {
        migrate(client, &options.schema, MIGRATIONS).await?;
    }
    check_tables(client, &options.schema).await?;
    Ok(security)
}

async fn check_server(client: &Client, options: &Options) -> Result<RowSecurity, StoreError> {
    let row = client
        .query_one(
            "SELECT current_setting('server_version_num')::int, getdatabaseencoding()::text, \
             current_user::text, \
             (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user), \
             pg_is_in_recovery()",
            &[],
        )
        .await
        .map_err(Failure::from)?;
    let get = |error: tokio_postgres::Error| StoreError::from(Failure::from(error));
    let number: i32 = row.try_get(0).map_err(get)?;
    if number < OLDEST {
        return Err(incompatible(format!(
            "the server is PostgreSQL {}, the oldest that will do is {}",
            number / 10_000,
            OLDEST / 10_000
        )));
    }
    let encoding: String = row.try_get(1).map_err(get)?;
    if encoding != "UTF8" {
        return Err(incompatible(format!(
            "the database keeps texts as {encoding}, not as UTF8"
        )));
    }
    let replica: bool = row.try_get(4).map_err(get)?;
    if replica {
        return Err(StoreError::Unavailable {
            reason: "the server is a replica, which can only be read: name the primary".to_owned(),
        });
    }
    let role: String = row.try_get(2).map_err(get)?;
    let bypassed: Option<bool> = row.try_get(3).map_err(get)?;
    match bypassed {
        Some(true) if options.require_row_security => Err(StoreError::Unavailable {
            reason: format!(
                "the role `{}` passes row-level security by: use one that is no superuser and has \
                 no BYPASSRLS",
                one_ontology::excerpt(&role, 64)
            ),
        }),
        Some(true) => Ok(RowSecurity::Bypassed),
        _ => Ok(RowSecurity::Enforced),
    }
}

/// The version of the schema; 0 if there is none, or nothing in it.
async fn version(client: &Client, schema: &str) -> Result<i32, StoreError> {
    let row = client
        .query_one(
            "SELECT count(*), count(*) FILTER (WHERE c.relname = 'version') \
             FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
            &[&schema],
        )
        .await
        .map_err(Failure::from)?;
    let (all, versions): (i64, i64) = (
        row.try_get(0).map_err(Failure::from)?,
        row.try_get(1).map_err(Failure::from)?,
    );
    if all == 0 {
        return Ok(0);
    }
    let another = || {
        incompatible(format!(
            "the schema `{schema}` belongs to another program: choose another one"
        ))
    };
    if versions == 0 {
        return Err(another());
    }
    let sql = in_schema(schema, "SELECT program, version FROM @version");
    let rows = match client.query(&sql, &[]).await {
        Ok(rows) => rows,
        // No such column: not our table.
        Err(error) if error.code().is_some_and(|code| code.code() == "42703") => {
            return Err(another());
        }
        Err(error) => return Err(Failure::from(error).into()),
    };
    let [row] = rows.as_slice() else {
        return Err(another());
    };
    let (program, version): (String, i32) = match (row.try_get(0), row.try_get(1)) {
        (Ok(program), Ok(version)) => (program, version),
        _ => return Err(another()),
    };
    if program != PROGRAM {
        return Err(another());
    }
    let known = number(MIGRATIONS);
    if version > known {
        return Err(incompatible(format!(
            "the schema `{schema}` has version {version}, this program knows {known}"
        )));
    }
    Ok(version)
}

fn number(steps: &[&str]) -> i32 {
    i32::try_from(steps.len()).unwrap_or(i32::MAX)
}

/// All steps that are missing, in one transaction that is durable whatever the rows are; others
/// who open the schema wait.
pub(crate) async fn migrate(
    client: &Client,
    schema: &str,
    steps: &[&str],
) -> Result<(), StoreError> {
    let lock = key::lock(schema, "schema");
    run(
        client,
        &format!(
            "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL synchronous_commit = on; \
             SELECT pg_advisory_xact_lock({lock})"
        ),
    )
    .await?;
    let result = migrate_inside(client, schema, steps).await;
    run(client, if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    result
}

async fn migrate_inside(client: &Client, schema: &str, steps: &[&str]) -> Result<(), StoreError> {
    // Read again: somebody else may just have done the same.
    let at = version(client, schema).await?;
    if at == 0 {
        let exists = client
            .query(
                "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1",
                &[&schema],
            )
            .await
            .map_err(Failure::from)?;
        if exists.is_empty() {
            run(client, &format!("CREATE SCHEMA \"{schema}\"")).await?;
        }
        let table = in_schema(
            schema,
            "CREATE TABLE @version (program text NOT NULL, version integer NOT NULL)",
        );
        run(client, &table).await?;
        let row = in_schema(schema, "INSERT INTO @version VALUES ($1, 0)");
        client
            .execute(&row, &[&PROGRAM])
            .await
            .map_err(Failure::from)?;
    }
    for (step, sql) in (1..).zip(steps) {
        if step > at {
            run(client, &in_schema(schema, sql)).await?;
        }
    }
    let sql = in_schema(schema, "UPDATE @version SET version = $1");
    client
        .execute(&sql, &[&number(steps)])
        .await
        .map_err(Failure::from)?;
    Ok(())
}

async fn run(client: &Client, sql: &str) -> Result<(), StoreError> {
    Ok(client.batch_execute(sql).await.map_err(Failure::from)?)
}

/// Refuses a schema whose tables were taken away, or whose rows are no longer kept apart.
async fn check_tables(client: &Client, schema: &str) -> Result<(), StoreError> {
    let rows = client
        .query(
            "SELECT c.relname::text, c.relrowsecurity AND c.relforcerowsecurity \
             FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relkind = 'r'",
            &[&schema],
        )
        .await
        .map_err(Failure::from)?;
    let mut secured = std::collections::BTreeMap::new();
    for row in &rows {
        let name: String = row.try_get(0).map_err(Failure::from)?;
        let on: bool = row.try_get(1).map_err(Failure::from)?;
        secured.insert(name, on);
    }
    for table in TABLES {
        match secured.get(*table) {
            Some(true) => {}
            Some(false) => {
                return Err(incompatible(format!(
                    "row-level security of `{schema}.{table}` is switched off: switch it on and \
                     force it"
                )));
            }
            None => return Err(corrupt(format!("the table `{schema}.{table}` is missing"))),
        }
    }
    Ok(())
}
