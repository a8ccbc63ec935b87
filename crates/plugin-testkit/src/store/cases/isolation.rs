//! What lives elsewhere is not there.

use one_ontology::{
    Among, BudgetRule, ConnectionQuery, ConnectionType, Embedding, EventQuery, KnowledgeQuery,
    Membership, PersonId, PersonQuery, Role, RowId, Scope, SearchQuery, Seq, Spend, ThingQuery,
    ThingType,
};

use crate::store::kit::{Kit, budget};

/// The places that must see nothing of a group: another group, one below it, one above it, and
/// the shared registry.
async fn others(kit: &Kit, scope: &Scope) -> Vec<Scope> {
    vec![
        kit.group().await,
        kit.group_below(scope.place().group()).await,
        kit.global(),
    ]
}

pub(crate) async fn a_thing_by_id(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Mine").await;
    let shared = kit.added(&kit.global(), ThingType::Course, "Shared").await;
    for other in others(kit, &scope).await {
        assert_eq!(kit.store().thing(&other, thing.id).await.unwrap(), None);
    }
    assert_eq!(kit.store().thing(&scope, shared.id).await.unwrap(), None);
}

pub(crate) async fn things_in_lists(kit: &Kit) {
    let scope = kit.group().await;
    let mut thing = kit.thing(&scope, ThingType::Course, "Mine");
    thing.properties = thing
        .properties
        .with("npm_package", "p")
        .with("registry_url", "u");
    kit.add(&scope, thing).await;
    let queries = [
        ThingQuery::default(),
        ThingQuery::of_type(ThingType::Course),
        ThingQuery {
            types: vec![ThingType::Course, ThingType::Lesson],
            ..ThingQuery::default()
        },
        ThingQuery {
            name: Some("Mine".to_owned()),
            ..ThingQuery::default()
        },
        ThingQuery::default().with("npm_package", "p"),
        ThingQuery::default().with("registry_url", "u"),
    ];
    for other in others(kit, &scope).await {
        for query in &queries {
            assert_eq!(kit.names(&scope, query).await, ["Mine"], "{query:?}");
            assert!(kit.names(&other, query).await.is_empty(), "{query:?}");
        }
    }
}

pub(crate) async fn connections(kit: &Kit) {
    let scope = kit.group().await;
    let a = kit.added(&scope, ThingType::Course, "A").await.id;
    let b = kit.added(&scope, ThingType::Lesson, "B").await.id;
    kit.connected(&scope, a, ConnectionType::References, b)
        .await;
    let queries = [
        ConnectionQuery::default(),
        ConnectionQuery::from(a, ConnectionType::References),
        ConnectionQuery::to(b, ConnectionType::References),
        ConnectionQuery {
            types: vec![ConnectionType::References],
            ..ConnectionQuery::default()
        },
    ];
    for other in others(kit, &scope).await {
        for query in &queries {
            let count = async |scope| {
                let page = kit.store().connections(scope, query).await.unwrap();
                page.items.len()
            };
            assert_eq!(count(&scope).await, 1, "{query:?}");
            assert_eq!(count(&other).await, 0, "{query:?}");
        }
    }
}

pub(crate) async fn events_and_heads(kit: &Kit) {
    let scope = kit.group().await;
    let others = others(kit, &scope).await;
    let thing = kit.added(&scope, ThingType::Course, "Mine").await;
    let mut heads = Vec::new();
    for other in &others {
        heads.push(kit.store().head(other).await.unwrap());
    }
    let event = kit.event(Some(thing.id.into()));
    kit.commit(one_ontology::ChangeSet::new(&scope, event, kit.now()))
        .await;
    for (other, head) in others.iter().zip(heads) {
        assert_eq!(kit.store().head(other).await.unwrap(), head);
        for event in kit.events(other).await {
            assert_eq!(event.place, other.place());
        }
        let about = EventQuery::about(thing.id);
        let page = kit.store().events(other, &about).await.unwrap();
        assert!(page.items.is_empty());
    }
}

pub(crate) async fn knowledge(kit: &Kit) {
    let scope = kit.group().await;
    let about = kit.added(&scope, ThingType::Course, "Course").await.id;
    let mut row = kit.knowledge(&scope, "mine", &["topic:x"]);
    row.source = Some(one_ontology::KnowledgeSource {
        end: about.into(),
        role: one_ontology::KnowledgeRole::Summary,
        field: None,
    });
    let row = kit.kept_knowledge(&scope, row).await;
    let queries = [
        KnowledgeQuery::default(),
        KnowledgeQuery {
            types: vec![row.knowledge_type],
            ..KnowledgeQuery::default()
        },
        KnowledgeQuery {
            source: Some(about.into()),
            ..KnowledgeQuery::default()
        },
        KnowledgeQuery {
            labels: row.labels.clone(),
            ..KnowledgeQuery::default()
        },
    ];
    for other in others(kit, &scope).await {
        let found = kit.store().knowledge_by_id(&other, row.id).await.unwrap();
        assert_eq!(found, None);
        for query in &queries {
            assert_eq!(kit.texts(&scope, query).await, ["mine"], "{query:?}");
            assert!(kit.texts(&other, query).await.is_empty(), "{query:?}");
        }
    }
}

pub(crate) async fn people_and_memberships(kit: &Kit) {
    let scope = kit.group().await;
    let person = kit.person(&scope, "Ada");
    let id = person.id;
    let membership = Membership::new(id, scope.place(), Role::GroupUser, kit.now());
    kit.commit(kit.changes(&scope).insert(person).insert(membership))
        .await;
    for other in others(kit, &scope).await {
        let store = kit.store();
        assert_eq!(store.person(&other, id).await.unwrap(), None);
        let page = store.people(&other, &PersonQuery::default()).await.unwrap();
        assert!(page.items.is_empty());
        assert_eq!(store.membership(id, other.place()).await.unwrap(), None);
    }
    let stranger = PersonId::new(&kit.ids, kit.now());
    let none = kit
        .store()
        .membership(stranger, scope.place())
        .await
        .unwrap();
    assert_eq!(none, None);
}

pub(crate) async fn text_search(kit: &Kit) {
    let scope = kit.group().await;
    kit.added(&scope, ThingType::Course, "secret handshake")
        .await;
    kit.add(&scope, kit.knowledge(&scope, "secret handshake", &[]))
        .await;
    for among in [Among::Things { types: Vec::new() }, Among::default()] {
        let query = SearchQuery {
            among,
            text: Some("secret".to_owned()),
            ..SearchQuery::default()
        };
        let hits = kit.store().search(&scope, &query).await.unwrap();
        assert_eq!(hits.len(), 1, "{query:?}");
        for other in others(kit, &scope).await {
            let hits = kit.store().search(&other, &query).await.unwrap();
            assert_eq!(hits, [], "{query:?}");
        }
    }
}

pub(crate) async fn vector_search(kit: &Kit) {
    let scope = kit.group().await;
    let vector = Embedding::new("model", vec![1.0, 0.0]).unwrap();
    let mut row = kit.knowledge(&scope, "near", &[]);
    row.embedding = Some(vector.clone());
    kit.add(&scope, row).await;
    let query = SearchQuery {
        embedding: Some(vector),
        ..SearchQuery::default()
    };
    let hits = kit.store().search(&scope, &query).await.unwrap();
    assert_eq!(hits.len(), 1);
    for other in others(kit, &scope).await {
        assert_eq!(kit.store().search(&other, &query).await.unwrap(), []);
    }
}

/// How rare a word is must be told from one's own rows, or scores tell of others'.
pub(crate) async fn the_ranking_of_a_search(kit: &Kit) {
    let scope = kit.group().await;
    // With few rows the rare word counts for more than the common one said six times; with many
    // rows it is the other way round.
    let common = "common ".repeat(6);
    for text in ["rare x", &common, "common x", "common y", "common z"] {
        kit.add(&scope, kit.knowledge(&scope, text, &[])).await;
    }
    let query = SearchQuery {
        text: Some("rare common".to_owned()),
        ..SearchQuery::default()
    };
    let before = kit.store().search(&scope, &query).await.unwrap();
    assert_eq!(before.len(), 5);
    for other in others(kit, &scope).await {
        for _ in 0..30 {
            kit.add(&other, kit.knowledge(&other, "rare common", &[]))
                .await;
        }
    }
    assert_eq!(kit.store().search(&scope, &query).await.unwrap(), before);
}

/// Which words there are must be told from one's own rows, or what stands for a typo tells of others'.
pub(crate) async fn the_words_that_stand_for_a_typo(kit: &Kit) {
    let scope = kit.group().await;
    for text in ["telegram", "telegrams x", "telegraph y"] {
        kit.add(&scope, kit.knowledge(&scope, text, &[])).await;
    }
    let asked = ["telegran", "telegra", "telegramm x", "tele"];
    let ask = async || {
        let mut answers = Vec::new();
        for text in asked {
            let query = SearchQuery {
                text: Some(text.to_owned()),
                ..SearchQuery::default()
            };
            answers.push(kit.store().search(&scope, &query).await.unwrap());
        }
        answers
    };
    let before = ask().await;
    assert!(before.iter().all(|hits| !hits.is_empty()));
    for other in others(kit, &scope).await {
        for text in ["telegran", "telegra telegramm tele", "telegraph telephone"] {
            kit.add(&other, kit.knowledge(&other, text, &[])).await;
            assert_eq!(ask().await, before);
        }
        let query = SearchQuery {
            text: Some("telegrams".to_owned()),
            ..SearchQuery::default()
        };
        // As each place is searched in turn, none learns of the words of the others.
        assert!(kit.store().search(&other, &query).await.unwrap().len() < 3);
        assert_eq!(ask().await, before);
    }
}

pub(crate) async fn budgets(kit: &Kit) {
    let scope = kit.group().await;
    let one = || Spend::one(budget("b"), BudgetRule::Level { limit: 1 });
    kit.commit(kit.changes(&scope).spend(one())).await;
    for other in others(kit, &scope).await {
        let state = kit.store().budget(&other, &budget("b")).await.unwrap();
        assert_eq!(state, None);
        kit.commit(kit.changes(&other).spend(one())).await;
        assert_eq!(
            kit.refused(kit.changes(&other).spend(one())).await,
            "BudgetExhausted"
        );
    }
}

pub(crate) async fn writes_to_others_rows(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Mine").await;
    let to = kit.added(&scope, ThingType::Course, "Also mine").await;
    let connection = kit
        .connected(&scope, thing.id, ConnectionType::References, to.id)
        .await;
    let before = kit.snapshot(&scope).await;
    for other in others(kit, &scope).await {
        let row = RowId::Thing(thing.id);
        let mut stolen = thing.clone();
        stolen.place = other.place();
        for changes in [
            kit.changes(&other).replace(stolen),
            kit.changes(&other).archive(row, thing.revision),
            kit.changes(&other).insist(row, thing.revision),
            kit.changes(&other).disconnect(connection.id),
        ] {
            assert_eq!(kit.refused(changes).await, "NotFound");
        }
    }
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn a_history_next_door(kit: &Kit) {
    let (here, there) = (kit.group().await, kit.group().await);
    kit.added(&here, ThingType::Course, "Mine").await;
    let before = kit.snapshot(&here).await;
    for round in 0..10 {
        let thing = kit.added(&there, ThingType::Course, "Mine").await;
        let about = kit.knowledge(&there, "mine", &["topic:x"]);
        kit.commit(
            kit.changes(&there)
                .replace(thing)
                .insert(about)
                .insert(kit.person(&there, &format!("Person {round}"))),
        )
        .await;
    }
    assert_eq!(kit.snapshot(&here).await, before);
    let event = kit.store().head(&here).await.unwrap().unwrap();
    assert_eq!(event.seq, Seq::new(2));
}

/// A refusal reads the same whether or not another place has what was asked for.
pub(crate) async fn errors(kit: &Kit) {
    let scope = kit.group().await;
    let mine = kit.added(&scope, ThingType::Course, "Mine").await;
    let nobodys = kit.thing(&scope, ThingType::Course, "Mine");
    let other = kit.group().await;
    let refusal = async |id: one_ontology::ThingId| {
        let own = kit.added(&other, ThingType::Course, "Own").await.id;
        let mut copy = mine.clone();
        (copy.id, copy.place) = (id, other.place());
        let connection = kit.connection(&other, own, ConnectionType::References, id);
        let row = RowId::Thing(id);
        let mut said = Vec::new();
        for changes in [
            kit.changes(&other).replace(copy),
            kit.changes(&other).archive(row, mine.revision),
            kit.changes(&other).insist(row, mine.revision),
            kit.changes(&other).connect(connection),
        ] {
            let error = kit.store().commit(changes).await.unwrap_err();
            said.push(error.to_string().replace(&id.to_string(), "it"));
        }
        said
    };
    assert_eq!(refusal(mine.id).await, refusal(nobodys.id).await);
}

pub(crate) async fn what_must_be_absent(kit: &Kit) {
    let scope = kit.group().await;
    let mut thing = kit.thing(&scope, ThingType::Course, "Mine");
    thing.properties = thing
        .properties
        .with("npm_package", "p")
        .with("registry_url", "u")
        .with("other", 1);
    kit.add(&scope, thing).await;
    let named = ThingQuery {
        name: Some("Mine".to_owned()),
        ..ThingQuery::default()
    };
    for query in [
        named,
        ThingQuery::of_type(ThingType::Course),
        ThingQuery::default().with("npm_package", "p"),
        ThingQuery::default().with("registry_url", "u"),
        ThingQuery::default().with("other", 1),
    ] {
        let here = kit.changes(&scope).insist_absent(query.clone());
        assert_eq!(kit.refused(here).await, "AlreadyExists");
        for other in others(kit, &scope).await {
            kit.commit(kit.changes(&other).insist_absent(query.clone()))
                .await;
        }
    }
}

pub(crate) async fn events_by_type_and_number(kit: &Kit) {
    let scope = kit.group().await;
    for other in others(kit, &scope).await {
        for _ in 0..5 {
            kit.commit(kit.changes(&scope)).await;
        }
        let head = kit.store().head(&other).await.unwrap();
        let count = head.map_or(0, |head| head.seq.get());
        for query in [
            EventQuery::default(),
            EventQuery {
                types: vec![one_ontology::EventType::EntityUpdated],
                ..EventQuery::default()
            },
        ] {
            let page = kit.store().events(&other, &query).await.unwrap();
            assert_eq!(page.items.len() as u64, count, "{query:?}");
            let late = EventQuery {
                after: Seq::new(count),
                ..query
            };
            let page = kit.store().events(&other, &late).await.unwrap();
            assert!(page.items.is_empty(), "{late:?}");
        }
    }
}

pub(crate) async fn writing_does_not_touch_others(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Mine").await;
    let row = kit.knowledge(&scope, "mine", &["topic:x"]);
    let row = kit.kept_knowledge(&scope, row).await;
    let one = Spend::one(budget("b"), BudgetRule::Level { limit: 9 });
    kit.commit(kit.changes(&scope).spend(one.clone())).await;
    let before = kit.snapshot(&scope).await;
    let spent = kit.store().budget(&scope, &budget("b")).await.unwrap();
    for other in others(kit, &scope).await {
        // Under the same ids and keys, so that a place forgotten anywhere hits them.
        let (mut thing, mut row) = (thing.clone(), row.clone());
        (thing.place, row.place) = (other.place(), other.place());
        thing.name = "Theirs".to_owned();
        let (thing_id, row_id) = (thing.id, row.id);
        let changes = kit.changes(&other).insert(thing).insert(row);
        kit.commit(changes.spend(one.clone())).await;
        let revision = kit.read(&other, thing_id).await.revision;
        kit.commit(
            kit.changes(&other)
                .archive(RowId::Thing(thing_id), revision)
                .archive(RowId::Knowledge(row_id), revision),
        )
        .await;
    }
    assert_eq!(kit.snapshot(&scope).await, before);
    let left = kit.store().budget(&scope, &budget("b")).await.unwrap();
    assert_eq!(left, spent);
}
