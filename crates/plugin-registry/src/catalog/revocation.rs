//! Releases that the owner of the platform has revoked.

use std::collections::BTreeMap;

use one_ontology::{
    Actor, Limit, Revision, Scope, Store, StoreError, Thing, ThingId, ThingProperties, ThingQuery,
    ThingStatus, ThingType, Timestamp, excerpt, vocabulary,
};
use plugin_resolver::{PackageName, Prereleases, Range, ResolverError};
use semver::Version;
use serde::{Deserialize, Serialize};

/// The longest reason that is kept, in characters.
const REASON: usize = 500;

vocabulary! {
    /// How dangerous it is to run something; the later, the worse. The grades of npm's audits.
    closed Severity ("`low`, `moderate`, `high` or `critical`") {
        /// Hardly.
        Low = "low",
        /// Under circumstances.
        Moderate = "moderate",
        /// Dangerous.
        High = "high",
        /// It must not run.
        Critical = "critical",
    }
}

/// Releases of one package that nobody is to have: the properties of a thing of the shared registry, which is named
/// for the package. It stands until that thing is archived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Revocation {
    /// The package.
    pub package: PackageName,
    /// Which versions, as npm writes ranges; prereleases are versions like all others.
    pub versions: String,
    /// Why, in words.
    pub reason: String,
    /// How bad it is.
    pub severity: Severity,
    /// Who revoked them.
    pub revoked_by: Actor,
    /// When.
    pub revoked_at: Timestamp,
}

impl Revocation {
    /// A revocation of `versions` (`1.2.3`, `<1.4.2`) by somebody, at some time. Of the reason at most 500 characters
    /// are kept, without control characters.
    ///
    /// # Errors
    /// `InvalidRange`.
    pub fn new(
        package: PackageName,
        versions: &str,
        reason: &str,
        severity: Severity,
        (revoked_by, revoked_at): (Actor, Timestamp),
    ) -> Result<Self, ResolverError> {
        let versions = versions.trim().to_owned();
        Range::parse(&versions, Prereleases::Everywhere)?;
        Ok(Self {
            package,
            versions,
            reason: excerpt(reason.trim(), REASON),
            severity,
            revoked_by,
            revoked_at,
        })
    }

    /// Whether it revokes this version of its package. One whose range cannot be read any more revokes every version.
    ///
    /// ```
    /// use one_ontology::Timestamp;
    /// use plugin_registry::{Revocation, Severity};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let by = ("system:security".parse()?, Timestamp::EPOCH);
    /// let revoked = Revocation::new("plugin-x".parse()?, "<1.4.2", "steals", Severity::Critical, by)?;
    /// assert!(revoked.covers(&"1.4.1".parse()?) && revoked.covers(&"1.4.2-rc.1".parse()?));
    /// assert!(!revoked.covers(&"1.4.2".parse()?));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn covers(&self, version: &Version) -> bool {
        Range::parse(&self.versions, Prereleases::Everywhere)
            .map_or(true, |range| range.satisfies(version))
    }

    /// The id of the row of such a revocation: the same on every machine.
    #[must_use]
    pub fn id(package: &PackageName, versions: &str) -> ThingId {
        ThingId::of_name(&["plugin_revocation", package.as_str(), versions.trim()])
    }

    /// It as a new row of the shared registry.
    #[must_use]
    pub fn into_row(self, scope: &Scope) -> Thing<Self> {
        let at = self.revoked_at;
        Thing {
            id: Self::id(&self.package, &self.versions),
            place: scope.global().place(),
            thing_type: Self::thing_type(),
            name: self.package.to_string(),
            status: ThingStatus::Active,
            properties: self,
            revision: Revision::FIRST,
            created_at: at,
            updated_at: at,
        }
    }
}

impl ThingProperties for Revocation {
    fn thing_type() -> ThingType {
        // INVARIANT: the name is valid, and not listed.
        "plugin_revocation"
            .parse()
            .unwrap_or(ThingType::ExternalConnection)
    }
}

/// The revocations that stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations(BTreeMap<PackageName, Vec<Revocation>>);

impl Revocations {
    /// These.
    #[must_use]
    pub fn of(revocations: impl IntoIterator<Item = Revocation>) -> Self {
        let mut of: BTreeMap<PackageName, Vec<Revocation>> = BTreeMap::new();
        for revocation in revocations {
            of.entry(revocation.package.clone())
                .or_default()
                .push(revocation);
        }
        for of_package in of.values_mut() {
            of_package.sort_by(|a, b| {
                let worst_first = b.severity.cmp(&a.severity);
                worst_first
                    .then_with(|| (a.revoked_at, &a.versions).cmp(&(b.revoked_at, &b.versions)))
            });
        }
        Self(of)
    }

    /// Reads those of the shared registry, which everyone may.
    ///
    /// # Errors
    /// The store's; `InvalidRow` for a row that cannot be read.
    pub async fn load(store: &dyn Store, scope: &Scope) -> Result<Self, StoreError> {
        let mut query = ThingQuery {
            limit: Limit::new(Limit::MAX),
            ..ThingQuery::of_type(Revocation::thing_type())
        };
        let mut found = Vec::new();
        loop {
            let page = store.things(&scope.global(), &query).await?;
            for thing in page.items {
                let id = thing.id;
                let row = thing.typed::<Revocation>();
                let row = row.map_err(|violations| StoreError::Invalid {
                    what: format!("thing {id}"),
                    violations,
                })?;
                found.push(row.properties);
            }
            query.cursor = page.next;
            if query.cursor.is_none() {
                return Ok(Self::of(found));
            }
        }
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All, by package; of one package the worst first.
    pub fn iter(&self) -> impl Iterator<Item = &Revocation> {
        self.0.values().flatten()
    }

    /// Why a release is revoked, if it is: of several revocations the worst, of those as bad the earliest.
    #[must_use]
    pub fn find(&self, package: &str, version: &Version) -> Option<&Revocation> {
        let mut of_package = self.0.get(package)?.iter();
        of_package.find(|revocation| revocation.covers(version))
    }
}
