//! What is kept, and what makes it go.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use one_ontology::{Answer, Needs, Place, Receipt, RowId, Seq, Timestamp};

use super::{CacheFigures, CacheOptions};

/// A question; pages and findings with the whole query as JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    Row(RowId),
    Things(String),
    Connections(String),
    Knowledge(String),
    People(String),
    FoundThings(String),
    FoundKnowledge(String),
}

/// Which answers a change set may have changed.
#[derive(Debug, Default)]
pub(super) struct Touched {
    rows: BTreeSet<RowId>,
    connections: bool,
    things: bool,
    knowledge: bool,
    people: bool,
}

impl Touched {
    /// What it needs is no less than what it writes.
    pub(super) fn by(needs: &Needs) -> Self {
        let any = |of: fn(&RowId) -> bool| needs.rows.iter().any(of);
        Self {
            rows: needs.rows.clone(),
            connections: !needs.connections.is_empty(),
            things: any(|id| matches!(id, RowId::Thing(_))),
            knowledge: any(|id| matches!(id, RowId::Knowledge(_))),
            people: any(|id| matches!(id, RowId::Person(_))),
        }
    }

    fn has(&self, question: &Question) -> bool {
        match question {
            Question::Row(id) => self.rows.contains(id),
            Question::Connections(_) => self.connections,
            Question::Things(_) | Question::FoundThings(_) => self.things,
            Question::Knowledge(_) | Question::FoundKnowledge(_) => self.knowledge,
            Question::People(_) => self.people,
        }
    }
}

type Answered = Arc<dyn Any + Send + Sync>;

/// A read that goes to the store below. Its answer is kept if nothing has changed since.
#[derive(Debug)]
pub(super) struct Ticket {
    place: Place,
    epoch: u64,
    asked: Timestamp,
}

#[derive(Debug)]
pub(super) struct Shelf {
    options: CacheOptions,
    drawers: BTreeMap<Place, Drawer>,
    // Grows with each use and each change, so no two of either have the same.
    tick: u64,
    hits: u64,
    misses: u64,
}

/// What is kept of one place.
#[derive(Debug, Default)]
struct Drawer {
    entries: BTreeMap<Question, Entry>,
    // When each was last used.
    uses: BTreeMap<u64, Question>,
    rows: usize,
    // When something was last forgotten.
    epoch: u64,
    used: u64,
    // INVARIANT: nothing kept is older than the commit of this event.
    known: Option<Seq>,
}

#[derive(Debug)]
struct Entry {
    answer: Answered,
    rows: usize,
    asked: Timestamp,
    used: u64,
}

impl Drawer {
    fn take(&mut self, question: &Question) {
        if let Some(entry) = self.entries.remove(question) {
            self.uses.remove(&entry.used);
            self.rows -= entry.rows;
        }
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.uses.clear();
        self.rows = 0;
    }
}

impl Shelf {
    pub(super) const fn new(options: CacheOptions) -> Self {
        Self {
            options,
            drawers: BTreeMap::new(),
            tick: 0,
            hits: 0,
            misses: 0,
        }
    }

    pub(super) fn figures(&self) -> CacheFigures {
        CacheFigures {
            hits: self.hits,
            misses: self.misses,
            places: self.drawers.len(),
            rows: self.drawers.values().map(|drawer| drawer.rows).sum(),
        }
    }

    /// The answer that is kept, or leave to ask.
    pub(super) fn look<T: Any + Send + Sync>(
        &mut self,
        place: Place,
        question: &Question,
        now: Timestamp,
    ) -> Result<Arc<T>, Ticket> {
        let ttl = self.options.ttl;
        let tick = self.next();
        let drawer = self.drawer(place);
        drawer.used = tick;
        let fresh = |entry: &Entry| entry.asked <= now && now.since(entry.asked) < ttl;
        if let Some(entry) = drawer.entries.get_mut(question).filter(|e| fresh(e))
            && let Ok(answer) = Arc::clone(&entry.answer).downcast()
        {
            drawer.uses.remove(&entry.used);
            drawer.uses.insert(tick, question.clone());
            entry.used = tick;
            self.hits += 1;
            return Ok(answer);
        }
        drawer.take(question);
        let epoch = drawer.epoch;
        self.misses += 1;
        Err(Ticket {
            place,
            epoch,
            asked: now,
        })
    }

    pub(super) fn keep(
        &mut self,
        ticket: &Ticket,
        question: Question,
        answer: Answered,
        rows: usize,
    ) {
        let rows = rows.max(1);
        let (tick, room) = (self.next(), self.options.rows);
        let Some(drawer) = self.drawers.get_mut(&ticket.place) else {
            return;
        };
        if drawer.epoch != ticket.epoch || rows > room || self.options.ttl.is_zero() {
            return;
        }
        drawer.take(&question);
        while drawer.rows + rows > room
            && let Some((_, oldest)) = drawer.uses.first_key_value()
        {
            let oldest = oldest.clone();
            drawer.take(&oldest);
        }
        drawer.uses.insert(tick, question.clone());
        drawer.rows += rows;
        let entry = Entry {
            answer,
            rows,
            asked: ticket.asked,
            used: tick,
        };
        drawer.entries.insert(question, entry);
    }

    /// Forgets what an own commit has changed; everything, if others may have come between.
    pub(super) fn committed(&mut self, receipt: &Receipt, touched: &Touched) {
        let tick = self.next();
        let Some(drawer) = self.drawers.get_mut(&receipt.place) else {
            return;
        };
        drawer.epoch = tick;
        let last = receipt.head.seq;
        let follows = drawer
            .known
            .is_some_and(|known| known.next() >= receipt.first);
        if follows && receipt.answer == Answer::Done {
            let changed: Vec<Question> = drawer
                .entries
                .keys()
                .filter(|question| touched.has(question))
                .cloned()
                .collect();
            changed.iter().for_each(|question| drawer.take(question));
        } else {
            drawer.clear();
        }
        drawer.known = drawer.known.max(Some(last));
    }

    /// Forgets everything of the place of an event that is news.
    pub(super) fn happened(&mut self, place: Place, seq: Seq) {
        let tick = self.next();
        if let Some(drawer) = self.drawers.get_mut(&place)
            && drawer.known.is_none_or(|known| known < seq)
        {
            drawer.clear();
            drawer.epoch = tick;
            drawer.known = Some(seq);
        }
    }

    pub(super) fn forget(&mut self, place: Place) {
        let tick = self.next();
        if let Some(drawer) = self.drawers.get_mut(&place) {
            drawer.clear();
            drawer.epoch = tick;
        }
    }

    const fn next(&mut self) -> u64 {
        self.tick += 1;
        self.tick
    }

    fn drawer(&mut self, place: Place) -> &mut Drawer {
        if !self.drawers.contains_key(&place) {
            let idle = |drawers: &BTreeMap<Place, Drawer>| {
                let (place, _) = drawers.iter().min_by_key(|(_, drawer)| drawer.used)?;
                Some(*place)
            };
            while self.drawers.len() >= self.options.places.max(1)
                && let Some(place) = idle(&self.drawers)
            {
                self.drawers.remove(&place);
            }
        }
        let tick = self.next();
        // A drawer that is made anew is not taken for the one that was there.
        self.drawers.entry(place).or_insert_with(|| Drawer {
            epoch: tick,
            ..Drawer::default()
        })
    }
}
