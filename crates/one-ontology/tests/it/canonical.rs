//! One spelling of JSON, and digests that never drift.

use one_ontology::{
    Actor, Digest, Event, EventId, NewEvent, PersonId, Place, PluginEventType, Seq, ThingId,
    Timestamp, canonical_json, strategies,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

fn check(value: &Value, expect: &str) {
    assert_eq!(canonical_json(value), expect);
}

#[test]
fn values_have_one_spelling() {
    check(&json!(null), "null");
    check(&json!({}), "{}");
    check(&json!([]), "[]");
    check(
        &json!({"b": 1, "a": [true, "x"], "": {}}),
        r#"{"":{},"a":[true,"x"],"b":1}"#,
    );
    check(&json!("é\n\"\u{1}"), "\"é\\n\\\"\\u0001\"");
    // Bytes, not code units: U+10000 sorts behind U+FFFF.
    check(
        &json!({"\u{10000}": 1, "\u{ffff}": 2}),
        "{\"\u{ffff}\":2,\"\u{10000}\":1}",
    );
    check(
        &json!([0, -0.0, 1.0, 1e21, 5e-324, u64::MAX, i64::MIN]),
        "[0,-0.0,1.0,1e+21,5e-324,18446744073709551615,-9223372036854775808]",
    );
}

#[test]
fn depth_does_not_overflow_the_stack() {
    let depth = 10_000;
    let deep = (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    assert_eq!(canonical_json(&deep).len(), 2 * depth + 4);
}

fn known_event() -> Event {
    let place: Place = "group:018f0000-0000-7000-8000-000000000001"
        .parse()
        .unwrap();
    let person = PersonId::from_uuid(Uuid::from_u128(2));
    let body = NewEvent::new(
        EventId::from_uuid(Uuid::from_u128(3)),
        PluginEventType::PluginInstalled,
        Some(ThingId::from_uuid(Uuid::from_u128(4)).into()),
    )
    .with("npm_package", "@elizaos/plugin-sql")
    .with("ratio", 0.1)
    .with("nested", json!({"b": [1, null], "a": "ü"}));
    let at = Timestamp::from_micros(1_795_176_000_123_456);
    let first = Event::seal(place, None, &Actor::Person(person), at, body.clone());
    Event::seal(place, Some(&first.head()), &Actor::Person(person), at, body)
}

/// If this fails, every chain that was ever written fails its audit: add a new version of the
/// format instead.
#[test]
fn the_digest_of_a_known_event_is_a_constant() {
    let event = known_event();
    assert_eq!(event.seq, Seq::new(2));
    insta::assert_snapshot!("known_event", serde_json::to_string_pretty(&event).unwrap());
    assert_eq!(
        event.digest.to_string(),
        "7146e312d9e71a4a769c71bb649eaa5b0ce0d55bbc47f12b320dcfb70b989c7f"
    );
}

#[test]
fn digests_have_one_spelling() {
    let digest = Digest::of(b"");
    let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(digest.to_string(), text);
    assert_eq!(text.parse(), Ok(digest));
    assert_eq!(
        text.to_uppercase().parse(),
        Ok(digest),
        "read, never written"
    );
    for bad in [
        "",
        &text[1..],
        &format!("{text}0"),
        &text.replace("e3", "+3"),
        &text.replace("e3", "é"),
    ] {
        assert!(bad.parse::<Digest>().is_err(), "{bad}");
    }
}

/// The same value with its maps filled in another order.
fn reordered(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let entries: Vec<_> = map
                .iter()
                .rev()
                .map(|(n, v)| (n.clone(), reordered(v)))
                .collect();
            Value::Object(Map::from_iter(entries))
        }
        Value::Array(items) => Value::Array(items.iter().map(reordered).collect()),
        scalar => scalar.clone(),
    }
}

proptest! {
    #[test]
    fn order_of_maps_does_not_matter(value in strategies::hostile_json()) {
        prop_assert_eq!(canonical_json(&value), canonical_json(&reordered(&value)));
    }

    #[test]
    fn it_reads_back_and_is_a_fixpoint(value in strategies::json()) {
        let text = canonical_json(&value);
        let read: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(canonical_json(&read), text);
    }

    #[test]
    fn an_event_is_sealed_as_the_one_spelling_of_its_fields(
        chain in strategies::chain(Place::Global, 1..3),
        metadata in strategies::hostile_json(),
    ) {
        for mut event in chain {
            if let Value::Object(map) = &metadata {
                event.metadata = map.clone().into_iter().collect();
            }
            let fields = json!({
                "v": 1, "id": event.id, "place": event.place, "seq": event.seq,
                "type": event.event_type, "actor": event.actor, "target": event.target,
                "at": event.at, "metadata": event.metadata, "previous": event.previous,
            });
            prop_assert_eq!(event.sealed_text(), canonical_json(&fields));
        }
    }

    #[test]
    fn an_event_keeps_its_digest_through_storage(chain in strategies::chain(Place::Global, 1..3)) {
        for event in chain {
            let text = serde_json::to_string(&event).unwrap();
            let read: Event = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.computed_digest(), event.digest);
        }
    }
}
