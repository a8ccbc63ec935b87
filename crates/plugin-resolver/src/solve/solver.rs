//! The complete solver. The only file that knows pubgrub.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

use pubgrub::{
    Dependencies, DependencyProvider, DerivationTree, External, PackageResolutionStatistics,
    PubGrubError, VersionSet,
};

use crate::solve::instance::{Instance, Urgency};
use crate::universe::Bits;

/// How a search ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// (package, version) indexes, by package.
    Solved(Vec<(u32, u32)>),
    /// There is no answer, because of these.
    Impossible(Vec<Reason>),
    /// The budget was spent first.
    OutOfBudget,
}

/// A fact that an impossibility rests on.
#[derive(Debug, Clone)]
pub(crate) enum Reason {
    /// The request itself (no dependent) or these versions of a dependent leave this of a target.
    Restriction {
        dependent: Option<(u32, Bits)>,
        target: u32,
        left: Bits,
    },
    /// These versions can never be selected.
    Blocked { package: u32, versions: Bits },
}

/// Solves for some of the instance's roots, taking steps from the budget.
// INVARIANT: the named roots have no problem of their own.
pub(crate) fn solve(instance: &Instance<'_>, roots: &[usize], budget: &mut u64) -> Outcome {
    let count = instance.universe.count();
    let provider = Provider {
        instance,
        roots,
        ranks: RefCell::new(vec![None; count]),
        ranked: Cell::new(0),
        is_root: RefCell::new(vec![false; count]),
        steps: Cell::new(*budget),
        paid: Cell::new(WORDS.get()),
    };
    let result = pubgrub::resolve(&provider, REQUEST, 0_u32);
    *budget = provider.steps.get();
    match result {
        Ok(solution) => {
            let mut selected: Vec<(u32, u32)> = solution
                .into_iter()
                .filter(|(package, _)| *package != REQUEST)
                .collect();
            selected.sort_unstable();
            Outcome::Solved(selected)
        }
        Err(PubGrubError::NoSolution(tree)) => Outcome::Impossible(reasons(tree)),
        // The provider fails in no other way than by its budget.
        Err(
            PubGrubError::ErrorInShouldCancel(OutOfBudget)
            | PubGrubError::ErrorChoosingVersion { .. }
            | PubGrubError::ErrorRetrievingDependencies { .. },
        ) => Outcome::OutOfBudget,
    }
}

/// The package that stands for the request.
const REQUEST: u32 = u32::MAX;

#[derive(Debug)]
struct OutOfBudget;

impl fmt::Display for OutOfBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the budget is spent")
    }
}

impl std::error::Error for OutOfBudget {}

struct Provider<'a, 'b> {
    instance: &'b Instance<'a>,
    roots: &'b [usize],
    ranks: RefCell<Vec<Option<u32>>>,
    ranked: Cell<u32>,
    is_root: RefCell<Vec<bool>>,
    steps: Cell<u64>,
    /// [`WORDS`] that are paid for.
    paid: Cell<u64>,
}

thread_local! {
    /// How many words of version sets this thread has looked at. pubgrub asks sets, and nobody else, what it wants to know; this is how
    /// its work between two decisions can be seen. Only differences are read.
    static WORDS: Cell<u64> = const { Cell::new(0) };
}

/// So many words of version sets cost as much as a decision.
const WORDS_PER_STEP: u64 = 64;

fn count(words: usize) {
    WORDS.set(
        WORDS
            .get()
            .wrapping_add(u64::try_from(words).unwrap_or(u64::MAX)),
    );
}

impl Provider<'_, '_> {
    fn rank(&self, package: u32) -> u32 {
        let ranks = self.ranks.borrow();
        at(&ranks, package).copied().flatten().unwrap_or(u32::MAX)
    }

    fn discover(&self, package: u32) {
        let mut ranks = self.ranks.borrow_mut();
        let slot = usize::try_from(package)
            .ok()
            .and_then(|at| ranks.get_mut(at));
        if let Some(slot @ None) = slot {
            *slot = Some(self.ranked.get());
            self.ranked.set(self.ranked.get() + 1);
        }
    }

    fn requested(&self) -> Vec<(u32, Bits)> {
        let mut restrictions = Vec::new();
        for root in self.roots {
            let need = self.instance.roots.get(*root).map(|root| &root.need);
            if let Some(Ok((package, bits))) = need {
                let mut is_root = self.is_root.borrow_mut();
                let slot = usize::try_from(*package)
                    .ok()
                    .and_then(|at| is_root.get_mut(at));
                if let Some(slot) = slot {
                    *slot = true;
                }
                restrictions.push((*package, bits.clone()));
            }
        }
        restrictions.extend(self.instance.hosts.iter().cloned());
        restrictions
    }
}

fn at<T>(values: &[T], index: u32) -> Option<&T> {
    values.get(usize::try_from(index).ok()?)
}

impl DependencyProvider for Provider<'_, '_> {
    type P = u32;
    type V = u32;
    type VS = Bits;
    type Priority = Urgency;
    type M = &'static str;
    type Err = OutOfBudget;

    fn prioritize(
        &self,
        package: &u32,
        left: &Bits,
        statistics: &PackageResolutionStatistics,
    ) -> Urgency {
        let is_root = at(&self.is_root.borrow(), *package)
            .copied()
            .unwrap_or(false);
        let conflicts = statistics.conflict_count();
        self.instance
            .urgency(*package, left, self.rank(*package), is_root, conflicts)
    }

    fn choose_version(&self, package: &u32, left: &Bits) -> Result<Option<u32>, OutOfBudget> {
        if *package == REQUEST {
            return Ok(Some(0));
        }
        Ok(self.instance.preferred(*package, left))
    }

    fn get_dependencies(
        &self,
        package: &u32,
        version: &u32,
    ) -> Result<Dependencies<u32, Bits, &'static str>, OutOfBudget> {
        let restrictions = if *package == REQUEST {
            Some(self.requested())
        } else {
            self.instance.restrictions(*package, *version)
        };
        Ok(match restrictions {
            None => Dependencies::Unavailable("it can never be selected"),
            Some(restrictions) => {
                for (target, _) in &restrictions {
                    self.discover(*target);
                }
                Dependencies::Available(restrictions.into_iter().collect())
            }
        })
    }

    fn should_cancel(&self) -> Result<(), OutOfBudget> {
        if self.instance.is_interrupted() {
            self.steps.set(0);
            return Err(OutOfBudget);
        }
        let dearer = WORDS.get().wrapping_sub(self.paid.get()) / WORDS_PER_STEP;
        self.paid
            .set(self.paid.get().wrapping_add(dearer * WORDS_PER_STEP));
        let cost = 1 + dearer;
        let left = self.steps.get().checked_sub(cost).ok_or(OutOfBudget)?;
        self.steps.set(left);
        Ok(())
    }
}

impl VersionSet for Bits {
    type V = u32;

    fn empty() -> Self {
        Self::EMPTY
    }

    fn singleton(version: u32) -> Self {
        Self::singleton(version)
    }

    fn complement(&self) -> Self {
        count(self.words());
        self.complement()
    }

    fn intersection(&self, other: &Self) -> Self {
        count(self.words().max(other.words()));
        self.intersection(other)
    }

    fn contains(&self, version: &u32) -> bool {
        count(1);
        self.contains(*version)
    }

    fn union(&self, other: &Self) -> Self {
        count(self.words().max(other.words()));
        self.union(other)
    }

    fn is_disjoint(&self, other: &Self) -> bool {
        count(self.words().max(other.words()));
        self.is_disjoint(other)
    }

    fn subset_of(&self, other: &Self) -> bool {
        count(self.words().max(other.words()));
        self.is_subset_of(other)
    }
}

type Tree = DerivationTree<u32, Bits, &'static str>;

/// The leaves of a derivation, each once. Takes the tree apart as it goes: dropping a deep one whole would recurse.
fn reasons(tree: Tree) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut open = vec![Arc::new(tree)];
    // Subtrees are shared. The last holder of one takes it apart, so each is opened once.
    while let Some(node) = open.pop().map(Arc::into_inner) {
        match node {
            None => {}
            Some(DerivationTree::Derived(derived)) => {
                open.push(derived.cause2);
                open.push(derived.cause1);
            }
            Some(DerivationTree::External(external)) => reasons.extend(reason(external)),
        }
    }
    reasons
}

fn reason(external: External<u32, Bits, &'static str>) -> Option<Reason> {
    match external {
        External::FromDependencyOf(package, versions, target, left) => Some(Reason::Restriction {
            dependent: (package != REQUEST).then_some((package, versions)),
            target,
            left,
        }),
        External::Custom(package, versions, _) | External::NoVersions(package, versions) => {
            Some(Reason::Blocked { package, versions })
        }
        External::NotRoot(..) => None,
    }
}
