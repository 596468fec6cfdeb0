//! The `peregrine` program.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(peregrine_runtime::cli::main())
}
