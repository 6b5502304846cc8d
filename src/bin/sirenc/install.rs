//! What is installed beside the command: completions for shells, and manual pages.

use super::failure::Failure;
use super::usage;
use clap::Args;
use clap_complete::Shell;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Print a script that completes what is typed in a shell
#[derive(Args, Debug)]
#[command(after_long_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct Completions {
    /// The shell to complete in
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  sirenc completions bash > ~/.local/share/bash-completion/completions/sirenc
  sirenc completions zsh > ~/.zfunc/_sirenc       with ~/.zfunc in $fpath
  sirenc completions fish > ~/.config/fish/completions/sirenc.fish
  sirenc completions powershell >> $PROFILE";

/// Write manual pages, sirenc.1 and one for each command
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Folder for the pages, made if missing; those of an earlier version are replaced
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(crate) fn completions(args: &Completions) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut usage::command(), "sirenc", &mut script);
    io::stdout()
        .write_all(&script)
        .map_err(|error| Failure::writing("standard output", &error))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(args: &Man) -> Result<ExitCode, Failure> {
    fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(usage::command(), &args.folder))
        .map_err(|error| Failure::writing(args.folder.display(), &error))?;
    Ok(ExitCode::SUCCESS)
}
