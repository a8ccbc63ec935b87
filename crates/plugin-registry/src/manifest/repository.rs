//! Where a package's source is, in the forms that people write.

use std::fmt;
use std::str::FromStr;

use one_ontology::{InvalidValue, vocabulary};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::FindingTag;
use crate::fields::{Fields, type_of};

vocabulary! {
    /// Who hosts a repository; other hosts by their host name.
    open RepositoryHost {
        /// GitHub.
        GitHub = "github" | "github.com" | "www.github.com",
        /// GitLab.
        GitLab = "gitlab" | "gitlab.com",
        /// Bitbucket.
        Bitbucket = "bitbucket" | "bitbucket.org",
    }
}

/// A repository, with a branch and a folder where they were given.
///
/// Written `github:owner/name`, `github:owner/name#branch` or `github:owner/name#branch:folder`
/// (an empty branch is the default one). Read in the forms in circulation: addresses
/// (`git+https://github.com/o/r.git`), `git@host:o/r.git`, `github.com/o/r`, `o/r`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    /// Who hosts it.
    pub host: RepositoryHost,
    /// Whose it is; groups may be nested: `a/b`.
    pub owner: String,
    /// Its name, without `.git`.
    pub name: String,
    /// A branch other than the default one.
    pub branch: Option<String>,
    /// The folder of the package in it.
    pub directory: Option<String>,
}

impl Repository {
    /// `owner/name`.
    #[must_use]
    pub fn slug(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.host, self.owner, self.name)?;
        match (&self.branch, &self.directory) {
            (None, None) => Ok(()),
            (branch, None) => write!(f, "#{}", branch.as_deref().unwrap_or_default()),
            (branch, Some(directory)) => {
                write!(f, "#{}:{directory}", branch.as_deref().unwrap_or_default())
            }
        }
    }
}

impl FromStr for Repository {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        read(text.trim()).ok_or_else(|| {
            InvalidValue::new(
                "Repository",
                text,
                "a repository such as `github:owner/name`",
            )
        })
    }
}

impl TryFrom<String> for Repository {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

/// Reads the `repository` field of a package.json: text, or `{type, url, directory}`.
pub(crate) fn repository_of(fields: &mut Fields<'_, '_>) -> Option<Repository> {
    let value = fields.get("repository")?;
    let (text, directory) = match value {
        Value::String(text) => (text.as_str(), None),
        Value::Object(map) => (
            map.get("url").and_then(Value::as_str).unwrap_or_default(),
            map.get("directory").and_then(Value::as_str),
        ),
        other => {
            fields.wrong_type("repository", other, "text or an object");
            return None;
        }
    };
    if text.is_empty() {
        fields.warn(
            FindingTag::Missing,
            "repository.url",
            format_args!("is missing in {}", type_of(value)),
        );
        return None;
    }
    match text.parse::<Repository>() {
        Ok(mut repository) => {
            if let Some(directory) = directory.and_then(folder) {
                repository.directory = Some(directory);
            }
            Some(repository)
        }
        Err(error) => {
            fields.warn(
                FindingTag::Invalid,
                "repository",
                format_args!("is left out: {error}"),
            );
            None
        }
    }
}

fn read(text: &str) -> Option<Repository> {
    if text.is_empty() || text.len() > 1000 || text.starts_with('.') {
        return None;
    }
    let (place, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (host, path) = host_and_path(place)?;
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (mut branch, mut directory) = (None, None);
    // An address copied from the browser: owner/name/tree/branch/folder.
    if let Some(at) = parts
        .iter()
        .position(|part| matches!(*part, "tree" | "blob"))
        && at >= 2
    {
        branch = parts.get(at + 1).map(|part| (*part).to_owned());
        directory = parts.get(at + 2..).and_then(|rest| folder(&rest.join("/")));
        parts.truncate(at);
        if parts.last() == Some(&"-") {
            parts.pop();
        }
    }
    let name = parts.pop()?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    let nested = matches!(host, RepositoryHost::GitLab | RepositoryHost::Other(_));
    if parts.is_empty() || (parts.len() > 1 && !nested) || !plain(name) {
        return None;
    }
    if !parts.iter().all(|part| plain(part)) {
        return None;
    }
    if !fragment.is_empty() {
        let (given, below) = fragment.split_once(':').unwrap_or((fragment, ""));
        branch = (!given.is_empty()).then(|| given.to_owned());
        directory = folder(below).or(directory);
    }
    if branch.as_deref().is_some_and(|branch| !is_branch(branch)) {
        return None;
    }
    Some(Repository {
        host,
        owner: parts.join("/"),
        name: name.to_owned(),
        branch,
        directory,
    })
}

fn host_and_path(place: &str) -> Option<(RepositoryHost, &str)> {
    let place = place.strip_prefix("git+").unwrap_or(place);
    if let Some((scheme, rest)) = place.split_once("://") {
        if !matches!(scheme, "https" | "http" | "ssh" | "git") {
            return None;
        }
        let (authority, path) = rest.split_once('/')?;
        // `user:password@` is nobody's business; a port neither.
        let place = authority.rsplit('@').next()?;
        let (host, port) = place.split_once(':').unwrap_or((place, ""));
        if !port.bytes().all(|b| b.is_ascii_digit()) {
            // `ssh://git@host:owner/name` has an owner where a port would be.
            let at = rest.len() - path.len() - 1 - port.len();
            return Some((host_name(host)?, rest.get(at..)?));
        }
        return Some((host_name(host)?, path));
    }
    if let Some((before, path)) = place.split_once(':') {
        let host = before.rsplit('@').next()?;
        return Some((host_name(host)?, path));
    }
    let mut parts = place.splitn(2, '/');
    let (first, rest) = (parts.next()?, parts.next()?);
    if first.contains('.') && rest.contains('/') {
        return Some((host_name(first)?, rest));
    }
    (!first.starts_with('@')).then_some((RepositoryHost::GitHub, place))
}

fn host_name(text: &str) -> Option<RepositoryHost> {
    let host = text.to_ascii_lowercase();
    let known: RepositoryHost = host.parse().ok()?;
    let is_host = |host: &str| {
        host.contains('.')
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
    };
    match &known {
        RepositoryHost::Other(name) if !is_host(name.as_str()) => None,
        _ => Some(known),
    }
}

fn plain(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= 100
        && part != "."
        && part != ".."
        && part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn is_branch(text: &str) -> bool {
    text.len() <= 200
        && !text.contains("..")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_./@+".contains(&b))
}

/// A folder inside a repository: relative, without `..`.
fn folder(text: &str) -> Option<String> {
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let ok = !parts.is_empty()
        && text.len() <= 300
        && parts.iter().all(|part| {
            *part != ".." && !part.contains(|c: char| c.is_control() || "#:\\".contains(c))
        });
    ok.then(|| parts.join("/"))
}
