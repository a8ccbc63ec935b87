#![doc = include_str!("../README.md")]

mod embedder;
mod source;
mod source_error;

pub use embedder::{Embedder, EmbedderError};
pub use source::{
    Freshness, PackageDocument, PackagePin, Progress, ProgressSink, Reused, Silent, Source,
    SourceId, StageRequest, Staged,
};
pub use source_error::SourceError;
