//! The `cargo xtask` program; everything is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    xtask::cli::main(&arguments)
}
