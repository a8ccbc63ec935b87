//! What a native plugin is given when it starts and when it is called.

use std::collections::BTreeMap;
use std::sync::Mutex;

use one_ontology::IdempotencyKey;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::in_process::{Site, lock};
use crate::{
    CallContext, ComponentKind, Effect, ExecutionId, HostCall, HostError, HostReply, Invocation,
};

/// The most things one action may say.
const MAX_RESPONSES: usize = 1_000;

/// The way of plugin code to the host. Calls are counted and bounded by the limits of the runtime.
#[derive(Clone, Debug)]
pub struct NativeHost {
    site: Site,
}

impl NativeHost {
    pub(crate) const fn new(site: Site) -> Self {
        Self { site }
    }

    /// Who asks.
    #[must_use]
    pub fn context(&self) -> &CallContext {
        self.site.context()
    }

    /// Asks the host.
    ///
    /// # Errors
    /// What the host says; `Unavailable` when the limit of calls is reached or the runtime has
    /// ended.
    pub async fn call(&self, call: HostCall) -> Result<HostReply, HostError> {
        self.site.call(call).await
    }

    /// Asks the host and reads the bare answer, as plugins on the other side of a wire see it.
    ///
    /// # Errors
    /// As [`NativeHost::call`]; `Unavailable` when the answer is no `T`.
    pub async fn ask<T: DeserializeOwned>(&self, call: HostCall) -> Result<T, HostError> {
        self.site.ask(call).await
    }
}

/// A plugin starting in a runtime.
#[derive(Debug)]
pub struct NativeStart<'a> {
    site: &'a Site,
    host: NativeHost,
}

impl<'a> NativeStart<'a> {
    pub(super) fn new(site: &'a Site) -> Self {
        Self {
            site,
            host: NativeHost::new(site.clone()),
        }
    }

    /// The settings of the instance, without secrets.
    #[must_use]
    pub fn settings(&self) -> &BTreeMap<String, Value> {
        &self.site.plugin().settings
    }

    /// The agent's character.
    #[must_use]
    pub fn character(&self) -> &Value {
        &self.site.spec().character
    }

    /// The host.
    #[must_use]
    pub const fn host(&self) -> &NativeHost {
        &self.host
    }

    /// Writes one line to the log of the runtime.
    pub fn log(&self, text: &str) {
        self.site.log(text);
    }
}

/// One call of one component.
#[derive(Debug)]
pub struct NativeCall<'a> {
    site: &'a Site,
    invocation: &'a Invocation,
    host: NativeHost,
    responses: Mutex<Vec<Value>>,
}

impl<'a> NativeCall<'a> {
    pub(super) fn new(site: &'a Site, invocation: &'a Invocation) -> Self {
        Self {
            site,
            invocation,
            host: NativeHost::new(site.clone()),
            responses: Mutex::default(),
        }
    }

    /// What kind of component is called.
    #[must_use]
    pub const fn kind(&self) -> ComponentKind {
        self.invocation.kind
    }

    /// Its exact name, one of those described.
    #[must_use]
    pub fn component(&self) -> &str {
        self.invocation.component.as_str()
    }

    /// The input.
    #[must_use]
    pub const fn input(&self) -> &Value {
        &self.invocation.input
    }

    /// The text under `name` in the input.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.invocation.input.get(name)?.as_str()
    }

    /// The settings of the instance, without secrets.
    #[must_use]
    pub fn settings(&self) -> &BTreeMap<String, Value> {
        &self.site.plugin().settings
    }

    /// The agent's character.
    #[must_use]
    pub fn character(&self) -> &Value {
        &self.site.spec().character
    }

    /// This execution.
    #[must_use]
    pub const fn execution(&self) -> ExecutionId {
        self.invocation.execution
    }

    /// The caller's key, the same for all attempts of an execution: a request elsewhere that carries
    /// it on is made once.
    #[must_use]
    pub fn key(&self) -> &IdempotencyKey {
        self.invocation.carried()
    }

    /// What the action declared about repetition.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.invocation.effect
    }

    /// The host.
    #[must_use]
    pub const fn host(&self) -> &NativeHost {
        &self.host
    }

    /// Says something to whoever called an action: elizaOS's callback. Beyond 1,000 times nothing
    /// more is kept.
    pub fn respond(&self, content: Value) {
        let mut responses = lock(&self.responses);
        if responses.len() < MAX_RESPONSES {
            responses.push(content);
        }
    }

    /// Writes one line to the log of the runtime.
    pub fn log(&self, text: &str) {
        self.site.log(text);
    }

    pub(super) fn take_responses(&self) -> Vec<Value> {
        std::mem::take(&mut *lock(&self.responses))
    }
}
