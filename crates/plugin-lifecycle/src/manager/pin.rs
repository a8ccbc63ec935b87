//! Pinning.

use one_ontology::{PluginEventType, ThingId};

use crate::{ManagerError, Operation, Pin, Tenant};

impl Tenant {
    /// Says how far a plugin may be updated; none, as far as there are versions. What it is now stays.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `Store`.
    pub async fn pin(&self, instance: ThingId, pin: Option<Pin>) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginVersion)?;
        self.rewrite(instance, |mut found, now| {
            found.properties.pin.clone_from(&pin);
            let event = self
                .event(PluginEventType::PluginConfigured, &found, now)
                .with("parameters", Vec::<&str>::new());
            let event = match &pin {
                Some(pin) => event.with("pinned_to", pin.to_string()),
                None => event.with("unpinned", true),
            };
            self.beside(found, event, now)
        })
        .await?;
        Ok(())
    }
}
