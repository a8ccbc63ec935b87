//! Parameters.

use std::collections::BTreeMap;

use futures::executor::block_on;
use plugin_registry::Sensitivity;
use serde_json::{Value, json};

use super::name;
use crate::cli::ConfigArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

pub(crate) fn config(session: &Session, args: &ConfigArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    let instance = block_on(tenant.instance(plugin.instance))?;
    let parameters = &instance.properties.parameters;
    let mut settings: BTreeMap<String, Value> = BTreeMap::new();
    for setting in &args.settings {
        let (name, value) = setting.split_once('=').ok_or_else(|| {
            // The text may hold a secret, so it is not repeated.
            Failure::new("InputUnreadable", "a setting is written NAME=VALUE")
        })?;
        let secret = parameters
            .iter()
            .any(|p| p.covers(name) && p.sensitivity == Sensitivity::Secret);
        if secret {
            let message = format!(
                "`{name}` is a secret, and this program keeps none: set ONE_PLUGIN_SECRET_{name} for the command that runs the plugin"
            );
            return Err(Failure::new("NoVault", message));
        }
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        settings.insert(name.to_owned(), value);
    }
    settings.extend(args.unset.iter().map(|name| (name.clone(), Value::Null)));
    if !settings.is_empty() {
        block_on(tenant.configure(plugin.instance, settings))?;
    }
    let plugin = name::installed(&tenant, &args.package)?;
    let value =
        json!({"instance": plugin.instance, "settings": plugin.settings, "parameters": parameters});
    output.say(&value, || {
        let mut lines = vec![format!("{} {}", plugin.package, plugin.version)];
        for parameter in parameters {
            let value = match (plugin.settings.get(&parameter.name), parameter.sensitivity) {
                (_, Sensitivity::Secret) => "(secret)".to_owned(),
                (Some(value), _) => value.to_string(),
                (None, _) => parameter.default.as_ref().map_or_else(
                    || "-".to_owned(),
                    |default| format!("- (default {default})"),
                ),
            };
            lines.push(format!(
                "  {:<32} {:<8} {value}",
                parameter.name,
                parameter.kind.to_string()
            ));
        }
        lines.join("\n")
    });
    Ok(())
}
