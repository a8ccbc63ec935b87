//! A host with a cache, which remembers who asked.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use plugin_runtime_api::{CallContext, HostCall, HostError, HostReply, HostServices, Permission};
use serde_json::Value;

/// Answers the calls of the cache, keeps what it is told, and refuses the key `forbidden`.
#[derive(Debug, Default)]
pub struct CacheHost {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    cache: BTreeMap<String, Value>,
    asked: Vec<(CallContext, &'static str)>,
}

impl CacheHost {
    /// What is cached under a key.
    #[must_use]
    pub fn cached(&self, key: &str) -> Option<Value> {
        self.inner.lock().unwrap().cache.get(key).cloned()
    }

    /// Who asked for the cache, and by which call, in order. Other calls are not listed: an
    /// executor may ask for more than its plugins do.
    #[must_use]
    pub fn asked(&self) -> Vec<(CallContext, &'static str)> {
        self.inner.lock().unwrap().asked.clone()
    }
}

#[async_trait]
impl HostServices for CacheHost {
    async fn call(&self, context: &CallContext, call: HostCall) -> Result<HostReply, HostError> {
        let name = call.name();
        let mut inner = self.inner.lock().unwrap();
        if name.starts_with("cache.") {
            inner.asked.push((context.clone(), name));
        }
        match call {
            HostCall::GetCache { key } | HostCall::SetCache { key, .. } if key == "forbidden" => {
                Err(HostError::Denied {
                    call: name.to_owned(),
                    permission: Permission::StorageWrite,
                })
            }
            HostCall::GetCache { key } => {
                let value = inner.cache.get(&key).cloned().unwrap_or_default();
                Ok(HostReply::Value(value))
            }
            HostCall::SetCache { key, value } => {
                inner.cache.insert(key, value);
                Ok(HostReply::Flag(true))
            }
            HostCall::DeleteCache { key } => {
                Ok(HostReply::Flag(inner.cache.remove(&key).is_some()))
            }
            // What an elizaOS runtime keeps while it starts.
            HostCall::EnsureRoom { .. }
            | HostCall::EnsureWorld { .. }
            | HostCall::CreateEntity { .. }
            | HostCall::UpdateEntity { .. }
            | HostCall::AddParticipant { .. } => Ok(HostReply::Flag(true)),
            HostCall::GetEntity { .. } => Ok(HostReply::Entity(None)),
            HostCall::GetSetting { .. } => Ok(HostReply::Text(None)),
            HostCall::RecordLog { .. } => Ok(HostReply::Done),
            _ => Err(HostError::Unsupported {
                call: name.to_owned(),
            }),
        }
    }
}
