//! The chain of each place.

use one_ontology::audit::{SignedCheckpoint, Verifier, trail_of};
use one_ontology::{Event, EventQuery, GroupId, Limit, Place, StoreError};
use rusqlite::Transaction;
use uuid::Uuid;

use super::{Checked, Fault};
use crate::error::OrStoreError as _;
use crate::list;

pub(crate) fn check(moment: &Transaction<'_>, checked: &mut Checked) -> Result<(), StoreError> {
    let mut places = moment
        .prepare("SELECT DISTINCT place FROM events")
        .or_store_error()?;
    let mut places = places.query([]).or_store_error()?;
    let mut events = moment
        .prepare("SELECT doc FROM events INDEXED BY events_seq WHERE place = ?1 ORDER BY seq")
        .or_store_error()?;
    while let Some(row) = places.next().or_store_error()? {
        let bytes: Vec<u8> = row.get(0).or_store_error()?;
        let Some(place) = place(&bytes) else {
            checked.found(Fault::Place, "events are of what is no place");
            continue;
        };
        let mut verifier = match beginning(moment, place)? {
            Some(left) => Verifier::after_checkpoint(&left.checkpoint),
            None => Verifier::new(place),
        };
        let mut rows = events.query([bytes]).or_store_error()?;
        let mut holds = true;
        while let Some(row) = rows.next().or_store_error()? {
            // One that cannot be read was found with the rows; the chain ends there.
            let Ok(event) = list::doc::<Event>("events", row) else {
                holds = false;
                break;
            };
            if let Err(error) = verifier.push(&event) {
                checked.found(Fault::Chain, error.to_string());
                holds = false;
                break;
            }
        }
        checked.chains += u64::from(holds);
    }
    Ok(())
}

/// The checkpoint with which the events before the first have left, if they have.
fn beginning(
    moment: &Transaction<'_>,
    place: Place,
) -> Result<Option<SignedCheckpoint>, StoreError> {
    let mut query = EventQuery {
        limit: Limit::new(1),
        ..EventQuery::default()
    };
    let first = list::events(moment, place, &query, None).ok();
    let first = first.and_then(|page| page.items.first().map(|event| event.seq));
    query = EventQuery {
        limit: Limit::new(Limit::MAX),
        ..EventQuery::about(trail_of(place))
    };
    // What cannot be read was found with the rows; then there is no beginning, which is found too.
    while let Ok(page) = list::events(moment, place, &query, None) {
        for event in &page.items {
            if let Ok(Some(left)) = SignedCheckpoint::left_by(event)
                && Some(left.checkpoint.head().seq.next()) == first
            {
                return Ok(Some(left));
            }
        }
        match page.items.last() {
            Some(last) if page.next.is_some() => query.after = last.seq,
            _ => break,
        }
    }
    Ok(None)
}

/// The place that a column's bytes name.
pub(crate) fn place(bytes: &[u8]) -> Option<Place> {
    match bytes {
        [] => Some(Place::Global),
        bytes => {
            let id = Uuid::from_slice(bytes).ok()?;
            Some(Place::Group(GroupId::from_uuid(id)))
        }
    }
}
