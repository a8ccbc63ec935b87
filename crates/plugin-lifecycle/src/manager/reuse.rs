//! Taking the result of an earlier execution.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use one_ontology::{GroupId, ThingId};
use plugin_runtime_api::{Effect, Ending};

use crate::agents::seat_of;
use crate::{
    AdmissionRefusal, CacheKey, Call, Execution, Freshness, ManagerError, ResultCache, Reuse,
    Tenant, admit,
};

/// The results of each organisation, apart from each other: who is in one cannot so much as name the
/// results of another. They are kept in the process, for as long as it lives.
#[derive(Debug, Default)]
pub(crate) struct ResultCaches(Mutex<BTreeMap<GroupId, ResultCache>>);

impl ResultCaches {
    fn of<T>(&self, group: GroupId, with: impl FnOnce(&mut ResultCache) -> T) -> T {
        let mut caches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        with(caches.entry(group).or_default())
    }
}

impl Tenant {
    /// Gives the result of an earlier execution where the caller takes one, else runs it.
    pub(crate) async fn call_or_reuse(
        &self,
        instance: ThingId,
        call: Call,
    ) -> Result<Execution, ManagerError> {
        let Some(key) = self.reusable(instance, &call).await? else {
            return self.run_through(instance, call).await;
        };
        let policy = self.shared().policy.cache;
        let (reuse, group) = (call.reuse, self.group_id());
        let now = self.shared().now();
        let results = &self.shared().results;
        let kept = results.of(group, |cache| cache.get(&key, &policy, now));
        let is_fresh = |kept: &Execution| {
            let reused = kept.reused.as_ref();
            reused.is_some_and(|reused| reused.freshness == Freshness::Fresh)
        };
        if let Some(fresh) = kept.as_ref().filter(|kept| is_fresh(kept)) {
            return Ok(fresh.clone());
        }
        let ran = self.run_through(instance, call).await;
        let instead_of = match &ran {
            Ok(done) => match &done.outcome.ending {
                Ending::Succeeded { output } => {
                    if output.to_string().len() <= policy.entry_bytes {
                        let now = self.shared().now();
                        results.of(group, |cache| cache.put(key, done.clone(), &policy, now));
                    }
                    return ran;
                }
                // These are answers, and not to be talked over.
                Ending::Refused { .. } | Ending::Cancelled => return ran,
                ending => ending.name(),
            },
            Err(error @ ManagerError::Executor(_)) => error.tag(),
            Err(error @ ManagerError::Admission(AdmissionRefusal::BreakerOpen { .. })) => {
                error.tag()
            }
            Err(_) => return ran,
        };
        match (reuse, kept) {
            (Reuse::StaleOnFailure, Some(mut kept)) => {
                if let Some(reused) = &mut kept.reused {
                    reused.instead_of = Some(instead_of.to_owned());
                }
                Ok(kept)
            }
            _ => ran,
        }
    }

    /// Under which key a result of this call may be kept and taken; none if it is not to be. Who may
    /// not run it may not have what others got either.
    async fn reusable(
        &self,
        instance: ThingId,
        call: &Call,
    ) -> Result<Option<CacheKey>, ManagerError> {
        if call.reuse == Reuse::Never {
            return Ok(None);
        }
        let found = self.load(instance).await?;
        let (plan, policy) = (self.group.plan, &self.shared().policy);
        let now = self.shared().now();
        match admit(
            &self.scope,
            &found,
            plan,
            policy,
            now,
            call.kind,
            &call.component,
        ) {
            Ok(_) | Err(AdmissionRefusal::BreakerOpen { .. }) => {}
            Err(refusal) => return Err(refusal.into()),
        }
        let character = self.character_revision(call.agent).await?;
        let seat = call.agent.map(|agent| seat_of(&found, agent, character));
        let seat = seat.transpose()?;
        let components = found.properties.components.iter();
        let mut named = components.filter(|it| it.kind == call.kind && it.name == call.component);
        let reads = named.next().is_some_and(|it| it.effect == Effect::ReadOnly);
        Ok(reads.then(|| CacheKey::of(&found, call, seat.as_ref())))
    }
}
