//! How often the registry may be asked: the budget of the shared registry, in the store.

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Clock as _, EventId, EventType, Exhausted, NewEvent, RandomIds, Spend, StoreError,
    SystemClock,
};
use plugin_registry::SYNC_BUDGET;

use crate::failure::Failure;
use crate::session::Session;

/// Whether the registry may be asked now; nothing is spent by that.
pub(crate) fn check(session: &Session) -> Result<(), Failure> {
    let spend = one(session)?;
    let scope = session.registry_scope()?;
    let state = block_on(session.store.budget(&scope, &spend.key))?;
    match spend.apply(state.as_ref(), SystemClock.now()) {
        Ok(_) => Ok(()),
        Err(exhausted) => Err(refusal(&exhausted)),
    }
}

/// Spends a sync; the trail of the shared registry says so.
pub(crate) fn spend(session: &Session) -> Result<(), Failure> {
    let scope = session.registry_scope()?;
    let now = SystemClock.now();
    let event = NewEvent::new(
        EventId::new(&RandomIds, now),
        EventType::EntityUpdated,
        None,
    )
    .with("operation", "registry_sync");
    let changes = ChangeSet::new(&scope, event, now).spend(one(session)?);
    match block_on(session.store.commit(changes)) {
        Ok(_) => Ok(()),
        Err(StoreError::Exhausted(exhausted)) => Err(refusal(&exhausted)),
        Err(error) => Err(error.into()),
    }
}

fn one(session: &Session) -> Result<Spend, Failure> {
    Ok(Spend::one(SYNC_BUDGET.parse()?, session.policy.syncs))
}

fn refusal(exhausted: &Exhausted) -> Failure {
    let when = exhausted
        .retry_at
        .map_or_else(String::new, |at| format!("; the next may be at {at}"));
    let message = format!(
        "the registry may be synced {}{when}",
        exhausted.rule.to_string().replacen("1 in", "once in", 1)
    );
    Failure::new("RateLimited", message).with([
        "the catalog is as the last sync left it; `--offline sync` asks no registry".to_owned(),
    ])
}
