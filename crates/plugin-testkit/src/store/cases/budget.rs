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

/// Of several budgets the one without room refuses, and says its limit and when.
pub(crate) async fn of_several_the_tightest_refuses(kit: &Kit) {
    let scope = kit.group().await;
    let start = kit.now();
    let rules = [
        ("minute", BudgetRule::window(2, Duration::from_secs(60))),
        ("hour", BudgetRule::window(3, Duration::from_secs(3600))),
        (
            "day",
            BudgetRule::Quota {
                limit: 4,
                period: QuotaPeriod::Day,
            },
        ),
    ];
    let all = |now| {
        rules
            .iter()
            .fold(at(kit, &scope, now), |changes, (name, rule)| {
                changes.spend(Spend::one(budget(name), *rule))
            })
    };
    let second = |n| start.plus(Duration::from_secs(n));
    for (now, refused_by) in [
        (second(0), None),
        (second(1), None),
        (second(2), Some(("minute", Some(second(60))))),
        (second(60), None),
        (second(62), Some(("hour", Some(second(3600))))),
        (second(3600), None),
        (
            second(7200),
            Some(("day", Some("2026-01-02T00:00:00Z".parse().unwrap()))),
        ),
    ] {
        let before: Vec<_> = [
            state(kit, &scope, "minute").await,
            state(kit, &scope, "hour").await,
            state(kit, &scope, "day").await,
        ]
        .into();
        match (kit.store().commit(all(now)).await, refused_by) {
            (Ok(_), None) => {}
            (Err(StoreError::Exhausted(refused)), Some((name, retry_at))) => {
                let rule = rules.iter().find(|(of, _)| *of == name).unwrap().1;
                assert_eq!((refused.key, refused.rule), (budget(name), rule));
                assert_eq!(refused.retry_at, retry_at);
                for ((name, _), before) in rules.iter().zip(before) {
                    assert_eq!(state(kit, &scope, name).await, before, "{name}");
                }
            }
            (answer, _) => panic!("at {now}: {answer:?}"),
        }
    }
}

pub(crate) async fn looking_spends_nothing(kit: &Kit) {
    let scope = kit.group().await;
    let rule = BudgetRule::window(3, Duration::from_secs(60));
    kit.commit(kit.changes(&scope).spend(Spend::one(budget("w"), rule)))
        .await;
    let before = state(kit, &scope, "w").await.unwrap();
    for _ in 0..5 {
        assert_eq!(state(kit, &scope, "w").await.as_ref(), Some(&before));
        assert_eq!(state(kit, &scope, "nobody's").await, None);
        let later = kit.now().plus(Duration::from_secs(61));
        assert_eq!(before.used(&rule, later), 0);
    }
    for _ in 0..2 {
        kit.commit(kit.changes(&scope).spend(Spend::one(budget("w"), rule)))
            .await;
    }
    let full = kit.changes(&scope).spend(Spend::one(budget("w"), rule));
    assert_eq!(kit.refused(full).await, "BudgetExhausted");
}

pub(crate) async fn a_clock_that_goes_back_grants_nothing_more(kit: &Kit) {
    let scope = kit.group().await;
    let rule = BudgetRule::window(2, Duration::from_secs(60));
    let start = kit.now();
    let spend = |now| at(kit, &scope, now).spend(Spend::one(budget("w"), rule));
    kit.commit(spend(start)).await;
    kit.commit(spend(start.minus(Duration::from_secs(3600))))
        .await;
    for now in [
        start,
        start.minus(Duration::from_secs(7200)),
        Timestamp::MIN,
    ] {
        assert_eq!(kit.refused(spend(now)).await, "BudgetExhausted");
    }
    kit.commit(spend(start.plus(Duration::from_secs(60)))).await;
}

pub(crate) async fn what_is_given_back_is_granted_again(kit: &Kit) {
    let scope = kit.group().await;
    let start = kit.now();
    for rule in [
        BudgetRule::window(3, Duration::from_secs(60)),
        BudgetRule::Quota {
            limit: 3,
            period: QuotaPeriod::Month,
        },
        BudgetRule::Level { limit: 3 },
    ] {
        let spend = |amount| Spend {
            key: budget("b"),
            rule,
            amount,
        };
        kit.commit(at(kit, &scope, start).spend(spend(2))).await;
        kit.commit(at(kit, &scope, start).spend(spend(1))).await;
        let refund = Settle::refund(&spend(2), start);
        kit.commit(at(kit, &scope, start).settle(refund)).await;
        assert_eq!(
            kit.refused(at(kit, &scope, start).spend(spend(3))).await,
            "BudgetExhausted"
        );
        kit.commit(at(kit, &scope, start).spend(spend(2))).await;
        let left = state(kit, &scope, "b").await.unwrap();
        assert_eq!(left.used(&rule, start), 3, "{rule}");
    }
}

pub(crate) async fn many_at_once_are_granted_together_or_not(kit: &Kit) {
    let scope = kit.group().await;
    let rule = BudgetRule::window(10, Duration::from_secs(60));
    let now = kit.now();
    let spend = |amount| {
        at(kit, &scope, now).spend(Spend {
            key: budget("w"),
            rule,
            amount,
        })
    };
    for (amount, granted, used) in [(7, true, 7), (4, false, 7), (3, true, 10), (1, false, 10)] {
        assert_eq!(kit.store().commit(spend(amount)).await.is_ok(), granted);
        let left = state(kit, &scope, "w").await.unwrap();
        assert_eq!(left.used(&rule, now), used);
    }
    let Err(StoreError::Exhausted(never)) = kit.store().commit(spend(11)).await else {
        panic!("more than there ever is was granted");
    };
    assert_eq!(never.retry_at, None);
}

pub(crate) async fn one_budget_named_twice_is_spent_twice(kit: &Kit) {
    let scope = kit.group().await;
    let one = || Spend::one(budget("level"), BudgetRule::Level { limit: 3 });
    kit.commit(kit.changes(&scope).spend(one()).spend(one()))
        .await;
    let twice = kit.changes(&scope).spend(one()).spend(one());
    assert_eq!(kit.refused(twice).await, "BudgetExhausted");
    assert_eq!(
        state(kit, &scope, "level").await,
        Some(BudgetState::Level { used: 2 })
    );
}

pub(crate) async fn what_was_used_beyond_the_reserve_counts(kit: &Kit) {
    let scope = kit.group().await;
    let spend = Spend::one(budget("b"), BudgetRule::Level { limit: u64::MAX });
    let now = kit.now();
    kit.commit(at(kit, &scope, now).spend(spend.clone())).await;
    let settle = Settle {
        actual: u32::MAX,
        ..Settle::refund(&spend, now)
    };
    let receipt = kit
        .commit(at(kit, &scope, now).settle(settle.clone()).settle(settle))
        .await;
    let used = BudgetState::Level {
        used: 2 * u64::from(u32::MAX) - 1,
    };
    assert_eq!(receipt.budgets.get(&budget("b")), Some(&used));
    assert_eq!(state(kit, &scope, "b").await, Some(used));
    let tight = Spend::one(budget("b"), BudgetRule::Level { limit: 9 });
    let changes = kit.changes(&scope).spend(tight);
    assert_eq!(kit.refused(changes).await, "BudgetExhausted");
}

/// Every second of an hour is counted, and the state keeps them all.
pub(crate) async fn a_full_window_keeps_each_moment(kit: &Kit) {
    let scope = kit.group().await;
    let rule = BudgetRule::window(1000, Duration::from_secs(3600));
    let start = kit.now();
    for burst in 0..10 {
        let now = start.plus(Duration::from_micros(burst));
        kit.commit(at(kit, &scope, now).spend(Spend {
            key: budget("w"),
            rule,
            amount: 100,
        }))
        .await;
    }
    let Some(BudgetState::Window { spent }) = state(kit, &scope, "w").await else {
        panic!("a window has another state");
    };
    let expected: Vec<i64> = (0..10)
        .flat_map(|burst| [start.as_micros() + burst; 100])
        .collect();
    assert_eq!(spent, expected);
}

pub(crate) async fn the_longest_key_is_a_key(kit: &Kit) {
    let scope = kit.group().await;
    let longest = "k".repeat(200);
    for name in [longest.as_str(), &longest[1..]] {
        let spend = Spend::one(budget(name), BudgetRule::Level { limit: 1 });
        let receipt = kit
            .commit(
                kit.changes(&scope)
                    .spend(spend)
                    .once(crate::store::kit::key(name)),
            )
            .await;
        assert_eq!(receipt.answer, one_ontology::Answer::Done);
        assert_eq!(
            state(kit, &scope, name).await,
            Some(BudgetState::Level { used: 1 })
        );
    }
}
