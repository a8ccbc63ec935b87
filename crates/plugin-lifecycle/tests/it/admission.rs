//! Admission, decided on values: what refuses, in which order, in which words, and what is spent.

use std::fmt::Write as _;
use std::time::Duration;

use one_ontology::{BudgetRule, Exhausted, Plan, QuotaPeriod, ThingId, Timestamp};
use plugin_lifecycle::{
    AdmissionRefusal, Admitted, Breaker, Budget, CommandKind, Instance, Policy, Ran, State, admit,
};
use plugin_runtime_api::{ComponentKind, Permission, Permissions};

use crate::status::{operation, row_of};
use crate::world::World;

fn ask(world: &World, who: &str, row: &Instance, name: &str) -> Result<Admitted, AdmissionRefusal> {
    let (policy, kind) = (Policy::default(), ComponentKind::Action);
    let scope = world.tenant(who, "acme").scope().clone();
    let (now, name) = (row.updated_at, name.parse().unwrap());
    admit(&scope, row, Plan::Starter, &policy, now, kind, &name)
}

#[test]
fn the_first_that_refuses_is_told() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let mut row = row_of(&world, world.active(&acme));
    let now = row.updated_at;
    // Everything refuses.
    for component in &mut row.properties.components {
        component.requires = [Permission::NetworkExternal].into_iter().collect();
    }
    row.properties.grants = Permissions::none();
    row.properties.breaker = Breaker::Open {
        until: now.plus(Duration::from_secs(30)),
        passed: 0,
    };
    row.properties.lifecycle = State::Updating { ran: Ran::Active };
    operation(&mut row, CommandKind::Update, now);
    let mut page = String::new();
    let mut refused = |row: &Instance, who: &str, name: &str| {
        let refusal = ask(&world, who, row, name).unwrap_err();
        writeln!(page, "{}: {refusal}", refusal.tag()).unwrap();
    };
    refused(&row, "carl", "search_knowledge");
    row.properties.lifecycle = State::RollingBack { ran: Ran::Active };
    refused(&row, "carl", "search_knowledge");
    // A row of an older version does not say until when.
    row.properties.operation = None;
    refused(&row, "carl", "search_knowledge");
    row.properties.lifecycle = State::Installed;
    refused(&row, "carl", "search_knowledge");
    row.properties.lifecycle = State::Executing { in_flight: 2 };
    refused(&row, "carl", "search_knowledge");
    refused(&row, "uma", "search_knowledge");
    // A provider's name is no action's.
    refused(&row, "uma", "KNOWLEDGE");
    refused(&row, "uma", "SEARCH_KNOWLEDGE");
    row.properties.grants = [Permission::NetworkExternal].into_iter().collect();
    refused(&row, "uma", "SEARCH_KNOWLEDGE");
    row.properties.components.clear();
    refused(&row, "uma", "SEARCH_KNOWLEDGE");
    insta::assert_snapshot!("refusals_in_order", page);

    let mut row = row_of(&world, row.id);
    for state in [State::Active, State::Executing { in_flight: 2 }] {
        row.properties.lifecycle = state;
        let admitted = ask(&world, "uma", &row, "SEARCH_KNOWLEDGE").unwrap();
        assert_eq!(admitted.component.name.as_str(), "SEARCH_KNOWLEDGE");
        assert_eq!(admitted.component.kind, ComponentKind::Action);
    }
}

#[test]
fn at_most_fifty_names_are_listed_and_they_are_sorted() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let mut row = row_of(&world, world.active(&acme));
    let mut actions = row.properties.components.iter();
    let action = actions.find(|it| it.kind == ComponentKind::Action);
    let mut action = action.unwrap().clone();
    for at in (0..60).rev() {
        action.name = format!("ACTION_{at:02}").parse().unwrap();
        row.properties.components.push(action.clone());
    }
    let refusal = ask(&world, "alice", &row, "NONE").unwrap_err();
    let AdmissionRefusal::NoSuchComponent { available, .. } = refusal else {
        panic!("{refusal}");
    };
    let first = (0..50).map(|at| format!("ACTION_{at:02}"));
    assert_eq!(available, first.collect::<Vec<_>>());
}

#[test]
fn each_plan_spends_what_it_has() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let row = row_of(&world, world.active(&acme));
    let (policy, kind) = (Policy::default(), ComponentKind::Action);
    let name = "SEARCH_KNOWLEDGE".parse().unwrap();
    let mut page = String::new();
    for plan in Plan::ALL {
        let admitted = admit(
            acme.scope(),
            &row,
            *plan,
            &policy,
            row.updated_at,
            kind,
            &name,
        );
        writeln!(page, "{plan}").unwrap();
        for spend in admitted.unwrap().spends {
            let key = spend.key.as_str().replace(&row.id.to_string(), "INSTANCE");
            writeln!(page, "  {} of {key}: {}", spend.amount, spend.rule).unwrap();
        }
    }
    insta::assert_snapshot!("spent_by_plan", page);
}

#[test]
fn a_budget_that_is_used_up_is_told_in_words() {
    let id = ThingId::of_name(&["instance"]);
    let budgets = [
        Budget::Installs,
        Budget::Plugins,
        Budget::Subscriptions,
        Budget::Agents,
        Budget::Executions(id),
        Budget::Daily,
        Budget::AtATime,
    ];
    let rules = [
        BudgetRule::window(3, Duration::from_secs(60)),
        BudgetRule::Quota {
            limit: 3,
            period: QuotaPeriod::Day,
        },
        BudgetRule::Level { limit: 3 },
    ];
    let mut page = String::new();
    for budget in budgets {
        let key = budget.key().unwrap();
        assert_eq!(Budget::of_key(&key), Some(budget));
        for rule in rules {
            for retry_at in [None, Some(Timestamp::EPOCH)] {
                let refusal = AdmissionRefusal::of_exhausted(&Exhausted {
                    key: key.clone(),
                    rule,
                    retry_at,
                });
                let refusal = refusal.unwrap();
                writeln!(page, "{}: {refusal}", refusal.tag()).unwrap();
            }
        }
    }
    insta::assert_snapshot!("used_up", page);
    for other in ["plugin_execution:nobody", "plugin_execution", "somebody's"] {
        let key = other.parse().unwrap();
        assert_eq!(Budget::of_key(&key), None);
        let exhausted = Exhausted {
            key,
            rule: BudgetRule::Level { limit: 3 },
            retry_at: None,
        };
        assert_eq!(AdmissionRefusal::of_exhausted(&exhausted), None);
    }
}

#[test]
fn every_tag_has_its_advice() {
    let retry_at = Timestamp::EPOCH;
    let rule = BudgetRule::Level { limit: 1 };
    let refusals = [
        AdmissionRefusal::BeingChanged { retry_at },
        AdmissionRefusal::AgentNotGranted {
            agent: ThingId::of_name(&["agent"]),
        },
        AdmissionRefusal::DeadlineTooLong {
            asked: Duration::from_millis(301_500),
            longest: Duration::from_secs(300),
        },
        AdmissionRefusal::QueueFull { limit: 7 },
        AdmissionRefusal::WaitedTooLong,
        AdmissionRefusal::BulkheadFull { unit: "x", rule },
    ];
    let mut page = String::new();
    for refusal in refusals {
        let advice = AdmissionRefusal::TAGS
            .iter()
            .find(|(tag, _)| *tag == refusal.tag());
        writeln!(page, "{refusal}\n  {}", advice.unwrap().1).unwrap();
    }
    insta::assert_snapshot!("advice", page);
}
