//! The `sirenc` command: parses, calls the library, reports.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
