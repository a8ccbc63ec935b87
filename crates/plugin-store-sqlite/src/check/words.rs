//! The words that searches find rows by, held against the rows.

use one_ontology::{Knowledge, Place, StoreError, Thing};
use rusqlite::Transaction;

use super::{Checked, Fault, chains};
use crate::columns::{words_of_knowledge, words_of_thing};
use crate::error::OrStoreError as _;
use crate::list;

pub(crate) fn check(moment: &Transaction<'_>, checked: &mut Checked) -> Result<(), StoreError> {
    let things = expected(moment, "things", |place, row| {
        words_of_thing(place, &list::doc::<Thing>("things", row).ok()?)
    })?;
    compare(moment, checked, "thing_words", &things)?;
    let knowledge = expected(moment, "knowledge", |place, row| {
        words_of_knowledge(place, &list::doc::<Knowledge>("knowledge", row).ok()?)
    })?;
    compare(moment, checked, "knowledge_words", &knowledge)
}

/// A bag of pairs of word and row, in constant space: two that have the same count and sum are
/// taken to be equal.
#[derive(Debug, Default, PartialEq, Eq)]
struct Bag {
    count: u64,
    sum: u64,
}

impl Bag {
    fn put(&mut self, word: &str, n: i64) {
        // FNV-1a, then mixed: sums of it must not cancel out.
        let bytes = word.bytes().chain(n.to_le_bytes());
        let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.sum = self.sum.wrapping_add(hash ^ (hash >> 29));
        self.count += 1;
    }
}

fn expected(
    moment: &Transaction<'_>,
    table: &str,
    words: impl Fn(Place, &rusqlite::Row<'_>) -> Option<String>,
) -> Result<Bag, StoreError> {
    let mut statement = moment
        .prepare(&format!("SELECT doc, place, n FROM {table}"))
        .or_store_error()?;
    let mut rows = statement.query([]).or_store_error()?;
    let mut bag = Bag::default();
    while let Some(row) = rows.next().or_store_error()? {
        let place: Vec<u8> = row.get(1).or_store_error()?;
        let n: i64 = row.get(2).or_store_error()?;
        // Rows that cannot be read were found before.
        let words = chains::place(&place).and_then(|place| words(place, row));
        for word in words.unwrap_or_default().split(' ') {
            // The tokenizer folds the letters of ASCII; ours have been folded already.
            if !word.is_empty() {
                bag.put(word, n);
            }
        }
    }
    Ok(bag)
}

fn compare(
    moment: &Transaction<'_>,
    checked: &mut Checked,
    table: &str,
    expected: &Bag,
) -> Result<(), StoreError> {
    // A view of the index, made for this connection only.
    moment
        .execute_batch(&format!(
            "CREATE VIRTUAL TABLE temp.{table}_seen USING fts5vocab(main, {table}, instance)"
        ))
        .or_store_error()?;
    let mut statement = moment
        .prepare(&format!("SELECT term, doc FROM temp.{table}_seen"))
        .or_store_error()?;
    let mut rows = statement.query([]).or_store_error()?;
    let mut is = Bag::default();
    while let Some(row) = rows.next().or_store_error()? {
        let word = row.get_ref(0).or_store_error()?;
        is.put(
            word.as_str().unwrap_or_default(),
            row.get(1).or_store_error()?,
        );
    }
    if is != *expected {
        checked.found(
            Fault::Derived,
            format!(
                "`{table}` has {} words of rows, the rows have {}{}",
                is.count,
                expected.count,
                if is.count == expected.count {
                    ", and not the same"
                } else {
                    ""
                }
            ),
        );
    }
    Ok(())
}
