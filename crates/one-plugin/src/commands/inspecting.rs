//! What there is to say of exact versions: why, graph, outdated, dedupe.

use futures::executor::block_on;
use plugin_lifecycle::{Asked, OutdatedPlugin};
use plugin_resolver::{
    Duplicate, Lock, OutdatedPackage, PackageName, Policy, Request, Why, duplicates,
};
use serde::Serialize;
use serde_json::json;

use super::held::{self, Held};
use super::{name, updating};
use crate::cli::{DedupeArgs, GraphArgs, GraphFormat, OutdatedArgs, WhyArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

/// What is said of one lock.
#[derive(Serialize)]
struct Of<T> {
    of: String,
    #[serde(flatten)]
    said: T,
}

pub(crate) fn why(session: &Session, args: &WhyArgs, output: &Output) -> Result<(), Failure> {
    let locks = held::of(session, &args.of, &args.subject, output)?;
    let package = meant(&locks, &args.package)?;
    let found: Vec<Of<Why>> = locks
        .iter()
        .filter_map(|held| {
            Some(Of {
                of: held.label.clone(),
                said: held.lock.graph().why(&package)?,
            })
        })
        .collect();
    output.say(&found, || {
        let texts = found
            .iter()
            .map(|found| headed(&found.of, &found.said, locks.len()));
        texts.collect::<Vec<_>>().join("\n\n")
    });
    Ok(())
}

/// The package that a word means among those of locks.
fn meant(locks: &[Held], word: &str) -> Result<PackageName, Failure> {
    let names = locks.iter().flat_map(|held| held.lock.versions());
    let mut names: Vec<String> = names.map(|(name, _)| name.to_string()).collect();
    let missing = || {
        let word = one_ontology::excerpt(word, 64);
        let of: Vec<&str> = locks.iter().map(|held| held.label.as_str()).collect();
        let place = match of.as_slice() {
            [] => "nothing is installed".to_owned(),
            of => format!("it is not among what {} needs", of.join(", ")),
        };
        Failure::new(
            "NotInLock",
            format!("there is no package `{word}`: {place}"),
        )
    };
    names.sort_unstable();
    if names.iter().any(|name| name == word) {
        return Ok(word.parse()?);
    }
    match name::one_of(names, word) {
        Ok(name) => Ok(name.parse()?),
        Err(failure) if failure.tag() == "NotInCatalog" => Err(missing()),
        Err(failure) => Err(failure),
    }
}

/// With whose it is, where there are several.
fn headed(label: &str, said: &impl ToString, of: usize) -> String {
    let text = said.to_string();
    match of {
        1 => text.trim_end().to_owned(),
        _ => format!("in {label}:\n{}", text.trim_end()),
    }
}

pub(crate) fn graph(session: &Session, args: &GraphArgs, output: &Output) -> Result<(), Failure> {
    let locks = held::of(session, &args.packages, &args.subject, output)
        .inspect_err(|failure| draw_conflict(failure, args.format, output))?;
    if locks.is_empty() {
        let message = "nothing is installed; name packages, or a lock with --in";
        return Err(Failure::new("NotInstalled", message));
    }
    let locks: Vec<&Lock> = locks.iter().map(|held| &held.lock).collect();
    let graphs: Vec<_> = locks.iter().map(|lock| lock.graph()).collect();
    match (args.format, graphs.as_slice()) {
        (GraphFormat::Json, [one]) => output.say_json(one),
        (GraphFormat::Json, several) => output.say_json(&several),
        (format, several) => {
            let text = several.iter().map(|graph| match format {
                GraphFormat::Mermaid => graph.to_mermaid(),
                GraphFormat::Dot | GraphFormat::Json => graph.to_dot(),
            });
            let text: String = text.collect();
            output.say(&json!({"graph": text}), || text.trim_end().to_owned());
        }
    }
    Ok(())
}

/// Draws who clashes with whom where nothing else can be drawn. Machines have that in the error.
fn draw_conflict(failure: &Failure, format: GraphFormat, output: &Output) {
    let Some(why) = failure.why() else {
        return;
    };
    match format {
        GraphFormat::Dot => output.note(why.to_dot().trim_end()),
        GraphFormat::Mermaid => output.note(why.to_mermaid().trim_end()),
        GraphFormat::Json => output.note_json(why),
    }
}

#[derive(Serialize)]
struct Outdated {
    packages: Vec<OutdatedPackage>,
    /// What is followed, what is too young, what is said of it; only of what is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<OutdatedPlugin>,
}

impl Outdated {
    fn text(&self) -> String {
        let plugin = self.plugin.as_ref().map(updating::beside);
        let parts = [lines(&self.packages), plugin.unwrap_or_default()];
        let parts = parts.iter().filter(|part| !part.is_empty());
        parts.map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

pub(crate) fn outdated(
    session: &Session,
    args: &OutdatedArgs,
    output: &Output,
) -> Result<(), Failure> {
    let is_file = args.file.is_some();
    let locks = match &args.file {
        Some(file) => vec![held::file_at(file)?],
        None => held::installed(session, output)?,
    };
    let mut found = Vec::new();
    let plugins = if is_file {
        Vec::new()
    } else {
        block_on(session.tenant()?.outdated())?
    };
    for held in &locks {
        let question = if is_file {
            held::asked_again(session, held, |how| how, output)?
        } else {
            // What installing it today would take.
            let newest = Asked {
                name: held.label.parse()?,
                spec: None,
            };
            held::ask(session, &[newest], Request::new(), output)?
        };
        // Whatever was preferred then, this is about what is new.
        let request = question.request.policy(Policy::Newest);
        found.push(Of {
            of: held.label.clone(),
            said: Outdated {
                packages: held.lock.outdated(&question.collected.universe, &request)?,
                plugin: plugins
                    .iter()
                    .find(|plugin| plugin.package.as_str() == held.label)
                    .filter(|plugin| !updating::beside(plugin).is_empty())
                    .cloned(),
            },
        });
    }
    output.say(&found, || {
        let behind = found.iter().map(|found| (&found.of, found.said.text()));
        let behind = behind.filter(|(_, text)| !text.is_empty());
        let texts: Vec<String> = behind
            .map(|(of, text)| headed(of, &text, locks.len()))
            .collect();
        match (locks.len(), texts.is_empty()) {
            (0, _) => "nothing is installed".to_owned(),
            (_, true) => "everything is up to date".to_owned(),
            (_, false) => texts.join("\n\n"),
        }
    });
    Ok(())
}

pub(crate) fn dedupe(session: &Session, args: &DedupeArgs, output: &Output) -> Result<(), Failure> {
    let locks = if args.files.is_empty() {
        held::installed(session, output)?
    } else {
        let files = args.files.iter();
        files
            .map(|file| held::file_at(file))
            .collect::<Result<_, _>>()?
    };
    let found = repeated(session, &locks, output)?;
    output.say(&found, || match (locks.len(), found.is_empty()) {
        (0, _) => "nothing is installed".to_owned(),
        (_, true) => "no package is there in more than one version".to_owned(),
        (_, false) => lines(&found),
    });
    Ok(())
}

/// Each package that locks hold in several versions.
fn repeated(session: &Session, locks: &[Held], output: &Output) -> Result<Vec<Duplicate>, Failure> {
    if locks.is_empty() {
        return Ok(Vec::new());
    }
    let names = locks.iter().flat_map(|held| held.lock.versions());
    let mut names: Vec<PackageName> = names.map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let asked: Vec<Asked> = names
        .into_iter()
        .map(|name| Asked { name, spec: None })
        .collect();
    let question = held::ask(session, &asked, Request::new(), output)?;
    let labelled: Vec<(&str, &Lock)> = locks
        .iter()
        .map(|held| (held.label.as_str(), &held.lock))
        .collect();
    Ok(duplicates(&question.collected.universe, &labelled))
}

fn lines<T: ToString>(items: &[T]) -> String {
    let lines: Vec<String> = items.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
