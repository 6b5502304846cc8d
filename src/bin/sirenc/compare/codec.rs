//! The codecs that are compared, each with one scale of settings: JPEG and the placeholders from crates,
//! the others by the tools of their makers.

use super::tool::{AVIF, JPEG_XL, Tool, WEBP};
use super::{jpeg, measure, placeholder};
use crate::failure::Failure;
use crate::output::Scratch;
use crate::paths::Place;
use crate::picture;
use clap::ValueEnum;
use sirenc::{Picture, PlaceholderDecoder};
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;

/// A codec to compare with, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Built in
    Jpeg,
    /// By cwebp and dwebp
    Webp,
    /// By avifenc and avifdec
    Avif,
    /// By cjxl and djxl
    Jxl,
    /// Built in: text of 6 to 166 characters, for thumbnails
    Blurhash,
    /// Built in: some 25 bytes, for thumbnails
    Thumbhash,
    /// Built in: what `encode --placeholder` writes, of 16 to 200 bytes, for thumbnails
    Placeholder,
}

impl Kind {
    /// Whether it is only for placeholders, and so only used if asked for.
    fn is_placeholder(self) -> bool {
        matches!(self, Self::Blurhash | Self::Thumbhash | Self::Placeholder)
    }
}

/// A codec that is there to be used.
pub(crate) struct Codec {
    pub(super) name: &'static str,
    /// The version of the crate or the tool, as it states it.
    pub(super) version: String,
    means: Means,
}

enum Means {
    Jpeg,
    BlurHash,
    ThumbHash,
    Placeholder,
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

/// The codecs of `asked`, or all there are but those for placeholders; and a line for each that is
/// missing without being asked for.
pub(super) fn available(
    asked: Option<&[Kind]>,
    scratch: &Scratch,
) -> Result<(Vec<Codec>, Vec<String>), Failure> {
    let (mut codecs, mut missing) = (Vec::new(), Vec::new());
    for &kind in Kind::value_variants() {
        if !asked.map_or(!kind.is_placeholder(), |asked| asked.contains(&kind)) {
            continue;
        }
        let built_in = |of: &str| Ok(format!("crate {of}"));
        let installed = |tool: &'static Tool| {
            let folder = scratch.path().to_owned();
            (tool.name, tool.version(), Means::Tool { tool, folder })
        };
        let (name, version, means) = match kind {
            Kind::Jpeg => ("JPEG", built_in("jpeg-encoder 0.7"), Means::Jpeg),
            Kind::Webp => installed(&WEBP),
            Kind::Avif => installed(&AVIF),
            Kind::Jxl => installed(&JPEG_XL),
            Kind::Blurhash => ("BlurHash", built_in("blurhash 0.2"), Means::BlurHash),
            Kind::Thumbhash => ("ThumbHash", built_in("thumbhash 0.1"), Means::ThumbHash),
            Kind::Placeholder => {
                let version = Ok(format!("sirenc {}", env!("CARGO_PKG_VERSION")));
                ("placeholder", version, Means::Placeholder)
            }
        };
        match version {
            Ok(version) => codecs.push(Codec {
                name,
                version,
                means,
            }),
            Err(failure) if asked.is_some() => return Err(failure),
            Err(failure) => missing.push(format!("{name} is left out: {failure}")),
        }
    }
    Ok((codecs, missing))
}

impl Codec {
    /// Whether a smaller picture makes a smaller file.
    pub(super) fn has_pixels(&self) -> bool {
        !matches!(
            self.means,
            Means::BlurHash | Means::ThumbHash | Means::Placeholder
        )
    }

    /// Number of settings; they count from 0, the worst.
    pub(super) fn settings(&self) -> u32 {
        match &self.means {
            Means::Jpeg => jpeg::QUALITIES.into(),
            Means::BlurHash => placeholder::BLUR_SIZES,
            Means::ThumbHash => 1,
            Means::Placeholder => placeholder::SIZES,
            Means::Tool { tool, .. } => tool.settings,
        }
    }

    /// A setting as the tool calls it.
    pub(super) fn setting(&self, source: &Source, setting: u32) -> String {
        match &self.means {
            Means::Jpeg => format!("quality {}", setting + 1),
            Means::BlurHash => {
                let (x, y) = placeholder::blur_components(&source.picture, setting);
                format!("{x} x {y} components")
            }
            Means::ThumbHash => "its one size".into(),
            Means::Placeholder => format!("--bytes {}", placeholder::bytes(setting)),
            Means::Tool { tool, .. } => (tool.setting)(setting).join(" "),
        }
    }

    /// How it is used, apart from the setting.
    pub(super) fn usage(&self) -> String {
        match &self.means {
            Means::Jpeg => "progressive, optimised Huffman tables, 4:2:0".into(),
            Means::BlurHash => "components as the picture's sides".into(),
            Means::ThumbHash => "of at most 100 x 100 pixels".into(),
            Means::Placeholder => "sirenc encode --placeholder".into(),
            Means::Tool { tool, .. } => {
                format!("{} {}", tool.encoder, tool.options.join(" "))
            }
        }
    }

    /// The file, and the seconds it took.
    pub(super) fn encode(&self, source: &Source, setting: u32) -> Result<(Vec<u8>, f64), Failure> {
        let picture = &source.picture;
        match &self.means {
            Means::Jpeg => measure::timed(|| jpeg::encode(picture, setting as u8 + 1)),
            Means::BlurHash => measure::timed(|| placeholder::blur_hash(picture, setting)),
            Means::ThumbHash => measure::timed(|| Ok(placeholder::thumb_hash(picture))),
            Means::Placeholder => measure::timed(|| placeholder::placeholder(picture, setting)),
            Means::Tool { tool, folder } => {
                let coded = folder.join("coded").with_extension(tool.extension);
                remove(&coded)?;
                let gray = if picture.channels() == 1 {
                    tool.gray
                } else {
                    &[]
                };
                let extra: Vec<_> = gray.iter().map(ToString::to_string).collect();
                let seconds = tool.encode(setting, &extra, &source.file, &coded)?;
                let bytes = fs::read(&coded).map_err(|error| tool.wrote_nothing(&error))?;
                Ok((bytes, seconds))
            }
        }
    }

    /// The picture in a file that was coded from `source`, in plain form, and the seconds it took.
    pub(super) fn decode(&self, bytes: &[u8], source: &Source) -> Result<(Picture, f64), Failure> {
        let (width, height) = (source.picture.width(), source.picture.height());
        let decoded = match &self.means {
            Means::Jpeg => measure::timed(|| jpeg::decode(bytes)),
            Means::BlurHash => measure::timed(|| placeholder::of_blur_hash(bytes, width, height)),
            Means::ThumbHash => measure::timed(|| placeholder::of_thumb_hash(bytes, width, height)),
            Means::Placeholder => {
                measure::timed(|| Ok(PlaceholderDecoder::new(bytes)?.picture(width, height)?))
            }
            Means::Tool { tool, folder } => {
                let coded = folder.join("coded").with_extension(tool.extension);
                let decoded = folder.join("decoded.png");
                remove(&decoded)?;
                fs::write(&coded, bytes).map_err(|e| Failure::writing(coded.display(), &e))?;
                let seconds = tool.decode(&coded, &decoded)?;
                picture::read(&Place::Path(decoded)).map(|picture| (picture, seconds))
            }
        };
        let (picture, seconds) = self.blamed(decoded)?;
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
