//! What searches are compared with.

use std::collections::BTreeSet;

use benches::report::Cell;
use one_ontology::search::{terms, thing_text};
use one_ontology::{Embedding, Knowledge, KnowledgeId, Thing};
use rusqlite::Connection;

/// Full-text search of SQLite's: the same texts and words, BM25 with the same constants; it counts rarity and lengths a little differently,
/// so it finds the same rows and orders them nearly the same.
pub(crate) struct FullText(Connection);

impl FullText {
    pub(crate) fn of(plugins: &[Thing]) -> Self {
        let mut connection = Connection::open_in_memory().unwrap();
        let sql = "CREATE VIRTUAL TABLE texts USING fts5 (words, content='')";
        connection.execute_batch(sql).unwrap();
        let transaction = connection.transaction().unwrap();
        for (number, text) in (0_i64..).zip(plugins.iter().map(thing_text)) {
            let sql = "INSERT INTO texts (rowid, words) VALUES (?, ?)";
            let mut insert = transaction.prepare_cached(sql).unwrap();
            insert.execute(rusqlite::params![number, text]).unwrap();
        }
        transaction.commit().unwrap();
        Self(connection)
    }

    /// The numbers of the rows that have any of the words, the best first.
    pub(crate) fn find(&self, text: &str, limit: usize) -> Vec<usize> {
        let sql = "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?";
        let mut select = self.0.prepare_cached(sql).unwrap();
        let any: Vec<String> = terms(text)
            .iter()
            .map(|term| format!("\"{term}\""))
            .collect();
        let limit = i64::try_from(limit).unwrap();
        let rows = select.query_map(rusqlite::params![any.join(" OR "), limit], |row| {
            row.get::<_, i64>(0)
        });
        rows.unwrap()
            .map(|row| usize::try_from(row.unwrap()).unwrap())
            .collect()
    }
}

/// Every vector of four bytes a number, of length 1, multiplied with the one that is wanted.
pub(crate) struct Floats {
    dimensions: usize,
    rows: Vec<f32>,
}

impl Floats {
    pub(crate) fn of<'a>(vectors: impl Iterator<Item = &'a [f32]>) -> Self {
        let (mut dimensions, mut rows) = (0, Vec::new());
        for vector in vectors {
            dimensions = vector.len();
            rows.extend(normal(vector));
        }
        Self { dimensions, rows }
    }

    /// The numbers of the nearest.
    pub(crate) fn near(&self, wanted: &[f32], count: usize) -> Vec<usize> {
        let wanted: Vec<f32> = normal(wanted).collect();
        let rows = self.rows.chunks_exact(self.dimensions);
        let scored = rows.map(|row| dot(row, &wanted));
        best(scored.zip(0..).collect(), count)
    }
}

/// Every vector as one byte a number and a scale, multiplied with the one that is wanted: without knowing how wrong that may be.
pub(crate) struct Bytes {
    dimensions: usize,
    scales: Vec<f32>,
    rows: Vec<i8>,
}

impl Bytes {
    pub(crate) fn of<'a>(vectors: impl Iterator<Item = &'a [f32]>) -> Self {
        let mut bytes = Self {
            dimensions: 0,
            scales: Vec::new(),
            rows: Vec::new(),
        };
        for vector in vectors {
            bytes.dimensions = vector.len();
            let normal: Vec<f32> = normal(vector).collect();
            let scale = largest(&normal) / 127.0;
            bytes.scales.push(scale);
            bytes
                .rows
                .extend(quantised(&normal, scale).map(|x| i8::try_from(x).unwrap()));
        }
        bytes
    }

    /// The numbers of those that seem the nearest.
    pub(crate) fn near(&self, wanted: &[f32], count: usize) -> Vec<usize> {
        let normal: Vec<f32> = normal(wanted).collect();
        let wanted: Vec<i16> = quantised(&normal, largest(&normal) / 127.0).collect();
        let rows = self.rows.chunks_exact(self.dimensions).zip(&self.scales);
        let scored = rows.map(|(row, scale)| {
            let products = wanted
                .iter()
                .zip(row)
                .map(|(a, b)| i32::from(*a) * i32::from(*b));
            #[expect(clippy::cast_precision_loss, reason = "this peer is not exact")]
            let sum = products.sum::<i32>() as f32;
            sum * scale
        });
        best(scored.zip(0..).collect(), count)
    }
}

fn largest(vector: &[f32]) -> f32 {
    vector
        .iter()
        .fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs()))
}

fn quantised(vector: &[f32], scale: f32) -> impl Iterator<Item = i16> {
    vector.iter().map(move |x| {
        #[expect(clippy::cast_possible_truncation, reason = "at most 127 either way")]
        let number = (x / scale).round() as i16;
        number.clamp(-127, 127)
    })
}

fn normal(vector: &[f32]) -> impl Iterator<Item = f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(move |x| x / length)
}

/// With eight sums, so that the compiler may use the registers it has.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// The numbers of those with the highest scores, the highest first.
pub(crate) fn best<S: PartialOrd>(mut scored: Vec<(S, usize)>, count: usize) -> Vec<usize> {
    let order = |a: &(S, usize), b: &(S, usize)| b.0.partial_cmp(&a.0).unwrap().then(a.1.cmp(&b.1));
    if scored.len() > count {
        scored.select_nth_unstable_by(count - 1, order);
        scored.truncate(count);
    }
    scored.sort_by(order);
    scored.into_iter().map(|(_, number)| number).collect()
}

/// The rows that are nearest by the ontology's own measure, by brute force.
pub(crate) fn nearest(
    passages: &[Knowledge],
    wanted: &Embedding,
    count: usize,
) -> BTreeSet<KnowledgeId> {
    let similarity = |row: &Knowledge| wanted.similarity(row.embedding.as_ref()?);
    let scored = passages.iter().filter_map(similarity).zip(0..).collect();
    let near = best(scored, count).into_iter();
    near.map(|number| passages[number].id).collect()
}

/// How many of those expected were found, in hundredths.
#[derive(Debug, Default)]
pub(crate) struct Share {
    expected: usize,
    found: usize,
}

impl Share {
    pub(crate) fn add<T: Ord>(&mut self, expected: &BTreeSet<T>, found: &BTreeSet<T>) {
        self.expected += expected.len();
        self.found += expected.intersection(found).count();
    }

    pub(crate) fn hundredths(&self) -> f64 {
        let count = |number: usize| f64::from(u32::try_from(number).unwrap());
        count(self.found) / count(self.expected) * 100.0
    }

    pub(crate) fn cell(&self) -> Cell {
        Cell::figure(self.hundredths())
    }
}
