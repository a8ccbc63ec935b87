//! Opening a file, or refusing it and leaving it as it is.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use one_ontology::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{self, OrStoreError as _, corrupt};
use crate::files::{beside, name, unavailable};
use crate::held::{Held, unless_held};
use crate::schema::{APPLICATION_ID, MIGRATIONS, check_tables, migrate, pragma, version_of};
use crate::{Durability, Options};

/// The connection that writes. Nothing is written before the file is known to be ours and whole.
pub(crate) fn writer(path: &Path, options: &Options) -> Result<(Connection, Held), StoreError> {
    let held = Held::open(path, || check_first_bytes(path))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).or_store_error()?;
    // Closing a file that is refused must not move its log into it.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .or_store_error()?;
    connection
        .busy_timeout(options.busy_timeout)
        .or_store_error()?;
    check_content(&connection, path, options)?;
    if connection.is_readonly("main").or_store_error()? {
        return Err(StoreError::Unavailable {
            reason: format!("`{}` can only be read", name(path)),
        });
    }
    migrate(&mut connection, MIGRATIONS)?;
    check_tables(&connection)?;
    use_log(&connection, options.busy_timeout)?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .or_store_error()?;
    configure(&connection, options)?;
    Ok((connection, held))
}

/// A connection that only reads a file that is open already.
pub(crate) fn reader(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).or_store_error()?;
    connection
        .busy_timeout(options.busy_timeout)
        .or_store_error()?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// A reader that waits for nobody.
pub(crate) fn point_reader(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let connection = reader(path, options)?;
    connection.busy_timeout(Duration::ZERO).or_store_error()?;
    Ok(connection)
}

/// A connection to a file of ours, of whatever version, that may be in use or belong to nobody: it
/// only looks, and leaves no files behind that were not there.
pub(crate) fn to_look(path: &Path) -> Result<Connection, StoreError> {
    std::fs::metadata(path).map_err(|error| unavailable(path, &error))?;
    check_header(path)?;
    // Who may only read cannot remove the log that even reading makes.
    let access = if beside(path, "-wal").exists() {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).or_store_error()?;
    connection
        .busy_timeout(Options::default().busy_timeout)
        .or_store_error()?;
    let moment = connection.unchecked_transaction().or_store_error()?;
    let application_id = pragma(&moment, "application_id")?;
    check_owner(path, application_id, pragma(&moment, "user_version")?)?;
    drop(moment);
    Ok(connection)
}

/// The format of the file at `path`; none if there is no file, or nothing in it.
pub(crate) fn format_of(path: &Path) -> Result<Option<u32>, StoreError> {
    match std::fs::metadata(path) {
        // What a transaction left beside an empty file may be all that there is.
        Ok(file) if file.len() == 0 && !beside(path, "-wal").exists() => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let version = pragma(&to_look(path)?, "user_version")?;
    Ok(Some(u32::try_from(version).unwrap_or(0)))
}

/// A connection to a file that nobody else knows yet, brought to this version.
pub(crate) fn to_migrate(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).or_store_error()?;
    migrate(&mut connection, MIGRATIONS)?;
    Ok(connection)
}

/// The one connection of a database without a file.
pub(crate) fn in_memory() -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory().or_store_error()?;
    migrate(&mut connection, MIGRATIONS)?;
    configure(
        &connection,
        &Options::default().durability(Durability::Normal),
    )?;
    Ok(connection)
}

const STATEMENTS: usize = 128;

fn configure(connection: &Connection, options: &Options) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection
        .pragma_update(None, "synchronous", options.durability.pragma())
        .or_store_error()?;
    if let Some(bytes) = options.max_bytes {
        let page = u64::try_from(pragma(connection, "page_size")?).unwrap_or(4096);
        let pages = i64::try_from((bytes / page.max(1)).max(1)).unwrap_or(i64::MAX);
        connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .or_store_error()?;
    }
    Ok(())
}

/// Write-ahead logging, which readers and a writer share. SQLite does not wait by itself here.
fn use_log(connection: &Connection, patience: Duration) -> Result<(), StoreError> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        let mode = connection
            .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode == "wal" => {
                // Only who has used the log removes it when closing, and readers may not.
                return pragma(connection, "user_version").map(drop);
            }
            Ok(mode) => {
                return Err(StoreError::Unavailable {
                    reason: format!("the file system does not support logs (mode `{mode}`)"),
                });
            }
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && waited < patience =>
            {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(error) => return Err(error::of(&error)),
        }
    }
}

/// Looks at the file's first bytes before SQLite does, because SQLite may write to what it opens.
/// One that this process has open was looked at when it was opened.
pub(crate) fn check_header(path: &Path) -> Result<(), StoreError> {
    unless_held(path, || check_first_bytes(path)).unwrap_or(Ok(()))
}

fn check_first_bytes(path: &Path) -> Result<(), StoreError> {
    let length = match std::fs::metadata(path) {
        Ok(file) if file.is_file() => file.len(),
        Ok(_) => {
            return Err(StoreError::Unavailable {
                reason: format!("`{}` is not a file", name(path)),
            });
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unavailable(path, &error)),
    };
    if length == 0 {
        return Ok(());
    }
    let mut bytes = Vec::with_capacity(100);
    File::open(path)
        .and_then(|file| file.take(100).read_to_end(&mut bytes))
        .map_err(|error| unavailable(path, &error))?;
    let header = Header::parse(&bytes)
        .ok_or_else(|| corrupt(format!("`{}` is not an SQLite database", name(path))))?;
    // What a transaction left beside the file counts more than the file: SQLite puts it right.
    let unfinished = ["-journal", "-wal"]
        .iter()
        .any(|end| std::fs::metadata(beside(path, end)).is_ok_and(|file| file.len() > 0));
    if unfinished && header.application_id == 0 {
        return Ok(());
    }
    check_owner(path, header.application_id, header.version)?;
    if !unfinished && header.pages.saturating_mul(header.page_size) > length {
        return Err(corrupt(format!(
            "`{}` is cut off: it has {length} bytes of {}",
            name(path),
            header.pages.saturating_mul(header.page_size)
        )));
    }
    Ok(())
}

/// Refuses other programs' files and newer versions.
fn check_owner(path: &Path, application_id: i32, version: i32) -> Result<(), StoreError> {
    let known = version_of(MIGRATIONS);
    if application_id != APPLICATION_ID {
        return Err(StoreError::Incompatible {
            reason: format!(
                "`{}` belongs to another program (application id {application_id:#x})",
                name(path)
            ),
        });
    }
    if version > known {
        return Err(StoreError::Incompatible {
            reason: format!(
                "`{}` has version {version}, this program knows {known}",
                name(path)
            ),
        });
    }
    Ok(())
}

/// Looks again, through SQLite, which also sees what the log has.
fn check_content(
    connection: &Connection,
    path: &Path,
    options: &Options,
) -> Result<(), StoreError> {
    // Of one moment: another process may be making the file.
    let moment = connection.unchecked_transaction().or_store_error()?;
    let objects: i64 = moment
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .or_store_error()?;
    let application_id = pragma(&moment, "application_id")?;
    let version = pragma(&moment, "user_version")?;
    drop(moment);
    if objects == 0 && application_id == 0 && version == 0 {
        return Ok(());
    }
    check_owner(path, application_id, version)?;
    if std::fs::metadata(path).is_ok_and(|file| file.len() <= options.check_up_to) {
        let verdict: String = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .or_store_error()?;
        if verdict != "ok" {
            return Err(corrupt(format!("`{}`: {verdict}", name(path))));
        }
    }
    Ok(())
}

/// What the first 100 bytes say (<https://www.sqlite.org/fileformat.html#the_database_header>).
struct Header {
    page_size: u64,
    /// How many pages the file has, if its last writer kept count.
    pages: u64,
    version: i32,
    application_id: i32,
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| -> Option<[u8; 4]> { bytes.get(at..at + 4)?.try_into().ok() };
        if !bytes.starts_with(b"SQLite format 3\0") || bytes.len() < 100 {
            return None;
        }
        let page_size = match u16::from_be_bytes(bytes.get(16..18)?.try_into().ok()?) {
            1 => 65_536,
            size => u64::from(size),
        };
        let counted = word(24)? == word(92)?;
        Some(Self {
            page_size,
            pages: if counted {
                u64::from(u32::from_be_bytes(word(28)?))
            } else {
                0
            },
            version: i32::from_be_bytes(word(60)?),
            application_id: i32::from_be_bytes(word(68)?),
        })
    }
}
