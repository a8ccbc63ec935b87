//! What can be said of organisations.

use clap::Subcommand;

/// Of `org`.
#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    /// Make an organisation; who acts becomes its owner
    Create {
        /// Its name
        name: String,
        /// Its plan, which sets its limits
        #[arg(long, default_value = "starter", value_parser = ["starter", "pro", "enterprise"])]
        plan: String,
    },
    /// Show the organisation and its people
    Show,
    /// Give a person a role in the organisation
    AddMember {
        /// The person
        #[arg(value_name = "PERSON")]
        member: String,
        /// What the person may do in it
        #[arg(
            long,
            default_value = "group_user",
            value_parser = ["group_owner", "group_user", "customer"]
        )]
        role: String,
    },
    /// Archive the organisation: everything in it is kept, nothing in it can be done any more
    Archive,
}
