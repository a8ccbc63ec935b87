//! What an observer is told.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{EventType, PluginEventType, ThingId};
use plugin_lifecycle::{
    Activity, ActivityEnd, ActivityKind, ActivitySpan, BreakerState, Observation, Observer, Policy,
    RunFilter, RunOutcome, Tenant,
};
use plugin_runtime_api::{MemoryVault, PluginFailure, Script};
use serde_json::{Value, json};

use crate::abandoned::abandon;
use crate::world::{World, group, person};

/// Keeps all that it is told.
#[derive(Debug, Default)]
pub(crate) struct Log {
    begun: AtomicUsize,
    /// Entered and not left; never above one, because nothing of a test runs at a time.
    inside: Arc<AtomicI64>,
    ends: Arc<Mutex<Vec<(Activity, ActivityEnd, Duration)>>>,
    observations: Mutex<Vec<Observation>>,
}

#[derive(Debug)]
struct Noted {
    activity: Activity,
    inside: Arc<AtomicI64>,
    ends: Arc<Mutex<Vec<(Activity, ActivityEnd, Duration)>>>,
}

impl Observer for Log {
    fn begin(&self, activity: &Activity) -> Box<dyn ActivitySpan> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Box::new(Noted {
            activity: *activity,
            inside: self.inside.clone(),
            ends: self.ends.clone(),
        })
    }

    fn observe(&self, observation: &Observation) {
        self.observations.lock().unwrap().push(observation.clone());
    }
}

impl ActivitySpan for Noted {
    fn enter(&mut self) {
        assert_eq!(self.inside.fetch_add(1, Ordering::Relaxed), 0);
    }

    fn exit(&mut self) {
        assert_eq!(self.inside.fetch_sub(1, Ordering::Relaxed), 1);
    }

    fn end(&mut self, end: ActivityEnd, took: Duration) {
        self.ends.lock().unwrap().push((self.activity, end, took));
    }
}

impl Log {
    pub(crate) fn observations(&self) -> Vec<Observation> {
        self.observations.lock().unwrap().clone()
    }

    fn ends(&self) -> Vec<(ActivityKind, ActivityEnd)> {
        let ends = self.ends.lock().unwrap();
        ends.iter()
            .map(|(activity, end, _)| (activity.kind, *end))
            .collect()
    }

    fn forget(&self) {
        self.ends.lock().unwrap().clear();
        self.observations.lock().unwrap().clear();
    }
}

fn watched(world: &World) -> (Arc<Log>, Tenant) {
    let log = Arc::new(Log::default());
    let manager = world
        .manager
        .clone()
        .with_vault(Arc::new(MemoryVault::new()))
        .with_observer(log.clone());
    let acme = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
    (log, acme)
}

fn run(tenant: &Tenant, instance: ThingId) {
    let _ended = block_on(tenant.execute(instance, "SEARCH_KNOWLEDGE", json!({"q": "hush"})));
}

/// Through most of what can happen to a plugin.
fn journey(world: &World, acme: &Tenant) -> ThingId {
    let instance = world.installed(acme);
    let settings = [
        ("OPENAI_API_KEY", json!("sk-hush")),
        ("CHUNK_SIZE", json!(5)),
    ];
    let settings = settings
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    block_on(acme.configure(instance, settings)).unwrap();
    block_on(acme.activate(instance)).unwrap();
    run(acme, instance);
    for script in [
        Script::Refuse("hush".to_owned()),
        Script::Fail(PluginFailure::new("Hush", "hush")),
        Script::TimeOut,
        Script::Unavailable("hush".to_owned()),
        Script::Crash("hush".to_owned()),
    ] {
        world.executor.script("SEARCH_KNOWLEDGE", script);
        run(acme, instance);
    }
    block_on(acme.suspend(instance, "hush")).unwrap();
    block_on(acme.resume(instance)).unwrap();
    block_on(acme.deactivate(instance)).unwrap();
    block_on(acme.uninstall(instance)).unwrap();
    instance
}

#[test]
fn what_is_told_of_an_instance_is_what_its_trail_says() {
    let world = World::new();
    let (log, acme) = watched(&world);
    let instance = journey(&world, &acme);
    let trail = block_on(acme.audit(instance)).unwrap().events;
    let mut steps: Vec<&str> = Vec::new();
    for event in &trail {
        let second = EventType::Plugin(PluginEventType::PluginErrorOccurred);
        let Some(rule) = event.metadata.text("rule") else {
            continue;
        };
        // A row with two events is one step, and the second of them says that there was an error.
        if event.event_type != second || steps.last() != Some(&rule) {
            steps.push(rule);
        }
    }
    let all = log.observations();
    let moved: Vec<&str> = all
        .iter()
        .filter_map(|it| match it {
            Observation::Moved {
                instance: of, rule, ..
            } if *of == instance => Some(rule.as_str()),
            _ => None,
        })
        .collect();
    assert!(moved.len() > 20, "{moved:?}");
    assert_eq!(moved, steps);
    let filter = RunFilter::default();
    let mut runs =
        block_on(acme.last_runs(instance, &filter, one_ontology::Limit::new(100))).unwrap();
    runs.reverse();
    let runs: Vec<(RunOutcome, u64)> = runs
        .iter()
        .map(|run| (run.outcome, run.elapsed_us))
        .collect();
    let ended: Vec<(RunOutcome, u64)> = all
        .iter()
        .filter_map(|it| match it {
            Observation::ExecutionEnded {
                outcome, elapsed, ..
            } => Some((
                *outcome,
                elapsed.map_or(0, |it| u64::try_from(it.as_micros()).unwrap()),
            )),
            _ => None,
        })
        .collect();
    assert_eq!(ended, runs);
    let began = all
        .iter()
        .filter(|it| matches!(it, Observation::ExecutionBegan { .. }));
    assert_eq!(began.count(), runs.len());
}

#[test]
fn each_command_is_watched_to_its_end() {
    let world = World::new();
    let (log, acme) = watched(&world);
    journey(&world, &acme);
    use ActivityKind as Kind;
    let done = |kind| (kind, ActivityEnd::Done);
    let mut expected = vec![
        done(Kind::Install),
        done(Kind::Configure),
        done(Kind::Activate),
    ];
    // That a plugin fails is no error of the command; that the executor is not there is.
    expected.extend([done(Kind::Execute); 4]);
    expected.push((Kind::Execute, ActivityEnd::Failed("ExecutorUnavailable")));
    expected.extend([
        done(Kind::Execute),
        done(Kind::Suspend),
        done(Kind::Resume),
        done(Kind::Deactivate),
        done(Kind::Uninstall),
    ]);
    assert_eq!(log.ends(), expected);
    assert_eq!(log.begun.load(Ordering::Relaxed), expected.len());
    assert_eq!(log.inside.load(Ordering::Relaxed), 0);
}

#[test]
fn nothing_that_somebody_wrote_is_told() {
    let world = World::new();
    let (log, acme) = watched(&world);
    journey(&world, &acme);
    let all = format!("{log:?}");
    assert!(!all.to_lowercase().contains("hush"), "{all}");
    assert!(!all.contains("SEARCH_KNOWLEDGE"), "{all}");
}

#[test]
fn what_is_refused_or_given_up_ends_as_that_and_is_not_said_to_have_happened() {
    let world = World::new();
    let (log, acme) = watched(&world);
    let instance = world.installed(&acme);
    log.forget();
    let refused = block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", Value::Null)).unwrap_err();
    assert_eq!(refused.tag(), "PluginNotActive");
    let call = plugin_lifecycle::Call::action("SEARCH_KNOWLEDGE", Value::Null).unwrap();
    let started = block_on(acme.start_call(instance, call));
    assert_eq!(started.unwrap_err().tag(), "PluginNotActive");
    let end = (
        ActivityKind::Execute,
        ActivityEnd::Failed("PluginNotActive"),
    );
    assert_eq!(log.ends(), [end, end]);
    assert_eq!(log.observations(), []);
    block_on(acme.activate(instance)).unwrap();
    log.forget();
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    abandon(acme.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    assert_eq!(log.ends(), [(ActivityKind::Execute, ActivityEnd::Dropped)]);
    world.pass(100);
    // Whoever recovers it tells of it, once.
    log.forget();
    let manager = world.manager.clone().with_observer(log.clone());
    block_on(manager.recover([group("acme")]));
    block_on(manager.recover([group("acme")]));
    let ended = log.observations();
    let ended = ended
        .iter()
        .filter(|it| matches!(it, Observation::ExecutionEnded { .. }));
    assert_eq!(ended.count(), 1);
    let taken: Vec<usize> = log
        .observations()
        .iter()
        .filter_map(|it| match it {
            Observation::Recovered { taken, .. } => Some(*taken),
            _ => None,
        })
        .collect();
    assert_eq!(taken, [1, 0]);
    assert_eq!(log.ends(), [(ActivityKind::Recover, ActivityEnd::Done); 2]);
}

#[test]
fn a_breaker_is_told_of_when_executions_open_and_close_it() {
    let mut policy = Policy::default();
    policy.breaker.failures = 2;
    policy.breaker.probes = 1;
    let world = World::with_policy(policy.clone());
    let (log, acme) = watched(&world);
    let instance = world.active(&acme);
    for _ in 0..2 {
        let failing = Script::Fail(PluginFailure::new("Error", "no"));
        world.executor.script("SEARCH_KNOWLEDGE", failing);
        run(&acme, instance);
    }
    world.pass(policy.breaker.pause.as_secs());
    run(&acme, instance);
    let moves: Vec<BreakerState> = log
        .observations()
        .iter()
        .filter_map(|it| match it {
            Observation::BreakerMoved { to, .. } => Some(*to),
            _ => None,
        })
        .collect();
    assert_eq!(moves, [BreakerState::Open, BreakerState::Closed]);
}

#[test]
fn time_is_the_hosts() {
    let world = World::new();
    let (log, acme) = watched(&world);
    let instance = world.active(&acme);
    log.forget();
    let clock = world.clock.clone();
    let slow = Script::run(move |_| {
        clock.advance(Duration::from_secs(3));
        async { plugin_runtime_api::Ending::Succeeded { output: json!({}) } }
    });
    world.executor.script("SEARCH_KNOWLEDGE", slow);
    run(&acme, instance);
    let took = log
        .ends
        .lock()
        .unwrap()
        .iter()
        .map(|(_, _, took)| *took)
        .collect::<Vec<_>>();
    assert_eq!(took, [Duration::from_secs(3)]);
    let elapsed = log.observations().into_iter().find_map(|it| match it {
        Observation::ExecutionEnded { elapsed, .. } => elapsed,
        _ => None,
    });
    assert_eq!(elapsed, Some(Duration::from_secs(3)));
}
