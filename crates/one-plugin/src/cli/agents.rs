//! What can be said of agents.

use clap::{Args, Subcommand};
use one_ontology::ThingType;

/// Of `agents`.
#[derive(Debug, Subcommand)]
pub(crate) enum AgentsCommand {
    /// List the agents of the organisation, or those that may use a plugin
    #[command(after_help = "Examples:
  one-plugin agents list
  one-plugin agents list --of notes")]
    List(ListAgentsArgs),
    /// Make an agent
    #[command(after_help = "Examples:
  one-plugin agents add Ada
  one-plugin agents add Bob --type research_agent --character '{\"bio\": [\"reads everything\"]}'
  one-plugin agents add Eve --character @eve.json
A character holds no secrets: they are of the plugins that need them.")]
    Add(AddAgentArgs),
    /// Show an agent: its character, and what it may use
    #[command(after_help = "Example:
  one-plugin agents show Ada")]
    Show(AgentArg),
    /// Give an agent another character; what runs for it is replaced when it is next used
    #[command(after_help = "Examples:
  one-plugin agents set Ada --character @ada.json
  one-plugin agents set Ada --character '{\"name\": \"Ada\", \"bio\": [\"likes tea\"]}'")]
    Set(SetAgentArgs),
    /// Let an agent use a plugin, with settings of its own over those of the plugin
    #[command(after_help = "Examples:
  one-plugin agents grant Ada notes
  one-plugin agents grant Ada notes --set NOTES_LIMIT=3
  one-plugin exec notes SEARCH_NOTES --agent Ada --input '{\"query\": \"refunds\"}'")]
    Grant(GrantArgs),
    /// Set what an agent uses a plugin with
    #[command(after_help = "Examples:
  one-plugin agents config Ada notes --set NOTES_LIMIT=7
  one-plugin agents config Ada notes --unset NOTES_LIMIT")]
    Config(ConfigAgentArgs),
    /// Say which parameters of a plugin whoever activates it for an agent may set for that agent
    #[command(after_help = "Examples:
  one-plugin agents open notes                  which are open, and which could be
  one-plugin agents open notes NOTES_LIMIT      this one, and no other any more
  one-plugin agents open notes --none
None is open until an owner says so. A setting of an agent takes the place of the plugin's own while the secrets
stay the plugin's: an address that is open lets others say where secrets are sent. What agents have they keep.")]
    Open(OpenToAgentsArgs),
    /// Let an agent use a plugin no more; what it has kept stays
    #[command(after_help = "Example:
  one-plugin agents revoke Ada notes")]
    Revoke(RevokeArgs),
    /// Put an agent away, with all that it may use
    #[command(after_help = "Example:
  one-plugin agents retire Ada")]
    Retire(AgentArg),
}

/// Of `agents list`.
#[derive(Args, Debug)]
pub(crate) struct ListAgentsArgs {
    /// Only those that may use this installed plugin
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) of: Option<String>,
}

/// An agent.
#[derive(Args, Debug)]
pub(crate) struct AgentArg {
    /// The agent: its exact name or its id
    pub(crate) agent: String,
}

/// Of `agents add`.
#[derive(Args, Debug)]
pub(crate) struct AddAgentArgs {
    /// What it is called: the `name` of its character
    pub(crate) name: String,
    /// What kind of agent, as the ontology has it
    #[arg(long = "type", default_value = "service_agent", value_name = "TYPE")]
    pub(crate) agent_type: ThingType,
    /// Its character, as elizaOS has it: JSON, `@FILE`, or `-` for standard input
    #[arg(long, default_value = "{}", value_name = "JSON")]
    pub(crate) character: String,
}

/// Of `agents set`.
#[derive(Args, Debug)]
pub(crate) struct SetAgentArgs {
    /// The agent: its exact name or its id
    pub(crate) agent: String,
    /// Its whole character: JSON, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON")]
    pub(crate) character: String,
}

/// Of `agents grant`.
#[derive(Args, Debug)]
pub(crate) struct GrantArgs {
    /// The agent: its exact name or its id
    pub(crate) agent: String,
    /// The installed plugin: its full name, its short one, or the id of its instance
    pub(crate) package: String,
    /// NAME=VALUE; JSON where it reads as JSON, else text
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
}

/// Of `agents config`.
#[derive(Args, Debug)]
pub(crate) struct ConfigAgentArgs {
    #[command(flatten)]
    pub(crate) granted: GrantArgs,
    /// Take a setting away: then the plugin's own holds
    #[arg(long, value_name = "NAME")]
    pub(crate) unset: Vec<String>,
}

/// Of `agents open`.
#[derive(Args, Debug)]
pub(crate) struct OpenToAgentsArgs {
    /// The installed plugin: its full name, its short one, or the id of its instance
    pub(crate) package: String,
    /// The parameters; all others are closed from then on
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Close all of them
    #[arg(long, conflicts_with = "names")]
    pub(crate) none: bool,
}

/// Of `agents revoke`.
#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    /// The agent: its exact name or its id
    pub(crate) agent: String,
    /// The installed plugin: its full name, its short one, or the id of its instance
    pub(crate) package: String,
}
