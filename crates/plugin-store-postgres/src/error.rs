//! What the server says, in the words of the port.

use one_ontology::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Why something was not done, and whether it may be tried again here.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Final.
    Store(StoreError),
    /// The connection is gone; another one may do it.
    Lost(String),
    /// Somebody else was in the way: nothing was done, and the next attempt may pass.
    Again(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        of(&error)
    }
}

impl From<Failure> for StoreError {
    /// When it is not tried again.
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error,
            Failure::Lost(reason) => unavailable(reason),
            Failure::Again(reason) => Self::Busy { reason },
        }
    }
}

/// Which failure a server's error is. Only its message is passed on: its details may hold rows.
pub(crate) fn of(error: &Error) -> Failure {
    let Some(db) = error.as_db_error() else {
        return if error.is_closed() || is_io(error) {
            Failure::Lost(words(error))
        } else {
            Failure::Store(unavailable(words(error)))
        };
    };
    let (code, reason) = (db.code(), words(error));
    match code.code() {
        // Serialization failure, deadlock; two who made the same event from the same past.
        "40001" | "40P01" | "23505" => Failure::Again(reason),
        // Lock not available, cancelled for its time.
        "55P03" | "57014" | "55006" => Failure::Store(StoreError::Busy { reason }),
        // Shut down, crashed, starting; too many connections; idle for too long.
        "57P01" | "57P02" | "25P03" | "57P05" => Failure::Lost(reason),
        // What was prepared is gone, or was made before the tables were changed.
        "26000" | "0A000" => Failure::Lost(reason),
        "53300" => Failure::Store(StoreError::Busy { reason }),
        _ if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED => {
            Failure::Store(corrupt(reason))
        }
        // A table, column or schema that is not there, a value that does not fit: not our schema.
        "42P01" | "42703" | "3F000" | "42804" | "42883" | "23502" | "23514" | "22P02" => {
            Failure::Store(corrupt(reason))
        }
        _ => match code.code().get(..2) {
            // Connection exceptions.
            Some("08") => Failure::Lost(reason),
            _ => Failure::Store(unavailable(reason)),
        },
    }
}

/// Why there is no connection.
pub(crate) fn connecting(error: &Error) -> StoreError {
    of(error).into()
}

fn is_io(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<std::io::Error>() {
            return true;
        }
        source = inner.source();
    }
    false
}

/// The server's message and code, or what the client met.
pub(crate) fn words(error: &Error) -> String {
    let text = match error.as_db_error() {
        Some(db) => format!("the server says {}: {}", db.code().code(), db.message()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    };
    one_ontology::excerpt(&text, 300)
}

pub(crate) const fn unavailable(reason: String) -> StoreError {
    StoreError::Unavailable { reason }
}

pub(crate) const fn corrupt(reason: String) -> StoreError {
    StoreError::Corrupt { reason }
}

pub(crate) const fn incompatible(reason: String) -> StoreError {
    StoreError::Incompatible { reason }
}
