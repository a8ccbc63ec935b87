//! The trail.

use std::collections::BTreeSet;

use futures::executor::block_on;
use one_ontology::Event;

use super::name;
use crate::cli::AuditArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

pub(crate) fn audit(session: &Session, args: &AuditArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let trail = match &args.package {
        Some(package) => match name::installed(&tenant, package) {
            Ok(plugin) => block_on(tenant.audit(plugin.instance))?,
            // Of a plugin that was removed the trail is found by its package.
            Err(missing) => {
                let mut trail = block_on(tenant.audit_all())?;
                let full = name::package(session, &tenant, package).map_err(|_| missing.clone())?;
                let of_package =
                    |event: &&Event| event.metadata.text("npm_package") == Some(full.as_str());
                let instances: BTreeSet<_> = trail
                    .events
                    .iter()
                    .filter(of_package)
                    .filter_map(|event| event.target)
                    .collect();
                trail
                    .events
                    .retain(|e| e.target.is_some_and(|of| instances.contains(&of)));
                if trail.events.is_empty() {
                    return Err(missing);
                }
                trail
            }
        },
        None => block_on(tenant.audit_all())?,
    };
    output.say(&trail, || {
        let mut lines: Vec<String> = trail.events.iter().map(row).collect();
        lines.push(match &trail.verified {
            Some(head) => format!(
                "verified: {} events of `{}`, whole and in order, up to {}",
                head.seq,
                tenant.group().name,
                head.digest.to_string().get(..16).unwrap_or_default()
            ),
            None => "nothing has happened yet".to_owned(),
        });
        lines.join("\n")
    });
    Ok(())
}

/// An event on a line.
pub(crate) fn row(event: &Event) -> String {
    let text = |name| event.metadata.text(name).unwrap_or_default();
    let package = text("npm_package");
    let detail: Vec<&str> = ["operation", "component", "outcome", "call", "why", "error"]
        .into_iter()
        .map(text)
        .filter(|text| !text.is_empty())
        .collect();
    let at = event.at.to_string();
    let digest = event.digest.to_string();
    let row = format!(
        "{:>5}  {}  {}  {:<26} {:<28} {}",
        event.seq,
        at.get(11..23).unwrap_or(&at),
        digest.get(..8).unwrap_or_default(),
        event.event_type.as_str(),
        package.trim_start_matches("@elizaos/"),
        detail.join(" ")
    );
    row.trim_end().to_owned()
}
