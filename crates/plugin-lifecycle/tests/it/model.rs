//! A model of the machine that does not call it, and a model of hosts, messages and fences.

use std::collections::{BTreeMap, BTreeSet};

use plugin_lifecycle::{Command, ExecutionEnd, LostOutcome, State, transition};

/// How many executions are under way at most.
const IN_FLIGHT: u32 = 2;

/// From, command, to.
type Arrow = (String, String, String);

/// The arrows that have nothing to do with executions, as the published table has them.
const PLAIN: &str = "
DISCOVERED install INSTALLING
DISCOVERED validation_failed FAILED:install
UNINSTALLED install INSTALLING
FAILED:install retry INSTALLING
FAILED:install uninstall UNINSTALLING
FAILED:uninstall uninstall UNINSTALLING
INSTALLING step_ok INSTALLED
INSTALLING step_failed FAILED:install
INSTALLING lease_expired INSTALLING
INSTALLING cancel UNINSTALLING
INSTALLED activate ACTIVATING
INSTALLED update UPDATING:installed
INSTALLED rollback ROLLING_BACK:installed
INSTALLED uninstall UNINSTALLING
INSTALLED configure INSTALLED
ACTIVATING step_ok ACTIVE
ACTIVATING step_failed ERROR
ACTIVATING lease_expired ACTIVATING
ACTIVATING suspend DEACTIVATING:suspended:0
ACTIVE update UPDATING:active
ACTIVE rollback ROLLING_BACK:active
ACTIVE configure ACTIVE
SUSPENDED resume ACTIVATING
SUSPENDED deactivate INSTALLED
SUSPENDED uninstall UNINSTALLING
SUSPENDED configure SUSPENDED
ERROR retry ACTIVATING
ERROR suspend SUSPENDED
ERROR deactivate INSTALLED
ERROR uninstall UNINSTALLING
ERROR configure ERROR
UPDATING:installed step_ok INSTALLED
UPDATING:active step_ok ACTIVE
UPDATING:installed step_failed ROLLING_BACK:installed
UPDATING:active step_failed ROLLING_BACK:active
UPDATING:installed lease_expired UPDATING:installed
UPDATING:active lease_expired UPDATING:active
ROLLING_BACK:installed step_ok INSTALLED
ROLLING_BACK:active step_ok ACTIVE
ROLLING_BACK:installed step_failed ERROR
ROLLING_BACK:active step_failed ERROR
ROLLING_BACK:installed lease_expired ROLLING_BACK:installed
ROLLING_BACK:active lease_expired ROLLING_BACK:active
UNINSTALLING step_ok UNINSTALLED
UNINSTALLING step_failed FAILED:uninstall
UNINSTALLING lease_expired UNINSTALLING
";

fn running(in_flight: u32) -> String {
    match in_flight {
        0 => "ACTIVE".to_owned(),
        n => format!("EXECUTING:{n}"),
    }
}

fn stopping(then: &str, in_flight: u32) -> String {
    format!("DEACTIVATING:{then}:{in_flight}")
}

/// Every arrow of the model.
fn model() -> BTreeSet<Arrow> {
    let mut arrows = BTreeSet::new();
    let mut add = |from: String, command: &str, to: String| {
        arrows.insert((from, command.to_owned(), to));
    };
    for line in PLAIN.trim().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        add(words[0].to_owned(), words[1], words[2].to_owned());
    }
    let stops = [
        ("deactivate", "installed", "INSTALLED"),
        ("suspend", "suspended", "SUSPENDED"),
        ("uninstall", "uninstalling", "UNINSTALLING"),
    ];
    for n in 0..=IN_FLIGHT {
        if n < IN_FLIGHT {
            add(running(n), "begin_execution", running(n + 1));
        }
        add(running(n), "runtime_crashed", "ERROR".to_owned());
        for (command, then, rest) in stops {
            add(running(n), command, stopping(then, n));
            add(stopping(then, n), "lease_expired", stopping(then, n));
            add(stopping(then, n), "step_failed", "ERROR".to_owned());
            match n {
                0 => add(stopping(then, 0), "step_ok", rest.to_owned()),
                n => add(
                    stopping(then, n),
                    "an execution ends",
                    stopping(then, n - 1),
                ),
            }
        }
        if n > 0 {
            for end in ["end_execution:ok", "end_execution:err"] {
                add(running(n), end, running(n - 1));
            }
            for lost in ["lease_expired:known", "lease_expired:unknown"] {
                add(running(n), lost, running(n - 1));
            }
            let suspended = stopping("suspended", n - 1);
            add(running(n), "end_execution:err_at_limit", suspended);
        }
    }
    arrows
}

fn reachable(arrows: &BTreeSet<Arrow>) -> (BTreeSet<String>, BTreeSet<Arrow>) {
    let mut seen = BTreeSet::new();
    let mut open = vec!["DISCOVERED".to_owned()];
    while let Some(state) = open.pop() {
        if seen.insert(state.clone()) {
            let out = arrows.iter().filter(|(from, _, _)| *from == state);
            open.extend(out.map(|(_, _, to)| to.clone()));
        }
    }
    let taken = arrows.iter().filter(|(from, _, _)| seen.contains(from));
    let taken = taken.cloned().collect();
    (seen, taken)
}

/// A state of the code as the table writes it.
fn written(state: State) -> String {
    let kind = state.kind();
    match serde_json::to_value(state).unwrap() {
        serde_json::Value::Object(fields) => {
            let text = |name: &str| {
                fields.get(name).map(|value| match value {
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                })
            };
            let details = ["then", "operation", "ran", "in_flight"];
            let details = details.iter().filter_map(|name| text(name));
            let parts: Vec<String> = std::iter::once(kind.to_string()).chain(details).collect();
            parts.join(":")
        }
        _ => kind.to_string(),
    }
}

fn commands() -> Vec<(Command, &'static str)> {
    use Command as C;
    vec![
        (C::Install, "install"),
        (C::ValidationFailed, "validation_failed"),
        (C::Retry, "retry"),
        (C::StepOk, "step_ok"),
        (C::StepFailed, "step_failed"),
        (C::LeaseExpired(LostOutcome::Known), "lease_expired:known"),
        (
            C::LeaseExpired(LostOutcome::Unknown),
            "lease_expired:unknown",
        ),
        (C::Cancel, "cancel"),
        (C::Activate, "activate"),
        (C::Suspend, "suspend"),
        (C::BeginExecution, "begin_execution"),
        (C::EndExecution(ExecutionEnd::Ok), "end_execution:ok"),
        (C::EndExecution(ExecutionEnd::Err), "end_execution:err"),
        (
            C::EndExecution(ExecutionEnd::ErrAtLimit),
            "end_execution:err_at_limit",
        ),
        (C::Deactivate, "deactivate"),
        (C::Resume, "resume"),
        (C::RuntimeCrashed, "runtime_crashed"),
        (C::Update, "update"),
        (C::Rollback, "rollback"),
        (C::Uninstall, "uninstall"),
        (C::Configure, "configure"),
    ]
}

/// The arrows of the code, from what it does.
fn of_the_code() -> (BTreeSet<String>, BTreeSet<Arrow>) {
    let mut seen = BTreeMap::new();
    let mut arrows = BTreeSet::new();
    let mut open = vec![State::Discovered];
    while let Some(state) = open.pop() {
        if seen.insert(written(state), state).is_some() {
            continue;
        }
        let mut go = |label: String, to: State| {
            if to.in_flight() <= IN_FLIGHT {
                arrows.insert((written(state), label, written(to)));
                open.push(to);
            }
        };
        for (command, label) in commands() {
            if let Ok(step) = transition(state, command) {
                let executing = matches!(state, State::Executing { .. });
                let detailed = executing && label.contains(':');
                let label = if detailed {
                    label
                } else {
                    label.split(':').next().unwrap()
                };
                go(label.to_owned(), step.to);
            }
        }
        if matches!(state, State::Deactivating { .. }) && state.in_flight() > 0 {
            go("an execution ends".to_owned(), state.drained_by_one());
        }
    }
    (seen.into_keys().collect(), arrows)
}

#[test]
fn what_the_code_can_reach_is_what_the_model_can() {
    let (states, arrows) = reachable(&model());
    let (code_states, code_arrows) = of_the_code();
    let missing: Vec<_> = arrows.difference(&code_arrows).collect();
    let extra: Vec<_> = code_arrows.difference(&arrows).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{missing:#?} {extra:#?}"
    );
    assert_eq!(states, code_states);
    assert_eq!((states.len(), arrows.len()), (26, 97));
}

/// What a host asks of the executor; it may arrive at any time, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Start,
    Stop,
}

/// A row, an executor, and what is on its way between them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Platform {
    /// Where the row is: `true` where it is on its way there.
    active: bool,
    under_way: bool,
    fence: u8,
    /// The highest fence that the executor has seen, and what runs.
    seen: u8,
    running: Option<u8>,
    sent: BTreeSet<(Asked, u8)>,
    /// Answers that have not been read: which fence, which asked.
    answered: BTreeSet<(Asked, u8)>,
}

impl Platform {
    fn successors(&self, fencing: bool, most: u8) -> Vec<Self> {
        let mut next = Vec::new();
        // A command, or another host that takes one over: a new fence, and what is asked is sent.
        let mut begin = |active: bool| {
            let mut it = self.clone();
            it.active = active;
            it.under_way = true;
            it.fence += 1;
            let asked = if active { Asked::Start } else { Asked::Stop };
            it.sent.insert((asked, it.fence));
            next.push(it);
        };
        if self.fence < most {
            begin(if self.under_way {
                self.active
            } else {
                !self.active
            });
        }
        for (asked, fence) in &self.sent {
            let mut it = self.clone();
            it.sent.remove(&(*asked, *fence));
            // It is lost with its host.
            next.push(it.clone());
            if fencing && *fence < it.seen {
                next.push(it);
                continue;
            }
            it.seen = it.seen.max(*fence);
            it.running = match asked {
                Asked::Start => Some(*fence),
                Asked::Stop => None,
            };
            it.answered.insert((*asked, *fence));
            next.push(it);
        }
        for (asked, fence) in &self.answered {
            let mut it = self.clone();
            it.answered.remove(&(*asked, *fence));
            // Whoever was overtaken writes nothing.
            if it.under_way && it.fence == *fence {
                it.under_way = false;
            }
            next.push(it);
        }
        next
    }

    fn is_wrong(&self) -> bool {
        !self.active && !self.under_way && self.running.is_some()
    }
}

fn search(fencing: bool) -> (usize, usize) {
    let start = Platform {
        active: false,
        under_way: false,
        fence: 0,
        seen: 0,
        running: None,
        sent: BTreeSet::new(),
        answered: BTreeSet::new(),
    };
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    let mut wrong = 0;
    while let Some(state) = open.pop() {
        if seen.contains(&state) {
            continue;
        }
        wrong += usize::from(state.is_wrong());
        open.extend(state.successors(fencing, 4));
        seen.insert(state);
    }
    (seen.len(), wrong)
}

#[test]
fn with_fences_nothing_runs_that_is_stopped_and_without_them_it_does() {
    let (states, wrong) = search(true);
    assert!(states > 100, "{states}");
    assert_eq!(wrong, 0);
    let (_, wrong) = search(false);
    assert!(wrong > 0);
}
