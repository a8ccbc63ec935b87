//! Connections between records: listed, made once, ended.

use one_ontology::{
    ChangeSet, Connection, ConnectionQuery, ConnectionType, Ended, Limit, Properties, ThingId,
    Timestamp,
};
use plugin_runtime_api::HostError;

use super::desk::Desk;

/// What joins two records, now and earlier.
pub(super) struct Pair {
    from: ThingId,
    to: ThingId,
    connection_type: ConnectionType,
    /// The one that holds.
    pub(super) holds: Option<Connection>,
    /// How many there ever were: names the next, so that of two that make it at once only one can.
    count: usize,
}

impl Desk<'_> {
    /// Every connection that a query finds.
    pub(super) async fn connections(
        &self,
        mut query: ConnectionQuery,
    ) -> Result<Vec<Connection>, HostError> {
        query.limit = Limit::new(Limit::MAX);
        let mut found = Vec::new();
        loop {
            let page = self.host.store.connections(&self.scope, &query).await;
            let page = page.map_err(|error| self.failed(error))?;
            found.extend(page.items);
            query.cursor = page.next;
            if query.cursor.is_none() {
                return Ok(found);
            }
        }
    }

    /// What joins two things.
    pub(super) async fn pair(
        &self,
        from: ThingId,
        connection_type: ConnectionType,
        to: ThingId,
    ) -> Result<Pair, HostError> {
        let mut query = ConnectionQuery::from(from, connection_type.clone());
        query.to = Some(to.into());
        query.ended = Ended::Listed;
        let found = self.connections(query).await?;
        Ok(Pair {
            from,
            to,
            connection_type,
            count: found.len(),
            holds: found.into_iter().find(|one| one.valid_to.is_none()),
        })
    }

    /// Ends what holds between the two, and makes another with this metadata.
    pub(super) fn connect(
        &self,
        changes: ChangeSet,
        pair: &Pair,
        metadata: Properties,
        now: Timestamp,
    ) -> ChangeSet {
        let changes = match &pair.holds {
            Some(old) => changes.disconnect(old.id),
            None => changes,
        };
        let id = self.new_connection_id(&[
            pair.connection_type.as_str(),
            &pair.from.to_string(),
            &pair.to.to_string(),
            &pair.count.to_string(),
        ]);
        let kind = pair.connection_type.clone();
        let mut connection = Connection::new(&self.scope, id, pair.from, kind, pair.to, now);
        connection.metadata = metadata;
        changes.connect(connection)
    }
}
