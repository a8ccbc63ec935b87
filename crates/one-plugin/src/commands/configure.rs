//! Parameters.

use std::collections::BTreeMap;

use futures::executor::block_on;
use plugin_lifecycle::is_secret;
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
    let mut settings = read(&args.settings)?;
    for name in settings.keys() {
        if is_secret(parameters, name) {
            return Err(not_here(&plugin.package, name));
        }
    }
    if let Some(name) = args.unset.iter().find(|name| is_secret(parameters, name)) {
        return Err(not_here(&plugin.package, name));
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

/// Settings as people write them: NAME=VALUE, JSON where it reads as JSON, else text.
pub(crate) fn read(settings: &[String]) -> Result<BTreeMap<String, Value>, Failure> {
    let pairs = settings.iter().map(|setting| {
        let (name, value) = setting.split_once('=').ok_or_else(|| {
            // The text may hold a secret, so it is not repeated.
            Failure::new("InputUnreadable", "a setting is written NAME=VALUE")
        })?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Ok((name.to_owned(), value))
    });
    pairs.collect()
}

/// Whoever says a secret on the command line has said it to everybody on the machine.
fn not_here(package: &str, name: &str) -> Failure {
    let message = format!("`{name}` is a secret, and no secret is taken from a command line");
    Failure::new("SecretOnCommandLine", message).with([
        format!("`one-plugin secrets set {package} {name}` keeps it in the vault, `secrets destroy` ends it"),
        format!("ONE_PLUGIN_SECRET_{name} lends it to the command that runs the plugin"),
    ])
}
