//! A deterministic simulator of the platform: it owns the clock, the ids, the store, the executor
//! and who goes on when, and kills hosts wherever that may hurt.
//!
//! A simulated host is a [`PluginManager`](plugin_lifecycle::PluginManager) whose commits and
//! effects pass a gate. There it can die before a call, after it, or with the call sent and not
//! arrived; a call can be refused, its answer lost, or done twice ([`Fate`]). The store and the
//! executor outlive it. After each step [`violations`] says what does not hold of everything that
//! can be seen; at the end [`unfinished`] says what is left.
//!
//! ```
//! use plugin_testkit::sim::{Fate, Fencing, Given, Scenario, interrupt_everywhere, walk};
//!
//! let scenario = Scenario::new(&[Given::Install], Given::Activate);
//! let interruptions = interrupt_everywhere(&scenario, Fate::CRASHES, Fencing::On).unwrap();
//! assert!(interruptions > 5);
//!
//! // The same seed walks the same way.
//! let walked = walk(7, 500, Fencing::On).unwrap();
//! assert_eq!(walk(7, 500, Fencing::On).unwrap(), walked);
//! ```

mod command;
mod crash;
mod fleet;
mod gate;
mod invariants;
mod ports;
mod random;
mod settings;
mod violation;
mod walk;
mod world;

pub use command::Given;
pub use crash::{Broken, Scenario, interrupt_everywhere, interrupt_in_pairs};
pub use fleet::{Fencing, Run, RunningRuntime};
pub use gate::Fate;
pub use invariants::{Observed, unfinished, unheeded, untold, violations};
pub use violation::{INVARIANTS, Violation};
pub use walk::{Walked, walk};
