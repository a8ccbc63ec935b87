//! What one place can be searched by, in memory.

use std::collections::BTreeMap;

use super::{Candidate, Hit, HitId, SearchQuery, knowledge_text, rank, thing_text};
use crate::{Embedding, Knowledge, KnowledgeId, Seq, Thing, ThingStatus};

/// What one place can be searched by, in memory; kept up to date from its rows.
///
/// A store that keeps one gives it every row that was written since [`Index::at`], in any
/// order, says how far it has [come](Index::reached), and searches. The answer is that of
/// [`rank`](super::rank) over all rows of the place.
///
/// ```
/// use one_ontology::search::{Index, SearchQuery};
/// use one_ontology::{Knowledge, KnowledgeId, KnowledgeType, Place, Scope, Seq, Timestamp};
///
/// let scope = Scope::system("example".parse().unwrap(), Place::Global);
/// let id = KnowledgeId::of_name(&["passage"]);
/// let mut row = Knowledge::new(&scope, id, KnowledgeType::Document, Timestamp::EPOCH);
/// row.text = Some("Refunds take ten days".to_owned());
///
/// let mut index = Index::new();
/// index.put_knowledge(&row);
/// index.reached(Seq::new(1));
///
/// let query = SearchQuery {
///     text: Some("refunds".to_owned()),
///     ..SearchQuery::default()
/// };
/// // No vector is asked for, so none is wanted.
/// let hits = index.search(&query).finish([]);
/// assert_eq!(hits[0].id, id.into());
/// ```
#[derive(Debug, Default)]
pub struct Index {
    things: BTreeMap<HitId, Thing>,
    knowledge: BTreeMap<HitId, Knowledge>,
    at: Option<Seq>,
}

impl Index {
    /// An index that knows of no row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Up to which event it knows every row; none if nothing was read yet.
    #[must_use]
    pub fn at(&self) -> Option<Seq> {
        self.at
    }

    /// Puts a thing in the place of what was there under its id; an archived one leaves.
    pub fn put_thing(&mut self, row: &Thing) {
        let id = HitId::Thing(row.id);
        if row.status == ThingStatus::Archived {
            self.things.remove(&id);
        } else {
            self.things.insert(id, row.clone());
        }
    }

    /// Puts knowledge in the place of what was there under its id; an archived row leaves.
    pub fn put_knowledge(&mut self, row: &Knowledge) {
        let id = HitId::Knowledge(row.id);
        if row.archived_at.is_some() {
            self.knowledge.remove(&id);
        } else {
            self.knowledge.insert(id, row.clone());
        }
    }

    /// Every row that was written up to this event has been put.
    pub fn reached(&mut self, at: Seq) {
        self.at = Some(at);
    }

    /// About how much memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let things = self.things.values().map(|row| thing_text(row).len());
        let knowledge = self.knowledge.values().map(|row| {
            let vector = row.embedding.as_ref().map_or(0, |e| 4 * e.values().len());
            knowledge_text(row).len() + vector
        });
        things.chain(knowledge).map(|bytes| bytes + 256).sum()
    }

    /// Looks for what fits best.
    #[must_use]
    pub fn search(&self, query: &SearchQuery) -> Search {
        let things = self.things.values().filter(|r| query.among.has_thing(r));
        let knowledge: Vec<&Knowledge> = self
            .knowledge
            .values()
            .filter(|row| query.among.has_knowledge(row))
            .collect();
        let wanted = knowledge
            .iter()
            .filter(|row| {
                let vectors = query.embedding.as_ref().zip(row.embedding.as_ref());
                vectors.is_some_and(|(a, b)| a.similarity(b).is_some())
            })
            .map(|row| row.id)
            .collect();
        let candidate = |id, text| Candidate {
            id,
            text,
            embedding: None,
        };
        Search {
            query: query.clone(),
            candidates: things
                .map(|row| candidate(row.id.into(), thing_text(row)))
                .chain(
                    knowledge
                        .iter()
                        .map(|row| candidate(row.id.into(), knowledge_text(row))),
                )
                .collect(),
            wanted,
        }
    }
}

/// A search that may need exact vectors before it can be answered.
#[derive(Debug)]
pub struct Search {
    query: SearchQuery,
    candidates: Vec<Candidate>,
    wanted: Vec<KnowledgeId>,
}

impl Search {
    /// Whose vectors decide, each once, in order of id; the index does not keep them as they were given.
    #[must_use]
    pub fn wanted(&self) -> &[KnowledgeId] {
        &self.wanted
    }

    /// The answer, given the vectors of those that are [wanted](Search::wanted), in any order,
    /// from the same moment as the index. One that is missing is not found by its vector; one that
    /// nobody wanted changes nothing.
    #[must_use]
    pub fn finish(
        mut self,
        vectors: impl IntoIterator<Item = (KnowledgeId, Embedding)>,
    ) -> Vec<Hit> {
        let mut vectors: BTreeMap<HitId, Embedding> = vectors
            .into_iter()
            .filter(|(id, _)| self.wanted.binary_search(id).is_ok())
            .map(|(id, vector)| (id.into(), vector))
            .collect();
        for candidate in &mut self.candidates {
            candidate.embedding = vectors.remove(&candidate.id);
        }
        rank(&self.query, self.candidates.len() as u64, &self.candidates)
    }
}
