//! A way to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A signal to stop that a caller keeps a copy of. Cheap to clone; all copies are one signal, and it cannot be taken back.
///
/// ```
/// let interrupt = plugin_resolver::Interrupt::new();
/// let ours = interrupt.clone();
/// interrupt.interrupt();
/// assert!(ours.is_interrupted());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// A signal that was not given yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal, from any thread.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was given.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
