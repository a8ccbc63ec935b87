//! Reading npm's configuration from where npm keeps it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::npm::Npm;
use crate::{ConfigInput, NpmConfig, NpmError};

/// Where to look. Only the files that npm itself would read are read.
#[derive(Clone)]
pub struct NpmPlaces {
    /// The npm program, found on the `PATH` of `environment` if it is only a name.
    pub npm: PathBuf,
    /// The environment of the host's process, as far as it may be used.
    pub environment: BTreeMap<String, String>,
    /// The directory whose `.npmrc` counts as the project's.
    pub project: Option<PathBuf>,
}

impl NpmPlaces {
    /// npm as it is found on the path of this environment, without a project.
    #[must_use]
    pub fn new(environment: BTreeMap<String, String>) -> Self {
        Self {
            npm: PathBuf::from("npm"),
            environment,
            project: None,
        }
    }

    /// Reads the files and asks npm for its own registry and the places of its files.
    ///
    /// # Errors
    /// [`NpmError::Disk`] if a file is there and cannot be read, [`NpmError::InvalidSetting`] if it
    /// is no text or larger than 1 MiB. That npm is not there is no error: then the global file is read only if
    /// the environment names it, and a registry must be configured.
    pub fn read(&self) -> Result<ConfigInput, NpmError> {
        let told = self.ask_npm();
        let named = |key: &str| {
            let own = format!("npm_config_{key}");
            self.environment
                .iter()
                .find(|(name, value)| name.eq_ignore_ascii_case(&own) && !value.is_empty())
                .map(|(_, value)| value.clone())
                .or_else(|| told.get(key).cloned())
                .map(PathBuf::from)
        };
        let home = self
            .environment
            .get("HOME")
            .map(|home| Path::new(home).join(".npmrc"));
        let user = named("userconfig").or(home);
        let project = self.project.as_ref().map(|folder| folder.join(".npmrc"));
        let project = project.filter(|file| Some(file) != user.as_ref());
        let text = |path: Option<PathBuf>| path.map_or(Ok(String::new()), |path| read(&path));
        Ok(ConfigInput {
            environment: self.environment.clone(),
            command_line: BTreeMap::new(),
            project: text(project)?,
            user: text(user)?,
            global: text(named("globalconfig"))?,
            builtin: String::new(),
            default_registry: told.get("registry").cloned(),
        })
    }

    /// [`read`](Self::read) and [`NpmConfig::parse`] in one.
    ///
    /// # Errors
    /// As these have.
    pub fn config(&self) -> Result<NpmConfig, NpmError> {
        NpmConfig::parse(&self.read()?)
    }

    /// What npm says about itself; nothing if it cannot be asked. Its built-in file is part of
    /// the answer.
    fn ask_npm(&self) -> BTreeMap<String, String> {
        let directory = self.project.as_deref().unwrap_or(Path::new("/"));
        let settings = self
            .environment
            .iter()
            .filter(|(name, _)| name.to_ascii_lowercase().starts_with("npm_config_"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let npm = Npm::new(&self.npm, &self.environment).with(settings, Vec::new());
        let arguments = [
            "config",
            "get",
            "userconfig",
            "globalconfig",
            "registry",
            "--no-workspaces",
            "--logs-max=0",
            "--no-update-notifier",
        ];
        let limit = Duration::from_secs(30);
        let answer = npm.run("config", &arguments, directory, limit, &mut || {});
        answer
            .unwrap_or_default()
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
            .filter(|(_, value)| !["", "null", "undefined"].contains(&value.as_str()))
            .collect()
    }
}

impl fmt::Debug for NpmPlaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NpmPlaces")
            .field("npm", &self.npm)
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<String, NpmError> {
    const LIMIT: u64 = 1 << 20;
    let unreadable = |source| NpmError::disk("read", path, source);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut bytes = Vec::new();
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let name = path.display().to_string();
    if bytes.len() as u64 > LIMIT {
        return Err(NpmError::setting(&name, "the file is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| NpmError::setting(&name, "the file is not UTF-8 text"))
}
