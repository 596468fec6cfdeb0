//! `rulec`: checks, compiles and explains rule files.
//!
//! Exit status: 0 all is well; 1 a rule file is invalid, or has warnings under `--strict`; 2 wrong usage, or a
//! file cannot be read or an answer not be written.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            // A reader that has seen enough is no failure.
            let broken_pipe = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
            if error.downcast_ref().is_some_and(broken_pipe) {
                return ExitCode::SUCCESS;
            }
            cli::complain(&error);
            ExitCode::from(2)
        }
    }
}
