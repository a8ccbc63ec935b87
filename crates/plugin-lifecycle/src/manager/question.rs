//! What is asked of the resolver, with all facts that it takes to answer.

use plugin_registry::{
    Collected, Freshness, PluginLayer, RefineLimits, RegistryError, Source, SourceError,
    SymbolSource, collect, refine,
};
use plugin_resolver::{
    Failure, Grouping, Interrupt, PackageName, Request, Resolution, ResolverError, Spec,
    compare_versions, parse_version, resolve, resolve_groups_until, resolve_until,
};
use plugin_runtime_api::Engine;
use semver::Version;

use crate::{Instance, ManagerError, Operation, Tenant, YoungRelease};

/// A package that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The package.
    pub name: PackageName,
    /// Which versions. Where nothing is said: the one tagged `latest`; where there is no such tag, the
    /// newest stable one, or the newest prerelease where there are no others.
    pub spec: Option<Spec>,
}

impl Asked {
    /// The package that is meant: the one behind an alias (`npm:other@^1`), else the one named.
    #[must_use]
    pub fn package(&self) -> &PackageName {
        match &self.spec {
            Some(spec) => meant(&self.name, spec),
            None => &self.name,
        }
    }
}

/// The package behind an alias, else the one named.
pub(crate) fn meant<'a>(name: &'a PackageName, spec: &'a Spec) -> &'a PackageName {
    match spec {
        Spec::Alias { name, .. } => name,
        _ => name,
    }
}

/// Whether plugins that are installed take part in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// They stay as they are: whoever needs one must accept the version that is there.
    Kept,
    /// They are not looked at.
    Ignored,
}

/// Whether releases that nobody here can have take part in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revoked {
    /// It is about what there is.
    Kept,
    /// It is about what is to be had.
    LeftOut,
}

/// A question to the resolver with everything that was fetched to answer it. From here on there is
/// no waiting and no luck: the same question has the same answer.
///
/// ```
/// use futures::executor::block_on;
/// use plugin_lifecycle::{Asked, Question};
/// use plugin_registry::{EmbeddedSource, PluginLayer, collect};
/// use plugin_resolver::Request;
/// use plugin_runtime_api::Engine;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let knowledge = Asked { name: "@elizaos/plugin-knowledge".parse()?, spec: None };
/// let names = [knowledge.name.clone()];
/// let collected = block_on(collect(&EmbeddedSource::new(), &names, &PluginLayer::default()))?;
/// let question = Question::new(Engine::Node, collected, &[knowledge], Request::new())?;
/// let answer = question.answer()?;
/// assert_eq!(answer.version(&names[0]).map(ToString::to_string).as_deref(), Some("1.6.1"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Question {
    /// What runs the plugins of the source that knows them all.
    pub engine: Engine,
    /// What the source says of them and of all that they may need.
    pub collected: Collected,
    /// What is asked.
    pub request: Request,
    /// Releases whose files could not be looked at for the names in them, if names were asked for. They
    /// are taken to fit.
    pub unread: Vec<(PackageName, Version)>,
    /// Packages that were asked for without a word on versions, of which only prereleases are known
    /// and none is tagged `latest`: the newest, which is taken to be meant.
    pub meant: Vec<(PackageName, Version)>,
    /// Releases that would be meant if they were older.
    pub young: Vec<(PackageName, YoungRelease)>,
    /// What is installed beside, as it was when this was asked.
    pub(crate) installed: Vec<Instance>,
}

impl Question {
    /// The question for `asked`, in order of importance, over what was collected for them.
    /// `how` says how versions are chosen; its own roots, if any, come first.
    ///
    /// # Errors
    /// `InvalidSpec`, if what stands for nothing could not be read.
    pub fn new(
        engine: Engine,
        collected: Collected,
        asked: &[Asked],
        how: Request,
    ) -> Result<Self, ResolverError> {
        let mut request = how;
        let mut meant = Vec::new();
        for asked in asked {
            let spec = match &asked.spec {
                Some(spec) => spec.clone(),
                None => match unsaid(&collected, &asked.name) {
                    Unsaid::Latest => Spec::parse("latest")?,
                    Unsaid::Stable => Spec::parse("*")?,
                    Unsaid::Prerelease(version) => {
                        let spec = Spec::parse(&version.to_string())?;
                        meant.push((asked.name.clone(), version));
                        spec
                    }
                },
            };
            request = request.root(asked.name.clone(), spec);
        }
        Ok(Self {
            engine,
            collected,
            request,
            unread: Vec::new(),
            meant,
            young: Vec::new(),
            installed: Vec::new(),
        })
    }

    /// The same question where the names that packages export and import decide, too, as far as
    /// `names` knows them.
    ///
    /// # Errors
    /// `IntegrityMismatch`, as [`refine`].
    pub async fn with_names(
        mut self,
        names: &dyn SymbolSource,
        layer: &PluginLayer,
    ) -> Result<Self, SourceError> {
        let limits = RefineLimits::default();
        let refined = refine(names, &self.collected, layer, &self.request, limits).await?;
        self.collected.universe = refined.universe;
        self.unread = refined.unanswered.into_keys().collect();
        Ok(self)
    }

    /// One version of each package that takes part.
    ///
    /// # Errors
    /// As [`resolve`], with [advice](Failure::advised) on what would help.
    pub fn answer(&self) -> Result<Resolution, Failure> {
        let universe = &self.collected.universe;
        resolve(universe, &self.request).map_err(|failure| failure.advised(universe, &self.request))
    }

    /// As [`Question::answer`], until somebody interrupts it.
    ///
    /// # Errors
    /// As [`Question::answer`]; [`Failure::Cancelled`] if the signal came before there was an answer,
    /// or advice.
    pub fn answer_until(&self, interrupt: &Interrupt) -> Result<Resolution, Failure> {
        let universe = &self.collected.universe;
        resolve_until(universe, &self.request, interrupt)
            .map_err(|failure| failure.advised_until(universe, &self.request, interrupt))
    }

    /// The fewest groups that each can be met, with advice on what is left out, until somebody
    /// interrupts it.
    ///
    /// # Errors
    /// As [`resolve_groups_until`].
    pub fn groups_until(&self, interrupt: &Interrupt) -> Result<Grouping, Failure> {
        let universe = &self.collected.universe;
        resolve_groups_until(universe, &self.request, interrupt)?.advised_until(
            universe,
            &self.request,
            interrupt,
        )
    }

    /// How fresh the facts are: the least fresh.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        let all = || self.collected.freshness.values();
        [Freshness::Embedded, Freshness::Cached]
            .into_iter()
            .find(|least| all().any(|freshness| freshness == least))
            .unwrap_or(Freshness::Live)
    }
}

/// What is meant where nothing is said of versions.
enum Unsaid {
    /// The release that its publisher recommends.
    Latest,
    /// The newest that is no prerelease.
    Stable,
    /// There are no others.
    Prerelease(Version),
}

/// Not every source knows every tag. Of an unknown package `latest` is asked for, so that what is said is about the package.
fn unsaid(collected: &Collected, name: &PackageName) -> Unsaid {
    let Some(known) = collected.packages.get(name) else {
        return Unsaid::Latest;
    };
    if known.dist_tags.contains_key("latest") {
        return Unsaid::Latest;
    }
    let versions = || known.releases.keys();
    let newest = versions().max_by(|one, other| compare_versions(one, other));
    match newest {
        Some(newest) if versions().all(|version| !version.pre.is_empty()) => {
            Unsaid::Prerelease(newest.clone())
        }
        _ => Unsaid::Stable,
    }
}

impl Tenant {
    /// Fetches what it takes to answer for several packages at once. Writes nothing.
    ///
    /// The first source that has all of them is the one that is believed. `how` says how versions are
    /// chosen; hosts, lock and policy in it are kept.
    ///
    /// # Errors
    /// `Denied`, `NoSource`, `Registry`, `Store`.
    pub async fn question(
        &self,
        asked: &[Asked],
        how: Request,
        installed: Installed,
    ) -> Result<Question, ManagerError> {
        self.allow(Operation::ViewPluginDependencies)?;
        let (instances, revoked) = match installed {
            Installed::Kept => (self.load_all().await?, Revoked::LeftOut),
            Installed::Ignored => (Vec::new(), Revoked::Kept),
        };
        self.question_beside(asked, how, instances, revoked).await
    }

    /// As [`Tenant::question`], beside these instances.
    pub(crate) async fn question_beside(
        &self,
        asked: &[Asked],
        how: Request,
        instances: Vec<Instance>,
        revoked: Revoked,
    ) -> Result<Question, ManagerError> {
        let names: Vec<PackageName> = asked.iter().map(|asked| asked.package().clone()).collect();
        // What is only left of an installation holds nobody to its version.
        let present = instances
            .iter()
            .filter(|instance| instance.properties.is_there());
        let present = present.filter_map(|instance| {
            let properties = &instance.properties;
            let name: PackageName = properties.npm_package.as_str().parse().ok()?;
            Some((name, parse_version(&properties.version).ok()?))
        });
        let present: Vec<_> = present.collect();
        let known = present.iter().map(|(name, _)| name.clone());
        let layer = PluginLayer::with(names.iter().cloned().chain(known));
        let (engine, collected) = self.collect_from_first(&names, &layer).await?;
        let collected = match revoked {
            Revoked::Kept => collected,
            Revoked::LeftOut => {
                self.without_revoked(collected, &layer, asked, &present)
                    .await?
            }
        };
        let how = present
            .into_iter()
            .fold(how, |how, (name, version)| how.host(name, version));
        let mut question = Question::new(engine, collected, asked, how)?;
        question.installed = instances;
        match &self.shared().names {
            Some(names) if question.engine == Engine::Node => {
                Ok(question.with_names(names.as_ref(), &layer).await?)
            }
            _ => Ok(question),
        }
    }

    async fn collect_from_first(
        &self,
        names: &[PackageName],
        layer: &PluginLayer,
    ) -> Result<(Engine, Collected), ManagerError> {
        let mut refusal: Option<RegistryError> = None;
        let mut unknown: Option<RegistryError> = None;
        let mut sources = Vec::new();
        for (engine, source) in &self.shared().sources {
            let source: &dyn Source = source.as_ref();
            match collect(source, names, layer).await {
                Ok(collected) => return Ok((engine.clone(), collected)),
                // That one source does not have it is worth less than that another, which might,
                // gave no answer.
                Err(error @ RegistryError::PluginNotFound { .. }) => unknown = Some(error),
                Err(error) => {
                    refusal.get_or_insert(error);
                }
            }
            sources.push(source.id().0);
        }
        Err(match (refusal, unknown) {
            (Some(error), _) => error.into(),
            (None, Some(RegistryError::PluginNotFound { name, .. })) => {
                RegistryError::plugin_not_found(&name, &sources.join(", ")).into()
            }
            (None, _) => ManagerError::NoSource,
        })
    }
}
