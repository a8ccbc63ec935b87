//! The port that turns text into vectors.

use std::fmt::Debug;

use async_trait::async_trait;

/// Why an embedder gives no vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedderError {
    /// Try again.
    #[error("the embedder is unavailable: {reason}")]
    Unavailable {
        /// In words.
        reason: String,
    },
}

impl EmbedderError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] =
        &[("EmbedderUnavailable", "retry; text search works without it")];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "EmbedderUnavailable",
        }
    }
}

/// Turns texts into vectors of one length.
#[async_trait]
pub trait Embedder: Debug + Send + Sync + 'static {
    /// The name its vectors are marked with. Vectors of different names are never compared.
    fn model(&self) -> &str;

    /// The length of its vectors.
    fn dimension(&self) -> usize;

    /// One vector for each text, in order; finite numbers, not all zero.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedderError>;
}
