//! test, ci, tidy.
fn main() {}
