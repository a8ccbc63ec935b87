//! Random walks: several hosts at once, any of which may die, and calls that arrive late.

use std::collections::BTreeSet;
use std::time::Duration;

use plugin_lifecycle::StateKind;

use super::command::Given;
use super::crash::Broken;
use super::fleet::{Ends, Fencing};
use super::gate::{Fate, Pace};
use super::invariants::{unfinished, unheeded, violations};
use super::random::Random;
use super::violation::Violation;
use super::world::{Host, World};

/// How many steps a world lives.
const LIFE: u64 = 500;
/// How many commands a host has under way at most.
const AT_ONCE: usize = 3;
/// How many hosts there are.
const HOSTS: usize = 3;

const COMMANDS: &[Given] = &[
    Given::Install,
    Given::RetryInstall,
    Given::Configure,
    Given::DestroySecret,
    Given::Activate,
    Given::Execute("WORK"),
    Given::Execute("FAIL"),
    Given::Execute("CRASH"),
    Given::Update,
    Given::Rollback,
    Given::Deactivate,
    Given::ActivateAll,
    Given::DeactivateAll,
    Given::UpdateAll,
    Given::Suspend,
    Given::Uninstall,
    Given::Grant,
    Given::Revoke,
    Given::ChangeAgent,
    Given::RetireAgent,
    Given::ExecuteFor("WORK"),
    Given::ExecuteFor("CRASH"),
    Given::Subscribe,
    Given::Happen,
    Given::Dispatch,
    Given::RevokeRelease,
    Given::Unrevoke,
    Given::Unrevoke,
    Given::Notice,
    Given::Recover,
];

/// What an operator may well do in a state, the likelier the oftener.
const fn likely(state: Option<StateKind>) -> &'static [Given] {
    match state {
        None => &[Given::Install],
        Some(StateKind::Active | StateKind::Executing) => &[
            Given::Execute("WORK"),
            Given::Execute("WORK"),
            Given::Execute("WORK"),
            Given::Execute("WORK"),
            Given::Execute("WORK"),
            Given::Execute("FAIL"),
            Given::Execute("FAIL"),
            Given::Execute("CRASH"),
            Given::ExecuteFor("WORK"),
            Given::ExecuteFor("WORK"),
            Given::ExecuteFor("WORK"),
            Given::ExecuteFor("FAIL"),
            Given::ExecuteFor("CRASH"),
            Given::Grant,
            Given::Grant,
            Given::Revoke,
            Given::ChangeAgent,
            Given::RetireAgent,
            Given::Subscribe,
            Given::Happen,
            Given::Dispatch,
            Given::Dispatch,
            Given::Notice,
            Given::Configure,
            Given::Configure,
            Given::DestroySecret,
            Given::Update,
            Given::Update,
            Given::Rollback,
            Given::Deactivate,
            Given::DeactivateAll,
            Given::UpdateAll,
            Given::Suspend,
            Given::Uninstall,
        ],
        Some(StateKind::Installed | StateKind::Suspended | StateKind::Error) => &[
            Given::Activate,
            Given::Activate,
            Given::Activate,
            Given::ActivateAll,
            Given::UpdateAll,
            Given::Grant,
            Given::Revoke,
            Given::RetireAgent,
            Given::Configure,
            Given::DestroySecret,
            Given::Update,
            Given::Rollback,
            Given::Deactivate,
            Given::Suspend,
            Given::Uninstall,
        ],
        Some(StateKind::Failed) => &[Given::RetryInstall, Given::Uninstall],
        Some(_) => &[
            Given::Recover,
            Given::Recover,
            Given::Revoke,
            Given::Suspend,
            Given::Uninstall,
            Given::Deactivate,
            Given::Activate,
        ],
    }
}

/// What a walk did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// How many steps.
    pub steps: u64,
    /// How many worlds.
    pub worlds: u64,
    /// How many commands ended well.
    pub done: u64,
    /// How many were refused.
    pub refused: u64,
    /// How many hosts died.
    pub crashes: u64,
    /// How many calls arrived late.
    pub late: u64,
    /// The rows of the transition table that it went through.
    pub rows: BTreeSet<String>,
}

/// Walks at random for so many steps; the same seed walks the same way, everywhere.
///
/// A step begins a command, lets one come to its next call, ends an execution, lets a host die,
/// time pass, or a late call arrive. After each that changed anything every invariant is checked.
/// After 500 steps every host dies and two new ones recover at once: nothing may be left.
///
/// # Errors
/// What did not hold, with the seed and everything that happened in that world.
pub fn walk(seed: u64, steps: u64, fencing: Fencing) -> Result<Walked, Broken> {
    let mut random = Random::new(seed);
    let mut walked = Walked::default();
    while walked.steps < steps {
        let of_world = random.next();
        let mut life = Life::new(of_world, fencing)?;
        let left = steps - walked.steps;
        let ended = life.live(&mut walked, LIFE.min(left));
        walked.worlds += 1;
        ended.map_err(|mut broken| {
            let from = format!("seed {seed}, world {} ({of_world})", walked.worlds);
            broken.trace.insert(0, from);
            broken
        })?;
    }
    Ok(walked)
}

/// One world, from its beginning to its end.
struct Life {
    world: World,
    hosts: Vec<Host>,
    random: Random,
    trace: Vec<String>,
}

impl Life {
    fn new(seed: u64, fencing: Fencing) -> Result<Self, Broken> {
        let world = World::new(fencing, Ends::WhenTold, Pace::Stepwise);
        let world = world.map_err(|error| Broken {
            what: vec![error],
            trace: Vec::new(),
        })?;
        let mut life = Self {
            world,
            hosts: Vec::new(),
            random: Random::new(seed),
            trace: Vec::new(),
        };
        for _ in 0..HOSTS {
            let host = life.world.host().map_err(|error| life.broken(error))?;
            life.hosts.push(host);
        }
        Ok(life)
    }

    fn broken(&self, what: impl Into<String>) -> Broken {
        Broken {
            what: vec![what.into()],
            trace: self.trace.clone(),
        }
    }

    fn live(&mut self, walked: &mut Walked, steps: u64) -> Result<(), Broken> {
        for _ in 0..steps {
            walked.steps += 1;
            self.step(walked)?;
            self.check()?;
        }
        self.end(walked)
    }

    fn step(&mut self, walked: &mut Walked) -> Result<(), Broken> {
        match self.random.below(100) {
            0..=9 => self.begin(),
            10..=82 => self.go_on(walked),
            83..=91 => self.finish_a_run(),
            92..=94 => self.pass(),
            95..=96 => self.plan_a_fate(),
            97 => self.crash(walked),
            98 => self.arrive(walked),
            _ => {
                self.trace.push("the next start fails".to_owned());
                self.world.fleet.refuse_next_start();
                Ok(())
            }
        }
    }

    fn begin(&mut self) -> Result<(), Broken> {
        let number = self.random.below(self.hosts.len());
        let instances = self.world.instances().map_err(|error| self.broken(error))?;
        let on = self.random.pick(&instances);
        let state = on.as_ref().map(|it| it.properties.lifecycle.kind());
        let given = match self.random.below(5) {
            0 => self.random.pick(COMMANDS),
            _ => self.random.pick(likely(state)),
        };
        let on = on.map(|instance| instance.id);
        let (Some(host), Some(given)) = (self.hosts.get_mut(number), given) else {
            return Ok(());
        };
        if host.tasks.len() >= AT_ONCE {
            return Ok(());
        }
        self.trace
            .push(format!("host {} begins {given}", host.number));
        let began = given.begin(&self.world, host, on);
        began.map_err(|error| self.broken(error))
    }

    fn go_on(&mut self, walked: &mut Walked) -> Result<(), Broken> {
        let mut able = Vec::new();
        for (number, host) in self.hosts.iter().enumerate() {
            able.extend(host.runnable().into_iter().map(|task| (number, task)));
        }
        let Some((number, task)) = self.random.pick(&able) else {
            return Ok(());
        };
        let Some(host) = self.hosts.get_mut(number) else {
            return Ok(());
        };
        let ended = host.poll(task);
        let (of, crashed) = (host.number, host.gate.has_crashed());
        for line in host.gate.take_trace() {
            self.trace.push(format!("host {of}: call {line}"));
        }
        if let Some((what, ended)) = ended {
            match &ended {
                Ok(()) => walked.done += 1,
                Err(_) => walked.refused += 1,
            }
            let how = ended.map_or_else(|error| error.to_string(), |()| "done".to_owned());
            self.trace.push(format!("host {of}: {what}: {how}"));
        }
        if crashed {
            self.replace(number, walked)?;
        }
        Ok(())
    }

    fn finish_a_run(&mut self) -> Result<(), Broken> {
        let under_way = self.world.fleet.under_way();
        if let Some(key) = self.random.pick(&under_way) {
            self.trace.push(format!("{key} ends"));
            self.world.fleet.finish(&key);
        }
        Ok(())
    }

    fn pass(&mut self) -> Result<(), Broken> {
        let seconds = self.random.pick(&[1, 30, 70, 100, 601]).unwrap_or(1);
        self.trace.push(format!("{seconds} s pass"));
        self.world.pass(Duration::from_secs(seconds));
        Ok(())
    }

    fn plan_a_fate(&mut self) -> Result<(), Broken> {
        let number = self.random.below(self.hosts.len());
        let nth = self.random.below(4) as u64 + 1;
        let fate = self.random.pick(Fate::ALL);
        if let (Some(host), Some(fate)) = (self.hosts.get(number), fate) {
            host.plan(nth, fate);
        }
        Ok(())
    }

    fn crash(&mut self, walked: &mut Walked) -> Result<(), Broken> {
        let number = self.random.below(self.hosts.len());
        self.replace(number, walked)
    }

    /// Lets a host die, and another one come.
    fn replace(&mut self, number: usize, walked: &mut Walked) -> Result<(), Broken> {
        let new = self.world.host().map_err(|error| self.broken(error))?;
        if let Some(host) = self.hosts.get_mut(number) {
            walked.crashes += 1;
            let line = format!("host {} dies, host {} comes", host.number, new.number);
            self.trace.push(line);
            *host = new;
        }
        Ok(())
    }

    fn arrive(&mut self, walked: &mut Walked) -> Result<(), Broken> {
        let number = self.random.below(self.world.network.waiting());
        if let Some((what, mut call)) = self.world.network.take(number) {
            walked.late += 1;
            self.trace.push(format!("late: {what}"));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let _answer = call.as_mut().poll(&mut context);
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), Broken> {
        let changed = self.world.has_changed();
        if !changed.map_err(|error| self.broken(error))? {
            return Ok(());
        }
        let seen = self.world.observe().map_err(|error| self.broken(error))?;
        self.judge(&violations(&seen))
    }

    fn judge(&self, found: &[Violation]) -> Result<(), Broken> {
        if found.is_empty() {
            return Ok(());
        }
        Err(Broken {
            what: found.iter().map(ToString::to_string).collect(),
            trace: self.trace.clone(),
        })
    }

    /// Everybody dies; what was sent arrives; two new hosts recover at once.
    fn end(&mut self, walked: &mut Walked) -> Result<(), Broken> {
        self.hosts.clear();
        while self.world.network.waiting() > 0 {
            self.arrive(walked)?;
            self.check()?;
        }
        for _ in 0..2 {
            let host = self.world.host().map_err(|error| self.broken(error))?;
            self.hosts.push(host);
        }
        for _ in 0..4 {
            self.all_give(&Given::Recover, walked)?;
        }
        self.all_give(&Given::Notice, walked)?;
        let seen = self.world.observe().map_err(|error| self.broken(error))?;
        let rows = seen
            .events
            .iter()
            .filter_map(|event| event.metadata.text("rule"));
        walked.rows.extend(rows.map(str::to_owned));
        self.judge(&unfinished(&seen))?;
        self.judge(&unheeded(&seen))
    }

    /// Every lease runs out, then all hosts give a command at once, until all have done it.
    fn all_give(&mut self, given: &Given, walked: &mut Walked) -> Result<(), Broken> {
        self.trace.push("every lease runs out".to_owned());
        self.world.pass_every_lease();
        for number in 0..self.hosts.len() {
            if let Some(host) = self.hosts.get_mut(number) {
                let began = given.begin(&self.world, host, None);
                began.map_err(|error| self.broken(error))?;
            }
        }
        while self.hosts.iter().any(|host| !host.runnable().is_empty()) {
            self.go_on(walked)?;
            self.check()?;
        }
        Ok(())
    }
}
