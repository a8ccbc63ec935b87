//! The conformance suite of [`Executor`](plugin_runtime_api::Executor), and executors that are
//! wrong on purpose.
//!
//! An adapter writes a [`Fixture`] and calls [`executor_suite!`](crate::executor_suite) once. Its
//! fixture has two plugins, in whatever language it runs:
//!
//! `conformance`, version `1.0.0`, has a provider and eight actions:
//!
//! | component | input | does |
//! |---|---|---|
//! | action `ECHO` | an object | logs `conformance echo`, says `{"text": "echo"}` through the callback, returns `{"echo": <its parameters>}` |
//! | action `FAIL` | | throws an error with the message `broken on purpose` |
//! | action `SLOW` | `{"ms"}` | waits so many milliseconds without blocking others, returns `{"slept": <ms>}` |
//! | action `REFUSE` | | its `validate` says no; its handler sets the cache key `refused` |
//! | action `HOST` | `{"key", "value"}` | sets the cache key, then gets it, returns `{"value": <what it got>}`; a refusal of the host is not caught |
//! | action `COUNT` | | gets the cache key `count` (nothing is 0), sets it to one more, returns `{"count": <that>}` |
//! | provider `P` | | gives the text `p` and the values `{"p": 1}` |
//!
//! `conformance-broken`, version `1.0.0`, throws an error with the message `broken at the start`
//! when it is loaded or initialised.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite fails by panicking"
)]

mod case;
mod cases;
mod faulty;
mod fixture;
mod host;
mod kit;
mod list;
mod native;
mod scripted;
mod wall_timer;

pub use case::{CASES, Case, run_case};
pub use faulty::{Fault, FaultyExecutor};
pub use fixture::{BROKEN, Fixture, PLUGIN, VERSION};
pub use host::CacheHost;
pub use native::{BrokenPlugin, ConformancePlugin, NativeFixture};
pub use scripted::ScriptedFixture;
pub use wall_timer::WallTimer;
