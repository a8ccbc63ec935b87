//! The chain of a place is whole and leads to its head.

use one_ontology::{AuditError, ThingType, audit};

use crate::store::kit::{Kit, budget};

async fn verified(kit: &Kit, scope: &one_ontology::Scope) -> Result<(), AuditError> {
    let events = kit.events(scope).await;
    let head = kit.store().head(scope).await.unwrap();
    let last = audit::verify(scope.place(), &events, head)?;
    assert_eq!(last, head);
    Ok(())
}

pub(crate) async fn it_verifies_after_a_history(kit: &Kit) {
    let scopes = [kit.group().await, kit.group().await, kit.global()];
    for round in 0..12 {
        let scope = &scopes[round % 3];
        let thing = kit.added(scope, ThingType::Course, "Course").await;
        let more = kit.event(Some(thing.id.into())).with("round", round);
        kit.commit(kit.changes(scope).replace(thing).event(more))
            .await;
        let missing = kit.thing(scope, ThingType::Course, "Missing");
        kit.refused(kit.changes(scope).replace(missing)).await;
    }
    for scope in &scopes {
        verified(kit, scope).await.unwrap();
    }
}

pub(crate) async fn its_head_is_the_last_receipt(kit: &Kit) {
    let scope = kit.group().await;
    for _ in 0..5 {
        let receipt = kit.commit(kit.changes(&scope).event(kit.event(None))).await;
        assert_eq!(kit.store().head(&scope).await.unwrap(), Some(receipt.head));
        assert_eq!(
            kit.events(&scope).await.last().unwrap().head(),
            receipt.head
        );
    }
}

pub(crate) async fn it_verifies_with_hostile_metadata(kit: &Kit) {
    let scope = kit.group().await;
    let texts = [
        "",
        "\u{1}\u{1f}",
        "\"\\/\u{8}\u{c}",
        "\u{2028}\u{2029}",
        "e\u{301}é",
        "🦀\u{10ffff}",
    ];
    let numbers = [
        0.1,
        1e-7,
        1e21,
        123_456_789.123_456_79,
        f64::MAX,
        f64::MIN_POSITIVE,
        -0.0,
    ];
    for text in texts {
        let event = kit.event(None).with(text, text);
        kit.commit(kit.changes(&scope).event(event)).await;
    }
    for number in numbers {
        let event = kit.event(None).with("number", number);
        kit.commit(kit.changes(&scope).event(event)).await;
    }
    let whole = kit.event(None).with("u64", u64::MAX).with("i64", i64::MIN);
    kit.commit(kit.changes(&scope).event(whole)).await;
    verified(kit, &scope).await.unwrap();
}

pub(crate) async fn a_refused_budget_is_not_in_it(kit: &Kit) {
    use one_ontology::{BudgetRule, Spend};
    let scope = kit.group().await;
    let one = || Spend::one(budget("b"), BudgetRule::Level { limit: 1 });
    kit.commit(kit.changes(&scope).spend(one())).await;
    let head = kit.store().head(&scope).await.unwrap();
    for _ in 0..3 {
        kit.refused(kit.changes(&scope).spend(one())).await;
    }
    assert_eq!(kit.store().head(&scope).await.unwrap(), head);
    verified(kit, &scope).await.unwrap();
}
