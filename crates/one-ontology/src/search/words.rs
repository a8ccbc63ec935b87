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
    /// What texts and postings take, counted as they come: a store asks after each search.
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    word: Arc<str>,
    /// Upwards by slot.
    postings: Vec<Posting>,
}

/// About what an allocation takes beside what is asked for.
const ALLOCATION: usize = 32;

/// What can be told of a word without reading it.
#[derive(Debug)]
struct Shape {
    characters: Characters,
    word: WordId,
}

impl Words {
    /// Notes that a row has a word; rows come upwards by slot, each once for each word.
    pub(super) fn add(&mut self, word: &str, posting: Posting) {
        if let Some(id) = self.ids.get(word) {
            if let Some(entry) = self.entries.get_mut(*id as usize) {
                let before = entry.postings.capacity();
                entry.postings.push(posting);
                let more = entry.postings.capacity() - before;
                self.bytes += more * size_of::<Posting>();
            }
        } else {
            self.learn(word, vec![posting]);
        }
    }

    fn learn(&mut self, word: &str, postings: Vec<Posting>) {
        let id = WordId::try_from(self.entries.len()).unwrap_or(WordId::MAX);
        let text: Arc<str> = word.into();
        // The text and its two counters, and its place in the tree.
        self.bytes += word.len() + 16 + 32 + 2 * ALLOCATION;
        self.bytes += postings.capacity() * size_of::<Posting>();
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
            let mut left: Vec<Posting> = left.collect();
            if !left.is_empty() {
                // Collected in place, it has room for those that left.
                left.shrink_to_fit();
                self.learn(&entry.word, left);
            }
        }
    }

    /// About how much memory they take.
    pub(super) fn bytes(&self) -> usize {
        let shapes: usize = self.by_length.iter().map(Vec::capacity).sum();
        self.bytes
            + self.entries.capacity() * size_of::<Entry>()
            + shapes * size_of::<Shape>()
            + self.by_length.capacity() * size_of::<Vec<Shape>>()
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
    /// How many rows have a word, by its number, where that was counted: so each list is read at
    /// most once, whatever is asked. Empty until a term is missing.
    counted: Vec<Option<u32>>,
}

impl<'a> Meant<'a> {
    pub(super) fn new(words: &'a Words, rows: &'a Slots) -> Self {
        Self {
            words,
            rows,
            counted: Vec::new(),
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
            let words = self.words;
            let longer = words.ids.range::<str, _>(all);
            let longer = longer.take_while(|(word, _)| word.starts_with(term));
            let begun = self.most_common(longer.map(|(_, id)| *id));
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
    fn most_common(&mut self, words: impl IntoIterator<Item = WordId>) -> Vec<WordId> {
        let all = self.words;
        let mut best: Vec<(u32, WordId)> = Vec::with_capacity(MOST_WORDS + 1);
        for word in words {
            let rows = self.rows_with(word);
            let full = best.len() == MOST_WORDS;
            let fewer = best.last().is_some_and(|last| rows < last.0);
            if rows == 0 || (full && fewer) {
                continue;
            }
            let before = |other: &(u32, WordId)| {
                other.0 > rows || (other.0 == rows && all.text(other.1) < all.text(word))
            };
            best.insert(best.partition_point(before), (rows, word));
            best.truncate(MOST_WORDS);
        }
        best.into_iter().map(|(_, word)| word).collect()
    }

    fn rows_with(&mut self, word: WordId) -> u32 {
        if self.counted.is_empty() {
            self.counted = vec![None; self.words.entries.len()];
        }
        let counted = self.counted.get(word as usize).copied().flatten();
        counted.unwrap_or_else(|| {
            let rows = u32::try_from(self.having(word).count()).unwrap_or(u32::MAX);
            if let Some(counted) = self.counted.get_mut(word as usize) {
                *counted = Some(rows);
            }
            rows
        })
    }
}
