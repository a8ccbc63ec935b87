//! Secrets on their way to the vault, or out of it.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{InvalidValue, Timestamp, ids};
use serde::{Deserialize, Serialize};

use crate::PluginInstance;

ids! {
    /// One giving of secrets to the vault: by one call, on one host.
    GivingId
}

/// Secrets that one call is giving to the vault, or taking out of it. Names only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Giving {
    /// The parameters.
    pub names: BTreeSet<String>,
    /// Until when whoever gives them may be silent.
    pub until: Timestamp,
    /// Those that another call left in doubt since this one began. That this one ends well does not
    /// say which of both the vault has.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub doubted: BTreeSet<String>,
    /// Those that another call was giving, too, while this one did. That this one takes them away does
    /// not say that the vault has none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub beside: BTreeSet<String>,
}

/// Every giving under way on an instance. Each is its own: of two that give the same secret, none
/// takes the other's away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Written>")]
pub struct Givings(BTreeMap<GivingId, Giving>);

/// A giving as it is stored.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    /// Under the id of the giving.
    Giving(Giving),
    /// As older versions wrote it: under the name of the one secret.
    Until(Timestamp),
}

impl TryFrom<BTreeMap<String, Written>> for Givings {
    type Error = InvalidValue;

    fn try_from(written: BTreeMap<String, Written>) -> Result<Self, InvalidValue> {
        let givings = written.into_iter().map(|(key, giving)| match giving {
            Written::Giving(giving) => Ok((key.parse()?, giving)),
            Written::Until(until) => {
                let id = GivingId::of_name(&["by name", &key]);
                Ok((id, Giving::of([key], until)))
            }
        });
        givings.collect::<Result<_, _>>().map(Self)
    }
}

impl Giving {
    /// Of these parameters, with so much time.
    #[must_use]
    pub fn of(names: impl IntoIterator<Item = String>, until: Timestamp) -> Self {
        Self {
            names: names.into_iter().collect(),
            until,
            doubted: BTreeSet::new(),
            beside: BTreeSet::new(),
        }
    }
}

impl Givings {
    /// Whether nobody is giving anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &GivingId) -> Option<&Giving> {
        self.0.get(id)
    }

    /// Each, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&GivingId, &Giving)> {
        self.0.iter()
    }

    /// Adds one.
    pub fn begin(&mut self, id: GivingId, mut giving: Giving) {
        for other in self.0.values_mut() {
            let same = other.names.intersection(&giving.names).cloned();
            let same: BTreeSet<String> = same.collect();
            other.beside.extend(same.iter().cloned());
            giving.beside.extend(same);
        }
        self.0.insert(id, giving);
    }

    /// Until when the last of them may be silent that still may.
    #[must_use]
    pub fn alive_until(&self, now: Timestamp) -> Option<Timestamp> {
        let alive = self.0.values().map(|giving| giving.until);
        alive.filter(|until| *until > now).max()
    }

    /// The secrets of those that were silent for too long: nobody knows whether the vault has them.
    pub fn silent_at(&self, now: Timestamp) -> impl Iterator<Item = &String> {
        let silent = self.0.values().filter(move |giving| giving.until <= now);
        silent.flat_map(|giving| &giving.names)
    }

    pub(crate) fn leases(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.0.values_mut().map(|giving| &mut giving.until)
    }

    pub(crate) fn end(&mut self, id: &GivingId) -> Option<Giving> {
        self.0.remove(id)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl PluginInstance {
    /// The secrets that a vault may have of it. In a row of an older version nothing says so: then
    /// whatever may be a secret.
    #[must_use]
    pub fn secrets_left(&self) -> BTreeSet<&str> {
        let unsure = self.secrets_unsure.iter();
        let under_way = self.secrets_under_way.iter();
        let under_way = under_way.flat_map(|(_, giving)| &giving.names);
        let mut left: BTreeSet<&str> = unsure.chain(under_way).map(String::as_str).collect();
        match &self.secrets_kept {
            Some(kept) => left.extend(kept.iter().map(String::as_str)),
            None => left.extend(self.secret_parameters()),
        }
        left
    }

    fn secret_parameters(&self) -> impl Iterator<Item = &str> {
        let secret = plugin_registry::Sensitivity::Secret;
        let parameters = self.parameters.iter();
        let secrets = parameters.filter(move |it| it.sensitivity == secret);
        secrets.map(|it| it.name.as_str())
    }

    /// A giving has ended well: it gave these secrets, and took the others of its names away. `false`, and
    /// nothing is changed, where it was given up meanwhile.
    pub(crate) fn secrets_given(&mut self, id: &GivingId, given: &BTreeSet<String>) -> bool {
        let Some(giving) = self.secrets_under_way.end(id) else {
            return false;
        };
        for name in &giving.names {
            if !giving.doubted.contains(name) {
                self.secrets_unsure.remove(name);
            }
            if let Some(kept) = &mut self.secrets_kept {
                if given.contains(name) {
                    kept.insert(name.clone());
                } else if !giving.beside.contains(name) {
                    kept.remove(name);
                }
            }
        }
        true
    }

    /// Nobody knows any more what a giving did with its secrets, which are these. Whoever else is giving one of them
    /// cannot know either which of both comes last.
    pub(crate) fn doubt(&mut self, id: &GivingId, names: &BTreeSet<String>) {
        self.secrets_under_way.end(id);
        for other in self.secrets_under_way.0.values_mut() {
            let same = other.names.intersection(names).cloned();
            let same: Vec<String> = same.collect();
            other.doubted.extend(same);
        }
        self.secrets_unsure.extend(names.iter().cloned());
    }
}
