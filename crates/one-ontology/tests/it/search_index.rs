//! An index answers as the rule over every row does.

use std::collections::BTreeMap;

use one_ontology::search::{Candidate, Index, knowledge_text, rank, thing_text};
use one_ontology::{
    Among, Embedding, Hit, Knowledge, KnowledgeId, KnowledgeType, Label, SearchQuery, Seq, Thing,
    ThingId, ThingStatus, ThingType,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::support::{in_group, noon, thing};

/// A row as it is written, many of them under one id.
#[derive(Clone, Debug)]
enum Written {
    Thing(Thing),
    Knowledge(Knowledge),
}

/// What there is after some writes, kept as it came.
#[derive(Debug, Default)]
struct Rows {
    things: BTreeMap<ThingId, Thing>,
    knowledge: BTreeMap<KnowledgeId, Knowledge>,
}

impl Rows {
    fn put(&mut self, row: &Written) {
        match row {
            Written::Thing(row) => drop(self.things.insert(row.id, row.clone())),
            Written::Knowledge(row) => drop(self.knowledge.insert(row.id, row.clone())),
        }
    }

    /// The rule over every row: the oracle.
    fn search(&self, query: &SearchQuery) -> Vec<Hit> {
        let things = self.things.values().filter(|r| query.among.has_thing(r));
        let knowledge = self.knowledge.values();
        let knowledge = knowledge.filter(|r| query.among.has_knowledge(r));
        let rows: Vec<Candidate> = things
            .map(|row| Candidate {
                id: row.id.into(),
                text: thing_text(row),
                embedding: None,
            })
            .chain(knowledge.map(|row| Candidate {
                id: row.id.into(),
                text: knowledge_text(row),
                embedding: row.embedding.clone(),
            }))
            .collect();
        rank(query, rows.len() as u64, &rows)
    }
}

fn put(index: &mut Index, row: &Written) {
    match row {
        Written::Thing(row) => index.put_thing(row),
        Written::Knowledge(row) => index.put_knowledge(row),
    }
}

/// What a store does: asks the index, fetches what is wanted, and finishes.
fn ask(index: &Index, rows: &Rows, query: &SearchQuery) -> Vec<Hit> {
    let search = index.search(query);
    assert!(
        search.wanted().is_sorted_by(|a, b| a < b),
        "each once, in order"
    );
    let vector = |id: &KnowledgeId| Some((*id, rows.knowledge[id].embedding.clone()?));
    let vectors: Vec<_> = search.wanted().iter().rev().filter_map(vector).collect();
    assert_eq!(
        vectors.len(),
        search.wanted().len(),
        "only those with a vector"
    );
    search.finish(vectors)
}

fn sentence() -> impl Strategy<Value = String> {
    let word = select(vec![
        "red",
        "green",
        "blue",
        "telegram",
        "telegraph",
        "form",
        "Ärger",
    ]);
    vec(word, 0..6).prop_map(|words| words.join(" "))
}

fn vector() -> impl Strategy<Value = Embedding> {
    let number = prop_oneof![
        3 => (-4_i8..=4).prop_map(f32::from),
        2 => -1.0_f32..1.0,
        1 => select(vec![0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::from_bits(1)]),
    ];
    let model = select(vec!["model", "other"]);
    (model, prop_oneof![vec(number.clone(), 3), vec(number, 2)])
        .prop_map(|(model, values)| Embedding::new(model, values).unwrap())
}

fn labels() -> impl Strategy<Value = Vec<Label>> {
    let all = ["topic:a", "topic:b"].map(|label| label.parse().unwrap());
    subsequence(all.to_vec(), 0..=2)
}

fn written() -> impl Strategy<Value = Written> {
    let scope = in_group("a");
    let id = 0..24_u8;
    let of_thing = {
        let scope = scope.clone();
        (id.clone(), sentence(), 0..8_u8).prop_map(move |(id, name, kind)| {
            let mut row = thing(&scope, &name, ThingType::Course);
            row.id = ThingId::of_name(&[&id.to_string()]);
            if kind % 2 == 0 {
                row.thing_type = ThingType::Lesson;
            }
            if kind == 7 {
                row.status = ThingStatus::Archived;
            }
            Written::Thing(row)
        })
    };
    let of_knowledge = (
        id,
        option::of(sentence()),
        option::of(vector()),
        labels(),
        0..8_u8,
    )
        .prop_map(move |(id, text, embedding, labels, kind)| {
            let id = KnowledgeId::of_name(&[&id.to_string()]);
            let mut row = Knowledge::new(&scope, id, KnowledgeType::Document, noon());
            if kind % 2 == 0 {
                row.knowledge_type = KnowledgeType::Chunk;
            }
            row.archived_at = (kind == 7).then(noon);
            Written::Knowledge(Knowledge {
                text,
                embedding,
                labels,
                ..row
            })
        });
    prop_oneof![1 => of_thing, 3 => of_knowledge]
}

fn among() -> impl Strategy<Value = Among> {
    let things = subsequence(vec![ThingType::Course, ThingType::Lesson], 0..=2)
        .prop_map(|types| Among::Things { types });
    let types = vec![
        KnowledgeType::Document,
        KnowledgeType::Chunk,
        KnowledgeType::Label,
    ];
    let knowledge = (subsequence(types, 0..=2), labels())
        .prop_map(|(types, labels)| Among::Knowledge { types, labels });
    prop_oneof![1 => things, 3 => knowledge]
}

fn query() -> impl Strategy<Value = SearchQuery> {
    let close = option::of(prop_oneof![-1.0_f32..=1.0, Just(f32::NAN), Just(1.0)]);
    let limit = prop_oneof![1..5_u32, Just(1000)];
    (
        among(),
        option::of(sentence()),
        option::of(vector()),
        close,
        limit,
    )
        .prop_map(
            |(among, text, embedding, min_similarity, limit)| SearchQuery {
                among,
                text,
                embedding,
                min_similarity,
                limit: limit.into(),
            },
        )
}

proptest! {
    #[test]
    fn an_index_answers_as_the_rule_over_every_row(
        writes in vec((written(), option::weighted(0.1, query())), 0..120),
        queries in vec(query(), 1..8),
    ) {
        let (mut index, mut rows) = (Index::new(), Rows::default());
        for (row, query) in &writes {
            put(&mut index, row);
            rows.put(row);
            if let Some(query) = query {
                prop_assert_eq!(ask(&index, &rows, query), rows.search(query));
            }
        }
        for query in &queries {
            prop_assert_eq!(ask(&index, &rows, query), rows.search(query));
        }
    }
}

#[test]
fn an_index_knows_how_far_it_has_come() {
    let mut index = Index::new();
    assert_eq!(index.at(), None);
    index.reached(Seq::new(7));
    assert_eq!(index.at(), Some(Seq::new(7)));
}

#[test]
fn vectors_that_nobody_wanted_change_nothing_and_missing_ones_are_not_found() {
    let scope = in_group("a");
    let vector = Embedding::new("model", vec![1.0, 2.0]).unwrap();
    let id = |name: &str| KnowledgeId::of_name(&[name]);
    let mut index = Index::new();
    for name in ["here", "missing"] {
        let row = Knowledge::new(&scope, id(name), KnowledgeType::VectorOnly, noon());
        index.put_knowledge(&Knowledge {
            embedding: Some(vector.clone()),
            ..row
        });
    }
    let query = SearchQuery {
        embedding: Some(vector.clone()),
        ..SearchQuery::default()
    };
    let search = index.search(&query);
    assert_eq!(search.wanted().len(), 2);
    let given = ["here", "foreign", "here"].map(|name| (id(name), vector.clone()));
    let hits = search.finish(given);
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].id, id("here").into());
}

#[test]
fn what_has_left_takes_no_memory() {
    let scope = in_group("a");
    let row = |n: u32| {
        let id = KnowledgeId::of_name(&[&n.to_string()]);
        let row = Knowledge::new(&scope, id, KnowledgeType::Document, noon());
        Knowledge {
            text: Some(format!("word{n} and others")),
            embedding: Some(Embedding::new("model", vec![1.0; 100]).unwrap()),
            labels: vec![format!("topic:{n}").parse().unwrap()],
            ..row
        }
    };
    let mut index = Index::new();
    let empty = index.bytes();
    (0..200).for_each(|n| index.put_knowledge(&row(n)));
    let full = index.bytes();
    assert!((40_000..400_000).contains(&full), "{full}");
    // However often the same is written.
    (0..10).for_each(|_| (0..200).for_each(|n| index.put_knowledge(&row(n))));
    assert!(index.bytes() < 3 * full, "{}", index.bytes());
    for n in 0..200 {
        index.put_knowledge(&Knowledge {
            archived_at: Some(noon()),
            ..row(n)
        });
    }
    assert_eq!(index.bytes(), empty);
}

/// Long vectors with a number that is far larger than the rest, as models give them.
#[test]
fn a_large_number_in_every_vector_changes_no_answer_and_costs_little() {
    let scope = in_group("a");
    let vector = |n: u32| {
        let mut state = n.wrapping_mul(0x9E37_79B1) | 1;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(i16::try_from(state >> 17).unwrap()) / 32_768.0 - 0.5
        };
        let mut values: Vec<f32> = std::iter::repeat_with(next).take(384).collect();
        values[200] = -20.0;
        Embedding::new("model", values).unwrap()
    };
    let (mut index, mut rows) = (Index::new(), Rows::default());
    for n in 0..600 {
        let id = KnowledgeId::of_name(&[&n.to_string()]);
        let row = Knowledge::new(&scope, id, KnowledgeType::VectorOnly, noon());
        let row = Written::Knowledge(Knowledge {
            embedding: Some(vector(n)),
            ..row
        });
        put(&mut index, &row);
        rows.put(&row);
    }
    for n in [0, 599, 7_000] {
        let query = SearchQuery {
            embedding: Some(vector(n)),
            limit: 10.into(),
            ..SearchQuery::default()
        };
        // The list of vectors goes down to its 100th row.
        let wanted = index.search(&query).wanted().len();
        assert!((100..300).contains(&wanted), "{wanted} of 600");
        assert_eq!(ask(&index, &rows, &query), rows.search(&query));
    }
}

/// More words begin with the term than count for it, some in as many rows as others.
#[test]
fn the_same_words_stand_for_an_unfinished_one() {
    let scope = in_group("a");
    let (mut index, mut rows) = (Index::new(), Rows::default());
    for n in 0..60_u32 {
        let id = KnowledgeId::of_name(&[&n.to_string()]);
        let letter = |n: u32| char::from(b'a' + u8::try_from(n % 26).unwrap());
        let text = format!("form{}", letter(n * n % 41));
        let row = Knowledge::new(&scope, id, KnowledgeType::Document, noon());
        let row = Written::Knowledge(Knowledge {
            text: Some(text),
            ..row
        });
        put(&mut index, &row);
        rows.put(&row);
    }
    for text in ["for", "form", "formz", "fom"] {
        let query = SearchQuery {
            text: Some(text.to_owned()),
            limit: 100.into(),
            ..SearchQuery::default()
        };
        let hits = ask(&index, &rows, &query);
        assert_eq!(hits, rows.search(&query), "{text}");
        // Each row has one word, and some words do not count.
        assert!(hits.len() < 60, "{text}");
    }
}
