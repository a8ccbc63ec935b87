//! All that groups ask of the solver: whether some roots can be met together.

use crate::explain::conflict;
use crate::solve::instance::Instance;
use crate::solve::solver::Outcome;

/// Whether roots can be met together.
#[derive(Debug)]
pub(super) enum Verdict {
    Possible,
    /// The proof rests on these of them, ascending.
    Impossible(Vec<usize>),
    /// The budget was spent first.
    Unknown,
}

/// Asks about some roots, ascending. Takes at least one step, also where nothing has to be searched for.
// INVARIANT: the roots have no problem of their own.
pub(super) fn ask(instance: &Instance<'_>, roots: &[usize], budget: &mut u64) -> Verdict {
    /// How many roots cost as much as a step of the solver.
    const ROOTS_PER_STEP: usize = 16;
    let cost = u64::try_from(1 + roots.len() / ROOTS_PER_STEP).unwrap_or(u64::MAX);
    let Some(left) = budget.checked_sub(cost) else {
        *budget = 0;
        return Verdict::Unknown;
    };
    *budget = left;
    match conflict::attempt(instance, roots, budget) {
        Outcome::Solved(_) => Verdict::Possible,
        Outcome::OutOfBudget => Verdict::Unknown,
        Outcome::Impossible(reasons) => match conflict::roots_of(instance, roots, &reasons) {
            nothing if nothing.is_empty() => Verdict::Impossible(roots.to_vec()),
            core => Verdict::Impossible(core),
        },
    }
}
