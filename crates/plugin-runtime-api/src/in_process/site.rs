//! Where plugin code runs: its plugin, its execution, its way to the host.

use std::sync::Arc;

use serde::Serialize as _;
use serde::de::DeserializeOwned;

use super::bytes::json_bytes;
use super::meter::Meter;
use super::session::Session;
use crate::{CallContext, HostCall, HostError, HostReply, RuntimePlugin, RuntimeSpec};

/// Where plugin code runs.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(super) session: Arc<Session>,
    pub(super) plugin: RuntimePlugin,
    pub(super) context: CallContext,
    pub(super) meter: Arc<Meter>,
}

impl Site {
    pub(crate) fn spec(&self) -> &RuntimeSpec {
        &self.session.spec
    }

    pub(crate) fn plugin(&self) -> &RuntimePlugin {
        &self.plugin
    }

    pub(crate) fn context(&self) -> &CallContext {
        &self.context
    }

    pub(crate) fn log(&self, text: &str) {
        self.session.logs.publish(text);
    }

    /// Asks the host, counted and bounded.
    pub(crate) async fn call(&self, call: HostCall) -> Result<HostReply, HostError> {
        let name = call.name();
        let unavailable = |reason: String| HostError::Unavailable {
            call: name.to_owned(),
            reason,
        };
        if self.session.has_ended() {
            return Err(unavailable("the runtime has ended".to_owned()));
        }
        let limit = self.session.spec.limits.host_calls;
        if !self.meter.begin_host_call(limit) {
            return Err(unavailable(format!(
                "at most {limit} calls to the host in one execution"
            )));
        }
        self.meter.give_out(json_bytes(&call).unwrap_or(0));
        let reply = self.session.host.call(&self.context, call).await?;
        self.meter.take_in(json_bytes(&reply).unwrap_or(0));
        Ok(reply)
    }

    /// Asks the host and reads the bare answer as it would come over a wire.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: HostCall) -> Result<T, HostError> {
        let name = call.name();
        let reply = self.call(call).await?;
        reply
            .serialize(serde_json::value::Serializer)
            .and_then(serde_json::from_value)
            .map_err(|error| HostError::Unavailable {
                call: name.to_owned(),
                reason: format!("the host answered in an unexpected form: {error}"),
            })
    }
}
