//! The worker's own files: part of this library, written where Node can read them.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../js/src/", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = files! {
    "bridge.mjs" "channel.mjs" "components.mjs" "failure.mjs" "frames.mjs" "invoke.mjs" "load.mjs"
    "logger.mjs" "main.mjs" "plain.mjs" "routes.mjs" "runtime.mjs" "shapes.mjs" "state.mjs"
};

/// A directory that only this user can read, removed with the executor.
#[derive(Debug)]
pub(crate) struct WorkerFiles {
    directory: TempDir,
}

impl WorkerFiles {
    pub(crate) fn write(parent: Option<&Path>) -> io::Result<Self> {
        let directory = new_directory("one-plugin-node-", parent)?;
        for (name, text) in FILES {
            std::fs::write(directory.path().join(name), text)?;
        }
        Ok(Self { directory })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn main(&self) -> PathBuf {
        self.directory.path().join("main.mjs")
    }
}

/// A new private directory below `parent`, or below the system's directory for such.
pub(crate) fn new_directory(prefix: &str, parent: Option<&Path>) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    match parent {
        Some(parent) => builder.tempdir_in(parent),
        None => builder.tempdir(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_worker_is_embedded() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("js/src");
        let mut on_disk: Vec<String> = std::fs::read_dir(source)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        on_disk.sort();
        let embedded: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(on_disk, embedded);
    }
}
