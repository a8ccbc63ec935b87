//! From words to a question for the resolver.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{Clock as _, SystemClock};
use plugin_lifecycle::{Asked, Installed, Question, Tenant};
use plugin_registry::CORE_PACKAGE;
use plugin_resolver::{
    Cooldown, Lock, PackageName, Policy, Prereleases, Request, Resolution, Unlock, parse_version,
};

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
    Ok((asked?, how(session, tenant, &wish.choosing)?))
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
pub(crate) fn how(
    session: &Session,
    tenant: &Tenant,
    choosing: &Choosing,
) -> Result<Request, Failure> {
    let named = |text: &str| match text {
        // Shared by all plugins, and no plugin itself.
        "core" => Ok(CORE_PACKAGE.parse()?),
        text => name::package(session, tenant, text),
    };
    let all_named = |texts: &[String]| texts.iter().map(|text| named(text)).collect();
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
        request = request.host(named(name)?, parse_version(version)?);
    }
    if let Some(days) = choosing.cooldown {
        request = request.cooldown(cooldown(days, all_named(&choosing.cooldown_except)?));
    }
    match &choosing.lock {
        None => Ok(request),
        Some(file) if choosing.frozen => Ok(request.frozen(lock_file(file)?)),
        Some(file) => Ok(request
            .prefer(lock_file(file)?)
            .unlock(unlock(&choosing.unlock, all_named)?)),
    }
}

fn cooldown(days: u32, except: BTreeSet<PackageName>) -> Cooldown {
    let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    let until = SystemClock.now().minus(age);
    let cooldown = Cooldown::published_until(until.as_datetime());
    except.into_iter().fold(cooldown, Cooldown::exempt)
}

fn unlock(
    words: &[String],
    named: impl Fn(&[String]) -> Result<BTreeSet<PackageName>, Failure>,
) -> Result<Unlock, Failure> {
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    match texts.as_slice() {
        [] | ["none"] => Ok(Unlock::None),
        ["all"] => Ok(Unlock::All),
        _ => Ok(Unlock::Only(named(words)?)),
    }
}

/// A lock on disk.
pub(crate) fn lock_file(file: &Path) -> Result<Lock, Failure> {
    let unreadable = |why: String| {
        let message = format!("the lock `{}` cannot be read: {why}", file.display());
        Failure::new("LockFileUnusable", message)
    };
    // Bounded as it is read: a pipe or a device has no size.
    let mut text = String::new();
    let most = Lock::MAX_BYTES as u64 + 1;
    let read = std::fs::File::open(file).and_then(|file| file.take(most).read_to_string(&mut text));
    match read {
        Ok(bytes) if bytes > Lock::MAX_BYTES => {
            let limit = format!("it has more than {} bytes", Lock::MAX_BYTES);
            return Err(unreadable(limit));
        }
        Ok(_) => {}
        Err(error) => return Err(unreadable(error.to_string())),
    }
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
            let help = "-> `one-plugin plan` puts them in groups that each can be met, `one-plugin lock --groups` keeps a lock of each";
            return failure.with([help.to_owned()]);
        }
        failure
    })
}

/// What could not be looked at, in words.
pub(crate) fn unread(question: &Question) -> Option<String> {
    let (name, version) = question.unread.first()?;
    let more = match question.unread.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    Some(format!(
        "note: the names in {name} {version}{more} are not known; it is taken to fit"
    ))
}

/// Shows how many documents were read, where that takes long.
pub(crate) fn watch(session: &Session, output: &Output) -> Watch {
    let waited = session.waited.clone();
    output.watch(move || {
        let documents = waited.documents.load(Ordering::Relaxed);
        format!("reading what plugins need: {documents} packages")
    })
}
