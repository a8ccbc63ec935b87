//! A named request happens once.

use one_ontology::{Answer, BudgetRule, Spend, ThingType};

use crate::store::kit::{Kit, budget, key};

pub(crate) async fn the_second_time_gives_the_first_receipt(kit: &Kit) {
    let scope = kit.group().await;
    let first = kit.commit(kit.changes(&scope).once(key("request"))).await;
    assert_eq!(first.answer, Answer::Done);
    kit.commit(kit.changes(&scope)).await;
    for _ in 0..3 {
        let again = kit.commit(kit.changes(&scope).once(key("request"))).await;
        assert_eq!(again.answer, Answer::Replayed);
        assert_eq!((again.first, again.head), (first.first, first.head));
        assert_eq!((again.place, &again.budgets), (first.place, &first.budgets));
    }
}

pub(crate) async fn the_second_time_nothing_is_written(kit: &Kit) {
    let scope = kit.group().await;
    let rule = BudgetRule::Level { limit: 10 };
    let request = || {
        let thing = kit.thing(&scope, ThingType::Course, "Course");
        kit.changes(&scope)
            .insert(thing)
            .spend(Spend::one(budget("level"), rule))
            .once(key("request"))
    };
    kit.commit(request()).await;
    let before = kit.snapshot(&scope).await;
    let spent = kit.store().budget(&scope, &budget("level")).await.unwrap();
    kit.commit(request()).await;
    assert_eq!(kit.snapshot(&scope).await, before);
    assert_eq!(
        kit.store().budget(&scope, &budget("level")).await.unwrap(),
        spent
    );
}

pub(crate) async fn a_key_counts_in_its_place_only(kit: &Kit) {
    let (a, b) = (kit.group().await, kit.group().await);
    for scope in [&a, &b, &kit.global()] {
        let receipt = kit.commit(kit.changes(scope).once(key("request"))).await;
        assert_eq!(receipt.answer, Answer::Done);
        assert_eq!(receipt.place, scope.place());
    }
}

pub(crate) async fn a_refused_change_leaves_its_key_free(kit: &Kit) {
    let scope = kit.group().await;
    let missing = kit.thing(&scope, ThingType::Course, "Missing");
    let changes = kit.changes(&scope).replace(missing).once(key("request"));
    assert_eq!(kit.refused(changes).await, "NotFound");
    let receipt = kit.commit(kit.changes(&scope).once(key("request"))).await;
    assert_eq!(receipt.answer, Answer::Done);
}

pub(crate) async fn keys_that_differ_are_two_requests(kit: &Kit) {
    let scope = kit.group().await;
    for name in ["a", "A", "a ", "a%", "a_"] {
        let receipt = kit.commit(kit.changes(&scope).once(key(name))).await;
        assert_eq!(receipt.answer, Answer::Done, "{name}");
    }
}

pub(crate) async fn the_receipt_keeps_what_budgets_had_used(kit: &Kit) {
    let scope = kit.group().await;
    let spend = || Spend::one(budget("level"), BudgetRule::Level { limit: 10 });
    let request = || kit.changes(&scope).spend(spend()).once(key("request"));
    let first = kit.commit(request()).await;
    kit.commit(kit.changes(&scope).spend(spend())).await;
    assert_eq!(kit.commit(request()).await.budgets, first.budgets);
}

/// What was done is said, whatever the same key asks for now.
pub(crate) async fn a_replay_does_not_look_at_what_is_asked(kit: &Kit) {
    let scope = kit.group().await;
    let first = kit.commit(kit.changes(&scope).once(key("request"))).await;
    let before = kit.snapshot(&scope).await;
    let missing = kit.thing(&scope, ThingType::Course, "Missing");
    let bad = kit.thing(&scope, ThingType::Course, "");
    let none = Spend::one(budget("level"), BudgetRule::Level { limit: 0 });
    for changes in [
        kit.changes(&scope).replace(missing),
        kit.changes(&scope).insert(bad),
        kit.changes(&scope).spend(none),
    ] {
        let again = kit.commit(changes.once(key("request"))).await;
        assert_eq!((again.answer, again.head), (Answer::Replayed, first.head));
    }
    assert_eq!(kit.snapshot(&scope).await, before);
}

/// A request that was done before the group was archived is still answered.
pub(crate) async fn a_replay_is_answered_in_an_archived_group(kit: &Kit) {
    let scope = kit.group().await;
    let id = scope.place().group().unwrap();
    let agent = one_ontology::ThingId::new(&kit.ids, kit.now());
    let group = kit.store().group(id).await.unwrap().unwrap();
    let actor = one_ontology::Actor::Agent { agent, group: id };
    let member = one_ontology::Scope::decide(actor, &group, &Default::default()).unwrap();
    let first = kit.commit(kit.changes(&member).once(key("request"))).await;
    let archive = kit
        .changes(&scope)
        .archive(one_ontology::RowId::Group(id), group.revision);
    kit.commit(archive).await;
    assert_eq!(kit.refused(kit.changes(&member)).await, "PlaceArchived");
    let again = kit.commit(kit.changes(&member).once(key("request"))).await;
    assert_eq!((again.answer, again.head), (Answer::Replayed, first.head));
}

pub(crate) async fn each_key_keeps_its_own_receipt(kit: &Kit) {
    let scope = kit.group().await;
    let mut first = Vec::new();
    for i in 0..20 {
        let changes = kit.changes(&scope).once(key(&format!("request {i}")));
        first.push(kit.commit(changes.event(kit.event(None))).await);
    }
    for (i, first) in first.iter().enumerate() {
        let changes = kit.changes(&scope).once(key(&format!("request {i}")));
        let again = kit.commit(changes).await;
        assert_eq!((again.first, again.head), (first.first, first.head));
    }
}
