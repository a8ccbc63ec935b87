//! Laws of holds, and what becomes of a restart that is owed.

use std::collections::BTreeMap;
use std::time::Duration;

use one_ontology::Timestamp;
use plugin_lifecycle::{CommandKind, Hold, HoldId, Holds, Instance, State, StateKind};
use proptest::prelude::*;

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(seconds))
}

fn hold(until: u64) -> Hold {
    Hold {
        command: CommandKind::Configure,
        until: at(until),
    }
}

fn id(number: u8) -> HoldId {
    HoldId::of_name(&[&number.to_string()])
}

proptest! {
    #[test]
    fn each_holds_until_its_own_end_and_the_last_counts(
        puts in proptest::collection::vec((0..5_u8, 0..100_u64), 0..20),
        now in 0..100_u64,
    ) {
        let mut holds = Holds::default();
        let mut model = BTreeMap::new();
        for (number, until) in puts {
            holds.put(id(number), hold(until), at(0));
            model.insert(number, until);
        }
        let last = model.values().copied().filter(|until| *until > now).max();
        prop_assert_eq!(holds.last(at(now)).map(|hold| hold.until), last.map(at));
        for number in 0..5 {
            let own = model.get(&number).copied().filter(|until| *until > now);
            let standing = holds.standing(&id(number), at(now));
            prop_assert_eq!(standing, own.map(hold));
        }
        // Whoever comes forgets those that hold no more, and no other.
        holds.put(id(9), hold(now + 1), at(now));
        for number in 0..5 {
            let own = model.get(&number).copied().filter(|until| *until > now);
            prop_assert_eq!(holds.standing(&id(number), at(now)), own.map(hold));
            prop_assert_eq!(holds.standing(&id(number), at(0)).is_some(), own.is_some());
        }
        let stored = serde_json::to_value(&holds).unwrap();
        prop_assert_eq!(serde_json::from_value::<Holds>(stored).unwrap(), holds);
    }
}

#[test]
fn a_row_that_says_nothing_of_holds_has_none() {
    let row: Instance = crate::status::installed().0;
    let mut stored = serde_json::to_value(&row.properties).unwrap();
    assert_eq!(stored.get("holds"), None);
    assert_eq!(stored.get("restart_owed"), None);
    // As older versions wrote it.
    let fields = stored.as_object_mut().unwrap();
    fields.insert("closed_until".to_owned(), at(1).to_string().into());
    let read: plugin_lifecycle::PluginInstance = serde_json::from_value(stored).unwrap();
    assert!(read.holds.is_empty());
}

#[test]
fn executions_are_held_back_by_holds_and_by_restarts_that_wait_for_some() {
    let (mut row, now) = crate::status::installed();
    row.properties.lifecycle = State::Active;
    assert_eq!(row.properties.held_back(now), None);
    row.properties.restart_owed = Some(now);
    assert_eq!(
        row.properties.held_back(now),
        None,
        "there is nothing to wait for"
    );
    let own = Hold {
        command: CommandKind::Update,
        until: now.plus(Duration::from_secs(1)),
    };
    row.properties.holds.put(id(0), own, now);
    assert_eq!(row.properties.held_back(now), Some(own));
    assert_eq!(row.properties.held_back(own.until), None);
    assert_eq!(row.properties.lifecycle.kind(), StateKind::Active);
}
