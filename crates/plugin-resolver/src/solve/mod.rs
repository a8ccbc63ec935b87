//! The entry: greedy, then complete, then an explanation.

mod course;
mod frozen;
pub(crate) mod greedy;
mod held;
pub(crate) mod instance;
mod rules;
pub(crate) mod solver;

use self::instance::Instance;
use self::solver::Outcome;
use crate::answer::{Path, Resolution};
use crate::explain::conflict;
use crate::request::{Locking, Request, Search};
use crate::universe::Universe;
use crate::{Failure, Interrupt};

/// Selects one version of each package that the request needs, or says why that is impossible.
///
/// Pure and deterministic: the same universe and request give the same answer on every machine. The version of each root is the most
/// preferred one that any answer has, roots in the request's order; only what a preferred lock keeps is decided before them.
///
/// Where the preferred version of everything meets no conflict, that takes time in proportion to what is selected; otherwise as much as the
/// request's [budget](Request::budget) allows, for the answer and for its explanation each.
///
/// # Errors
///
/// [`Failure::Conflict`] if there is no answer; [`Failure::Budget`] if the budget was spent before that was known; [`Failure::Drift`] if a
/// frozen lock is no answer, or if a package that keeps the version of a preferred lock has other bytes than were locked.
///
/// ```
/// use plugin_resolver::{DependencyKind, ReleaseFacts, Request, Universe, parse_version, resolve};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut builder = Universe::builder();
/// let needs_core = ReleaseFacts::new().needs("core".parse()?, "^1".parse()?, DependencyKind::Peer);
/// builder.release("plugin".parse()?, parse_version("0.3.0")?, needs_core);
/// builder.release("core".parse()?, parse_version("1.7.2")?, ReleaseFacts::new());
/// let request = Request::new().root("plugin".parse()?, "*".parse()?);
/// let resolution = resolve(&builder.build(), &request)?;
/// let order: Vec<String> = resolution.install_order().concat().iter().map(ToString::to_string).collect();
/// assert_eq!(order, ["core", "plugin"]);
/// # Ok(())
/// # }
/// ```
pub fn resolve(universe: &Universe, request: &Request) -> Result<Resolution, Failure> {
    resolve_unless(universe, request, None)
}

/// As [`resolve`], until somebody interrupts it.
///
/// # Errors
///
/// As [`resolve`]; [`Failure::Cancelled`] if the signal came before there was an answer. It is looked at in every step, also while a
/// conflict is explained.
pub fn resolve_until(
    universe: &Universe,
    request: &Request,
    interrupt: &Interrupt,
) -> Result<Resolution, Failure> {
    resolve_unless(universe, request, Some(interrupt))
}

/// As [`resolve`] or [`resolve_until`].
pub(crate) fn resolve_unless(
    universe: &Universe,
    request: &Request,
    interrupt: Option<&Interrupt>,
) -> Result<Resolution, Failure> {
    let instance = Instance::new(universe, request).interruptible(interrupt);
    // A search that was interrupted ends as if its budget were spent, and what it then says of a conflict is not worth telling.
    answer(request, instance).map_err(|failure| match interrupt {
        Some(interrupt) if interrupt.is_interrupted() => Failure::Cancelled,
        _ => failure,
    })
}

fn answer(request: &Request, mut instance: Instance<'_>) -> Result<Resolution, Failure> {
    let universe = instance.universe;
    if let (Some(lock), Locking::Frozen) = (&request.lock, &request.locking) {
        let selected = frozen::select(&instance, lock)?;
        return Ok(Resolution::new(
            universe,
            request,
            selected,
            Path::Frozen,
            0,
        ));
    }
    if let Some(broken) = instance.roots.iter().position(|root| root.need.is_err()) {
        return Err(conflict::broken_root(&instance, broken));
    }
    let roots: Vec<usize> = (0..instance.roots.len()).collect();
    let mut budget = request.budget.count();
    // What may not move does not move for what may, unless nothing else is possible.
    let pins = instance.pins();
    if !pins.is_empty() {
        let provided = instance.hosts.len();
        instance.hosts.extend(pins);
        let found = search(&instance, &roots, &mut budget);
        instance.hosts.truncate(provided);
        if !matches!(found.outcome, Outcome::Impossible(_)) {
            return resolution(&instance, &roots, found, budget);
        }
    }
    let found = search(&instance, &roots, &mut budget);
    resolution(&instance, &roots, found, budget)
}

/// What a search ended with.
struct Found {
    outcome: Outcome,
    path: Path,
    /// By package, what it chose last.
    near: Vec<Option<u32>>,
}

/// Greedy, then complete.
fn search(instance: &Instance<'_>, roots: &[usize], budget: &mut u64) -> Found {
    if instance.request.search == Search::GreedyFirst
        && let Some(selected) = greedy::select(instance, roots)
    {
        return Found {
            outcome: Outcome::Solved(selected),
            path: Path::Greedy,
            near: Vec::new(),
        };
    }
    let (outcome, near) = solver::solve_noting(instance, roots, budget);
    Found {
        outcome,
        path: Path::Complete,
        near,
    }
}

/// What was found as an answer; `left` of the budget.
fn resolution(
    instance: &Instance<'_>,
    roots: &[usize],
    found: Found,
    left: u64,
) -> Result<Resolution, Failure> {
    let (universe, request) = (instance.universe, instance.request);
    let steps = request.budget.count();
    match found.outcome {
        Outcome::Solved(selected) => {
            held::check(instance, &selected)?;
            let used = steps - left;
            Ok(Resolution::new(
                universe, request, selected, found.path, used,
            ))
        }
        Outcome::Impossible(reasons) => {
            Err(conflict::conflict(instance, roots, reasons, found.near))
        }
        Outcome::OutOfBudget => Err(Failure::Budget { steps }),
    }
}
