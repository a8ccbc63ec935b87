//! `OneRuntime`: memories are kept as they are given, and found again.

use std::thread;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{Knowledge, KnowledgeQuery, KnowledgeType, Limit, Store};
use plugin_registry::LexicalEmbedder;
use plugin_runtime_api::MemoryRecord;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::one_runtime::{Agent, Host, NOON, id, scope};

fn vector(text: &str) -> Vec<f32> {
    LexicalEmbedder::new().vector(text)
}

fn create(table: &str, memory: Value) -> Value {
    json!({"call": "memory.create", "tableName": table, "memory": memory})
}

fn list(filter: Value) -> Value {
    json!({"call": "memory.list", "filter": filter})
}

fn search(filter: Value, text: &str) -> Value {
    json!({"call": "memory.search", "filter": filter, "embedding": vector(text)})
}

/// The ids of an answer, as the numbers they were made of.
fn numbers(answer: &Value) -> Vec<u128> {
    let memories = answer.as_array().unwrap();
    let ids = memories.iter().map(|memory| memory["id"].as_str().unwrap());
    ids.map(|it| it.parse::<Uuid>().unwrap().as_u128() - id(0).as_u128())
        .collect()
}

fn rows(host: &Host) -> Vec<Knowledge> {
    let query = KnowledgeQuery {
        limit: Limit::new(Limit::MAX),
        ..KnowledgeQuery::default()
    };
    block_on(host.store.knowledge(&scope("acme"), &query))
        .unwrap()
        .items
}

/// Five messages in two rooms, of two entities, the later the higher.
fn talk(agent: &Agent) {
    for (number, room, entity, world) in [
        (1, 7, 5, 3),
        (2, 7, 6, 3),
        (3, 8, 5, 3),
        (4, 7, 5, 4),
        (5, 8, 6, 4),
    ] {
        let number: i64 = number;
        let memory = json!({
            "id": id(number.unsigned_abs().into()), "roomId": id(room), "entityId": id(entity),
            "worldId": id(world), "createdAt": NOON - 10_000 + number * 1000,
            "content": {"text": format!("message {number}")}, "unique": number == 4,
        });
        agent.ask(create("messages", memory));
    }
    agent.ask(create(
        "facts",
        json!({"id": id(6), "roomId": id(7), "content": {"text": "fact"}}),
    ));
}

#[test]
fn filters_say_which() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    let own = agent.context.agent;
    talk(&agent);
    for (filter, expected) in [
        (json!({"tableName": "messages"}), vec![5, 4, 3, 2, 1]),
        (json!({"tableName": "facts"}), vec![6]),
        (json!({"tableName": "none"}), vec![]),
        (
            json!({"tableName": "messages", "roomId": id(7)}),
            vec![4, 2, 1],
        ),
        (
            json!({"tableName": "messages", "roomIds": [id(8), id(9)]}),
            vec![5, 3],
        ),
        (
            json!({"tableName": "messages", "worldId": id(4)}),
            vec![5, 4],
        ),
        (
            json!({"tableName": "messages", "entityId": id(5), "roomId": id(7)}),
            vec![4, 1],
        ),
        (
            json!({"tableName": "messages", "agentId": own}),
            vec![5, 4, 3, 2, 1],
        ),
        (json!({"tableName": "messages", "agentId": id(1)}), vec![]),
        (json!({"tableName": "messages", "unique": true}), vec![4]),
        (
            json!({"tableName": "messages", "unique": false}),
            vec![5, 4, 3, 2, 1],
        ),
        (
            json!({"tableName": "messages", "start": NOON - 7000}),
            vec![5, 4, 3],
        ),
        (
            json!({"tableName": "messages", "end": NOON - 8000}),
            vec![2, 1],
        ),
        (
            json!({"tableName": "messages", "start": NOON - 9000, "end": NOON - 9000}),
            vec![1],
        ),
        (json!({"tableName": "messages", "count": 2}), vec![5, 4]),
        (
            json!({"tableName": "messages", "count": 2, "offset": 1}),
            vec![4, 3],
        ),
        (json!({"tableName": "messages", "offset": 4}), vec![1]),
        (json!({"tableName": "messages", "offset": 5}), vec![]),
        (json!({"tableName": "messages", "count": 0}), vec![]),
    ] {
        assert_eq!(
            numbers(&agent.ask(list(filter.clone()))),
            expected,
            "{filter}"
        );
        // A count knows no pages.
        if filter.get("count").is_none() && filter.get("offset").is_none() {
            let count = agent.ask(json!({"call": "memory.count", "filter": filter}));
            assert_eq!(count, json!(expected.len()), "{filter}");
        }
    }
}

#[test]
fn memories_come_by_id_in_the_order_asked() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    talk(&agent);
    let get = |ids: &[u128], table: Value| {
        let ids: Vec<Uuid> = ids.iter().map(|number| id(*number)).collect();
        numbers(&agent.ask(json!({"call": "memory.get", "ids": ids, "tableName": table})))
    };
    assert_eq!(get(&[3, 6, 99, 1, 3], Value::Null), [3, 6, 1, 3]);
    assert_eq!(get(&[3, 6, 1], json!("messages")), [3, 1]);
    assert_eq!(get(&[], Value::Null), [] as [u128; 0]);
}

#[test]
fn the_host_fills_in_what_is_missing() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    let made = agent.ask(create("facts", json!({"content": {"text": "a"}})));
    let found = agent.ask(list(json!({"tableName": "facts"})));
    let expected = json!([{"id": made, "agentId": agent.context.agent, "createdAt": NOON, "content": {"text": "a"}}]);
    assert_eq!(found, expected);
}

#[test]
fn a_memory_with_a_known_id_is_left_as_it_is() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    let one = json!({"id": id(1), "content": {"text": "one"}});
    assert_eq!(agent.ask(create("facts", one)), json!(id(1)));
    let two = json!({"id": id(1), "content": {"text": "two"}});
    assert_eq!(agent.ask(create("other", two)), json!(id(1)));
    assert_eq!(
        numbers(&agent.ask(list(json!({"tableName": "facts"})))),
        [1]
    );
    assert_eq!(
        numbers(&agent.ask(list(json!({"tableName": "other"})))),
        [0; 0]
    );
}

#[test]
fn memories_change_and_are_forgotten() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    let update = |memory: Value| agent.ask(json!({"call": "memory.update", "memory": memory}));
    let get = || agent.ask(json!({"call": "memory.get", "ids": [id(1)]}));
    assert_eq!(
        update(json!({"id": id(1), "content": {"text": "x"}})),
        json!(false)
    );
    let first = json!({"id": id(1), "agentId": id(2), "content": {"text": "one", "n": 1}, "metadata": {"type": "fragment"}, "createdAt": 5});
    agent.ask(create("facts", first.clone()));
    assert_eq!(update(json!({"id": id(1)})), json!(true));
    assert_eq!(get(), json!([first]));
    // Only what is given changes, and never when it was made.
    let embedding = vec![0.5, 0.25];
    assert_eq!(
        update(json!({"id": id(1), "embedding": embedding, "createdAt": 9})),
        json!(true)
    );
    assert_eq!(
        update(json!({"id": id(1), "content": {"text": ""}, "roomId": id(3)})),
        json!(true)
    );
    let second = json!({"id": id(1), "agentId": id(2), "roomId": id(3), "content": {"text": ""}, "metadata": {"type": "fragment"}, "embedding": embedding, "createdAt": 5});
    assert_eq!(get(), json!([second]));
    let in_room = list(json!({"tableName": "facts", "roomId": id(3)}));
    assert_eq!(numbers(&agent.ask(in_room.clone())), [1]);
    // Forgotten and kept anew, again and again: another row each time, with another age and kind.
    for turn in 0..4 {
        assert_eq!(
            agent.ask(json!({"call": "memory.delete", "id": id(1)})),
            json!(null)
        );
        assert_eq!(
            agent.ask(json!({"call": "memory.delete", "id": id(1)})),
            json!(null)
        );
        assert_eq!(get(), json!([]));
        assert_eq!(agent.ask(in_room.clone()), json!([]));
        let again = json!({"id": id(1), "agentId": id(2), "roomId": id(3), "content": {"text": "anew"}, "createdAt": turn});
        assert_eq!(agent.ask(create("facts", again.clone())), json!(id(1)));
        assert_eq!(get(), json!([again]));
        assert_eq!(agent.ask(in_room.clone()), json!([again]));
        assert_eq!(
            update(json!({"id": id(1), "metadata": {"a": turn}})),
            json!(true)
        );
        assert_eq!(get()[0]["metadata"], json!({"a": turn}));
        assert_eq!(rows(&host).len(), 1);
    }
    host.trail("acme");
}

#[test]
fn memories_are_knowledge() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    for (number, memory, kind, text) in [
        (
            1,
            json!({"content": {"text": "all"}}),
            KnowledgeType::Document,
            Some("all"),
        ),
        (
            2,
            json!({"content": {"text": "all"}, "metadata": {"type": "document"}}),
            KnowledgeType::Document,
            Some("all"),
        ),
        (
            3,
            json!({"content": {"text": "part"}, "metadata": {"type": "fragment"}}),
            KnowledgeType::Chunk,
            Some("part"),
        ),
        (
            4,
            json!({"content": {}, "embedding": [1.0]}),
            KnowledgeType::VectorOnly,
            None,
        ),
        (
            5,
            json!({"content": {"thought": "x"}}),
            KnowledgeType::Document,
            Some("facts"),
        ),
        (
            6,
            json!({"content": {"text": 5}}),
            KnowledgeType::Document,
            Some("facts"),
        ),
    ] {
        host.tick();
        let mut memory = memory;
        memory["id"] = json!(id(number));
        memory["unique"] = json!(true);
        memory["roomId"] = json!(id(7));
        agent.ask(create("facts", memory.clone()));
        let row = rows(&host).into_iter().next().unwrap();
        assert_eq!(
            (row.knowledge_type, row.text.as_deref()),
            (kind, text),
            "{memory}"
        );
        let labels: Vec<&str> = row.labels.iter().map(one_ontology::Label::as_str).collect();
        let (own, room) = (agent.context.agent, id(7));
        let expected = [
            format!("agent:{own}"),
            format!("of:{own}"),
            format!("room:{room}"),
            "table:facts".into(),
            "unique".into(),
        ];
        assert_eq!(labels, expected);
        if let Some(embedding) = row.embedding {
            assert_eq!(embedding.model(), "lexical-1536");
        }
    }
}

#[test]
fn nobody_is_newer_than_now() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    for (number, made) in [
        (1, i64::MAX),
        (2, NOON + 5000),
        (3, i64::MIN),
        (4, -1),
        (5, NOON),
    ] {
        let memory = json!({"id": id(number), "createdAt": made, "content": {"text": "x"}});
        agent.ask(create("facts", memory));
        host.tick();
        let found = agent.ask(json!({"call": "memory.get", "ids": [id(number)]}));
        assert_eq!(found[0]["createdAt"], json!(made));
    }
    // What says to be of the future counts as made when it was kept.
    // (1 at noon, 2 a second later, 5 as it says at noon; 3 and 4 when time began)
    let order = numbers(&agent.ask(list(json!({"tableName": "facts"}))));
    let (newest, mut same) = (order[0], order[1..3].to_vec());
    same.sort_unstable();
    assert_eq!((newest, same.as_slice()), (2, [1, 5].as_slice()));
}

const PASSAGES: [&str; 5] = [
    "Refunds are paid within fourteen days after the returned goods arrive.",
    "The office is closed on public holidays and between the years.",
    "Passwords must have twelve characters and are changed once a year.",
    "Deliveries to islands take three more days and cost extra.",
    "Invoices are sent by mail at the end of each month.",
];

fn passages(agent: &Agent) {
    for (number, text) in (1_u128..).zip(PASSAGES) {
        let room = if number == 5 { id(8) } else { id(7) };
        let memory = json!({"id": id(number), "roomId": room, "content": {"text": text}, "embedding": vector(text)});
        agent.ask(create("documents", memory));
    }
}

#[test]
fn a_search_finds_the_passage() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    passages(&agent);
    let all = json!({"tableName": "documents"});
    for (question, passage) in [
        ("how long until refunds are paid", 1),
        ("is the office closed on holidays", 2),
        ("how many characters must passwords have", 3),
        ("delivery to an island", 4),
        ("when are invoices sent", 5),
    ] {
        let found = agent.ask(search(all.clone(), question));
        assert_eq!(numbers(&found)[0], passage, "{question}");
        let near: Vec<f64> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["similarity"].as_f64().unwrap())
            .collect();
        assert!(
            near.is_sorted_by(|a, b| a >= b) && near.iter().all(|it| (0.0..=1.0).contains(it)),
            "{near:?}"
        );
    }
    let exact = agent.ask(search(all.clone(), PASSAGES[2]));
    assert!(exact[0]["similarity"].as_f64().unwrap() > 0.999);
    let ids = |filter: Value, least: f64| {
        let mut call = search(filter, PASSAGES[2]);
        call["matchThreshold"] = json!(least);
        numbers(&agent.ask(call))
    };
    assert_eq!(ids(all.clone(), 0.9), [3]);
    assert_eq!(
        ids(json!({"tableName": "documents", "roomId": id(8)}), -1.0),
        [5]
    );
    assert_eq!(
        ids(json!({"tableName": "documents", "roomIds": [id(8)]}), -1.0),
        [5]
    );
    assert_eq!(
        ids(json!({"tableName": "documents", "count": 2}), -1.0).len(),
        2
    );
    assert_eq!(
        ids(json!({"tableName": "documents", "count": 1}), -1.0),
        [3]
    );
    assert_ne!(
        ids(
            json!({"tableName": "documents", "count": 1, "offset": 1}),
            -1.0
        ),
        [3]
    );
    assert_eq!(ids(json!({"tableName": "other"}), -1.0), [0; 0]);
    agent.ask(json!({"call": "memory.delete", "id": id(3)}));
    assert_eq!(ids(all.clone(), 0.9), [0; 0]);
    // Vectors of another length are never compared.
    let short = json!({"call": "memory.search", "filter": all, "embedding": [1.0, 0.5]});
    assert_eq!(agent.ask(short), json!([]));
}

#[test]
fn a_search_gives_ten() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    for number in 1..=15_u32 {
        let memory = json!({"id": id(number.into()), "content": {}, "embedding": [1.0, 1.0 / f64::from(number)]});
        agent.ask(create("documents", memory));
    }
    let near = json!({"call": "memory.search", "filter": {"tableName": "documents"}, "embedding": [1.0, 0.0]});
    assert_eq!(
        numbers(&agent.ask(near)),
        (6..=15).rev().collect::<Vec<u128>>()
    );
}

#[test]
fn unique_memories_are_kept_once() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    let keep = |number: u128,
                room: Option<u128>,
                table: &str,
                embedding: [f32; 2],
                unique: bool| {
        let room = room.map(id);
        let memory = json!({"id": id(number), "roomId": room, "content": {"text": "x"}, "embedding": embedding});
        let call = json!({"call": "memory.create", "tableName": table, "memory": memory, "unique": unique});
        agent.ask(call) == json!(id(number))
    };
    assert!(keep(1, Some(7), "facts", [1.0, 0.0], true));
    // cos 0.9578 is the same, cos 0.9285 is another.
    assert!(!keep(2, Some(7), "facts", [1.0, 0.3], true));
    assert!(keep(3, Some(7), "facts", [1.0, 0.4], true));
    assert!(keep(4, Some(8), "facts", [1.0, 0.0], true));
    assert!(keep(5, None, "facts", [1.0, 0.0], true));
    assert!(!keep(6, None, "facts", [1.0, 0.0], true));
    assert!(keep(7, Some(7), "other", [1.0, 0.0], true));
    assert!(keep(8, Some(7), "facts", [1.0, 0.0], false));
    assert!(keep(9, Some(7), "facts", [1.0, 0.0], false));
    // What was forgotten is no reason.
    agent.ask(json!({"call": "memory.delete", "id": id(7)}));
    assert!(keep(11, Some(7), "other", [1.0, 0.0], true));
}

#[test]
fn of_unique_memories_kept_at_once_one_is_kept() {
    for round in 0..20 {
        let host = Host::new();
        let agents: Vec<Agent> = (0..4).map(|_| host.agent("acme", "aria")).collect();
        let ids: Vec<Value> = thread::scope(|threads| {
            let asked: Vec<_> = (1_u128..)
                .zip(&agents)
                .map(|(number, agent)| {
                    threads.spawn(move || {
                        let memory = json!({"id": id(number), "roomId": id(9), "content": {"text": "x"}, "embedding": [1.0, 0.5], "unique": true});
                        agent.ask(create("facts", memory))
                    })
                })
                .collect();
            asked.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|it| *it == ids[0]), "round {round}: {ids:?}");
        assert_eq!(rows(&host).len(), 1);
    }
}

#[test]
fn there_is_no_last_page() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    let many = 2300_u32;
    for number in 1..=many {
        host.clock.advance(Duration::from_millis(1));
        let memory = json!({"id": id(number.into()), "roomId": id(u128::from(number % 2)), "content": {"text": "x"}});
        agent.ask(create("messages", memory));
    }
    let filter = json!({"tableName": "messages"});
    assert_eq!(
        agent.ask(json!({"call": "memory.count", "filter": filter})),
        json!(many)
    );
    let newest: Vec<u128> = (1..=u128::from(many)).rev().collect();
    assert_eq!(numbers(&agent.ask(list(filter))), newest);
    let page = json!({"tableName": "messages", "count": 1100, "offset": 1100});
    assert_eq!(numbers(&agent.ask(list(page))), newest[1100..2200]);
    let even: Vec<u128> = newest.iter().copied().filter(|n| n % 2 == 0).collect();
    let page = json!({"tableName": "messages", "roomIds": [id(0)], "count": 1, "offset": 1149});
    assert_eq!(numbers(&agent.ask(list(page))), even[1149..]);
    let ids: Vec<Uuid> = (1..=1001).map(id).collect();
    assert_eq!(
        agent.refused(json!({"call": "memory.get", "ids": ids})),
        "HostCallInvalid: memory.get: `ids` must be at most 1000"
    );
}

#[test]
fn no_answer_is_larger_than_a_frame() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    for number in 1..=8 {
        let memory = json!({"id": id(number), "content": {"text": "x".repeat(1 << 20)}});
        agent.ask(create("documents", memory));
    }
    assert_eq!(
        agent.refused(list(json!({"tableName": "documents"}))),
        "HostCallInvalid: memory.list: the answer has more than 7340032 bytes; ask for less at a time"
    );
    let some = agent.ask(list(json!({"tableName": "documents", "count": 6})));
    assert_eq!(some.as_array().unwrap().len(), 6);
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    let deep = (0..24).fold(json!(1), |inner, _| json!([inner]));
    let long = "x".repeat((1 << 20) + 1);
    for (call, reason) in [
        (
            create("", json!({})),
            "`tableName` must be 1 to 100 characters without control characters",
        ),
        (
            create("a\u{1}", json!({})),
            "`tableName` must be 1 to 100 characters without control characters",
        ),
        (
            create(&"t".repeat(101), json!({})),
            "`tableName` must be 1 to 100 characters without control characters",
        ),
        (
            create("facts", json!({"embedding": []})),
            "`embedding` must be 1 to 8192 numbers",
        ),
        (
            create("facts", json!({"embedding": vec![0.0; 1536]})),
            "`embedding` must not be all zeros",
        ),
        (
            create("facts", json!({"embedding": [1e300]})),
            "`embedding` must be finite",
        ),
        (
            create("facts", json!({"embedding": vec![1.0; 8193]})),
            "`embedding` must be 1 to 8192 numbers",
        ),
        (
            create("facts", json!({"content": {"text": "a\0b"}})),
            "`content` must not contain the character U+0000",
        ),
        (
            create("facts", json!({"metadata": {"a\0": 1}})),
            "`metadata` must not contain the character U+0000",
        ),
        (
            create("facts", json!({"content": {"text": long}})),
            "`content.text` must have at most 1048576 bytes",
        ),
        (
            create("facts", json!({"content": {"x": long}})),
            "`content` must have at most 1048576 bytes as JSON",
        ),
        (
            create("facts", json!({"content": {"x": deep}})),
            "`content` must be at most 24 levels deep",
        ),
        (
            json!({"call": "memory.update", "memory": {}}),
            "`id` must be given",
        ),
        (
            json!({"call": "memory.search", "filter": {"tableName": "t"}, "embedding": vec![0.0; 1536]}),
            "`embedding` must not be all zeros",
        ),
        (
            json!({"call": "memory.search", "filter": {"tableName": "t"}, "embedding": [1.0], "matchThreshold": 1.5}),
            "`matchThreshold` must be from -1 to 1",
        ),
        (
            list(json!({"tableName": "t", "roomIds": vec![id(1); 1001]})),
            "`roomIds` must be at most 1000",
        ),
    ] {
        let name = call["call"].as_str().unwrap().to_owned();
        assert_eq!(
            agent.refused(call),
            format!("HostCallInvalid: {name}: {reason}")
        );
    }
    assert_eq!(rows(&host), []);
    assert_eq!(host.trail("acme").len(), 1);
}

/// JSON as plugins may send it: any text but U+0000, any number, names that we use ourselves.
fn hostile() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("text".to_owned()),
        Just("record".to_owned()),
        Just("type".to_owned()),
        Just("__proto__".to_owned()),
        "[^\\x00]{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[^\\x00]{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    let text = prop_oneof![
        hostile(),
        "[^\\x00]{0,40}".prop_map(Value::from),
        Just(Value::from("")),
    ];
    (hostile(), text, any::<bool>()).prop_map(|(value, text, with_text)| {
        let mut map = value.as_object().cloned().unwrap_or_default();
        if with_text {
            map.insert("text".to_owned(), text);
        }
        map
    })
}

fn memory() -> impl Strategy<Value = MemoryRecord> {
    let some_id = || proptest::option::of((0_u128..4).prop_map(id));
    let number = any::<f32>().prop_filter("finite", |n| n.is_finite());
    let embedding = proptest::collection::vec(number, 1..8)
        .prop_filter("not all zeros", |v| v.iter().any(|n| *n != 0.0));
    (
        (
            some_id(),
            some_id(),
            some_id(),
            any::<u128>(),
            any::<u128>(),
        ),
        object(),
        proptest::option::of(object()),
        proptest::option::of(embedding),
        any::<i64>(),
        proptest::option::of(any::<bool>()),
    )
        .prop_map(
            |(ids, content, metadata, embedding, created_at, unique)| MemoryRecord {
                id: Some(Uuid::from_u128(ids.3)),
                entity_id: ids.0,
                agent_id: Some(Uuid::from_u128(ids.4)),
                room_id: ids.1,
                world_id: ids.2,
                content,
                metadata,
                embedding,
                created_at: Some(created_at),
                unique,
                similarity: None,
            },
        )
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_written(memory in memory()) {
        let host = Host::new();
        let agent = host.agent("acme", "aria");
        let made = agent.ask(create("facts", serde_json::to_value(&memory).unwrap()));
        let found = agent.ask(json!({"call": "memory.get", "ids": [made]}));
        let found: Vec<MemoryRecord> = serde_json::from_value(found).unwrap();
        prop_assert_eq!(&found, std::slice::from_ref(&memory));
        // A memory that changes to itself leaves no trace.
        let before = host.trail("acme").len();
        agent.ask(json!({"call": "memory.update", "memory": memory}));
        prop_assert_eq!(host.trail("acme").len(), before);
    }

    #[test]
    fn a_memory_may_change_to_any_other(one in memory(), other in memory()) {
        let host = Host::new();
        let agent = host.agent("acme", "aria");
        let made = agent.ask(create("facts", serde_json::to_value(&one).unwrap()));
        let mut new = other;
        new.id = one.id;
        prop_assert_eq!(agent.ask(json!({"call": "memory.update", "memory": new})), json!(true));
        let found = agent.ask(json!({"call": "memory.get", "ids": [made]}));
        let found: Vec<MemoryRecord> = serde_json::from_value(found).unwrap();
        let expected = MemoryRecord {
            content: if new.content.is_empty() { one.content } else { new.content },
            metadata: new.metadata.or(one.metadata),
            embedding: new.embedding.or(one.embedding),
            unique: new.unique.or(one.unique),
            entity_id: new.entity_id.or(one.entity_id),
            room_id: new.room_id.or(one.room_id),
            world_id: new.world_id.or(one.world_id),
            created_at: one.created_at,
            ..new
        };
        prop_assert_eq!(found, [expected]);
    }
}
