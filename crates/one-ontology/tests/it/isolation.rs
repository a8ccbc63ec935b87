//! What happens in one place is not seen in another.

use futures::executor::block_on;
use one_ontology::{
    Actor, ChangeSet, Connection, ConnectionId, ConnectionType, Directory as _, Group, Limit,
    MemoryStore, PersonId, Place, Scope, SearchQuery, Store, ThingId, ThingType, strategies,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use crate::support::{change, commit, everything, found, group, in_group, noon, system, thing};

const BUDGETS: &[&str] = &[
    "ample_window",
    "ample_quota",
    "ample_level",
    "window",
    "quota",
    "level",
];

/// What each commit of `scope` says, then everything that can be read.
fn run<'a>(scope: &Scope, changes: impl IntoIterator<Item = &'a ChangeSet>) -> String {
    let store = MemoryStore::new();
    let mut said = String::new();
    for changes in changes {
        let answer = commit(&store, changes.clone());
        if changes.scope() == scope {
            said += &format!("{answer:?}\n");
        }
    }
    let search = SearchQuery {
        text: Some("a".into()),
        limit: Limit::new(1000),
        ..SearchQuery::default()
    };
    let found = block_on(store.search(scope, &search)).unwrap();
    let members = block_on(store.group(scope.place().group().unwrap())).unwrap();
    format!(
        "{said}{found:?}{members:?}{}",
        everything(&store, scope, BUDGETS)
    )
}

/// Two lists, merged as `turns` says.
fn merge<'a>(a: &'a [ChangeSet], b: &'a [ChangeSet], turns: &[bool]) -> Vec<&'a ChangeSet> {
    let (mut a, mut b) = (a.iter(), b.iter());
    let mut merged: Vec<&ChangeSet> = Vec::new();
    for turn in turns {
        merged.extend(if *turn { a.next() } else { b.next() });
    }
    merged.extend(a);
    merged.extend(b);
    merged
}

/// A history that is accepted, with change sets in between that may be refused.
fn mixed(scope: Scope) -> impl Strategy<Value = Vec<ChangeSet>> {
    let valid = strategies::history(scope.clone(), 0..6);
    let any = vec(
        (strategies::change_set(scope), any::<prop::sample::Index>()),
        0..6,
    );
    (valid, any).prop_map(|(mut history, any)| {
        for (changes, at) in any {
            let at = at.index(history.len() + 1);
            history.insert(at, changes);
        }
        history
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_group_alone_reads_as_a_group_among_others(
        a in mixed(in_group("a")),
        b in mixed(in_group("b")),
        turns in vec(any::<bool>(), 0..24),
    ) {
        let scope = in_group("a");
        let merged = merge(&a, &b, &turns);
        prop_assert_eq!(run(&scope, merged), run(&scope, &a));
    }

    /// What one change set says of another place does not depend on that place.
    #[test]
    fn histories_that_hold_are_accepted(history in strategies::history(in_group("a"), 0..12)) {
        let store = MemoryStore::new();
        for changes in history {
            let said = commit(&store, changes);
            prop_assert!(said.is_ok(), "{:?}", said);
        }
    }

    #[test]
    fn histories_of_the_registry_are_accepted(history in strategies::history(system(Place::Global), 0..12)) {
        let store = MemoryStore::new();
        for changes in history {
            let said = commit(&store, changes);
            prop_assert!(said.is_ok(), "{:?}", said);
        }
    }
}

#[test]
fn hostile_change_sets_are_both_accepted_and_refused_in_every_way() {
    let scope = in_group("a");
    let strategy = vec(strategies::change_set(scope.clone()), 400);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let sets = strategy.new_tree(&mut runner).unwrap().current();
    let store = MemoryStore::new();
    found(&store, &scope);
    let mut said = std::collections::BTreeMap::<&str, u32>::new();
    for changes in sets {
        let answer = commit(&store, changes);
        *said
            .entry(answer.as_ref().map_or_else(
                |e| e.tag(),
                |r| match r.answer {
                    one_ontology::Answer::Done => "done",
                    one_ontology::Answer::Replayed => "replayed",
                },
            ))
            .or_default() += 1;
    }
    for kind in [
        "done",
        "replayed",
        "Stale",
        "NotFound",
        "AlreadyExists",
        "BudgetExhausted",
        "InvalidRow",
    ] {
        assert!(said.contains_key(kind), "no {kind} among {said:?}");
    }
}

#[test]
fn rows_of_another_group_are_not_there() {
    let store = MemoryStore::new();
    let (a, b) = (in_group("a"), in_group("b"));
    found(&store, &a);
    found(&store, &b);
    let course = thing(&a, "course", ThingType::Course);
    commit(&store, change(&a).insert(course.clone())).unwrap();
    assert_eq!(block_on(store.thing(&b, course.id)).unwrap(), None);
    let id = one_ontology::RowId::Thing(course.id);
    let archive = |id| commit(&store, change(&b).archive(id, course.revision)).unwrap_err();
    let nowhere = one_ontology::RowId::Thing(ThingId::of_name(&["nowhere"]));
    assert_eq!(archive(id).tag(), archive(nowhere).tag());
    let to = |id: ThingId| {
        let person = PersonId::of_name(&["test"]);
        let link = Connection::new(
            &b,
            ConnectionId::of_name(&["test"]),
            person,
            ConnectionType::Owns,
            id,
            noon(),
        );
        commit(&store, change(&b).connect(link)).unwrap_err()
    };
    assert_eq!(
        to(course.id).tag(),
        to(ThingId::of_name(&["nowhere"])).tag()
    );
    // The same id is free in another group.
    commit(
        &store,
        change(&b).insert(thing(&b, "course", ThingType::Course)),
    )
    .unwrap();
}

#[test]
fn connections_may_hold_on_to_the_shared_registry() {
    let store = MemoryStore::new();
    let (global, a) = (system(Place::Global), in_group("a"));
    found(&store, &a);
    let plugin = thing(
        &global,
        "plugin",
        one_ontology::PluginThingType::ElizaosPlugin,
    );
    commit(&store, change(&global).insert(plugin.clone())).unwrap();
    let course = thing(&a, "course", ThingType::Course);
    let link = Connection::new(
        &a,
        ConnectionId::of_name(&["t"]),
        course.id,
        ConnectionType::References,
        plugin.id,
        noon(),
    );
    commit(&store, change(&a).insert(course).connect(link)).unwrap();
    // But the group's scope does not read or write it.
    assert_eq!(block_on(store.thing(&a, plugin.id)).unwrap(), None);
    assert_eq!(
        block_on(store.thing(&a.global(), plugin.id)).unwrap(),
        Some(plugin)
    );
}

#[test]
fn descendants_come_nearest_first_and_cycles_end() {
    let store = MemoryStore::new();
    let below = |name: &str, parent: &str| {
        let mut made = Group::new(group(name), name, noon());
        made.parent = Some(group(parent));
        commit(&store, change(&in_group(name)).insert(made)).unwrap();
    };
    below("root", "leaf");
    below("left", "root");
    below("right", "root");
    below("leaf", "left");
    let mut sides = [group("left"), group("right")];
    sides.sort();
    let expected = [sides[0], sides[1], group("leaf")];
    assert_eq!(
        block_on(store.descendants(group("root"))).unwrap(),
        expected
    );
    assert_eq!(block_on(store.descendants(group("nowhere"))).unwrap(), []);
}

#[test]
fn an_actor_is_written_into_each_event() {
    let store = MemoryStore::new();
    let scope = in_group("a");
    found(&store, &scope);
    let agent = Actor::Agent {
        agent: ThingId::of_name(&["agent"]),
        group: group("a"),
    };
    let acts = block_on(Scope::enter(&store, agent.clone(), scope.place())).unwrap();
    commit(&store, change(&acts)).unwrap();
    let page = block_on(store.events(&scope, &one_ontology::EventQuery::default())).unwrap();
    assert_eq!(page.items[1].actor, agent);
}
