//! The settings in force.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::NpmError;
use crate::config::credential::{Credential, Credentials};
use crate::config::npmrc::{Line, expand, parse};
use crate::config::proxy::{Proxies, domains};
use crate::config::{ConfigInput, Secret};
use crate::url::Url;

/// Longest text of one configuration file that is read.
const MAX_FILE: usize = 1 << 20;

/// npm's configuration as far as fetching packages needs it.
///
/// Tokens are in it and stay in it: its `Debug` names the hosts they are for, never the tokens.
#[derive(Clone, Debug)]
pub struct NpmConfig {
    registry: Option<Url>,
    scopes: BTreeMap<String, Url>,
    credentials: Credentials,
    proxies: Proxies,
    settings: BTreeMap<String, Vec<Secret>>,
    variables: BTreeMap<String, Secret>,
    home: Option<PathBuf>,
    warnings: Vec<String>,
}

impl NpmConfig {
    /// Reads the settings in npm's order: the host's own, then the environment, the project, the
    /// user, the machine, npm's built-in ones. A malformed value is left out with a warning and
    /// the next place decides, as npm does it.
    ///
    /// # Errors
    /// [`NpmError::InvalidSetting`] if a file is larger than 1 MiB.
    pub fn parse(input: &ConfigInput) -> Result<Self, NpmError> {
        let mut config = Self {
            registry: None,
            scopes: BTreeMap::new(),
            credentials: Credentials::default(),
            proxies: Proxies::from_environment(&input.environment),
            settings: BTreeMap::new(),
            variables: BTreeMap::new(),
            home: input.environment.get("HOME").map(PathBuf::from),
            warnings: Vec::new(),
        };
        config.set_default(input.default_registry.as_deref());
        // From the weakest place to the strongest: what comes later replaces.
        for (place, text) in [
            ("the built-in npmrc", &input.builtin),
            ("the global npmrc", &input.global),
            ("the user's .npmrc", &input.user),
            ("the project's .npmrc", &input.project),
        ] {
            if text.len() > MAX_FILE {
                return Err(NpmError::setting(place, "the file is larger than 1 MiB"));
            }
            config.layer(place, parse(text), &input.environment);
        }
        let environment = environment_settings(&input.environment);
        config.layer("the environment", environment, &input.environment);
        let own = input.command_line.iter().map(|(k, v)| line(k, v)).collect();
        config.layer("the host's settings", own, &input.environment);
        config.proxies.npm = config.proxy();
        if let Some(list) = config
            .text("noproxy")
            .map(domains)
            .filter(|d| !d.is_empty())
        {
            config.proxies.direct = list;
        }
        let places: Vec<_> = config.credentials.unused().map(str::to_owned).collect();
        for place in places {
            config.warnings.push(format!(
                "`{place}:certfile` is used by npm for installing, but not for reading documents"
            ));
        }
        Ok(config)
    }

    /// What was odd, in words, without values.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The address of the registry for a package, by its scope.
    ///
    /// # Errors
    /// [`NpmError::RegistryUnknown`] if none is configured and npm's own is not known.
    pub fn registry_of(&self, package: &str) -> Result<String, NpmError> {
        self.registry_url(package).map(|url| url.to_string())
    }

    pub(crate) fn registry_url(&self, package: &str) -> Result<&Url, NpmError> {
        let scope = package.split_once('/').map(|(scope, _)| scope);
        scope
            .and_then(|scope| self.scopes.get(scope))
            .or(self.registry.as_ref())
            .ok_or_else(|| NpmError::RegistryUnknown {
                reason: "it was not asked".to_owned(),
            })
    }

    /// Whether a registry for packages without a scope is known.
    #[must_use]
    pub fn has_registry(&self) -> bool {
        self.registry.is_some()
    }

    pub(crate) fn credential(&self, url: &Url) -> Option<(&str, Credential)> {
        self.credentials.find(url)
    }

    pub(crate) fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    pub(crate) fn strict_ssl(&self) -> bool {
        self.text("strict-ssl") != Some("false")
    }

    /// PEM texts that replace the usual roots.
    pub(crate) fn ca(&self) -> Vec<&str> {
        let given = self
            .settings
            .get("ca")
            .map(Vec::as_slice)
            .unwrap_or_default();
        given
            .iter()
            .map(Secret::expose)
            .filter(|text| !text.is_empty() && *text != "null")
            .collect()
    }

    /// A file of PEM texts that replaces the usual roots.
    pub(crate) fn cafile(&self) -> Option<PathBuf> {
        self.path("cafile")
    }

    /// The directory of npm's cache, where one is configured.
    #[must_use]
    pub fn npm_cache(&self) -> Option<PathBuf> {
        self.path("cache")
    }

    /// What npm needs to see the same settings from another directory: an `.npmrc`, and an
    /// environment. Registries and credentials are in the file by reference to variables of the
    /// environment, so that no secret is on disk; their names would not survive a shell.
    pub(crate) fn for_npm(&self) -> (String, BTreeMap<String, String>) {
        let mut environment: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &self.variables {
            environment.insert(name.clone(), value.expose().to_owned());
        }
        for (key, values) in &self.settings {
            let texts: Vec<_> = values.iter().map(Secret::expose).collect();
            let text = texts.join("\n\n");
            if text != "null" {
                environment.insert(format!("npm_config_{}", key.replace('-', "_")), text);
            }
        }
        let mut lines = String::new();
        let mut refer = |key: &str, value: String| {
            let name = format!("PLUGIN_SOURCE_NPM_{}", environment.len());
            lines.push_str(&format!("{key}=${{{name}}}\n"));
            environment.insert(name, value);
        };
        if let Some(registry) = &self.registry {
            refer("registry", registry.to_string());
        }
        for (scope, url) in &self.scopes {
            refer(&format!("{scope}:registry"), url.to_string());
        }
        for (key, value) in self.credentials.settings() {
            refer(&key, value.expose().to_owned());
        }
        (lines, environment)
    }

    /// Every text that must not be printed.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = self.credentials.secrets();
        let proxies = [&self.proxies.npm, &self.proxies.https, &self.proxies.http];
        for proxy in proxies.into_iter().flatten() {
            if let Some((user, _)) = proxy.split_once("://").and_then(|(_, r)| r.split_once('@')) {
                secrets.push(user.to_owned());
            }
        }
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        secrets
    }

    fn layer(&mut self, place: &str, lines: Vec<Line>, environment: &BTreeMap<String, String>) {
        let mut lists: BTreeMap<String, Vec<Secret>> = BTreeMap::new();
        for line in lines {
            let key = expand(&line.key, environment, &mut BTreeMap::new());
            let mut used = BTreeMap::new();
            let value = expand(line.value.trim(), environment, &mut used);
            for (name, value) in used {
                self.variables.insert(name, Secret::new(value));
            }
            if line.list {
                lists.entry(key).or_default().push(Secret::new(value));
            } else {
                self.set(place, &key, value);
            }
        }
        for (key, values) in lists {
            if KEPT.contains(&key.as_str()) {
                self.settings.insert(key, values);
            }
        }
    }

    fn set(&mut self, place: &str, key: &str, value: String) {
        if key == "registry" {
            if let Some(url) = self.folder(place, key, &value) {
                self.registry = Some(url);
            }
        } else if let Some(scope) = key.strip_suffix(":registry").filter(|s| s.starts_with('@')) {
            if let Some(url) = self.folder(place, key, &value) {
                self.scopes.insert(scope.to_owned(), url);
            }
        } else if KEPT.contains(&key) {
            self.settings
                .insert(key.to_owned(), vec![Secret::new(value)]);
        } else if ["_authToken", "_auth", "_password", "username"].contains(&key) {
            self.warnings.push(format!(
                "`{key}` of {place} is not bound to a registry and is not used; write `//host/:{key}`"
            ));
        } else {
            let _other_setting = self.credentials.set(key, value);
        }
    }

    fn folder(&mut self, place: &str, key: &str, value: &str) -> Option<Url> {
        match Url::parse(value) {
            Ok(url) => Some(url.into_folder()),
            Err(reason) => {
                let warning = format!("`{key}` of {place} is not used: {reason}");
                self.warnings.push(warning);
                None
            }
        }
    }

    fn set_default(&mut self, registry: Option<&str>) {
        if let Some(text) = registry {
            self.registry = self.folder("npm itself", "registry", text);
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        let values = self.settings.get(key)?;
        values.first().map(Secret::expose)
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        let text = self.text(key).filter(|t| !t.is_empty() && *t != "null")?;
        match (text.strip_prefix("~/"), &self.home) {
            (Some(below), Some(home)) => Some(home.join(below)),
            _ => Some(PathBuf::from(text)),
        }
    }

    /// npm's own proxy setting. `false` and `null` mean: none of npm's own.
    fn proxy(&self) -> Option<String> {
        ["https-proxy", "proxy"]
            .into_iter()
            .filter_map(|key| self.text(key))
            .find(|text| !["", "null", "false", "true"].contains(text))
            .map(str::to_owned)
    }
}

/// Settings that matter here besides registries and credentials; npm is given the same.
const KEPT: [&str; 18] = [
    "before",
    "ca",
    "cache",
    "cafile",
    "cert",
    "fetch-retries",
    "fetch-retry-factor",
    "fetch-retry-maxtimeout",
    "fetch-retry-mintimeout",
    "fetch-timeout",
    "https-proxy",
    "key",
    "local-address",
    "maxsockets",
    "min-release-age",
    "noproxy",
    "proxy",
    "strict-ssl",
];

/// `npm_config_*` in any case; `_` is `-`, except in keys that are addresses.
fn environment_settings(environment: &BTreeMap<String, String>) -> Vec<Line> {
    const PREFIX: &str = "npm_config_";
    environment
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, value)| {
            let prefix = name.get(..PREFIX.len())?;
            let key = name.get(PREFIX.len()..)?;
            if key.is_empty() || !prefix.eq_ignore_ascii_case(PREFIX) {
                return None;
            }
            if key.starts_with("//") {
                return Some(line(key, value));
            }
            let (first, rest) = key.split_at(key.chars().next()?.len_utf8());
            let key = format!("{first}{}", rest.replace('_', "-")).to_lowercase();
            Some(line(&key, value))
        })
        .collect()
}

fn line(key: &str, value: &str) -> Line {
    Line {
        key: key.to_owned(),
        value: value.to_owned(),
        list: false,
    }
}
