//! Pictures in the one form that is compared (8 bits, gray or RGB), and the measure that needs a crate
//! of its own.

use crate::failure::Failure;
use crate::picture;
use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, RgbImage};
use sirenc::{Picture, Samples};
use ssimulacra2::{
    ColorPrimaries, LinearRgb, Rgb, TransferCharacteristic, compute_frame_ssimulacra2,
};
use std::time::Instant;

/// A picture as it is compared: rounded to 8 bits a sample and without its colour profile, which not
/// every codec would store.
pub(crate) fn plain(picture: &Picture) -> Result<Picture, Failure> {
    if picture.has_alpha() {
        return Err(Failure::Said(
            "has transparency, which is not compared; put it on a background first".into(),
        ));
    }
    let samples = Samples::U8(picture.samples().eight_bits().into_owned());
    let (width, height) = (picture.width(), picture.height());
    Ok(Picture::new(width, height, picture.channels(), samples)?)
}

/// The samples of a picture in plain form.
pub(super) fn bytes(picture: &Picture) -> &[u8] {
    match picture.samples() {
        Samples::U8(samples) => samples,
        _ => &[],
    }
}

/// A picture in plain form, as an image.
pub(crate) fn image(picture: &Picture) -> DynamicImage {
    let (width, height, samples) = (picture.width(), picture.height(), bytes(picture).to_vec());
    let image = match picture.channels() {
        1 => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        _ => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
    };
    image.expect("a picture has the samples of its size")
}

/// What a decoder made of `original`, in the same form. Some decoders write RGB where that is gray.
pub(super) fn decoded(picture: &Picture, original: &Picture) -> Result<Picture, Failure> {
    let size = |picture: &Picture| (picture.width(), picture.height());
    let ((w, h), (width, height)) = (size(picture), size(original));
    if (w, h) != (width, height) {
        return Err(Failure::Said(format!(
            "is {w} x {h} pixels, but the original {width} x {height}"
        )));
    }
    let picture = plain(picture)?;
    match (picture.channels(), original.channels()) {
        (3, 1) => Ok(picture::from_image(image(&picture).into_luma8().into())?),
        (1, 3) => Ok(picture::from_image(image(&picture).into_rgb8().into())?),
        _ => Ok(picture),
    }
}

/// `picture` brought to a smaller size by a Lanczos filter of three lobes.
pub(super) fn reduced(picture: &Picture, width: u32, height: u32) -> Result<Picture, Failure> {
    scaled(picture, width, height, FilterType::Lanczos3)
}

/// `picture` brought to a larger size by a bicubic filter (Catmull-Rom).
pub(super) fn enlarged(picture: &Picture, width: u32, height: u32) -> Result<Picture, Failure> {
    scaled(picture, width, height, FilterType::CatmullRom)
}

fn scaled(picture: &Picture, width: u32, height: u32, by: FilterType) -> Result<Picture, Failure> {
    Ok(picture::from_image(
        image(picture).resize_exact(width, height, by),
    )?)
}

/// What `work` makes, and the seconds it takes.
pub(super) fn timed<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<(T, f64), Failure> {
    let start = Instant::now();
    let made = work()?;
    Ok((made, start.elapsed().as_secs_f64()))
}

/// SSIMULACRA2 of two pictures in plain form: 100 for equal ones, about 90 where the difference is
/// hard to see, 50 for medium quality, without a lower end. Gray counts as RGB of equal channels,
/// colours as sRGB. Not a number for pictures below 8 x 8 pixels.
pub(super) fn ssimulacra2(original: &Picture, decoded: &Picture) -> f64 {
    let score = |picture: &Picture| {
        let channels = usize::from(picture.channels());
        let pixel = |samples: &[u8]| {
            [0, 1, 2].map(|channel| f32::from(samples[channel.min(channels - 1)]) / 255.0)
        };
        let pixels = bytes(picture).chunks_exact(channels).map(pixel).collect();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let (transfer, primaries) = (TransferCharacteristic::SRGB, ColorPrimaries::BT709);
        let rgb = Rgb::new(pixels, width, height, transfer, primaries).ok()?;
        LinearRgb::try_from(rgb).ok()
    };
    match (score(original), score(decoded)) {
        (Some(original), Some(decoded)) => {
            compute_frame_ssimulacra2(original, decoded).unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}
