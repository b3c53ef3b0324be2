//! The `stheno` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    stheno_cli::main()
}
