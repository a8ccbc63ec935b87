//! Copies of what is on a server are made with the server's own programs: here is with which words.

use std::path::Path;

use plugin_store_postgres::Options;
use plugin_store_postgres::tokio_postgres::Config;
use plugin_store_postgres::tokio_postgres::config::Host;

use crate::failure::Failure;
use crate::kept::DatabaseAddress;

/// Row-level security binds the owner too, and a dump that it binds would be refused.
const WHO: &str = "its role must be a superuser or have BYPASSRLS; name it with --username";

/// What makes a copy.
pub(super) fn backup(address: &DatabaseAddress, file: &Path) -> Result<Failure, Failure> {
    let schema = Options::default().schema;
    let mut words = vec![
        "pg_dump".to_owned(),
        "--format=custom".to_owned(),
        format!("--schema={schema}"),
    ];
    words.extend(connection(address)?);
    words.push(format!("--file={}", file.display()));
    Ok(needed(
        "a schema on a server is copied with pg_dump",
        &words,
    ))
}

/// What puts a copy in place.
pub(super) fn restore(address: &DatabaseAddress, file: &Path) -> Result<Failure, Failure> {
    let mut words: Vec<String> = [
        "pg_restore",
        "--clean",
        "--if-exists",
        "--single-transaction",
    ]
    .map(str::to_owned)
    .into();
    words.extend(connection(address)?);
    words.push(file.display().to_string());
    let message = "a schema on a server is put back with pg_restore, while no host uses it";
    Ok(needed(message, &words))
}

fn needed(message: &str, words: &[String]) -> Failure {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    Failure::new("ServerToolNeeded", message).with([words.join(" "), WHO.to_owned()])
}

/// Where and who, without a password.
fn connection(address: &DatabaseAddress) -> Result<Vec<String>, Failure> {
    let config: Config = address.as_str().parse().map_err(|_| {
        // Its own error may repeat a part of the password.
        Failure::new(
            "UsageError",
            "--store is not an address of a PostgreSQL database",
        )
    })?;
    let host = config.get_hosts().first().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let port = config.get_ports().first().map(u16::to_string);
    let words = [
        ("--host", host),
        ("--port", port),
        ("--username", config.get_user().map(str::to_owned)),
        ("--dbname", config.get_dbname().map(str::to_owned)),
    ];
    let words = words.into_iter();
    Ok(words
        .filter_map(|(name, value)| Some(format!("{name}={}", value?)))
        .collect())
}

/// As a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:@,+".contains(c);
    if word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
