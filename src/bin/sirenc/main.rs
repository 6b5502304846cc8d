//! The `sirenc` command. Each command has a file of its own with its
//! arguments beside it; `usage` has the grammar that they are part of, `options` says which option serves which kind of
//! signal; files
//! are opened, written and named in one place each (`input`, `output`, `paths`). What several commands
//! show is made in one place each, too (`table`, `plot`, `html`, `browser`, `gallery`).

#![forbid(unsafe_code)]

mod blend;
mod browser;
mod checkpoint;
mod compare;
mod decode;
mod demo;
mod device;
mod encode;
mod failure;
mod files;
mod format;
mod gallery;
mod html;
mod info;
mod input;
mod install;
mod interrupt;
mod jobs;
mod listing;
mod many;
mod options;
mod output;
mod paths;
mod picture;
mod placeholder;
mod plot;
mod progress;
mod report;
mod shape;
mod sound;
mod study;
mod table;
mod tally;
mod thumbnail;
mod usage;
mod values;
mod video;
mod view;
mod whole;

use clap::FromArgMatches;
use failure::Failure;
use options::Given;
use std::process::ExitCode;
use usage::{Arguments, Command};

/// Does what was typed. Wrong usage exits with 2, failed work with 1, what a signal ends with 128 and
/// the signal's number (130 for Ctrl-C); messages go to standard error.
fn main() -> ExitCode {
    let parsed = usage::command().try_get_matches().and_then(|matches| {
        let given = Given::of(&matches);
        Ok((Arguments::from_arg_matches(&matches)?, given))
    });
    let (arguments, given) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage::show(error),
    };
    interrupt::handle();
    let done = match arguments.command {
        Command::Encode(encode) => encode::run(&encode, &given),
        Command::Decode(decode) => decode::run(&decode, &given),
        Command::Blend(blend) => blend::run(&blend),
        Command::Compare(compare) => compare::run(&compare),
        Command::Info(info) => info::run(&info),
        Command::Study(study) => study::run(&study),
        Command::Devices => device::run(),
        Command::Demo(demo) => demo::run(&demo),
        Command::View(view) => view::run(&view),
        Command::Thumbnail(thumbnail) => thumbnail::run(&thumbnail),
        Command::Completions(completions) => install::completions(&completions),
        Command::Man(man) => install::man(&man),
    };
    done.unwrap_or_else(|failure| match failure {
        Failure::NobodyReads => ExitCode::FAILURE,
        Failure::Usage(message) => usage::refuse(&message),
        Failure::Said(message) => {
            report::complain(&message);
            ExitCode::FAILURE
        }
    })
}
