//! An empty database for one test.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::server::{sql, try_sql};

/// An empty database on a server, gone with the value.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Makes one.
    ///
    /// # Panics
    /// If the server does not.
    #[must_use]
    pub fn on(server: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let database = Self {
            server: server.to_owned(),
            name: format!("one_test_{}_{count}", std::process::id()),
        };
        // A process of the same number may have been killed.
        database.remove();
        let name = &database.name;
        sql(
            server,
            &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"),
        );
        database
    }

    /// Its address, of the same superuser.
    #[must_use]
    pub fn address(&self) -> String {
        in_database(&self.server, &self.name)
    }

    fn remove(&self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Err(error) = try_sql(&self.server, &drop) {
            eprintln!("{drop}: {error}");
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The same server's address with another database: `postgres://user@host/name?..`, or `host=.. dbname=..`.
fn in_database(address: &str, name: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return format!("{address} dbname={name}");
    };
    let (rest, options) = rest
        .split_once('?')
        .map_or((rest, String::new()), |(rest, options)| {
            (rest, format!("?{options}"))
        });
    let authority = rest
        .split_once('/')
        .map_or(rest, |(authority, _)| authority);
    format!("{scheme}://{authority}/{name}{options}")
}

#[cfg(test)]
mod tests {
    use super::in_database;

    #[test]
    fn only_the_database_of_an_address_is_another() {
        for (address, expected) in [
            ("postgres://u@h:5432/postgres", "postgres://u@h:5432/x"),
            ("postgres://u:p@h", "postgres://u:p@h/x"),
            (
                "postgresql://h/a?connect_timeout=3",
                "postgresql://h/x?connect_timeout=3",
            ),
            ("host=h user=u", "host=h user=u dbname=x"),
        ] {
            assert_eq!(in_database(address, "x"), expected);
        }
    }
}
