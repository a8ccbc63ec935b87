//! What an organisation's plugins are expected to do: a page that shares no line with the platform.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

/// A plugin of the model. `Main` in its first version needs `Needed`, in its second nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plugin {
    Main,
    Needed,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Owner,
    User,
    /// The owner of another organisation.
    Stranger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    Installed,
    Active,
    Suspended,
    Error,
}

/// What the plugin's code does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    Succeed,
    Refuse,
    Fail,
    Crash,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Starts {
    Well,
    Badly,
}

#[derive(Clone, Debug)]
pub(super) enum Command {
    Install,
    Activate(Starts),
    Execute(Does),
    /// The parameter `SIZE`; none is a text, where a number is wanted.
    Configure(Option<i64>),
    Update(Starts),
    Rollback(Starts),
    Deactivate,
    Suspend,
    Uninstall,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) who: Who,
    pub(super) plugin: Plugin,
    pub(super) command: Command,
}

/// An installed plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) rest: Rest,
    /// The second version, not the first.
    pub(super) version: usize,
    pub(super) size: Option<i64>,
    pub(super) in_a_row: u32,
    /// Version and size of before each update, the last last.
    kept: Vec<(usize, Option<i64>)>,
}

/// An organisation, and what its last command is expected to come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) rows: BTreeMap<Plugin, Row>,
    /// What the other organisation has installed.
    theirs: BTreeSet<Plugin>,
    /// How often code of plugins has run.
    pub(super) runs: u32,
    /// The tag of the last refusal; none where it was done.
    pub(super) refused: Option<&'static str>,
}

/// After so many errors in a row a plugin is suspended.
pub(super) const ERRORS: u32 = 3;
/// So many versions are kept.
const KEPT: usize = 3;

impl Model {
    /// Whether `Needed` is needed by what is installed, and how that is.
    fn dependent(&self, plugin: Plugin) -> Option<Rest> {
        let main = self.rows.get(&Plugin::Main);
        let needs = main.filter(|main| plugin == Plugin::Needed && main.version == 0);
        needs.map(|main| main.rest)
    }

    /// What a command comes to, and what it leaves.
    fn decide(&mut self, step: &Step) -> Result<(), &'static str> {
        let plugin = step.plugin;
        if let Command::Install = step.command {
            return self.install(step);
        }
        if step.who == Who::Stranger {
            return Err("InstanceNotFound");
        }
        let owners_only = !matches!(
            step.command,
            Command::Activate(_) | Command::Execute(_) | Command::Deactivate
        );
        if owners_only && step.who == Who::User {
            return Err("OperationDenied");
        }
        let dependent = self.dependent(plugin);
        let needed_is_there = self.rows.contains_key(&Plugin::Needed);
        let Some(row) = self.rows.get_mut(&plugin) else {
            return Err("InstanceNotFound");
        };
        let stopped = |rest| matches!(rest, Rest::Suspended | Rest::Error);
        match &step.command {
            Command::Install => {}
            Command::Activate(_) if row.rest == Rest::Active => return Err("CommandRefused"),
            Command::Activate(Starts::Badly) => {
                row.rest = Rest::Error;
                return Err("PluginStartFailed");
            }
            Command::Activate(Starts::Well) => row.rest = Rest::Active,
            Command::Execute(_) if row.rest != Rest::Active => return Err("PluginNotActive"),
            Command::Execute(does) => {
                self.runs += 1;
                match does {
                    Does::Succeed | Does::Refuse => row.in_a_row = 0,
                    Does::Crash => {
                        row.in_a_row += 1;
                        row.rest = Rest::Error;
                    }
                    Does::Fail => {
                        row.in_a_row += 1;
                        if row.in_a_row >= ERRORS {
                            row.rest = Rest::Suspended;
                        }
                    }
                }
            }
            Command::Configure(None) => return Err("InvalidSettings"),
            Command::Configure(size) => row.size = *size,
            Command::Update(_) if plugin == Plugin::Needed => return Err("AlreadyInstalled"),
            Command::Update(starts) => {
                if row.version == 1 && !needed_is_there {
                    return Err("UpdateNeedsOthers");
                }
                if stopped(row.rest) {
                    return Err("CommandRefused");
                }
                row.in_a_row = 0;
                if row.rest == Rest::Active && *starts == Starts::Badly {
                    return Err("UpdateRolledBack");
                }
                row.kept.push((row.version, row.size));
                let surplus = row.kept.len().saturating_sub(KEPT);
                row.kept.drain(..surplus);
                row.version = 1 - row.version;
            }
            Command::Rollback(starts) => {
                let Some((version, size)) = row.kept.last().copied() else {
                    return Err("NoSnapshot");
                };
                if version == 0 && !needed_is_there {
                    return Err("PlanOutdated");
                }
                if stopped(row.rest) {
                    return Err("CommandRefused");
                }
                row.kept.pop();
                (row.version, row.size) = (version, size);
                if row.rest == Rest::Active && *starts == Starts::Badly {
                    row.rest = Rest::Error;
                    return Err("RollbackFailed");
                }
                row.in_a_row = 0;
            }
            Command::Deactivate if dependent == Some(Rest::Active) => return Err("HasDependents"),
            Command::Deactivate if row.rest == Rest::Installed => return Err("CommandRefused"),
            Command::Deactivate => row.rest = Rest::Installed,
            Command::Suspend if !matches!(row.rest, Rest::Active | Rest::Error) => {
                return Err("CommandRefused");
            }
            Command::Suspend => row.rest = Rest::Suspended,
            Command::Uninstall if dependent.is_some() => return Err("HasDependents"),
            Command::Uninstall => drop(self.rows.remove(&plugin)),
        }
        Ok(())
    }

    fn install(&mut self, step: &Step) -> Result<(), &'static str> {
        match step.who {
            Who::Stranger if self.theirs.contains(&step.plugin) => return Err("AlreadyInstalled"),
            Who::Stranger => {
                self.theirs.extend([step.plugin, Plugin::Needed]);
                return Ok(());
            }
            Who::User => return Err("OperationDenied"),
            Who::Owner => {}
        }
        if self.rows.contains_key(&step.plugin) {
            return Err("AlreadyInstalled");
        }
        let new = || Row {
            rest: Rest::Installed,
            version: 0,
            size: None,
            in_a_row: 0,
            kept: Vec::new(),
        };
        if step.plugin == Plugin::Main {
            self.rows.entry(Plugin::Needed).or_insert_with(new);
        }
        self.rows.insert(step.plugin, new());
        Ok(())
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let who =
            prop_oneof![6 => Just(Who::Owner), 2 => Just(Who::User), 1 => Just(Who::Stranger)];
        let plugin = prop_oneof![3 => Just(Plugin::Main), 1 => Just(Plugin::Needed)];
        let does = prop_oneof![
            3 => Just(Does::Succeed),
            1 => Just(Does::Refuse),
            4 => Just(Does::Fail),
            1 => Just(Does::Crash),
        ];
        let starts = || prop_oneof![4 => Just(Starts::Well), 1 => Just(Starts::Badly)];
        let command = prop_oneof![
            3 => Just(Command::Install),
            4 => starts().prop_map(Command::Activate),
            6 => does.prop_map(Command::Execute),
            2 => proptest::option::weighted(0.8, 0_i64..9).prop_map(Command::Configure),
            3 => starts().prop_map(Command::Update),
            2 => starts().prop_map(Command::Rollback),
            2 => Just(Command::Deactivate),
            1 => Just(Command::Suspend),
            1 => Just(Command::Uninstall),
        ];
        (who, plugin, command)
            .prop_map(|(who, plugin, command)| Step {
                who,
                plugin,
                command,
            })
            .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        state.refused = state.decide(step).err();
        state
    }
}
