//! The gradients of two pictures blended into one.

use crate::Error;
use crate::signal::{Picture, spectral};
use ndarray::Array2;

/// How the gradients of two pictures A and B are blended into one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Blend {
    /// (1 - f) grad A + f grad B, for f from 0 to 1.
    Mix(f64),
    /// At each pixel the stronger of the two gradients, with all channels taken together (Perez et al. 2003, section
    /// 3).
    Dominant,
    /// The gradients of B where the mask is white, those of A where it is black, and a mix in between. This sets a part
    /// of B into A without a seam. Gradients leave the mean colours open; these are those of A outside of the mask.
    Mask(Picture),
}

/// The gradients of a blend, and the picture that is nearest to having them.
pub(crate) struct Blended {
    /// Along x and y of each channel, rows x columns.
    pub(crate) gradients: Vec<[Array2<f32>; 2]>,
    /// Mean of each channel.
    pub(crate) means: Vec<f32>,
    /// The least-squares solution, with as many bits a sample as the deeper of the two.
    pub(crate) picture: Picture,
}

impl Blended {
    /// # Errors
    /// [`Error::Parameter`] if the pictures differ in size, have transparency, or the share is not 0 to 1.
    pub(crate) fn new(a: &Picture, b: &Picture, how: &Blend) -> Result<Self, Error> {
        fits("second picture", b, a)?;
        spectral::check(a)?;
        let channels = a.channels().max(b.channels());
        let (planes_a, planes_b) = (spread(a, channels), spread(b, channels));
        let shares = shares(a, how)?;
        let (of_a, of_b) = (
            spectral::gradients(&planes_a),
            spectral::gradients(&planes_b),
        );
        let shares = match shares {
            Some(shares) => shares,
            None => stronger(&of_a, &of_b),
        };
        let gradients = of_a.into_iter().zip(of_b);
        let gradients: Vec<_> = gradients
            .map(|(a, b)| {
                let [ax, ay] = a;
                let [bx, by] = b;
                [mixed(&ax, &bx, &shares), mixed(&ay, &by, &shares)]
            })
            .collect();

        let mut planes = spectral::solve(&gradients);
        let channels = planes.iter_mut().zip(planes_a.iter().zip(&planes_b));
        for (plane, (a, b)) in channels {
            *plane += constant(plane, a, b, &shares, how);
        }
        let depth = a.samples().depth().max(b.samples().depth());
        // That of gray does not describe a colour picture.
        let profile = if a.channels() < b.channels() { b } else { a };
        let picture = Picture::from_planes(&planes, depth)?;
        Ok(Self {
            gradients,
            means: spectral::means(&planes),
            picture: picture.with_icc(profile.icc().map(<[u8]>::to_vec)),
        })
    }
}

/// Refuses what cannot be blended with `a`.
fn fits(name: &'static str, other: &Picture, a: &Picture) -> Result<(), Error> {
    if a.has_alpha() || other.has_alpha() {
        let name = if a.has_alpha() { "first picture" } else { name };
        let allowed = "opaque: put it on a background first";
        return Err(Error::parameter(name, "partly transparent", allowed));
    }
    if (other.width(), other.height()) != (a.width(), a.height()) {
        let size = |picture: &Picture| format!("{} x {}", picture.width(), picture.height());
        let allowed = format!(
            "of the first one's size, {}: scale or crop one of them first",
            size(a)
        );
        return Err(Error::parameter(name, size(other), allowed));
    }
    Ok(())
}

/// The share of B at each pixel, unless it depends on the gradients.
fn shares(a: &Picture, how: &Blend) -> Result<Option<Array2<f32>>, Error> {
    let size = (a.height() as usize, a.width() as usize);
    Ok(match how {
        Blend::Mix(share) if (0.0..=1.0).contains(share) => {
            Some(Array2::from_elem(size, *share as f32))
        }
        Blend::Mix(share) => {
            let allowed = "0 (all of the first picture) to 1 (all of the second)";
            return Err(Error::parameter("share to mix", share, allowed));
        }
        Blend::Mask(mask) => {
            fits("mask", mask, a)?;
            let planes = mask.planes();
            let mut shares = Array2::zeros(size);
            for plane in &planes {
                shares.scaled_add(0.5 / planes.len() as f32, &(plane + 1.0));
            }
            Some(shares)
        }
        Blend::Dominant => None,
    })
}

/// Each channel as [`Picture::planes`] has it, gray repeated to make `channels`.
fn spread(picture: &Picture, channels: u8) -> Vec<Array2<f32>> {
    let mut planes = picture.planes();
    while planes.len() < usize::from(channels) {
        planes.push(planes[0].clone());
    }
    planes
}

/// 1 where B has the stronger gradient.
fn stronger(a: &[[Array2<f32>; 2]], b: &[[Array2<f32>; 2]]) -> Array2<f32> {
    let square = |gradients: &[[Array2<f32>; 2]]| {
        let squares = gradients.iter().flatten().map(|plane| plane * plane);
        squares.reduce(|sum, square| sum + square)
    };
    match (square(a), square(b)) {
        (Some(a), Some(b)) => (b - a).mapv(|more| f32::from(u8::from(more > 0.0))),
        _ => Array2::zeros((0, 0)),
    }
}

fn mixed(a: &Array2<f32>, b: &Array2<f32>, shares: &Array2<f32>) -> Array2<f32> {
    a + &((b - a) * shares)
}

/// What to add to `plane`, of mean 0, to give it the level of the pictures it comes from: with a mask that
/// of A, as far as there is any of it; else that of both, as they are mixed.
fn constant(
    plane: &Array2<f32>,
    a: &Array2<f32>,
    b: &Array2<f32>,
    shares: &Array2<f32>,
    how: &Blend,
) -> f32 {
    let outside = shares.mapv(|share| 1.0 - share);
    let area = outside.sum();
    match how {
        Blend::Mask(_) if area > 0.5 => ((a - plane) * &outside).sum() / area,
        Blend::Dominant => 0.5 * (a + b).sum() / plane.len() as f32,
        _ => mixed(a, b, shares).sum() / plane.len() as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Samples;

    fn picture(channels: u8, sample: impl Fn(u32, u32, u8) -> u8) -> Picture {
        let samples = (0..16 * 12 * u32::from(channels)).map(|index| {
            let (pixel, channel) = (index / u32::from(channels), index % u32::from(channels));
            sample(pixel % 16, pixel / 16, channel as u8)
        });
        Picture::new(16, 12, channels, Samples::U8(samples.collect())).unwrap()
    }

    fn far(a: &Picture, b: &Picture) -> f32 {
        let (a, b) = (spread(a, 3), spread(b, 3));
        let difference = a.iter().zip(&b).map(|(a, b)| (a - b).mapv(f32::abs));
        difference
            .flat_map(|plane| plane.into_iter())
            .fold(0.0, f32::max)
    }

    #[test]
    fn the_ends_of_a_mixture_are_the_pictures() {
        let a = picture(3, |x, y, c| (x * 9 + y * 3 + u32::from(c) * 20) as u8);
        let b = picture(1, |x, y, _| (200 - (x * x + y) % 90) as u8);
        for (how, expected) in [
            (Blend::Mix(0.0), &a),
            (Blend::Mix(1.0), &b),
            (Blend::Mask(picture(1, |_, _, _| 0)), &a),
            (Blend::Mask(picture(3, |_, _, _| 255)), &b),
        ] {
            let blended = Blended::new(&a, &b, &how).unwrap();
            assert_eq!(blended.picture.channels(), 3);
            let far = far(&blended.picture, expected);
            assert!(far < 0.02, "{how:?}: {far}");
        }
    }

    #[test]
    fn the_stronger_gradient_wins() {
        let a = picture(1, |x, _, _| (x * 2) as u8);
        let b = picture(1, |x, y, _| if x < 8 { 100 } else { (100 + y * 10) as u8 });
        let blended = Blended::new(&a, &b, &Blend::Dominant).unwrap();
        let [of_a, of_b] = [&a, &b].map(|p| spectral::gradients(&p.planes()));
        let square = |g: &[Array2<f32>; 2], at| g[0][at].powi(2) + g[1][at].powi(2);
        for at in [[5, 2], [5, 5], [5, 11], [8, 13]] {
            let most = square(&of_a[0], at).max(square(&of_b[0], at));
            let found = square(&blended.gradients[0], at);
            assert!((found - most).abs() < 1e-6, "{at:?}: {found} {most}");
        }
    }

    #[test]
    fn outside_its_mask_a_picture_keeps_its_colours() {
        let a = picture(1, |x, y, _| (60 + x * 4 + y * 2) as u8);
        let b = picture(1, |x, y, _| (200 + (x * 7 + y * 5) % 13) as u8);
        let mask = picture(1, |x, y, _| {
            if (5..10).contains(&x) && (4..8).contains(&y) {
                255
            } else {
                0
            }
        });
        let blended = Blended::new(&a, &b, &Blend::Mask(mask.clone())).unwrap();
        let outside: Vec<_> = (0..16 * 12)
            .filter(|&index| mask.samples().signed(index) < 0.0)
            .map(|index| blended.picture.samples().signed(index) - a.samples().signed(index))
            .collect();
        let mean = outside.iter().sum::<f32>() / outside.len() as f32;
        assert!(mean.abs() < 0.01, "{mean}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let a = picture(1, |_, _, _| 0);
        let small = Picture::new(2, 2, 1, Samples::U8(vec![0; 4])).unwrap();
        let glass = picture(2, |_, _, _| 7);
        for (b, how) in [
            (&small, Blend::Dominant),
            (&a, Blend::Mask(small.clone())),
            (&glass, Blend::Mix(0.5)),
            (&a, Blend::Mix(1.5)),
            (&a, Blend::Mix(f64::NAN)),
        ] {
            let refused = Blended::new(&a, b, &how);
            assert!(matches!(refused, Err(Error::Parameter { .. })), "{how:?}");
        }
    }
}
