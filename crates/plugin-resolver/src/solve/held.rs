//! Whether what stays as it was locked still has the bytes that were locked.

use super::instance::Instance;
use crate::lock::is_within;
use crate::{Drift, Drifted, Failure};

/// Nothing, or every selected package that has its locked version and other bytes. What may move is not looked at.
pub(crate) fn check(instance: &Instance<'_>, selected: &[(u32, u32)]) -> Result<(), Failure> {
    let Some(lock) = instance.request.lock.as_deref() else {
        return Ok(());
    };
    let drifted = |&(package, version): &(u32, u32)| {
        if !instance.is_locked(package, version) {
            return None;
        }
        let data = instance.package(package)?;
        let release = data.release(version)?;
        let locked = lock.get(data.name)?.integrity.as_deref()?;
        let given = release.integrity()?;
        (!is_within(given, locked)).then(|| Drifted::Integrity {
            name: data.name.clone(),
            version: release.version.clone(),
            locked: Some(locked.into()),
            given: given.into(),
        })
    };
    let mut by_name = selected.to_vec();
    by_name.sort_unstable();
    let all: Vec<Drifted> = by_name.iter().filter_map(drifted).collect();
    if all.is_empty() {
        return Ok(());
    }
    Err(Failure::Drift(Box::new(Drift::new(all))))
}
