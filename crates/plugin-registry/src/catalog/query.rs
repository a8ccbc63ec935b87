//! Asking the catalog.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use one_ontology::search::{Among, HitId, SearchQuery};
use one_ontology::{
    ConnectionQuery, Embedding, End, KnowledgeType, Label, Limit, Place, PluginConnectionType,
    PluginThingType, Scope, Store, StoreError, Thing, ThingId, ThingQuery, ThingStatus,
};
use plugin_resolver::{PackageName, Spec};
use serde::Serialize;

use super::PluginRecord;
use super::rows::PLUGIN_LABEL;
use crate::{Category, Dependency, Embedder, EmbedderError, SEARCH_LIMIT};

/// Why the catalog has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The embedder's.
    #[error(transparent)]
    Embedder(#[from] EmbedderError),
}

impl CatalogError {
    /// The stable machine name: that of the error within.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Store(error) => error.tag(),
            Self::Embedder(error) => error.tag(),
        }
    }
}

/// The catalog as somebody sees it: the rows of their organisation over those of the shared
/// registry. A package that the organisation has a row of its own for is that row, everywhere.
#[derive(Clone, Debug)]
pub struct Catalog {
    store: Arc<dyn Store>,
    /// The organisation first, where there is one.
    scopes: Vec<Scope>,
}

/// A plugin of the catalog.
pub type CatalogEntry = Thing<PluginRecord>;

/// Which plugins to list. What is empty does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogFilter {
    /// About this.
    pub category: Option<Category>,
    /// With one of these statuses; if empty, any but archived.
    pub statuses: Vec<ThingStatus>,
    /// Only behind this package, in order of name.
    pub after: Option<PackageName>,
    /// How many.
    pub limit: Limit,
}

/// Some plugins in order of name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CatalogPage {
    /// The plugins.
    pub items: Vec<CatalogEntry>,
    /// What to give as `after` for the next ones; none if there are none.
    pub next: Option<PackageName>,
}

/// Something that a plugin needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Need {
    /// What it asks for, as it was written.
    pub dependency: Dependency,
    /// The plugin that is meant, if the catalog has it.
    pub plugin: Option<CatalogEntry>,
}

/// A plugin with what it needs and what needs it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PluginDetail {
    /// The plugin.
    pub plugin: CatalogEntry,
    /// What the version offered needs of the plugin layer.
    pub dependencies: Vec<Need>,
    /// Which plugins' offered versions need it, by name.
    pub dependents: Vec<CatalogEntry>,
}

/// A plugin that fits a search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PluginHit {
    /// The plugin.
    pub plugin: CatalogEntry,
    /// How well it fits; comparable within one answer only.
    pub score: f64,
    /// How near its nearest passage is, from -1 to 1, where vectors were compared.
    pub similarity: Option<f32>,
}

impl Catalog {
    /// The catalog as the holder of `scope` sees it.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, scope: &Scope) -> Self {
        let scopes = match scope.place() {
            Place::Global => vec![scope.clone()],
            Place::Group(_) => vec![scope.clone(), scope.global()],
        };
        Self { store, scopes }
    }

    /// Plugins in order of name.
    ///
    /// Reads the catalog from its beginning for each page; fine for some ten thousand plugins.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self, filter: &CatalogFilter) -> Result<CatalogPage, CatalogError> {
        let mut found: BTreeMap<PackageName, CatalogEntry> = BTreeMap::new();
        let mut shadowed: BTreeSet<PackageName> = BTreeSet::new();
        for scope in &self.scopes {
            let mut here: Vec<CatalogEntry> = Vec::new();
            let mut query = ThingQuery {
                types: vec![PluginThingType::ElizaosPlugin.into()],
                limit: Limit::new(Limit::MAX),
                ..ThingQuery::default()
            };
            if filter.statuses.contains(&ThingStatus::Archived) {
                query.statuses = ThingStatus::ALL.to_vec();
            }
            loop {
                let page = self.store.things(scope, &query).await?;
                here.extend(
                    page.items
                        .into_iter()
                        .filter_map(|thing| thing.typed().ok()),
                );
                query.cursor = page.next;
                if query.cursor.is_none() {
                    break;
                }
            }
            for entry in here {
                let package = entry.properties.npm_package.clone();
                if shadowed.contains(&package) {
                    continue;
                }
                if filter.accepts(&entry) {
                    found.insert(package.clone(), entry);
                }
                if scope.place() != Place::Global {
                    shadowed.insert(package);
                }
            }
        }
        let mut items: Vec<CatalogEntry> = found.into_values().collect();
        let more = items.len() > filter.limit.get();
        items.truncate(filter.limit.get());
        let next = items.last().filter(|_| more);
        Ok(CatalogPage {
            next: next.map(|entry| entry.properties.npm_package.clone()),
            items,
        })
    }

    /// The plugin of a package, if the catalog has it.
    ///
    /// # Errors
    /// The store's.
    pub async fn by_package(
        &self,
        package: &PackageName,
    ) -> Result<Option<CatalogEntry>, CatalogError> {
        for scope in &self.scopes {
            let mut query = ThingQuery::of_type(PluginThingType::ElizaosPlugin)
                .with("npm_package", package.as_str());
            query.limit = Limit::new(1);
            let page = self.store.things(scope, &query).await?;
            let entry = page.items.into_iter().find_map(|thing| thing.typed().ok());
            if entry.is_some() {
                return Ok(entry);
            }
        }
        Ok(None)
    }

    /// A plugin with what it needs and what needs it; none if the catalog does not have it.
    ///
    /// # Errors
    /// The store's.
    pub async fn get(&self, package: &PackageName) -> Result<Option<PluginDetail>, CatalogError> {
        let Some(plugin) = self.by_package(package).await? else {
            return Ok(None);
        };
        let mut dependencies = Vec::new();
        let needed = plugin
            .properties
            .offered()
            .map(|release| release.dependencies.clone());
        for dependency in needed.unwrap_or_default() {
            let name = match &dependency.spec {
                Spec::Alias { name, .. } => name,
                _ => &dependency.name,
            };
            let plugin = self.by_package(name).await?;
            dependencies.push(Need { dependency, plugin });
        }
        let dependents = self.dependents(package).await?;
        Ok(Some(PluginDetail {
            plugin,
            dependencies,
            dependents,
        }))
    }

    /// Plugins by words of their name, description and keywords, the best first; 20 unless told.
    ///
    /// # Errors
    /// The store's.
    pub async fn search(
        &self,
        text: &str,
        limit: Option<Limit>,
    ) -> Result<Vec<PluginHit>, CatalogError> {
        let query = SearchQuery {
            among: Among::Things {
                types: vec![PluginThingType::ElizaosPlugin.into()],
            },
            text: Some(text.to_owned()),
            limit: Limit::new(Limit::MAX),
            ..SearchQuery::default()
        };
        self.hits(&query, limit).await
    }

    /// Plugins by what is said of them, the nearest first; 20 unless told. What "near" means is the
    /// embedder's business: the default one compares letters, not meanings.
    ///
    /// # Errors
    /// The store's and the embedder's.
    pub async fn semantic_search(
        &self,
        text: &str,
        embedder: &dyn Embedder,
        limit: Option<Limit>,
    ) -> Result<Vec<PluginHit>, CatalogError> {
        let vectors = embedder.embed(&[text.to_owned()]).await?;
        let embedding = vectors
            .into_iter()
            .next()
            .and_then(|values| Embedding::new(embedder.model(), values).ok())
            .ok_or_else(|| EmbedderError::Unavailable {
                reason: "it gave no usable vector".to_owned(),
            })?;
        let query = SearchQuery {
            among: Among::Knowledge {
                types: vec![KnowledgeType::Chunk],
                labels: PLUGIN_LABEL.parse::<Label>().into_iter().collect(),
            },
            embedding: Some(embedding),
            limit: Limit::new(Limit::MAX),
            ..SearchQuery::default()
        };
        self.hits(&query, limit).await
    }

    async fn hits(
        &self,
        query: &SearchQuery,
        limit: Option<Limit>,
    ) -> Result<Vec<PluginHit>, CatalogError> {
        let wanted = limit.unwrap_or(Limit::new(SEARCH_LIMIT)).get();
        let mut best: Vec<PluginHit> = Vec::new();
        for scope in &self.scopes {
            let mut seen: BTreeSet<ThingId> = BTreeSet::new();
            let mut kept = 0;
            for hit in self.store.search(scope, query).await? {
                if kept == wanted {
                    break;
                }
                let Some(id) = self.plugin_of(scope, hit.id).await? else {
                    continue;
                };
                if !seen.insert(id) {
                    continue;
                }
                let Some(plugin) = self.visible(scope, id).await? else {
                    continue;
                };
                kept += 1;
                best.push(PluginHit {
                    plugin,
                    score: hit.score,
                    similarity: hit.similarity,
                });
            }
        }
        // Stable: of equals the organisation's own come first.
        best.sort_by(|a, b| {
            let near = |hit: &PluginHit| Reverse(hit.similarity.map(ordered));
            near(a).cmp(&near(b)).then(b.score.total_cmp(&a.score))
        });
        best.truncate(wanted);
        Ok(best)
    }

    /// The plugin that a hit is about.
    async fn plugin_of(&self, scope: &Scope, hit: HitId) -> Result<Option<ThingId>, CatalogError> {
        match hit {
            HitId::Thing(id) => Ok(Some(id)),
            HitId::Knowledge(id) => {
                let row = self.store.knowledge_by_id(scope, id).await?;
                Ok(row.and_then(|row| match row.source?.end {
                    End::Thing(id) => Some(id),
                    End::Person(_) | End::Group(_) => None,
                }))
            }
        }
    }

    /// The plugin of a row, unless it is archived, no plugin, or behind a row of the organisation.
    async fn visible(
        &self,
        scope: &Scope,
        id: ThingId,
    ) -> Result<Option<CatalogEntry>, CatalogError> {
        let Some(entry) = self
            .store
            .thing(scope, id)
            .await?
            .filter(|thing| thing.status != ThingStatus::Archived)
            .and_then(|thing| thing.typed::<PluginRecord>().ok())
        else {
            return Ok(None);
        };
        if self.scopes.len() > 1 && scope.place() == Place::Global {
            let shown = self.by_package(&entry.properties.npm_package).await?;
            return Ok(shown.filter(|shown| shown.id == entry.id));
        }
        Ok(Some(entry))
    }

    async fn dependents(&self, package: &PackageName) -> Result<Vec<CatalogEntry>, CatalogError> {
        let mut found: BTreeMap<PackageName, CatalogEntry> = BTreeMap::new();
        // Rows of an organisation may hold on to the shared row, so each row of the package counts.
        let mut targets = Vec::new();
        for scope in &self.scopes {
            let query = ThingQuery::of_type(PluginThingType::ElizaosPlugin)
                .with("npm_package", package.as_str());
            let page = self.store.things(scope, &query).await?;
            targets.extend(page.items.into_iter().map(|thing| thing.id));
        }
        for scope in &self.scopes {
            for target in &targets {
                let mut query = ConnectionQuery::to(*target, PluginConnectionType::PluginDependsOn);
                query.limit = Limit::new(Limit::MAX);
                loop {
                    let page = self.store.connections(scope, &query).await?;
                    for connection in page.items {
                        let End::Thing(from) = connection.from else {
                            continue;
                        };
                        if let Some(entry) = self.visible(scope, from).await? {
                            found.insert(entry.properties.npm_package.clone(), entry);
                        }
                    }
                    query.cursor = page.next;
                    if query.cursor.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(found.into_values().collect())
    }
}

impl CatalogFilter {
    fn accepts(&self, entry: &CatalogEntry) -> bool {
        let record = &entry.properties;
        self.after
            .as_ref()
            .is_none_or(|after| record.npm_package > *after)
            && self
                .category
                .as_ref()
                .is_none_or(|category| record.categories.contains(category))
            && (self.statuses.is_empty() || self.statuses.contains(&entry.status))
    }
}

/// A similarity as something that has an order: millionths.
#[expect(clippy::cast_possible_truncation, reason = "from -1 to 1, so it fits")]
fn ordered(similarity: f32) -> i64 {
    (f64::from(similarity) * 1_000_000.0) as i64
}
