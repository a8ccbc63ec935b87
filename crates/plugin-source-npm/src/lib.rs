//! Source over the npm registry that npm is configured for.
