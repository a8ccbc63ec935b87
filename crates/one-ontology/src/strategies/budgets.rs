//! Budgets.

use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{duration, head, place, quota_period, seq, timestamp};
use crate::{Answer, BudgetKey, BudgetRule, BudgetState, Receipt, Settle, Spend};

/// Any key of a budget.
pub fn budget_key() -> BoxedStrategy<BudgetKey> {
    "[ -~]{1,200}"
        .prop_filter_map("a key", |text| text.parse().ok())
        .boxed()
}

/// Any rule, mostly with small limits.
pub fn budget_rule() -> BoxedStrategy<BudgetRule> {
    let limit = || prop_oneof![9 => 0..20_u64, 1 => any::<u64>()];
    prop_oneof![
        (0..20_u32, duration()).prop_map(|(limit, period)| BudgetRule::window(limit, period)),
        (0..20_u32).prop_map(|limit| BudgetRule::window(limit, Duration::MAX)),
        (limit(), quota_period()).prop_map(|(limit, period)| BudgetRule::Quota { limit, period }),
        limit().prop_map(|limit| BudgetRule::Level { limit }),
    ]
    .boxed()
}

/// Any state of a budget.
pub fn budget_state() -> BoxedStrategy<BudgetState> {
    prop_oneof![
        vec(timestamp(), 0..20).prop_map(|moments| {
            let mut spent: Vec<i64> = moments.iter().map(|at| at.as_micros()).collect();
            spent.sort_unstable();
            BudgetState::Window { spent }
        }),
        (timestamp(), any::<u64>()).prop_map(|(at, used)| BudgetState::Quota {
            since: at.as_datetime().format("%Y-%m-01").to_string(),
            used,
        }),
        any::<u64>().prop_map(|used| BudgetState::Level { used }),
    ]
    .boxed()
}

/// Any spending.
pub fn spend() -> BoxedStrategy<Spend> {
    let amount = prop_oneof![8 => Just(1), 1 => 0..10_u32, 1 => any::<u32>()];
    (budget_key(), budget_rule(), amount)
        .prop_map(|(key, rule, amount)| Spend { key, rule, amount })
        .boxed()
}

/// Any receipt.
pub fn receipt() -> BoxedStrategy<Receipt> {
    let budgets = btree_map(budget_key(), budget_state(), 0..3);
    (place(), seq(), head(), budgets, any::<bool>())
        .prop_map(|(place, first, head, budgets, done)| Receipt {
            place,
            first,
            head,
            budgets,
            answer: if done { Answer::Done } else { Answer::Replayed },
        })
        .boxed()
}

/// Any settling.
pub fn settle() -> BoxedStrategy<Settle> {
    (spend(), 0..10_u32, timestamp())
        .prop_map(|(spend, actual, at)| Settle {
            actual,
            ..Settle::refund(&spend, at)
        })
        .boxed()
}
