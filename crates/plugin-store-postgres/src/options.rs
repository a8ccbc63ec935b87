//! What a host may choose.

use std::time::Duration;

use one_ontology::StoreError;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When the server's disk has it, and its replicas as far as the server is told to wait for
    /// them: what `synchronous_commit` says there, and `on` where it says `off`.
    #[default]
    Full,
    /// When the server has it in memory (`synchronous_commit = off`). A crash of the server may
    /// take the last ones, in order; what is left is whole.
    Normal,
}

/// How a server is used. The defaults suit a service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The schema that the tables are in, so that they can live in a host's database: 1 to 40 of
    /// `a-z 0-9 _`, not starting with a digit. Default: `one`.
    pub schema: String,
    /// Which role to take on after connecting (`SET ROLE`), so that a host whose own role passes
    /// row-level security by does not. Default: none.
    pub role: Option<String>,
    /// Whether a role that passes row-level security by (a superuser, `BYPASSRLS`) is refused.
    /// Default: false; [`PostgresStore::row_security`](crate::PostgresStore::row_security) tells.
    pub require_row_security: bool,
    /// When a commit counts as done. Default: [`Durability::Full`].
    pub durability: Durability,
    /// How many connections work at a time, at least one; one more wakes watchers. Default: 8.
    pub connections: usize,
    /// How long to wait for a free connection before it is `Busy`. Default: 5 s.
    pub acquire_timeout: Duration,
    /// How long to wait for others who are writing before it is `Busy`. Default: 5 s.
    pub lock_timeout: Duration,
    /// How long one statement may take before it is `Busy`. Default: 30 s.
    pub statement_timeout: Duration,
    /// How long connecting may take, where the address does not say so. Default: 10 s.
    pub connect_timeout: Duration,
    /// How often watchers look for what no wake-up told them of. Default: 3 s.
    pub poll_interval: Duration,
    /// How much memory searches may keep, in bytes: an index for each place that was searched, those of the
    /// places searched last. The index of a place that is larger by itself is made anew for
    /// each search. Default: 256 MiB.
    pub search_memory: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            schema: "one".to_owned(),
            role: None,
            require_row_security: false,
            durability: Durability::Full,
            connections: 8,
            acquire_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            poll_interval: Duration::from_secs(3),
            search_memory: 256 << 20,
        }
    }
}

impl Options {
    /// With another schema.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// With a role to take on.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Refusing roles that pass row-level security by.
    #[must_use]
    pub const fn require_row_security(mut self) -> Self {
        self.require_row_security = true;
        self
    }

    /// With another durability.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// With another number of connections.
    #[must_use]
    pub const fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// With another time to wait for a free connection.
    #[must_use]
    pub const fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// With another time to wait for others who write.
    #[must_use]
    pub const fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// With another bound on one statement.
    #[must_use]
    pub const fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// With another bound on connecting.
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// With another interval between two looks of a watcher that nobody woke.
    #[must_use]
    pub const fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// With another bound on the memory of searches.
    #[must_use]
    pub const fn search_memory(mut self, bytes: usize) -> Self {
        self.search_memory = bytes;
        self
    }

    /// Names that are put into statements must be names and nothing else.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let plain = |text: &str, most: usize| {
            (1..=most).contains(&text.len())
                && !text.starts_with(|c: char| c.is_ascii_digit())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if !plain(&self.schema, 40) || self.schema.starts_with("pg_") {
            return Err(StoreError::Unavailable {
                reason: format!(
                    "the schema `{}` is not 1 to 40 of a-z, 0-9 and `_`",
                    one_ontology::excerpt(&self.schema, 64)
                ),
            });
        }
        match &self.role {
            Some(role) if role.is_empty() || role.len() > 63 || role.contains('\0') => {
                Err(StoreError::Unavailable {
                    reason: "the role is not a name of 1 to 63 bytes".to_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    /// What a connection is told before it is used.
    pub(crate) fn settings(&self) -> String {
        use std::fmt::Write as _;
        let millis = |time: Duration| time.as_millis().clamp(1, 2_147_483_647);
        let (statement, lock) = (millis(self.statement_timeout), millis(self.lock_timeout));
        // Statements are prepared for any values and made for their indexes: no plan may depend on
        // what the tables held when they were first asked.
        let mut sql = format!(
            "SET statement_timeout = {statement}; SET lock_timeout = {lock}; \
             SET idle_in_transaction_session_timeout = {statement}; SET row_security = on; \
             SET client_min_messages = warning; SET jit = off; \
             SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
             SET enable_bitmapscan = off; SET enable_sort = off; SET enable_hashjoin = off; \
             SET enable_mergejoin = off; SET enable_material = off; "
        );
        match self.durability {
            Durability::Full => sql.push_str(
                "SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off'; ",
            ),
            Durability::Normal => sql.push_str("SET synchronous_commit = off; "),
        }
        if let Some(role) = &self.role {
            let _infallible = write!(sql, "SET ROLE \"{}\"; ", role.replace('"', "\"\""));
        }
        sql
    }
}
