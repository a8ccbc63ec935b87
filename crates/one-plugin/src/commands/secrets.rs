//! Secrets: new-key, list, set, rotate, rewrap, destroy.

use std::collections::BTreeSet;
use std::io::Read as _;

use futures::executor::block_on;
use one_ontology::{Clock as _, GroupId, SystemClock, ThingId};
use plugin_lifecycle::{InstalledPlugin, ManagerError, Operation, Tenant, allow, is_secret};
use plugin_vault_store::{KeyProvider as _, LocalKeys};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::name;
use crate::cli::{
    DestroySecretArgs, ListSecretsArgs, NewVaultKeyArgs, RewrapArgs, SecretsCommand, SetSecretArgs,
};
use crate::failure::Failure;
use crate::key_file::write_private;
use crate::output::Output;
use crate::prompt;
use crate::session::Session;
use crate::vault::with_former;

/// The longest secret, in bytes.
const LONGEST: u64 = 64 << 10;

/// The secrets of one plugin.
#[derive(Serialize)]
struct Secrets {
    package: String,
    instance: ThingId,
    /// Those in the vault.
    secrets: Vec<String>,
    /// Those of which nobody knows whether the vault has them, or which.
    unsure: BTreeSet<String>,
}

pub(crate) fn run(
    session: &Session,
    command: &SecretsCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        SecretsCommand::NewKey(args) => new_key(args, output),
        SecretsCommand::List(args) => list(session, args, output),
        SecretsCommand::Set(args) => set(session, args, output),
        SecretsCommand::Rotate => rotate(session, output),
        SecretsCommand::Rewrap(args) => rewrap(session, args, output),
        SecretsCommand::Destroy(args) => destroy(session, args, output),
    }
}

/// Makes a key. No file that is there is ever lost for it.
pub(crate) fn new_key(args: &NewVaultKeyArgs, output: &Output) -> Result<(), Failure> {
    let file = &args.file;
    let unusable = |reason: &dyn std::fmt::Display| {
        let message = format!("`{}` cannot be used: {reason}", file.display());
        Failure::new("FileUnusable", message)
    };
    let text = LocalKeys::generate().map_err(|error| unusable(&error))?;
    let keys = LocalKeys::from_text(&text).map_err(|error| unusable(&error))?;
    write_private(file, &text).map_err(|error| unusable(&error))?;
    let name = keys.current();
    let value = json!({"key": name.as_str(), "file": file});
    output.say(&value, || {
        format!(
            "`{}` is a key for the vault, which only you may read: keep a copy of it where no store is\n\
             its name is {}",
            file.display(),
            name.as_str()
        )
    });
    Ok(())
}

fn list(session: &Session, args: &ListSecretsArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugins = match &args.package {
        Some(package) => vec![name::installed(&tenant, package)?],
        None => block_on(tenant.list_installed())?,
    };
    let found: Result<Vec<Secrets>, Failure> =
        plugins.iter().map(|it| secrets_of(&tenant, it)).collect();
    let mut found = found?;
    if args.package.is_none() {
        found.retain(|it| !it.secrets.is_empty() || !it.unsure.is_empty());
    }
    output.say(&found, || words(&found, &tenant.group().name));
    Ok(())
}

fn secrets_of(tenant: &Tenant, plugin: &InstalledPlugin) -> Result<Secrets, Failure> {
    let row = block_on(tenant.instance(plugin.instance))?.properties;
    let silent = row.secrets_under_way.silent_at(SystemClock.now());
    let unsure = silent.chain(&row.secrets_unsure).cloned().collect();
    Ok(Secrets {
        package: plugin.package.clone(),
        instance: plugin.instance,
        secrets: block_on(tenant.secret_names(plugin.instance))?,
        unsure,
    })
}

fn words(found: &[Secrets], place: &str) -> String {
    let mut lines = Vec::new();
    for plugin in found {
        let unsure = plugin.unsure.iter();
        let lost = unsure.filter(|name| !plugin.secrets.contains(name));
        for name in plugin.secrets.iter().chain(lost) {
            let note = if plugin.unsure.contains(name) {
                "  (nobody knows which the vault has: set it again)"
            } else {
                ""
            };
            lines.push(format!("{:<34} {name}{note}", plugin.package));
        }
    }
    if lines.is_empty() {
        return format!("the vault has no secrets of plugins in `{place}`");
    }
    lines.join("\n")
}

fn set(session: &Session, args: &SetSecretArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    let row = block_on(tenant.instance(plugin.instance))?.properties;
    let name = &args.name;
    if !is_secret(&row.parameters, name) {
        let name = one_ontology::excerpt(name, 200);
        return Err(ManagerError::NoSuchSecret { name }.into());
    }
    // Before anybody is asked for it.
    session.vault.refuse_closed(tenant.group().id)?;
    let secret = secret(&format!("{name} of {}: ", plugin.package))?;
    block_on(tenant.set_secret(plugin.instance, name, &secret))?;
    let value = json!({"instance": plugin.instance, "secret": name});
    output.say(&value, || {
        format!("the vault has {name} of {}", plugin.package)
    });
    Ok(())
}

/// The secret: typed unseen at a terminal, else all of standard input but for a line end at its end.
fn secret(question: &str) -> Result<Zeroizing<String>, Failure> {
    let unreadable = |reason: &dyn std::fmt::Display| {
        Failure::new(
            "InputUnreadable",
            format!("the secret cannot be read: {reason}"),
        )
    };
    let secret = match prompt::ask(question) {
        Some(typed) => typed.map_err(|error| unreadable(&error))?,
        None => {
            let mut text = Zeroizing::new(String::new());
            let stdin = std::io::stdin().lock();
            let read = stdin.take(LONGEST + 3).read_to_string(&mut text);
            read.map_err(|error| unreadable(&error))?;
            let line = text.strip_suffix('\n').unwrap_or(&text);
            let line = line.strip_suffix('\r').unwrap_or(line);
            Zeroizing::new(line.to_owned())
        }
    };
    if secret.is_empty() {
        return Err(unreadable(&"there is none"));
    }
    if secret.len() as u64 > LONGEST {
        return Err(unreadable(&format!("it is longer than {LONGEST} bytes")));
    }
    Ok(secret)
}

fn rotate(session: &Session, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    session.vault.refuse_unrotatable(tenant.group().id)?;
    block_on(tenant.rotate_secrets())?;
    let place = &tenant.group().name;
    output.say(&json!({"group": tenant.group().id}), || {
        format!("all secrets of `{place}` are sealed under a new key")
    });
    Ok(())
}

fn rewrap(session: &Session, args: &RewrapArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    allow(tenant.scope(), Operation::UpdatePluginSecrets).map_err(ManagerError::from)?;
    let Some(key) = &session.vault_key else {
        let message = "the key that is to seal from now on was not given";
        let help = "name its file by --vault-key".to_owned();
        return Err(Failure::new("VaultKeyMissing", message).with([help]));
    };
    let vault = with_former(key, &args.former, session.store.clone())?;
    let mut groups: Vec<GroupId> = vec![tenant.group().id];
    if args.below {
        groups.extend(block_on(session.store.descendants(tenant.group().id))?);
    }
    let mut keys = 0;
    for group in &groups {
        keys += block_on(vault.rewrap(*group))?;
    }
    output.say(&json!({"groups": groups, "keys": keys}), || {
        let (keys, groups) = (counted(keys, "key"), counted(groups.len(), "organisation"));
        format!(
            "{keys} of {groups} sealed with the key in `{}`",
            key.display()
        )
    });
    Ok(())
}

fn counted(number: usize, what: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {what}{end}")
}

fn destroy(session: &Session, args: &DestroySecretArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    block_on(tenant.destroy_secret(plugin.instance, &args.name))?;
    let name = &args.name;
    let value = json!({"instance": plugin.instance, "secret": name});
    output.say(&value, || {
        format!("{name} of {} is destroyed", plugin.package)
    });
    Ok(())
}
