//! The whole journey, on real plugins where there is Node, shown step by step and checked.

mod figures;
mod journey;
mod plugin;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use one_ontology::BudgetRule;
use plugin_lifecycle::Policy;
use plugin_store_sqlite::Durability;

use crate::cli::{DemoArgs, Global};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::{Engines, Opening, Session};
use journey::Journey;
use plugin::Subject;
use show::Show;

/// Executions a minute and plugin in the demo: few, so that the limit is reached soon.
const EXECUTIONS_A_MINUTE: u32 = 12;

/// Runs the demo.
pub(crate) fn run(global: &Global, args: &DemoArgs, output: &Output) -> Result<ExitCode, Failure> {
    let home = match &global.home {
        Some(home) => home.join("demo"),
        None => std::env::temp_dir().join(format!("one-plugin-demo-{}", std::process::id())),
    };
    let fresh = Home::make(home, args)?;
    let mut policy = Policy::default();
    policy.executions = BudgetRule::window(EXECUTIONS_A_MINUTE, Duration::from_secs(60));
    let opening = Opening {
        global,
        home: &fresh.directory,
        policy,
        engines: if args.native {
            Engines::Native
        } else {
            Engines::All
        },
        durability: Durability::Full,
    };
    let show = Show::new(output);
    let session = Session::with(&opening)?;
    let subject = match (&session.node, args.native) {
        (Ok(_), _) => Subject::real(),
        (Err(_), true) => Subject::native(),
        (Err(failure), false) => {
            show.line(&format!(
                "Without Node: {}. The same journey with a plugin written in Rust.",
                failure.message()
            ));
            Subject::native()
        }
    };
    let journey = Journey {
        session: &session,
        subject,
        show: &show,
        output,
        directory: &fresh.directory,
    };
    journey.run()?;
    Ok(ExitCode::SUCCESS)
}

/// The fresh directory of a demo, removed afterwards unless it is to be kept.
#[derive(Debug)]
struct Home {
    directory: PathBuf,
    keep: bool,
}

impl Home {
    fn make(directory: PathBuf, args: &DemoArgs) -> Result<Self, Failure> {
        let unusable = |reason: String| {
            let message = format!("`{}` cannot be used: {reason}", directory.display());
            Failure::new("HomeUnusable", message)
        };
        if directory.exists() {
            return Err(unusable(
                "it is there already, and a demo wants a fresh one".to_owned(),
            ));
        }
        std::fs::create_dir_all(&directory).map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            directory,
            keep: args.keep,
        })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.keep {
            let _left_behind = std::fs::remove_dir_all(&self.directory);
        }
    }
}
