//! What fits best comes first, everywhere the same.

use std::collections::BTreeSet;

use futures::executor::block_on;
use one_ontology::search::{Candidate, rank, terms, words};
use one_ontology::{
    Among, Embedding, Hit, HitId, Knowledge, KnowledgeId, KnowledgeType, Limit, MemoryStore,
    SearchQuery, Store as _, ThingType, strategies,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::support::{change, commit, in_group, noon, store_with, thing};

const PASSAGES: &[(&str, &str)] = &[
    (
        "refunds",
        "Refunds are paid within 14 days to the card that was charged.",
    ),
    (
        "shipping",
        "Parcels leave our warehouse within two days; the carrier sends a number.",
    ),
    (
        "returns",
        "To return a parcel, print the label and bring it to the carrier.",
    ),
    (
        "accounts",
        "Close your account in the settings; what you paid for stays yours.",
    ),
    (
        "cards",
        "We take every card. A card that is refused is not charged.",
    ),
];

fn note(name: &str, text: &str, embedding: Option<Embedding>) -> Candidate {
    Candidate {
        id: HitId::Knowledge(KnowledgeId::of_name(&["test", name])),
        text: text.to_owned(),
        embedding,
    }
}

fn corpus() -> Vec<Candidate> {
    PASSAGES
        .iter()
        .map(|(name, text)| note(name, text, None))
        .collect()
}

fn vector(values: &[f32]) -> Embedding {
    Embedding::new("test", values.to_vec()).unwrap()
}

fn text(text: &str) -> SearchQuery {
    SearchQuery {
        text: Some(text.into()),
        ..SearchQuery::default()
    }
}

fn names(hits: &[Hit]) -> Vec<&'static str> {
    let name = |id: HitId| {
        PASSAGES
            .iter()
            .find(|(n, _)| note(n, "", None).id == id)
            .unwrap()
            .0
    };
    hits.iter().map(|hit| name(hit.id)).collect()
}

/// The passage that a question finds first.
fn check(question: &str, first: &str) {
    let hits = rank(&text(question), PASSAGES.len() as u64, &corpus());
    assert_eq!(names(&hits).first(), Some(&first), "{question}");
}

#[test]
fn the_right_passage_comes_first() {
    check("when do I get my refunds?", "refunds");
    check("WAREHOUSE", "shipping");
    check("print a label", "returns");
    check("close account", "accounts");
    check("which card is refused", "cards");
    check("14 days", "refunds");
    assert!(rank(&text("zebra"), 5, &corpus()).is_empty());
    assert!(rank(&text("?!"), 5, &corpus()).is_empty());
    assert!(rank(&SearchQuery::default(), 5, &corpus()).is_empty());
}

#[test]
fn rare_words_weigh_more_and_length_costs() {
    let candidates = [
        note("refunds", "common common common", None),
        note("shipping", "common rare", None),
        note("returns", "common", None),
        note("cards", &format!("rare {}", "filler ".repeat(50)), None),
    ];
    let hits = rank(&text("common rare"), 4, &candidates);
    assert_eq!(names(&hits)[0], "shipping");
    let hits = rank(&text("rare"), 4, &candidates);
    assert_eq!(names(&hits), ["shipping", "cards"]);
}

#[test]
fn vectors_and_texts_are_joined_by_rank() {
    let candidates = [
        note("refunds", "money back", Some(vector(&[0.0, 1.0]))),
        note("shipping", "money money money", Some(vector(&[0.9, 0.1]))),
        note("returns", "parcel", Some(vector(&[1.0, 0.0]))),
        note("accounts", "money", None),
        note(
            "cards",
            "card",
            Some(Embedding::new("other", vec![1.0, 0.0]).unwrap()),
        ),
    ];
    let both = SearchQuery {
        embedding: Some(vector(&[1.0, 0.0])),
        ..text("money")
    };
    let hits = rank(&both, 5, &candidates);
    // First by text and second by vector beats first by vector alone; another model is not compared.
    assert_eq!(names(&hits)[0], "shipping");
    assert!(!names(&hits).contains(&"cards"));
    let score = |place: f64| 1.0 / (60.0 + place);
    assert!((hits[0].score - (score(1.0) + score(2.0))).abs() < 1e-12);
    assert_eq!(
        hits.iter()
            .find(|h| names(std::slice::from_ref(*h)) == ["accounts"])
            .unwrap()
            .similarity,
        None
    );

    let close = SearchQuery {
        embedding: Some(vector(&[1.0, 0.0])),
        min_similarity: Some(0.5),
        ..SearchQuery::default()
    };
    let hits = rank(&close, 5, &candidates);
    assert_eq!(names(&hits), ["returns", "shipping"]);
    assert_eq!(hits[0].similarity, Some(1.0));
    let one = SearchQuery {
        limit: Limit::new(1),
        ..close
    };
    assert_eq!(names(&rank(&one, 5, &candidates)), ["returns"]);
}

#[test]
fn similarity_is_a_cosine_of_comparable_vectors() {
    let a = vector(&[1.0, 2.0]);
    assert_eq!(a.similarity(&a), Some(1.0));
    assert_eq!(a.similarity(&vector(&[-1.0, -2.0])), Some(-1.0));
    assert_eq!(a.similarity(&vector(&[-2.0, 1.0])), Some(0.0));
    assert_eq!(a.similarity(&vector(&[0.0, 0.0])), Some(0.0));
    assert_eq!(a.similarity(&vector(&[1.0])), None);
    assert_eq!(
        a.similarity(&Embedding::new("other", vec![1.0, 2.0]).unwrap()),
        None
    );
    let huge = vector(&[f32::MAX; 4]);
    assert_eq!(huge.similarity(&huge), Some(1.0));
    let tiny = vector(&[f32::from_bits(1); 4]);
    assert_eq!(tiny.similarity(&tiny), Some(1.0));
}

#[test]
fn words_are_runs_of_letters_and_digits() {
    let all = |text: &str| words(text).collect::<Vec<_>>();
    assert_eq!(
        all("@elizaos/plugin-sql v2!"),
        ["elizaos", "plugin", "sql", "v2"]
    );
    assert_eq!(all("Straße ÄÖ 漢字"), ["straße", "äö", "漢字"]);
    assert_eq!(all(&"x".repeat(1000))[0].len(), 64);
    let many: Vec<String> = (0..100).map(|n| format!("w{n}")).collect();
    assert_eq!(terms(&many.join(" ")).len(), 32);
    assert_eq!(terms("a A a").len(), 1);
}

#[test]
fn a_store_finds_things_and_knowledge_apart() {
    let scope = in_group("a");
    let store: MemoryStore = store_with(&scope);
    let mut plugin = thing(&scope, "knowledge plugin", ThingType::Product);
    plugin.properties = plugin
        .properties
        .with("description", "answers questions")
        .with("keywords", serde_json::json!(["refund", 7]));
    let other = thing(
        &scope,
        "questions about refunds and other things",
        ThingType::Course,
    );
    let mut passage = Knowledge::new(
        &scope,
        KnowledgeId::of_name(&["x"]),
        KnowledgeType::Document,
        noon(),
    );
    passage.text = Some("A refund takes 14 days".into());
    passage.labels = vec!["topic:money".parse().unwrap()];
    let changes = change(&scope)
        .insert(plugin.clone())
        .insert(other.clone())
        .insert(passage.clone());
    commit(&store, changes).unwrap();
    let find = |query: &SearchQuery| -> Vec<HitId> {
        block_on(store.search(&scope, query))
            .unwrap()
            .iter()
            .map(|hit| hit.id)
            .collect()
    };
    let things = |types| SearchQuery {
        among: Among::Things { types },
        ..text("refund")
    };
    assert_eq!(find(&text("refund")), [HitId::Knowledge(passage.id)]);
    assert_eq!(find(&things(vec![])), [HitId::Thing(plugin.id)]);
    // None of the courses has the word, so it is looked for as one that begins with it.
    let course = find(&things(vec![ThingType::Course]));
    assert_eq!(course, [HitId::Thing(other.id)]);
    assert_eq!(find(&things(vec![ThingType::Lesson])), []);
    let labelled = |label: &str| SearchQuery {
        among: Among::Knowledge {
            types: vec![],
            labels: vec![label.parse().unwrap()],
        },
        ..text("refund")
    };
    assert_eq!(
        find(&labelled("topic:money")),
        [HitId::Knowledge(passage.id)]
    );
    assert_eq!(find(&labelled("topic:sport")), []);
    let archive = change(&scope)
        .archive(one_ontology::RowId::Knowledge(passage.id), passage.revision)
        .archive(one_ontology::RowId::Thing(plugin.id), plugin.revision);
    commit(&store, archive).unwrap();
    assert_eq!(find(&text("refund")), []);
    assert_eq!(find(&things(vec![])), [HitId::Thing(other.id)]);
    let archive = change(&scope).archive(one_ontology::RowId::Thing(other.id), other.revision);
    commit(&store, archive).unwrap();
    assert_eq!(find(&things(vec![])), []);
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let colours = option::of("(red|green|blue| ){0,12}");
    vec((strategies::candidate(), colours), 0..12).prop_map(|rows| {
        rows.into_iter()
            .map(|(candidate, colours)| Candidate {
                text: colours.unwrap_or(candidate.text),
                ..candidate
            })
            .collect()
    })
}

fn query() -> impl Strategy<Value = SearchQuery> {
    let text = prop_oneof![strategies::hostile_text(), "(red|green|blue| ){1,4}"];
    (strategies::search_query(), option::of(text))
        .prop_map(|(query, text)| SearchQuery { text, ..query })
}

proptest! {
    #[test]
    fn rank_is_deterministic_bounded_and_sorted(query in query(), candidates in candidates()) {
        let rows = candidates.len() as u64;
        let hits = rank(&query, rows, &candidates);
        let mut reversed = candidates.clone();
        reversed.reverse();
        prop_assert_eq!(&rank(&query, rows, &reversed), &hits);
        prop_assert!(hits.len() <= query.limit.get());
        prop_assert!(hits.is_sorted_by(|a, b| (b.score, a.id) <= (a.score, b.id)));
        prop_assert!(hits.iter().all(|hit| hit.score.is_finite() && hit.score > 0.0));
        let ids: BTreeSet<HitId> = hits.iter().map(|h| h.id).collect();
        prop_assert_eq!(ids.len(), hits.len());
    }

    /// Where no term has to be taken for mistyped, only rows with one of them matter.
    #[test]
    fn rows_without_a_word_change_nothing_if_each_term_is_there(query in query(), candidates in candidates()) {
        let query = SearchQuery { embedding: None, ..query };
        let wanted = terms(query.text.as_deref().unwrap_or(""));
        let there: BTreeSet<String> = candidates.iter().flat_map(|c| words(&c.text)).collect();
        prop_assume!(wanted.is_subset(&there));
        let rows = candidates.len() as u64;
        let fitting: Vec<Candidate> = candidates
            .iter()
            .filter(|c| words(&c.text).any(|word| wanted.contains(&word)))
            .cloned()
            .collect();
        prop_assert_eq!(rank(&query, rows, &fitting), rank(&query, rows, &candidates));
    }
}
