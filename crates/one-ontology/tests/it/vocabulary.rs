//! Every published name, from a list that is held apart from the code.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use one_ontology::strategies;
use one_ontology::{
    ConnectionType, EventType, GroupStatus, GroupType, InvalidValue, JoinPolicy, KnowledgeRole,
    KnowledgeType, Label, Plan, PluginConnectionType, PluginEventType, PluginThingType, Role,
    ThingCategory, ThingStatus, ThingType, Visibility,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

const NAMES: &str = include_str!("names.txt");

/// The names of one kind, with their sections.
fn names(kind: &str) -> Vec<(&'static str, &'static str)> {
    let mut names = Vec::new();
    for line in NAMES.lines().filter(|line| !line.starts_with('#')) {
        let (head, list) = line.split_once(": ").unwrap();
        let (of, section) = head.split_once(' ').unwrap();
        if of == kind {
            names.extend(list.split(' ').map(|name| (section, name)));
        }
    }
    assert!(!names.is_empty(), "no names of {kind}");
    names
}

/// `listed` has exactly the names of `kind`, in order, each read and written as itself.
fn check<T>(kind: &str, count: usize, listed: &[T])
where
    T: FromStr<Err = InvalidValue> + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let names = names(kind);
    assert_eq!(names.len(), count, "{kind}");
    let written: Vec<String> = listed.iter().map(ToString::to_string).collect();
    let expected: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
    assert_eq!(written, expected, "{kind}");
    for (value, name) in listed.iter().zip(expected) {
        assert_eq!(name.parse::<T>().as_ref(), Ok(value), "{name}");
        let json = serde_json::to_string(value).unwrap();
        assert_eq!(json, format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *value);
    }
}

#[test]
fn every_listed_name_is_read_and_written_as_itself() {
    check("thing", 61, ThingType::LISTED);
    check("connection", 31, ConnectionType::LISTED);
    check("event", 72, EventType::LISTED);
    check("plugin_thing", 11, PluginThingType::ALL);
    check("plugin_connection", 7, PluginConnectionType::ALL);
    check("plugin_event", 16, PluginEventType::ALL);
    check("group_type", 6, GroupType::ALL);
    check("group_status", 2, GroupStatus::ALL);
    check("visibility", 2, Visibility::ALL);
    check("join_policy", 3, JoinPolicy::ALL);
    check("plan", 3, Plan::ALL);
    check("role", 4, Role::ALL);
    check("thing_status", 5, ThingStatus::ALL);
    check("knowledge_type", 4, KnowledgeType::ALL);
    check("knowledge_role", 5, KnowledgeRole::ALL);
}

#[test]
fn plugin_names_are_read_as_such_by_the_open_vocabularies() {
    for (_, name) in names("plugin_thing") {
        assert_eq!(
            name.parse(),
            name.parse::<PluginThingType>().map(ThingType::Plugin)
        );
    }
    for (_, name) in names("plugin_connection") {
        assert_eq!(
            name.parse(),
            name.parse::<PluginConnectionType>()
                .map(ConnectionType::Plugin)
        );
    }
    for (_, name) in names("plugin_event") {
        assert_eq!(
            name.parse(),
            name.parse::<PluginEventType>().map(EventType::Plugin)
        );
    }
}

#[test]
fn every_thing_type_knows_its_section() {
    for (section, name) in names("thing") {
        let category = name.parse::<ThingType>().unwrap().category();
        let words: String = format!("{category:?}")
            .chars()
            .flat_map(|c| {
                let gap = c.is_uppercase().then_some('_');
                gap.into_iter().chain(c.to_lowercase())
            })
            .collect();
        assert_eq!(words.trim_start_matches('_'), section, "{name}");
    }
    let plugin = ThingType::Plugin(PluginThingType::PluginReview);
    assert_eq!(plugin.category(), ThingCategory::Plugin);
    let other: ThingType = "robot".parse().unwrap();
    assert_eq!(other.category(), ThingCategory::Other);
}

#[test]
fn aliases_are_read_and_never_written() {
    fn check<T: FromStr<Err = InvalidValue> + Display + Debug>(kind: &str) {
        for (_, pair) in names(kind) {
            let (alias, name) = pair.split_once('=').unwrap();
            assert_eq!(alias.parse::<T>().unwrap().to_string(), name);
        }
    }
    check::<EventType>("alias_event");
    check::<Role>("alias_role");
    check::<Plan>("alias_plan");
}

#[test]
fn closed_vocabularies_refuse_what_they_do_not_list() {
    assert!("owner".parse::<Role>().is_err());
    assert!("Active".parse::<ThingStatus>().is_err());
    assert!("active ".parse::<ThingStatus>().is_err());
    assert!("plugin_unknown".parse::<PluginThingType>().is_err());
    assert!(serde_json::from_str::<Role>("7").is_err());
}

#[test]
fn names_that_cannot_be_kept_are_refused() {
    for bad in ["", " ", "\u{3000}", "a\0b", "a\nb", &"x".repeat(129)] {
        assert!(bad.parse::<ThingType>().is_err(), "{bad:?}");
        assert!(bad.parse::<ConnectionType>().is_err(), "{bad:?}");
        assert!(bad.parse::<EventType>().is_err(), "{bad:?}");
    }
    assert!("ü".repeat(128).parse::<ThingType>().is_ok());
}

#[test]
fn a_name_taken_out_of_another_vocabulary_is_noticed() {
    let Ok(ThingType::Other(owns)) = "owns".parse() else {
        panic!("`owns` is no thing");
    };
    let smuggled = ConnectionType::Other(owns);
    assert_ne!(smuggled, ConnectionType::Owns);
    assert!(!smuggled.is_canonical());
    assert!(ConnectionType::Owns.is_canonical());
    assert!("likes".parse::<ConnectionType>().unwrap().is_canonical());
}

#[test]
fn labels_know_their_prefix_and_which_are_curated() {
    let curated: Vec<&str> = names("label_prefix")
        .iter()
        .map(|(_, name)| *name)
        .collect();
    assert_eq!(Label::CURATED_PREFIXES, curated);
    let label: Label = "skill:rust:async".parse().unwrap();
    assert_eq!(label.prefix(), Some("skill"));
    assert_eq!("rust".parse::<Label>().unwrap().prefix(), None);
}

proptest! {
    #[test]
    fn unknown_names_are_kept_and_never_equal_a_listed_one(text in strategies::hostile_text()) {
        if let Ok(kept) = text.parse::<EventType>() {
            let listed = names("event").iter().chain(&names("plugin_event")).any(|(_, n)| *n == text);
            let alias = names("alias_event").iter().any(|(_, pair)| pair.starts_with(&format!("{text}=")));
            prop_assert_eq!(matches!(kept, EventType::Other(_)), !listed && !alias);
            if !alias {
                prop_assert_eq!(kept.as_str(), &text);
            }
            prop_assert!(kept.is_canonical());
        }
    }

    #[test]
    fn any_type_survives_its_text(
        thing in strategies::thing_type(),
        connection in strategies::connection_type(),
        event in strategies::event_type(),
    ) {
        prop_assert_eq!(thing.to_string().parse(), Ok(thing));
        prop_assert_eq!(connection.to_string().parse(), Ok(connection));
        prop_assert_eq!(event.to_string().parse(), Ok(event));
    }
}
