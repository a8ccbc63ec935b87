//! Parts of what the store does wrong.

use one_ontology::search::{Candidate, HitId, knowledge_text, thing_text};
use one_ontology::{
    ChangeSet, Decision, Embedding, Event, Found, Knowledge, Place, Revision, Row, SearchQuery,
    StoreError, ThingStatus, decide,
};

use super::facts::Facts;
use super::store::State;
use super::{Fault, FaultyStore};

impl FaultyStore {
    /// As [`decide`], though where that is the fault with things found at the revision asked for.
    pub(super) fn decide(
        &self,
        changes: &ChangeSet,
        found: &Found,
    ) -> Result<Decision, StoreError> {
        let mut found = found.clone();
        for number in 0..5 {
            match decide(changes, &found) {
                Err(StoreError::Stale { row }) if self.is(Fault::IgnoresRevisions) => {
                    if let Some(Row::Thing(thing)) = found.rows.get_mut(&row) {
                        thing.revision = Revision::new(number);
                    }
                }
                decision => return decision,
            }
        }
        decide(changes, &found)
    }

    pub(super) fn keep_of_refused(&self, state: &mut State, changes: &ChangeSet, found: Found) {
        match self.fault {
            Fault::KeepsEventsOfRefused => {
                if let Some(event) = changes.events().first() {
                    let head = found.head.as_ref();
                    let (place, actor) = (changes.place(), changes.scope().actor());
                    let event = Event::seal(place, head, actor, changes.now(), event.clone());
                    state.facts.events.push(event);
                }
            }
            Fault::KeepsKeysOfRefused => state.facts.keep_key(changes, found.head),
            // As if each row had been written before the next was looked at.
            Fault::KeepsRowsOfRefused => {
                if let Some((_, Row::Thing(mut thing))) = found.rows.into_iter().next() {
                    thing.revision = thing.revision.next();
                    state.facts.rows.push(thing.into());
                }
            }
            Fault::PrunesForRefused => {
                if let (Some(_), Some(event)) = (changes.needs().covered, found.covered) {
                    state.facts.prune(changes.place(), event.seq, self.fault);
                }
            }
            _ => {}
        }
    }

    pub(super) fn candidates(
        &self,
        facts: &Facts,
        place: Place,
        query: &SearchQuery,
        all: bool,
    ) -> Vec<Candidate> {
        let archived_too = self.is(Fault::FindsArchived);
        let things = facts.things(place, all).filter(|thing| {
            let mut thing = (*thing).clone();
            if archived_too {
                thing.status = ThingStatus::Active;
            }
            query.among.has_thing(&thing)
        });
        let knowledge = facts.knowledge(place, all).filter(|row| {
            let mut row = (*row).clone();
            row.archived_at = row.archived_at.filter(|_| !archived_too);
            query.among.has_knowledge(&row)
        });
        let vector = |row: &Knowledge| match (&row.embedding, &query.embedding) {
            (Some(own), Some(wanted)) if self.is(Fault::MixesModels) => {
                Embedding::new(wanted.model(), own.values().to_vec()).ok()
            }
            (own, _) => own.clone(),
        };
        things
            .map(|thing| Candidate {
                id: HitId::Thing(thing.id),
                text: thing_text(thing),
                embedding: None,
            })
            .chain(knowledge.map(|row| Candidate {
                id: HitId::Knowledge(row.id),
                text: knowledge_text(row),
                embedding: vector(row),
            }))
            .collect()
    }
}
