//! A change set in one transaction, of the store's own or of the host's.

use std::sync::Arc;

use one_ontology::{ChangeSet, Decision, Effects, Event, Found, Receipt, StoreError, decide};
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use crate::error::{Failure, unavailable};
use crate::pool::{Lease, Pool};
use crate::session::{Query, in_schema};
use crate::{begin, find, list, select, write};

/// How often a commit is tried when others are in its way or a connection is lost.
const ATTEMPTS: usize = 5;

/// What came of one attempt.
enum Attempt {
    Done(Receipt),
    /// The connection was lost while the end of the transaction was on its way.
    Unknown(Receipt, String),
}

/// Looks up what the change set needs, decides, and writes. Other commits in its place come before
/// or after it, never between.
pub(crate) async fn commit(pool: &Arc<Pool>, changes: &ChangeSet) -> Result<Receipt, StoreError> {
    let mut attempt = 1;
    loop {
        let mut lease = pool.acquire().await?;
        let result = once(&mut lease, &pool.schema, changes).await;
        drop(lease);
        let failure = match result {
            Ok(Attempt::Done(receipt)) => return Ok(receipt),
            Ok(Attempt::Unknown(receipt, reason)) => {
                if was_done(pool, changes, &receipt, &reason).await? {
                    return Ok(receipt);
                }
                Failure::Lost(reason)
            }
            Err(failure) => failure,
        };
        match failure {
            Failure::Store(error) => return Err(error),
            Failure::Lost(_) | Failure::Again(_) if attempt < ATTEMPTS => attempt += 1,
            failure => return Err(failure.into()),
        }
    }
}

/// Two goes: one finds, one writes. Between the two nothing is awaited.
async fn once(lease: &mut Lease, schema: &str, changes: &ChangeSet) -> Result<Attempt, Failure> {
    let place = changes.place();
    let needs = changes.needs();
    let begin = begin::write(schema, place, needs.covered);
    let rows = lease
        .flight(Some(begin), vec![find::needs(&needs)], None)
        .await?;
    let mut found = find::found(&needs, rows.first().map_or(&[], Vec::as_slice))?;
    if found.receipt.is_none() {
        for query in &needs.absent {
            found
                .matches
                .push(list::any_thing(lease, place, query).await?);
        }
    }
    let effects = match decide(changes, &found)? {
        Decision::Write(effects) => effects,
        // Dropping the lease ends the transaction.
        Decision::Replay(receipt) => return Ok(Attempt::Done(receipt)),
    };
    let query = write::query(place, &effects, &found, changes.key())?;
    match lease.flight(None, vec![query], Some("COMMIT")).await {
        Ok(_) => Ok(Attempt::Done(effects.receipt)),
        Err(Failure::Lost(reason)) => Ok(Attempt::Unknown(effects.receipt, reason)),
        Err(failure) => Err(failure),
    }
}

/// How often to look for the server after a connection was lost in the middle of a commit.
const LOOKS: u32 = 50;
/// How long to wait in between.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// Whether a commit whose end was not heard of is there: its last event is in the chain, with its
/// digest. Who lost it held the lock of the place, so it has ended, one way or the other, when
/// this one gets the lock.
async fn was_done(
    pool: &Arc<Pool>,
    changes: &ChangeSet,
    receipt: &Receipt,
    reason: &str,
) -> Result<bool, StoreError> {
    let place = changes.place();
    let begin = begin::write(&pool.schema, place, None);
    let mut last = String::new();
    for _ in 0..LOOKS {
        let looked = async {
            let mut lease = pool.acquire().await?;
            let query = vec![find::event(place, receipt.head.seq)];
            let begin = Some(begin.clone());
            lease.flight(begin, query, Some("COMMIT")).await
        };
        match looked.await {
            Ok(answers) => {
                let rows = answers.first().map_or(&[][..], Vec::as_slice);
                let event: Option<Event> = find::one("events", rows)?;
                return Ok(event.is_some_and(|event| event.head() == receipt.head));
            }
            Err(Failure::Store(error @ StoreError::Corrupt { .. })) => return Err(error),
            Err(failure) => last = StoreError::from(failure).to_string(),
        }
        pool.background.sleep(PAUSE).await;
    }
    Err(unavailable(one_ontology::excerpt(
        &format!(
            "the connection was lost in the middle of a commit, and whether it was written is not \
             known ({reason}; then {last}); try again under the same idempotency key, or read first"
        ),
        600,
    )))
}

/// Inside a transaction of the host's: done when, and only if, that is committed.
pub(crate) async fn commit_in(
    transaction: &Transaction<'_>,
    schema: &str,
    channel: (&str, String),
    changes: &ChangeSet,
) -> Result<Receipt, StoreError> {
    let inside = Inside {
        transaction,
        schema,
    };
    inside
        .command(&begin::enter(
            schema,
            changes.place(),
            changes.needs().covered,
        ))
        .await?;
    let result = inside.once(changes).await;
    // What the host does next must not be in the place. If the transaction has failed it is not
    // anyway, and the first error is the one to tell.
    let left = inside.command(begin::LEAVE).await;
    let receipt = result?;
    left?;
    let (channel, tag) = channel;
    let notify = "SELECT pg_notify($1, $2)";
    transaction
        .query(notify, &[&channel, &tag])
        .await
        .map_err(Failure::from)?;
    Ok(receipt)
}

struct Inside<'a> {
    transaction: &'a Transaction<'a>,
    schema: &'a str,
}

impl Inside<'_> {
    async fn command(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.transaction.batch_execute(sql).await?)
    }

    async fn query(&self, query: &Query) -> Result<Vec<tokio_postgres::Row>, Failure> {
        let params: Vec<&(dyn ToSql + Sync)> = query
            .params
            .iter()
            .map(|param| -> &(dyn ToSql + Sync) { &**param })
            .collect();
        let sql = in_schema(self.schema, &query.sql);
        Ok(self.transaction.query(&sql, &params).await?)
    }

    async fn once(&self, changes: &ChangeSet) -> Result<Receipt, Failure> {
        let (place, needs) = (changes.place(), changes.needs());
        let rows = self.query(&find::needs(&needs)).await?;
        let mut found = find::found(&needs, &rows)?;
        for query in needs.absent.iter().filter(|_| found.receipt.is_none()) {
            let select = select::things(place, query, None);
            let mut any = false;
            if !select.nothing {
                let exact = select.exact;
                let query_rows = if exact { select.limit(1) } else { select.all() };
                for row in self.query(&query_rows).await? {
                    any |= query.matches(&find::doc("things", &row)?);
                }
            }
            found.matches.push(any);
        }
        self.write(changes, &found).await
    }

    async fn write(&self, changes: &ChangeSet, found: &Found) -> Result<Receipt, Failure> {
        let effects: Effects = match decide(changes, found)? {
            Decision::Write(effects) => effects,
            Decision::Replay(receipt) => return Ok(receipt),
        };
        let query = write::query(changes.place(), &effects, found, changes.key())?;
        self.query(&query).await?;
        Ok(effects.receipt)
    }
}
