//! How long a search takes in a place of many rows: texts of 30 words out of 50,000, and vectors of 1,536 random
//! numbers, which are the hardest to tell apart.
//!
//! `cargo run --release -p one-ontology --example search_speed -- 100000`, and again with `--features simd`.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::unwrap_used, reason = "a broken measurement may panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement takes the machine's clock"
)]

use std::time::{Duration, Instant};

use one_ontology::search::Index;
use one_ontology::{
    Among, Embedding, Hit, Knowledge, KnowledgeId, KnowledgeType, Label, Limit, Place, Scope,
    SearchQuery, Timestamp,
};

const DIMENSION: usize = 1536;
const WORDS: u64 = 50_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rows: u64 = arguments
        .next()
        .map_or(10_000, |rows| rows.parse().unwrap());
    let scope = Scope::system("measure".parse().unwrap(), Place::Global);
    let mut index = Index::new();
    let mut putting = Duration::ZERO;
    for number in 0..rows {
        let row = row(&scope, number);
        let start = Instant::now();
        index.put_knowledge(&row);
        putting += start.elapsed();
    }
    let simd = if cfg!(feature = "simd") {
        "with"
    } else {
        "without"
    };
    println!(
        "{rows} rows, {simd} the feature `simd`: put in {:.1} s, {} MB",
        putting.as_secs_f64(),
        index.bytes() / 1_000_000
    );
    println!("query                            median ms  worst ms  vectors compared exactly");
    let text = |text: &str| SearchQuery {
        text: Some(text.to_owned()),
        limit: Limit::new(20),
        ..SearchQuery::default()
    };
    let near = |least| SearchQuery {
        embedding: Some(vector(rows / 2, 1)),
        min_similarity: least,
        limit: Limit::new(20),
        ..SearchQuery::default()
    };
    let common: String = (0..32).map(|rank| word(rank) + " ").collect();
    let typos: String = (0..32).map(|n| typo(&word(40_000 + n)) + " ").collect();
    let one_percent = SearchQuery {
        among: Among::Knowledge {
            types: vec![],
            labels: vec!["topic:7".parse().unwrap()],
        },
        ..near(None)
    };
    let both = SearchQuery {
        text: text(&word(300)).text,
        ..near(None)
    };
    for (name, query) in [
        (
            "a common and a rare word",
            text(&format!("{} {}", word(3), word(20_000))),
        ),
        ("one word with a typo", text(&typo(&word(20_000)))),
        ("the 32 most common words", text(&common)),
        ("32 words with typos", text(&typos)),
        ("32 beginnings of words", text(&beginnings())),
        ("vector", near(None)),
        ("vector, at least 0.5", near(Some(0.5))),
        ("vector, of 1 % by label", one_percent),
        ("word and vector", both),
    ] {
        measure(&index, name, &query);
    }
}

fn measure(index: &Index, name: &str, query: &SearchQuery) {
    let mut times: Vec<Duration> = Vec::new();
    let mut compared = 0;
    for _ in 0..15 {
        let start = Instant::now();
        let search = index.search(query);
        let mut taken = start.elapsed();
        compared = search.wanted().len();
        // Making the vectors anew is not part of it: a store reads them.
        let all: Vec<(KnowledgeId, Embedding)> = search
            .wanted()
            .iter()
            .map(|id| (*id, vector(id.as_uuid().as_u64_pair().1, 0)))
            .collect();
        let start = Instant::now();
        let hits: Vec<Hit> = search.finish(all);
        taken += start.elapsed();
        assert!(hits.len() <= 20);
        times.push(taken);
    }
    times.sort();
    let ms = |at: usize| times.get(at).unwrap().as_secs_f64() * 1e3;
    println!("{name:<32} {:>9.2} {:>9.2}  {compared}", ms(7), ms(14));
}

fn row(scope: &Scope, number: u64) -> Knowledge {
    let id = KnowledgeId::from_uuid(uuid::Uuid::from_u64_pair(0, number));
    let mut row = Knowledge::new(scope, id, KnowledgeType::Chunk, Timestamp::EPOCH);
    let mut noise = Noise::new(number + 1);
    let words = std::iter::repeat_with(|| {
        // Few words are common, most are rare.
        let rank = noise.unit() * noise.unit() * noise.unit() * WORDS as f64;
        word(rank as u64)
    });
    row.text = Some(words.take(30).collect::<Vec<_>>().join(" "));
    row.embedding = Some(vector(number, 0));
    let label: Label = format!("topic:{}", number % 100).parse().unwrap();
    row.labels = vec![label];
    row
}

/// Normally distributed numbers; with another `salt`, close to those with none.
fn vector(number: u64, salt: u64) -> Embedding {
    let mut noise = Noise::new(number + 1);
    let mut other = Noise::new(u64::MAX - number);
    let value = || {
        let sum = |noise: &mut Noise| (0..4).map(|_| noise.unit() - 0.5).sum::<f64>();
        let value = sum(&mut noise);
        (value + salt as f64 * 0.5 * sum(&mut other)) as f32
    };
    let values = std::iter::repeat_with(value).take(DIMENSION).collect();
    Embedding::new("model", values).unwrap()
}

/// A word of 5 to 10 letters.
fn word(rank: u64) -> String {
    let mut noise = Noise::new(rank + 77);
    let length = 5 + noise.next() % 6;
    let letter = |_| char::from(b'a' + (noise.next() % 26) as u8);
    (0..length).map(letter).collect()
}

fn typo(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    letters.swap(2, 3);
    letters.into_iter().chain(['q']).collect()
}

fn beginnings() -> String {
    let three = |n: u64| word(n).chars().take(3).collect::<String>() + " ";
    (1_000..1_032).map(three).collect()
}

/// The same on every run.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// From 0 to 1.
    fn unit(&mut self) -> f64 {
        self.next() as f64 / (1_u64 << 48) as f64
    }
}
