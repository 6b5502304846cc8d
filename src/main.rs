//! The `sirenc` command: parses, calls the library, reports.

fn main() -> std::process::ExitCode {
    sirenc::cli::run()
}
