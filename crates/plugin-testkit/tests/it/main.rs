//! The suites, tried on the reference stores and on wrong ones.

mod executor;
mod faulty;
mod memory;
