//! What is said of releases that are installed: channel, notices, revoke, unrevoke.

use futures::executor::block_on;
use one_ontology::GroupId;
use plugin_lifecycle::{
    Channel, Noted, NoticeReport, Operation, ReleaseSettings, Tenant, WayOut, allow,
};
use plugin_registry::{Revocation, Severity};
use plugin_resolver::PackageName;
use serde_json::json;

use super::name;
use crate::cli::{ChannelArgs, NoticesArgs, RevokeArgs, UnrevokeArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::{Session, group_id};

pub(crate) fn channel(
    session: &Session,
    args: &ChannelArgs,
    output: &Output,
) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let channel: Option<Channel> = args.name.as_deref().map(str::parse).transpose()?;
    let cooldown = args.cooldown.map(|hours| u64::from(hours) * 3600);
    let is_asked = channel.is_none() && !args.none && cooldown.is_none();
    let settings = if is_asked {
        block_on(tenant.release_settings())?
    } else {
        block_on(tenant.change_release_settings(|settings| {
            if channel.is_some() || args.none {
                settings.channel.clone_from(&channel);
            }
            if cooldown.is_some() {
                settings.cooldown_s = cooldown;
            }
        }))?
    };
    output.say(&settings, || {
        let place = &tenant.group().name;
        let followed = settings.channel.as_ref().map_or("latest", Channel::as_str);
        let age = settings.cooldown(&session.policy).as_secs() / 3600;
        let waits = match age {
            0 => "however young it is".to_owned(),
            hours => format!("once a release is {hours} hours old"),
        };
        format!("`{place}` follows `{followed}`, {waits}")
    });
    Ok(())
}

pub(crate) fn notices(
    session: &Session,
    args: &NoticesArgs,
    output: &Output,
) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let settings = if args.on.is_empty() {
        block_on(tenant.release_settings())?
    } else {
        block_on(tenant.change_release_settings(|settings| {
            let treatments = args.on.iter();
            settings.treatments = treatments.fold(settings.treatments, |all, (kind, what)| {
                all.with(*kind, *what)
            });
        }))?
    };
    if args.apply {
        // What is applied is told to whoever may see it.
        block_on(tenant.list_installed())?;
        let report = apply(session, &tenant)?;
        output.note(&words(&report));
        fail_with(&report)?;
    }
    let plugins = block_on(tenant.list_installed())?;
    let mut said = Vec::new();
    let mut lines = Vec::new();
    for plugin in plugins.iter().filter(|plugin| !plugin.notices.is_empty()) {
        let row = block_on(tenant.instance(plugin.instance))?.properties;
        let ways_out = plugin.notices.iter().map(|it| WayOut::of(&row, it));
        let ways_out: Vec<String> = ways_out.map(|it| it.to_string()).collect();
        let state = plugin.state.as_str();
        lines.push(format!("{} {}  {state}", plugin.package, plugin.version));
        for (notice, way_out) in plugin.notices.iter().zip(&ways_out) {
            lines.push(format!("  {notice}; since {}", notice.since));
            lines.push(format!("    way out: {way_out}"));
        }
        said.push(json!({
            "package": plugin.package, "version": plugin.version, "state": plugin.state,
            "notices": plugin.notices, "ways_out": ways_out,
        }));
    }
    let value = json!({"plugins": said, "treatments": settings.treatments});
    output.say(&value, || {
        if lines.is_empty() {
            lines.push("nothing is said of what is installed".to_owned());
        }
        lines.push(treatments(&settings));
        lines.join("\n")
    });
    Ok(())
}

fn treatments(settings: &ReleaseSettings) -> String {
    let of =
        |kind: &plugin_lifecycle::NoticeKind| format!("{kind}: {}", settings.treatments.of(*kind));
    let all: Vec<String> = plugin_lifecycle::NoticeKind::ALL.iter().map(of).collect();
    all.join(", ")
}

pub(crate) fn revoke(session: &Session, args: &RevokeArgs, output: &Output) -> Result<(), Failure> {
    let (Some(text), Some(reason)) = (&args.package, &args.reason) else {
        return list(session, output);
    };
    let (package, versions) = named(session, text)?;
    let severity: Severity = args.severity.parse()?;
    let said = (reason.as_str(), severity);
    let by = session.on_platform()?;
    let revoked = block_on(session.manager.revoke(by, &package, &versions, said))?;
    after(session, &revoked, "is revoked", output)
}

pub(crate) fn unrevoke(
    session: &Session,
    args: &UnrevokeArgs,
    output: &Output,
) -> Result<(), Failure> {
    let (package, versions) = named(session, &args.package)?;
    let by = session.on_platform()?;
    let lifted = block_on(session.manager.unrevoke(by, &package, &versions))?;
    after(session, &lifted, "is no longer revoked", output)
}

fn list(session: &Session, output: &Output) -> Result<(), Failure> {
    let revocations = block_on(session.manager.revocations())?;
    let all: Vec<&Revocation> = revocations.iter().collect();
    output.say(&all, || {
        if all.is_empty() {
            return "nothing is revoked".to_owned();
        }
        let lines = all.iter().map(|it| {
            format!(
                "{} {}  {}: {}  ({})",
                it.package, it.versions, it.severity, it.reason, it.revoked_at
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

/// Tells what was revoked or lifted, and brings it to the organisation of the command.
fn after(
    session: &Session,
    revocation: &Revocation,
    what: &str,
    output: &Output,
) -> Result<(), Failure> {
    let report = match session.tenant_on_platform()? {
        Some(tenant) => apply(session, &tenant)?,
        None => NoticeReport::default(),
    };
    let value = json!({"revocation": revocation, "notices": report});
    output.say(&value, || {
        let Revocation {
            package,
            versions,
            severity,
            reason,
            ..
        } = revocation;
        format!(
            "{package} {versions} {what} ({severity}): {reason}\n{}",
            words(&report)
        )
    });
    fail_with(&report)
}

/// A package, and which versions of it; all where nothing is said.
fn named(session: &Session, text: &str) -> Result<(PackageName, String), Failure> {
    let (package, versions) = name::split(text);
    let package = match package.contains('/') {
        true => package.parse()?,
        false => {
            let tenant = match session.tenant_on_platform()? {
                Some(tenant) => tenant,
                None => session.tenant()?,
            };
            name::package(session, &tenant, package)?
        }
    };
    Ok((package, versions.unwrap_or("*").to_owned()))
}

/// The organisation of the command, if it is there and who acts may see what is installed.
pub(crate) fn here(session: &Session) -> Result<Option<Tenant>, Failure> {
    if block_on(session.store.group(group_id(session.org())))?.is_none() {
        return Ok(None);
    }
    match session.tenant() {
        Ok(tenant) if allow(tenant.scope(), Operation::ViewOrgInstalledPlugins).is_err() => {
            Ok(None)
        }
        Ok(tenant) => Ok(Some(tenant)),
        Err(failure) if failure.tag() == "NoAccess" => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Brings what is said of releases to an organisation and those below it.
pub(crate) fn apply(session: &Session, tenant: &Tenant) -> Result<NoticeReport, Failure> {
    let own = tenant.group().id;
    let mut groups: Vec<GroupId> = vec![own];
    groups.extend(block_on(session.store.descendants(own))?);
    Ok(block_on(session.manager.apply_notices(groups)))
}

/// What became of it, in words.
fn words(report: &NoticeReport) -> String {
    let mut lines = lines(report);
    let looked_at = report.looked_at;
    let plugins = if looked_at == 1 { "plugin" } else { "plugins" };
    lines.push(format!("{looked_at} {plugins} looked at"));
    lines.join("\n")
}

/// What became of it, a line each.
pub(crate) fn lines(report: &NoticeReport) -> Vec<String> {
    let line = |how: &str| {
        let how = how.to_owned();
        move |it: &Noted| format!("{}: {how} {}", it.package, it.notice)
    };
    let is_suspended = |it: &&Noted| {
        !report
            .suspended
            .iter()
            .any(|other| other.instance == it.instance && other.notice == it.notice)
    };
    let mut lines: Vec<String> = report.suspended.iter().map(line("suspended;")).collect();
    lines.extend(report.raised.iter().filter(is_suspended).map(line("note:")));
    lines.extend(report.cleared.iter().map(line("no longer:")));
    lines.extend(report.left.iter().map(|left| {
        format!(
            "{}: {}; `notices --apply` when that has ended",
            left.package, left.state
        )
    }));
    lines
}

pub(crate) fn fail_with(report: &NoticeReport) -> Result<(), Failure> {
    match report.failed.first() {
        None => Ok(()),
        Some(first) => {
            let message = format!(
                "notices could not be brought to {} of what is installed; the first: {}",
                report.failed.len(),
                first.reason
            );
            Err(Failure::new("NoticesIncomplete", message))
        }
    }
}
