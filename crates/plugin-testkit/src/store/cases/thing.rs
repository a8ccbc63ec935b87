//! Things, found by type, status, name and properties, in order of name.

use one_ontology::{PluginThingType, Scope, ThingQuery, ThingStatus, ThingType};
use serde_json::{Value, json};

use crate::store::kit::Kit;

async fn with(kit: &Kit, scope: &Scope, name: &str, properties: &[(&str, Value)]) {
    let mut thing = kit.thing(scope, ThingType::Course, name);
    for (property, value) in properties {
        thing.properties = thing.properties.with(property, value.clone());
    }
    kit.add(scope, thing).await;
}

fn named(name: &str) -> ThingQuery {
    ThingQuery {
        name: Some(name.to_owned()),
        ..ThingQuery::default()
    }
}

pub(crate) async fn found_by_type(kit: &Kit) {
    let scope = kit.group().await;
    let other: ThingType = "robot".parse().unwrap();
    let plugin = ThingType::Plugin(PluginThingType::PluginInstance);
    let types = [
        ThingType::Course,
        ThingType::Lesson,
        plugin.clone(),
        other.clone(),
    ];
    for thing_type in &types {
        for name in ["b", "a"] {
            kit.added(&scope, thing_type.clone(), &format!("{name} {thing_type}"))
                .await;
        }
    }
    let of = |types: &[&ThingType]| ThingQuery {
        types: types.iter().map(|t| (*t).clone()).collect(),
        ..ThingQuery::default()
    };
    for (query, expected) in [
        (of(&[&other]), vec!["a robot", "b robot"]),
        (
            of(&[&plugin]),
            vec!["a plugin_instance", "b plugin_instance"],
        ),
        (
            of(&[&other, &ThingType::Course, &other]),
            vec!["a course", "a robot", "b course", "b robot"],
        ),
        (of(&[&ThingType::Token]), vec![]),
    ] {
        assert_eq!(kit.names(&scope, &query).await, expected, "{query:?}");
    }
    let all = kit.names(&scope, &ThingQuery::default()).await;
    assert_eq!(all.len(), 8);
}

pub(crate) async fn found_by_more_types_than_fit_a_statement(kit: &Kit) {
    let scope = kit.group().await;
    kit.added(&scope, ThingType::Course, "Course").await;
    kit.added(&scope, ThingType::Lesson, "Lesson").await;
    let mut query = ThingQuery::of_type(ThingType::Course);
    for i in 0..40_000 {
        query.types.push(format!("type_{i}").parse().unwrap());
    }
    assert_eq!(kit.names(&scope, &query).await, ["Course"]);
}

pub(crate) async fn found_by_status(kit: &Kit) {
    let scope = kit.group().await;
    for status in ThingStatus::ALL {
        let mut thing = kit.thing(&scope, ThingType::Course, status.as_str());
        thing.status = *status;
        kit.add(&scope, thing).await;
    }
    let any = kit.names(&scope, &ThingQuery::default()).await;
    assert_eq!(any, ["active", "draft", "inactive", "published"]);
    for status in ThingStatus::ALL {
        let query = ThingQuery::default().in_status(*status);
        assert_eq!(kit.names(&scope, &query).await, [status.as_str()]);
    }
    let two = ThingQuery::of_type(ThingType::Course)
        .in_status(ThingStatus::Draft)
        .in_status(ThingStatus::Archived);
    assert_eq!(kit.names(&scope, &two).await, ["archived", "draft"]);
}

pub(crate) async fn found_by_exact_name(kit: &Kit) {
    let scope = kit.group().await;
    let names = [
        "Rust",
        "rust",
        "Rust ",
        "Rust%",
        "Rus_",
        "R\u{fc}st",
        "Ru\u{308}st",
        "'; --",
        "\"",
        "*",
    ];
    for name in names {
        kit.added(&scope, ThingType::Course, name).await;
    }
    for name in names {
        assert_eq!(kit.names(&scope, &named(name)).await, [name]);
    }
    for name in ["RUST", "Rus", "", "%", "\0", "Rust\0"] {
        assert!(kit.names(&scope, &named(name)).await.is_empty(), "{name:?}");
    }
}

pub(crate) async fn found_by_npm_package_and_registry_url(kit: &Kit) {
    let scope = kit.group().await;
    with(
        kit,
        &scope,
        "both",
        &[("npm_package", json!("p")), ("registry_url", json!("u"))],
    )
    .await;
    with(kit, &scope, "package", &[("npm_package", json!("p"))]).await;
    with(kit, &scope, "address", &[("registry_url", json!("u"))]).await;
    with(kit, &scope, "neither", &[]).await;
    let none = ThingQuery::default;
    for (query, expected) in [
        (none().with("npm_package", "p"), vec!["both", "package"]),
        (none().with("registry_url", "u"), vec!["address", "both"]),
        (
            none().with("npm_package", "p").with("registry_url", "u"),
            vec!["both"],
        ),
        (none().with("npm_package", "P"), vec![]),
        (none().with("npm_package", Value::Null), vec![]),
    ] {
        assert_eq!(kit.names(&scope, &query).await, expected, "{query:?}");
    }
}

pub(crate) async fn found_by_any_property(kit: &Kit) {
    let scope = kit.group().await;
    with(
        kit,
        &scope,
        "deep",
        &[("config", json!({"a": [1, {"b": null}]}))],
    )
    .await;
    with(kit, &scope, "flat", &[("config", json!("flat"))]).await;
    with(kit, &scope, "none", &[("config", Value::Null)]).await;
    with(kit, &scope, "without", &[]).await;
    for (value, expected) in [
        (json!({"a": [1, {"b": null}]}), vec!["deep"]),
        (json!({"a": [1]}), vec![]),
        (json!("flat"), vec!["flat"]),
        (Value::Null, vec!["none"]),
    ] {
        let query = ThingQuery::default().with("config", value);
        assert_eq!(kit.names(&scope, &query).await, expected, "{query:?}");
    }
    let hostile = ThingQuery::default().with("config') OR 1=1 --", "flat");
    assert!(kit.names(&scope, &hostile).await.is_empty());
}

pub(crate) async fn equal_properties_are_of_one_type(kit: &Kit) {
    let scope = kit.group().await;
    let values = [
        ("text", json!("1")),
        ("whole", json!(1)),
        ("float", json!(1.0)),
        ("truth", json!(true)),
        ("list", json!([1])),
    ];
    for property in ["npm_package", "registry_url", "other"] {
        for (name, value) in &values {
            with(kit, &scope, name, &[(property, value.clone())]).await;
        }
        for (name, value) in &values {
            let query = ThingQuery::default().with(property, value.clone());
            assert_eq!(
                kit.names(&scope, &query).await,
                [*name],
                "{property} {value}"
            );
        }
    }
}

pub(crate) async fn ordered_by_the_bytes_of_their_names(kit: &Kit) {
    let scope = kit.group().await;
    let mut names = [
        "b", "B", "a", "A", "é", "e", "z", "🦀", "\u{ffff}", "10", "9", " ", "a b",
    ];
    names[11] = "_";
    for name in names {
        kit.added(&scope, ThingType::Course, name).await;
    }
    names.sort_unstable();
    for query in [
        ThingQuery::default(),
        ThingQuery::of_type(ThingType::Course),
    ] {
        assert_eq!(kit.names(&scope, &query).await, names);
    }
}

pub(crate) async fn ordered_by_id_where_names_are_equal(kit: &Kit) {
    let scope = kit.group().await;
    let mut ids = Vec::new();
    for i in 0..10_u128 {
        let mut thing = kit.thing(&scope, ThingType::Course, "Same");
        thing.id = one_ontology::ThingId::from_uuid(uuid::Uuid::from_u128((i * 7 % 10) << 120 | 9));
        ids.push(thing.id);
        kit.add(&scope, thing).await;
    }
    ids.sort();
    for query in [
        ThingQuery::default(),
        named("Same"),
        ThingQuery::of_type(ThingType::Course),
    ] {
        let page = kit.store().things(&scope, &query).await.unwrap();
        let found: Vec<_> = page.items.iter().map(|thing| thing.id).collect();
        assert_eq!(found, ids, "{query:?}");
    }
}
