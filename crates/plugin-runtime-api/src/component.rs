//! What a plugin consists of.

use one_ontology::vocabulary;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ComponentName, Permissions};

vocabulary! {
    /// The kinds of components an elizaOS plugin brings.
    closed ComponentKind ("a kind of component") {
        /// Does something when asked by name.
        Action = "action",
        /// Contributes text and values to the state of a conversation.
        Provider = "provider",
        /// Looks at a conversation after the fact.
        Evaluator = "evaluator",
        /// A live object that other plugins of the runtime call.
        Service = "service",
        /// Answers model requests.
        Model = "model",
        /// Handles an event.
        Event = "event",
        /// Answers an HTTP-like request; named `METHOD /path`.
        Route = "route",
    }
}

vocabulary! {
    /// What repeating an action does. It decides whether a result may be cached and a run retried.
    closed Effect ("`read_only`, `idempotent` or `non_idempotent`") {
        /// Changes nothing anywhere.
        ReadOnly = "read_only",
        /// Changes something once, however often it is asked with the same key.
        Idempotent = "idempotent",
        /// Each run counts: a token transfer. What is assumed unless declared.
        NonIdempotent = "non_idempotent",
    }
}

/// One component, as it is after the plugin has been initialised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// What it is.
    pub kind: ComponentKind,
    /// Its exact name.
    pub name: ComponentName,
    /// Its author's words; empty when there are none.
    #[serde(default)]
    pub description: String,
    /// Other names its author gives it. For people and models to read, never to dispatch by.
    #[serde(default)]
    pub similes: Vec<String>,
    /// JSON Schema of the parameters, where declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// What repeating it does; [`Effect::NonIdempotent`] unless declared.
    #[serde(default = "Component::undeclared_effect")]
    pub effect: Effect,
    /// What it may not run without.
    #[serde(default)]
    pub requires: Permissions,
}

impl Component {
    /// A component with a kind and a name, and nothing declared.
    #[must_use]
    pub fn new(kind: ComponentKind, name: ComponentName) -> Self {
        Self {
            kind,
            name,
            description: String::new(),
            similes: Vec::new(),
            parameters: None,
            effect: Self::undeclared_effect(),
            requires: Permissions::none(),
        }
    }

    const fn undeclared_effect() -> Effect {
        Effect::NonIdempotent
    }
}
