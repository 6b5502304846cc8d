//! How the command is used: its grammar, the options that several commands share, and what is said of wrong usage.

use super::blend::Blend;
use super::compare::Compare;
use super::decode::Decode;
use super::demo::Demo;
use super::encode::Encode;
use super::info::Info;
use super::install::{Completions, Man};
use super::options;
use super::report;
use super::study::Study;
use super::thumbnail::Thumbnail;
use super::values;
use super::view::View;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, CommandFactory, Parser, Subcommand, ValueHint};
use siren_format::{Limits, Quantity};
use std::io::{self, Write};
use std::process::ExitCode;

/// Stores pictures, shapes, sounds and videos as the weights of a small sine network.
///
/// `encode` fits a network to a picture, say, and stores it in a .siren file; `decode` evaluates
/// it, at any resolution. Scaling interpolates smoothly; it does not invent detail.
#[derive(Debug, Parser)]
#[command(name = "sirenc", version, max_term_width = 100, after_help = ROOT_EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Encode(Encode),
    Decode(Decode),
    Blend(Blend),
    Compare(Compare),
    Info(Info),
    View(View),
    #[command(subcommand)]
    Study(Study),
    /// List what can do the work: GPUs, by the names that --device knows them by, and the CPU
    Devices,
    Demo(Demo),
    Thumbnail(Thumbnail),
    Completions(Completions),
    Man(Man),
}

const ROOT_EXAMPLES: &str = "\
Examples:
  sirenc demo                          see what it does; needs no file
  sirenc encode photo.png              writes photo.siren
  sirenc decode photo.siren --scale 4  writes photo.png, four times as wide and high

`sirenc encode -h` lists the options of a command, `sirenc encode --help` explains them.";

/// What a file may cost.
#[derive(Args, Clone, Debug)]
pub(crate) struct Limiting {
    /// Allow a file, or what is to be made of it, more or less than by default, such as memory=4G
    ///
    /// An N is a number such as 5000000, 64M, 4G or none (K, M, G and T are powers of 1024); several have commas
    /// between. Names and defaults: side 1M (pixels of the longer side), pixels 64G and frames 16M (both of the whole video), networks 1M (of a sound), layer-width 4096,
    /// parameters 64M, operations 10000000000000 (some three minutes of a core), metadata 4M and memory 2G (bytes), output
    /// 64G (bytes of samples)
    #[arg(long = "limit", value_name = "NAME=N", value_delimiter = ',', value_parser = values::limit)]
    limits: Vec<(Quantity, u64)>,
}

impl Limiting {
    /// The limits as they are to be.
    pub(crate) fn limits(&self) -> Limits {
        let given = self.limits.iter();
        given.fold(Limits::interactive(), |limits, &(what, most)| {
            limits.with(what, most)
        })
    }
}

/// How to go about existing files and messages.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Overwrite existing files
    #[arg(short, long)]
    pub(crate) force: bool,

    /// Say nothing but what fails
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// The command line, as it is declared here and in the table of [`options`].
pub(crate) fn command() -> clap::Command {
    Arguments::command()
        .mut_subcommands(options::explain)
        .mut_subcommands(numbers)
}

/// Takes what follows an option for its value although it begins with a minus, as negative numbers do, so that the
/// option itself says what it takes.
fn numbers(command: clap::Command) -> clap::Command {
    let number = |arg: Arg| {
        let takes_number = arg.get_action().takes_values()
            && !arg.is_positional()
            && arg.get_value_hint() != ValueHint::AnyPath;
        if takes_number {
            arg.allow_hyphen_values(true)
        } else {
            arg
        }
    };
    command.mut_args(number).mut_subcommands(numbers)
}

/// Refuses a command line that parses but cannot be meant, in the form that parse errors have.
pub(crate) fn refuse(message: &str) -> ExitCode {
    show(typed().error(ErrorKind::ValueValidation, report::harmless(message)))
}

/// The innermost of our commands that is named on the command line, of which usage is shown.
fn typed() -> clap::Command {
    let mut command = command();
    command.build();
    for word in std::env::args_os().skip(1) {
        match command.find_subcommand(word) {
            Some(inner) => command = inner.clone(),
            None => break,
        }
    }
    command
}

/// Prints what comes of parsing in place of arguments: help, or what is wrong with what was typed, and how it is
/// typed.
pub(crate) fn show(mut error: clap::Error) -> ExitCode {
    if error.use_stderr() && error.get(ContextKind::Usage).is_none() {
        let usage = ContextValue::StyledStr(typed().render_usage());
        error.insert(ContextKind::Usage, usage);
    }
    // Whether it can be printed makes no difference to the status.
    let _ = if error.use_stderr() {
        // It cites what was typed, which may be the name of a file that a shell put there.
        let text = report::lines(&error.render().to_string());
        io::stderr().write_all(text.as_bytes())
    } else {
        error.print()
    };
    ExitCode::from(error.exit_code() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn limits_replace_their_defaults() {
        let limits = |limits| Limiting { limits }.limits();
        let given = limits(vec![(Quantity::Memory, 5), (Quantity::Side, 6)]);
        assert_eq!(given, Limits::interactive().with_memory(5).with_side(6));
    }

    /// No number that is out of range, or begins with a minus, is taken for an option.
    #[test]
    fn options_themselves_refuse_what_they_cannot_take() {
        fn check(command: &clap::Command, path: &[&str]) {
            for arg in command.get_arguments() {
                let Some(long) = arg.get_long().filter(|_| arg.get_action().takes_values()) else {
                    continue;
                };
                if arg.get_value_hint() == ValueHint::AnyPath {
                    continue;
                }
                for value in ["-5x", "-x", "--force"] {
                    let option = format!("--{long}");
                    let typed = path.iter().copied().chain([&option[..], value]);
                    let error = super::command().try_get_matches_from(typed).unwrap_err();
                    let kind = error.kind();
                    let refused = [ErrorKind::ValueValidation, ErrorKind::InvalidValue];
                    assert!(
                        refused.contains(&kind),
                        "{path:?} {option} {value}: {error}"
                    );
                    assert!(error.to_string().contains(&option), "{error}");
                }
            }
            for inner in command.get_subcommands() {
                check(inner, &[path, &[inner.get_name()]].concat());
            }
        }
        check(&command(), &["sirenc"]);
    }
}
