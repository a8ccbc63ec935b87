//! Proof that a chain of events is whole.

use crate::{Digest, Event, Head, Place, Seq};

/// What is wrong with a chain, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The event is not what was sealed.
    #[error("event {seq} of {place} was altered after it was sealed")]
    Altered {
        /// Where.
        place: Place,
        /// Which.
        seq: Seq,
    },
    /// An event is missing, doubled or out of order.
    #[error("event {expected} of {place} is missing: found {found} in its place")]
    Missing {
        /// Where.
        place: Place,
        /// Which should be here.
        expected: Seq,
        /// Which is.
        found: Seq,
    },
    /// The event does not follow the one before it.
    #[error("event {seq} of {place} does not follow the event before it")]
    Unlinked {
        /// Where.
        place: Place,
        /// Which.
        seq: Seq,
    },
    /// The event is of another place.
    #[error("event {seq} is of {found}, not of {place}")]
    Foreign {
        /// Whose chain this is.
        place: Place,
        /// Whose the event is.
        found: Place,
        /// Which.
        seq: Seq,
    },
    /// The chain ends before, or elsewhere than, the head that was kept.
    #[error("the chain of {place} does not lead to event {expected}; its last is {found}")]
    Truncated {
        /// Where.
        place: Place,
        /// The number of the head that was kept.
        expected: Seq,
        /// The number of the last event.
        found: Seq,
    },
}

impl AuditError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "AuditAltered",
            "the trail was tampered with; keep the store as evidence and compare with a copy",
        ),
        (
            "AuditMissing",
            "events were removed or reordered; keep the store as evidence and compare with a copy",
        ),
        (
            "AuditUnlinked",
            "events were replaced; keep the store as evidence and compare with a copy",
        ),
        (
            "AuditForeign",
            "events of another organisation were mixed in; keep the store as evidence",
        ),
        (
            "AuditTruncated",
            "the end of the trail was removed; keep the store as evidence and compare with a copy",
        ),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Altered { .. } => "AuditAltered",
            Self::Missing { .. } => "AuditMissing",
            Self::Unlinked { .. } => "AuditUnlinked",
            Self::Foreign { .. } => "AuditForeign",
            Self::Truncated { .. } => "AuditTruncated",
        }
    }
}

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
}

impl Verifier {
    /// From the first event of a place.
    #[must_use]
    pub const fn new(place: Place) -> Self {
        Self { place, last: None }
    }

    /// From the event behind one that is known to be good.
    #[must_use]
    pub const fn after(place: Place, head: Head) -> Self {
        Self {
            place,
            last: Some(head),
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
        self.last = Some(event.head());
        Ok(())
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
    /// `Truncated`: the last event is not the one expected.
    pub fn finish(self, expected: Option<Head>) -> Result<Option<Head>, AuditError> {
        match expected {
            Some(head) if self.last != Some(head) => Err(AuditError::Truncated {
                place: self.place,
                expected: head.seq,
                found: self.last.map_or(Seq::START, |head| head.seq),
            }),
            _ => Ok(self.last),
        }
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
