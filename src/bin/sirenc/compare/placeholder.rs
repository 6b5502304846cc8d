//! BlurHash, ThumbHash and the placeholders of this project: a few dozen bytes, for thumbnails of pictures that
//! are still on their way. The sizes that the first two can take are their own.

use super::measure;
use crate::failure::Failure;
use crate::picture;
use image::RgbaImage;
use image::imageops::FilterType;
use siren_format::PLACEHOLDER_MAX;
use sirenc::{Picture, PlaceholderEncoder};

/// Most components that a BlurHash has along a side.
const MOST: u32 = 9;

/// Sizes of a BlurHash, from 1 x 1 to 9 x 9 components.
pub(super) const BLUR_SIZES: u32 = 2 * (MOST - 1) + 1;

/// The fewest bytes of a placeholder.
const LEAST: u32 = 16;

/// Sizes of a placeholder.
pub(super) const SIZES: u32 = PLACEHOLDER_MAX as u32 - LEAST + 1;

/// The longest side of the picture that a ThumbHash is made of.
const THUMB_SIDE: u32 = 100;

/// Components of a BlurHash of `picture` along x and y. From each size to the next, the side that has
/// fewer of them for its length gets one more.
pub(super) fn blur_components(picture: &Picture, size: u32) -> (u32, u32) {
    let (width, height) = (u64::from(picture.width()), u64::from(picture.height()));
    let (mut x, mut y) = (1, 1);
    for _ in 0..size {
        let sparse_in_x = u64::from(x) * height <= u64::from(y) * width;
        if y == MOST || (sparse_in_x && x < MOST) {
            x += 1;
        } else {
            y += 1;
        }
    }
    (x, y)
}

/// A BlurHash, which is text: a byte for each of its characters.
pub(super) fn blur_hash(picture: &Picture, size: u32) -> Result<Vec<u8>, Failure> {
    let (x, y) = blur_components(picture, size);
    let (width, height) = (picture.width(), picture.height());
    let samples = measure::image(picture).into_rgba8();
    blurhash::encode(x, y, width, height, &samples)
        .map(String::into_bytes)
        .map_err(|error| Failure::Said(format!("cannot be written as BlurHash: {error}")))
}

/// The picture of a BlurHash at any size: like a `.siren` it is a function.
pub(super) fn of_blur_hash(hash: &[u8], width: u32, height: u32) -> Result<Picture, Failure> {
    let text = String::from_utf8_lossy(hash);
    let samples = blurhash::decode(&text, width, height, 1.0)
        .map_err(|error| Failure::Said(format!("cannot be read as BlurHash: {error}")))?;
    of_rgba(width, height, samples)
}

/// The bytes that a placeholder of a size has at most.
pub(super) fn bytes(size: u32) -> usize {
    (LEAST + size) as usize
}

/// A placeholder of this project.
pub(super) fn placeholder(picture: &Picture, size: u32) -> Result<Vec<u8>, Failure> {
    Ok(PlaceholderEncoder::new()
        .with_bytes(bytes(size))?
        .encode(picture)?)
}

/// A ThumbHash, whose size its format decides.
pub(super) fn thumb_hash(picture: &Picture) -> Vec<u8> {
    let mut image = measure::image(picture);
    if image.width().max(image.height()) > THUMB_SIDE {
        image = image.resize(THUMB_SIDE, THUMB_SIDE, FilterType::Lanczos3);
    }
    let (width, height) = (image.width() as usize, image.height() as usize);
    thumbhash::rgba_to_thumb_hash(width, height, &image.into_rgba8())
}

/// The picture of a ThumbHash, some 32 pixels wide, enlarged.
pub(super) fn of_thumb_hash(hash: &[u8], width: u32, height: u32) -> Result<Picture, Failure> {
    let (w, h, samples) = thumbhash::thumb_hash_to_rgba(hash)
        .map_err(|()| Failure::Said("cannot be read as ThumbHash".into()))?;
    measure::enlarged(&of_rgba(w as u32, h as u32, samples)?, width, height)
}

fn of_rgba(width: u32, height: u32, samples: Vec<u8>) -> Result<Picture, Failure> {
    let image = RgbaImage::from_raw(width, height, samples).ok_or_else(|| {
        Failure::Said(format!("has not the samples of {width} x {height} pixels"))
    })?;
    Ok(picture::from_image(image.into())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sirenc::{Samples, metric};

    fn ramp(width: u32, height: u32) -> Picture {
        let samples = (0..height).flat_map(|y| {
            (0..width).flat_map(move |x| {
                [200 * x / width + 20, 120, 200 * y / height + 20].map(|v| v as u8)
            })
        });
        Picture::new(width, height, 3, Samples::U8(samples.collect())).unwrap()
    }

    #[test]
    fn a_blur_hash_grows_with_its_size_and_with_the_longer_side() {
        let wide = ramp(120, 80);
        let components: Vec<_> = (0..BLUR_SIZES)
            .map(|size| blur_components(&wide, size))
            .collect();
        assert_eq!(components[..4], [(1, 1), (2, 1), (2, 2), (3, 2)]);
        assert_eq!(components.last(), Some(&(9, 9)));
        let lengths: Vec<_> = (0..BLUR_SIZES)
            .map(|size| blur_hash(&wide, size).unwrap().len())
            .collect();
        assert!(lengths.is_sorted_by(|a, b| a < b), "{lengths:?}");
        assert_eq!(blur_components(&ramp(80, 120), 3), (2, 3));
    }

    #[test]
    fn placeholders_resemble_their_picture() {
        let picture = ramp(120, 80);
        let blur = of_blur_hash(&blur_hash(&picture, 8).unwrap(), 120, 80).unwrap();
        let thumb = of_thumb_hash(&thumb_hash(&picture), 120, 80).unwrap();
        for decoded in [blur, thumb] {
            let psnr = metric::psnr(&picture, &decoded);
            assert!(psnr > 22.0, "{psnr}");
        }
    }
}
