//! How the demo talks.

use std::cell::RefCell;

use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;

/// Numbered steps, plain words, and claims that are checked.
#[derive(Debug)]
pub(crate) struct Show<'a> {
    output: &'a Output,
    steps: RefCell<Vec<Step>>,
}

/// A step, as machines are told it.
#[derive(Debug, Serialize)]
struct Step {
    title: String,
    said: Vec<String>,
}

impl<'a> Show<'a> {
    pub(crate) const fn new(output: &'a Output) -> Self {
        Self {
            output,
            steps: RefCell::new(Vec::new()),
        }
    }

    /// Begins a step.
    pub(crate) fn step(&self, title: &str) {
        let mut steps = self.steps.borrow_mut();
        steps.push(Step {
            title: title.to_owned(),
            said: Vec::new(),
        });
        self.output.note(&format!("\n{:>2}. {title}", steps.len()));
    }

    /// Says something within a step.
    pub(crate) fn say(&self, text: &str) {
        for line in text.lines() {
            self.output.note(&format!("    {line}"));
            if let Some(step) = self.steps.borrow_mut().last_mut() {
                step.said.push(line.trim_end().to_owned());
            }
        }
    }

    /// Says something outside any step.
    pub(crate) fn line(&self, text: &str) {
        self.output.note(text);
    }

    /// Goes on only if what the demo claims is so.
    pub(crate) fn claim(&self, holds: bool, claim: &str) -> Result<(), Failure> {
        if holds {
            return Ok(());
        }
        let message = format!(
            "step {}: {claim}: that is not so",
            self.steps.borrow().len()
        );
        Err(Failure::new("DemoFailed", message))
    }

    /// Tells machines, who were told nothing on the way, all of it.
    pub(crate) fn end(&self) {
        self.output.tell_machines(&*self.steps.borrow());
    }
}
