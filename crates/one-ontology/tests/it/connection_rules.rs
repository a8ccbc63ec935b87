//! Which types of connection may join what.

use std::fmt::Write as _;

use one_ontology::{
    Connection, ConnectionId, ConnectionType, End, EndKind, PersonId, PluginConnectionType,
    PluginThingType, ThingType,
};

use crate::support::{change, commit, group, in_group, noon, store_with, thing};

/// One of each kind that rules tell apart.
fn kinds() -> Vec<(&'static str, EndKind)> {
    let things: [(&str, ThingType); 15] = [
        ("creator", ThingType::Creator),
        ("ai_clone", ThingType::AiClone),
        ("organization", ThingType::Organization),
        ("sales_agent", ThingType::SalesAgent),
        ("external_agent", ThingType::ExternalAgent),
        ("external_workflow", ThingType::ExternalWorkflow),
        ("course", ThingType::Course),
        ("token", ThingType::Token),
        ("community", ThingType::Community),
        ("conversation", ThingType::Conversation),
        ("video", ThingType::Video),
        ("plugin", PluginThingType::ElizaosPlugin.into()),
        ("instance", PluginThingType::PluginInstance.into()),
        ("action", PluginThingType::PluginAction.into()),
        ("other", "robot".parse().unwrap()),
    ];
    let mut kinds = vec![("person", EndKind::Person), ("group", EndKind::Group)];
    kinds.extend(things.map(|(name, thing)| (name, EndKind::Thing(thing))));
    kinds
}

fn all_types() -> Vec<ConnectionType> {
    let plugin = PluginConnectionType::ALL
        .iter()
        .map(|t| ConnectionType::Plugin(*t));
    let mut all: Vec<ConnectionType> = ConnectionType::LISTED
        .iter()
        .cloned()
        .chain(plugin)
        .collect();
    all.push("likes".parse().unwrap());
    all
}

#[test]
fn each_type_joins_what_its_row_says() {
    let mut table = String::new();
    for connection in all_types() {
        writeln!(table, "{connection}").unwrap();
        for (name, from) in kinds() {
            let to: Vec<&str> = kinds()
                .into_iter()
                .filter(|(_, to)| connection.may_join(&from, to).is_ok())
                .map(|(name, _)| name)
                .collect();
            match to.len() {
                0 => {}
                n if n == kinds().len() => writeln!(table, "  {name} -> anything").unwrap(),
                _ => writeln!(table, "  {name} -> {}", to.join(" ")).unwrap(),
            }
        }
    }
    insta::assert_snapshot!("connection_rules", table);
}

/// Types that join anything with anything, on purpose.
const FREE: &[ConnectionType] = &[
    ConnectionType::Powers,
    ConnectionType::PartOf,
    ConnectionType::References,
    ConnectionType::Transacted,
    ConnectionType::Notified,
    ConnectionType::Referred,
    ConnectionType::Communicated,
    ConnectionType::Delegated,
    ConnectionType::Approved,
    ConnectionType::Fulfilled,
];

#[test]
fn every_type_accepts_a_pair_and_refuses_one_unless_it_is_free() {
    for connection in all_types() {
        let joins = |ok: bool| {
            kinds().iter().any(|(_, from)| {
                kinds()
                    .iter()
                    .any(|(_, to)| connection.may_join(from, to).is_ok() == ok)
            })
        };
        assert!(joins(true), "{connection} accepts nothing");
        let free = FREE.contains(&connection) || matches!(connection, ConnectionType::Other(_));
        assert_eq!(joins(false), !free, "{connection}");
    }
}

#[test]
fn a_refusal_says_which_side_does_not_fit() {
    let plugin = EndKind::Thing(PluginThingType::ElizaosPlugin.into());
    let instance = EndKind::Thing(PluginThingType::PluginInstance.into());
    let installed: ConnectionType = PluginConnectionType::PluginInstalledIn.into();
    let depends: ConnectionType = PluginConnectionType::PluginDependsOn.into();
    let reasons = [
        installed.may_join(&plugin, &EndKind::Group),
        installed.may_join(&instance, &EndKind::Person),
        depends.may_join(&plugin, &instance),
    ]
    .map(Result::unwrap_err)
    .join("\n");
    insta::assert_snapshot!("connection_refusals", reasons);
}

/// The tag of what committing a connection between these ends says.
fn check(from: End, connection_type: ConnectionType, to: End, tag: Option<&str>) {
    let scope = in_group("a");
    let store = store_with(&scope);
    let course = thing(&scope, "course", ThingType::Course);
    commit(&store, change(&scope).insert(course)).unwrap();
    let id = ConnectionId::of_name(&["test"]);
    let connection = Connection::new(&scope, id, from, connection_type, to, noon());
    let said = commit(&store, change(&scope).connect(connection));
    assert_eq!(said.err().map(|error| error.tag()), tag);
}

#[test]
fn a_store_applies_the_rules_to_what_is_there() {
    let course = End::Thing(one_ontology::ThingId::of_name(&["test", "course"]));
    let nowhere = End::Thing(one_ontology::ThingId::of_name(&["test", "nowhere"]));
    let person = End::Person(PersonId::of_name(&["test"]));
    let (own, other) = (End::Group(group("a")), End::Group(group("b")));
    check(person, ConnectionType::EnrolledIn, course, None);
    check(
        course,
        ConnectionType::EnrolledIn,
        person,
        Some("InvalidRow"),
    );
    check(person, ConnectionType::MemberOf, own, None);
    check(person, ConnectionType::MemberOf, other, Some("InvalidRow"));
    check(other, ConnectionType::Owns, course, Some("InvalidRow"));
    check(person, ConnectionType::Owns, nowhere, Some("NotFound"));
    check(
        course,
        ConnectionType::References,
        course,
        Some("InvalidRow"),
    );
    check(
        person,
        ConnectionType::Following,
        person,
        Some("InvalidRow"),
    );
}
