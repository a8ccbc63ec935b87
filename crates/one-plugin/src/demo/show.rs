//! How the demo talks.

use std::cell::Cell;

use crate::failure::Failure;
use crate::output::Output;

/// Numbered steps, plain words, and claims that are checked.
#[derive(Debug)]
pub(crate) struct Show<'a> {
    output: &'a Output,
    step: Cell<u32>,
}

impl<'a> Show<'a> {
    pub(crate) const fn new(output: &'a Output) -> Self {
        Self {
            output,
            step: Cell::new(0),
        }
    }

    /// Begins a step.
    pub(crate) fn step(&self, title: &str) {
        self.step.set(self.step.get() + 1);
        self.output
            .note(&format!("\n{:>2}. {title}", self.step.get()));
    }

    /// Says something within a step.
    pub(crate) fn say(&self, text: &str) {
        for line in text.lines() {
            self.output.note(&format!("    {line}"));
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
        let message = format!("step {}: {claim}: that is not so", self.step.get());
        Err(Failure::new("DemoFailed", message))
    }
}
