//! What fits best: the words and vectors of the place, ranked as the ontology ranks.

use one_ontology::search::{Candidate, HitId, knowledge_text, rank, thing_text};
use one_ontology::{
    Among, Embedding, Hit, KnowledgeType, RowId, Scope, SearchQuery, ThingQuery, ThingType,
};
use serde_json::json;

use crate::store::kit::{Kit, label, limit};

pub(super) fn words(text: &str) -> SearchQuery {
    SearchQuery {
        text: Some(text.to_owned()),
        ..SearchQuery::default()
    }
}

pub(super) fn things(text: &str, types: &[ThingType]) -> SearchQuery {
    SearchQuery {
        among: Among::Things {
            types: types.to_vec(),
        },
        ..words(text)
    }
}

pub(super) async fn hits(kit: &Kit, scope: &Scope, query: &SearchQuery) -> Vec<Hit> {
    kit.store().search(scope, query).await.unwrap()
}

/// The texts found, the best first.
pub(super) async fn texts(kit: &Kit, scope: &Scope, query: &SearchQuery) -> Vec<String> {
    let mut texts = Vec::new();
    for hit in hits(kit, scope, query).await {
        texts.push(match hit.id {
            HitId::Thing(id) => kit.read(scope, id).await.name,
            HitId::Knowledge(id) => {
                let row = kit.store().knowledge_by_id(scope, id).await.unwrap();
                row.unwrap().text.unwrap_or_default()
            }
        });
    }
    texts
}

async fn corpus(kit: &Kit) -> Scope {
    let scope = kit.group().await;
    for (i, text) in [
        "the refund policy says that money comes back within ten days",
        "how to bake bread with flour, water and salt",
        "money, money, money",
        "refund",
        "Straße und Fußgänger, ÄRGER",
        "bread and butter and bread and water",
        "ten days of rain",
    ]
    .into_iter()
    .enumerate()
    {
        let labels: &[&str] = if i % 2 == 0 {
            &["topic:even", "topic:x"]
        } else {
            &["topic:x"]
        };
        let mut row = kit.knowledge(&scope, text, labels);
        if i % 3 == 0 {
            row.knowledge_type = KnowledgeType::Document;
        }
        #[expect(clippy::cast_precision_loss, reason = "seven rows")]
        let angle = i as f32 * 0.4;
        if i != 2 {
            let model = if i == 5 { "other" } else { "model" };
            let vector = vec![angle.cos(), angle.sin()];
            row.embedding = Some(Embedding::new(model, vector).unwrap());
        }
        kit.add(&scope, row).await;
    }
    for (name, description) in [
        ("Refund helper", json!("gives money back")),
        ("Bread", json!("")),
        ("Helper", json!("helps with bread and refund")),
    ] {
        let mut thing = kit.thing(&scope, ThingType::Course, name);
        thing.properties = thing
            .properties
            .with("description", description)
            .with("keywords", json!(["Help", 7, "assist"]));
        kit.add(&scope, thing).await;
    }
    kit.added(&scope, ThingType::Lesson, "Bread lesson").await;
    scope
}

/// The answer of the ontology's own rule over every row, which any index must agree with.
pub(crate) async fn ranked_as_the_rule_ranks_every_row(kit: &Kit) {
    let scope = corpus(kit).await;
    let store = kit.store();
    let knowledge = store
        .knowledge(&scope, &Default::default())
        .await
        .unwrap()
        .items;
    let all = store
        .things(&scope, &ThingQuery::default())
        .await
        .unwrap()
        .items;
    let near = |model: &str| Some(Embedding::new(model, vec![0.6, 0.8]).unwrap());
    let among = [
        Among::default(),
        Among::Knowledge {
            types: vec![KnowledgeType::Document],
            labels: vec![],
        },
        Among::Knowledge {
            types: vec![],
            labels: vec![label("topic:even"), label("topic:x")],
        },
        Among::Things { types: vec![] },
        Among::Things {
            types: vec![ThingType::Lesson],
        },
    ];
    let asked = [
        None,
        Some("bread"),
        Some("refund money back"),
        Some("HELP ten days the"),
    ];
    let mut compared = 0;
    for among in among {
        for text in asked {
            for embedding in [None, near("model"), near("other"), near("unknown")] {
                let query = SearchQuery {
                    among: among.clone(),
                    text: text.map(str::to_owned),
                    embedding: embedding.clone(),
                    ..SearchQuery::default()
                };
                let rows: Vec<Candidate> = all
                    .iter()
                    .filter(|row| query.among.has_thing(row))
                    .map(|row| Candidate {
                        id: HitId::Thing(row.id),
                        text: thing_text(row),
                        embedding: None,
                    })
                    .chain(
                        knowledge
                            .iter()
                            .filter(|row| query.among.has_knowledge(row))
                            .map(|row| Candidate {
                                id: HitId::Knowledge(row.id),
                                text: knowledge_text(row),
                                embedding: row.embedding.clone(),
                            }),
                    )
                    .collect();
                let expected = rank(&query, rows.len() as u64, &rows);
                compared += expected.len();
                assert_eq!(hits(kit, &scope, &query).await, expected, "{query:?}");
            }
        }
    }
    assert!(compared > 100, "the queries find too little: {compared}");
}

pub(crate) async fn words_are_found_in_any_case(kit: &Kit) {
    let scope = corpus(kit).await;
    let text = "Straße und Fußgänger, ÄRGER";
    for query in ["straße", "STRASSE FUSSGÄNGER ärger", "fußgänger!", "Ärger"] {
        assert_eq!(texts(kit, &scope, &words(query)).await, [text], "{query}");
    }
    // A letter with a sign is another letter: "Ager" is at two edits from "ärger".
    for query in ["Ager", "brot", "ger", "breadbread", "ußgäng"] {
        assert!(hits(kit, &scope, &words(query)).await.is_empty(), "{query}");
    }
}

pub(crate) async fn things_are_found_by_name_description_and_keywords(kit: &Kit) {
    let scope = corpus(kit).await;
    let found = texts(kit, &scope, &things("refund", &[])).await;
    assert_eq!(found, ["Refund helper", "Helper"]);
    let found = texts(kit, &scope, &things("assist", &[])).await;
    assert_eq!(found.len(), 3);
    let found = texts(kit, &scope, &things("bread", &[ThingType::Lesson])).await;
    assert_eq!(found, ["Bread lesson"]);
    assert!(texts(kit, &scope, &things("7", &[])).await.is_empty());
}

pub(crate) async fn the_archived_is_not_found(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "bread").await;
    let mut row = kit.knowledge(&scope, "bread", &[]);
    row.embedding = Some(Embedding::new("m", vec![1.0]).unwrap());
    let row = kit.kept_knowledge(&scope, row).await;
    let near = SearchQuery {
        embedding: row.embedding.clone(),
        ..SearchQuery::default()
    };
    let queries = [words("bread"), things("bread", &[]), near];
    for query in &queries {
        assert_eq!(hits(kit, &scope, query).await.len(), 1, "{query:?}");
    }
    let changes = kit
        .changes(&scope)
        .archive(RowId::Thing(thing.id), thing.revision)
        .archive(RowId::Knowledge(row.id), row.revision);
    kit.commit(changes).await;
    for query in &queries {
        assert_eq!(hits(kit, &scope, query).await, [], "{query:?}");
    }
}

pub(crate) async fn what_was_replaced_is_found_by_its_new_words(kit: &Kit) {
    let scope = kit.group().await;
    let mut thing = kit.added(&scope, ThingType::Course, "bread water").await;
    let row = kit.knowledge(&scope, "bread water", &[]);
    let mut row = kit.kept_knowledge(&scope, row).await;
    for _ in 0..2 {
        thing.name = "bread butter".to_owned();
        row.text = Some("bread butter".to_owned());
        kit.commit(
            kit.changes(&scope)
                .replace(thing.clone())
                .replace(row.clone()),
        )
        .await;
        thing = kit.read(&scope, thing.id).await;
        row = kit
            .store()
            .knowledge_by_id(&scope, row.id)
            .await
            .unwrap()
            .unwrap();
    }
    for (word, found) in [("bread", 1), ("water", 0), ("butter", 1)] {
        assert_eq!(hits(kit, &scope, &words(word)).await.len(), found, "{word}");
        assert_eq!(
            hits(kit, &scope, &things(word, &[])).await.len(),
            found,
            "{word}"
        );
    }
}

pub(crate) async fn without_words_or_vector_nothing_is_found(kit: &Kit) {
    let scope = corpus(kit).await;
    for text in ["", " ", "!?,;", "\0", "\u{301}"] {
        assert_eq!(hits(kit, &scope, &words(text)).await, [], "{text:?}");
        assert_eq!(hits(kit, &scope, &things(text, &[])).await, [], "{text:?}");
    }
    assert_eq!(hits(kit, &scope, &SearchQuery::default()).await, []);
}

pub(crate) async fn words_are_words_and_no_language(kit: &Kit) {
    let scope = corpus(kit).await;
    let bread = hits(kit, &scope, &words("bread")).await;
    assert_eq!(bread.len(), 2);
    for text in [
        "\"bread",
        "bread*",
        "bread)",
        "'bread' --",
        "{bread}:",
        "^bread",
        "-bread",
        "bread\0",
    ] {
        assert_eq!(hits(kit, &scope, &words(text)).await, bread, "{text:?}");
    }
    for text in ["NEAR(bread)", "bread AND NOT", "bre*", "rowid:1"] {
        hits(kit, &scope, &words(text)).await;
    }
    let long = "word ".repeat(10_000) + &"x".repeat(100_000);
    hits(kit, &scope, &words(&long)).await;
}

pub(crate) async fn vectors_are_found_by_closeness(kit: &Kit) {
    let scope = corpus(kit).await;
    let mut query = SearchQuery {
        embedding: Some(Embedding::new("model", vec![1.0, 0.0]).unwrap()),
        ..SearchQuery::default()
    };
    let found = hits(kit, &scope, &query).await;
    assert_eq!(found.len(), 5);
    assert_eq!(found[0].similarity, Some(1.0));
    assert!(found.is_sorted_by(|a, b| a.similarity >= b.similarity));
    query.min_similarity = Some(0.9);
    assert_eq!(hits(kit, &scope, &query).await.len(), 2);
}

pub(crate) async fn vectors_of_another_model_or_length_are_not_compared(kit: &Kit) {
    let scope = corpus(kit).await;
    for (model, values, found) in [
        ("model", vec![1.0, 0.0], 5),
        ("other", vec![1.0, 0.0], 1),
        ("Model", vec![1.0, 0.0], 0),
        ("model", vec![1.0, 0.0, 0.0], 0),
        ("model", vec![0.0, 0.0], 5),
    ] {
        let query = SearchQuery {
            embedding: Some(Embedding::new(model, values).unwrap()),
            ..SearchQuery::default()
        };
        assert_eq!(hits(kit, &scope, &query).await.len(), found, "{query:?}");
    }
}

pub(crate) async fn an_answer_stops_at_its_limit(kit: &Kit) {
    let scope = kit.group().await;
    for i in 0..30 {
        let text = format!("bread {}", "water ".repeat(i % 7));
        kit.add(&scope, kit.knowledge(&scope, &text, &[])).await;
    }
    let mut query = words("bread");
    let all = hits(kit, &scope, &query).await;
    assert_eq!(all.len(), 30);
    query.limit = limit(7);
    assert_eq!(hits(kit, &scope, &query).await, all[..7]);
}

pub(crate) async fn more_labels_than_a_row_can_have_find_nothing(kit: &Kit) {
    let scope = corpus(kit).await;
    let labels = (0..2000).map(|i| label(&format!("topic:{i}"))).collect();
    let query = SearchQuery {
        among: Among::Knowledge {
            types: Vec::new(),
            labels,
        },
        embedding: Some(Embedding::new("model", vec![1.0, 0.0]).unwrap()),
        ..words("bread")
    };
    assert_eq!(hits(kit, &scope, &query).await, []);
}

/// What is not meant takes no place in the answer and no part in the scores.
pub(crate) async fn filters_come_before_scores_and_limits(kit: &Kit) {
    let scope = kit.group().await;
    for i in 0..30 {
        let labels: &[&str] = if i == 17 { &["topic:rare"] } else { &[] };
        let mut row = kit.knowledge(&scope, "bread bread bread", labels);
        if i == 17 {
            row.text = Some("bread among much water and salt".to_owned());
        }
        row.embedding =
            Some(Embedding::new("m", vec![1.0, if i == 17 { 9.0 } else { 0.0 }]).unwrap());
        kit.add(&scope, row).await;
    }
    let among = Among::Knowledge {
        types: Vec::new(),
        labels: vec![label("topic:rare")],
    };
    let near = Embedding::new("m", vec![1.0, 0.0]).unwrap();
    for query in [
        words("bread"),
        SearchQuery {
            embedding: Some(near.clone()),
            ..SearchQuery::default()
        },
        SearchQuery {
            embedding: Some(near),
            ..words("bread")
        },
    ] {
        let query = SearchQuery {
            among: among.clone(),
            limit: limit(1),
            ..query
        };
        assert_eq!(
            texts(kit, &scope, &query).await,
            ["bread among much water and salt"],
            "{query:?}"
        );
    }
}

/// The archived and what is of another type is not counted among the rows.
pub(crate) async fn what_is_not_meant_is_not_counted(kit: &Kit) {
    let scope = kit.group().await;
    for text in ["rare x", "common common common", "common y"] {
        kit.add(&scope, kit.knowledge(&scope, text, &["topic:x"]))
            .await;
    }
    let query = SearchQuery {
        among: Among::Knowledge {
            types: vec![KnowledgeType::Chunk],
            labels: vec![label("topic:x")],
        },
        ..words("rare common")
    };
    let before = hits(kit, &scope, &query).await;
    for i in 0..20 {
        let mut other = kit.knowledge(&scope, "rare common", &["topic:x"]);
        other.knowledge_type = KnowledgeType::Document;
        kit.add(&scope, other).await;
        kit.add(&scope, kit.knowledge(&scope, "rare common", &["topic:y"]))
            .await;
        let row = kit.knowledge(&scope, &format!("rare common {i}"), &["topic:x"]);
        let row = kit.kept_knowledge(&scope, row).await;
        kit.commit(
            kit.changes(&scope)
                .archive(RowId::Knowledge(row.id), row.revision),
        )
        .await;
    }
    assert_eq!(hits(kit, &scope, &query).await, before);
}

pub(crate) async fn equal_hits_come_in_one_order(kit: &Kit) {
    let scope = kit.group().await;
    let vector = Embedding::new("m", vec![0.6, 0.8]).unwrap();
    for i in [3_u128, 1, 2, 5, 4] {
        let mut row = kit.knowledge(&scope, "bread", &[]);
        row.id = one_ontology::KnowledgeId::from_uuid(uuid::Uuid::from_u128(i));
        row.embedding = Some(vector.clone());
        kit.add(&scope, row).await;
    }
    for embedding in [None, Some(vector)] {
        let query = SearchQuery {
            embedding,
            ..words("bread")
        };
        let all = hits(kit, &scope, &query).await;
        let ids: Vec<_> = all.iter().map(|hit| hit.id).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        for size in 1..6 {
            let fewer = SearchQuery {
                limit: limit(size),
                ..query.clone()
            };
            assert_eq!(hits(kit, &scope, &fewer).await, all[..size as usize]);
        }
    }
}
