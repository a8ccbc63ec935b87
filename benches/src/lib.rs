//! Measurements against peers, in one run.
//!
//! This package may depend on everything, so the example of the workspace's README is compiled here.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct ReadmeOfTheWorkspace;
