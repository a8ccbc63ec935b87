//! Every crash at every call of a command.

use std::fmt;

use super::command::Given;
use super::fleet::{Ends, Fencing};
use super::gate::{Fate, Pace};
use super::invariants::{unfinished, unheeded, untold, violations};
use super::world::{Host, World};

/// A command, after others that went well.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What has happened before.
    pub before: Vec<Given>,
    /// What another host has under way meanwhile, which goes on when nothing else does.
    pub beside: Vec<Given>,
    /// What is interrupted.
    pub command: Given,
    /// What is done when that has been recovered, before what the dead had sent arrives.
    pub after: Vec<Given>,
}

impl Scenario {
    /// A command after others.
    #[must_use]
    pub fn new(before: &[Given], command: Given) -> Self {
        Self {
            before: before.to_vec(),
            beside: Vec::new(),
            command,
            after: Vec::new(),
        }
    }

    /// The same, while another host has a command under way.
    #[must_use]
    pub fn during(mut self, given: Given) -> Self {
        self.beside.push(given);
        self
    }

    /// The same, with a command that is given when it has been recovered.
    #[must_use]
    pub fn then(mut self, given: Given) -> Self {
        self.after.push(given);
        self
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before: Vec<String> = self.before.iter().map(ToString::to_string).collect();
        write!(f, "{} after [{}]", self.command, before.join(", "))?;
        if !self.beside.is_empty() {
            let beside: Vec<String> = self.beside.iter().map(ToString::to_string).collect();
            write!(f, " during [{}]", beside.join(", "))?;
        }
        Ok(())
    }
}

/// What did not hold, and how it came to that.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What did not hold.
    pub what: Vec<String>,
    /// Everything that happened, in order.
    pub trace: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.what.join("\n"))?;
        write!(f, "after:\n  {}", self.trace.join("\n  "))
    }
}

/// One run of a scenario.
struct Trial {
    world: World,
    /// The host that has something under way.
    other: Option<Host>,
    trace: Vec<String>,
}

type Outcome = Result<(), Broken>;

impl Trial {
    /// A world as it is when the command of a scenario is given.
    fn of(scenario: &Scenario, fencing: Fencing) -> Result<Self, Broken> {
        let ends = if scenario.beside.is_empty() {
            Ends::AtOnce
        } else {
            Ends::WhenTold
        };
        let trace = Vec::new();
        let mut trial = match World::new(fencing, ends, Pace::Stepwise) {
            Ok(world) => Self {
                world,
                other: None,
                trace,
            },
            Err(error) => {
                return Err(Broken {
                    what: vec![error],
                    trace,
                });
            }
        };
        trial.prepare(&scenario.before)?;
        if !scenario.beside.is_empty() {
            trial.begin_beside(&scenario.beside)?;
        }
        Ok(trial)
    }

    /// Lets another host begin what it has under way, as far as that comes by itself.
    fn begin_beside(&mut self, given: &[Given]) -> Outcome {
        let mut other = self.host()?;
        for given in given {
            let began = given.begin(&self.world, &mut other, None);
            began.map_err(|error| self.broken(error))?;
            self.trace.push(format!("host {}: {given}", other.number));
            self.go_on(&mut other)?;
        }
        self.other = Some(other);
        Ok(())
    }

    /// Lets a host do all that waits for nobody.
    fn go_on(&mut self, host: &mut Host) -> Outcome {
        while let Some(task) = host.runnable().first() {
            let ended = host.poll(*task);
            for line in host.gate.take_trace() {
                self.trace
                    .push(format!("  host {}: call {line}", host.number));
            }
            if let Some((what, ended)) = ended {
                let how = ended.map_or_else(|error| error.to_string(), |()| "done".to_owned());
                self.trace.push(format!("  {what}: {how}"));
            }
            self.check()?;
        }
        Ok(())
    }

    /// Lets what is under way end, and what waits for it go on; gives whether anything was.
    fn let_end(&mut self) -> Result<bool, Broken> {
        let under_way = self.world.fleet.under_way();
        for key in &under_way {
            self.trace.push(format!("{key} ends"));
            self.world.fleet.finish(key);
            self.check()?;
        }
        if let Some(mut other) = self.other.take() {
            self.go_on(&mut other)?;
            self.other = Some(other);
        }
        Ok(!under_way.is_empty())
    }

    fn broken(&self, what: impl Into<String>) -> Broken {
        Broken {
            what: vec![what.into()],
            trace: self.trace.clone(),
        }
    }

    fn host(&mut self) -> Result<Host, Broken> {
        let host = self.world.host();
        host.map_err(|error| self.broken(error))
    }

    /// Runs a command on a host until it ends or its host dies; gives whether it ended well.
    fn run(&mut self, host: &mut Host, given: &Given) -> Result<bool, Broken> {
        let began = given.begin(&self.world, host, None);
        began.map_err(|error| self.broken(error))?;
        self.trace.push(format!("host {}: {given}", host.number));
        loop {
            let ended = host.poll(0);
            for line in host.gate.take_trace() {
                self.trace
                    .push(format!("  host {}: call {line}", host.number));
            }
            self.check()?;
            if host.gate.has_crashed() {
                host.tasks.clear();
                self.trace.push(format!("host {} is dead", host.number));
                return Ok(false);
            }
            match ended {
                Some((_, Ok(()))) => return Ok(true),
                Some((_, Err(error))) => {
                    self.trace.push(format!("  refused: {error}"));
                    return Ok(false);
                }
                None if host.runnable().is_empty() => self.let_go_on(host)?,
                None => {}
            }
        }
    }

    /// Checks everything, if anything has happened.
    fn check(&mut self) -> Outcome {
        let changed = self.world.has_changed();
        if !changed.map_err(|error| self.broken(error))? {
            return Ok(());
        }
        let seen = self.world.observe().map_err(|error| self.broken(error))?;
        let found = violations(&seen);
        self.judge(found)
    }

    fn judge(&self, found: Vec<super::violation::Violation>) -> Outcome {
        if found.is_empty() {
            return Ok(());
        }
        Err(Broken {
            what: found.iter().map(ToString::to_string).collect(),
            trace: self.trace.clone(),
        })
    }

    /// Lets what was sent by the dead arrive.
    fn deliver(&mut self) -> Outcome {
        while let Some((what, mut call)) = self.world.network.take(0) {
            self.trace.push(format!("late: {what}"));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let _answer = call.as_mut().poll(&mut context);
            self.check()?;
        }
        Ok(())
    }

    /// Everybody is dead, every lease has run out: a new host recovers, and nothing is left.
    fn settle(&mut self) -> Outcome {
        self.end_beside()?;
        self.world.pass_every_lease();
        let mut host = self.host()?;
        for _ in 0..3 {
            if !self.run(&mut host, &Given::Recover)? {
                return Err(self.broken("recovery failed"));
            }
            if !self.run(&mut host, &Given::Dispatch)? {
                return Err(self.broken("a dispatch failed"));
            }
            self.world.pass_every_lease();
        }
        let seen = self.world.observe().map_err(|error| self.broken(error))?;
        self.judge(unfinished(&seen))?;
        self.judge(untold(&seen))?;
        if !self.run(&mut host, &Given::Notice)? {
            return Err(self.broken("notices could not be applied"));
        }
        let seen = self.world.observe().map_err(|error| self.broken(error))?;
        self.judge(unfinished(&seen))?;
        self.judge(unheeded(&seen))
    }

    /// Lets what a host waits for end; where there is nothing, nobody ever will.
    fn let_go_on(&mut self, host: &Host) -> Outcome {
        if !self.let_end()? && host.runnable().is_empty() {
            return Err(self.broken("a command waits for nothing"));
        }
        Ok(())
    }

    /// Lets what another host has under way come to its end, as far as it does; then that host dies, too.
    fn end_beside(&mut self) -> Outcome {
        while self.other.is_some() && self.let_end()? {}
        self.other = None;
        Ok(())
    }

    fn prepare(&mut self, before: &[Given]) -> Outcome {
        let mut host = self.host()?;
        for given in before {
            self.run(&mut host, given)?;
        }
        Ok(())
    }
}

/// Interrupts a scenario's command at each of its calls, with each of these fates, and recovers;
/// gives how many interruptions there were.
///
/// After each step every invariant is checked. What a dead host had sent arrives after the
/// recovery, as it would from a worker that comes back.
///
/// # Errors
/// What did not hold, with the trace.
pub fn interrupt_everywhere(
    scenario: &Scenario,
    fates: &[Fate],
    fencing: Fencing,
) -> Result<u64, Broken> {
    let mut interruptions = 0;
    for fate in fates {
        for nth in 1.. {
            let mut trial = Trial::of(scenario, fencing)?;
            let mut host = trial.host()?;
            host.plan(nth, *fate);
            trial.run(&mut host, &scenario.command)?;
            if host.gate.calls() < nth {
                break;
            }
            interruptions += 1;
            trial.settle()?;
            trial.prepare(&scenario.after)?;
            trial.deliver()?;
            trial.settle()?;
        }
    }
    Ok(interruptions)
}

/// As [`interrupt_everywhere`], and interrupts each recovery too, at each of its calls; gives how
/// many pairs there were.
///
/// # Errors
/// What did not hold, with the trace.
pub fn interrupt_in_pairs(scenario: &Scenario, fates: &[Fate]) -> Result<u64, Broken> {
    let mut pairs = 0;
    for fate in fates {
        'nth: for nth in 1.. {
            for second in fates {
                for mth in 1.. {
                    let mut trial = Trial::of(scenario, Fencing::On)?;
                    let mut host = trial.host()?;
                    host.plan(nth, *fate);
                    trial.run(&mut host, &scenario.command)?;
                    if host.gate.calls() < nth {
                        break 'nth;
                    }
                    trial.end_beside()?;
                    trial.world.pass_every_lease();
                    let mut other = trial.host()?;
                    other.plan(mth, *second);
                    trial.run(&mut other, &Given::Recover)?;
                    if other.gate.calls() < mth {
                        break;
                    }
                    pairs += 1;
                    trial.settle()?;
                    trial.prepare(&scenario.after)?;
                    trial.deliver()?;
                    trial.settle()?;
                }
            }
        }
    }
    Ok(pairs)
}
