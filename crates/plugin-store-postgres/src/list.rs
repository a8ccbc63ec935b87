//! Pages.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use one_ontology::{GroupId, Place, Query as Pages, StoreError, ThingQuery};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::begin;
use crate::error::{Failure, corrupt};
use crate::find::{column, doc};
use crate::pool::{Lease, Pool};
use crate::select::{self, Select};
use crate::session::Query;

pub(crate) const CHILDREN: &str = "SELECT place FROM @groups WHERE parent = ANY($1)";
const GROUPS: &str = "SELECT place FROM @groups ORDER BY place";

/// How often something that only reads is tried on another connection.
const ATTEMPTS: usize = 3;

/// The rows of each query; all in one transaction and one go.
pub(crate) async fn rows(
    pool: &Arc<Pool>,
    begin: &str,
    queries: impl Fn() -> Vec<Query> + Send + Sync,
) -> Result<Vec<Vec<Row>>, StoreError> {
    let mut attempt = 1;
    loop {
        let mut lease = pool.acquire().await?;
        let begin = Some(begin.to_owned());
        match lease.flight(begin, queries(), Some("COMMIT")).await {
            Err(Failure::Lost(_) | Failure::Again(_)) if attempt < ATTEMPTS => attempt += 1,
            result => return Ok(result?),
        }
    }
}

/// The next page of a query. `at` makes the statement that goes on behind a position.
pub(crate) async fn page<Q: Pages + Sync>(
    pool: &Arc<Pool>,
    place: Place,
    query: &Q,
    at: impl Fn(Option<Q::Position>) -> Select + Send + Sync,
    read: impl Fn(&Row) -> Result<Q::Row, StoreError> + Send + Sync,
    matches: impl Fn(&Q::Row) -> bool + Send + Sync,
) -> Result<one_ontology::Page<Q::Row>, StoreError>
where
    Q::Row: Send,
    Q::Position: Clone + Send + Sync,
{
    let wanted = query.limit().get() + 1;
    let select = at(query.position()?);
    if select.nothing {
        return Ok(query.page(Vec::new()));
    }
    if select.exact {
        let position = query.position()?;
        let queries = || vec![at(position.clone()).limit(wanted)];
        let answers = rows(pool, &begin::read(place), queries).await?;
        let rows = answers.into_iter().flatten();
        let items: Result<Vec<_>, _> = rows.map(|row| read(&row)).collect();
        // Exact or not, what is kept is what the query keeps.
        let items = items?.into_iter().filter(|item| matches(item)).collect();
        return Ok(query.page(items));
    }
    let mut attempt = 1;
    loop {
        let mut lease = pool.acquire().await?;
        let begin = begin::snapshot(place);
        match some(
            &mut lease,
            begin,
            wanted,
            query.position()?,
            &at,
            &read,
            |row| (matches(row), Q::position_of(row)),
        )
        .await
        {
            Err(Failure::Lost(_) | Failure::Again(_)) if attempt < ATTEMPTS => attempt += 1,
            result => return Ok(query.page(result?)),
        }
    }
}

/// The most rows that one look of a query with filters of its own fetches.
const LOOK: usize = 1000;

/// So many rows that match, by as many looks as it takes, of one moment.
async fn some<T, P>(
    lease: &mut Lease,
    begin: String,
    wanted: usize,
    mut position: Option<P>,
    at: impl Fn(Option<P>) -> Select,
    read: impl Fn(&Row) -> Result<T, StoreError>,
    matches: impl Fn(&T) -> (bool, P),
) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    let mut begin = Some(begin);
    let mut look = wanted.clamp(64, LOOK);
    loop {
        let queries = vec![at(position.take()).limit(look)];
        let answers = lease.flight(begin.take(), queries, None).await?;
        let mut fetched = 0;
        for row in answers.into_iter().flatten() {
            fetched += 1;
            let item = read(&row)?;
            let (meant, behind) = matches(&item);
            position = Some(behind);
            if meant {
                items.push(item);
            }
            if items.len() == wanted {
                return Ok(items);
            }
        }
        if fetched < look {
            return Ok(items);
        }
        look = LOOK;
    }
}

/// Whether a thing matches, its limit and cursor aside; inside a transaction that was begun.
pub(crate) async fn any_thing(
    lease: &mut Lease,
    place: Place,
    query: &ThingQuery,
) -> Result<bool, Failure> {
    // INVARIANT: in the transaction that then writes, so nothing comes between.
    let mut after = None;
    loop {
        let select = select::things(place, query, after.take());
        if select.nothing {
            return Ok(false);
        }
        let look = if select.exact { 1 } else { LOOK };
        let answers = lease.flight(None, vec![select.limit(look)], None).await?;
        let mut fetched = 0;
        for row in answers.into_iter().flatten() {
            fetched += 1;
            let thing: one_ontology::Thing = doc("things", &row)?;
            if query.matches(&thing) {
                return Ok(true);
            }
            after = Some((thing.name, thing.id));
        }
        if fetched < look {
            return Ok(false);
        }
    }
}

/// Where knowledge goes on.
pub(crate) fn behind<I>(
    after: Option<(Reverse<one_ontology::Timestamp>, I)>,
) -> Option<(one_ontology::Timestamp, I)> {
    after.map(|(Reverse(at), id)| (at, id))
}

/// Every group, by id.
pub(crate) async fn groups(pool: &Arc<Pool>) -> Result<Vec<GroupId>, StoreError> {
    let queries = || vec![Query::new(GROUPS, Vec::new())];
    let answers = rows(pool, begin::DIRECTORY, queries).await?;
    let groups: Result<_, Failure> = answers.iter().flatten().map(group_of).collect();
    Ok(groups?)
}

fn group_of(row: &Row) -> Result<GroupId, Failure> {
    let id = Uuid::from_slice(column(row, 0)?)
        .map_err(|_| corrupt("an id is not 16 bytes".to_owned()))?;
    Ok(GroupId::from_uuid(id))
}

/// Groups below a group, layer by layer, of one moment.
pub(crate) async fn descendants(
    pool: &Arc<Pool>,
    group: GroupId,
) -> Result<Vec<GroupId>, StoreError> {
    let mut attempt = 1;
    loop {
        let mut lease = pool.acquire().await?;
        match layers(&mut lease, group).await {
            Err(Failure::Lost(_) | Failure::Again(_)) if attempt < ATTEMPTS => attempt += 1,
            result => return Ok(result?),
        }
    }
}

async fn layers(lease: &mut Lease, group: GroupId) -> Result<Vec<GroupId>, Failure> {
    let mut begin = Some(begin::DIRECTORY.to_owned());
    let mut seen = BTreeSet::from([group]);
    let mut below = Vec::new();
    let mut layer = vec![group];
    while !layer.is_empty() {
        let parents: Vec<Vec<u8>> = layer
            .iter()
            .map(|id| id.as_uuid().as_bytes().to_vec())
            .collect();
        let queries = vec![Query::new(CHILDREN, vec![Box::new(parents)])];
        let answers = lease.flight(begin.take(), queries, None).await?;
        layer.clear();
        for row in answers.into_iter().flatten() {
            let id = group_of(&row)?;
            if seen.insert(id) {
                layer.push(id);
            }
        }
        layer.sort_unstable();
        below.extend(&layer);
    }
    Ok(below)
}
