//! What can be said of the store itself.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

/// Of `store`.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Read the whole store and say what is wrong with it; changes nothing
    #[command(after_help = "Examples:
  one-plugin store check
  one-plugin store check --json
Of an SQLite file: every page, index, row and chain of events. Of a PostgreSQL schema: its format, its
row-level security and every chain; what is not checked there is said.
Ends with 7 if anything is wrong, and lists it.")]
    Check,
    /// Copy the store to a file while it goes on being used
    #[command(after_help = "Examples:
  one-plugin store backup facts.backup
  one-plugin store backup facts.backup --overwrite
Only of an SQLite file; of a PostgreSQL schema it says which command of the server's does it.")]
    Backup(BackupArgs),
    /// Put a copy in the place of the store, which nothing may be using
    #[command(after_help = "Example:
  one-plugin store restore facts.backup --overwrite
The copy is checked whole first and brought to the newest format. The store that was there is kept beside
it, and its name is said.")]
    Restore(RestoreArgs),
    /// Bring the store to the newest format, or make it
    #[command(after_help = "Examples:
  one-plugin store migrate --check     only says whether it is needed; ends with 5 if it is
  one-plugin store migrate
Every other command does so too when it opens an older store, but for `store check`.")]
    Migrate(MigrateArgs),
    /// Make a key that signs exports; its private part is never printed
    #[command(after_help = "Example:
  one-plugin store new-key audit.pem
It writes `audit.pem`, which only you may read (PKCS #8, as `openssl genpkey -algorithm ed25519` writes), and
`audit.pem.pub`, the name of the key, which those who verify exports must get by another way.")]
    NewKey(NewKeyArgs),
    /// Export an audit trail as JSON Lines that others can verify without this program
    #[command(after_help = "Examples:
  one-plugin store export --key audit.pem --out audit.jsonl
  one-plugin store export --key audit.pem --keep --from 2 --prove 2 > since.jsonl
  one-plugin store export --only 2 > event-2.jsonl     this event, and nothing of the others
With --key a checkpoint of the whole trail is signed, and the export leads up to it. Without, it leads up to
the last checkpoint that the trail keeps. docs/audit-format.md says how to read and check the lines.")]
    Export(ExportArgs),
    /// Verify an export, or without a file the chains in the store
    #[command(after_help = "Examples:
  one-plugin store verify audit.jsonl --public-key audit.pem.pub
  one-plugin store verify                           every chain in the store
  one-plugin store verify --group default
Ends with 0 if all holds and with 7 if not, and names the first event that is wrong.")]
    Verify(VerifyArgs),
}

/// Of `store backup`.
#[derive(Args, Debug)]
pub(crate) struct BackupArgs {
    /// The copy
    pub(crate) file: PathBuf,
    /// Put it in the place of a file that is there
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Of `store restore`.
#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    /// The copy
    pub(crate) file: PathBuf,
    /// Put it in the place of the store that is there
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Of `store migrate`.
#[derive(Args, Debug)]
pub(crate) struct MigrateArgs {
    /// Only look whether it is needed
    #[arg(long)]
    pub(crate) check: bool,
}

/// Of `store new-key`.
#[derive(Args, Debug)]
pub(crate) struct NewKeyArgs {
    /// Where the private key goes; the public one goes beside it, with `.pub` behind the name
    pub(crate) file: PathBuf,
}

/// Of `store export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// Whose trail: the name or id of an organisation, or `global`, the shared registry [default: that
    /// of --org]
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// From this event on [default: the first that the store has]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: Option<u64>,
    /// Where it goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Put it in the place of a file that is there
    #[arg(long, requires = "out")]
    pub(crate) overwrite: bool,
    /// The private key: a PKCS #8 PEM file, or 64 hexadecimal digits
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Also keep the signed checkpoint in the trail, as its next event
    #[arg(long, requires = "key")]
    pub(crate) keep: bool,
    /// Which events get a proof of their own, to be passed on without the others: numbers with commas
    /// between, or `all`
    #[arg(long, value_name = "NUMBERS")]
    pub(crate) prove: Option<Proven>,
    /// Show these events and nothing of the others, each with its proof
    #[arg(long, value_name = "NUMBERS", conflicts_with_all = ["from", "prove"])]
    pub(crate) only: Option<Numbers>,
}

/// Numbers of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Numbers(pub(crate) BTreeSet<u64>);

impl FromStr for Numbers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split(',').map(|number| number.trim().parse());
        let numbers: Result<_, _> = numbers.collect();
        numbers
            .map(Self)
            .map_err(|_| "these are no numbers with commas between".to_owned())
    }
}

/// Which events get a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proven {
    /// Each.
    All,
    /// Those of these numbers.
    These(Numbers),
}

impl FromStr for Proven {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            text => text.parse().map(Self::These),
        }
    }
}

/// Of `store verify`.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// An export; `-` is standard input [default: the chains in the store]
    pub(crate) file: Option<PathBuf>,
    /// Only the chain of this organisation (name or id), or of `global`, the shared registry
    #[arg(long, value_name = "GROUP", conflicts_with = "file")]
    pub(crate) group: Option<String>,
    /// The key that must have signed: its name (`ed25519:..`), or a file that holds the name or a PEM
    /// text of the public key
    #[arg(long, value_name = "KEY")]
    pub(crate) public_key: Option<String>,
}
