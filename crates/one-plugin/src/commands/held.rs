//! What is held: locks from files, from packages resolved now, or of what is installed.

use std::path::Path;

use futures::executor::block_on;
use plugin_lifecycle::{Asked, Installed, Question, Wanted};
use plugin_resolver::{Lock, Request};

use super::asking;
use crate::cli::{Subject, Wish};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

/// A lock, and whose it is.
#[derive(Debug)]
pub(crate) struct Held {
    /// The file, or the installed plugin.
    pub(crate) label: String,
    pub(crate) lock: Lock,
}

/// The locks of packages, or else of a subject.
pub(crate) fn of(
    session: &Session,
    packages: &[String],
    subject: &Subject,
    output: &Output,
) -> Result<Vec<Held>, Failure> {
    if let Some(file) = &subject.file {
        return Ok(vec![file_at(file)?]);
    }
    if packages.is_empty() {
        return installed(session, output);
    }
    let wish = Wish {
        packages: packages.to_vec(),
        choosing: subject.choosing.clone(),
    };
    let question = asking::question(session, &wish, output)?;
    Ok(vec![Held {
        label: wish.packages.join(", "),
        lock: asking::answer(&question)?.lock(),
    }])
}

/// A lock file.
pub(crate) fn file_at(file: &Path) -> Result<Held, Failure> {
    Ok(Held {
        label: file.display().to_string(),
        lock: asking::lock_file(file)?,
    })
}

/// One for each plugin that somebody asked for, at the version that is installed.
pub(crate) fn installed(session: &Session, output: &Output) -> Result<Vec<Held>, Failure> {
    let tenant = session.tenant()?;
    let asked_for = block_on(tenant.list_installed())?
        .into_iter()
        .filter(|plugin| plugin.wanted == Wanted::Asked);
    asked_for
        .map(|plugin| {
            let asked = [Asked {
                name: plugin.package.parse()?,
                spec: Some(plugin.version.parse()?),
            }];
            let ask = || block_on(tenant.question(&asked, Request::new(), Installed::Ignored));
            let question = asking::read(session, output, ask)?;
            Ok(Held {
                label: plugin.package,
                lock: asking::answer(&question)?.lock(),
            })
        })
        .collect()
}

/// The question that a lock answered when it was made, with the facts of today. `using` says what becomes of its versions.
pub(crate) fn asked_again(
    session: &Session,
    held: &Held,
    using: impl FnOnce(Request) -> Request,
    output: &Output,
) -> Result<Question, Failure> {
    let Some(recorded) = held.lock.request() else {
        let message = format!("the lock `{}` does not keep what was asked for", held.label);
        let help = "it has format 1: write it anew with `one-plugin lock`".to_owned();
        return Err(Failure::new("LockFileUnusable", message).with([help]));
    };
    let recorded = recorded.to_request()?;
    let roots = recorded.roots();
    let asked: Vec<Asked> = roots
        .map(|(name, spec)| Asked {
            name: name.clone(),
            spec: Some(spec.clone()),
        })
        .collect();
    ask(session, &asked, using(recorded.only(&[])), output)
}

/// A question about what is held, whatever is installed.
pub(crate) fn ask(
    session: &Session,
    asked: &[Asked],
    how: Request,
    output: &Output,
) -> Result<Question, Failure> {
    let tenant = session.tenant()?;
    asking::read(session, output, || {
        block_on(tenant.question(asked, how, Installed::Ignored))
    })
}
