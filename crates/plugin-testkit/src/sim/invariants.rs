//! What must hold of a platform after every step, whoever has died.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use one_ontology::{
    BudgetState, Connection, ConnectionType, End, Event, EventType, IdempotencyKey,
    PluginConnectionType, PluginEventType, ThingId,
};
use plugin_lifecycle::{
    EventCause, Instance, Notice, NoticeKind, Phase, State, StateKind, Subscription, Treatment,
};
use plugin_registry::Revocations;
use plugin_runtime_api::{Fence, RuntimeId};

use super::fleet::{Run, RunningRuntime};
use super::settings::settings;
use super::violation::Violation;

/// Everything that can be seen of an organisation and of the executor's world at one moment.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Every instance, those that are gone too.
    pub rows: Vec<Instance>,
    /// The subscriptions that have not ended.
    pub subscriptions: Vec<Subscription>,
    /// The whole trail.
    pub events: Arc<Vec<Event>>,
    /// The connections that have not ended.
    pub connections: Vec<Connection>,
    /// The level of plugins of the organisation.
    pub plugins: Option<BudgetState>,
    /// The level of executions at a time.
    pub at_a_time: Option<BudgetState>,
    /// The executions of the day.
    pub daily: Option<BudgetState>,
    /// The names of the secrets that the vault has.
    pub secrets: BTreeMap<ThingId, Vec<String>>,
    /// How many snapshots there are of each instance.
    pub snapshots: BTreeMap<ThingId, usize>,
    /// The agents that are not put away.
    pub agents: Vec<ThingId>,
    /// The level of agents of the organisation.
    pub agents_level: Option<BudgetState>,
    /// What runs.
    pub running: BTreeMap<RuntimeId, RunningRuntime>,
    /// The highest fence under which something was asked of each runtime.
    pub fences: BTreeMap<RuntimeId, Fence>,
    /// What was run.
    pub runs: BTreeMap<IdempotencyKey, Run>,
    /// What the owner of the platform has revoked.
    pub revocations: Revocations,
}

/// Everything that does not hold; empty if all does.
#[must_use]
pub fn violations(seen: &Observed) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut say = |invariant: &'static str, what: String| {
        found.push(Violation { invariant, what });
    };
    let tally = Tally::of(&seen.events, &mut say);
    for row in &seen.rows {
        one_row(seen, row, &tally, &mut say);
    }
    counts(seen, &tally, &mut say);
    agents(seen, &mut say);
    runs(seen, &tally, &mut say);
    told(seen, &mut say);
    found
}

/// Every event that nobody was told of although nobody is at work any more; empty if all were, or
/// wait for a plugin that does not run.
#[must_use]
pub fn untold(seen: &Observed) -> Vec<Violation> {
    let active = |row: &&Subscription| {
        let instance = seen.rows.iter().find(|it| it.id == row.properties.instance);
        instance.is_some_and(|it| it.properties.lifecycle.kind() == StateKind::Active)
    };
    let mut found = Vec::new();
    for row in seen.subscriptions.iter().filter(active) {
        let wanted = &row.properties;
        let heard = seen.events.iter();
        let heard = heard.filter(|it| wanted.types.contains(&it.event_type));
        for event in heard.filter(|event| event.seq > wanted.cursor) {
            found.push(Violation {
                invariant: "everybody is told",
                what: format!("{} of event {}, but {wanted:?}", row.name, event.seq),
            });
        }
    }
    found
}

/// Every instance that runs, and runs a revoked release, although all have been told; empty if none does.
#[must_use]
pub fn unheeded(seen: &Observed) -> Vec<Violation> {
    let runs = |row: &&Instance| starts_or_runs(row.properties.lifecycle.kind());
    let mut found = Vec::new();
    for row in seen.rows.iter().filter(runs) {
        let p = &row.properties;
        let members = p
            .members
            .iter()
            .map(|it| (it.package.as_str(), &it.version));
        let all = members.chain([(p.npm_package.as_str(), &p.version)]);
        let revoked = all.filter(|(package, version)| {
            let version = version.parse();
            version.is_ok_and(|version| seen.revocations.find(package, &version).is_some())
        });
        found.extend(revoked.map(|(package, version)| Violation {
            invariant: "nothing that is revoked runs",
            what: format!("{} runs {package} {version}", row.name),
        }));
    }
    found
}

const fn starts_or_runs(state: StateKind) -> bool {
    matches!(
        state,
        StateKind::Activating | StateKind::Active | StateKind::Executing
    )
}

/// Everything that is unfinished although nobody is at work any more; empty if all is finished.
#[must_use]
pub fn unfinished(seen: &Observed) -> Vec<Violation> {
    let mut found = Vec::new();
    for row in &seen.rows {
        let p = &row.properties;
        let state = p.lifecycle.kind();
        let mut say = |what: &str| {
            found.push(Violation {
                invariant: "nothing is unresolved",
                what: format!("{} is {state}: {what}", row.name),
            });
        };
        if state.is_transient() {
            say("an operation is under way");
        }
        if !p.executions.is_empty() {
            say("executions are under way");
        }
        if !p.secrets_under_way.is_empty() {
            say("secrets are under way");
        }
        if p.restart_owed.is_some() {
            say("a restart is owed");
        }
        let agents = p.agents.values().filter_map(|it| it.runtime.as_ref());
        let own = std::iter::once(&p.runtime).chain(&p.strays);
        let mut own = own.chain(agents);
        if state == StateKind::Error && own.any(|it| seen.running.contains_key(it)) {
            say("it runs");
        }
        let mut strays = p.strays.iter();
        if strays.any(|it| seen.running.contains_key(it)) {
            say("a runtime is left over");
        }
    }
    found
}

pub(super) type Say<'a> = dyn FnMut(&'static str, String) + 'a;

/// What the trail says, taken together.
#[derive(Debug, Default)]
struct Tally {
    begun: BTreeMap<String, ThingId>,
    ended: BTreeMap<String, u32>,
    last: BTreeMap<ThingId, String>,
    days: BTreeMap<String, u64>,
    /// The deliveries that were begun: to whom, of what.
    told: BTreeSet<(String, u64)>,
}

impl Tally {
    fn of(events: &[Event], say: &mut Say<'_>) -> Self {
        let mut tally = Self::default();
        let mut next = 1;
        for event in events {
            if event.seq.get() != next {
                say(
                    "events are numbered without gaps",
                    format!("{} follows {}", event.seq.get(), next - 1),
                );
            }
            next = event.seq.get() + 1;
            tally.add(event);
        }
        tally
    }

    fn add(&mut self, event: &Event) {
        let Some(End::Thing(target)) = event.target else {
            return;
        };
        if let Some(state) = event.metadata.text("state") {
            self.last.insert(target, state.to_owned());
        }
        let Some(execution) = event.metadata.text("execution") else {
            return;
        };
        let late = event.metadata.get("late").is_some();
        let of = |name: PluginEventType| event.event_type == EventType::from(name);
        if of(PluginEventType::PluginActionInitiated) {
            self.begun.insert(execution.to_owned(), target);
            if let Some(cause) = EventCause::of(event) {
                let told = (cause.subscription.to_string(), cause.seq.get());
                self.told.insert(told);
            }
            let day = event.at.to_string().chars().take(10).collect::<String>();
            *self.days.entry(day).or_default() += 1;
        } else if !late
            && (of(PluginEventType::PluginActionExecuted)
                || of(PluginEventType::PluginActionFailed))
        {
            *self.ended.entry(execution.to_owned()).or_default() += 1;
        }
    }
}

fn one_row(seen: &Observed, row: &Instance, tally: &Tally, say: &mut Say<'_>) {
    let p = &row.properties;
    let state = p.lifecycle.kind();
    let name = || format!("{} {state} fence {}", row.name, p.fence.0);
    let running = seen.running.get(&p.runtime);
    let connected = seen.connections.iter().any(|it| {
        it.from == End::Thing(row.id)
            && it.connection_type == ConnectionType::from(PluginConnectionType::PluginInstalledIn)
    });
    match state {
        StateKind::Uninstalled => {
            if running.is_some() {
                say("absent means nothing runs", name());
            }
            let touched =
                |it: &&Connection| it.from == End::Thing(row.id) || it.to == End::Thing(row.id);
            if seen.connections.iter().any(|it| touched(&it)) {
                say("absent means no connections", name());
            }
            if seen
                .secrets
                .get(&row.id)
                .is_some_and(|names| !names.is_empty())
            {
                say("absent means no secrets", name());
            }
        }
        StateKind::Discovered
        | StateKind::Installing
        | StateKind::Installed
        | StateKind::Suspended
        | StateKind::Failed => {
            if let Some(running) = running {
                let what = format!("{} runs under fence {}", name(), running.fence.0);
                say("at rest means not running", what);
            }
        }
        // Under a fence of before it may run until somebody looks: a start that was on its way.
        StateKind::Error => {
            if running.is_some_and(|running| running.fence >= p.fence) {
                say("at rest means not running", name());
            }
        }
        StateKind::Active | StateKind::Executing => {
            if running.is_some_and(|running| running.version != p.version) {
                say("active means the committed version", name());
            }
        }
        StateKind::Activating
        | StateKind::Deactivating
        | StateKind::Updating
        | StateKind::RollingBack
        | StateKind::Uninstalling => {}
    }
    let known = p.secrets_left();
    let kept = seen.secrets.get(&row.id).into_iter().flatten();
    let unknown: Vec<&String> = kept.filter(|it| !known.contains(it.as_str())).collect();
    if !unknown.is_empty() && state != StateKind::Uninstalled {
        say(
            "a row knows of every secret",
            format!("{}: {unknown:?}", name()),
        );
    }
    let held = |notice: &Notice| {
        notice.kind == NoticeKind::Revoked && notice.treatment == Treatment::Suspend
    };
    if starts_or_runs(state) && p.notices.iter().any(held) {
        say("what is known to be revoked does not run", name());
    }
    settings(seen, row, say);
    other_runtimes(seen, row, say);
    snapshots(seen, row, say);
    needs(seen, row, say);
    if running.is_some_and(|running| running.fence > p.fence) {
        say("no runtime is ahead of its row", name());
    }
    if let Some(ahead) = seen.fences.get(&p.runtime).filter(|it| **it > p.fence) {
        let what = format!("{} was asked something under fence {}", name(), ahead.0);
        say("nobody acts under a fence that is not written", what);
    }
    let allowed = matches!(
        p.lifecycle,
        State::Executing { .. } | State::Deactivating { .. }
    );
    let leases = p.executions.len();
    let in_flight = p.lifecycle.in_flight() as usize;
    if leases != in_flight
        || (leases > 0 && !allowed)
        || (leases == 0 && state == StateKind::Executing)
    {
        let what = format!("{}: {in_flight} in flight, {leases} leases", name());
        say("in flight only where allowed", what);
    }
    let held = p.operation.as_ref();
    let fits = held.is_none_or(|held| held.fence == p.fence && held.phase.is_some());
    if held.is_some() != state.is_transient() || !fits {
        say(
            "an operation is under way exactly in transient states",
            name(),
        );
    }
    if tally.last.get(&row.id).map(String::as_str) != Some(state.as_str()) {
        let last = tally.last.get(&row.id);
        let what = format!("{}, and the trail says {last:?}", name());
        say("the trail says where an instance is", what);
    }
    let there = p.installed_at.is_some() && state != StateKind::Uninstalled;
    if there != connected {
        say("connected exactly when installed", name());
    }
    for execution in p.executions.keys() {
        if tally.ended.contains_key(&execution.to_string()) {
            let what = format!("{}: {execution} has ended and holds a lease", name());
            say("an execution ends once", what);
        }
    }
}

/// The runtimes that a change of version has to do with.
fn changing(row: &Instance) -> BTreeSet<RuntimeId> {
    let operation = row.properties.operation.as_ref();
    match operation.and_then(|operation| operation.phase.as_ref()) {
        Some(Phase::Change(change)) => {
            let to = std::iter::once(change.to.runtime);
            to.chain(change.leave.iter().copied()).collect()
        }
        _ => BTreeSet::new(),
    }
}

fn other_runtimes(seen: &Observed, row: &Instance, say: &mut Say<'_>) {
    let p = &row.properties;
    let state = p.lifecycle.kind();
    let name = || format!("{} {state} fence {}", row.name, p.fence.0);
    let changing = changing(row);
    for (runtime, running) in &seen.running {
        if running.instance != Some(row.id) || *runtime == p.runtime {
            continue;
        }
        // Of what could not be stopped the row knows, and whoever recovers stops it.
        let mut seats = p.agents.values().filter_map(|it| it.runtime.as_ref());
        let of_agent = seats.any(|seat| seat == runtime);
        let known = changing.contains(runtime) || p.strays.contains(runtime) || of_agent;
        if of_agent && rests(state) {
            let what = format!("{}: {runtime} runs for an agent", name());
            say("at rest means not running", what);
        }
        if running.agent != Some(own_agent(row)) && !of_agent && !p.strays.contains(runtime) {
            say("nothing runs for whom nothing says so", name());
        }
        if !known || running.fence > p.fence {
            let what = format!("{} and {runtime} under fence {}", name(), running.fence.0);
            say("no second runtime is left over", what);
        }
    }
    for runtime in &changing {
        if let Some(ahead) = seen.fences.get(runtime).filter(|it| **it > p.fence) {
            let what = format!("{}: {runtime} was asked under fence {}", name(), ahead.0);
            say("nobody acts under a fence that is not written", what);
        }
    }
}

const fn rests(state: StateKind) -> bool {
    matches!(
        state,
        StateKind::Installing
            | StateKind::Installed
            | StateKind::Suspended
            | StateKind::Failed
            | StateKind::Uninstalled
    )
}

/// The agent that the organisation of an instance has without being asked.
fn own_agent(row: &Instance) -> ThingId {
    let group = row.place.group().map(|it| it.to_string());
    ThingId::of_name(&["agent", &group.unwrap_or_default()])
}

/// What agents may use is what their connections say, both ways, and what the rows say.
fn agents(seen: &Observed, say: &mut Say<'_>) {
    let joined = |kind: PluginConnectionType| {
        let of_kind = seen.connections.iter();
        of_kind.filter(move |it| it.connection_type == ConnectionType::from(kind))
    };
    let uses = joined(PluginConnectionType::PluginUses).map(|it| (it.from, it.to));
    let uses: Vec<(End, End)> = uses.collect();
    let powers = joined(PluginConnectionType::PluginPowers).map(|it| (it.to, it.from));
    let rows = seen.rows.iter().flat_map(|row| {
        let agents = row.properties.agents.keys();
        agents.map(|agent| (End::Thing(*agent), End::Thing(row.id)))
    });
    let pairs: BTreeSet<(End, End)> = uses.iter().copied().collect();
    let there = |agent: &End| seen.agents.iter().any(|it| End::Thing(*it) == *agent);
    if pairs.len() != uses.len()
        || pairs != powers.collect()
        || pairs != rows.collect()
        || !uses.iter().all(|(agent, _)| there(agent))
    {
        say("powers follow from uses", format!("{uses:?}"));
    }
    let counted = level(seen.agents_level.as_ref());
    if counted != seen.agents.len() as u64 {
        let what = format!("{} there, {counted} counted", seen.agents.len());
        say("agents are counted exactly", what);
    }
}

fn snapshots(seen: &Observed, row: &Instance, say: &mut Say<'_>) {
    let kept = seen.snapshots.get(&row.id).copied().unwrap_or(0);
    let what = || format!("{}: {kept} snapshots", row.name);
    if kept > 0 && row.properties.lifecycle == State::Uninstalled {
        say("absent means no snapshots", what());
    }
    // That of a change is written with its intent, and the oldest goes with its end.
    let most = match row.properties.lifecycle.kind() {
        StateKind::Updating | StateKind::RollingBack => 4,
        _ => 3,
    };
    if kept > most {
        say("no more snapshots than are kept", what());
    }
}

fn needs(seen: &Observed, row: &Instance, say: &mut Say<'_>) {
    let p = &row.properties;
    let needs = seen.connections.iter().filter(|it| {
        it.from == End::Thing(row.id)
            && it.connection_type == ConnectionType::from(PluginConnectionType::PluginDependsOn)
    });
    let needs: BTreeSet<End> = needs.map(|it| it.to).collect();
    let with = p.members.iter().map(|member| End::Thing(member.instance));
    let with: BTreeSet<End> = with.filter(|it| *it != End::Thing(row.id)).collect();
    let runs = matches!(p.lifecycle.kind(), StateKind::Active | StateKind::Executing);
    if !needs.is_subset(&with) || (runs && needs != with) {
        let what = format!("{} needs {needs:?} and runs with {with:?}", row.name);
        say("connected to what it runs with", what);
    }
}

fn level(state: Option<&BudgetState>) -> u64 {
    match state {
        Some(BudgetState::Level { used } | BudgetState::Quota { used, .. }) => *used,
        Some(BudgetState::Window { spent }) => spent.len() as u64,
        None => 0,
    }
}

fn counts(seen: &Observed, tally: &Tally, say: &mut Say<'_>) {
    let there = |row: &&Instance| {
        let state = row.properties.lifecycle.kind();
        state == StateKind::Installing
            || (row.properties.installed_at.is_some() && state != StateKind::Uninstalled)
    };
    let plugins = seen.rows.iter().filter(there).count() as u64;
    let counted = level(seen.plugins.as_ref());
    if plugins != counted {
        let what = format!("{plugins} there, {counted} counted");
        say("plugins are counted exactly", what);
    }
    let leases: u64 = seen
        .rows
        .iter()
        .map(|row| row.properties.executions.len() as u64)
        .sum();
    let places = level(seen.at_a_time.as_ref());
    if leases != places {
        let what = format!("{leases} under way, {places} places taken");
        say("places are counted exactly", what);
    }
    if let Some(BudgetState::Quota { since, used }) = &seen.daily {
        let begun = tally.days.get(since).copied().unwrap_or(0);
        if begun != *used {
            let what = format!("{begun} begun on {since}, {used} counted");
            say("executions are counted exactly", what);
        }
    }
}

fn runs(seen: &Observed, tally: &Tally, say: &mut Say<'_>) {
    let leased: BTreeSet<String> = seen
        .rows
        .iter()
        .flat_map(|row| row.properties.executions.keys())
        .map(ToString::to_string)
        .collect();
    for execution in tally.begun.keys() {
        let ended = tally.ended.get(execution).copied().unwrap_or(0);
        if ended > 1 {
            say(
                "an execution ends once",
                format!("{execution}: {ended} ends"),
            );
        }
        if ended == 0 && !leased.contains(execution) {
            say("no execution is lost", execution.clone());
        }
    }
    for (key, run) in &seen.runs {
        if run.times > 1 {
            say(
                "nothing is run twice",
                format!("{key}: {} times", run.times),
            );
        }
        let execution = key.as_str().strip_prefix("execution:").unwrap_or_default();
        let told = delivery(key).is_some_and(|told| tally.told.contains(&told));
        if !told && !tally.begun.contains_key(execution) {
            say("nothing is run unsaid", key.to_string());
        }
    }
}

/// Whom a run tells of what, if that is what it is.
fn delivery(key: &IdempotencyKey) -> Option<(String, u64)> {
    let mut parts = key.as_str().strip_prefix("delivery:")?.split(':');
    let subscription = parts.next()?.to_owned();
    let seq = parts.nth(1)?.parse().ok()?;
    Some((subscription, seq))
}

fn told(seen: &Observed, say: &mut Say<'_>) {
    for row in &seen.subscriptions {
        let wanted = &row.properties;
        let there = seen.rows.iter().find(|it| it.id == wanted.instance);
        let gone = there.is_none_or(|it| it.properties.lifecycle.kind() == StateKind::Uninstalled);
        if gone {
            say("nobody is told who is gone", row.name.clone());
        }
        let id = row.id.to_string();
        let ahead = |(to, seq): &(String, u64)| {
            let next = wanted.pending.as_ref().map_or(wanted.cursor, |it| it.seq);
            *to == id && *seq > next.get()
        };
        if let Some((_, seq)) = seen.runs.keys().filter_map(delivery).find(ahead) {
            let what = format!("event {seq} was told, and the row says {wanted:?}");
            say("told in order", what);
        }
    }
}
