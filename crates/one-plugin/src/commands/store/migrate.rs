//! From one format to the newest.

use serde_json::json;

use crate::cli::MigrateArgs;
use crate::failure::Failure;
use crate::kept::Kept;
use crate::output::Output;

pub(super) fn migrate(kept: &Kept, args: &MigrateArgs, output: &Output) -> Result<(), Failure> {
    let newest = kept.newest_format();
    let from = if args.check {
        Some(super::format_of(kept)?)
    } else {
        kept.format()?
    };
    if from.is_none_or(|from| from < newest) {
        if let (true, Some(from)) = (args.check, from) {
            return Err(outdated(kept, from));
        }
        drop(kept.open_typed()?);
    }
    output.say(&json!({"from": from, "to": newest}), || {
        let name = kept.name();
        match from {
            None => format!("{name} was made, in format {newest}"),
            Some(from) if from < newest => {
                format!("{name} was brought from format {from} to format {newest}")
            }
            Some(_) => format!("{name} has format {newest}, the newest: there is nothing to do"),
        }
    });
    Ok(())
}

/// A store of an older format.
pub(super) fn outdated(kept: &Kept, format: u32) -> Failure {
    let message = format!(
        "{} has format {format}, the newest is {}",
        kept.name(),
        kept.newest_format()
    );
    Failure::new("StoreOutdated", message)
}
