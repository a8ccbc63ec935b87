//! Discover, install, govern and run elizaOS plugins from the command line.
fn main() {}
