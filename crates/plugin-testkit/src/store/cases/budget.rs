//! Budgets: exact, spent with what they pay for.

use std::time::Duration;

use one_ontology::{
    BudgetRule, BudgetState, ChangeSet, QuotaPeriod, Scope, Settle, Spend, StoreError, ThingType,
    Timestamp,
};

use crate::store::kit::{Kit, budget};

fn at(kit: &Kit, scope: &Scope, now: Timestamp) -> ChangeSet {
    ChangeSet::new(scope, kit.event(None), now)
}

async fn state(kit: &Kit, scope: &Scope, name: &str) -> Option<BudgetState> {
    kit.store().budget(scope, &budget(name)).await.unwrap()
}

pub(crate) async fn a_window_grants_its_limit_and_no_more(kit: &Kit) {
    let scope = kit.group().await;
    let rule = BudgetRule::window(5, Duration::from_secs(60));
    let start = kit.now();
    let spend = || Spend::one(budget("window"), rule);
    for i in 0..5 {
        let now = start.plus(Duration::from_secs(i));
        kit.commit(at(kit, &scope, now).spend(spend())).await;
    }
    let now = start.plus(Duration::from_secs(59));
    let refused = kit
        .store()
        .commit(at(kit, &scope, now).spend(spend()))
        .await;
    let Err(StoreError::Exhausted(exhausted)) = refused else {
        panic!("a sixth was granted: {refused:?}");
    };
    let again = start.plus(Duration::from_secs(60));
    assert_eq!(exhausted.retry_at, Some(again));
    kit.commit(at(kit, &scope, again).spend(spend())).await;
    assert_eq!(
        kit.refused(at(kit, &scope, again).spend(spend())).await,
        "BudgetExhausted"
    );
}

pub(crate) async fn the_state_says_what_was_spent(kit: &Kit) {
    let scope = kit.group().await;
    let now = kit.now();
    assert_eq!(state(kit, &scope, "window").await, None);
    let spend = |name, rule, amount| Spend {
        key: budget(name),
        rule,
        amount,
    };
    let changes = at(kit, &scope, now)
        .spend(spend(
            "window",
            BudgetRule::window(9, Duration::from_secs(1)),
            3,
        ))
        .spend(spend(
            "quota",
            BudgetRule::Quota {
                limit: 9,
                period: QuotaPeriod::Day,
            },
            4,
        ))
        .spend(spend("level", BudgetRule::Level { limit: 9 }, 5));
    let receipt = kit.commit(changes).await;
    for (name, expected) in [
        (
            "window",
            BudgetState::Window {
                spent: vec![now.as_micros(); 3],
            },
        ),
        (
            "quota",
            BudgetState::Quota {
                since: "2026-01-01".to_owned(),
                used: 4,
            },
        ),
        ("level", BudgetState::Level { used: 5 }),
    ] {
        assert_eq!(state(kit, &scope, name).await, Some(expected.clone()));
        assert_eq!(receipt.budgets.get(&budget(name)), Some(&expected));
    }
}

pub(crate) async fn if_one_budget_refuses_none_is_spent(kit: &Kit) {
    let scope = kit.group().await;
    let before = kit.snapshot(&scope).await;
    let roomy = Spend::one(budget("roomy"), BudgetRule::Level { limit: 10 });
    let empty = Spend::one(budget("empty"), BudgetRule::Level { limit: 0 });
    let thing = kit.thing(&scope, ThingType::Course, "Paid");
    let changes = kit.changes(&scope).insert(thing).spend(roomy).spend(empty);
    assert_eq!(kit.refused(changes).await, "BudgetExhausted");
    assert_eq!(state(kit, &scope, "roomy").await, None);
    assert_eq!(state(kit, &scope, "empty").await, None);
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn what_is_refused_otherwise_spends_nothing(kit: &Kit) {
    let scope = kit.group().await;
    let spend = Spend::one(budget("level"), BudgetRule::Level { limit: 10 });
    let missing = kit.thing(&scope, ThingType::Course, "Missing");
    let changes = kit.changes(&scope).spend(spend).replace(missing);
    assert_eq!(kit.refused(changes).await, "NotFound");
    assert_eq!(state(kit, &scope, "level").await, None);
}

pub(crate) async fn a_quota_starts_anew_with_its_period(kit: &Kit) {
    let scope = kit.group().await;
    let rule = BudgetRule::Quota {
        limit: 2,
        period: QuotaPeriod::Month,
    };
    let one = || Spend::one(budget("quota"), rule);
    let moment = |text: &str| text.parse::<Timestamp>().unwrap();
    for (now, granted) in [
        ("2026-11-01T00:00:00Z", true),
        ("2026-11-30T23:59:59.999999Z", true),
        ("2026-11-30T23:59:59.999999Z", false),
        ("2026-12-01T00:00:00Z", true),
        ("2026-11-30T23:00:00Z", true),
        ("2026-12-31T23:59:59Z", false),
        ("2027-01-01T00:00:00Z", true),
    ] {
        let changes = at(kit, &scope, moment(now)).spend(one());
        let result = kit.store().commit(changes).await;
        assert_eq!(result.is_ok(), granted, "{now}");
    }
}

pub(crate) async fn a_level_is_left_again(kit: &Kit) {
    let scope = kit.group().await;
    let spend = Spend::one(budget("level"), BudgetRule::Level { limit: 2 });
    let enter = || kit.changes(&scope).spend(spend.clone());
    kit.commit(enter()).await;
    kit.commit(enter()).await;
    assert_eq!(kit.refused(enter()).await, "BudgetExhausted");
    let leave = kit
        .changes(&scope)
        .settle(Settle::refund(&spend, kit.now()));
    kit.commit(leave).await;
    kit.commit(enter()).await;
    assert_eq!(kit.refused(enter()).await, "BudgetExhausted");
}

pub(crate) async fn what_is_settled_makes_room_for_what_is_spent(kit: &Kit) {
    let scope = kit.group().await;
    let spend = Spend::one(budget("level"), BudgetRule::Level { limit: 1 });
    kit.commit(kit.changes(&scope).spend(spend.clone())).await;
    let changes = kit
        .changes(&scope)
        .settle(Settle::refund(&spend, kit.now()))
        .spend(spend);
    kit.commit(changes).await;
    assert_eq!(
        state(kit, &scope, "level").await,
        Some(BudgetState::Level { used: 1 })
    );
}

pub(crate) async fn keys_that_differ_are_two_budgets(kit: &Kit) {
    let scope = kit.group().await;
    for name in ["a", "A", "a:", "a ", "%", "_"] {
        let spend = Spend::one(budget(name), BudgetRule::Level { limit: 1 });
        kit.commit(kit.changes(&scope).spend(spend)).await;
        assert_eq!(
            state(kit, &scope, name).await,
            Some(BudgetState::Level { used: 1 })
        );
    }
}
