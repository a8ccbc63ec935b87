//! The registry that npm is configured for, as a source of plugins.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::channel::mpsc;
use plugin_registry::{
    PackageDocument, PackageFiles, PackagePin, PackageSymbols, Parsed, Progress, ProgressSink,
    Source, SourceError, SourceId, StageRequest, Staged,
};

use crate::cache::Cache;
use crate::closure::{Client, ClosureRequest, Closures, Settings};
use crate::document::{Document, DocumentForm};
use crate::files::files_of;
use crate::http::Pool;
use crate::npm::Npm;
use crate::registry::{Registry, Tarball};
use crate::symbols::{self, SymbolReader};
use crate::{Closure, Estimate, HttpLimits, Network, NpmConfig, NpmError, OptionalPackages};

/// How many closures are installed at once; npm itself uses all processors.
const INSTALLS: usize = 2;

/// The most bytes of one package's names that are kept.
const KEPT_SYMBOLS: u64 = 64 << 20;

/// Where a source keeps things and how it behaves.
#[derive(Clone)]
#[non_exhaustive]
pub struct NpmOptions {
    /// The npm program; a mere name is looked up in the `PATH` of `environment`.
    pub npm: PathBuf,
    /// The environment: npm gets of it only what it needs.
    pub environment: BTreeMap<String, String>,
    /// Where documents are kept.
    pub cache: PathBuf,
    /// Where the names of packages are kept, see [`NpmSymbols`](crate::NpmSymbols).
    pub symbols: PathBuf,
    /// Where closures are kept, one directory each.
    pub closures: PathBuf,
    /// Whether the registry may be asked.
    pub network: Network,
    /// For how long a document is used without asking again. 5 min.
    pub fresh_for: Duration,
    /// What becomes of optional dependencies.
    pub optional: OptionalPackages,
    /// Bounds on fetching.
    pub limits: HttpLimits,
    /// How long npm may take for one step. 10 min.
    pub npm_limit: Duration,
}

impl NpmOptions {
    /// The defaults, for a directory that is the source's own.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, environment: BTreeMap<String, String>) -> Self {
        let directory = directory.into();
        Self {
            npm: PathBuf::from("npm"),
            environment,
            cache: directory.join("documents"),
            symbols: directory.join("symbols"),
            closures: directory.join("closures"),
            network: Network::Online,
            fresh_for: Duration::from_secs(300),
            optional: OptionalPackages::default(),
            limits: HttpLimits::default(),
            npm_limit: Duration::from_secs(600),
        }
    }
}

impl std::fmt::Debug for NpmOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The environment may hold tokens.
        f.debug_struct("NpmOptions")
            .field("npm", &self.npm)
            .field("cache", &self.cache)
            .field("symbols", &self.symbols)
            .field("closures", &self.closures)
            .field("network", &self.network)
            .field("fresh_for", &self.fresh_for)
            .field("optional", &self.optional)
            .field("limits", &self.limits)
            .field("npm_limit", &self.npm_limit)
            .finish_non_exhaustive()
    }
}

/// Plugins from the npm registry that npm is configured for.
///
/// Everything that blocks runs on threads of its own, which end with the source.
#[derive(Debug)]
pub struct NpmSource {
    registry: Arc<Registry>,
    closures: Arc<Closures>,
    symbols: Arc<Cache>,
    optional: OptionalPackages,
    fetching: Pool,
    installing: Pool,
}

impl NpmSource {
    /// A source with this configuration.
    ///
    /// # Errors
    /// [`NpmError::InvalidSetting`] or [`NpmError::Disk`] if configured certificates cannot be
    /// used.
    pub fn new(config: NpmConfig, options: NpmOptions) -> Result<Self, NpmError> {
        let extra = options.environment.get("NODE_EXTRA_CA_CERTS");
        let extra = extra.map(PathBuf::from);
        let npm = Npm::new(&options.npm, &options.environment);
        let client = Client::new(npm, &config, options.network, options.npm_limit);
        let registry = Arc::new(Registry::new(
            Arc::new(config),
            options.limits,
            options.cache,
            options.network,
            options.fresh_for,
            extra.as_deref(),
        )?);
        let settings = Settings {
            root: options.closures,
            limit: options.npm_limit,
            concurrency: options.limits.concurrency,
        };
        let closures = Closures::new(settings, client, Arc::clone(&registry));
        Ok(Self {
            registry,
            closures: Arc::new(closures),
            symbols: Arc::new(Cache::new(options.symbols, KEPT_SYMBOLS)),
            optional: options.optional,
            fetching: Pool::new("npm-fetch", options.limits.concurrency)?,
            installing: Pool::new("npm-install", INSTALLS)?,
        })
    }

    /// A package's document in one of npm's two forms.
    ///
    /// # Errors
    /// Any of fetching's: not found, unauthorized, rate limited, network, too large, invalid, offline.
    pub async fn document(&self, name: &str, form: DocumentForm) -> Result<Document, NpmError> {
        let (registry, name) = (Arc::clone(&self.registry), name.to_owned());
        self.fetching
            .run(move || registry.document(&name, form))
            .await
    }

    /// The bytes of one version, verified against what its document says.
    ///
    /// # Errors
    /// As [`document`](Self::document), and [`NpmError::VersionNotFound`],
    /// [`NpmError::IntegrityMismatch`], [`NpmError::Unverifiable`].
    pub async fn tarball(&self, name: &str, version: &str) -> Result<Tarball, NpmError> {
        let registry = Arc::clone(&self.registry);
        let (name, version) = (name.to_owned(), version.to_owned());
        self.fetching
            .run(move || registry.tarball(&name, &version))
            .await
    }

    /// The files of one version, out of its verified bytes: the text of JavaScript and of each package.json, of others that
    /// they are there.
    ///
    /// # Errors
    /// As [`tarball`](Self::tarball), and [`NpmError::InvalidTarball`].
    pub async fn files(&self, name: &str, version: &str) -> Result<PackageFiles, NpmError> {
        let registry = Arc::clone(&self.registry);
        let (name, version) = (name.to_owned(), version.to_owned());
        self.fetching
            .run(move || files_of(&registry.tarball(&name, &version)?))
            .await
    }

    /// The names of one release, kept or read out of its files.
    pub(crate) async fn names(
        &self,
        pin: &PackagePin,
        reader: SymbolReader,
    ) -> Result<Parsed<PackageSymbols>, NpmError> {
        let (registry, cache) = (Arc::clone(&self.registry), Arc::clone(&self.symbols));
        let pin = pin.clone();
        self.fetching
            .run(move || symbols::names(&registry, &cache, &pin, reader))
            .await
    }

    /// What [`closure`](Self::closure) would bring: how many packages, and how much to fetch at
    /// most. npm resolves it for that, and the answer is kept for installing.
    ///
    /// # Errors
    /// As [`closure`](Self::closure).
    pub async fn estimate(&self, request: &StageRequest) -> Result<Estimate, NpmError> {
        let request = ClosureRequest::new(request, self.optional)?;
        let closures = Arc::clone(&self.closures);
        self.installing
            .run(move || closures.estimate(&request))
            .await
    }

    /// Installs packages with everything they need, or gives what is there already.
    ///
    /// # Errors
    /// [`NpmError::InvalidRequest`], [`NpmError::Unverifiable`], [`NpmError::IntegrityMismatch`],
    /// [`NpmError::ClosureDiffers`], [`NpmError::Offline`], [`NpmError::Disk`], and what npm says.
    pub async fn closure(
        &self,
        request: &StageRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Closure, NpmError> {
        let request = ClosureRequest::new(request, self.optional)?;
        let closures = Arc::clone(&self.closures);
        let (sender, mut receiver) = mpsc::unbounded::<Progress>();
        let work = self.installing.run(move || {
            closures.install(&request, &mut |event| {
                let _nobody_listens = sender.unbounded_send(event);
            })
        });
        let listen = async {
            while let Some(event) = receiver.next().await {
                progress.report(event);
            }
        };
        let (result, ()) = futures::future::join(work, listen).await;
        result
    }
}

#[async_trait]
impl Source for NpmSource {
    fn id(&self) -> SourceId {
        SourceId("npm".to_owned())
    }

    async fn package(&self, name: &str) -> Result<PackageDocument, SourceError> {
        let document = self.document(name, DocumentForm::Full).await;
        let document = document.map_err(|error| error.into_source(name))?;
        Ok(PackageDocument {
            name: document.name,
            document: document.json,
            freshness: document.freshness,
        })
    }

    async fn stage(
        &self,
        request: &StageRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Staged, SourceError> {
        let closure = self.closure(request, progress).await;
        let closure = closure.map_err(|error| error.into_source("the packages of a runtime"))?;
        let location = closure.directory.into_os_string().into_string();
        Ok(Staged {
            digest: closure.digest,
            location: location.map_err(|_| SourceError::Failed {
                what: "the directory of the packages".to_owned(),
                reason: "its path is not UTF-8 text".to_owned(),
            })?,
            packages: closure.packages,
            bytes: closure.bytes,
            reused: closure.reused,
        })
    }
}
