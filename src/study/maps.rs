//! A picture with its first derivatives and Laplacian, to be compared.

use crate::Error;
use crate::decode::fitting_gain;
use crate::engine::net::{Field, Network, Order};
use crate::signal::{Grid, Picture, Samples};
use ndarray::{Array2, s};

/// A gray picture with its first derivatives and Laplacian, all rows x columns.
///
/// Samples span 0 to 1, lengths are pixels: the units of [`crate::Derivative`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Maps {
    /// The picture.
    pub values: Array2<f32>,
    /// d/dx.
    pub dx: Array2<f32>,
    /// d/dy.
    pub dy: Array2<f32>,
    /// d2/dx2 + d2/dy2.
    pub laplacians: Array2<f32>,
}

impl Maps {
    /// The maps of a picture's first channel, by differences of its pixels: central ones, (f(x+1) -
    /// f(x-1)) / 2, and f(x+1) + f(x-1) + f(y+1) + f(y-1) - 4 f for the Laplacian. Pixels beyond the edge
    /// are as those at it.
    pub fn of_picture(picture: &Picture) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let channels = usize::from(picture.channels());
        let values = Array2::from_shape_fn((height, width), |(y, x)| {
            0.5 * picture.samples().signed((y * width + x) * channels) + 0.5
        });
        let at = |y: usize, x: usize| values[[y.min(height - 1), x.min(width - 1)]];
        let map = |of: &dyn Fn(usize, usize) -> f32| {
            Array2::from_shape_fn((height, width), |(y, x)| of(y, x))
        };
        let (left, up) = (
            |y, x: usize| at(y, x.saturating_sub(1)),
            |y: usize, x| at(y.saturating_sub(1), x),
        );
        Self {
            dx: map(&|y, x| 0.5 * (at(y, x + 1) - left(y, x))),
            dy: map(&|y, x| 0.5 * (at(y + 1, x) - up(y, x))),
            laplacians: map(&|y, x| {
                at(y, x + 1) + left(y, x) + at(y + 1, x) + up(y, x) - 4.0 * at(y, x)
            }),
            values,
        }
    }

    /// The maps of the first output of a network fitted to a picture of `width` x `height`, exact, at the
    /// centres of its pixels.
    ///
    /// # Errors
    /// As [`Field::jets`].
    pub fn of_network(network: &Network, width: u32, height: u32) -> Result<Self, Error> {
        let grid = Grid::new(width, height);
        let columns = width as usize;
        let points =
            Array2::from_shape_fn((columns * height as usize, 2), |(index, axis)| match axis {
                0 => grid.x((index % columns) as u32),
                _ => grid.y((index / columns) as u32),
            });
        let jets = Field::new(network).jets(points.view(), Order::Laplacian)?;
        let longer = width.max(height) as f32;
        let map = |component: Option<ndarray::ArrayView2<'_, f32>>, scale: f32, offset: f32| {
            let component = component.map(|it| it.slice_move(s![.., 0]));
            Array2::from_shape_fn((height as usize, columns), |(y, x)| {
                let value = component.as_ref().map_or(0.0, |it| it[y * columns + x]);
                scale.mul_add(value, offset)
            })
        };
        Ok(Self {
            values: map(Some(jets.values()), 0.5, 0.5),
            dx: map(jets.derivatives(0), longer.recip(), 0.0),
            dy: map(jets.derivatives(1), longer.recip(), 0.0),
            laplacians: map(jets.laplacians(), 2.0 / (longer * longer), 0.0),
        })
    }

    /// As pictures: the values, the lengths of the gradient (black for 0), and the Laplacian around
    /// mid-gray, both with the gain that leaves 99 % of those of `like` within the range of a sample. So
    /// several maps can be compared by eye.
    ///
    /// # Errors
    /// As [`Picture::new`].
    pub fn pictures(&self, like: &Self) -> Result<[Picture; 3], Error> {
        let slope = fitting_gain(like.slopes().into_iter().collect());
        let bend = fitting_gain(like.laplacians.iter().map(|it| it.abs()).collect());
        Ok([
            shown(&self.values, 1.0, 0.0)?,
            shown(&self.slopes(), slope, 0.0)?,
            shown(&self.laplacians, 0.5 * bend, 0.5)?,
        ])
    }

    /// The length of the gradient.
    pub fn slopes(&self) -> Array2<f32> {
        let mut slopes = self.dx.clone();
        slopes.zip_mut_with(&self.dy, |dx, dy| *dx = dx.hypot(*dy));
        slopes
    }
}

/// `scale` times `map` (rows x columns) plus `offset` as a gray picture, white for 1.
pub(super) fn shown(map: &Array2<f32>, scale: f32, offset: f32) -> Result<Picture, Error> {
    let (height, width) = map.dim();
    let sample = |value: &f32| (scale.mul_add(*value, offset) * 255.0 + 0.5) as u8;
    let samples = Samples::U8(map.iter().map(sample).collect());
    Picture::new(width as u32, height as u32, 1, samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::net::{Activation, Architecture};

    #[test]
    fn differences_of_a_parabola_are_its_derivatives() {
        // x^2 + 2 x y, in 16 bits.
        let samples = (0..48)
            .map(|i| (i % 8 * (i % 8) + 2 * (i % 8) * (i / 8)) as u16)
            .collect();
        let picture = Picture::new(8, 6, 1, Samples::U16(samples)).unwrap();
        let maps = Maps::of_picture(&picture);
        let near = |found: f32, expected: u32| {
            assert!(
                (found * 65_535.0 - expected as f32).abs() < 0.02,
                "{found} {expected}"
            );
        };
        for (y, x) in (1..5).flat_map(|y| (1..7).map(move |x| (y, x))) {
            let (column, row) = (x as u32, y as u32);
            near(maps.dx[[y, x]], 2 * column + 2 * row);
            near(maps.dy[[y, x]], 2 * column);
            near(maps.laplacians[[y, x]], 2);
            assert_eq!(
                maps.slopes()[[y, x]],
                maps.dx[[y, x]].hypot(maps.dy[[y, x]])
            );
        }
        // At the edge, half of the step inwards.
        near(maps.dx[[0, 0]] * 2.0, 1);
    }

    #[test]
    fn a_network_of_ramps_has_no_laplacian_at_all() {
        for activation in [Activation::Relu, Activation::LeakyRelu] {
            let shape = Architecture {
                hidden: vec![24, 24],
                outputs: 1,
                activation,
                ..Architecture::default()
            };
            let maps = Maps::of_network(&Network::random(&shape, 1).unwrap(), 40, 30).unwrap();
            assert!(maps.laplacians.iter().all(|&laplacian| laplacian == 0.0));
            assert!(maps.dx.iter().any(|&dx| dx != 0.0));
        }
    }

    #[test]
    fn pictures_share_the_gain_of_one_of_them() {
        let samples = (0..400).map(|i| (i * i % 251) as u8).collect();
        let truth = Maps::of_picture(&Picture::new(20, 20, 1, Samples::U8(samples)).unwrap());
        let mut faint = truth.clone();
        faint.laplacians *= 0.5;
        let bytes = |maps: &Maps| {
            maps.pictures(&truth)
                .unwrap()
                .map(|picture| match picture.samples() {
                    Samples::U8(samples) => {
                        samples.iter().map(|&v| i32::from(v)).collect::<Vec<_>>()
                    }
                    _ => panic!("8 bits a sample"),
                })
        };
        let ([values, slopes, bends], [.., faint]) = (bytes(&truth), bytes(&faint));
        assert_eq!(values[7], 49);
        assert!((1..=8).contains(&slopes.iter().filter(|&&v| v == 255).count()));
        for (whole, half) in bends
            .iter()
            .zip(&faint)
            .filter(|(whole, _)| (1..255).contains(*whole))
        {
            assert!((2 * half - whole - 128).abs() <= 2, "{whole} {half}");
        }
    }

    #[test]
    fn maps_of_a_network_agree_with_differences_of_finer_ones() {
        let shape = Architecture {
            hidden: vec![16],
            outputs: 1,
            omega_first: 4.0,
            ..Architecture::default()
        };
        let network = Network::random(&shape, 2).unwrap();
        let (whole, fine) = (
            Maps::of_network(&network, 12, 9).unwrap(),
            Maps::of_network(&network, 60, 45).unwrap(),
        );
        for (y, x) in (0..9).flat_map(|y| (0..12).map(move |x| (y, x))) {
            let (v, u) = (5 * y + 2, 5 * x + 2);
            assert!((whole.values[[y, x]] - fine.values[[v, u]]).abs() < 1e-5);
            let dx = (fine.values[[v, u + 1]] - fine.values[[v, u - 1]]) * 2.5;
            let dy = (fine.values[[v + 1, u]] - fine.values[[v - 1, u]]) * 2.5;
            assert!((whole.dx[[y, x]] - dx).abs() < 1e-3 && (whole.dy[[y, x]] - dy).abs() < 1e-3);
            // Pixels of the larger picture are smaller.
            assert!((whole.laplacians[[y, x]] - 25.0 * fine.laplacians[[v, u]]).abs() < 1e-4);
        }
    }
}
