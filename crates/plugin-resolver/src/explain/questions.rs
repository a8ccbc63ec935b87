//! Many questions about the same roots: what one of them showed is used for the next.

use crate::solve::greedy::{self, End};
use crate::solve::instance::Instance;
use crate::solve::solver::{self, Outcome};

/// Whether some roots of an instance can be met, for one set of them after the other.
pub(super) struct Questions<'a, 'b> {
    instance: &'b Instance<'a>,
    budget: &'b mut u64,
    /// By package, what the last answer selects of it; most of it mostly holds for the next question.
    near: Vec<Option<u32>>,
}

impl<'a, 'b> Questions<'a, 'b> {
    /// `near` is, by package, what may well be selected of it; empty if nothing is known.
    pub(super) fn new(
        instance: &'b Instance<'a>,
        budget: &'b mut u64,
        near: Vec<Option<u32>>,
    ) -> Self {
        Self {
            instance,
            budget,
            near,
        }
    }

    /// What is possible need not be the preferred answer; what is impossible is proved.
    pub(super) fn outcome(&mut self, roots: &[usize]) -> Outcome {
        if self.instance.is_interrupted() {
            return Outcome::OutOfBudget;
        }
        let outcome = match greedy::some(self.instance, roots, &self.near) {
            End::Selected(selected) => Outcome::Solved(selected),
            End::Impossible | End::Stuck => solver::solve(self.instance, roots, self.budget),
        };
        self.learn(&outcome);
        outcome
    }

    /// Without a proof, which mostly costs more than to know. Not possible either is what the budget does not suffice to know.
    // INVARIANT: roots with a problem of their own are impossible for the greedy search already.
    pub(super) fn is_possible(&mut self, roots: &[usize]) -> bool {
        if self.instance.is_interrupted() {
            return false;
        }
        let outcome = match greedy::some(self.instance, roots, &self.near) {
            End::Selected(selected) => Outcome::Solved(selected),
            End::Impossible => return false,
            End::Stuck => solver::solve_near(self.instance, roots, self.budget, &self.near),
        };
        self.learn(&outcome);
        matches!(outcome, Outcome::Solved(_))
    }

    fn learn(&mut self, outcome: &Outcome) {
        let Outcome::Solved(selected) = outcome else {
            return;
        };
        self.near = vec![None; self.instance.universe.count()];
        for (package, version) in selected {
            let place = usize::try_from(*package).ok();
            if let Some(slot) = place.and_then(|at| self.near.get_mut(at)) {
                *slot = Some(*version);
            }
        }
    }
}
