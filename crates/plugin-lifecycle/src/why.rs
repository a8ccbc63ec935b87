//! Why an instance is where it is, in a sentence.

use one_ontology::Timestamp;

use crate::manager::held_for;
use crate::{After, CommandKind, Interrupted, PluginInstance, State, WayOut};

/// How many notices are told.
const NOTICES: usize = 3;

/// Why an instance is where it is: who brought it there, what it waits for, what would move it.
/// `who` names whoever gave the last command ([`PluginInstance::moved`]).
#[must_use]
pub fn why(instance: &PluginInstance, who: &str, now: Timestamp) -> String {
    let mut sentence = state_in_words(instance, who, now);
    let notices = instance.notices.iter().map(ToString::to_string);
    let untold = notices.filter(|text| instance.reason.as_ref() != Some(text));
    let untold: Vec<String> = untold.collect();
    for notice in untold.iter().take(NOTICES) {
        sentence.push_str(&format!("; {notice}"));
    }
    let more = untold.len().saturating_sub(NOTICES);
    if more > 0 {
        sentence.push_str(&format!("; {more} more notices"));
    }
    if !instance.secrets_unsure.is_empty() {
        let names: Vec<&str> = instance.secrets_unsure.iter().map(String::as_str).collect();
        sentence.push_str("; nobody knows whether the vault took ");
        sentence.push_str(&names.join(", "));
        sentence.push_str(": set it again");
    }
    sentence.push('.');
    sentence
}

fn state_in_words(instance: &PluginInstance, who: &str, now: Timestamp) -> String {
    let reason = instance
        .reason
        .as_deref()
        .map_or_else(String::new, |reason| format!(": {reason}"));
    let host = host_in_words(instance, now);
    match instance.lifecycle {
        State::Discovered => "It is in the catalog and not here; `install` brings it".to_owned(),
        State::Installing => format!(
            "{who} asked to install it, and its packages are being fetched; {host}; `uninstall` gives it up"
        ),
        State::Installed => {
            let how = match command(instance) {
                Some(CommandKind::Deactivate) => format!("{who} stopped it"),
                Some(change @ (CommandKind::Update | CommandKind::Rollback)) => {
                    changed(change, who, &reason)
                }
                _ => format!("{who} installed it"),
            };
            format!(
                "{how}, and nobody has started it since; {}",
                start(instance)
            )
        }
        State::Activating => format!(
            "{who} asked to start it, and its runtime is starting; {host}; `suspend` gives that up"
        ),
        State::Active => {
            let how = match command(instance) {
                Some(change @ (CommandKind::Update | CommandKind::Rollback)) => {
                    changed(change, who, &reason)
                }
                _ => format!("{who} started it"),
            };
            match instance.breaker.until() {
                Some(until) if until > now => format!(
                    "{how}, and it failed too often in a row: it is used again from {until} on, or once it is configured"
                ),
                _ => format!(
                    "{how}, and it waits for somebody to use it; `execute` does, `deactivate` stops it"
                ),
            }
        }
        State::Executing { in_flight } => format!(
            "{who} started it, and it is at work: {}; `deactivate` stops it",
            executions(instance, in_flight)
        ),
        State::Deactivating { then, in_flight } => {
            let what = match (then, command(instance)) {
                (After::Installed, _) => format!("{who} asked to stop it"),
                (After::Suspended, Some(CommandKind::EndExecution)) => {
                    format!("It had too many errors{reason}")
                }
                (After::Suspended, _) => format!("{who} suspended it{reason}"),
                (After::Uninstalling, _) => format!("{who} asked to remove it"),
            };
            let left = if in_flight == 0 {
                "its runtime is being stopped".to_owned()
            } else {
                executions(instance, in_flight)
            };
            format!("{what}; {left}; {host}")
        }
        State::Suspended => match command(instance) {
            Some(CommandKind::EndExecution) => {
                format!(
                    "It was suspended for its errors{reason}; {}",
                    start(instance)
                )
            }
            _ => format!("{who} suspended it{reason}; {}", start(instance)),
        },
        State::Error => format!(
            "Its runtime failed{reason}; `activate` tries again, `deactivate` leaves it installed"
        ),
        State::Failed { operation } => match operation {
            Interrupted::Install => format!(
                "{who} asked to install it, and that failed{reason}; `retry` tries again, `uninstall` clears it away"
            ),
            Interrupted::Uninstall => format!(
                "{who} asked to remove it, and that failed{reason}; `uninstall` tries again"
            ),
        },
        State::Updating { .. } => {
            format!("{who} asked for another version, and it is being changed; {host}")
        }
        State::RollingBack { .. } => {
            format!("Its version is being changed back{reason}; {host}")
        }
        State::Uninstalling => {
            format!("{who} asked to remove it, and what it had here is being cleared away; {host}")
        }
        State::Uninstalled => {
            format!("{who} removed it, and its trail stays; `install` brings a new one")
        }
    }
}

/// What came of another version that was asked for.
fn changed(change: CommandKind, who: &str, reason: &str) -> String {
    match change {
        CommandKind::Update if !reason.is_empty() => format!(
            "{who} asked for another version, which did not come to run{reason}; it is the one of before"
        ),
        _ => format!("{who} changed its version"),
    }
}

/// What would start it.
fn start(instance: &PluginInstance) -> String {
    let way_out = held_for(instance).map(|notice| WayOut::of(instance, notice));
    match (way_out, instance.lifecycle) {
        (None, State::Suspended) => "`resume` starts it again".to_owned(),
        (None, _) => "`activate` starts it".to_owned(),
        (Some(way_out), State::Suspended) => {
            format!("it is not started while that stands: `deactivate` it, then {way_out}")
        }
        (Some(WayOut::AnotherVersion), _) => {
            "it is not started before it is another version: `update` it".to_owned()
        }
        (Some(way_out), _) => format!("it is not started while that stands: {way_out}"),
    }
}

fn command(instance: &PluginInstance) -> Option<CommandKind> {
    instance.moved.as_ref().map(|moved| moved.command)
}

/// Who has to move, and until when.
fn host_in_words(instance: &PluginInstance, now: Timestamp) -> String {
    match &instance.operation {
        Some(operation) if operation.lease_until > now => {
            format!("its host has until {}", operation.lease_until)
        }
        Some(operation) => format!(
            "its host has been silent since {}, and `recover` goes on with it",
            operation.lease_until
        ),
        None => "nobody is at work on it, and `recover` goes on with it".to_owned(),
    }
}

fn executions(instance: &PluginInstance, in_flight: u32) -> String {
    let last = instance.executions.values().map(|it| it.lease_until).max();
    let count = match in_flight {
        1 => "1 execution is under way".to_owned(),
        many => format!("{many} executions are under way"),
    };
    last.map_or(count.clone(), |last| {
        format!("{count}, until {last} at the latest")
    })
}
