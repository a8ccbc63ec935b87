//! One connection: its statements, and what it does in one go.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Error, Row, Socket, Statement};

use crate::error::Failure;

/// A value that a statement is given.
pub(crate) type Param = Box<dyn ToSql + Sync + Send>;

/// A statement and its values. In its text `@` stands for the schema.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) params: Vec<Param>,
}

impl Query {
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>, params: Vec<Param>) -> Self {
        Self {
            sql: sql.into(),
            params,
        }
    }
}

/// Puts the schema into a statement.
pub(crate) fn in_schema(schema: &str, sql: &str) -> String {
    sql.replace('@', &format!("\"{schema}\"."))
}

/// What a connection says by itself.
pub(crate) type Messages = BoxStream<'static, Result<AsyncMessage, Error>>;

/// Makes connections; on the runtime that drives them.
pub(crate) trait Connect: Send + Sync + 'static {
    fn connect(&self) -> BoxFuture<'static, Result<(Client, Messages), Error>>;
}

/// By an address, over what the host encrypts with.
pub(crate) struct ByConfig<T> {
    pub(crate) config: Config,
    pub(crate) tls: T,
}

impl<T> Connect for ByConfig<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(&self) -> BoxFuture<'static, Result<(Client, Messages), Error>> {
        let (config, tls) = (self.config.clone(), self.tls.clone());
        async move {
            let (client, mut connection) = config.connect(tls).await?;
            let messages = stream::poll_fn(move |context| connection.poll_message(context));
            Ok((client, messages.boxed()))
        }
        .boxed()
    }
}

/// A connection that is ready for use.
pub(crate) struct Session {
    pub(crate) client: Client,
    schema: Arc<str>,
    statements: BTreeMap<Cow<'static, str>, Statement>,
}

/// How many statements a connection keeps prepared; there are a few dozen.
const STATEMENTS: usize = 256;

impl Session {
    pub(crate) const fn new(client: Client, schema: Arc<str>) -> Self {
        Self {
            client,
            schema,
            statements: BTreeMap::new(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Before the first of a batch is sent: preparing waits for the server.
    pub(crate) async fn prepare<'a>(
        &mut self,
        queries: impl IntoIterator<Item = &'a Query>,
    ) -> Result<(), Error> {
        if self.statements.len() > STATEMENTS {
            self.statements.clear();
        }
        for query in queries {
            if !self.statements.contains_key(&query.sql) {
                let sql = in_schema(&self.schema, &query.sql);
                let statement = self.client.prepare(&sql).await?;
                self.statements.insert(query.sql.clone(), statement);
            }
        }
        Ok(())
    }

    /// Sends all at once, in order, and waits for all answers: `before` and `after` are plain
    /// commands around the queries. The first error counts: what follows it fails for its sake.
    ///
    /// An `after` that was answered says nothing by itself: a transaction that has failed answers
    /// `COMMIT` too, by rolling back. So its success counts only when every query's does.
    pub(crate) async fn flight(
        &mut self,
        before: Option<&str>,
        queries: &[Query],
        after: Option<&str>,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        self.prepare(queries).await?;
        let mut parts = Vec::with_capacity(queries.len() + 2);
        let client = &self.client;
        let command = |sql: Option<&str>| {
            let sql = sql.map(str::to_owned);
            sql.map(|sql| async move { client.batch_execute(&sql).await.map(|()| None) }.boxed())
        };
        parts.extend(command(before));
        for query in queries {
            let Some(statement) = self.statements.get(&query.sql) else {
                return Err(Failure::Again("a statement was not prepared".to_owned()));
            };
            parts.push(
                async move {
                    let params: Vec<&(dyn ToSql + Sync)> = query
                        .params
                        .iter()
                        .map(|param| -> &(dyn ToSql + Sync) { &**param })
                        .collect();
                    client.query(statement, &params).await.map(Some)
                }
                .boxed(),
            );
        }
        parts.extend(command(after));
        let answers = in_order(parts).await;
        let mut results = Vec::with_capacity(queries.len());
        for answer in answers {
            results.extend(answer?);
        }
        Ok(results)
    }

    /// Ends a transaction that is not wanted, without waiting for it: what this connection is
    /// given next comes behind it.
    pub(crate) fn roll_back(&self) {
        let _sent = self.client.batch_execute("ROLLBACK").now_or_never();
    }
}

/// Polls each from the first to the last, so that they are sent in this order.
async fn in_order<T>(parts: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    // `join_all` keeps the order of polling for few futures only.
    if parts.len() <= 24 {
        return join_all(parts).await;
    }
    let mut answers = Vec::with_capacity(parts.len());
    let mut parts = parts.into_iter();
    loop {
        let some: Vec<_> = parts.by_ref().take(24).collect();
        if some.is_empty() {
            return answers;
        }
        answers.extend(join_all(some).await);
    }
}
