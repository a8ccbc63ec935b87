//! What is installed: list, activate, deactivate, uninstall, usage.

use futures::executor::block_on;
use plugin_lifecycle::{InstalledPlugin, UsageWindow};
use plugin_runtime_api::{ComponentKind, RuntimeInfo};
use serde_json::json;

use super::{name, planning};
use crate::cli::UsageArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

pub(crate) fn list(session: &Session, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugins = block_on(tenant.list_installed())?;
    output.say(&plugins, || {
        if plugins.is_empty() {
            return format!("nothing is installed in `{}`", tenant.group().name);
        }
        plugins.iter().map(row).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

/// An installed plugin on a line.
pub(crate) fn row(plugin: &InstalledPlugin) -> String {
    let reason = plugin
        .reason
        .as_deref()
        .map(|r| format!("  ({r})"))
        .unwrap_or_default();
    let row = format!(
        "{:<34} {:<14} {:<13}{reason}",
        plugin.package,
        plugin.version,
        plugin.state.as_str()
    );
    row.trim_end().to_owned()
}

pub(crate) fn activate(session: &Session, package: &str, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, package)?;
    session.lend_secrets(&tenant, &plugin)?;
    let info = block_on(tenant.activate(plugin.instance))
        .map_err(|error| planning::no_node(session, error.into()))?;
    output.say(&info, || {
        format!("{} is active\n{}", plugin.package, components(&info))
    });
    Ok(())
}

/// The components of a runtime, in words.
pub(crate) fn components(info: &RuntimeInfo) -> String {
    let mut lines = vec![format!(
        "  {}, started in {} ms",
        info.engine, info.start_ms
    )];
    for plugin in &info.plugins {
        lines.push(format!("  {} {}", plugin.name, plugin.version));
        for kind in ComponentKind::ALL {
            let names: Vec<&str> = plugin
                .components
                .iter()
                .filter(|component| component.kind == *kind)
                .map(|component| component.name.as_str())
                .collect();
            if !names.is_empty() {
                lines.push(format!(
                    "    {:<10} {}",
                    format!("{kind}:"),
                    names.join(", ")
                ));
            }
        }
        lines.extend(
            plugin
                .warnings
                .iter()
                .map(|warning| format!("    note: {warning}")),
        );
    }
    lines.join("\n")
}

pub(crate) fn deactivate(session: &Session, package: &str, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, package)?;
    block_on(tenant.deactivate(plugin.instance))?;
    output.say(&json!({"instance": plugin.instance}), || {
        format!("{} is stopped", plugin.package)
    });
    Ok(())
}

pub(crate) fn uninstall(session: &Session, package: &str, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, package)?;
    block_on(tenant.uninstall(plugin.instance))?;
    output.say(&json!({"instance": plugin.instance}), || {
        format!("{} is removed; `audit` still has its trail", plugin.package)
    });
    Ok(())
}

pub(crate) fn usage(session: &Session, args: &UsageArgs, output: &Output) -> Result<(), Failure> {
    let window: UsageWindow = args.window.parse()?;
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    let usage = block_on(tenant.usage(plugin.instance, window))?;
    output.say(&usage, || {
        let millis = |us: Option<u64>| us.map_or_else(|| "-".to_owned(), |us| format!("{} ms", us.div_ceil(1000)));
        format!(
            "{} in the last {window}: {} executions, {} succeeded, {} refused by the plugin, {} failed\n\
             mean {}, half within {}, 95 % within {}, 99 % within {}",
            plugin.package,
            usage.executions,
            usage.succeeded,
            usage.refused,
            usage.failed,
            millis(usage.mean_us),
            millis(usage.p50_us),
            millis(usage.p95_us),
            millis(usage.p99_us)
        )
    });
    Ok(())
}
