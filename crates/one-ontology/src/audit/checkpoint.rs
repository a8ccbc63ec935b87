//! What is signed: where a trail had come to.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{AuditError, CheckpointVerifier, Frontier, KeyId, Retention, Signature};
use crate::{
    ChangeSet, Digest, End, Event, EventId, EventType, Head, NewEvent, Place, Properties, Scope,
    ThingId, Timestamp, canonical_json,
};

/// Where the trail of a place had come to at some moment. Made by
/// [`Verifier::checkpoint`](crate::audit::Verifier::checkpoint), of events that were checked.
///
/// It covers the events up to its head. With its tree the trail goes on being checked and proven
/// when they are gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Checkpoint {
    place: Place,
    head: Head,
    tree: Frontier,
    at: Timestamp,
}

/// How it is written. Texts and whole numbers only, so that everyone spells it the same.
#[derive(Serialize, Deserialize)]
struct Fields {
    format: String,
    place: Place,
    head: Head,
    root: Digest,
    peaks: Vec<Digest>,
    at: Timestamp,
}

impl Checkpoint {
    /// The format's name, which no other signed text has.
    pub const FORMAT: &str = "one-checkpoint/1";

    pub(super) fn new(place: Place, head: Head, tree: Frontier, at: Timestamp) -> Option<Self> {
        (tree.size() > 0 && tree.last() == head.seq).then_some(Self {
            place,
            head,
            tree,
            at,
        })
    }

    /// Whose trail.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The last event that it covers.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// The tree over all that it covers.
    #[must_use]
    pub const fn tree(&self) -> &Frontier {
        &self.tree
    }

    /// When it was made, by the host's clock. No event that it covers was written later.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// What is signed: its canonical JSON.
    #[must_use]
    pub fn message(&self) -> String {
        let Fields {
            format,
            place,
            head,
            root,
            peaks,
            at,
        } = self.clone().into();
        canonical_json(&json!({
            "format": format,
            "place": place,
            "head": head,
            "root": root,
            "peaks": peaks,
            "at": at,
        }))
    }
}

impl From<Checkpoint> for Fields {
    fn from(checkpoint: Checkpoint) -> Self {
        Self {
            format: Checkpoint::FORMAT.to_owned(),
            place: checkpoint.place,
            head: checkpoint.head,
            root: checkpoint.tree.root(),
            peaks: checkpoint.tree.peaks().to_vec(),
            at: checkpoint.at,
        }
    }
}

impl TryFrom<Fields> for Checkpoint {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        if fields.format != Self::FORMAT {
            return Err("a checkpoint of another format");
        }
        let tree = Frontier::of_peaks(fields.head.seq.get(), fields.peaks)
            .filter(|tree| tree.root() == fields.root)
            .ok_or("the tree of a checkpoint does not fit its head or root")?;
        Self::new(fields.place, fields.head, tree, fields.at).ok_or("a checkpoint of no events")
    }
}

/// A checkpoint and who vouches for it. Not to be believed before [`SignedCheckpoint::trust`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCheckpoint {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// With which key.
    pub key: KeyId,
    /// What came of it.
    pub signature: Signature,
}

/// A checkpoint whose signature was checked and whose key is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedCheckpoint(SignedCheckpoint);

impl TrustedCheckpoint {
    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.0.checkpoint
    }

    /// With key and signature.
    #[must_use]
    pub const fn signed(&self) -> &SignedCheckpoint {
        &self.0
    }
}

/// What the events about the trail of a place are about. There is no row of it; it is the target
/// under which they are found.
#[must_use]
pub fn trail_of(place: Place) -> End {
    End::Thing(ThingId::of_name(&[
        "one",
        "audit",
        "trail",
        &place.to_string(),
    ]))
}

impl SignedCheckpoint {
    /// The property of an event that holds one.
    const PROPERTY: &str = "checkpoint";

    /// Checks the signature and whether the key is trusted.
    ///
    /// # Errors
    /// `BadSignature`, `UntrustedKey`.
    pub fn trust(self, verifier: &dyn CheckpointVerifier) -> Result<TrustedCheckpoint, AuditError> {
        let message = self.checkpoint.message();
        if verifier.verify(&self.key, message.as_bytes(), &self.signature)? {
            Ok(TrustedCheckpoint(self))
        } else {
            Err(AuditError::BadSignature {
                place: self.checkpoint.place,
                seq: self.checkpoint.head.seq,
            })
        }
    }

    /// A change that keeps it in the trail itself, behind what it covers, where
    /// [`trail::checkpoints`](crate::audit::trail::checkpoints) finds it. `scope` is one of its place.
    #[must_use]
    pub fn keep(&self, scope: &Scope, id: EventId, now: Timestamp) -> ChangeSet {
        let event = self.event(id, EventType::ReportGenerated, "checkpoint_signed");
        ChangeSet::new(scope, event, now)
    }

    pub(super) fn event(&self, id: EventId, event_type: EventType, action: &str) -> NewEvent {
        let target = trail_of(self.checkpoint.place);
        let mut event = NewEvent::new(id, event_type, Some(target));
        event.metadata = Properties::new()
            .with("action", action)
            .with(Self::PROPERTY, self.to_value());
        event
    }

    /// The one that an event of the trail holds, if it does.
    ///
    /// # Errors
    /// `Unreadable`: there is one, and it cannot be read.
    pub fn in_event(event: &Event) -> Result<Option<Self>, AuditError> {
        if event.target != Some(trail_of(event.place)) {
            return Ok(None);
        }
        let Some(value) = event.metadata.get(Self::PROPERTY) else {
            return Ok(None);
        };
        match Self::deserialize(value) {
            Ok(signed) => Ok(Some(signed)),
            Err(error) => Err(AuditError::Unreadable {
                what: format!("the checkpoint in event {}", event.seq),
                reason: crate::excerpt(&error.to_string(), 256),
            }),
        }
    }

    /// The one with which events have left the store, if that is what this event says. Behind it a
    /// check of the rest begins.
    ///
    /// # Errors
    /// `Unreadable`: there is one, and it cannot be read.
    pub fn left_by(event: &Event) -> Result<Option<Self>, AuditError> {
        if Retention::is_said_by(event) {
            Self::in_event(event)
        } else {
            Ok(None)
        }
    }

    /// As JSON.
    pub(super) fn to_value(&self) -> serde_json::Value {
        json!({
            "checkpoint": self.checkpoint,
            "key": self.key,
            "signature": self.signature,
        })
    }
}
