//! The platform under every crash, alone and in pairs, and on random walks.

use one_ontology::{Clock as _, SystemClock};
use plugin_testkit::sim::{
    Fate, Fencing, Given, Scenario, interrupt_everywhere, interrupt_in_pairs, walk,
};

fn scenarios() -> Vec<Scenario> {
    use Given::{
        Activate, ChangeAgent, Configure, Deactivate, Dispatch, Execute, ExecuteFor, Grant, Happen,
        Install, Notice, RetireAgent, Revoke, RevokeRelease, Rollback, Subscribe, Suspend,
        Uninstall, Unrevoke, Update,
    };
    let (work, fail) = (Execute("WORK"), Execute("FAIL"));
    let for_agent = ExecuteFor("WORK");
    let used = [Install, Activate, Grant, for_agent.clone()];
    let of_agents = vec![
        Scenario::new(&[Install, Activate], Grant).then(for_agent.clone()),
        Scenario::new(&[Install, Activate, Grant], for_agent.clone()).then(Revoke),
        Scenario::new(&[Install, Activate, Grant], for_agent.clone()).then(Uninstall),
        Scenario::new(&[Install, Activate, Grant], ExecuteFor("CRASH")),
        Scenario::new(&used, Revoke)
            .then(Grant)
            .then(for_agent.clone()),
        Scenario::new(&used, RetireAgent).then(Grant),
        Scenario::new(&used, ChangeAgent).then(for_agent.clone()),
        Scenario::new(&[&used[..], &[ChangeAgent]].concat(), for_agent.clone()),
        Scenario::new(&[&used[..], &[ChangeAgent]].concat(), for_agent.clone()).then(Deactivate),
        Scenario::new(&used, Uninstall),
        Scenario::new(&used, Suspend).then(Revoke),
        Scenario::new(&used, Deactivate)
            .then(Activate)
            .then(for_agent.clone()),
        Scenario::new(&used, Execute("CRASH")).then(Activate),
        Scenario::new(&used, Configure).then(for_agent.clone()),
        Scenario::new(&used, Update).then(for_agent.clone()),
        Scenario::new(&[&used[..], &[Update]].concat(), Rollback).then(for_agent),
    ];
    let mut all = vec![
        Scenario::new(&[], Install),
        Scenario::new(&[Install], Configure),
        Scenario::new(&[Install], Activate),
        Scenario::new(&[Install], Activate).then(Deactivate),
        Scenario::new(&[Install], Activate).then(Uninstall),
        Scenario::new(&[Install], Uninstall),
        Scenario::new(&[Install, Activate], Configure),
        Scenario::new(&[Install, Configure, Activate], work.clone()),
        Scenario::new(&[Install, Activate], fail.clone()),
        Scenario::new(&[Install, Activate, fail.clone()], fail),
        Scenario::new(&[Install, Activate], Execute("CRASH")),
        Scenario::new(&[Install, Activate], Deactivate),
        Scenario::new(&[Install, Activate], work.clone()).then(Suspend),
        Scenario::new(&[Install, Activate, work], Suspend),
        Scenario::new(&[Install, Activate, Suspend], Activate),
        Scenario::new(&[Install, Activate, Suspend], Deactivate),
        Scenario::new(&[Install, Activate, Execute("CRASH")], Activate),
        Scenario::new(&[Install, Activate, Execute("CRASH")], Deactivate),
        Scenario::new(&[Install, Activate, Execute("CRASH")], Uninstall),
        Scenario::new(&[Install, Configure, Activate], Uninstall),
        Scenario::new(&[Install, Activate, Suspend], Uninstall),
        Scenario::new(&[Install, Activate], Subscribe).then(Happen),
        Scenario::new(&[Install, Activate, Subscribe, Happen, Happen], Dispatch),
        Scenario::new(&[Install, Activate, Subscribe, Happen], Dispatch).then(Deactivate),
        Scenario::new(&[Install, Activate, Subscribe, Happen], Deactivate).then(Activate),
        Scenario::new(&[Install, Activate, Subscribe, Happen], Uninstall),
        Scenario::new(&[Install], Update),
        Scenario::new(&[Install, Configure, Activate], Update),
        Scenario::new(&[Install, Activate], Update).then(Update),
        Scenario::new(&[Install, Activate], Update).then(Rollback),
        Scenario::new(&[Install, Activate], Update).then(Deactivate),
        Scenario::new(&[Install, Activate], Update).then(Uninstall),
        Scenario::new(&[Install, Update], Rollback),
        Scenario::new(&[Install, Activate, Update], Rollback),
        Scenario::new(&[Install, Configure, Activate, Update], Rollback).then(Uninstall),
        Scenario::new(&[Install, Activate, Update], Uninstall),
        Scenario::new(&[Install, Activate], RevokeRelease).then(Unrevoke),
        Scenario::new(&[Install, Activate, RevokeRelease], Notice),
        Scenario::new(&[Install, Activate, RevokeRelease], Notice).then(Activate),
        Scenario::new(&[Install, RevokeRelease, Notice, Unrevoke], Notice).then(Activate),
        Scenario::new(&[Install, RevokeRelease, Notice, Unrevoke], Activate),
        Scenario::new(&[Install, RevokeRelease, Notice], Update).then(Activate),
        Scenario::new(&[Install, Activate, RevokeRelease], Update).then(Notice),
    ];
    all.extend(of_agents);
    all.extend(during_executions());
    all
}

/// What is changed while a plugin is used: by one, by several at once, and beside others that end it.
fn during_executions() -> Vec<Scenario> {
    use Given::{
        Activate, Configure, Deactivate, DestroySecret, Execute, Install, Suspend, Uninstall,
        Update,
    };
    let work = Execute("WORK");
    let set = [Install, Configure, Activate];
    vec![
        Scenario::new(&set, Configure).during(work.clone()),
        Scenario::new(&set, DestroySecret)
            .during(work.clone())
            .then(work.clone()),
        Scenario::new(&set, DestroySecret).then(Configure),
        Scenario::new(&set, Configure)
            .during(Execute("FAIL"))
            .during(work.clone()),
        Scenario::new(&set, Configure).during(Execute("CRASH")),
        Scenario::new(&set, Configure)
            .during(work.clone())
            .during(Configure)
            .then(work.clone()),
        Scenario::new(&set, DestroySecret)
            .during(work.clone())
            .during(Configure)
            .then(Configure),
        Scenario::new(&set, Configure)
            .during(work.clone())
            .during(Update),
        Scenario::new(&set, Update)
            .during(work.clone())
            .during(Configure),
        Scenario::new(&set, Configure)
            .during(work.clone())
            .during(Suspend)
            .then(Activate),
        Scenario::new(&set, Configure)
            .during(work.clone())
            .during(Deactivate),
        Scenario::new(&set, DestroySecret)
            .during(work)
            .during(Deactivate)
            .then(Uninstall),
    ]
}

#[test]
fn configuring_while_executions_are_under_way_survives_every_pair_of_crashes() {
    let set = [Given::Install, Given::Configure, Given::Activate];
    let mut pairs = 0;
    for command in [Given::Configure, Given::DestroySecret] {
        let scenario = Scenario::new(&set, command).during(Given::Execute("WORK"));
        match interrupt_in_pairs(&scenario, Fate::CRASHES) {
            Ok(count) => pairs += count,
            Err(broken) => panic!("{scenario}: {broken}"),
        }
    }
    assert!(pairs > 30, "{pairs}");
}

#[test]
fn every_command_survives_every_fate_of_every_call() {
    let mut interruptions = 0;
    for scenario in scenarios() {
        match interrupt_everywhere(&scenario, Fate::ALL, Fencing::On) {
            Ok(count) => interruptions += count,
            Err(broken) => panic!("{scenario}: {broken}"),
        }
    }
    assert!(interruptions > 300, "{interruptions}");
}

#[test]
fn installing_and_removing_survive_every_pair_of_crashes() {
    let mut pairs = 0;
    let removing = [Given::Install, Given::Configure, Given::Activate];
    for scenario in [
        Scenario::new(&[], Given::Install),
        Scenario::new(&removing, Given::Uninstall),
    ] {
        match interrupt_in_pairs(&scenario, Fate::CRASHES) {
            Ok(count) => pairs += count,
            Err(broken) => panic!("{scenario}: {broken}"),
        }
    }
    assert!(pairs > 100, "{pairs}");
}

#[test]
fn changing_the_version_survives_every_pair_of_crashes() {
    let active = [Given::Install, Given::Activate];
    let updated = [Given::Install, Given::Activate, Given::Update];
    let mut pairs = 0;
    for scenario in [
        Scenario::new(&[Given::Install], Given::Update),
        Scenario::new(&active, Given::Update),
        Scenario::new(&updated, Given::Rollback),
    ] {
        match interrupt_in_pairs(&scenario, Fate::CRASHES) {
            Ok(count) => pairs += count,
            Err(broken) => panic!("{scenario}: {broken}"),
        }
    }
    // A call that fails, in the recovery of a host that died: what was half done is done back.
    let fates = [Fate::CrashBefore, Fate::Refuse];
    match interrupt_in_pairs(&Scenario::new(&active, Given::Update), &fates) {
        Ok(count) => pairs += count,
        Err(broken) => panic!("refused: {broken}"),
    }
    assert!(pairs > 300, "{pairs}");
}

#[test]
fn letting_agents_use_a_plugin_survives_every_pair_of_crashes() {
    let used = [
        Given::Install,
        Given::Activate,
        Given::Grant,
        Given::ExecuteFor("WORK"),
    ];
    let mut pairs = 0;
    for command in [Given::Revoke, Given::RetireAgent] {
        match interrupt_in_pairs(&Scenario::new(&used, command), Fate::CRASHES) {
            Ok(count) => pairs += count,
            Err(broken) => panic!("{broken}"),
        }
    }
    assert!(pairs > 50, "{pairs}");
}

#[test]
fn random_walks_break_nothing() {
    let steps = std::env::var("ONE_PLUGIN_SIM_STEPS").map_or(20_000, |it| it.parse().unwrap());
    let seed = std::env::var("ONE_PLUGIN_SIM_SEED").map_or(1, |it| it.parse().unwrap());
    let started = SystemClock.now();
    match walk(seed, steps, Fencing::On) {
        Ok(walked) => {
            let took = SystemClock.now().since(started);
            let rate = steps as f64 / took.as_secs_f64();
            eprintln!("{walked:?}, {rate:.0} steps a second");
        }
        Err(broken) => panic!("{broken}"),
    }
}

#[test]
fn without_fences_the_same_search_finds_what_breaks() {
    let scenario = Scenario::new(&[Given::Install], Given::Activate).then(Given::Deactivate);
    let broken = interrupt_everywhere(&scenario, Fate::CRASHES, Fencing::Off).unwrap_err();
    let found = broken.to_string();
    assert!(found.contains("at rest means not running"), "{found}");
}

#[test]
fn a_walk_repeats_exactly() {
    let walked = walk(3, 400, Fencing::On).unwrap();
    assert_eq!(walk(3, 400, Fencing::On).unwrap(), walked);
    assert_ne!(walk(4, 400, Fencing::On).unwrap(), walked);
}
