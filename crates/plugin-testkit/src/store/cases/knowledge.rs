//! Knowledge, the newest first, found by type, source and labels.

use one_ontology::{
    Embedding, End, KnowledgeQuery, KnowledgeRole, KnowledgeSource, KnowledgeType, PersonId, RowId,
    Timestamp,
};

use crate::store::kit::{Kit, label};

fn labelled(labels: &[&str]) -> KnowledgeQuery {
    KnowledgeQuery {
        labels: labels.iter().map(|l| label(l)).collect(),
        ..KnowledgeQuery::default()
    }
}

pub(crate) async fn the_newest_comes_first(kit: &Kit) {
    let scope = kit.group().await;
    for (text, micros) in [("b", 2), ("d", 4), ("a", -1), ("c", 3), ("z", 3)] {
        let mut row = kit.knowledge(&scope, text, &["topic:x"]);
        row.created_at = Timestamp::from_micros(micros);
        kit.add(&scope, row).await;
    }
    for query in [KnowledgeQuery::default(), labelled(&["topic:x"])] {
        assert_eq!(kit.texts(&scope, &query).await, ["d", "c", "z", "b", "a"]);
    }
}

pub(crate) async fn found_by_type(kit: &Kit) {
    let scope = kit.group().await;
    let vector = Embedding::new("m", vec![1.0]).unwrap();
    for kind in KnowledgeType::ALL {
        let mut row = kit.knowledge(&scope, kind.as_str(), &[]);
        row.knowledge_type = *kind;
        row.embedding = Some(vector.clone());
        kit.add(&scope, row).await;
    }
    let of = |types: &[KnowledgeType]| KnowledgeQuery {
        types: types.to_vec(),
        ..KnowledgeQuery::default()
    };
    for kind in KnowledgeType::ALL {
        assert_eq!(kit.texts(&scope, &of(&[*kind])).await, [kind.as_str()]);
    }
    let two = of(&[KnowledgeType::Label, KnowledgeType::Chunk]);
    assert_eq!(kit.texts(&scope, &two).await, ["chunk", "label"]);
    assert_eq!(kit.texts(&scope, &of(&[])).await.len(), 4);
}

pub(crate) async fn found_by_source(kit: &Kit) {
    let scope = kit.group().await;
    let person = PersonId::new(&kit.ids, kit.now());
    let thing = one_ontology::ThingId::from_uuid(*person.as_uuid());
    for (text, end) in [
        ("person", Some(End::from(person))),
        ("thing", Some(End::from(thing))),
        ("none", None),
    ] {
        let mut row = kit.knowledge(&scope, text, &["topic:x"]);
        row.source = end.map(|end| KnowledgeSource {
            end,
            role: KnowledgeRole::Summary,
            field: Some("name".to_owned()),
        });
        kit.add(&scope, row).await;
    }
    for (end, text) in [(End::from(person), "person"), (End::from(thing), "thing")] {
        let mut query = KnowledgeQuery {
            source: Some(end),
            ..KnowledgeQuery::default()
        };
        assert_eq!(kit.texts(&scope, &query).await, [text]);
        query.labels.push(label("topic:x"));
        assert_eq!(kit.texts(&scope, &query).await, [text]);
        query.labels.push(label("topic:y"));
        assert!(kit.texts(&scope, &query).await.is_empty());
    }
}

pub(crate) async fn found_by_all_labels(kit: &Kit) {
    let scope = kit.group().await;
    kit.add(
        &scope,
        kit.knowledge(&scope, "both", &["skill:a", "skill:b"]),
    )
    .await;
    kit.add(&scope, kit.knowledge(&scope, "a", &["skill:a"]))
        .await;
    kit.add(
        &scope,
        kit.knowledge(&scope, "odd", &["SKILL:a", "skill:%", "x'y\"z"]),
    )
    .await;
    for (labels, expected) in [
        (vec!["skill:a"], vec!["a", "both"]),
        (vec!["skill:b"], vec!["both"]),
        (vec!["skill:a", "skill:b"], vec!["both"]),
        (vec!["skill:b", "skill:a", "skill:a"], vec!["both"]),
        (vec!["SKILL:a"], vec!["odd"]),
        (vec!["skill:%"], vec!["odd"]),
        (vec!["x'y\"z"], vec!["odd"]),
        (vec!["skill"], vec![]),
    ] {
        let found = kit.texts(&scope, &labelled(&labels)).await;
        assert_eq!(found, expected, "{labels:?}");
    }
}

pub(crate) async fn labels_are_found_as_they_are_now(kit: &Kit) {
    let scope = kit.group().await;
    let row = kit.knowledge(&scope, "x", &["skill:a", "skill:b"]);
    let mut row = kit.kept_knowledge(&scope, row).await;
    row.labels = vec![label("skill:b"), label("skill:c")];
    kit.commit(kit.changes(&scope).replace(row)).await;
    for (text, found) in [("skill:a", 0), ("skill:b", 1), ("skill:c", 1)] {
        assert_eq!(
            kit.texts(&scope, &labelled(&[text])).await.len(),
            found,
            "{text}"
        );
    }
}

pub(crate) async fn the_archived_is_kept_and_never_listed(kit: &Kit) {
    let scope = kit.group().await;
    let row = kit.knowledge(&scope, "old", &["skill:a"]);
    let row = kit.kept_knowledge(&scope, row).await;
    let changes = kit
        .changes(&scope)
        .archive(RowId::Knowledge(row.id), row.revision);
    let now = changes.now();
    kit.commit(changes).await;
    let by_type = KnowledgeQuery {
        types: vec![row.knowledge_type],
        ..KnowledgeQuery::default()
    };
    for query in [KnowledgeQuery::default(), labelled(&["skill:a"]), by_type] {
        assert!(kit.texts(&scope, &query).await.is_empty(), "{query:?}");
    }
    let read = kit.store().knowledge_by_id(&scope, row.id).await.unwrap();
    assert_eq!(read.unwrap().archived_at, Some(now));
}

pub(crate) async fn what_comes_back_from_the_archive_is_listed_again(kit: &Kit) {
    let scope = kit.group().await;
    let row = kit.knowledge(&scope, "again", &["skill:a"]);
    let row = kit.kept_knowledge(&scope, row).await;
    kit.commit(
        kit.changes(&scope)
            .archive(RowId::Knowledge(row.id), row.revision),
    )
    .await;
    let mut row = kit
        .store()
        .knowledge_by_id(&scope, row.id)
        .await
        .unwrap()
        .unwrap();
    row.archived_at = None;
    kit.commit(kit.changes(&scope).replace(row)).await;
    for query in [KnowledgeQuery::default(), labelled(&["skill:a"])] {
        assert_eq!(kit.texts(&scope, &query).await, ["again"]);
    }
    let query = one_ontology::SearchQuery {
        text: Some("again".to_owned()),
        ..Default::default()
    };
    assert_eq!(kit.store().search(&scope, &query).await.unwrap().len(), 1);
}

pub(crate) async fn a_replaced_vector_is_the_new_one(kit: &Kit) {
    let scope = kit.group().await;
    let mut row = kit.knowledge(&scope, "x", &[]);
    row.embedding = Some(Embedding::new("m", vec![1.0, 2.0]).unwrap());
    let mut row = kit.kept_knowledge(&scope, row).await;
    for vector in [Some(Embedding::new("n", vec![3.0]).unwrap()), None] {
        row.embedding.clone_from(&vector);
        kit.commit(kit.changes(&scope).replace(row.clone())).await;
        row = kit
            .store()
            .knowledge_by_id(&scope, row.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.embedding, vector);
        let listed = kit
            .store()
            .knowledge(&scope, &KnowledgeQuery::default())
            .await;
        assert_eq!(listed.unwrap().items, [row.clone()]);
    }
}
