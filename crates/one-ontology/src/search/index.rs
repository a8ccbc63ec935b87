//! What one place can be searched by, in memory.

use super::comparable::Vectors;
use super::fusion::{closest, fuse};
use super::rows::{Facet, Rows};
use super::slots::{Slot, Slots};
use super::{Among, Hit, HitId, Int8Index, SearchQuery, VectorIndex, knowledge_text, thing_text};
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
pub struct Index<V = Int8Index> {
    things: Rows,
    knowledge: Rows,
    vectors: Vectors<V>,
    at: Option<Seq>,
}

impl Index {
    /// An index that knows of no row, with vectors as bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<V: VectorIndex + Default> Index<V> {
    /// Up to which event it knows every row; none if nothing was read yet.
    #[must_use]
    pub fn at(&self) -> Option<Seq> {
        self.at
    }

    /// Every row that was written up to this event has been put.
    pub fn reached(&mut self, at: Seq) {
        self.at = Some(at);
    }

    /// Puts a thing in the place of what was there under its id; an archived one leaves.
    pub fn put_thing(&mut self, row: &Thing) {
        let id = HitId::Thing(row.id);
        self.things.remove(id);
        if row.status != ThingStatus::Archived {
            let of_type = Facet::Type(row.thing_type.as_str().into());
            self.things.insert(id, &thing_text(row), [of_type]);
        }
        if self.things.is_sparse() {
            self.things.compact();
        }
    }

    /// Puts knowledge in the place of what was there under its id; an archived row leaves.
    pub fn put_knowledge(&mut self, row: &Knowledge) {
        let id = HitId::Knowledge(row.id);
        if let Some(slot) = self.knowledge.remove(id) {
            self.vectors.remove(slot);
        }
        if row.archived_at.is_none() {
            let of_type = Facet::Type(row.knowledge_type.as_str().into());
            let labels = row.labels.iter().cloned().map(Facet::Label);
            let facets = labels.chain([of_type]);
            let slot = self.knowledge.insert(id, &knowledge_text(row), facets);
            if let Some(embedding) = &row.embedding {
                self.vectors.insert(slot, embedding);
            }
        }
        if self.knowledge.is_sparse() {
            let moved = self.knowledge.compact();
            self.vectors.renumber(&|slot| moved.to(slot));
        }
    }

    /// About how much memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.things.bytes() + self.knowledge.bytes() + self.vectors.bytes()
    }

    /// Looks for what fits best.
    #[must_use]
    pub fn search(&self, query: &SearchQuery) -> Search {
        let rows = match query.among {
            Among::Things { .. } => &self.things,
            Among::Knowledge { .. } => &self.knowledge,
        };
        let meant = rows.meant(&query.among);
        let text = query.text.as_deref().unwrap_or("");
        let by_text = rows.by_text(text, &meant, query.depth());
        Search {
            by_text,
            wanted: self.wanted(query, &meant),
            query: query.clone(),
        }
    }

    fn wanted(&self, query: &SearchQuery, meant: &Slots) -> Vec<KnowledgeId> {
        let (Some(embedding), Among::Knowledge { .. }) = (&query.embedding, &query.among) else {
            return Vec::new();
        };
        let id = |slot| self.knowledge.id(slot);
        let near = self
            .vectors
            .near(embedding, query.min_similarity, meant, query.depth(), id);
        let near = near.into_iter().filter_map(|slot| match id(slot) {
            Some(HitId::Knowledge(id)) => Some(id),
            Some(HitId::Thing(_)) | None => None,
        });
        let mut wanted: Vec<KnowledgeId> = near.collect();
        wanted.sort_unstable();
        wanted
    }
}

/// A search that may need exact vectors before it can be answered.
#[derive(Debug)]
pub struct Search {
    query: SearchQuery,
    by_text: Vec<HitId>,
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
    pub fn finish(self, vectors: impl IntoIterator<Item = (KnowledgeId, Embedding)>) -> Vec<Hit> {
        let Self {
            query,
            by_text,
            wanted,
        } = self;
        let mut given = Slots::default();
        let vectors = vectors.into_iter().filter_map(|(id, vector)| {
            let at = wanted.binary_search(&id).ok()?;
            let at = Slot::new(u32::try_from(at).ok()?);
            let first = !given.contains(at);
            given.insert(at);
            first.then_some((HitId::Knowledge(id), vector))
        });
        let by_vector = closest(&query, vectors);
        fuse(&query, by_text, by_vector)
    }
}
