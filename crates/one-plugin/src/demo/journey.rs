//! The steps.

use std::collections::BTreeMap;
use std::path::Path;

use futures::executor::block_on;
use one_ontology::{Plan, ThingId, audit};
use plugin_lifecycle::{Call, InstallPlan, Tenant, UsageWindow};
use plugin_runtime_api::{ComponentKind, Ending, Engine};
use serde_json::{Value, json};

use super::figures::Figures;
use super::plugin::{DOCUMENTS, Subject};
use super::show::Show;
use crate::commands::{audit_row, catalog, components, ending, estimate, plan_words, plugin_row};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

/// The journey.
#[derive(Debug)]
pub(crate) struct Journey<'a> {
    pub(crate) session: &'a Session,
    pub(crate) subject: Subject,
    pub(crate) show: &'a Show<'a>,
    pub(crate) output: &'a Output,
    pub(crate) directory: &'a Path,
}

impl Journey<'_> {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut figures = Figures::start();
        self.introduce();
        self.catalog(&mut figures)?;
        let (acme, globex) = self.organisations()?;
        let plan = self.plan(&acme, &mut figures)?;
        let instance = self.install(&acme, &plan, &mut figures)?;
        let second = self.install_second(&acme, &mut figures)?;
        self.configure_and_activate(&acme, instance)?;
        self.execute(&acme, instance)?;
        self.provide(&acme, second)?;
        self.isolation(&globex, instance)?;
        self.limit(&acme, instance)?;
        self.remove(&acme, [Some(instance), second])?;
        self.trail(&acme, instance)?;
        self.show.step("Where the time went");
        self.show.say(&figures.words(self.session));
        self.show.end();
        Ok(())
    }

    fn introduce(&self) {
        self.show.line(
            "The journey of a plugin: found, planned, installed, run, limited, removed, audited.",
        );
        self.show.line(&format!(
            "Everything is kept in {}",
            self.directory.display()
        ));
        match &self.session.node {
            Ok(node) if self.subject.engine == Engine::Node => {
                self.show.line(&format!(
                    "Plugins run in {node}, unmodified, as npm has them."
                ));
                self.show.line(
                    "To be downloaded: npm package documents, then the plugins with what they need; how much is said before.",
                );
            }
            _ => self.show.line("Nothing is downloaded but the catalog."),
        }
    }

    fn catalog(&self, figures: &mut Figures) -> Result<(), Failure> {
        self.show.step("Read the catalog");
        let names = catalog::listed()?;
        let (gathered, origin) = figures.outside(|| catalog::read(self.session, &names))?;
        let from = match origin {
            catalog::Origin::Registry => {
                "live from the npm registry that npm is configured for".to_owned()
            }
            catalog::Origin::Embedded(day, why) => {
                format!("from this program's own facts of {day}, because {why}")
            }
        };
        self.show
            .say(&format!("{} plugins, {from}", gathered.records.len()));
        let first = catalog::write(self.session, &gathered)?;
        let again = catalog::write(self.session, &gathered)?;
        self.show.say(&format!(
            "synchronised: {} new, in {} change sets; a second time: {} new, {} change sets",
            first.counts.created,
            first.receipts.len(),
            again.counts.created,
            again.receipts.len()
        ));
        self.show
            .claim(first.counts.created > 0, "plugins are found")?;
        self.show
            .claim(again.receipts.is_empty(), "a second sync writes nothing")?;
        Ok(())
    }

    fn organisations(&self) -> Result<(Tenant, Tenant), Failure> {
        self.show.step("Two organisations, and a search");
        self.session.create_org("Acme", Plan::Pro, "alice")?;
        self.session.create_org("Globex", Plan::Starter, "gil")?;
        let acme = self.session.tenant_of("Acme", "alice")?;
        let globex = self.session.tenant_of("Globex", "gil")?;
        self.show
            .say("Acme (plan pro, owner alice) and Globex (plan starter, owner gil)");
        let hits = block_on(self.session.catalog(&acme).search("knowledge", None))?;
        self.show.say("alice searches for \"knowledge\":");
        for hit in hits.iter().take(3) {
            self.show.say(&format!("  {}", catalog::hit(hit)));
        }
        self.show
            .claim(!hits.is_empty(), "the search finds plugins")?;
        Ok((acme, globex))
    }

    fn plan(&self, acme: &Tenant, figures: &mut Figures) -> Result<InstallPlan, Failure> {
        let Subject { package, range, .. } = self.subject;
        self.show.step(&format!("Plan {package} {range} for Acme"));
        let plan = figures.outside(|| block_on(acme.plan_install(package, range)))?;
        self.show.say(&plan_words(&plan));
        Ok(plan)
    }

    fn install(
        &self,
        acme: &Tenant,
        plan: &InstallPlan,
        figures: &mut Figures,
    ) -> Result<ThingId, Failure> {
        self.show.step(
            "Install: fetch, check each package against its integrity, run none of its scripts",
        );
        if plan.engine == Engine::Node {
            let words = figures.outside(|| estimate(self.session, plan));
            self.show.say(words.trim());
        }
        let progress = self.output.progress();
        let installed = block_on(acme.install_with(plan, &progress));
        drop(progress);
        let instance = installed?;
        let plugin = block_on(acme.installed(plan.package.as_str()))?;
        let row = plugin.as_ref().map(plugin_row).unwrap_or_default();
        self.show.say(&row);
        self.show.claim(plugin.is_some(), "it is installed")?;
        Ok(instance)
    }

    fn install_second(
        &self,
        acme: &Tenant,
        figures: &mut Figures,
    ) -> Result<Option<ThingId>, Failure> {
        let Some((package, range, _)) = self.subject.second else {
            return Ok(None);
        };
        self.show.step(&format!("And {package} {range}"));
        let plan = figures.outside(|| block_on(acme.plan_install(package, range)))?;
        self.show.say(&plan_words(&plan));
        let words = figures.outside(|| estimate(self.session, &plan));
        self.show.say(words.trim());
        let progress = self.output.progress();
        let installed = block_on(acme.install_with(&plan, &progress));
        drop(progress);
        let instance = installed?;
        for plugin in block_on(acme.list_installed())? {
            self.show.say(&plugin_row(&plugin));
        }
        Ok(Some(instance))
    }

    fn configure_and_activate(&self, acme: &Tenant, instance: ThingId) -> Result<(), Failure> {
        self.show.step("Configure and activate");
        let (name, value) = &self.subject.setting;
        let wrong = BTreeMap::from([("NO_SUCH_PARAMETER".to_owned(), json!(1))]);
        if let Err(error) = block_on(acme.configure(instance, wrong)) {
            self.show.say(&format!("a wrong setting: {error}"));
        }
        block_on(acme.configure(
            instance,
            BTreeMap::from([((*name).to_owned(), value.clone())]),
        ))?;
        self.show.say(&format!("{name} = {value}"));
        let info = block_on(acme.activate(instance))?;
        self.show.say(&components(&info));
        Ok(())
    }

    fn execute(&self, acme: &Tenant, instance: ThingId) -> Result<(), Failure> {
        self.show
            .step("Execute: add documents, then find the right passage");
        for (document, _) in DOCUMENTS {
            let (action, input) = self.subject.add(document);
            let outcome = block_on(acme.execute(instance, action, input))?;
            let succeeded = matches!(outcome.ending, Ending::Succeeded { .. });
            self.show.say(&format!("{action}: {document}"));
            self.show.claim(
                succeeded,
                &format!("{action} succeeds ({})", ending(&outcome.ending)),
            )?;
        }
        for (document, question) in DOCUMENTS {
            let (action, input) = self.subject.search(question);
            let outcome = block_on(acme.execute(instance, action, input))?;
            let Ending::Succeeded { output } = &outcome.ending else {
                self.show.claim(
                    false,
                    &format!("{action} succeeds ({})", ending(&outcome.ending)),
                )?;
                continue;
            };
            let found = self.subject.found(output);
            let ms = outcome.usage.wall_us.div_ceil(1000);
            self.show.say(&format!(
                "{question}? -> {} ({ms} ms)",
                one_ontology::excerpt(&found, 90)
            ));
            let start: String = document.chars().take(20).collect();
            self.show
                .claim(found.contains(&start), "the right passage is found")?;
        }
        let (action, input) = self.subject.refused();
        let outcome = block_on(acme.execute(instance, action, input))?;
        self.show
            .say(&format!("not a search: {}", ending(&outcome.ending)));
        self.show.claim(
            matches!(outcome.ending, Ending::Refused { .. }),
            "the plugin's own validate is asked",
        )?;
        let near = action.to_lowercase();
        if let Err(error) = block_on(acme.execute(instance, &near, Value::Null)) {
            self.show
                .say(&format!("a name that is almost right: {error}"));
        }
        Ok(())
    }

    fn provide(&self, acme: &Tenant, second: Option<ThingId>) -> Result<(), Failure> {
        let (Some(instance), Some((package, _, provider))) = (second, self.subject.second) else {
            return Ok(());
        };
        self.show.step(&format!("A provider of {package}"));
        let info = block_on(acme.activate(instance))?;
        let own = info.plugins.iter().find(|it| it.instance == instance);
        let count = own.map_or(0, |plugin| plugin.components.len());
        self.show.say(&format!(
            "active with {count} components, in a runtime of its own"
        ));
        self.show.claim(count > 0, "it has components")?;
        let call = Call::of(ComponentKind::Provider, provider, json!({}))?;
        let execution = block_on(acme.call(instance, call))?;
        self.show.say(&format!(
            "{provider}: {}",
            ending(&execution.outcome.ending)
        ));
        self.show.claim(
            matches!(execution.outcome.ending, Ending::Succeeded { .. }),
            "the provider answers",
        )
    }

    fn isolation(&self, globex: &Tenant, instance: ThingId) -> Result<(), Failure> {
        self.show.step("Globex sees and can do nothing of it");
        let installed = block_on(globex.list_installed())?;
        self.show.say(&format!(
            "gil lists what Globex has installed: {}",
            installed.len()
        ));
        self.show
            .claim(installed.is_empty(), "Globex has nothing installed")?;
        let say = |of: ThingId| {
            let (action, input) = self.subject.search("refunds");
            let error = block_on(globex.execute(of, action, input)).err();
            error
                .map(|error| error.to_string().replace(&of.to_string(), "<id>"))
                .unwrap_or_default()
        };
        let (foreign, unknown) = (say(instance), say(ThingId::of_name(&["nobody's"])));
        self.show
            .say(&format!("gil runs Acme's plugin by its id: {foreign}"));
        self.show
            .say(&format!("gil runs an id that is nobody's: {unknown}"));
        self.show.claim(
            !foreign.is_empty() && foreign == unknown,
            "the two are not told apart",
        )?;
        match self.session.tenant_of("Acme", "gil") {
            Err(failure) => self
                .show
                .say(&format!("gil enters Acme: {}", failure.message())),
            Ok(_) => self.show.claim(false, "gil may not enter Acme")?,
        }
        let trail = block_on(globex.audit(instance))?;
        self.show
            .claim(trail.events.is_empty(), "Globex has no trail of it")
    }

    fn limit(&self, acme: &Tenant, instance: ThingId) -> Result<(), Failure> {
        self.show.step(&format!(
            "A limit: {} executions a minute and plugin (100 unless a host says otherwise)",
            super::EXECUTIONS_A_MINUTE
        ));
        let (kind, input) = self.subject.provided();
        let mut more = 0;
        for _ in 0..=super::EXECUTIONS_A_MINUTE {
            let call = Call::of(kind, self.subject.provider, input.clone())?;
            match block_on(acme.call(instance, call)) {
                Ok(_) => more += 1,
                Err(error) => {
                    self.show.say(&format!("after {more} more: {error}"));
                    return self
                        .show
                        .claim(error.tag() == "RateLimited", "it is the limit that refuses");
                }
            }
        }
        self.show.claim(false, "the limit refuses")
    }

    fn remove(&self, acme: &Tenant, instances: [Option<ThingId>; 2]) -> Result<(), Failure> {
        self.show.step("Deactivate, uninstall");
        for instance in instances.into_iter().flatten() {
            let usage = block_on(acme.usage(instance, UsageWindow::Hour))?;
            let name = block_on(acme.instance(instance))?.name;
            block_on(acme.deactivate(instance))?;
            block_on(acme.uninstall(instance))?;
            self.show.say(&format!(
                "{name}: {} executions, {} succeeded, {} refused, {} failed; stopped and removed",
                usage.executions, usage.succeeded, usage.refused, usage.failed
            ));
        }
        for plugin in block_on(acme.list_installed())? {
            block_on(acme.uninstall(plugin.instance))?;
            self.show.say(&format!(
                "{}: was there because it was needed; removed",
                plugin.package
            ));
        }
        let left = block_on(acme.list_installed())?;
        self.show
            .claim(left.is_empty(), "nothing is left installed")
    }

    fn trail(&self, acme: &Tenant, instance: ThingId) -> Result<(), Failure> {
        self.show.step("The trail");
        let trail = block_on(acme.audit(instance))?;
        let (first, rest) = trail.events.split_at(trail.events.len().min(12));
        for event in first {
            self.show.say(&audit_row(event));
        }
        if rest.len() > 4 {
            self.show.say(&format!("  ... {} more ...", rest.len() - 4));
        }
        for event in rest.get(rest.len().saturating_sub(4)..).unwrap_or_default() {
            self.show.say(&audit_row(event));
        }
        let all = block_on(acme.audit_all())?;
        self.show.say(&format!(
            "verified: Acme's {} events are whole and in order",
            all.events.len()
        ));
        let mut tampered = all.events.clone();
        let at = tampered.len() / 2;
        if let Some(event) = tampered.get_mut(at) {
            event.metadata = event.metadata.clone().with("outcome", "nothing happened");
        }
        match audit::verify(acme.scope().place(), &tampered, all.verified) {
            Err(error) => self
                .show
                .say(&format!("a copy with one word changed: {error}")),
            Ok(_) => self.show.claim(false, "tampering is found")?,
        }
        Ok(())
    }
}
