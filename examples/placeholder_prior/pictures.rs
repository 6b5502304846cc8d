//! Photographs, whole and in parts, as small pictures.

use super::Outcome;
use super::network::Random;
use image::RgbImage;
use image::imageops::{FilterType, crop_imm, flip_horizontal, resize};
use sirenc::{Picture, Samples};
use std::fs;
use std::path::{Path, PathBuf};

/// The longer side of all pictures.
const SIDE: f64 = 128.0;
/// Parts of a photograph.
const PARTS: usize = 40;
/// One of so many photographs is held out.
const HELD: usize = 5;

/// All pictures of a folder, by name.
pub(crate) fn whole(folder: &Path) -> Outcome<Vec<Picture>> {
    let paths = files(folder)?;
    paths
        .iter()
        .map(|path| plain(&small(&read(path)?)))
        .collect()
}

/// Photographs to train on, whole and in parts, and whole ones that are held out.
pub(crate) fn parts(folder: &Path, random: &mut Random) -> Outcome<(Vec<Picture>, Vec<Picture>)> {
    let (mut pictures, mut held) = (Vec::new(), Vec::new());
    for (index, path) in files(folder)?.iter().enumerate() {
        let photo = read(path)?;
        if index % HELD == 0 {
            held.push(plain(&small(&photo))?);
            continue;
        }
        pictures.push(plain(&small(&photo))?);
        for _ in 0..PARTS {
            pictures.push(plain(&part(&photo, random))?);
        }
    }
    Ok((pictures, held))
}

fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let paths: Result<Vec<_>, _> = fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect();
    let picture = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("png" | "webp" | "jpg"))
    };
    let mut paths: Vec<_> = paths?.into_iter().filter(picture).collect();
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Outcome<RgbImage> {
    Ok(image::open(path)?.into_rgb8())
}

/// The picture with a longer side of [`SIDE`] pixels.
fn small(picture: &RgbImage) -> RgbImage {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let factor = SIDE / width.max(height);
    let side = |pixels: f64| (pixels * factor).round().max(1.0) as u32;
    resize(picture, side(width), side(height), FilterType::Lanczos3)
}

/// A part of a photograph, of any usual aspect ratio and of 0.3 to all of what fits, in every other case mirrored.
fn part(photo: &RgbImage, random: &mut Random) -> RgbImage {
    const ASPECTS: [f64; 6] = [1.5, 1.5, 4.0 / 3.0, 2.0 / 3.0, 16.0 / 9.0, 1.0];
    let (width, height) = (f64::from(photo.width()), f64::from(photo.height()));
    let aspect = ASPECTS[random.below(ASPECTS.len())] * (0.9 + 0.2 * random.uniform());
    let size = 0.3 + 0.7 * random.uniform();
    let across = (size * width.min(height * aspect)).max(1.0);
    let down = (across / aspect).max(1.0);
    let x = random.uniform() * (width - across);
    let y = random.uniform() * (height - down);
    let part = crop_imm(photo, x as u32, y as u32, across as u32, down as u32);
    let part = small(&part.to_image());
    if random.below(2) == 0 {
        flip_horizontal(&part)
    } else {
        part
    }
}

fn plain(picture: &RgbImage) -> Outcome<Picture> {
    let samples = Samples::U8(picture.as_raw().clone());
    Ok(Picture::new(picture.width(), picture.height(), 3, samples)?)
}
