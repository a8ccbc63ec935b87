//! npm's configuration: which registry, with which credentials, through which proxy.

mod credential;
mod input;
mod npm_config;
mod npmrc;
mod proxy;
mod read;
mod secret;

pub use input::ConfigInput;
pub use npm_config::NpmConfig;
pub use read::NpmPlaces;
pub(crate) use secret::Secret;
