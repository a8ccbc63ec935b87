//! The complete solver. The only file that knows pubgrub.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use pubgrub::{
    Dependencies, DependencyProvider, DerivationTree, External, PackageResolutionStatistics,
    PubGrubError, VersionSet,
};

use crate::solve::course::{Course, NONE};
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
    run(instance, roots, budget, &[]).0
}

/// Whether there is an answer, with one that is not always the preferred one: of each package, the version that it has in an answer to a
/// similar request is tried first.
pub(crate) fn solve_near(
    instance: &Instance<'_>,
    roots: &[usize],
    budget: &mut u64,
    near: &[Option<u32>],
) -> Outcome {
    run(instance, roots, budget, near).0
}

/// As [`solve`]; also, by package, the version that the search chose last. Where there is no answer, most of what has nothing to do with
/// the conflict was chosen well.
pub(crate) fn solve_noting(
    instance: &Instance<'_>,
    roots: &[usize],
    budget: &mut u64,
) -> (Outcome, Vec<Option<u32>>) {
    run(instance, roots, budget, &[])
}

fn run(
    instance: &Instance<'_>,
    roots: &[usize],
    budget: &mut u64,
    near: &[Option<u32>],
) -> (Outcome, Vec<Option<u32>>) {
    if instance.universe.is_narrow() {
        search::<Word>(instance, roots, budget, near)
    } else {
        search::<Wide>(instance, roots, budget, near)
    }
}

fn search<S: Set>(
    instance: &Instance<'_>,
    roots: &[usize],
    budget: &mut u64,
    near: &[Option<u32>],
) -> (Outcome, Vec<Option<u32>>) {
    let provider: Provider<'_, '_, S> = Provider {
        instance,
        roots,
        near,
        course: RefCell::new(Course::new(instance.universe.count())),
        steps: Cell::new(*budget),
        paid: Cell::new(WORK.get()),
        sets: PhantomData,
    };
    let result = pubgrub::resolve(&provider, REQUEST, 0_u32);
    *budget = provider.steps.get();
    let outcome = match result {
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
    };
    (outcome, provider.course.into_inner().chosen())
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

struct Provider<'a, 'b, S> {
    instance: &'b Instance<'a>,
    roots: &'b [usize],
    /// By package, what is tried first; empty if that is what is preferred.
    near: &'b [Option<u32>],
    course: RefCell<Course>,
    steps: Cell<u64>,
    /// [`WORK`] that is paid for.
    paid: Cell<u64>,
    sets: PhantomData<S>,
}

thread_local! {
    /// How much this thread has looked at version sets. pubgrub asks sets, and nobody else, what it wants to know; this is how
    /// its work between two decisions can be seen. Only differences are read.
    static WORK: Cell<u64> = const { Cell::new(0) };
}

/// So much work on version sets costs as much as a decision.
const WORK_PER_STEP: u64 = 64;
/// So many words of one set are looked at in the time that it takes to come by another set.
const WORDS_LOOKED_AT: usize = 16;
/// A new set may be kept until the end, and memory is dearer than time.
const WORDS_MADE: usize = 2;

fn count(work: usize) {
    WORK.set(
        WORK.get()
            .wrapping_add(u64::try_from(work).unwrap_or(u64::MAX)),
    );
}

impl<S: Set> Provider<'_, '_, S> {
    fn requested(&self) -> Vec<(u32, S)> {
        let mut restrictions = Vec::new();
        let mut course = self.course.borrow_mut();
        for root in self.roots {
            let need = self.instance.roots.get(*root).map(|root| &root.need);
            if let Some(Ok((package, bits))) = need {
                if let Some(known) = course.package(*package) {
                    known.is_root = true;
                }
                restrictions.push((*package, S::of(bits)));
            }
        }
        let hosts = self.instance.hosts.iter();
        restrictions.extend(hosts.map(|(package, bits)| (*package, S::of(bits))));
        restrictions
    }
}

impl<S: Set> DependencyProvider for Provider<'_, '_, S> {
    type P = u32;
    type V = u32;
    type VS = S;
    type Priority = Urgency;
    type M = &'static str;
    type Err = OutOfBudget;

    fn prioritize(
        &self,
        package: &u32,
        left: &S,
        statistics: &PackageResolutionStatistics,
    ) -> Urgency {
        let mut course = self.course.borrow_mut();
        course.undo(*package);
        let known = course.package(*package);
        let (rank, is_root) = known.map_or((NONE, false), |known| (known.rank, known.is_root));
        let conflicts = statistics.conflict_count();
        left.as_bits(|left| {
            self.instance
                .urgency(*package, left, rank, is_root, conflicts)
        })
    }

    fn choose_version(&self, package: &u32, left: &S) -> Result<Option<u32>, OutOfBudget> {
        if *package == REQUEST {
            return Ok(Some(0));
        }
        let near = usize::try_from(*package)
            .ok()
            .and_then(|at| *self.near.get(at)?);
        let chosen = left.as_bits(|left| {
            near.filter(|version| left.contains(*version))
                .or_else(|| self.instance.preferred(*package, left))
        });
        if let Some(version) = chosen {
            self.course.borrow_mut().decide(*package, version);
        }
        Ok(chosen)
    }

    fn get_dependencies(
        &self,
        package: &u32,
        version: &u32,
    ) -> Result<Dependencies<u32, S, &'static str>, OutOfBudget> {
        let restrictions = if *package == REQUEST {
            Some(self.requested())
        } else {
            self.instance.restrictions(*package, *version, S::of)
        };
        Ok(match restrictions {
            None => Dependencies::Unavailable("it can never be selected"),
            Some(restrictions) => {
                let mut course = self.course.borrow_mut();
                for (target, _) in &restrictions {
                    course.discover(*target);
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
        let dearer = WORK.get().wrapping_sub(self.paid.get()) / WORK_PER_STEP;
        self.paid
            .set(self.paid.get().wrapping_add(dearer * WORK_PER_STEP));
        let cost = 1 + dearer + self.course.borrow_mut().way_back();
        let left = self.steps.get().checked_sub(cost).ok_or(OutOfBudget)?;
        self.steps.set(left);
        Ok(())
    }
}

/// A set of versions as the search holds it.
trait Set: VersionSet<V = u32> {
    fn of(bits: &Bits) -> Self;
    fn into_bits(self) -> Bits;
    fn as_bits<T>(&self, ask: impl FnOnce(&Bits) -> T) -> T;
}

/// A set of versions of any package.
#[derive(Debug, Clone, Eq)]
struct Wide(Bits);

impl Wide {
    fn look(&self, other: &Self) {
        count(1 + self.0.words().max(other.0.words()) / WORDS_LOOKED_AT);
    }

    fn made(bits: Bits) -> Self {
        count(1 + bits.words() / WORDS_MADE);
        Self(bits)
    }
}

/// Needs of a package are compared with all that other versions of it need.
impl PartialEq for Wide {
    fn eq(&self, other: &Self) -> bool {
        count(1);
        self.0 == other.0
    }
}

impl Set for Wide {
    fn of(bits: &Bits) -> Self {
        Self(bits.clone())
    }

    fn into_bits(self) -> Bits {
        self.0
    }

    fn as_bits<T>(&self, ask: impl FnOnce(&Bits) -> T) -> T {
        self.look(self);
        ask(&self.0)
    }
}

impl fmt::Display for Wide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl VersionSet for Wide {
    type V = u32;

    fn empty() -> Self {
        Self(Bits::EMPTY)
    }

    fn singleton(version: u32) -> Self {
        Self::made(Bits::singleton(version))
    }

    fn complement(&self) -> Self {
        Self::made(self.0.complement())
    }

    fn intersection(&self, other: &Self) -> Self {
        self.look(other);
        Self::made(self.0.intersection(&other.0))
    }

    fn contains(&self, version: &u32) -> bool {
        count(1);
        self.0.contains(*version)
    }

    fn union(&self, other: &Self) -> Self {
        self.look(other);
        Self::made(self.0.union(&other.0))
    }

    fn is_disjoint(&self, other: &Self) -> bool {
        self.look(other);
        self.0.is_disjoint(&other.0)
    }

    fn subset_of(&self, other: &Self) -> bool {
        self.look(other);
        self.0.is_subset_of(&other.0)
    }
}

/// A set of versions of a package that has few enough of them: a third of the size, and nothing to drop. A search holds thousands of sets.
// INVARIANT: the word of a [`Bits::Few`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word(u64);

impl Set for Word {
    fn of(bits: &Bits) -> Self {
        Self(bits.first_word())
    }

    fn into_bits(self) -> Bits {
        Bits::Few(self.0)
    }

    fn as_bits<T>(&self, ask: impl FnOnce(&Bits) -> T) -> T {
        ask(&Bits::Few(self.0))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.into_bits().fmt(f)
    }
}

impl VersionSet for Word {
    type V = u32;

    fn empty() -> Self {
        Self(0)
    }

    fn singleton(version: u32) -> Self {
        Self::of(&Bits::singleton(version))
    }

    fn complement(&self) -> Self {
        count(1);
        Self(!self.0)
    }

    fn intersection(&self, other: &Self) -> Self {
        count(1);
        Self(self.0 & other.0)
    }

    fn contains(&self, version: &u32) -> bool {
        count(1);
        self.as_bits(|bits| bits.contains(*version))
    }

    fn union(&self, other: &Self) -> Self {
        count(1);
        Self(self.0 | other.0)
    }

    fn is_disjoint(&self, other: &Self) -> bool {
        count(1);
        self.0 & other.0 == 0
    }

    fn subset_of(&self, other: &Self) -> bool {
        count(1);
        self.0 & !other.0 == 0
    }
}

type Tree<S> = DerivationTree<u32, S, &'static str>;

/// The leaves of a derivation, each once. Takes the tree apart as it goes: dropping a deep one whole would recurse.
fn reasons<S: Set>(tree: Tree<S>) -> Vec<Reason> {
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

fn reason<S: Set>(external: External<u32, S, &'static str>) -> Option<Reason> {
    match external {
        External::FromDependencyOf(package, versions, target, left) => Some(Reason::Restriction {
            dependent: (package != REQUEST).then(|| (package, versions.into_bits())),
            target,
            left: left.into_bits(),
        }),
        External::Custom(package, versions, _) | External::NoVersions(package, versions) => {
            Some(Reason::Blocked {
                package,
                versions: versions.into_bits(),
            })
        }
        External::NotRoot(..) => None,
    }
}
