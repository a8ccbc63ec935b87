//! Plugin manifests from the wild, catalogs, sync and search; the Source and Embedder ports.
