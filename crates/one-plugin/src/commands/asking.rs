//! From words to a question for the resolver.

use std::path::Path;
use std::sync::atomic::Ordering;

use futures::executor::block_on;
use plugin_lifecycle::{Asked, Installed, Question, Tenant};
use plugin_resolver::{Lock, Policy, Prereleases, Request, Resolution, parse_version};

use super::name;
use crate::cli::{Choosing, Which, Wish};
use crate::failure::Failure;
use crate::output::{Output, Watch};
use crate::session::Session;

/// What is asked for, and how versions are chosen.
pub(crate) fn read(
    session: &Session,
    tenant: &Tenant,
    wish: &Wish,
) -> Result<(Vec<Asked>, Request), Failure> {
    let asked: Result<_, _> = wish
        .packages
        .iter()
        .map(|text| package(session, tenant, text))
        .collect();
    Ok((asked?, how(&wish.choosing)?))
}

/// `PACKAGE` or `PACKAGE@RANGE`.
pub(crate) fn package(session: &Session, tenant: &Tenant, text: &str) -> Result<Asked, Failure> {
    let (package, range) = name::split(text);
    Ok(Asked {
        name: name::package(session, tenant, package)?,
        spec: range.map(str::parse).transpose()?,
    })
}

/// A request without roots.
pub(crate) fn how(choosing: &Choosing) -> Result<Request, Failure> {
    let mut request = Request::new().policy(match choosing.policy {
        Which::Newest => Policy::Newest,
        Which::Lowest => Policy::Lowest,
    });
    if choosing.prereleases {
        request = request.prereleases(Prereleases::Everywhere);
    }
    for host in &choosing.hosts {
        let (name, version) = host.rsplit_once('=').ok_or_else(|| {
            let given = one_ontology::excerpt(host, 64);
            Failure::new(
                "UsageError",
                format!("--host takes NAME=VERSION, not `{given}`"),
            )
        })?;
        request = request.host(name.parse()?, parse_version(version)?);
    }
    if let Some(file) = &choosing.lock {
        request = request.prefer(lock_file(file)?);
    }
    Ok(request)
}

/// A lock on disk.
pub(crate) fn lock_file(file: &Path) -> Result<Lock, Failure> {
    let unreadable = |why: String| {
        let message = format!("the lock `{}` cannot be read: {why}", file.display());
        Failure::new("LockFileUnusable", message)
    };
    let size = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?;
    if size.len() > Lock::MAX_BYTES as u64 {
        return Err(unreadable(format!(
            "it has more than {} bytes",
            Lock::MAX_BYTES
        )));
    }
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    Ok(Lock::parse(&text)?)
}

/// The question of a wish, whatever is installed.
pub(crate) fn question(
    session: &Session,
    wish: &Wish,
    output: &Output,
) -> Result<Question, Failure> {
    let tenant = session.tenant()?;
    let (asked, how) = read(session, &tenant, wish)?;
    let _watch = watch(session, output);
    Ok(block_on(tenant.question(&asked, how, Installed::Ignored))?)
}

/// One selection that answers a question, or why there is none.
pub(crate) fn answer(question: &Question) -> Result<Resolution, Failure> {
    question.answer().map_err(|failure| {
        let failure = Failure::from(failure);
        if failure.is_between_several() {
            let help = "-> `one-plugin plan` puts them in groups that each can be met";
            return failure.with([help.to_owned()]);
        }
        failure
    })
}

/// Shows how many documents were read, where that takes long.
pub(crate) fn watch(session: &Session, output: &Output) -> Watch {
    let waited = session.waited.clone();
    output.watch(move || {
        let documents = waited.documents.load(Ordering::Relaxed);
        format!("reading what plugins need: {documents} packages")
    })
}
