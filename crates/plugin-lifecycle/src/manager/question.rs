//! What is asked of the resolver, with all facts that it takes to answer.

use plugin_registry::{
    Collected, Freshness, PluginLayer, RefineLimits, RegistryError, Source, SourceError,
    SymbolSource, collect, refine,
};
use plugin_resolver::{
    Failure, PackageName, Request, Resolution, ResolverError, Spec, parse_version, resolve,
};
use plugin_runtime_api::Engine;
use semver::Version;

use crate::{Instance, ManagerError, Operation, Tenant};

/// A package that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The package.
    pub name: PackageName,
    /// Which versions; where nothing is said, the one tagged `latest`, or any where there is no
    /// such tag.
    pub spec: Option<Spec>,
}

/// Whether plugins that are installed take part in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// They stay as they are: whoever needs one must accept the version that is there.
    Kept,
    /// They are not looked at.
    Ignored,
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
        for asked in asked {
            let spec = match &asked.spec {
                Some(spec) => spec.clone(),
                None => unsaid(&collected, &asked.name)?,
            };
            request = request.root(asked.name.clone(), spec);
        }
        Ok(Self {
            engine,
            collected,
            request,
            unread: Vec::new(),
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

/// What is meant where nothing is said of versions. Not every package has a tag `latest`: the facts
/// that are part of a program leave some out.
fn unsaid(collected: &Collected, name: &PackageName) -> Result<Spec, ResolverError> {
    let tags = collected.packages.get(name).map(|known| &known.dist_tags);
    match tags {
        Some(tags) if !tags.contains_key("latest") => Spec::parse("*"),
        _ => Spec::parse("latest"),
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
        let instances = match installed {
            Installed::Kept => self.load_all().await?,
            Installed::Ignored => Vec::new(),
        };
        self.question_beside(asked, how, &instances).await
    }

    /// As [`Tenant::question`], beside these instances.
    pub(crate) async fn question_beside(
        &self,
        asked: &[Asked],
        how: Request,
        instances: &[Instance],
    ) -> Result<Question, ManagerError> {
        let names: Vec<PackageName> = asked.iter().map(|asked| asked.name.clone()).collect();
        let present = instances.iter().filter_map(|instance| {
            let properties = &instance.properties;
            let name: PackageName = properties.npm_package.as_str().parse().ok()?;
            Some((name, parse_version(&properties.version).ok()?))
        });
        let present: Vec<_> = present.collect();
        let known = present.iter().map(|(name, _)| name.clone());
        let layer = PluginLayer::with(names.iter().cloned().chain(known));
        let (engine, collected) = self.collect_from_first(&names, &layer).await?;
        let how = present
            .into_iter()
            .fold(how, |how, (name, version)| how.host(name, version));
        let question = Question::new(engine, collected, asked, how)?;
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
