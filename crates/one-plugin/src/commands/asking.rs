//! From words to a question for the resolver.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{Clock as _, SystemClock};
use plugin_lifecycle::{Asked, Installed, ManagerError, Question, Tenant};
use plugin_registry::CORE_PACKAGE;
use plugin_resolver::{
    Budget, Cooldown, Grouping, Lock, PackageName, Policy, Prereleases, Request, Resolution,
    Undated, Unlock, parse_version,
};

use super::name;
use crate::cli::{Choosing, Which, Wish};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{Output, Watch};
use crate::session::Session;

/// What is asked for. The same twice is asked for once, and said so.
pub(crate) fn packages(
    session: &Session,
    tenant: &Tenant,
    texts: &[String],
    output: &Output,
) -> Result<Vec<Asked>, Failure> {
    let mut all: Vec<Asked> = Vec::new();
    for text in texts {
        let asked = package(session, tenant, text)?;
        if all.contains(&asked) {
            output.aside(&format!(
                "note: {} is named twice; once is enough",
                asked.name
            ));
        } else {
            all.push(asked);
        }
    }
    Ok(all)
}

/// `PACKAGE` or `PACKAGE@RANGE`.
pub(crate) fn package(session: &Session, tenant: &Tenant, text: &str) -> Result<Asked, Failure> {
    let (package, range) = name::split(text);
    Ok(Asked {
        name: name::package(session, tenant, package)?,
        spec: range.map(str::parse).transpose()?,
    })
}

/// A name given to an option.
fn named(session: &Session, tenant: &Tenant, text: &str) -> Result<PackageName, Failure> {
    match text {
        // Shared by all plugins, and no plugin itself.
        "core" => Ok(CORE_PACKAGE.parse()?),
        text => name::package(session, tenant, text),
    }
}

/// Refuses names given to options that mean nothing in a question: most likely they are written wrongly.
pub(crate) fn check_names(
    session: &Session,
    tenant: &Tenant,
    choosing: &Choosing,
    question: &Question,
) -> Result<(), Failure> {
    // Not from its file: a pipe has been read by now.
    let lock = question.request.lock();
    let collected = &question.collected;
    let hosts = choosing.hosts.iter();
    let hosts = hosts.filter_map(|host| Some(("--host", host.rsplit_once('=')?.0)));
    let except = choosing
        .cooldown_except
        .iter()
        .map(|name| ("--cooldown-except", name.as_str()));
    let unlock = choosing
        .unlock
        .iter()
        .map(|name| ("--unlock", name.as_str()));
    let unlock = unlock.filter(|(_, name)| !matches!(*name, "all" | "none"));
    for (option, text) in hosts.chain(except).chain(unlock) {
        let name = named(session, tenant, text)?;
        let is_asked_about =
            collected.packages.contains_key(&name) || collected.missing.contains_key(&name);
        let is_locked = lock.is_some_and(|lock| lock.get(&name).is_some());
        if is_asked_about || (is_locked && option == "--unlock") {
            continue;
        }
        let known = collected.packages.keys().map(PackageName::as_str);
        let locked = lock
            .iter()
            .flat_map(|lock| lock.versions())
            .map(|(name, _)| name.as_str());
        let near = name::nearest(known.chain(locked), name.as_str());
        let message =
            format!("{option} names {name}, and nothing that is asked for has to do with it");
        let failure = Failure::new("NotInQuestion", message);
        return Err(failure.with(name::did_you_mean(&near)));
    }
    Ok(())
}

/// A request without roots.
pub(crate) fn how(
    session: &Session,
    tenant: &Tenant,
    choosing: &Choosing,
) -> Result<Request, Failure> {
    let named = |text: &str| named(session, tenant, text);
    let all_named = |texts: &[String]| texts.iter().map(|text| named(text)).collect();
    let mut request = Request::new().policy(match choosing.policy {
        Which::Newest => Policy::Newest,
        Which::Lowest => Policy::Lowest,
    });
    if choosing.prereleases {
        request = request.prereleases(Prereleases::Everywhere);
    }
    let mut hosts = BTreeMap::new();
    for host in &choosing.hosts {
        let (name, version) = host.rsplit_once('=').ok_or_else(|| {
            let given = one_ontology::excerpt(host, 64);
            Failure::new(
                "UsageError",
                format!("--host takes NAME=VERSION, not `{given}`"),
            )
        })?;
        let (name, version) = (named(name)?, parse_version(version)?);
        if let Some(other) = hosts.insert(name.clone(), version.clone())
            && other != version
        {
            let message =
                format!("--host says that the host provides {name} {other} and {version}");
            return Err(Failure::new("UsageError", message));
        }
        request = request.host(name, version);
    }
    if let Some(steps) = choosing.steps {
        request = request.budget(Budget::steps(steps));
    }
    if let Some(days) = choosing.cooldown {
        request = request.cooldown(cooldown(days, all_named(&choosing.cooldown_except)?));
    }
    match &choosing.lock {
        None => Ok(request),
        Some(file) if choosing.frozen => Ok(request.frozen(lock_file(file)?)),
        Some(file) => Ok(request
            .prefer(lock_file(file)?)
            .unlock(unlock(choosing, all_named)?)),
    }
}

fn cooldown(days: u32, except: BTreeSet<PackageName>) -> Cooldown {
    let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    let until = SystemClock.now().minus(age);
    // What cannot be enforced is refused, not passed over.
    let cooldown = Cooldown::published_until(until.as_datetime()).undated(Undated::Refuse);
    except.into_iter().fold(cooldown, Cooldown::exempt)
}

fn unlock(
    choosing: &Choosing,
    named: impl Fn(&[String]) -> Result<BTreeSet<PackageName>, Failure>,
) -> Result<Unlock, Failure> {
    let words = &choosing.unlock;
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    match texts.as_slice() {
        [] | ["none"] => Ok(Unlock::None),
        ["all"] => Ok(Unlock::All),
        _ if texts.contains(&"all") || texts.contains(&"none") => Err(Failure::new(
            "UsageError",
            "`--unlock all` and `--unlock none` stand alone: name packages, or one of these",
        )),
        _ if choosing.with_dependencies => Ok(Unlock::WithDependencies(named(words)?)),
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
    let asked = packages(session, &tenant, &wish.packages, output)?;
    let how = how(session, &tenant, &wish.choosing)?;
    let question = read(session, output, || {
        block_on(tenant.question(&asked, how, Installed::Ignored))
    })?;
    check_names(session, &tenant, &wish.choosing, &question)?;
    for note in meant(&question) {
        output.aside(&note);
    }
    Ok(question)
}

/// Reads facts, showing how many, where that takes long.
pub(crate) fn read<T>(
    session: &Session,
    output: &Output,
    ask: impl FnOnce() -> Result<T, ManagerError>,
) -> Result<T, Failure> {
    let _watch = watch(session, output);
    Ok(interrupt::reading(ask)?)
}

/// What was taken to be meant, in words.
pub(crate) fn meant(question: &Question) -> impl Iterator<Item = String> + '_ {
    question.meant.iter().map(|(name, version)| {
        format!("note: only prereleases of {name} are known, and none is tagged `latest`: {version} is taken")
    })
}

/// One selection that answers a question, or why there is none.
pub(crate) fn answer(question: &Question) -> Result<Resolution, Failure> {
    interrupt::search(|interrupt| question.answer_until(interrupt)).map_err(|failure| {
        let failure = Failure::from(failure);
        if failure.is_between_several() {
            let help = "-> `one-plugin plan` puts them in groups that each can be met, `one-plugin lock --groups` keeps a lock of each";
            return failure.with([help.to_owned()]);
        }
        failure
    })
}

/// Several selections that answer a question in parts.
pub(crate) fn groups(question: &Question) -> Result<Grouping, Failure> {
    Ok(interrupt::search(|interrupt| {
        question.groups_until(interrupt)
    })?)
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
fn watch(session: &Session, output: &Output) -> Watch {
    let waited = session.waited.clone();
    output.watch(move || {
        let documents = waited.documents.load(Ordering::Relaxed);
        format!("reading what plugins need: {documents} packages")
    })
}
