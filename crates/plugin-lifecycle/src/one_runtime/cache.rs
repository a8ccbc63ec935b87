//! The cache.

use one_ontology::{Thing, ThingId, ThingStatus};
use plugin_runtime_api::HostError;
use serde_json::Value;

use super::desk::{Desk, Tries, Written};
use super::record::thing_name;
use super::things::Draft;

const KIND: &str = "cache";

impl Desk<'_> {
    fn cache_id(&self, key: &str) -> ThingId {
        self.thing_id(KIND, key)
    }

    pub(super) async fn get_cache(&self, key: &str) -> Result<Value, HostError> {
        let row: Option<Thing> = self.row(self.cache_id(key)).await?;
        let row = row.filter(|row| row.status != ThingStatus::Archived);
        Ok(row
            .and_then(|row| row.properties.get("value").cloned())
            .unwrap_or_default())
    }

    pub(super) async fn set_cache(&self, key: &str, value: &Value) -> Result<(), HostError> {
        let mut tries = Tries::default();
        loop {
            let id = self.cache_id(key);
            let draft = Draft {
                id,
                type_name: "eliza_cache",
                name: thing_name(key, KIND),
                status: ThingStatus::Active,
                properties: self.properties(KIND).with("value", value.clone()),
            };
            // What is cached again and again unchanged is written once.
            let Some(changes) = self.put(self.row(id).await?, draft, self.now()) else {
                return Ok(());
            };
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(());
            }
        }
    }

    pub(super) async fn delete_cache(&self, key: &str) -> Result<bool, HostError> {
        self.forget(self.cache_id(key)).await
    }
}
