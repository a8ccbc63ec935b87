//! Trails read from a store.

use std::collections::BTreeSet;

use crate::audit::export::Exporter;
use crate::audit::{
    AuditError, Checkpoint, CheckpointVerifier, Retention, SignedCheckpoint, Tree, Verifier,
    trail_of,
};
use crate::{Event, EventQuery, Head, Limit, Scope, Seq, Store, StoreError, Timestamp};

/// Why a trail was not read to its end.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrailError {
    /// Something is wrong with the trail.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever takes the lines of an export does not.
    #[error("the export could not be written: {reason}")]
    Unwritten {
        /// In words.
        reason: String,
    },
}

impl TrailError {
    /// Each tag of its own, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[(
        "AuditUnwritten",
        "look at where the export goes, then export again",
    )];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Audit(error) => error.tag(),
            Self::Store(error) => error.tag(),
            Self::Unwritten { .. } => "AuditUnwritten",
        }
    }
}

/// How far a long check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Events done.
    pub done: u64,
    /// Events to do in all.
    pub of: u64,
}

/// How to check a trail.
#[derive(Clone, Copy, Debug, Default)]
pub struct Check<'a> {
    /// Begin behind this one, which is known to be good. Otherwise with the first event that is in
    /// the store; if others have left it, behind the checkpoint with which they left.
    pub from: Option<&'a Checkpoint>,
    /// Checkpoints that were kept elsewhere: the chain must lead through each that is behind the
    /// beginning. Whoever writes a whole trail anew is found by these alone.
    pub known: &'a [Checkpoint],
    /// Which keys to trust. Without, the chain is still held to the checkpoints in it, but who
    /// signed them is not asked.
    pub keys: Option<&'a dyn CheckpointVerifier>,
}

/// A trail that is whole.
#[derive(Clone, Debug)]
pub struct Whole {
    verifier: Verifier,
    /// The event before the first that was checked, if there was one.
    pub after: Option<Head>,
    /// How many events were checked.
    pub events: u64,
    /// How many checkpoints in the trail were met, their signatures checked if there were keys.
    pub checkpoints: u64,
}

impl Whole {
    /// The last event; none if there is none.
    #[must_use]
    pub const fn head(&self) -> Option<Head> {
        self.verifier.head()
    }

    /// A checkpoint of all of it, to be signed. None if there is no event.
    #[must_use]
    pub fn checkpoint(&self, at: Timestamp) -> Option<Checkpoint> {
        self.verifier.checkpoint(at)
    }
}

/// Checks the trail of a place, page by page in constant memory. Events that are written meanwhile
/// are not looked at.
///
/// ```
/// use futures::executor::block_on;
/// use one_ontology::audit::trail::{self, Check};
/// use one_ontology::{MemoryStore, Place, Scope};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (store, scope) = (MemoryStore::new(), Scope::system("example".parse()?, Place::Global));
/// let whole = block_on(trail::verify(&store, &scope, Check::default(), |progress| {
///     eprintln!("{} of {}", progress.done, progress.of);
/// }))?;
/// assert_eq!(whole.events, 0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What is wrong with it, or what the store says.
pub async fn verify(
    store: &dyn Store,
    scope: &Scope,
    check: Check<'_>,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Whole, TrailError> {
    let mut begun = first(store, scope).await?;
    loop {
        let found = verify_from(store, scope, check, begun, &mut progress).await;
        if !matches!(found, Err(TrailError::Audit(_))) {
            return found;
        }
        // Events may have been pruned while they were read. The first one only ever moves on.
        let begins = first(store, scope).await?;
        if begins <= begun {
            return found;
        }
        begun = begins;
    }
}

async fn verify_from(
    store: &dyn Store,
    scope: &Scope,
    check: Check<'_>,
    first: Seq,
    progress: &mut (impl FnMut(Progress) + Send),
) -> Result<Whole, TrailError> {
    let head = store.head(scope).await?;
    let kept = kept(store, scope).await?;
    if let Some(keys) = check.keys {
        for found in &kept {
            found.signed.clone().trust(keys)?;
        }
    }
    let left = left(&kept, first);
    if let Some(from) = check.from {
        reachable(from.head().seq, first, left)?;
    }
    let from = check.from.or(left);
    let mut verifier =
        from.map_or_else(|| Verifier::new(scope.place()), Verifier::after_checkpoint);
    let after = from.map(Checkpoint::head);
    let start = after.map_or(Seq::START, |head| head.seq);
    let until = head.map_or(Seq::START, |head| head.seq);
    let ahead = |checkpoint: &&Checkpoint| checkpoint.head().seq > start;
    let kept = kept.iter().map(|found| &found.signed.checkpoint);
    let met = kept.clone().filter(ahead).count() as u64;
    // What is known from elsewhere comes last: where both are, it counts.
    for checkpoint in kept.chain(check.known).filter(ahead) {
        verifier.expect(checkpoint.clone());
    }
    let of = until.get().saturating_sub(start.get());
    let mut done = 0;
    progress(Progress { done, of });
    walk(store, scope, start, until, |page| {
        page.iter().try_for_each(|event| verifier.push(event))?;
        done += page.len() as u64;
        progress(Progress { done, of });
        Ok(())
    })
    .await?;
    verifier.clone().finish(head)?;
    Ok(Whole {
        verifier,
        after,
        events: done,
        checkpoints: met,
    })
}

/// The signed checkpoints that the trail of a place holds, the oldest first. Believe them when
/// their signatures were checked.
///
/// # Errors
/// `Unreadable`: one is spoiled. Or what the store says.
pub async fn checkpoints(
    store: &dyn Store,
    scope: &Scope,
) -> Result<Vec<SignedCheckpoint>, TrailError> {
    let kept = kept(store, scope).await?;
    Ok(kept.into_iter().map(|found| found.signed).collect())
}

/// A checkpoint in a trail, and whether events have left with it.
struct Kept {
    signed: SignedCheckpoint,
    pruned: bool,
}

async fn kept(store: &dyn Store, scope: &Scope) -> Result<Vec<Kept>, TrailError> {
    let mut query = EventQuery {
        limit: Limit::new(Limit::MAX),
        ..EventQuery::about(trail_of(scope.place()))
    };
    let mut kept = Vec::new();
    loop {
        let page = store.events(scope, &query).await?;
        for event in &page.items {
            let pruned = Retention::is_said_by(event);
            let signed = SignedCheckpoint::in_event(event)?;
            kept.extend(signed.map(|signed| Kept { signed, pruned }));
        }
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    kept.sort_by_key(|found| found.signed.checkpoint.head().seq);
    Ok(kept)
}

/// The checkpoint with which the events before `first` have left. One that was merely kept is none:
/// that they are covered does not say that they may be gone.
fn left(kept: &[Kept], first: Seq) -> Option<&Checkpoint> {
    let mut left = kept.iter().filter(|found| found.pruned);
    let found = left.find(|found| found.signed.checkpoint.head().seq.next() == first);
    found.map(|found| &found.signed.checkpoint)
}

/// Whether the event behind `from` is still there, or gone without a word.
fn reachable(from: Seq, first: Seq, left: Option<&Checkpoint>) -> Result<(), StoreError> {
    if from.next() < first && left.is_some() {
        Err(StoreError::Pruned { first })
    } else {
        Ok(())
    }
}

/// Where a reading of the trail begins.
async fn begin(
    store: &dyn Store,
    scope: &Scope,
    after: Option<&Checkpoint>,
) -> Result<Seq, TrailError> {
    let from = after.map_or(Seq::START, |checkpoint| checkpoint.head().seq);
    let first = first(store, scope).await?;
    if from.next() < first {
        reachable(from, first, left(&kept(store, scope).await?, first))?;
    }
    Ok(from)
}

/// Writes the events behind `after` (or the first of all) up to those that `until` covers as lines
/// of an [`export`](crate::audit::export), with a proof for each of `prove`. Everything is checked
/// on the way: if it ends well, the export is whole.
///
/// # Errors
/// What is wrong with the trail, what the store says (`Pruned`: give a later `after`), or
/// `Unwritten`, with what `write` says.
pub async fn export(
    store: &dyn Store,
    scope: &Scope,
    after: Option<&Checkpoint>,
    until: &SignedCheckpoint,
    prove: BTreeSet<Seq>,
    mut write: impl FnMut(&str) -> Result<(), String> + Send,
) -> Result<u64, TrailError> {
    let mut write =
        move |line: &str| write(line).map_err(|reason| TrailError::Unwritten { reason });
    let mut exporter = Exporter::new(after, until, prove);
    write(&exporter.header())?;
    let from = begin(store, scope, after).await?;
    let mut written = 0;
    walk(store, scope, from, until.checkpoint.head().seq, |page| {
        for event in page {
            write(&exporter.event(event)?)?;
            written += 1;
        }
        Ok(())
    })
    .await?;
    for line in exporter.finish()? {
        write(&line)?;
    }
    Ok(written)
}

/// The tree over the events behind `after` up to and with `last`, to make proofs of.
///
/// # Errors
/// What is wrong with the trail, or what the store says.
pub async fn tree(
    store: &dyn Store,
    scope: &Scope,
    after: Option<&Checkpoint>,
    last: Seq,
) -> Result<Tree, TrailError> {
    let mut verifier =
        after.map_or_else(|| Verifier::new(scope.place()), Verifier::after_checkpoint);
    let mut tree = after.map_or_else(Tree::new, |checkpoint| Tree::after(checkpoint.tree()));
    let from = begin(store, scope, after).await?;
    walk(store, scope, from, last, |page| {
        for event in page {
            verifier.push(event)?;
            tree.push(&event.digest);
        }
        Ok(())
    })
    .await?;
    Ok(tree)
}

/// The checkpoint with which events have left the store, behind which a check of the rest begins;
/// none if it has the first event of all.
///
/// # Errors
/// `Unreadable`: it is spoiled. Or what the store says.
pub async fn beginning(
    store: &dyn Store,
    scope: &Scope,
) -> Result<Option<SignedCheckpoint>, TrailError> {
    let first = first(store, scope).await?;
    if first <= Seq::START.next() {
        return Ok(None);
    }
    let kept = kept(store, scope).await?;
    let left = left(&kept, first).map(Checkpoint::head);
    let mut found = kept.into_iter().map(|found| found.signed);
    Ok(found.find(|signed| Some(signed.checkpoint.head()) == left))
}

/// The number of the first event that is in the store; the start if there is none.
///
/// # Errors
/// What the store says.
pub async fn first(store: &dyn Store, scope: &Scope) -> Result<Seq, StoreError> {
    let query = EventQuery {
        limit: Limit::new(1),
        ..EventQuery::default()
    };
    let page = store.events(scope, &query).await?;
    Ok(page.items.first().map_or(Seq::START, |event| event.seq))
}

/// Gives each page of the events behind `from` up to and with `until` to `each`.
async fn walk(
    store: &dyn Store,
    scope: &Scope,
    from: Seq,
    until: Seq,
    mut each: impl FnMut(&[Event]) -> Result<(), TrailError> + Send,
) -> Result<(), TrailError> {
    let mut after = from;
    while after < until {
        let query = EventQuery {
            after,
            limit: Limit::new(Limit::MAX),
            ..EventQuery::default()
        };
        let mut page = store.events(scope, &query).await?.items;
        page.retain(|event| event.seq <= until);
        let Some(last) = page.last() else {
            // Fewer than the head says: whoever checks finds it.
            return Ok(());
        };
        after = last.seq;
        each(&page)?;
    }
    Ok(())
}
