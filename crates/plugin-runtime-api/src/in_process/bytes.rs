//! How large a value is as JSON.

use std::io;

use serde::Serialize;

/// The bytes that `value` takes as JSON, without keeping them; `None` where it has no JSON.
pub(super) fn json_bytes(value: &impl Serialize) -> Option<u64> {
    let mut counter = Counter(0);
    serde_json::to_writer(&mut counter, value).ok()?;
    Some(counter.0)
}

struct Counter(u64);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
