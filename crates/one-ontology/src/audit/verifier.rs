//! Proof that a chain is whole, event by event.

use std::collections::BTreeMap;

use crate::audit::{AuditError, Checkpoint, Frontier};
use crate::{Digest, Event, Head, Place, Seq, Timestamp};

/// Checks a chain event by event, in constant memory.
///
/// ```
/// use one_ontology::audit::Verifier;
/// use one_ontology::{Event, EventId, EventType, NewEvent, Place, SequentialIds, Timestamp};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (ids, now) = (SequentialIds::new(), Timestamp::EPOCH);
/// let body = NewEvent::new(EventId::new(&ids, now), EventType::TaskEvent, None);
/// let mut event = Event::seal(Place::Global, None, &"system:example".parse()?, now, body);
/// assert!(Verifier::new(Place::Global).push(&event).is_ok());
/// event.event_type = EventType::PriceEvent;
/// let error = Verifier::new(Place::Global).push(&event).unwrap_err();
/// assert_eq!(error.tag(), "AuditAltered");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    place: Place,
    last: Option<Head>,
    /// None when what is before the start is known by its last digest only.
    tree: Option<Frontier>,
    /// Met on the way, by the number of the last event they cover.
    expected: BTreeMap<Seq, Checkpoint>,
}

impl Verifier {
    /// From the first event of a place.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self {
            place,
            last: None,
            tree: Some(Frontier::new()),
            expected: BTreeMap::new(),
        }
    }

    /// From the event behind one that is known to be good. Such a check makes no checkpoints:
    /// [`Verifier::after_checkpoint`] does.
    #[must_use]
    pub const fn after(place: Place, head: Head) -> Self {
        Self {
            place,
            last: Some(head),
            tree: None,
            expected: BTreeMap::new(),
        }
    }

    /// From the event behind a checkpoint that is known to be good. The events that it covers may
    /// be gone.
    #[must_use]
    pub fn after_checkpoint(checkpoint: &Checkpoint) -> Self {
        Self {
            place: checkpoint.place(),
            last: Some(checkpoint.head()),
            tree: Some(checkpoint.tree().clone()),
            expected: BTreeMap::new(),
        }
    }

    /// From what an export says it starts behind; none if its parts do not fit.
    pub(super) fn behind(place: Place, head: Head, tree: Frontier) -> Option<Self> {
        let fits = tree.size() > 0 && tree.last() == head.seq;
        fits.then_some(Self {
            place,
            last: Some(head),
            tree: Some(tree),
            expected: BTreeMap::new(),
        })
    }

    /// Also holds the chain to a checkpoint when it comes by. Those of other places and of events
    /// before the start are not met and say nothing.
    pub fn expect(&mut self, checkpoint: Checkpoint) {
        if checkpoint.place() == self.place {
            self.expected.insert(checkpoint.head().seq, checkpoint);
        }
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn push(&mut self, event: &Event) -> Result<(), AuditError> {
        let place = self.place;
        if event.place != place {
            return Err(AuditError::Foreign {
                place,
                found: event.place,
                seq: event.seq,
            });
        }
        let expected = self.last.map_or(Seq::START, |head| head.seq).next();
        if event.seq != expected {
            return Err(AuditError::Missing {
                place,
                expected,
                found: event.seq,
            });
        }
        let previous: Option<Digest> = self.last.map(|head| head.digest);
        if event.previous != previous {
            return Err(AuditError::Unlinked {
                place,
                seq: event.seq,
            });
        }
        if event.computed_digest() != event.digest {
            return Err(AuditError::Altered {
                place,
                seq: event.seq,
            });
        }
        let mut tree = self.tree.take();
        if let Some(tree) = &mut tree {
            tree.push(&event.digest);
        }
        if let Some(checkpoint) = self.expected.remove(&event.seq) {
            let differs = tree.as_ref().is_some_and(|tree| tree != checkpoint.tree());
            if differs || checkpoint.head() != event.head() {
                return Err(AuditError::Diverged {
                    place,
                    seq: event.seq,
                });
            }
        }
        self.tree = tree;
        self.last = Some(event.head());
        Ok(())
    }

    /// A checkpoint of all that was taken, to be signed; `at` is now. None before the first event,
    /// and after a start at a bare head.
    #[must_use]
    pub fn checkpoint(&self, at: Timestamp) -> Option<Checkpoint> {
        Checkpoint::new(self.place, self.last?, self.tree.clone()?, at)
    }

    /// The last event taken.
    #[must_use]
    pub const fn head(&self) -> Option<Head> {
        self.last
    }

    /// Ends the check. With a head that was kept elsewhere, also events dropped from the end are
    /// found.
    ///
    /// # Errors
    /// `Truncated`: the last event is not the one expected, or a checkpoint was never reached.
    pub fn finish(self, expected: Option<Head>) -> Result<Option<Head>, AuditError> {
        if let Some(seq) = self.unmet() {
            return Err(AuditError::Truncated {
                place: self.place,
                expected: seq,
                found: self.last.map_or(Seq::START, |head| head.seq),
            });
        }
        match expected {
            Some(head) if self.last != Some(head) => Err(AuditError::Truncated {
                place: self.place,
                expected: head.seq,
                found: self.last.map_or(Seq::START, |head| head.seq),
            }),
            _ => Ok(self.last),
        }
    }

    /// The last event of a checkpoint that lies behind all that was taken.
    fn unmet(&self) -> Option<Seq> {
        let last = self.last.map_or(Seq::START, |head| head.seq);
        let (seq, _) = self.expected.last_key_value()?;
        (*seq > last).then_some(*seq)
    }
}

/// Checks a whole chain: nothing in it was altered, dropped, doubled or reordered, and it leads to
/// `expected` if that is given.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify<'a>(
    place: Place,
    events: impl IntoIterator<Item = &'a Event>,
    expected: Option<Head>,
) -> Result<Option<Head>, AuditError> {
    let mut verifier = Verifier::new(place);
    for event in events {
        verifier.push(event)?;
    }
    verifier.finish(expected)
}
