//! Times, texts, JSON and properties.

use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Number, Value};

use crate::{Properties, Timestamp};

/// Any moment: mostly of our years, sometimes anywhere between the earliest and the latest.
pub fn timestamp() -> BoxedStrategy<Timestamp> {
    let now = 1_795_000_000_000_000_i64;
    prop_oneof![
        8 => now..now + 100_000_000_000_000,
        1 => Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros(),
        1 => -1_000_000_i64..1_000_000,
    ]
    .prop_map(Timestamp::from_micros)
    .boxed()
}

/// Any duration up to a hundred days.
pub fn duration() -> BoxedStrategy<Duration> {
    (0..8_640_000_000_000_u64)
        .prop_map(Duration::from_micros)
        .boxed()
}

/// Any text at all, up to about 600 characters: empty, blank, control characters, U+0000, right to
/// left, quotes, patterns, very long.
pub fn hostile_text() -> BoxedStrategy<String> {
    prop_oneof![
        4 => vec(any::<char>(), 0..40).prop_map(String::from_iter),
        1 => Just(String::new()),
        1 => "[ \t\r\n\u{a0}\u{3000}]{1,4}",
        1 => "[\u{0}-\u{1f}\u{7f}\u{202e}\u{feff}\u{fffd}a]{1,8}",
        1 => "['\"`%_*;()\\\\^:{}\\[\\]-]{1,20}",
        1 => "(AND|OR|NOT|NEAR|DROP TABLE|a\\*|\"|--){1,6}",
        1 => "[a-zäé漢😀]{500,600}",
    ]
    .boxed()
}

/// Any text that rows can keep: without U+0000.
pub fn text() -> BoxedStrategy<String> {
    hostile_text()
        .prop_map(|text| text.replace('\0', "0"))
        .boxed()
}

/// Any name that rows can have: 1 to 256 characters, not blank, without control characters.
pub fn name() -> BoxedStrategy<String> {
    let tidy =
        |text: String| -> String { text.chars().filter(|c| !c.is_control()).take(256).collect() };
    prop_oneof![
        3 => "[A-Za-z][A-Za-z0-9 @/._-]{0,30}",
        1 => hostile_text().prop_map(tidy),
    ]
    .prop_filter("blank", |name: &String| !name.trim().is_empty())
    .boxed()
}

fn number() -> BoxedStrategy<Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-10_i64..10).prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |number| Number::from_f64(number).map(Value::from)),
    ]
    .boxed()
}

fn tree(leaf: BoxedStrategy<String>) -> BoxedStrategy<Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        leaf.clone().prop_map(Value::from),
    ];
    scalar
        .prop_recursive(4, 24, 5, move |inner| {
            prop_oneof![
                vec(inner.clone(), 0..5).prop_map(Value::from),
                btree_map(leaf.clone(), inner, 0..5)
                    .prop_map(|map| Value::Object(Map::from_iter(map))),
            ]
        })
        .boxed()
}

/// Any JSON that properties can keep.
pub fn json() -> BoxedStrategy<Value> {
    tree(text().boxed()).boxed()
}

/// Any JSON, U+0000 included; sometimes deeper than properties may be.
pub fn hostile_json() -> BoxedStrategy<Value> {
    let nested = (0..100_usize, any::<bool>()).prop_map(|(depth, list)| {
        (0..depth).fold(Value::Null, |inner, _| {
            if list {
                Value::Array(vec![inner])
            } else {
                Value::Object(Map::from_iter([("a".to_owned(), inner)]))
            }
        })
    });
    prop_oneof![9 => tree(hostile_text().boxed()), 1 => nested].boxed()
}

/// Any properties that hold, among them those that stores index.
pub fn properties() -> BoxedStrategy<Properties> {
    let known = prop_oneof![
        Just("npm_package".to_owned()),
        Just("registry_url".to_owned()),
        Just("description".to_owned()),
    ];
    let name = prop_oneof![known, text()];
    btree_map(
        name,
        prop_oneof![text().prop_map(Value::from), json()],
        0..5,
    )
    .prop_map(Properties::from_iter)
    .boxed()
}

/// Any properties, also such as do not hold.
pub fn hostile_properties() -> BoxedStrategy<Properties> {
    let large = (Properties::MAX_BYTES - 20..Properties::MAX_BYTES + 20)
        .prop_map(|length| Properties::new().with("large", "x".repeat(length)));
    prop_oneof![
        30 => btree_map(hostile_text(), hostile_json(), 0..5).prop_map(Properties::from_iter),
        1 => large,
    ]
    .boxed()
}
