//! The words of many rows, and who has them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::slots::{Slot, Slots};
use super::typo::{Characters, Closeness, MOST_WORDS, edits_within, may_begin, most_edits};

/// That a row has a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Posting {
    /// Where the row stands.
    pub(super) slot: Slot,
    /// How often it has it, at least once.
    pub(super) count: u32,
}

/// A word, by number.
type WordId = u32;

/// The words of many rows, and who has them, rows that have left too.
#[derive(Debug, Default)]
pub(super) struct Words {
    ids: BTreeMap<Arc<str>, WordId>,
    /// By number of word.
    entries: Vec<Entry>,
    /// By number of characters.
    by_length: Vec<Vec<Shape>>,
    /// What they take, counted as they come: a store asks after each search.
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    word: Arc<str>,
    /// Upwards by slot.
    postings: Vec<Posting>,
}

/// What can be told of a word without reading it.
#[derive(Debug)]
struct Shape {
    characters: Characters,
    word: WordId,
}

impl Words {
    /// Notes that a row has a word; rows come upwards by slot, each once for each word.
    pub(super) fn add(&mut self, word: &str, posting: Posting) {
        self.bytes += size_of::<Posting>();
        if let Some(id) = self.ids.get(word) {
            if let Some(entry) = self.entries.get_mut(*id as usize) {
                entry.postings.push(posting);
            }
        } else {
            self.learn(word, vec![posting]);
        }
    }

    fn learn(&mut self, word: &str, postings: Vec<Posting>) {
        let id = WordId::try_from(self.entries.len()).unwrap_or(WordId::MAX);
        let text: Arc<str> = word.into();
        // The text and its two counters, its place in the tree, and the shape.
        self.bytes += word.len() + 16 + 32 + size_of::<Shape>() + size_of::<Entry>();
        self.ids.insert(Arc::clone(&text), id);
        self.entries.push(Entry {
            word: text,
            postings,
        });
        let characters: Vec<char> = word.chars().collect();
        if self.by_length.len() <= characters.len() {
            self.by_length.resize_with(characters.len() + 1, Vec::new);
        }
        if let Some(shapes) = self.by_length.get_mut(characters.len()) {
            shapes.push(Shape {
                characters: Characters::of(&characters),
                word: id,
            });
        }
    }

    /// Gives every row its new slot; those without one leave, and words that nobody is left to have.
    pub(super) fn renumber(&mut self, to: impl Fn(Slot) -> Option<Slot>) {
        for entry in std::mem::take(self).entries {
            let left = entry.postings.into_iter().filter_map(|posting| {
                let slot = to(posting.slot)?;
                Some(Posting { slot, ..posting })
            });
            let left: Vec<Posting> = left.collect();
            if !left.is_empty() {
                self.bytes += left.len() * size_of::<Posting>();
                self.learn(&entry.word, left);
            }
        }
    }

    /// About how much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn postings(&self, word: WordId) -> &[Posting] {
        let entry = self.entries.get(word as usize);
        entry.map_or(&[], |entry| &entry.postings)
    }

    fn text(&self, word: WordId) -> &str {
        let entry = self.entries.get(word as usize);
        entry.map_or("", |entry| &entry.word)
    }
}

/// The words of those rows that are meant.
#[derive(Debug)]
pub(super) struct Meant<'a> {
    words: &'a Words,
    rows: &'a Slots,
    /// How many rows have a word, where that was counted: so each list is read at most once,
    /// whatever is asked.
    counted: BTreeMap<WordId, u64>,
}

impl<'a> Meant<'a> {
    pub(super) fn new(words: &'a Words, rows: &'a Slots) -> Self {
        Self {
            words,
            rows,
            counted: BTreeMap::new(),
        }
    }

    /// Who has a term as it is given, upwards by slot.
    pub(super) fn with(&self, term: &str) -> Vec<Posting> {
        let word = self.words.ids.get(term);
        word.map_or_else(Vec::new, |word| self.having(*word).collect())
    }

    /// Who has any of the words that stand for a term that no row has, upwards by slot.
    pub(super) fn with_close(&mut self, term: &str) -> Vec<Posting> {
        let words = self.close_words(term);
        let mut all: Vec<Posting> = words.iter().flat_map(|word| self.having(*word)).collect();
        all.sort_unstable();
        all.dedup_by(|next, kept| {
            let same = next.slot == kept.slot;
            if same {
                kept.count += next.count;
            }
            same
        });
        all
    }

    fn having(&self, word: WordId) -> impl Iterator<Item = Posting> {
        let all = self.words.postings(word).iter().copied();
        all.filter(|posting| self.rows.contains(posting.slot))
    }

    fn close_words(&mut self, term: &str) -> Vec<WordId> {
        if may_begin(term) {
            let all = (Bound::Included(term), Bound::Unbounded);
            let longer = self.words.ids.range::<str, _>(all);
            let longer = longer.take_while(|(word, _)| word.starts_with(term));
            let begun = self.most_common(longer.map(|(_, id)| *id).collect());
            if !begun.is_empty() {
                return begun;
            }
        }
        let (one, two) = self.at_edits(term);
        let one = self.most_common(one);
        if one.is_empty() {
            self.most_common(two)
        } else {
            one
        }
    }

    /// The words at one edit from a term, and those at two.
    fn at_edits(&self, term: &str) -> (Vec<WordId>, Vec<WordId>) {
        let (mut one, mut two) = (Vec::new(), Vec::new());
        let most = most_edits(term);
        if most == 0 {
            return (one, two);
        }
        let term: Vec<char> = term.chars().collect();
        let characters = Characters::of(&term);
        let lengths = self.words.by_length.iter();
        let lengths = lengths.skip(term.len() - most).take(2 * most + 1);
        let mut word = Vec::with_capacity(term.len() + most);
        for shape in lengths.flatten() {
            if !shape.characters.may_be_within(characters, most) {
                continue;
            }
            word.clear();
            word.extend(self.words.text(shape.word).chars());
            match edits_within(&term, &word, most).and_then(Closeness::of_edits) {
                Some(Closeness::OneEdit) => one.push(shape.word),
                Some(Closeness::TwoEdits) => two.push(shape.word),
                Some(Closeness::Begins) | None => {}
            }
        }
        (one, two)
    }

    /// Those that the most rows have, then the first by bytes; none that no row has.
    fn most_common(&mut self, words: Vec<WordId>) -> Vec<WordId> {
        let mut counted: Vec<(u64, WordId)> = words
            .into_iter()
            .map(|word| (self.rows_with(word), word))
            .filter(|(rows, _)| *rows > 0)
            .collect();
        counted.sort_by(|a, b| {
            let by_text = || self.words.text(a.1).cmp(self.words.text(b.1));
            b.0.cmp(&a.0).then_with(by_text)
        });
        counted.truncate(MOST_WORDS);
        counted.into_iter().map(|(_, word)| word).collect()
    }

    fn rows_with(&mut self, word: WordId) -> u64 {
        if let Some(rows) = self.counted.get(&word) {
            return *rows;
        }
        let rows = self.having(word).count() as u64;
        self.counted.insert(word, rows);
        rows
    }
}
