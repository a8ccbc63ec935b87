//! A server to test on: one that runs, or one of our own.

use std::io::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use tokio_postgres::{Client, Config, Error, NoTls};

use crate::cluster::{Cluster, own};

/// Where tests find a server: an address of a superuser.
const VARIABLE: &str = "ONE_PLUGIN_TEST_POSTGRES";

/// The address of a server, or why there is none.
fn found() -> &'static Result<String, String> {
    static FOUND: OnceLock<Result<String, String>> = OnceLock::new();
    FOUND.get_or_init(|| {
        if let Ok(address) = std::env::var(VARIABLE) {
            return match try_sql(&address, "SELECT 1") {
                Ok(()) => Ok(address),
                Err(error) => panic!("{VARIABLE} is set, and there is no server: {error}"),
            };
        }
        let user = std::env::var("PGUSER").or_else(|_| std::env::var("USER"));
        let user = user.unwrap_or_else(|_| "root".to_owned());
        let running = ["test", "root", "postgres"]
            .into_iter()
            .flat_map(|database| [user.as_str(), "postgres"].map(|user| (user, database)))
            .map(|(user, database)| format!("postgres://{user}@127.0.0.1:5432/{database}"))
            .find(|address| {
                let right = "SELECT 1 / (rolsuper::int) FROM pg_roles WHERE rolname = current_user";
                try_sql(address, right).is_ok()
            });
        match running {
            Some(address) => Ok(address),
            None => own().map(Cluster::until_this_process_ends),
        }
    })
}

/// The address of a superuser on a server for a test, or, where there is none, a line that says that the test did not run. `what` begins
/// with the crate.
///
/// # Panics
/// If `ONE_PLUGIN_TEST_POSTGRES` names a server that does not answer.
#[must_use]
pub fn address(what: &str) -> Option<&'static str> {
    match found() {
        Ok(address) => Some(address),
        Err(why) => {
            skip(what, why);
            None
        }
    }
}

/// Says, where nobody can overlook it, that a test did not run.
///
/// # Panics
/// If the line cannot be written to the log.
pub fn skip(what: &str, why: &str) {
    let line = format!("SKIPPED: {what}: {why}");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("ONE_PLUGIN_SKIPPED_LOG") {
        let options = std::fs::File::options().create(true).append(true).open(log);
        writeln!(options.unwrap(), "{line}").unwrap();
    }
}

/// Runs what needs a runtime of tokio's.
///
/// # Panics
/// If there can be none.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// A connection of its own.
///
/// # Errors
/// What the server says.
pub async fn client(address: &str) -> Result<Client, Error> {
    let mut config: Config = address.parse()?;
    config.connect_timeout(Duration::from_secs(5));
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// Runs statements, if the server lets it.
///
/// # Errors
/// What the server says.
pub fn try_sql(address: &str, sql: &str) -> Result<(), Error> {
    run(async { client(address).await?.batch_execute(sql).await })
}

/// Runs statements that must succeed.
///
/// # Panics
/// If they do not.
pub fn sql(address: &str, sql: &str) {
    if let Err(error) = try_sql(address, sql) {
        panic!("{sql}: {error}: {:?}", error.as_db_error());
    }
}
