//! Every rule of every field, with what is said when it does not hold.

use std::fmt::Write as _;

use one_ontology::{
    ChunkPosition, Connection, ConnectionId, ConnectionType, Embedding, End, EventType, Group,
    Knowledge, KnowledgeId, KnowledgeRole, KnowledgeSource, KnowledgeType, Label, Membership,
    NewEvent, Person, PersonId, Place, PluginThingType, Properties, Role, Strength, Thing,
    ThingProperties, ThingType, Timestamp, Violations, strategies,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::support::{event, group, in_group, noon, thing};

type Change<'a, T> = dyn Fn(&mut T) + 'a;

/// Tries each change of a value that holds, and writes down what is said.
fn table<T: Clone>(
    good: &T,
    validate: fn(&T) -> Result<(), Violations>,
    changes: &[(&str, &Change<'_, T>)],
) -> String {
    assert_eq!(validate(good), Ok(()));
    let mut table = String::new();
    for (what, change) in changes {
        let mut changed = good.clone();
        change(&mut changed);
        let said = match validate(&changed) {
            Ok(()) => "holds".to_owned(),
            Err(violations) => violations.to_string(),
        };
        writeln!(table, "{what}: {said}").unwrap();
    }
    table
}

/// A name as the vocabulary of events keeps it, which lists neither things nor connections.
fn other(name: &str) -> one_ontology::OtherName {
    let Ok(EventType::Other(name)) = name.parse() else {
        panic!("`{name}` is an event");
    };
    name
}

fn thing_name(name: &str) -> one_ontology::OtherName {
    let Ok(ThingType::Other(name)) = name.parse() else {
        panic!("`{name}` is a thing");
    };
    name
}

#[test]
fn groups() {
    let good = Group::new(group("a"), "Acme", noon());
    let said = table(
        &good,
        Group::validate,
        &[
            ("no name", &|g| g.name.clear()),
            ("a blank name", &|g| g.name = " \u{3000}".into()),
            ("256 characters", &|g| g.name = "ü".repeat(256)),
            ("257 characters", &|g| g.name = "ü".repeat(257)),
            ("a line feed", &|g| g.name = "a\nb".into()),
            ("a NUL", &|g| g.name = "a\0b".into()),
            ("below itself", &|g| g.parent = Some(g.id)),
            ("below another", &|g| g.parent = Some(group("b"))),
            ("written before made", &|g| g.updated_at = Timestamp::EPOCH),
            ("several at once", &|g| {
                g.name.clear();
                g.parent = Some(g.id);
            }),
        ],
    );
    insta::assert_snapshot!("validation_groups", said);
}

#[test]
fn people_and_memberships() {
    let scope = in_group("a");
    let person = PersonId::of_name(&["test"]);
    let good = Person::new(&scope, person, "Ada", noon());
    let email = |text: &str| {
        let text = text.to_owned();
        move |p: &mut Person| p.email = Some(text.clone())
    };
    let mut said = table(
        &good,
        Person::validate,
        &[
            ("no name", &|p| p.display_name.clear()),
            ("257 characters", &|p| p.display_name = "x".repeat(257)),
            ("an email", &email("ada@example.org")),
            ("an email without user", &email("@example.org")),
            ("an email without host", &email("ada@")),
            ("an email without both", &email("ada")),
            ("an email with a NUL", &email("ada@exam\0ple.org")),
            (
                "an email that is too long",
                &email(&format!("a@{}", "x".repeat(319))),
            ),
            ("written before made", &|p| p.updated_at = Timestamp::EPOCH),
        ],
    );
    let good = Membership::new(person, scope.place(), Role::GroupUser, noon());
    said += &table(
        &good,
        Membership::validate,
        &[
            ("a platform owner of a group", &|m| {
                m.role = Role::PlatformOwner
            }),
            ("a user of the registry", &|m| m.place = Place::Global),
            ("a platform owner", &|m| {
                m.role = Role::PlatformOwner;
                m.place = Place::Global;
            }),
            ("written before made", &|m| m.updated_at = Timestamp::EPOCH),
        ],
    );
    insta::assert_snapshot!("validation_people", said);
}

#[test]
fn things_and_events() {
    let scope = in_group("a");
    let good = thing(&scope, "Rust", ThingType::Course);
    let mut said = table(
        &good,
        Thing::validate,
        &[
            ("no name", &|t| t.name.clear()),
            ("512 characters", &|t| t.name = "x".repeat(512)),
            ("513 characters", &|t| t.name = "x".repeat(513)),
            ("an escape", &|t| t.name = "\u{1b}[31mred".into()),
            ("an unknown type", &|t| {
                t.thing_type = "robot".parse().unwrap()
            }),
            ("a type of another vocabulary", &|t| {
                t.thing_type = ThingType::Other(other("course"))
            }),
            ("a NUL below", &|t| {
                t.properties = Properties::new().with("a", json!(["\0"]))
            }),
            ("written before made", &|t| t.updated_at = Timestamp::EPOCH),
        ],
    );
    said += &table(
        &event("a"),
        NewEvent::validate,
        &[
            ("a type of another vocabulary", &|e| {
                e.event_type = EventType::Other(thing_name("entity_created"))
            }),
            ("a NUL as a name", &|e| {
                e.metadata = Properties::new().with("\0", 1)
            }),
        ],
    );
    insta::assert_snapshot!("validation_things", said);
}

#[test]
fn connections() {
    let scope = in_group("a");
    let person = PersonId::of_name(&["test"]);
    let course = thing(&scope, "Rust", ThingType::Course).id;
    let id = ConnectionId::of_name(&["test"]);
    let good = Connection::new(
        &scope,
        id,
        person,
        ConnectionType::EnrolledIn,
        course,
        noon(),
    );
    let said = table(
        &good,
        Connection::validate,
        &[
            ("to itself", &|c| c.to = c.from),
            ("to its group", &|c| c.to = End::Group(group("a"))),
            ("to another group", &|c| c.to = End::Group(group("b"))),
            ("from another group", &|c| c.from = End::Group(group("b"))),
            ("from a group in the registry", &|c| {
                c.place = Place::Global;
                c.from = End::Group(group("b"));
            }),
            ("ended before begun", &|c| {
                c.valid_to = Some(Timestamp::EPOCH)
            }),
            ("ended, begun nobody knows when", &|c| {
                c.valid_from = None;
                c.valid_to = Some(Timestamp::EPOCH);
            }),
            ("a type of another vocabulary", &|c| {
                c.connection_type = ConnectionType::Other(other("owns"))
            }),
            ("a NUL", &|c| c.metadata = Properties::new().with("a", "\0")),
        ],
    );
    insta::assert_snapshot!("validation_connections", said);
    for (strength, ok) in [
        (0.0, true),
        (-0.0, true),
        (1.0, true),
        (1.1, false),
        (-0.1, false),
        (f64::NAN, false),
        (f64::INFINITY, false),
    ] {
        assert_eq!(Strength::try_from(strength).is_ok(), ok, "{strength}");
    }
    let zero = Strength::try_from(-0.0).unwrap();
    assert_eq!(serde_json::to_string(&zero).unwrap(), "0.0");
}

#[test]
fn knowledge() {
    let scope = in_group("a");
    let id = KnowledgeId::of_name(&["test"]);
    let mut good = Knowledge::new(&scope, id, KnowledgeType::Document, noon());
    good.text = Some("text".into());
    let label = |text: &str| text.parse::<Label>().unwrap();
    let field = |text: &str| {
        let text = text.to_owned();
        move |k: &mut Knowledge| {
            k.source = Some(KnowledgeSource {
                end: End::Group(group("a")),
                role: KnowledgeRole::ChunkOf,
                field: Some(text.clone()),
            });
        }
    };
    let said = table(
        &good,
        Knowledge::validate,
        &[
            ("no text", &|k| k.text = None),
            ("an empty text", &|k| k.text = Some(String::new())),
            ("a NUL", &|k| k.text = Some("\0".into())),
            ("the largest text", &|k| {
                k.text = Some("x".repeat(Knowledge::MAX_TEXT))
            }),
            ("a larger text", &|k| {
                k.text = Some("x".repeat(Knowledge::MAX_TEXT + 1))
            }),
            ("a vector without one", &|k| {
                k.knowledge_type = KnowledgeType::VectorOnly
            }),
            ("a vector without text", &|k| {
                k.knowledge_type = KnowledgeType::VectorOnly;
                k.text = None;
                k.embedding = Some(Embedding::new("m", vec![1.0]).unwrap());
            }),
            ("a chunk backwards", &|k| {
                k.chunk = Some(ChunkPosition {
                    index: 0,
                    start: 2,
                    end: 1,
                })
            }),
            ("labels out of order", &|k| {
                k.labels = vec![label("b"), label("a")]
            }),
            ("a label twice", &|k| {
                k.labels = vec![label("a"), label("a")]
            }),
            ("64 labels", &|k| {
                k.labels = (10..74).map(|n| label(&n.to_string())).collect()
            }),
            ("65 labels", &|k| {
                k.labels = (10..75).map(|n| label(&n.to_string())).collect()
            }),
            ("a field", &field("body")),
            ("a field without name", &field("")),
            ("a field with a NUL", &field("\0")),
            ("a NUL in metadata", &|k| {
                k.metadata = Properties::new().with("a", "\0")
            }),
            ("written before made", &|k| k.updated_at = Timestamp::EPOCH),
        ],
    );
    insta::assert_snapshot!("validation_knowledge", said);
}

#[test]
fn embeddings() {
    let say = |model: &str, values: Vec<f32>| match Embedding::new(model, values) {
        Ok(_) => "holds".to_owned(),
        Err(violations) => violations.to_string(),
    };
    let said = [
        say("m", vec![0.0]),
        say("m", vec![0.5; Embedding::MAX_DIMENSION]),
        say("m", vec![0.5; Embedding::MAX_DIMENSION + 1]),
        say("m", vec![]),
        say("", vec![f32::NAN]),
        say("m", vec![f32::INFINITY]),
    ];
    insta::assert_snapshot!("validation_embeddings", said.join("\n"));
}

#[test]
fn keys_and_names() {
    fn check<T: std::str::FromStr>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(text.parse::<T>().is_ok(), "{text:?}");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text:?}");
        }
    }
    let (long, longer) = ("x".repeat(200), "x".repeat(201));
    check::<one_ontology::BudgetKey>(&["a", "a b:~", &long], &["", "é", "a\n", "\u{7f}", &longer]);
    check::<one_ontology::IdempotencyKey>(&["a", &long], &["", "é", "\0", &longer]);
    check::<one_ontology::TaskName>(
        &["registry_sync", "a.b-1", &long[..64]],
        &["", "A", "a b", &long[..65]],
    );
    check::<Label>(
        &["skill:rust", "ü", ":", &"ü".repeat(128)],
        &["", " ", "a\tb", "\0", &"ü".repeat(129)],
    );
}

fn nested(depth: usize) -> Properties {
    let value = (1..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    Properties::new().with("a", value)
}

#[test]
fn properties_have_bounds() {
    assert_eq!(nested(Properties::MAX_DEPTH).validate(), Ok(()));
    assert!(nested(Properties::MAX_DEPTH + 1).validate().is_err());
    // A bomb is refused without following it down the stack.
    let said = nested(10_000).validate().unwrap_err().to_string();
    let overhead = r#"{"a":""}"#.len();
    let sized = |bytes: usize| Properties::new().with("a", "x".repeat(bytes - overhead));
    assert_eq!(sized(Properties::MAX_BYTES).validate(), Ok(()));
    let large = sized(Properties::MAX_BYTES + 1)
        .validate()
        .unwrap_err()
        .to_string();
    insta::assert_snapshot!("validation_properties", format!("{said}\n{large}"));
}

/// How deep a value is, and whether there is a NUL in it.
fn look(value: &Value) -> (usize, bool) {
    let parts: Vec<(bool, &Value)> = match value {
        Value::Array(items) => items.iter().map(|item| (false, item)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, item)| (name.contains('\0'), item))
            .collect(),
        scalar => return (1, scalar.as_str().is_some_and(|text| text.contains('\0'))),
    };
    parts
        .into_iter()
        .fold((1, false), |(depth, nul), (name, item)| {
            let (below, found) = look(item);
            (depth.max(below + 1), nul || name || found)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The size that is checked is the size of the JSON.
    #[test]
    fn properties_are_measured_as_json(properties in strategies::hostile_properties()) {
        let json = serde_json::to_string(&properties).unwrap();
        let filler = Properties::MAX_BYTES.saturating_sub(json.len());
        let measured = |map: Map<String, Value>| {
            let said = Properties::from(map).validate();
            !said.err().is_some_and(|v| v.to_string().contains("bytes"))
        };
        prop_assert_eq!(measured(properties.clone().into_map()), json.len() <= Properties::MAX_BYTES);
        // Filled up to the limit, and one beyond.
        let key = "a name that no strategy makes";
        let overhead = key.len() + 5 + usize::from(!properties.as_map().is_empty());
        if filler > overhead && properties.validate().is_ok() {
            let filled = |more: usize| {
                let text = "x".repeat(filler - overhead + more);
                properties.clone().with(key, text).into_map()
            };
            prop_assert!(measured(filled(0)));
            prop_assert!(!measured(filled(1)));
        }
        // An oracle for the whole verdict.
        let (depth, nul) = properties.as_map().iter().fold((0, false), |(depth, nul), (name, value)| {
            let (below, found) = look(value);
            (depth.max(below), nul || found || name.contains('\0'))
        });
        let holds = json.len() <= Properties::MAX_BYTES && depth <= Properties::MAX_DEPTH && !nul;
        prop_assert_eq!(properties.validate().is_ok(), holds);
    }

    #[test]
    fn what_the_strategies_make_holds(
        row in strategies::row(Place::Group(group("a"))),
        connection in strategies::connection(Place::Group(group("a"))),
        event in strategies::new_event(),
    ) {
        prop_assert_eq!(row.validate(), Ok(()));
        prop_assert_eq!(connection.validate(), Ok(()));
        prop_assert_eq!(event.validate(), Ok(()));
        prop_assert_eq!(row.place(), Place::Group(group("a")));
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Review {
    stars: u8,
}

impl ThingProperties for Review {
    fn thing_type() -> ThingType {
        PluginThingType::PluginReview.into()
    }
}

#[test]
fn typed_properties_are_read_and_written() {
    let mut free = thing(&in_group("a"), "Good", PluginThingType::PluginReview);
    free.properties = Properties::new().with("stars", 5);
    let typed = free.clone().typed::<Review>().unwrap();
    assert_eq!(typed.properties, Review { stars: 5 });
    assert_eq!(typed.untyped().unwrap(), free);

    let wrong_type = thing(&in_group("a"), "Good", ThingType::Course).typed::<Review>();
    let mut wrong = free;
    wrong.properties = Properties::new().with("stars", "x\n".repeat(1000));
    let said = [
        wrong_type.unwrap_err().to_string(),
        wrong.typed::<Review>().unwrap_err().to_string(),
    ];
    assert!(said[1].len() < 400 && !said[1].contains('\n'));
    insta::assert_snapshot!("validation_typed", said.join("\n"));
}
