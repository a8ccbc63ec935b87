//! Agents, and what they may use.

use std::collections::{BTreeMap, BTreeSet};

use futures::executor::block_on;
use one_ontology::{ThingId, excerpt};
use plugin_lifecycle::{Agent, AgentUse, ManagerError, Tenant};
use plugin_registry::Sensitivity;
use serde_json::{Value, json};

use super::{configure, exec, name};
use crate::cli::{
    AddAgentArgs, AgentsCommand, ConfigAgentArgs, GrantArgs, OpenToAgentsArgs, SetAgentArgs,
};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

pub(crate) fn run(
    session: &Session,
    command: &AgentsCommand,
    output: &Output,
) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    match command {
        AgentsCommand::List(args) => match &args.of {
            Some(package) => using(&tenant, package, output),
            None => list(&tenant, output),
        },
        AgentsCommand::Add(args) => add(&tenant, args, output),
        AgentsCommand::Show(args) => show(&tenant, &args.agent, output),
        AgentsCommand::Set(args) => set(&tenant, args, output),
        AgentsCommand::Grant(args) => grant(&tenant, args, output),
        AgentsCommand::Config(args) => config(&tenant, args, output),
        AgentsCommand::Open(args) => open(&tenant, args, output),
        AgentsCommand::Revoke(args) => {
            let agent = find(&tenant, &args.agent)?;
            let plugin = name::installed(&tenant, &args.package)?;
            block_on(tenant.deactivate_for(plugin.instance, agent.id))?;
            let value = json!({"agent": agent.id, "instance": plugin.instance});
            output.say(&value, || {
                format!("{} may not use {} any more", agent.name, plugin.package)
            });
            Ok(())
        }
        AgentsCommand::Retire(args) => {
            let agent = find(&tenant, &args.agent)?;
            block_on(tenant.retire_agent(agent.id, agent.revision))?;
            output.say(&json!({"agent": agent.id}), || {
                format!("{} is put away, with all that it might use", agent.name)
            });
            Ok(())
        }
    }
}

/// The agent that a text names: by its id, else by its exact name.
pub(crate) fn find(tenant: &Tenant, text: &str) -> Result<Agent, Failure> {
    if let Ok(id) = text.parse::<ThingId>() {
        return Ok(block_on(tenant.agent(id))?);
    }
    let agents = block_on(tenant.agents())?;
    let mut named: Vec<Agent> = agents.into_iter().filter(|it| it.name == text).collect();
    match (named.pop(), named.len()) {
        (Some(agent), 0) => Ok(agent),
        (Some(agent), more) => {
            let ids = named.iter().chain([&agent]).map(|it| it.id.to_string());
            let message = format!("{} agents are called `{}`", more + 1, excerpt(text, 64));
            Err(Failure::new("AmbiguousName", message).with(ids))
        }
        (None, _) => {
            let message = format!("there is no agent called `{}` here", excerpt(text, 64));
            Err(Failure::new("AgentNotFound", message))
        }
    }
}

fn list(tenant: &Tenant, output: &Output) -> Result<(), Failure> {
    let agents = block_on(tenant.agents())?;
    output.say(&agents, || {
        if agents.is_empty() {
            return format!("`{}` has no agents but its own", tenant.group().name);
        }
        agents.iter().map(row).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

fn row(agent: &Agent) -> String {
    format!("{}  {:<20} {}", agent.id, agent.name, agent.agent_type)
}

fn using(tenant: &Tenant, package: &str, output: &Output) -> Result<(), Failure> {
    let plugin = name::installed(tenant, package)?;
    let uses = block_on(tenant.agents_using(plugin.instance))?;
    output.say(&uses, || {
        let lines = uses
            .iter()
            .map(|it| format!("{}  {}{}", it.agent, it.name, with(it)));
        or_none(
            lines.collect(),
            "no agent but the organisation's own may use it",
        )
    });
    Ok(())
}

/// The settings of a grant, where there are any.
fn with(granted: &AgentUse) -> String {
    if granted.settings.is_empty() {
        return String::new();
    }
    let settings = granted.settings.iter();
    let settings: Vec<String> = settings
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(" with {}", settings.join(" "))
}

fn or_none(lines: Vec<String>, none: &str) -> String {
    if lines.is_empty() {
        none.to_owned()
    } else {
        lines.join("\n")
    }
}

fn add(tenant: &Tenant, args: &AddAgentArgs, output: &Output) -> Result<(), Failure> {
    let mut character = exec::input(&args.character)?;
    if let Some(character) = character.as_object_mut() {
        character.insert("name".to_owned(), args.name.as_str().into());
    }
    let agent = block_on(tenant.create_agent(args.agent_type.clone(), &character))?;
    output.say(&agent, || row(&agent));
    Ok(())
}

fn show(tenant: &Tenant, agent: &str, output: &Output) -> Result<(), Failure> {
    let agent = find(tenant, agent)?;
    let uses = block_on(tenant.used_by_agent(agent.id))?;
    let value = json!({"agent": agent, "uses": uses});
    output.say(&value, || {
        let character = Value::Object(agent.character.clone());
        let character = serde_json::to_string_pretty(&character).unwrap_or_default();
        let lines = uses
            .iter()
            .map(|it| format!("  {}{}", it.package, with(it)));
        let lines = or_none(lines.collect(), "  nothing");
        format!("{}\n{character}\nmay use:\n{lines}", row(&agent))
    });
    Ok(())
}

fn set(tenant: &Tenant, args: &SetAgentArgs, output: &Output) -> Result<(), Failure> {
    let character = exec::input(&args.character)?;
    let agent = find(tenant, &args.agent)?;
    let agent = block_on(tenant.update_agent(agent.id, agent.revision, &character))?;
    output.say(&agent, || row(&agent));
    Ok(())
}

fn grant(tenant: &Tenant, args: &GrantArgs, output: &Output) -> Result<(), Failure> {
    let agent = find(tenant, &args.agent)?;
    let plugin = name::installed(tenant, &args.package)?;
    let settings = configure::read(&args.settings)?;
    block_on(tenant.activate_for(plugin.instance, agent.id, &settings))?;
    say_granted(tenant, agent.id, plugin.instance, output)
}

fn config(tenant: &Tenant, args: &ConfigAgentArgs, output: &Output) -> Result<(), Failure> {
    let agent = find(tenant, &args.granted.agent)?;
    let plugin = name::installed(tenant, &args.granted.package)?;
    let mut settings: BTreeMap<String, Value> = configure::read(&args.granted.settings)?;
    settings.extend(args.unset.iter().map(|name| (name.clone(), Value::Null)));
    if !settings.is_empty() {
        block_on(tenant.configure_for(plugin.instance, agent.id, &settings))?;
    }
    say_granted(tenant, agent.id, plugin.instance, output)
}

/// Says which parameters agents may have settings of their own for, after it was changed if that was asked for.
fn open(tenant: &Tenant, args: &OpenToAgentsArgs, output: &Output) -> Result<(), Failure> {
    let plugin = name::installed(tenant, &args.package)?;
    let names: BTreeSet<String> = args.names.iter().cloned().collect();
    if args.none || !names.is_empty() {
        block_on(tenant.open_to_agents(plugin.instance, &names))?;
    }
    let row = block_on(tenant.instance(plugin.instance))?.properties;
    let plain = row.parameters.iter();
    let plain = plain.filter(|it| it.sensitivity != Sensitivity::Secret);
    let (open, closed): (Vec<&str>, Vec<&str>) = plain
        .map(|it| it.name.as_str())
        .partition(|name| row.open_to_agents.contains(*name));
    let value = json!({"instance": plugin.instance, "open": open, "closed": closed});
    output.say(&value, || {
        let line = |what: &str, names: &[&str]| match names {
            [] => format!("  {what:<7} none"),
            names => format!("  {what:<7} {}", names.join(" ")),
        };
        let lines = [line("open", &open), line("closed", &closed)];
        format!("{} to agents\n{}", plugin.package, lines.join("\n"))
    });
    Ok(())
}

/// Says what an agent may now use an instance with.
fn say_granted(
    tenant: &Tenant,
    agent: ThingId,
    instance: ThingId,
    output: &Output,
) -> Result<(), Failure> {
    let uses = block_on(tenant.agents_using(instance))?;
    let found = uses.into_iter().find(|it| it.agent == agent);
    let granted = found.ok_or(ManagerError::AgentNotFound { agent })?;
    output.say(&granted, || {
        format!(
            "{} may use {}{}",
            granted.name,
            granted.package,
            with(&granted)
        )
    });
    Ok(())
}
