//! Native plugins as a program.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use one_ontology::Violations;
use serde_json::json;

use super::{NativeCall, NativePlugin, NativeStart};
use crate::in_process::{Program, Site, StartedPlugin};
use crate::{
    Artifact, ComponentKind, Ending, Engine, ExecutorError, Invocation, PluginFailure, PluginName,
    RuntimePlugin, RuntimeSpec,
};

/// Every native plugin of an executor, by name, then version.
#[derive(Debug)]
pub(super) struct NativePlugins(BTreeMap<(PluginName, String), Arc<dyn NativePlugin>>);

impl NativePlugins {
    pub(super) fn new(plugins: impl IntoIterator<Item = Arc<dyn NativePlugin>>) -> Self {
        let keyed = plugins.into_iter().map(|plugin| {
            let description = plugin.describe();
            ((description.name, description.version), plugin)
        });
        Self(keyed.collect())
    }

    fn find(&self, wanted: &RuntimePlugin) -> Result<&Arc<dyn NativePlugin>, PluginFailure> {
        let key = (wanted.name.clone(), wanted.version.clone());
        self.0.get(&key).ok_or_else(|| {
            let versions = self.0.keys().filter(|(name, _)| *name == wanted.name);
            let versions: Vec<_> = versions.map(|(_, version)| version.as_str()).collect();
            if versions.is_empty() {
                PluginFailure::new("NotBuiltIn", "this host has no such plugin built in")
            } else {
                let versions = versions.join(", ");
                PluginFailure::new(
                    "OtherVersion",
                    &format!(
                        "version {} is not built into this host, which has {versions}",
                        wanted.version
                    ),
                )
            }
        })
    }
}

#[async_trait]
impl Program for NativePlugins {
    fn engine(&self) -> String {
        match self.0.len() {
            1 => "native, 1 plugin built into the host".to_owned(),
            n => format!("native, {n} plugins built into the host"),
        }
    }

    fn admit(&self, spec: &RuntimeSpec) -> Result<(), ExecutorError> {
        if spec.engine != Engine::Native {
            return Err(ExecutorError::UnsupportedEngine {
                engine: spec.engine.clone(),
            });
        }
        match &spec.artifact {
            Artifact::Native => Ok(()),
            Artifact::Packages { .. } => Err(ExecutorError::InvalidSpec {
                violations: Violations::one(
                    "artifact",
                    "must be `native`: native plugins are not installed",
                ),
            }),
        }
    }

    async fn start(&self, site: &Site) -> Result<StartedPlugin, ExecutorError> {
        let failed = |failure| ExecutorError::StartFailed {
            plugin: site.plugin().name.clone(),
            failure,
        };
        let plugin = self.find(site.plugin()).map_err(failed)?;
        let start = NativeStart::new(site);
        plugin
            .start(&start)
            .await
            .map_err(|failure| failed(failure.bounded()))?;
        Ok(StartedPlugin {
            components: plugin.describe().components,
            warnings: Vec::new(),
        })
    }

    fn reach(&self, _call: &Invocation) -> Result<(), ExecutorError> {
        Ok(())
    }

    async fn run(&self, site: &Site, invocation: &Invocation) -> Result<Ending, ExecutorError> {
        let plugin = match self.find(site.plugin()) {
            Ok(plugin) => plugin,
            Err(error) => return Ok(Ending::Failed { error }),
        };
        let call = NativeCall::new(site, invocation);
        let kind = invocation.kind;
        if kind == ComponentKind::Service {
            let error = PluginFailure::new(
                "NotInvocable",
                "a service is used by plugins and cannot be invoked",
            );
            return Ok(Ending::Failed { error });
        }
        if matches!(kind, ComponentKind::Action | ComponentKind::Evaluator)
            && let Err(refusal) = plugin.validate(&call).await
        {
            let reason = refusal.reason().to_owned();
            return Ok(Ending::Refused { reason });
        }
        let result = plugin.invoke(&call).await;
        Ok(match result {
            Err(error) => Ending::Failed { error },
            Ok(result) if matches!(kind, ComponentKind::Action | ComponentKind::Evaluator) => {
                let responses = call.take_responses();
                let output = json!({ "result": result, "responses": responses });
                Ending::Succeeded { output }
            }
            Ok(output) => Ending::Succeeded { output },
        })
    }
}
