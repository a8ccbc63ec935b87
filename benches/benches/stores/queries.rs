//! What is looked for, and how.

use benches::Random;
use one_ontology::search::{Among, SearchQuery, words};
use one_ontology::{Limit, Scope};

use crate::catalog::{Catalog, embedding, library, registry};

/// How a row is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Typo,
    Semantic,
    Hybrid,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Text, Self::Typo, Self::Semantic, Self::Hybrid];

    pub(crate) const fn among_plugins(self) -> bool {
        matches!(self, Self::Text | Self::Typo)
    }

    pub(crate) fn scope(self) -> Scope {
        if self.among_plugins() {
            registry()
        } else {
            library()
        }
    }

    pub(crate) const fn peer(self) -> Option<&'static str> {
        match self {
            Self::Text => Some("SQLite FTS5"),
            Self::Semantic => Some("f32 loop"),
            Self::Typo | Self::Hybrid => None,
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Text => "Search by text: the 20 best plugins",
            Self::Typo => "Search by text with a typo: the 20 best plugins",
            Self::Semantic => "Search by meaning: the 20 nearest passages",
            Self::Hybrid => "Search by both: the 20 best passages",
        }
    }

    pub(crate) const fn note(self) -> &'static str {
        match self {
            Self::Text => {
                "One to three words of a plugin. The first search after opening reads the rows into the index. Recall: of the 20 best by the rule over every row \
                 (100 queries; 5 of 100,000 rows). FTS5 has the same words and BM25's same constants, finds the same rows, \
                 and orders them nearly the same (the share of our 20 that are among its); it keeps nothing apart by tenant, type or status."
            }
            Self::Typo => {
                "A word of a plugin with two neighbours swapped. FTS5 finds nothing for it."
            }
            Self::Semantic => {
                "Vectors of 384 numbers, in clusters. Recall: of the 20 nearest by the ontology's measure over every row, 100 queries. The loop multiplies \
                 every vector, normalised beforehand, with eight sums, in memory of its own; it keeps nothing apart."
            }
            Self::Hybrid => {
                "One to three words of a passage, and a vector; joined by reciprocal rank fusion."
            }
        }
    }
}

/// Something to look for, in words of this text.
pub(crate) fn query(kind: Kind, catalog: &Catalog, text: &str, random: &mut Random) -> SearchQuery {
    let words: Vec<String> = words(text).collect();
    let mut some = |count: usize| {
        let picked: Vec<&str> = (0..count)
            .map(|_| words[random.index(words.len())].as_str())
            .collect();
        picked.join(" ")
    };
    let text = match kind {
        Kind::Text | Kind::Hybrid => {
            let count = 1 + text.len() % 3;
            Some(some(count))
        }
        Kind::Typo => Some(swapped(&some(1))),
        Kind::Semantic => None,
    };
    SearchQuery {
        among: if kind.among_plugins() {
            Among::Things { types: Vec::new() }
        } else {
            Among::default()
        },
        text,
        embedding: (!kind.among_plugins()).then(|| embedding(catalog.vector(random))),
        min_similarity: None,
        limit: Limit::new(20),
    }
}

/// The word with its second and third letter in the wrong order.
fn swapped(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() > 2 {
        letters.swap(1, 2);
    }
    letters.into_iter().collect()
}
