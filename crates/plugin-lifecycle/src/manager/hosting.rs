//! What this process has under way, so that it can be asked to end it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;
use one_ontology::{GroupId, ThingId};
use plugin_runtime_api::{ExecutionId, Fence, RuntimeId};

use crate::{Instance, ManagerError};

/// What this process has begun and, as far as it knows, nobody has ended.
#[derive(Debug, Default)]
pub(crate) struct Hosting(Mutex<UnderWay>);

#[derive(Debug, Default)]
struct UnderWay {
    door: Door,
    activities: usize,
    waiting: Vec<oneshot::Sender<()>>,
    executions: BTreeMap<ExecutionId, Begun>,
    /// By instance, the fence that the operation was begun or taken over under.
    operations: BTreeMap<ThingId, (GroupId, Fence)>,
    runtimes: BTreeMap<RuntimeId, Running>,
}

/// Whether anything may begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Door {
    #[default]
    Open,
    Shut,
}

/// An execution that this process has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) group: GroupId,
    pub(crate) instance: ThingId,
    pub(crate) runtime: RuntimeId,
}

/// A runtime that this process has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) group: GroupId,
    pub(crate) instance: ThingId,
    pub(crate) fence: Fence,
}

/// What is left of this process in one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ours {
    pub(crate) executions: Vec<ExecutionId>,
    pub(crate) operation: Option<Fence>,
}

/// An activity under way; it is over when this is dropped.
#[derive(Debug)]
pub(crate) struct Inside(Arc<Hosting>);

impl Drop for Inside {
    fn drop(&mut self) {
        let mut under_way = self.0.lock();
        under_way.activities = under_way.activities.saturating_sub(1);
        if under_way.activities == 0 {
            for waiting in under_way.waiting.drain(..) {
                let _waits_no_more = waiting.send(());
            }
        }
    }
}

impl Hosting {
    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an activity.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Inside, ManagerError> {
        let mut under_way = self.lock();
        match under_way.door {
            Door::Shut => Err(ManagerError::HostDraining),
            Door::Open => {
                under_way.activities += 1;
                Ok(Inside(Arc::clone(self)))
            }
        }
    }

    /// Lets nothing begin any more.
    pub(crate) fn shut(&self) {
        self.lock().door = Door::Shut;
    }

    /// How many activities are under way.
    pub(crate) fn activities(&self) -> usize {
        self.lock().activities
    }

    /// Is told when the last activity has ended; at once where none is under way.
    pub(crate) fn idle(&self) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        let mut under_way = self.lock();
        if under_way.activities == 0 {
            let _told = tell.send(());
        } else {
            under_way.waiting.push(tell);
        }
        told
    }

    pub(crate) fn begins(&self, execution: ExecutionId, begun: Begun) {
        self.lock().executions.insert(execution, begun);
    }

    /// Somebody has written how an execution ended.
    pub(crate) fn ends(&self, execution: ExecutionId) {
        self.lock().executions.remove(&execution);
    }

    /// An operation of this process goes on with an instance, or has ended.
    pub(crate) fn drives(&self, group: GroupId, instance: &Instance) {
        let mut under_way = self.lock();
        match &instance.properties.operation {
            Some(operation) => {
                let operation = (group, operation.fence);
                under_way.operations.insert(instance.id, operation);
            }
            None => drop(under_way.operations.remove(&instance.id)),
        }
    }

    pub(crate) fn starts(&self, runtime: RuntimeId, running: Running) {
        self.lock().runtimes.insert(runtime, running);
    }

    pub(crate) fn executions(&self) -> Vec<(ExecutionId, Begun)> {
        let under_way = self.lock();
        let executions = under_way.executions.iter();
        executions.map(|(id, begun)| (*id, *begun)).collect()
    }

    pub(crate) fn runtimes(&self) -> Vec<(RuntimeId, Running)> {
        let under_way = self.lock();
        let runtimes = under_way.runtimes.iter();
        runtimes.map(|(id, running)| (*id, *running)).collect()
    }

    /// What is left, by instance.
    pub(crate) fn left(&self) -> BTreeMap<(GroupId, ThingId), Ours> {
        let under_way = self.lock();
        let mut left: BTreeMap<(GroupId, ThingId), Ours> = BTreeMap::new();
        for (execution, begun) in &under_way.executions {
            let of = left.entry((begun.group, begun.instance)).or_default();
            of.executions.push(*execution);
        }
        for (instance, (group, fence)) in &under_way.operations {
            left.entry((*group, *instance)).or_default().operation = Some(*fence);
        }
        left
    }
}
