//! What can be said of secrets.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Of `secrets`.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Make a key for the vault; it is never printed
    #[command(after_help = "Example:
  one-plugin secrets new-key acme.key
It writes `acme.key`, which only you may read. Who has it and the store has the secrets; who has lost it has
none. Name it by --vault-key, or by ONE_PLUGIN_VAULT_KEY.")]
    NewKey(NewVaultKeyArgs),
    /// List the names of the secrets in the vault; never the secrets. It takes no key
    #[command(after_help = "Examples:
  one-plugin secrets list
  one-plugin secrets list knowledge --json")]
    List(ListSecretsArgs),
    /// Keep a secret of an installed plugin, from standard input or typed unseen
    #[command(after_help = "Examples:
  one-plugin --vault-key vault.key secrets set knowledge OPENAI_API_KEY < key.txt
  one-plugin --vault-key vault.key secrets set knowledge OPENAI_API_KEY         asks for it at a terminal
All of standard input is the secret, but for a line end at its end. A running plugin is started anew, with it,
when it is next used.")]
    Set(SetSecretArgs),
    /// Seal all secrets of the organisation under a new key of its own
    #[command(after_help = "Example:
  one-plugin --vault-key vault.key secrets rotate
Plugins notice nothing. What is interrupted is ended by the next rotation. Where the key file is lost, destroy
what it sealed: then a rotation with another key file makes the vault usable again.")]
    Rotate,
    /// Seal the keys of organisations with another key file
    #[command(after_help = "Example:
  one-plugin secrets new-key new.key
  one-plugin --vault-key new.key secrets rewrap --former vault.key --below
Afterwards only the new file opens the vault. Destroy the former one when every organisation is done: then
copies of the store from before are unreadable, too.")]
    Rewrap(RewrapArgs),
    /// Destroy a secret of an installed plugin. It takes no key
    #[command(after_help = "Example:
  one-plugin secrets destroy knowledge OPENAI_API_KEY
`uninstall` destroys all secrets of a plugin.")]
    Destroy(DestroySecretArgs),
}

/// Of `secrets new-key`.
#[derive(Args, Debug)]
pub(crate) struct NewVaultKeyArgs {
    /// Where the key goes
    pub(crate) file: PathBuf,
}

/// Of `secrets list`.
#[derive(Args, Debug)]
pub(crate) struct ListSecretsArgs {
    /// Only of this installed plugin
    pub(crate) package: Option<String>,
}

/// Of `secrets set`.
#[derive(Args, Debug)]
pub(crate) struct SetSecretArgs {
    /// The installed plugin: its full name, its short one, or the id of its instance
    pub(crate) package: String,
    /// The parameter
    pub(crate) name: String,
}

/// Of `secrets rewrap`.
#[derive(Args, Debug)]
pub(crate) struct RewrapArgs {
    /// The file of a key of before, which still opens what is not done yet
    #[arg(long, required = true, value_name = "FILE")]
    pub(crate) former: Vec<PathBuf>,
    /// Also in every organisation below
    #[arg(long)]
    pub(crate) below: bool,
}

/// Of `secrets destroy`.
#[derive(Args, Debug)]
pub(crate) struct DestroySecretArgs {
    /// The installed plugin: its full name, its short one, or the id of its instance
    pub(crate) package: String,
    /// The parameter
    pub(crate) name: String,
}
