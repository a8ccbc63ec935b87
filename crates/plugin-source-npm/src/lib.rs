#![doc = include_str!("../README.md")]

mod cache;
mod closure;
mod config;
mod document;
mod error;
mod files;
mod http;
mod integrity;
mod npm;
mod registry;
mod source;
mod source_error;
mod symbols;
mod url;

pub use closure::{Closure, Estimate, OptionalPackages};
pub use config::{ConfigInput, NpmConfig, NpmPlaces};
pub use document::{Document, DocumentForm};
pub use error::NpmError;
pub use http::HttpLimits;
pub use integrity::{Algorithm, Integrity};
pub use registry::{Network, Tarball};
pub use source::{NpmOptions, NpmSource};
pub use symbols::{NpmSymbols, SymbolReader};
