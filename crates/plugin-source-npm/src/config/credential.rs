//! What proves to a registry who asks, bound to a host and a path.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::Secret;
use crate::url::Url;

/// The value of an `authorization` header.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A token.
    Bearer(Secret),
    /// User name and password, encoded.
    Basic(Secret),
}

impl Credential {
    pub(crate) fn header(&self) -> String {
        match self {
            Self::Bearer(token) => format!("Bearer {}", token.expose()),
            Self::Basic(encoded) => format!("Basic {}", encoded.expose()),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(..)",
            Self::Basic(_) => "Basic(..)",
        })
    }
}

/// Credentials by the key that npm knows them under: `//host/path/`.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    settings: BTreeMap<String, BTreeMap<String, Secret>>,
}

/// The settings that may stand behind `//host/path/:`.
const FIELDS: [&str; 6] = [
    "_authToken",
    "_auth",
    "username",
    "_password",
    "certfile",
    "keyfile",
];

impl Credentials {
    /// Takes `//host/path/:field`; says whether it was one.
    pub(crate) fn set(&mut self, key: &str, value: String) -> bool {
        let Some((place, field)) = key.rsplit_once(':') else {
            return false;
        };
        if !place.starts_with("//") || !FIELDS.contains(&field) {
            return false;
        }
        let place = place.to_owned();
        let fields = self.settings.entry(place).or_default();
        fields.insert(field.to_owned(), Secret::new(value));
        true
    }

    /// What npm would send to this address: the credential of the longest configured prefix of
    /// host and path, at a segment's border.
    pub(crate) fn find(&self, url: &Url) -> Option<(&str, Credential)> {
        let mut place = format!("//{}{}", url.host(), url.path());
        while place.len() > 2 {
            if let Some((key, fields)) = self.settings.get_key_value(&place)
                && let Some(credential) = credential_of(fields)
            {
                return Some((key, credential));
            }
            if place.ends_with('/') {
                place.pop();
            } else {
                let border = place.rfind('/').map_or(0, |at| at + 1);
                place.truncate(border);
            }
        }
        None
    }

    /// Every place with a setting that this source does not use itself: client certificates.
    pub(crate) fn unused(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().filter_map(|(place, fields)| {
            (fields.contains_key("certfile") || fields.contains_key("keyfile"))
                .then_some(place.as_str())
        })
    }

    /// Every setting with its key, to hand to npm.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (String, &Secret)> {
        self.settings.iter().flat_map(|(place, fields)| {
            fields
                .iter()
                .map(move |(field, value)| (format!("{place}:{field}"), value))
        })
    }

    /// Everything that must not be printed.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        for fields in self.settings.values() {
            for (field, value) in fields {
                if ["_authToken", "_auth", "_password"].contains(&field.as_str()) {
                    secrets.push(value.expose().to_owned());
                }
            }
            match credential_of(fields) {
                Some(Credential::Bearer(value) | Credential::Basic(value)) => {
                    secrets.push(value.expose().to_owned());
                }
                None => {}
            }
        }
        secrets
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.settings.keys()).finish()
    }
}

/// A token wins over encoded credentials, these over a user name with a password.
fn credential_of(fields: &BTreeMap<String, Secret>) -> Option<Credential> {
    let get = |field: &str| fields.get(field).filter(|value| !value.expose().is_empty());
    if let Some(token) = get("_authToken") {
        return Some(Credential::Bearer(token.clone()));
    }
    if let Some(encoded) = get("_auth") {
        return Some(Credential::Basic(encoded.clone()));
    }
    let (user, password) = (get("username")?, get("_password")?);
    let password = STANDARD.decode(password.expose()).ok()?;
    let mut pair = format!("{}:", user.expose()).into_bytes();
    pair.extend(password);
    Some(Credential::Basic(Secret::new(STANDARD.encode(pair))))
}
