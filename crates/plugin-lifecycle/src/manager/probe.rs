//! Asking executors how instances fare.

use futures::future::{Either, select};
use one_ontology::ThingId;
use plugin_runtime_api::RuntimeId;

use crate::probe::{Answered, Probe, ProbedRuntime, RuntimePart, finding};
use crate::{Instance, ManagerError, Operation, Tenant};

impl Tenant {
    /// Asks this host's executor which runtimes of an instance run, and says what it answers beside what
    /// the row says: nothing is started, stopped or written. Where hosts have executors of their own, it
    /// is about this one.
    ///
    /// The executor has the policy's grace for each answer, if there is a timer.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `Store`. That the executor does not answer is an answer.
    pub async fn probe(&self, instance: ThingId) -> Result<Probe, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        let found = self.load(instance).await?;
        let mut runtimes = Vec::new();
        for (runtime, part) in parts(&found) {
            let answer = self.answer(&runtime).await;
            runtimes.push(ProbedRuntime {
                runtime,
                part,
                finding: finding(&found.properties, part, &answer),
                answer,
            });
        }
        Ok(Probe {
            at: self.shared().now(),
            instance,
            state: found.properties.lifecycle.kind(),
            fence: found.properties.fence,
            runtimes,
        })
    }

    async fn answer(&self, runtime: &RuntimeId) -> Answered {
        let asked = self.shared().executor.status(runtime);
        let answer = match &self.shared().timer {
            None => asked.await,
            Some(timer) => {
                let until = self.shared().now().plus(self.shared().policy.grace);
                match select(asked, timer.sleep_until(until)).await {
                    Either::Left((answer, _)) => answer,
                    Either::Right(_) => return Answered::Silent,
                }
            }
        };
        answer.map_or_else(
            |error| Answered::Failed {
                error: error.tag().to_owned(),
            },
            Answered::from,
        )
    }
}

fn parts(instance: &Instance) -> Vec<(RuntimeId, RuntimePart)> {
    let row = &instance.properties;
    let own = std::iter::once((row.runtime, RuntimePart::Own));
    let agents = row.agents_runtimes().map(|it| (*it, RuntimePart::Agent));
    let strays = row.strays.iter().map(|it| (*it, RuntimePart::Stray));
    own.chain(agents).chain(strays).collect()
}
