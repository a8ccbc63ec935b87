//! Hosts without a key.

use async_trait::async_trait;
use one_ontology::GroupId;

use crate::key::{DataKey, HostKeyId, KeyError, KeyProvider, WrappedKey};

/// Of a host that was given no key: its vault lists, forgets and destroys, which takes none, and
/// refuses whatever has to seal or open.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKeys;

#[async_trait]
impl KeyProvider for NoKeys {
    fn current(&self) -> HostKeyId {
        HostKeyId::new("none")
    }

    async fn wrap(&self, _: GroupId, _: &DataKey) -> Result<WrappedKey, KeyError> {
        Err(KeyError::NoneGiven)
    }

    async fn unwrap(&self, _: GroupId, _: &WrappedKey) -> Result<DataKey, KeyError> {
        Err(KeyError::NoneGiven)
    }
}
