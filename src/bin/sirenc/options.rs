//! Which options serve which kinds of signal: the one table of them, and the one refusal of an option that is given
//! for a signal which it does not serve.

use super::failure::Failure;
use super::input::Kind;
use Use::{Animation, Floats, Mesh, Picture, Rendering, Sound, Video};
use clap::builder::StyledStr;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use std::collections::HashSet;
use std::fmt;

/// What a command works on, as far as options differ in it: a kind of signal, and for `decode` also what it is
/// written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Picture,
    /// A picture as plain numbers.
    Floats,
    Video,
    /// A video as something else than .y4m.
    Animation,
    Sound,
    /// A shape; what it is decoded to is its mesh.
    Mesh,
    /// A picture of a shape.
    Rendering,
}

impl From<Kind> for Use {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Picture => Picture,
            Kind::Shape => Mesh,
            Kind::Sound => Sound,
            Kind::Video => Video,
        }
    }
}

/// Says what a file holds and, where that matters, what it is written as.
impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Picture => "holds a picture",
            Floats => "holds a picture, which is written as plain numbers",
            Video => "holds a video",
            Animation => "holds a video, which is not written as .y4m",
            Sound => "holds a sound",
            Mesh => "holds a shape",
            Rendering => "holds a shape, which is written as a picture",
        })
    }
}

/// An option that does not serve everything: its name, what it serves, and the same in words.
#[derive(Debug)]
struct Row(&'static str, &'static [Use], &'static str);

/// The options of `encode`.
const ENCODE: &[Row] = &[
    Row("psnr", &[Picture, Video], "pictures and videos"),
    Row("quality", &[Picture, Video], "pictures and videos"),
    Row("bpp", &[Picture, Video], "pictures and videos"),
    Row("kbps", &[Sound], "sounds"),
    Row("segments", &[Sound], "sounds"),
    Row("supervise", &[Picture], "pictures"),
    Row("metadata", &[Picture], "pictures"),
    Row("gps", &[Picture], "pictures"),
    Row("grids", &[Picture], "pictures"),
];

/// The options of `decode`.
const DECODE: &[Row] = &[
    Row("scale", PIXELS, "pictures and videos"),
    Row("size", SIZED, "pictures, videos and pictures of shapes"),
    Row("region", PIXELS, "pictures and videos"),
    Row("derivative", &[Picture, Floats], "pictures"),
    Row("gain", &[Picture], "pictures that are not written as .npy"),
    Row("color", &[Picture], "pictures that are not written as .npy"),
    Row("rate", &[Sound], "sounds"),
    Row("fps", &[Video, Animation], "videos"),
    Row("from", &[Sound, Video, Animation], "sounds and videos"),
    Row("to", &[Sound, Video, Animation], "sounds and videos"),
    Row("chroma", &[Video], "videos that are written as .y4m"),
    Row("resolution", &[Mesh], "meshes and grids of shapes"),
    Row("view", &[Rendering], "pictures of shapes"),
    Row("device", PIXELS, "pictures and videos"),
];

const PIXELS: &[Use] = &[Picture, Floats, Video, Animation];
const SIZED: &[Use] = &[Picture, Floats, Video, Animation, Rendering];

/// The options of a command that do not serve everything.
fn table(command: &str) -> &'static [Row] {
    match command {
        "encode" => ENCODE,
        "decode" => DECODE,
        _ => &[],
    }
}

/// The help of a command, with what each option serves.
pub(crate) fn explain(command: Command) -> Command {
    let table = table(command.get_name());
    command.mut_args(|arg| {
        let Some(Row(.., words)) = table.iter().find(|row| arg.get_long() == Some(row.0)) else {
            return arg;
        };
        let explained = |help: &StyledStr| format!("{help} [for {words}]");
        let short = arg.get_help().map(explained);
        let long = arg.get_long_help().map(explained);
        let arg = match short {
            Some(help) => arg.help(help),
            None => arg,
        };
        match long {
            Some(help) => arg.long_help(help),
            None => arg,
        }
    })
}

/// The options that were typed, of those which do not serve everything.
#[derive(Debug)]
pub(crate) struct Given(Vec<&'static Row>);

impl Given {
    /// The options of a whole command line.
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        let Some((command, matches)) = matches.subcommand() else {
            return Self(Vec::new());
        };
        let typed: HashSet<&str> = matches
            .ids()
            .map(clap::Id::as_str)
            .filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine))
            .collect();
        // The CPU serves everything, and so does what is chosen without being asked for.
        let gpu = |row: &Row| {
            let value = matches
                .get_raw(row.0)
                .and_then(|mut values| values.next_back());
            value.is_some_and(|value| value.to_string_lossy().starts_with("gpu"))
        };
        let given = |row: &&Row| typed.contains(row.0) && (row.0 != "device" || gpu(row));
        Self(table(command).iter().filter(given).collect())
    }

    /// Refuses the first option that does not serve `what`.
    pub(crate) fn check(&self, what: impl Into<Use>) -> Result<(), Failure> {
        let what = what.into();
        match self.0.iter().find(|Row(_, uses, _)| !uses.contains(&what)) {
            Some(Row(name, _, words)) => Err(Failure::Usage(format!(
                "{what}; --{name} serves {words} alone; leave it out"
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage;

    /// Every row is of an option that there is, and has a use to serve and one not to.
    #[test]
    fn the_table_is_of_options_that_there_are() {
        let all = [Picture, Floats, Video, Animation, Sound, Mesh, Rendering];
        let command = usage::command();
        for (name, table) in [("encode", ENCODE), ("decode", DECODE)] {
            let command = command.find_subcommand(name).unwrap();
            for Row(option, uses, words) in table {
                let mut args = command.get_arguments();
                let arg = args.find(|arg| arg.get_long() == Some(option)).unwrap();
                assert_eq!(arg.get_id(), option);
                let help = arg.get_help().unwrap().to_string();
                assert!(help.ends_with(&format!("[for {words}]")), "{help}");
                let served = all.iter().filter(|what| uses.contains(what)).count();
                assert!((1..all.len()).contains(&served), "{option}");
            }
        }
    }

    /// Whatever is typed, it is refused for what the table does not have, and for nothing else.
    #[test]
    fn every_pair_of_the_table_is_refused_or_not() {
        let all = [Picture, Floats, Video, Animation, Sound, Mesh, Rendering];
        let values = |option: &str| match option {
            "size" => "3x3",
            "region" => "0,0,1,1",
            "derivative" => "dx",
            "supervise" => "gradient",
            "grids" => "on",
            "metadata" => "all",
            "view" => "30,20",
            "chroma" => "444",
            "device" => "gpu:0",
            _ => "5",
        };
        for (name, table) in [("encode", ENCODE), ("decode", DECODE)] {
            for Row(option, uses, _) in table {
                let option = format!("--{option}");
                let value = values(&option[2..]);
                let mut typed = vec!["sirenc", name, "file", &option];
                match option.as_str() {
                    "--color" => typed.extend(["--derivative", "gradient"]),
                    "--gps" => typed.extend(["--metadata", "all"]),
                    "--gain" => typed.extend([value, "--derivative", "gradient"]),
                    _ => typed.push(value),
                }
                let given = Given::of(&usage::command().try_get_matches_from(typed).unwrap());
                for what in all {
                    let refused = match given.check(what) {
                        Err(Failure::Usage(message)) => message.contains(" alone; leave it out"),
                        _ => false,
                    };
                    assert_eq!(refused, !uses.contains(&what), "{option} for {what:?}");
                }
            }
            // Nothing typed, nothing refused; nor is the CPU.
            for more in [&[][..], &["--device", "cpu"], &["--device", "auto"]] {
                let typed = [&["sirenc", name, "file"], more].concat();
                let given = Given::of(&usage::command().try_get_matches_from(typed).unwrap());
                assert!(all.into_iter().all(|what| given.check(what).is_ok()));
            }
        }
    }
}
