//! Trails as text that others can check, as `docs/audit-format.md` says.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::audit::{
    AuditError, Checkpoint, CheckpointVerifier, Frontier, InclusionProof, SignedCheckpoint, Tree,
    TrustedCheckpoint, Verifier,
};
use crate::{Digest, Event, Head, Place, Seq, canonical_json, excerpt};

/// The format's name.
pub const FORMAT: &str = "one-audit/1";

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    place: Place,
    events: Events,
    #[serde(default)]
    after: Option<Start>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Events {
    All,
    Some,
}

/// What is before the first event of an export.
#[derive(Serialize, Deserialize)]
struct Start {
    head: Head,
    peaks: Vec<Digest>,
}

impl Header {
    fn line(&self) -> String {
        let Self {
            format,
            place,
            events,
            after,
        } = self;
        canonical_json(&json!({
            "format": format,
            "place": place,
            "events": events,
            "after": after,
        }))
    }
}

/// Writes the events from one checkpoint to another, and checks them while it does: an export that
/// ends well is whole.
///
/// A line for the start, one for each event, and those of [`Exporter::finish`].
#[derive(Debug)]
pub struct Exporter {
    verifier: Verifier,
    until: SignedCheckpoint,
    after: Option<Checkpoint>,
    /// Only where something is to be proven.
    tree: Option<Tree>,
    prove: BTreeSet<Seq>,
    digests: BTreeMap<Seq, Digest>,
}

impl Exporter {
    /// Of the events behind `after` (from the first on if there is none) up to those that `until`
    /// covers, with a proof for each event of `prove`, which others can pass on alone.
    #[must_use]
    pub fn new(after: Option<&Checkpoint>, until: &SignedCheckpoint, prove: BTreeSet<Seq>) -> Self {
        let place = until.checkpoint.place();
        let tree = (!prove.is_empty())
            .then(|| after.map_or_else(Tree::new, |checkpoint| Tree::after(checkpoint.tree())));
        let mut verifier = after.map_or_else(|| Verifier::new(place), Verifier::after_checkpoint);
        verifier.expect(until.checkpoint.clone());
        Self {
            verifier,
            until: until.clone(),
            after: after.cloned(),
            tree,
            prove,
            digests: BTreeMap::new(),
        }
    }

    /// The first line.
    #[must_use]
    pub fn header(&self) -> String {
        let header = Header {
            format: FORMAT.to_owned(),
            place: self.until.checkpoint.place(),
            events: Events::All,
            after: self.after.as_ref().map(|checkpoint| Start {
                head: checkpoint.head(),
                peaks: checkpoint.tree().peaks().to_vec(),
            }),
        };
        header.line()
    }

    /// The line of the next event.
    ///
    /// # Errors
    /// What is wrong with it; the export is not to be used then.
    pub fn event(&mut self, event: &Event) -> Result<String, AuditError> {
        self.verifier.push(event)?;
        if let Some(tree) = &mut self.tree {
            tree.push(&event.digest);
            if self.prove.contains(&event.seq) {
                self.digests.insert(event.seq, event.digest);
            }
        }
        Ok(event.sealed_text())
    }

    /// The last lines: the proofs and the checkpoint.
    ///
    /// # Errors
    /// `Truncated`: there are fewer or more events than `until` covers. `OutOfReach`: an event that
    /// was to be proven is not among them. The export is not to be used then.
    pub fn finish(self) -> Result<Vec<String>, AuditError> {
        let last = self.until.checkpoint.head();
        self.verifier.finish(Some(last))?;
        let mut lines = Vec::with_capacity(self.prove.len() + 1);
        for seq in &self.prove {
            let tree = self.tree.as_ref();
            let proof = tree.map(|tree| tree.include(*seq, last.seq)).transpose()?;
            let digest = self.digests.get(seq);
            lines.extend(
                proof
                    .zip(digest)
                    .map(|(proof, of)| inclusion_line(&proof, of)),
            );
        }
        lines.push(canonical_json(&self.until.to_value()));
        Ok(lines)
    }
}

/// A document that shows some events and nothing of the others: each with its proof, and the
/// checkpoint that they are under.
///
/// `tree` has the events that `until` covers, or those behind a checkpoint before the ones shown.
///
/// # Errors
/// `OutOfReach`: an event that the tree cannot prove.
pub fn excerpt_of<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    tree: &Tree,
    until: &SignedCheckpoint,
) -> Result<Vec<String>, AuditError> {
    let header = Header {
        format: FORMAT.to_owned(),
        place: until.checkpoint.place(),
        events: Events::Some,
        after: None,
    };
    let mut lines = vec![header.line()];
    let mut proofs = Vec::new();
    for event in events {
        let proof = tree.include(event.seq, until.checkpoint.head().seq)?;
        proof.check(&event.digest, &until.checkpoint)?;
        lines.push(event.sealed_text());
        proofs.push(inclusion_line(&proof, &event.digest));
    }
    lines.extend(proofs);
    lines.push(canonical_json(&until.to_value()));
    Ok(lines)
}

fn inclusion_line(proof: &InclusionProof, digest: &Digest) -> String {
    canonical_json(&json!({ "inclusion": proof, "digest": digest }))
}

/// What an inclusion line says.
#[derive(Debug, Deserialize)]
struct Inclusion {
    inclusion: InclusionProof,
    digest: Digest,
}

/// What a good export has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Up to where, and who vouches for it.
    pub checkpoint: TrustedCheckpoint,
    /// The event before the first, if the export does not begin with the first of all.
    pub after: Option<Head>,
    /// How many events it has.
    pub events: u64,
    /// How many of them have a proof of their own.
    pub proofs: u64,
}

/// Reads an export, line by line, and believes nothing of it.
#[derive(Debug)]
pub struct Reader<'a> {
    keys: &'a dyn CheckpointVerifier,
    line: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Header,
    Events(Box<Reading>),
    Done(Box<Shown>),
}

#[derive(Debug)]
struct Reading {
    place: Place,
    after: Option<Head>,
    /// None where only some events are shown.
    verifier: Option<Verifier>,
    events: u64,
    last: Seq,
    /// What each event shown has as its digest, where only some are shown.
    digests: BTreeMap<Seq, Digest>,
    proofs: Vec<Inclusion>,
}

impl Reading {
    fn new(header: Header) -> Result<Self, &'static str> {
        let Header {
            format,
            place,
            events,
            after,
        } = header;
        if format != FORMAT {
            return Err("it is of another format");
        }
        let verifier = match (events, &after) {
            (Events::All, None) => Some(Verifier::new(place)),
            (Events::All, Some(Start { head, peaks })) => {
                let tree = Frontier::of_peaks(head.seq.get(), peaks.clone());
                let verifier = tree.and_then(|tree| Verifier::behind(place, *head, tree));
                Some(verifier.ok_or("the tree of its start does not fit its number")?)
            }
            (Events::Some, None) => None,
            (Events::Some, Some(_)) => return Err("some events have no start"),
        };
        Ok(Self {
            place,
            after: after.map(|start| start.head),
            verifier,
            events: 0,
            last: Seq::START,
            digests: BTreeMap::new(),
            proofs: Vec::new(),
        })
    }

    fn event(&mut self, event: &Event) -> Result<(), AuditError> {
        self.events += 1;
        if let Some(verifier) = &mut self.verifier {
            return verifier.push(event);
        }
        if event.place != self.place {
            return Err(AuditError::Foreign {
                place: self.place,
                found: event.place,
                seq: event.seq,
            });
        }
        if event.seq <= self.last {
            return Err(AuditError::Missing {
                place: self.place,
                expected: self.last.next(),
                found: event.seq,
            });
        }
        self.last = event.seq;
        self.digests.insert(event.seq, event.digest);
        Ok(())
    }

    fn close(&mut self, trusted: TrustedCheckpoint) -> Result<Shown, AuditError> {
        let checkpoint = trusted.checkpoint();
        let (place, seq) = (checkpoint.place(), checkpoint.head().seq);
        if place != self.place {
            return Err(AuditError::Diverged { place, seq });
        }
        for Inclusion { inclusion, digest } in &self.proofs {
            inclusion.check(digest, checkpoint)?;
        }
        match self.verifier.take() {
            Some(verifier) => {
                // The tree commits to every event, those before the start among them.
                let reached = verifier.checkpoint(checkpoint.at());
                verifier.finish(Some(checkpoint.head()))?;
                if reached.as_ref() != Some(checkpoint) {
                    return Err(AuditError::Diverged { place, seq });
                }
            }
            None => self.each_is_proven()?,
        }
        Ok(Shown {
            after: self.after,
            events: self.events,
            proofs: self.proofs.len() as u64,
            checkpoint: trusted,
        })
    }

    fn each_is_proven(&self) -> Result<(), AuditError> {
        let proven: BTreeSet<(Seq, Digest)> = self
            .proofs
            .iter()
            .map(|proof| (proof.inclusion.seq, proof.digest))
            .collect();
        let bare = self
            .digests
            .iter()
            .find(|(seq, digest)| !proven.contains(&(**seq, **digest)));
        match bare {
            None => Ok(()),
            Some((seq, _)) => Err(AuditError::NotIncluded {
                place: self.place,
                seq: *seq,
            }),
        }
    }
}

/// The event of a line. Its digest is that of the line itself.
fn event_of(mut value: Value, text: &str) -> Result<Event, String> {
    let digest = Digest::of(text.as_bytes());
    if let Some(fields) = value.as_object_mut() {
        fields.insert("digest".to_owned(), Value::from(digest.to_string()));
    }
    let event: Event = serde_json::from_value(value).map_err(|error| error.to_string())?;
    if event.computed_digest() == digest {
        Ok(event)
    } else {
        Err("it is not the sealed text of an event".to_owned())
    }
}

impl<'a> Reader<'a> {
    /// Trusting these keys.
    #[must_use]
    pub const fn new(keys: &'a dyn CheckpointVerifier) -> Self {
        Self {
            keys,
            line: 0,
            state: State::Header,
        }
    }

    /// Takes the next line, without its end, and gives the event in it, if it has one. That event
    /// is to be believed when [`Reader::finish`] has said so.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn line(&mut self, text: &str) -> Result<Option<Event>, AuditError> {
        self.line += 1;
        let line = self.line;
        let unreadable = |reason: &dyn std::fmt::Display| AuditError::Unreadable {
            what: format!("line {line}"),
            reason: excerpt(&reason.to_string(), 256),
        };
        let value: Value = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
        // Everything has one spelling, so that nothing can be altered without being found.
        let spelled = |spelling: String| {
            if spelling == text {
                Ok(())
            } else {
                Err(unreadable(&"it is not spelled as it was written"))
            }
        };
        let has = |name: &str| value.get(name).is_some();
        match &mut self.state {
            State::Header => {
                let header = Header::deserialize(&value).map_err(|error| unreadable(&error))?;
                spelled(header.line())?;
                let reading = Reading::new(header).map_err(|reason| unreadable(&reason))?;
                self.state = State::Events(Box::new(reading));
                Ok(None)
            }
            State::Done(_) => Err(unreadable(&"there is something behind the checkpoint")),
            State::Events(reading) if has("inclusion") => {
                let proof = Inclusion::deserialize(&value).map_err(|error| unreadable(&error))?;
                spelled(inclusion_line(&proof.inclusion, &proof.digest))?;
                reading.proofs.push(proof);
                Ok(None)
            }
            State::Events(reading) if has("checkpoint") => {
                let signed = SignedCheckpoint::deserialize(&value);
                let signed = signed.map_err(|error| unreadable(&error))?;
                spelled(canonical_json(&signed.to_value()))?;
                let shown = reading.close(signed.trust(self.keys)?)?;
                self.state = State::Done(Box::new(shown));
                Ok(None)
            }
            State::Events(reading) if reading.proofs.is_empty() => {
                let event = event_of(value, text).map_err(|reason| unreadable(&reason))?;
                reading.event(&event)?;
                Ok(Some(event))
            }
            State::Events(_) => Err(unreadable(&"an event stands behind the proofs")),
        }
    }

    /// Ends.
    ///
    /// # Errors
    /// `Unreadable`: the checkpoint is missing.
    pub fn finish(self) -> Result<Shown, AuditError> {
        match self.state {
            State::Done(shown) => Ok(*shown),
            State::Header | State::Events(_) => Err(AuditError::Unreadable {
                what: format!("line {}", self.line + 1),
                reason: "the export ends before its checkpoint".to_owned(),
            }),
        }
    }
}
