//! What can be said on the command line.

mod agents;
mod events;
mod operating;
mod org;
mod releases;
mod secrets;
mod several;
mod store;
mod versions;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use plugin_lifecycle::BreakingKind;
use plugin_runtime_api::Permission;

use crate::commands::ALL;
use crate::kept::StoreAddress;
use crate::paint::Colour;

pub(crate) use self::agents::{
    AddAgentArgs, AgentsCommand, ConfigAgentArgs, GrantArgs, OpenToAgentsArgs, SetAgentArgs,
};
pub(crate) use self::events::{DispatchArgs, EventsCommand, LetterArg, SubscribeArgs};
pub(crate) use self::operating::{
    RecoverArgs, RunArgs, RunsArgs, StatusArgs, SuspendArgs, UsageArgs,
};
pub(crate) use self::org::OrgCommand;
pub(crate) use self::releases::{ChannelArgs, NoticesArgs, PinArgs, RevokeArgs, UnrevokeArgs};
pub(crate) use self::secrets::{
    DestroySecretArgs, ListSecretsArgs, NewVaultKeyArgs, RewrapArgs, SecretsCommand, SetSecretArgs,
};
pub(crate) use self::several::{AllAtOnce, OneOrAllArgs};
pub(crate) use self::store::{
    BackupArgs, ExportArgs, MigrateArgs, NewKeyArgs, Proven, RestoreArgs, StoreCommand, VerifyArgs,
};
pub(crate) use self::versions::{
    Choosing, DedupeArgs, DiffArgs, GraphArgs, GraphFormat, LockArgs, OutdatedArgs, PlanArgs,
    Subject, TreeArgs, Which, WhyArgs, Wish,
};

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  the plugin did not succeed: it refused, failed, took too long
  2  the command line, its input or a lock cannot be read
  3  a rule refused it: role, permission, state, limit
  4  not found: plugin, version, instance, organisation
  5  conflict: what is asked for cannot be had together, or the lock does not hold
  6  unavailable: network, registry, Node, a busy or read-only store
  7  damaged: the store, the audit trail or an export of it
  130  interrupted with Ctrl-C

Environment:
  ONE_PLUGIN_HOME                where everything is kept (else the data directory of the user)
  ONE_PLUGIN_STORE               the store, as for --store; keeps a password off the command line
  ONE_PLUGIN_VAULT_KEY           the file of the key of the vault, as for --vault-key
  ONE_PLUGIN_SECRET_<PARAMETER>  a secret for the plugin that this command runs; never stored, and
                                 before one in the vault";

/// Discover, install, govern and run elizaOS plugins for many organisations.
#[derive(Debug, Parser)]
#[command(name = "one-plugin", version, after_long_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// Where the store and the packages are kept [default: the user's data directory]
    #[arg(
        long,
        global = true,
        env = "ONE_PLUGIN_HOME",
        hide_env = true,
        value_name = "DIR"
    )]
    pub(crate) home: Option<PathBuf>,
    /// The store: `memory`, `sqlite:PATH`, `postgres://USER@HOST/DATABASE` [default: one-plugin.sqlite
    /// in the home directory]
    #[arg(
        long,
        global = true,
        env = "ONE_PLUGIN_STORE",
        hide_env = true,
        value_name = "STORE"
    )]
    pub(crate) store: Option<StoreAddress>,
    /// The file of the key that opens the vault, in which secrets are kept; only you may read it
    #[arg(
        long,
        global = true,
        env = "ONE_PLUGIN_VAULT_KEY",
        hide_env = true,
        value_name = "FILE"
    )]
    pub(crate) vault_key: Option<PathBuf>,
    /// In which organisation
    #[arg(long, global = true, default_value = "default", value_name = "NAME")]
    pub(crate) org: String,
    /// Who acts [default: owner]
    #[arg(long = "as", global = true, value_name = "PERSON")]
    pub(crate) person: Option<String>,
    /// Print JSON for machines instead of words
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Ask no registry: use what is kept and what is part of the program
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// Let the names that plugins import, and their packages do not export, decide versions, too; this
    /// downloads what is selected
    #[arg(long, global = true)]
    pub(crate) symbols: bool,
    /// Explain conflicts in full
    #[arg(long, global = true)]
    pub(crate) verbose: bool,
    /// Colour explanations; `auto` does at a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Colour,
    /// The node program [default: the first on PATH]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) node: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole journey on real plugins, in a fresh directory
    #[command(after_help = "Examples:
  one-plugin demo
  one-plugin demo --native        without Node, with a plugin written in Rust
  one-plugin demo --keep          keep the directory afterwards")]
    Demo(DemoArgs),
    /// Bring the catalog up to date
    #[command(after_help = "Examples:
  one-plugin sync                      the plugins of the built-in list, from the npm registry
  one-plugin sync @elizaos/plugin-pdf  only this one
  one-plugin --offline sync            the facts that are part of the program
The registry is asked at most once in five minutes.")]
    Sync(SyncArgs),
    /// Search the catalog
    #[command(after_help = "Examples:
  one-plugin search knowledge documents
  one-plugin search --near 'talk to people on telegram'")]
    Search(SearchArgs),
    /// Show a plugin of the catalog: versions, parameters, what it needs and what needs it
    #[command(after_help = "Examples:
  one-plugin show knowledge
  one-plugin show @elizaos/plugin-knowledge --json")]
    Show(PackageArg),
    /// Show what installing would do, and do nothing; several packages that cannot be together are put in groups
    #[command(after_help = "Examples:
  one-plugin plan knowledge
  one-plugin plan '@elizaos/plugin-knowledge@^1.6'
  one-plugin plan bootstrap knowledge form goals         in as few groups as possible, and why
  one-plugin plan bootstrap form --together              or why they cannot be together
  one-plugin plan knowledge --host @elizaos/core=1.6.3   for a host that has this core")]
    Plan(PlanArgs),
    /// Install plugins with what they need
    #[command(after_help = "Examples:
  one-plugin install knowledge
  one-plugin install bootstrap knowledge              resolved together, on one core
  one-plugin install bootstrap web-search --groups    each group on its own core, where there is no other way
  one-plugin --as alice --org acme install 'knowledge@1.6.1' --grant read_only
  one-plugin install knowledge --lock plugins.lock --frozen     exactly these versions, or nothing")]
    Install(InstallArgs),
    /// Try again what failed: an installation, all of it and the same versions, or the runtime of a plugin in ERROR
    #[command(after_help = "Examples:
  one-plugin retry knowledge
  one-plugin uninstall knowledge       or give it up")]
    Retry(ChangeArgs),
    /// Bring an installed plugin to another version, or list what could be updated
    #[command(after_help = "Examples:
  one-plugin update                                  list what could be updated, and what that breaks
  one-plugin update --all                            show what updating everything would do, in its order
  one-plugin update --all --yes                      and do it; what breaks is left, unless it is agreed to
  one-plugin update knowledge --dry-run
  one-plugin update knowledge --to '^1.6'
  one-plugin update knowledge --approve major --approve parameters_gone
  one-plugin update knowledge --approve secrets.access   its components may require this from now on
Where its version stays, its packages are resolved anew: the way out where one of them is revoked.
An active plugin serves until the new version is fetched. Where that does not start, the old one is brought back.")]
    Update(UpdateArgs),
    /// Bring back the version that a plugin had before its last update
    #[command(after_help = "Examples:
  one-plugin rollback knowledge
Its settings of then come back with it; its secrets stay as they are.")]
    Rollback(ChangeArgs),
    /// Say how far a plugin is updated: not at all, within a range, along a tag
    #[command(after_help = "Examples:
  one-plugin pin knowledge hold          it stays at its version
  one-plugin pin knowledge '^1.6'
  one-plugin pin knowledge beta          what the publisher tags so
  one-plugin pin knowledge --none        as far as there are versions")]
    Pin(PinArgs),
    /// Show or set what an organisation follows: a tag of the registry, and how old a release has to be
    #[command(after_help = "Examples:
  one-plugin channel                 show it
  one-plugin channel next            what publishers tag so, where they do; a pin comes first
  one-plugin channel --cooldown 72   offer no release younger than three days
  one-plugin channel --none          what is tagged `latest`
By its exact version a release can be had at once: one-plugin update PACKAGE --to 1.2.3")]
    Channel(ChannelArgs),
    /// Show what is said of installed releases: deprecated, unpublished, revoked; or say what to do about it
    #[command(after_help = "Examples:
  one-plugin notices
  one-plugin notices --on deprecated=ignore --on unpublished=suspend
  one-plugin notices --apply         bring what the catalog says to what is installed, as `sync` does
What runs a revoked release is suspended, unless it is set otherwise.")]
    Notices(NoticesArgs),
    /// Revoke releases for every organisation, or list what is revoked
    #[command(after_help = "Examples:
  one-plugin revoke                  list what is revoked
  one-plugin revoke 'knowledge@<1.5.0' --reason 'it sends keys abroad' --severity critical
It reaches the organisation of the command and those below it at once, others with their next `sync`.
Whoever may write the store acts for the owner of the platform; whom --as names has to be one.")]
    Revoke(RevokeArgs),
    /// Take a revocation back
    #[command(after_help = "Examples:
  one-plugin unrevoke 'knowledge@<1.5.0'
What it suspended stays so until somebody resumes it. Whom --as names has to be an owner of the platform.")]
    Unrevoke(UnrevokeArgs),
    /// List the installed plugins
    #[command(after_help = "Examples:
  one-plugin list
  one-plugin --as alice --org acme list --json")]
    List,
    /// Show or set the parameters of an installed plugin
    #[command(after_help = "Examples:
  one-plugin config knowledge
  one-plugin config knowledge CTX_KNOWLEDGE_ENABLED=false
  one-plugin config knowledge --unset CTX_KNOWLEDGE_ENABLED
Secrets are set by `secrets set`, which takes them from standard input and not from the command line.")]
    Config(ConfigArgs),
    /// Keep secrets of installed plugins in the vault, sealed: set, list, destroy them, change keys
    #[command(
        subcommand,
        after_help = "Examples:
  one-plugin secrets new-key vault.key
  one-plugin --vault-key vault.key secrets set knowledge OPENAI_API_KEY
  one-plugin --vault-key vault.key activate knowledge
Secrets are in the store, sealed with a key of each organisation; that one is sealed with the key in the file.
Without the file nobody opens them: keep a copy where no store is."
    )]
    Secrets(SecretsCommand),
    /// Start an installed plugin and list its components
    #[command(after_help = "Examples:
  one-plugin activate knowledge
  one-plugin activate --all           everything that is installed, those that others need first")]
    Activate(OneOrAllArgs),
    /// Run a component of an active plugin
    #[command(after_help = "Examples:
  one-plugin exec knowledge SEARCH_KNOWLEDGE --input '{\"text\": \"search knowledge for refunds\"}'
  one-plugin exec bootstrap TIME --kind provider
  one-plugin exec notes NOTE_COUNT --kind provider --agent Ada       for an agent that may use it
  echo '{\"text\": \"Remember this: ...\"}' | one-plugin exec knowledge PROCESS_KNOWLEDGE --input -")]
    Exec(ExecArgs),
    /// Stop an active plugin
    #[command(after_help = "Examples:
  one-plugin deactivate knowledge
  one-plugin deactivate --all         everything that runs, those that need others first")]
    Deactivate(OneOrAllArgs),
    /// Remove an installed plugin; its trail stays
    #[command(after_help = "Examples:
  one-plugin uninstall knowledge")]
    Uninstall(PackageArg),
    /// Print the audit trail and verify its chain
    #[command(after_help = "Examples:
  one-plugin audit               everything that happened in the organisation
  one-plugin audit knowledge     what happened to one plugin")]
    Audit(AuditArgs),
    /// Show how an installed plugin was used
    #[command(after_help = "Examples:
  one-plugin usage knowledge --window week")]
    Usage(UsageArgs),
    /// Show how the last executions of an installed plugin ended, the newest first
    #[command(after_help = "Examples:
  one-plugin runs knowledge
  one-plugin runs knowledge --outcome failed --limit 5 --json
Inputs are shown without what looks like a secret, and cut where they are long.")]
    Runs(RunsArgs),
    /// Ask for the end of an execution that is under way, on whichever host
    #[command(after_help = "Example:
  one-plugin cancel knowledge 019ac9f2-7a00-7000-8000-000000000001")]
    Cancel(RunArgs),
    /// Run an execution again by its record: as another one, and only if all of its input was kept
    #[command(after_help = "Example:
  one-plugin rerun knowledge 019ac9f2-7a00-7000-8000-000000000001")]
    Rerun(RunArgs),
    /// Say where installed plugins stand and why: what is wanted of them, what holds, what would move them
    #[command(after_help = "Examples:
  one-plugin status                       of everything that is installed, what does not hold
  one-plugin status knowledge             all that there is to say of one
  one-plugin status knowledge --json
  one-plugin status --watch               again whenever something changes, until Ctrl-C")]
    Status(StatusArgs),
    /// Stop an active plugin, or one that failed, until somebody resumes it
    #[command(after_help = "Example:
  one-plugin suspend knowledge --reason 'its provider bills twice'
The reason is in `status` and in the trail.")]
    Suspend(SuspendArgs),
    /// Start a suspended plugin again
    #[command(after_help = "Example:
  one-plugin resume knowledge")]
    Resume(ChangeArgs),
    /// Finish or undo what hosts that went silent left under way
    #[command(after_help = "Examples:
  one-plugin recover                    in the organisation of the command
  one-plugin recover --below --json
  one-plugin recover --hosts-are-gone   the machine was switched off, the process was killed
What may still be at work is left, with the moment until when it may be silent.")]
    Recover(RecoverArgs),
    /// Make agents, and let them use plugins
    #[command(
        subcommand,
        after_help = "Examples:
  one-plugin agents add Guide
  one-plugin agents grant Guide notes --set NOTES_LIMIT=3
  one-plugin exec notes NOTE_COUNT --kind provider --agent Guide
Every organisation has an agent of its own, for which plugins run unless another is named."
    )]
    Agents(AgentsCommand),
    /// Tell plugins what happens: subscriptions, deliveries, dead letters
    #[command(
        subcommand,
        after_help = "Examples:
  one-plugin events list
  one-plugin events dispatch
  one-plugin events dead"
    )]
    Events(EventsCommand),
    /// Show what packages need, as a tree
    #[command(after_help = "Examples:
  one-plugin tree knowledge
  one-plugin tree knowledge bootstrap --depth 2
  one-plugin tree knowledge --policy lowest")]
    Tree(TreeArgs),
    /// Keep the exact versions in a file for version control
    #[command(after_help = "Examples:
  one-plugin lock knowledge bootstrap -o plugins.lock
  one-plugin lock knowledge bootstrap --lock plugins.lock   keep what still fits
  one-plugin lock bootstrap web-search --groups locks       one lock for each isolation group
  one-plugin lock --check plugins.lock                      is it still an answer to what it was made for?
  one-plugin lock --check plugins.lock knowledge bootstrap  is it one to this?
The same packages and the same facts give the same bytes.")]
    Lock(LockArgs),
    /// Show what is different between two locks
    #[command(after_help = "Example:
  one-plugin diff plugins.lock.old plugins.lock")]
    Diff(DiffArgs),
    /// Say why a package is there: who needs it, and from what you ask for
    #[command(after_help = "Examples:
  one-plugin why @elizaos/core                        among what is installed
  one-plugin why core --of bootstrap knowledge        among what these need
  one-plugin why core --in plugins.lock")]
    Why(WhyArgs),
    /// Say what there is in newer versions, and what holds it back
    #[command(after_help = "Examples:
  one-plugin outdated                     of what is installed
  one-plugin outdated --in plugins.lock")]
    Outdated(OutdatedArgs),
    /// Say which packages are there in several versions, and whether one would do
    #[command(after_help = "Examples:
  one-plugin dedupe                       of what is installed
  one-plugin dedupe a.lock b.lock")]
    Dedupe(DedupeArgs),
    /// Draw who needs whom, for Graphviz, for Mermaid or as JSON
    #[command(after_help = "Examples:
  one-plugin graph knowledge bootstrap | dot -Tsvg > plugins.svg
  one-plugin graph --in plugins.lock --format mermaid")]
    Graph(GraphArgs),
    /// Make organisations and look after their members
    #[command(
        subcommand,
        after_help = "Examples:
  one-plugin --as alice org create acme --plan pro
  one-plugin --as alice --org acme org add-member bob --role group_user
  one-plugin --as alice --org acme org show"
    )]
    Org(OrgCommand),
    /// Look after the store itself: check, copy, migrate, export its audit trail and verify that
    #[command(
        subcommand,
        after_help = "Examples:
  one-plugin store check
  one-plugin store migrate --check
  one-plugin store verify
Whoever may read and write the store may do all this; --org and --as give no rights here."
    )]
    Store(StoreCommand),
    /// Answer range cases from standard input, a JSON line each
    #[command(after_help = "Example:
  echo '{\"range\": \"^1.2\", \"versions\": [\"1.2.3\", \"2.0.0\"]}' | one-plugin ranges
  {\"satisfied\":[true,false],\"valid\":true}")]
    Ranges,
    /// Answer resolution cases from standard input, a JSON line each
    #[command(after_help = "Example:
  echo '{\"id\": \"1\", \"packages\": {\"a\": {\"1.0.0\": {}}}, \"root\": {\"a\": \"*\"}}' | one-plugin resolve --cases")]
    Resolve(ResolveArgs),
    /// Print shell completions
    #[command(after_help = "Example:
  one-plugin completions bash > /etc/bash_completion.d/one-plugin")]
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

/// Of `demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Use a plugin written in Rust, as if there were no Node
    #[arg(long)]
    pub(crate) native: bool,
    /// Keep the directory afterwards
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Of `sync`.
#[derive(Args, Debug)]
pub(crate) struct SyncArgs {
    /// Only these packages [default: the built-in list]
    pub(crate) packages: Vec<String>,
}

/// Of `search`.
#[derive(Args, Debug)]
pub(crate) struct SearchArgs {
    /// The words to look for
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
    /// Compare letters of passages instead of whole words (lexical, not semantic)
    #[arg(long)]
    pub(crate) near: bool,
    /// How many at most
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: u32,
}

/// A package, with a range where that means something.
#[derive(Args, Debug)]
pub(crate) struct PackageArg {
    /// The package: its full name, or its short one (`knowledge`), and `@RANGE` where versions matter
    pub(crate) package: String,
}

/// Of `install`.
#[derive(Args, Debug)]
pub(crate) struct InstallArgs {
    /// The packages: full names, or short ones (`knowledge`), and `@RANGE`; the first is the most important
    #[arg(required = true, value_name = "PACKAGE")]
    pub(crate) packages: Vec<String>,
    /// Install packages that cannot be together in groups, each on a core of its own
    #[arg(long)]
    pub(crate) groups: bool,
    /// What each may do
    #[arg(
        long,
        default_value = "connected",
        value_name = "PRESET",
        value_parser = ["read_only", "connected", "full"]
    )]
    pub(crate) grant: String,
    #[command(flatten)]
    pub(crate) choosing: Choosing,
}

/// An installed plugin whose version is changed.
#[derive(Args, Debug)]
pub(crate) struct ChangeArgs {
    /// The installed plugin: its full name, its short one, or the id of its instance
    pub(crate) package: String,
}

/// Of `update`.
#[derive(Args, Debug)]
pub(crate) struct UpdateArgs {
    /// The installed plugin: its full name, its short one, or the id of its instance [default: list what could be updated]
    pub(crate) package: Option<String>,
    /// To which version: a range, a version or a tag
    #[arg(long, default_value = "latest", value_name = "RANGE")]
    pub(crate) to: String,
    /// Agree to what it breaks: `all` that the plan says, a kind of it, or a permission
    #[arg(long, value_name = "WHAT", value_parser = approvals())]
    pub(crate) approve: Vec<String>,
    /// Show what it would do, and do nothing
    #[arg(long, requires = "package")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) several: AllAtOnce,
}

/// What `--approve` takes.
fn approvals() -> clap::builder::PossibleValuesParser {
    let kinds = BreakingKind::ALL.iter();
    // Permissions are agreed to one by one.
    let kinds = kinds.filter(|kind| **kind != BreakingKind::PermissionsWidened);
    let kinds = kinds.map(BreakingKind::as_str);
    let permissions = Permission::ALL.iter().map(Permission::as_str);
    let words: Vec<&'static str> = [ALL].into_iter().chain(kinds).chain(permissions).collect();
    words.into()
}

/// Of `config`.
#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {
    /// The installed plugin: its full name, its short one, or the id of its instance
    pub(crate) package: String,
    /// NAME=VALUE; JSON where it reads as JSON, else text
    pub(crate) settings: Vec<String>,
    /// Take a setting away
    #[arg(long, value_name = "NAME")]
    pub(crate) unset: Vec<String>,
}

/// Of `exec`.
#[derive(Args, Debug)]
pub(crate) struct ExecArgs {
    /// The active plugin
    pub(crate) package: String,
    /// The component's exact name
    pub(crate) component: String,
    /// What kind of component
    #[arg(long, default_value = "action")]
    pub(crate) kind: Kind,
    /// JSON, `@FILE`, or `-` for standard input
    #[arg(long, default_value = "{}", value_name = "JSON")]
    pub(crate) input: String,
    /// For this agent: its exact name or its id [default: the organisation's own]
    #[arg(long, value_name = "AGENT")]
    pub(crate) agent: Option<String>,
    /// How long it may take, up to 300 seconds [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) timeout: Option<u32>,
}

/// What kind of component.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    /// Does something.
    Action,
    /// Contributes to the state of a conversation.
    Provider,
    /// Looks at a conversation after the fact.
    Evaluator,
    /// Answers a model request.
    Model,
    /// Handles an event.
    Event,
    /// Answers an HTTP-like request.
    Route,
}

/// Of `audit`.
#[derive(Args, Debug)]
pub(crate) struct AuditArgs {
    /// Only of this installed plugin
    pub(crate) package: Option<String>,
}

/// Of `resolve`.
#[derive(Args, Debug)]
pub(crate) struct ResolveArgs {
    /// Read cases, a JSON line each
    #[arg(long, required = true)]
    pub(crate) cases: bool,
}
