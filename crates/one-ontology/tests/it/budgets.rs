//! Budgets against oracles that count everything anew.

use std::time::Duration;

use chrono::Datelike as _;
use one_ontology::{
    BudgetRule, BudgetState, Exhausted, QuotaPeriod, Settle, Spend, Timestamp, strategies,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn spend(rule: BudgetRule, amount: u32) -> Spend {
    Spend {
        amount,
        ..Spend::one("test".parse().unwrap(), rule)
    }
}

fn millis(at: i64) -> Timestamp {
    Timestamp::from_micros(1_795_000_000_000_000 + at * 1000)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A budget that is spent from.
struct Budget {
    rule: BudgetRule,
    state: Option<BudgetState>,
}

impl Budget {
    fn new(rule: BudgetRule) -> Self {
        Self { rule, state: None }
    }

    fn spend(&mut self, amount: u32, now: Timestamp) -> Result<(), Exhausted> {
        self.state = Some(spend(self.rule, amount).apply(self.state.as_ref(), now)?);
        Ok(())
    }

    fn settle(&mut self, reserved: u32, actual: u32, at: Timestamp, now: Timestamp) {
        let settle = Settle {
            actual,
            ..Settle::refund(&spend(self.rule, reserved), at)
        };
        self.state = Some(settle.apply(self.state.as_ref(), now));
    }

    fn used(&self, now: Timestamp) -> u64 {
        self.state
            .as_ref()
            .map_or(0, |state| state.used(&self.rule, now))
    }
}

const PERIOD: i64 = 100;

fn window(limit: u32) -> BudgetRule {
    BudgetRule::window(limit, Duration::from_millis(PERIOD.unsigned_abs()))
}

proptest! {
    /// Grants exactly what any span of the period has room for, with a clock that also goes back,
    /// and says the first moment at which the same is granted.
    #[test]
    fn a_window_is_exact(
        limit in 0..6_u32,
        schedule in vec((-30..60_i64, 0..4_u32), 0..60),
    ) {
        let mut budget = Budget::new(window(limit));
        let mut granted: Vec<i64> = Vec::new();
        let mut clock = 0;
        for (wait, amount) in schedule {
            clock += wait;
            // What was granted cannot be followed by anything earlier.
            let now = granted.last().map_or(clock, |last| clock.max(*last));
            let inside = granted.iter().filter(|at| **at > now - PERIOD).count();
            let room = inside + amount as usize <= limit as usize;
            let before = budget.state.clone();
            let said = budget.spend(amount, millis(clock));
            prop_assert_eq!(said.is_ok(), room, "{} inside at {}", inside, now);
            match said {
                Ok(()) => granted.extend(std::iter::repeat_n(now, amount as usize)),
                Err(refused) => {
                    prop_assert_eq!(&budget.state, &before);
                    prop_assert_eq!(refused.retry_at.is_none(), amount > limit);
                    if let Some(retry) = refused.retry_at {
                        let again = |at| spend(window(limit), amount).apply(before.as_ref(), at);
                        prop_assert!(again(retry).is_ok());
                        let just_before = Timestamp::from_micros(retry.as_micros() - 1);
                        prop_assert!(again(just_before).is_err());
                    }
                }
            }
            prop_assert_eq!(
                budget.used(millis(clock)) as usize,
                granted.iter().filter(|at| **at > granted.last().map_or(clock, |l| clock.max(*l)) - PERIOD).count()
            );
        }
        for start in &granted {
            let span = granted.iter().filter(|at| (*start..start + PERIOD).contains(at)).count();
            prop_assert!(span <= limit as usize, "{} in the span from {}", span, start);
        }
    }

    /// What is refunded is what was spent, if it still counts, and nothing of what others spent.
    #[test]
    fn refunds_give_back_what_still_counts(
        limit in 1..6_u32,
        schedule in vec((0..60_i64, 1..3_u32, any::<prop::sample::Index>(), any::<bool>()), 0..60),
    ) {
        let mut budget = Budget::new(window(limit));
        let mut open: Vec<(i64, u32)> = Vec::new();
        let mut clock = 0;
        for (wait, amount, which, refund) in schedule {
            clock += wait;
            if refund && !open.is_empty() {
                let (at, amount) = open.remove(which.index(open.len()));
                budget.settle(amount, 0, millis(at), millis(clock));
            } else if budget.spend(amount, millis(clock)).is_ok() {
                open.push((clock, amount));
            }
            let counts: u32 = open.iter().filter(|(at, _)| *at > clock - PERIOD).map(|(_, n)| n).sum();
            prop_assert_eq!(budget.used(millis(clock)), u64::from(counts));
        }
    }

    #[test]
    fn a_quota_is_exact(
        limit in 0..8_u64,
        monthly: bool,
        schedule in vec((0..40_i64, 0..3_u32), 0..60),
    ) {
        let period = if monthly { QuotaPeriod::Month } else { QuotaPeriod::Day };
        let mut budget = Budget::new(BudgetRule::Quota { limit, period });
        let mut granted: Vec<(Timestamp, u64)> = Vec::new();
        let mut now = time("2027-11-28T00:00:00Z");
        for (hours, amount) in schedule {
            now = now.plus(Duration::from_secs(3600 * hours.unsigned_abs()));
            let same = |at: Timestamp| {
                let (a, b) = (at.as_datetime().date_naive(), now.as_datetime().date_naive());
                (a.year(), a.month()) == (b.year(), b.month()) && (monthly || a.day() == b.day())
            };
            let used: u64 = granted.iter().filter(|(at, _)| same(*at)).map(|(_, n)| n).sum();
            let room = used + u64::from(amount) <= limit;
            let said = budget.spend(amount, now);
            prop_assert_eq!(said.is_ok(), room);
            match said {
                Ok(()) => granted.push((now, amount.into())),
                Err(refused) if u64::from(amount) <= limit => {
                    let retry = refused.retry_at.unwrap();
                    let rule = BudgetRule::Quota { limit, period };
                    let again = |at| spend(rule, amount).apply(budget.state.as_ref(), at);
                    prop_assert!(again(retry).is_ok());
                    prop_assert!(again(Timestamp::from_micros(retry.as_micros() - 1)).is_err());
                }
                Err(refused) => prop_assert_eq!(refused.retry_at, None),
            }
        }
    }

    /// No state and no rule, however extreme, makes it panic, wrap or grant above the limit.
    #[test]
    fn extremes_neither_wrap_nor_over_grant(
        spend in strategies::spend(),
        settle in strategies::settle(),
        state in proptest::option::of(strategies::budget_state()),
        now in strategies::timestamp(),
    ) {
        match spend.apply(state.as_ref(), now) {
            Ok(after) => {
                let limit = match spend.rule {
                    BudgetRule::Window { limit, .. } => u64::from(limit.min(BudgetRule::MAX_WINDOW)),
                    rule => rule.limit(),
                };
                prop_assert!(after.used(&spend.rule, now) <= limit);
            }
            Err(refused) => {
                if let Some(retry) = refused.retry_at {
                    prop_assert!(spend.apply(state.as_ref(), retry).is_ok());
                }
            }
        }
        let settled = settle.apply(state.as_ref(), now);
        let (before, after) = (
            state.map_or(0, |state| state.used(&settle.rule, now)),
            settled.used(&settle.rule, now),
        );
        if settle.actual <= settle.reserved {
            prop_assert!(after <= before);
        }
    }
}

#[test]
fn quotas_start_anew_at_midnight_and_on_the_first() {
    use QuotaPeriod::{Day, Month};
    // Spent at the first moment; refused until the second.
    let table = [
        (Day, "2026-11-20T12:00:00Z", "2026-11-21T00:00:00Z"),
        (Day, "2026-12-31T23:59:59.999999Z", "2027-01-01T00:00:00Z"),
        (Day, "2027-02-28T00:00:00Z", "2027-03-01T00:00:00Z"),
        (Day, "2028-02-28T00:00:00Z", "2028-02-29T00:00:00Z"),
        (Day, "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
        (Day, "2100-02-28T00:00:00Z", "2100-03-01T00:00:00Z"),
        (Day, "1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"),
        (Month, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        (Month, "2026-12-31T23:59:59.999999Z", "2027-01-01T00:00:00Z"),
        (Month, "2027-01-31T12:00:00Z", "2027-02-01T00:00:00Z"),
        (Month, "2028-02-29T12:00:00Z", "2028-03-01T00:00:00Z"),
    ];
    for (period, at, anew) in table {
        let mut budget = Budget::new(BudgetRule::Quota { limit: 1, period });
        budget.spend(1, time(at)).unwrap();
        let refused = budget.spend(1, time(at)).unwrap_err();
        assert_eq!(refused.retry_at, Some(time(anew)), "{period} {at}");
        let just_before = Timestamp::from_micros(time(anew).as_micros() - 1);
        assert!(budget.spend(1, just_before).is_err(), "{period} {at}");
        assert!(budget.spend(1, time(anew)).is_ok(), "{period} {at}");
    }
    let mut last = Budget::new(BudgetRule::Quota {
        limit: 1,
        period: Month,
    });
    last.spend(1, Timestamp::MAX).unwrap();
    assert_eq!(last.spend(1, Timestamp::MAX).unwrap_err().retry_at, None);
}

#[test]
fn a_clock_that_goes_back_stays_in_the_latest_period() {
    let mut budget = Budget::new(BudgetRule::Quota {
        limit: 2,
        period: QuotaPeriod::Day,
    });
    budget.spend(1, time("2026-11-21T00:00:00Z")).unwrap();
    budget.spend(1, time("2026-11-20T23:00:00Z")).unwrap();
    let refused = budget.spend(1, time("2026-11-20T23:30:00Z")).unwrap_err();
    assert_eq!(refused.retry_at, Some(time("2026-11-22T00:00:00Z")));
}

#[test]
fn a_level_is_left_by_settling() {
    let mut budget = Budget::new(BudgetRule::Level { limit: 3 });
    budget.spend(2, millis(0)).unwrap();
    assert_eq!(budget.spend(2, millis(0)).unwrap_err().retry_at, None);
    budget.settle(2, 1, millis(0), millis(9));
    assert_eq!(budget.used(millis(9)), 1);
    budget.spend(2, millis(9)).unwrap();
    budget.settle(5, 0, millis(9), millis(9));
    assert_eq!(budget.used(millis(9)), 0, "never below nothing");
}

#[test]
fn what_was_used_beyond_the_reserve_counts_even_above_the_limit() {
    for rule in [
        window(3),
        BudgetRule::Quota {
            limit: 3,
            period: QuotaPeriod::Day,
        },
        BudgetRule::Level { limit: 3 },
    ] {
        let mut budget = Budget::new(rule);
        budget.spend(1, millis(0)).unwrap();
        budget.settle(1, 5, millis(0), millis(1));
        assert_eq!(budget.used(millis(1)), 5, "{rule}");
        assert!(budget.spend(1, millis(1)).is_err(), "{rule}");
    }
}

#[test]
fn a_late_refund_does_not_take_what_others_spent() {
    let mut budget = Budget::new(window(1));
    budget.spend(1, millis(0)).unwrap();
    budget.spend(1, millis(PERIOD)).unwrap();
    budget.settle(1, 0, millis(0), millis(PERIOD + 1));
    assert!(budget.spend(1, millis(PERIOD + 2)).is_err());

    let mut quota = Budget::new(BudgetRule::Quota {
        limit: 1,
        period: QuotaPeriod::Day,
    });
    quota.spend(1, time("2026-11-20T12:00:00Z")).unwrap();
    quota.spend(1, time("2026-11-21T12:00:00Z")).unwrap();
    quota.settle(
        1,
        0,
        time("2026-11-20T12:00:00Z"),
        time("2026-11-21T12:00:00Z"),
    );
    assert!(quota.spend(1, time("2026-11-21T12:00:00Z")).is_err());
}

#[test]
fn a_refund_finds_what_was_spent_while_the_clock_had_gone_back() {
    let mut budget = Budget::new(window(2));
    budget.spend(1, millis(50)).unwrap();
    budget.spend(1, millis(0)).unwrap();
    budget.settle(1, 0, millis(0), millis(60));
    assert_eq!(budget.used(millis(60)), 1);
}

#[test]
fn limits_may_change_between_calls() {
    let mut budget = Budget::new(window(3));
    for at in 0..3 {
        budget.spend(1, millis(at)).unwrap();
    }
    budget.rule = window(1);
    let refused = budget.spend(1, millis(3)).unwrap_err();
    assert_eq!(
        refused.retry_at,
        Some(millis(2 + PERIOD)),
        "all three must leave"
    );
    budget.rule = window(4);
    budget.spend(1, millis(3)).unwrap();
    budget.rule = window(0);
    assert_eq!(budget.spend(1, millis(4)).unwrap_err().retry_at, None);

    let quota = |limit| BudgetRule::Quota {
        limit,
        period: QuotaPeriod::Month,
    };
    let mut budget = Budget::new(quota(5));
    budget.spend(5, millis(0)).unwrap();
    budget.rule = quota(2);
    assert!(budget.spend(1, millis(0)).is_err());
    budget.rule = quota(6);
    budget.spend(1, millis(0)).unwrap();
}

#[test]
fn edges_of_numbers_are_refused_and_not_wrapped() {
    let full = BudgetRule::Level { limit: u64::MAX };
    let state = BudgetState::Level { used: u64::MAX };
    assert!(spend(full, 1).apply(Some(&state), millis(0)).is_err());
    let full = BudgetRule::Quota {
        limit: u64::MAX,
        period: QuotaPeriod::Day,
    };
    let mut budget = Budget::new(full);
    budget.settle(0, 1, millis(0), millis(0));
    budget.state = Some(match budget.state.unwrap() {
        BudgetState::Quota { since, .. } => BudgetState::Quota {
            since,
            used: u64::MAX,
        },
        other => other,
    });
    assert!(budget.spend(1, millis(0)).is_err());

    let forever = BudgetRule::window(1, Duration::MAX);
    let mut budget = Budget::new(forever);
    budget.spend(1, Timestamp::MIN).unwrap();
    assert_eq!(budget.spend(1, Timestamp::MAX).unwrap_err().retry_at, None);
    let hostile = BudgetState::Window {
        spent: vec![i64::MIN, i64::MAX],
    };
    assert!(spend(forever, 1).apply(Some(&hostile), millis(0)).is_err());

    let huge = BudgetRule::window(u32::MAX, Duration::from_secs(1));
    assert!(spend(huge, u32::MAX).apply(None, millis(0)).is_err());
    assert!(
        spend(huge, BudgetRule::MAX_WINDOW)
            .apply(None, millis(0))
            .is_ok()
    );
}

#[test]
fn a_rule_without_a_span_never_refuses_what_it_allows_at_once() {
    let mut budget = Budget::new(BudgetRule::window(1, Duration::ZERO));
    for _ in 0..3 {
        budget.spend(1, millis(0)).unwrap();
    }
    assert!(budget.spend(2, millis(0)).is_err());
}

#[test]
fn rules_are_said_in_words() {
    let table = [
        BudgetRule::window(10, Duration::from_secs(3600)),
        BudgetRule::window(100, Duration::from_secs(60)),
        BudgetRule::window(1, Duration::from_secs(300)),
        BudgetRule::window(1, Duration::from_millis(1500)),
        BudgetRule::window(1, Duration::ZERO),
        BudgetRule::Quota {
            limit: 1000,
            period: QuotaPeriod::Month,
        },
        BudgetRule::Level { limit: 5 },
    ];
    let words: Vec<String> = table.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("budget_rules", words.join("\n"));
}
