//! What SQLite says, in the words of the port.

use one_ontology::StoreError;
use rusqlite::{Error, ErrorCode, ffi};

/// Which error of the port an SQLite error is.
pub(crate) fn of(error: &Error) -> StoreError {
    let reason = || error.to_string();
    match error {
        // Our only triggers are those that a newer format stops older programs with.
        Error::SqliteFailure(failure, Some(why))
            if failure.extended_code == ffi::SQLITE_CONSTRAINT_TRIGGER =>
        {
            StoreError::Incompatible {
                reason: why.clone(),
            }
        }
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy {
                reason: "another connection is writing".to_owned(),
            },
            ErrorCode::DiskFull => StoreError::Unavailable {
                reason: "the disk, or the size allowed for the file, is full".to_owned(),
            },
            ErrorCode::ReadOnly => StoreError::Unavailable {
                reason: "the file or its directory can only be read".to_owned(),
            },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown => {
                corrupt(reason())
            }
            _ => StoreError::Unavailable { reason: reason() },
        },
        // An index that a statement names is gone, a column has another type: not our schema.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::InvalidColumnIndex(_)
        | Error::InvalidColumnName(_)
        | Error::Utf8Error(..)
        | Error::SqlInputError { .. } => corrupt(reason()),
        _ => StoreError::Unavailable { reason: reason() },
    }
}

/// Which error of the port one is that the end of a transaction met. When the disk fails there, the log may
/// have all of it, and whoever opens the file after this process has died would find it.
pub(crate) fn of_commit(error: &Error) -> StoreError {
    match (error.sqlite_error_code(), of(error)) {
        (Some(ErrorCode::SystemIoFailure), StoreError::Unavailable { reason }) => {
            StoreError::Unavailable {
                reason: format!("{reason}; it is not known whether the commit was written"),
            }
        }
        (_, error) => error,
    }
}

pub(crate) const fn corrupt(reason: String) -> StoreError {
    StoreError::Corrupt { reason }
}

/// `?` for SQLite's results.
pub(crate) trait OrStoreError<T> {
    fn or_store_error(self) -> Result<T, StoreError>;
}

impl<T> OrStoreError<T> for Result<T, Error> {
    fn or_store_error(self) -> Result<T, StoreError> {
        self.map_err(|error| of(&error))
    }
}
