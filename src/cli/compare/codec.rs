//! The codecs that are compared, each with one scale of settings: JPEG from a crate, the others by the
//! tools of their makers.

use super::tool::{TOOLS, Tool};
use super::{jpeg, measure};
use crate::cli::failure::Failure;
use crate::cli::output::Scratch;
use crate::cli::paths::Place;
use crate::cli::picture;
use clap::ValueEnum;
use sirenc::Picture;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;
use std::time::Instant;

/// A codec to compare with, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Jpeg,
    Webp,
    Avif,
    Jxl,
}

/// A codec that is there to be used.
pub(crate) struct Codec {
    pub(super) name: &'static str,
    /// Of the crate or the tool, as it says it itself.
    pub(super) version: String,
    means: Means,
}

enum Means {
    Jpeg,
    Tool {
        tool: &'static Tool,
        folder: PathBuf,
    },
}

/// A picture in plain form to be coded, in memory and as the PNG file that tools read.
pub(crate) struct Source {
    picture: Picture,
    file: PathBuf,
}

impl Source {
    pub(super) fn new(picture: Picture, name: &str, scratch: &Scratch) -> Result<Self, Failure> {
        let file = scratch.path().join(name);
        let write = || {
            let sink = BufWriter::new(File::create(&file)?);
            let encoder = image::codecs::png::PngEncoder::new_with_quality(
                sink,
                image::codecs::png::CompressionType::Fast,
                image::codecs::png::FilterType::Paeth,
            );
            measure::image(&picture)
                .write_with_encoder(encoder)
                .map_err(std::io::Error::other)
        };
        write().map_err(|error| Failure::writing(file.display(), &error))?;
        Ok(Self { picture, file })
    }

    pub(super) fn picture(&self) -> &Picture {
        &self.picture
    }

    pub(super) fn into_picture(self) -> Picture {
        self.picture
    }
}

/// The codecs of `asked`, or all there are; and a line for each that is missing without being asked
/// for.
pub(super) fn available(
    asked: Option<&[Kind]>,
    scratch: &Scratch,
) -> Result<(Vec<Codec>, Vec<String>), Failure> {
    let (mut codecs, mut missing) = (Vec::new(), Vec::new());
    for kind in Kind::value_variants() {
        if asked.is_some_and(|asked| !asked.contains(kind)) {
            continue;
        }
        let Some(tool) = TOOLS.iter().find(|tool| tool.kind == *kind) else {
            codecs.push(Codec {
                name: "JPEG",
                version: "crate jpeg-encoder 0.7".into(),
                means: Means::Jpeg,
            });
            continue;
        };
        match tool.version() {
            Ok(version) => codecs.push(Codec {
                name: tool.name,
                version,
                means: Means::Tool {
                    tool,
                    folder: scratch.path().to_owned(),
                },
            }),
            Err(failure) if asked.is_some() => return Err(failure),
            Err(failure) => missing.push(format!("{} is left out: {failure}", tool.name)),
        }
    }
    Ok((codecs, missing))
}

impl Codec {
    /// Number of settings; they count from 0, the worst.
    pub(super) fn settings(&self) -> u32 {
        match &self.means {
            Means::Jpeg => jpeg::QUALITIES.into(),
            Means::Tool { tool, .. } => tool.settings,
        }
    }

    /// A setting as the tool calls it.
    pub(super) fn setting(&self, setting: u32) -> String {
        match &self.means {
            Means::Jpeg => format!("quality {}", setting + 1),
            Means::Tool { tool, .. } => (tool.setting)(setting).join(" "),
        }
    }

    /// How it is used, apart from the setting.
    pub(super) fn usage(&self) -> String {
        match &self.means {
            Means::Jpeg => "progressive, optimised Huffman tables, 4:2:0".into(),
            Means::Tool { tool, .. } => {
                format!("{} {}", tool.encoder, tool.options.join(" "))
            }
        }
    }

    /// The file, and the seconds it took.
    pub(super) fn encode(&self, source: &Source, setting: u32) -> Result<(Vec<u8>, f64), Failure> {
        match &self.means {
            Means::Jpeg => {
                let start = Instant::now();
                let bytes = jpeg::encode(&source.picture, setting as u8 + 1)?;
                Ok((bytes, start.elapsed().as_secs_f64()))
            }
            Means::Tool { tool, folder } => {
                let coded = folder.join("coded").with_extension(tool.extension);
                remove(&coded)?;
                let gray = source.picture.channels() == 1;
                let seconds = tool.encode(setting, gray, &source.file, &coded)?;
                let bytes = fs::read(&coded).map_err(|error| tool.wrote_nothing(&error))?;
                Ok((bytes, seconds))
            }
        }
    }

    /// The picture in a file that was coded from `source`, in plain form, and the seconds it took.
    pub(super) fn decode(&self, bytes: &[u8], source: &Source) -> Result<(Picture, f64), Failure> {
        let (picture, seconds) = match &self.means {
            Means::Jpeg => {
                let start = Instant::now();
                let picture = jpeg::decode(bytes)?;
                (picture, start.elapsed().as_secs_f64())
            }
            Means::Tool { tool, folder } => {
                let coded = folder.join("coded").with_extension(tool.extension);
                let decoded = folder.join("decoded.png");
                remove(&decoded)?;
                fs::write(&coded, bytes).map_err(|e| Failure::writing(coded.display(), &e))?;
                let seconds = tool.decode(&coded, &decoded)?;
                let read = picture::read(&Place::Path(decoded));
                (self.blamed(read)?, seconds)
            }
        };
        let picture = self.blamed(measure::decoded(&picture, &source.picture))?;
        Ok((picture, seconds))
    }

    /// A failure with what came out of the codec, as one of the codec.
    fn blamed<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| Failure::Said(format!("what {} decoded to {failure}", self.name)))
    }
}

/// Removes what an earlier run left, so that it cannot be taken for the result of the next one.
fn remove(path: &PathBuf) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::writing(path.display(), &error))
        }
        _ => Ok(()),
    }
}
