//! What is found by vectors: exactly the nearest, as they are now.

use one_ontology::search::{Candidate, knowledge_text, rank};
use one_ontology::{
    Among, Embedding, Hit, Knowledge, KnowledgeId, KnowledgeQuery, RowId, Scope, SearchQuery,
};

use super::search::{hits, words};
use crate::store::kit::{Kit, label, limit};

fn embedding(values: &[f32]) -> Embedding {
    Embedding::new("model", values.to_vec()).unwrap()
}

fn near(values: &[f32]) -> SearchQuery {
    SearchQuery {
        embedding: Some(embedding(values)),
        ..SearchQuery::default()
    }
}

/// Numbers from -1 to 1, by a fixed rule.
fn noise(seed: u32, length: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B1) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f32::from(u16::try_from(state >> 16).unwrap()) / 32_768.0 - 1.0
    };
    std::iter::repeat_with(next).take(length).collect()
}

async fn add(kit: &Kit, scope: &Scope, text: &str, values: &[f32]) -> Knowledge {
    let mut row = kit.knowledge(scope, text, &["topic:x"]);
    row.embedding = Some(embedding(values));
    kit.kept_knowledge(scope, row).await
}

/// All knowledge of a place, ranked by the rule.
async fn ranked(kit: &Kit, scope: &Scope, query: &SearchQuery) -> Vec<Hit> {
    let all = KnowledgeQuery {
        limit: limit(1000),
        ..KnowledgeQuery::default()
    };
    let rows = kit.store().knowledge(scope, &all).await.unwrap().items;
    let rows: Vec<Candidate> = rows
        .iter()
        .filter(|row| query.among.has_knowledge(row))
        .map(|row| Candidate {
            id: row.id.into(),
            text: knowledge_text(row),
            embedding: row.embedding.clone(),
        })
        .collect();
    rank(query, rows.len() as u64, &rows)
}

/// Many vectors that differ by less than a byte can say, and many that do not.
pub(crate) async fn the_nearest_are_exact(kit: &Kit) {
    let scope = kit.group().await;
    let middle = noise(1, 16);
    let mut changes = kit.changes(&scope);
    for seed in 0..200_u32 {
        let size = if seed % 2 == 0 { 1.0 } else { 0.0005 };
        let values: Vec<f32> = middle
            .iter()
            .zip(noise(seed + 2, 16))
            .map(|(middle, noise)| middle + size * noise)
            .collect();
        let mut row = kit.knowledge(&scope, "row", &[]);
        row.embedding = Some(embedding(&values));
        changes = changes.insert(row);
    }
    kit.commit(changes).await;
    for (query, least) in [
        (middle, None),
        (noise(7, 16), None),
        (noise(9, 16), Some(0.3)),
    ] {
        for rows in [1, 10, 150] {
            let query = SearchQuery {
                limit: limit(rows),
                min_similarity: least,
                ..near(&query)
            };
            let expected = ranked(kit, &scope, &query).await;
            assert_eq!(hits(kit, &scope, &query).await, expected, "{query:?}");
        }
    }
}

/// Each list ends at the 100th row, or at the limit if that is more.
pub(crate) async fn both_lists_end_at_one_depth(kit: &Kit) {
    let scope = kit.group().await;
    let mut changes = kit.changes(&scope);
    for number in 0..130_u8 {
        let mut row = kit.knowledge(&scope, "bread", &[]);
        row.id = KnowledgeId::from_uuid(uuid::Uuid::from_u128(number.into()));
        // The first by text is the last by vector.
        row.embedding = Some(embedding(&[f32::from(number), 100.0]));
        changes = changes.insert(row);
    }
    kit.commit(changes).await;
    for rows in [20, 100, 120, 1000] {
        let query = SearchQuery {
            limit: limit(rows),
            embedding: near(&[1.0, 0.0]).embedding,
            ..words("bread")
        };
        let found = hits(kit, &scope, &query).await;
        assert_eq!(found, ranked(kit, &scope, &query).await, "{rows}");
        // The first by text is beyond the end of the other list, which ends before it; the best 20 are in both.
        let by_text_only = found.iter().any(|hit| hit.similarity.is_none());
        assert_eq!(by_text_only, (100..130).contains(&rows), "{rows}");
    }
}

pub(crate) async fn vectors_of_zeros_are_at_zero(kit: &Kit) {
    let scope = kit.group().await;
    let zeros = [
        add(kit, &scope, "a", &[0.0, 0.0]).await,
        add(kit, &scope, "b", &[-0.0, 0.0]).await,
    ];
    let row = add(kit, &scope, "c", &[1.0, 2.0]).await;
    let found = hits(kit, &scope, &near(&[1.0, 2.0])).await;
    assert_eq!(found[0].id, row.id.into());
    let rest: Vec<_> = found
        .iter()
        .skip(1)
        .map(|hit| (hit.id, hit.similarity))
        .collect();
    assert_eq!(rest, zeros.each_ref().map(|row| (row.id.into(), Some(0.0))));
    // Nothing is nearer to zeros than anything else.
    for zero in [0.0, -0.0] {
        let found = hits(kit, &scope, &near(&[zero, zero])).await;
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|hit| hit.similarity == Some(0.0)));
        assert!(found.is_sorted_by_key(|hit| hit.id));
    }
    let close = SearchQuery {
        min_similarity: Some(0.1),
        ..near(&[0.0, 0.0])
    };
    assert_eq!(hits(kit, &scope, &close).await, []);
}

/// Whatever is asked, no number in the answer is none.
pub(crate) async fn the_largest_and_the_smallest_are_compared(kit: &Kit) {
    let scope = kit.group().await;
    let tiny = f32::from_bits(1);
    let all: [&[f32]; 5] = [
        &[f32::MAX, f32::MAX],
        &[f32::MIN, f32::MAX],
        &[tiny, tiny],
        &[f32::MAX, tiny],
        &[0.0, 0.0],
    ];
    for values in all {
        add(kit, &scope, "row", values).await;
    }
    for values in all {
        let found = hits(kit, &scope, &near(values)).await;
        assert_eq!(found, ranked(kit, &scope, &near(values)).await);
        assert_eq!(found.len(), all.len());
        let numbers = found.iter().all(|hit| {
            hit.score.is_finite() && hit.similarity.is_some_and(|s| (-1.0..=1.0).contains(&s))
        });
        assert!(numbers, "{found:?}");
    }
    let nowhere = SearchQuery {
        min_similarity: Some(f32::NAN),
        ..near(&[1.0, 1.0])
    };
    assert_eq!(hits(kit, &scope, &nowhere).await, []);
}

pub(crate) async fn a_row_is_near_by_the_vector_that_it_has_now(kit: &Kit) {
    let scope = kit.group().await;
    let mut row = add(kit, &scope, "row", &[1.0, 0.0]).await;
    let close = |values: &[f32]| SearchQuery {
        min_similarity: Some(0.9),
        ..near(values)
    };
    for (is, was) in [([0.0, 1.0], [1.0, 0.0]), ([-1.0, 0.0], [0.0, 1.0])] {
        assert_eq!(hits(kit, &scope, &close(&was)).await.len(), 1);
        row.embedding = Some(embedding(&is));
        kit.commit(kit.changes(&scope).replace(row.clone())).await;
        row = now(kit, &scope, &row).await;
        assert_eq!(hits(kit, &scope, &close(&was)).await, []);
        assert_eq!(
            hits(kit, &scope, &close(&is)).await[0].similarity,
            Some(1.0)
        );
    }
    // Of another model, of another length, and none.
    for embedding in [
        Some(Embedding::new("other", vec![-1.0, 0.0]).unwrap()),
        Some(Embedding::new("model", vec![-1.0, 0.0, 0.0]).unwrap()),
        None,
    ] {
        row.embedding = embedding;
        kit.commit(kit.changes(&scope).replace(row.clone())).await;
        row = now(kit, &scope, &row).await;
        assert_eq!(hits(kit, &scope, &near(&[-1.0, 0.0])).await, []);
    }
}

async fn now(kit: &Kit, scope: &Scope, row: &Knowledge) -> Knowledge {
    let row = kit.store().knowledge_by_id(scope, row.id).await.unwrap();
    row.unwrap()
}

pub(crate) async fn a_row_is_near_while_it_is_meant(kit: &Kit) {
    let scope = kit.group().await;
    let mut row = add(kit, &scope, "row", &[1.0, 0.0]).await;
    let labelled = |name: &str| SearchQuery {
        among: Among::Knowledge {
            types: Vec::new(),
            labels: vec![label(name)],
        },
        ..near(&[1.0, 0.0])
    };
    assert_eq!(hits(kit, &scope, &labelled("topic:x")).await.len(), 1);
    row.labels = vec![label("topic:y")];
    kit.commit(kit.changes(&scope).replace(row.clone())).await;
    row = now(kit, &scope, &row).await;
    assert_eq!(hits(kit, &scope, &labelled("topic:x")).await, []);
    assert_eq!(hits(kit, &scope, &labelled("topic:y")).await.len(), 1);
    let id = RowId::Knowledge(row.id);
    kit.commit(kit.changes(&scope).archive(id, row.revision))
        .await;
    assert_eq!(hits(kit, &scope, &near(&[1.0, 0.0])).await, []);
    row = now(kit, &scope, &row).await;
    row.archived_at = None;
    kit.commit(kit.changes(&scope).replace(row)).await;
    assert_eq!(hits(kit, &scope, &labelled("topic:y")).await.len(), 1);
}

/// By words and by vector, as soon as the commit has returned, every time.
pub(crate) async fn what_was_committed_is_found_at_once(kit: &Kit) {
    let scope = kit.group().await;
    for number in 1..=20 {
        let row = add(kit, &scope, "bread", &[1.0, 0.0]).await;
        for query in [words("bread"), words("braed"), near(&[1.0, 0.0])] {
            let found = hits(kit, &scope, &query).await;
            assert_eq!(found.len(), number);
            assert!(found.iter().any(|hit| hit.id == row.id.into()));
        }
        // What a search does not look for must not be taken for looked at.
        let other = kit.thing(&scope, one_ontology::ThingType::Course, "bread");
        kit.add(&scope, other).await;
        let things = super::search::things("bread", &[]);
        assert_eq!(hits(kit, &scope, &things).await.len(), number);
    }
}
