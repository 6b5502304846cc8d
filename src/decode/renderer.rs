//! Views of a network, evaluated in strips of rows: every rendering of a picture, a frame or a derivative is made here.

use super::area::Axis;
use super::cost::{STRIP_PIXELS, covered};
use super::derivative::Pixel;
use super::stored::Stored;
use super::{Derivative, Region, Shading, Strip, View};
use crate::Error;
use crate::engine::kernel::TILE;
use crate::engine::net::{Device, Order, Sweep};
use crate::signal::{Grid, Samples};
use std::ops::Range;

/// Most samples a pixel has.
const MOST_CHANNELS: usize = 4;

/// A view of a network, ready to be evaluated row by row.
pub(super) struct Renderer {
    sweep: Sweep,
    depth: u8,
    shading: Option<Shading>,
    /// Samples per pixel.
    channels: usize,
    /// Numbers of the jets of a point.
    jet: usize,
    /// The longer side of the stored picture in pixels.
    longer: f32,
    /// How much of the Laplacian is taken from values.
    sharpening: f32,
    region: Region,
    /// How columns and rows of the whole view cover samples.
    axes: [Axis; 2],
    /// Coordinates of the samples under the region, of columns and rows, and the number of the first.
    x: Vec<f32>,
    y: Vec<f32>,
    first: [u32; 2],
    /// The coordinate of the moment, for networks that have a third coordinate.
    t: f32,
}

impl Renderer {
    /// For `view` of what is stored on `grid`, with jets of `order`.
    pub(super) fn new(
        stored: &Stored,
        device: &Device,
        grid: Grid,
        view: &View,
        order: Order,
    ) -> Result<Self, Error> {
        let [width, height] = grid.size();
        let axes = view.axes(grid.size());
        let [columns, rows] = covered(grid, view);
        let first = [columns.start, rows.start];
        let grid = grid.resampled(axes[0].len(), axes[1].len());
        let samples = stored.header.samples;
        let network = stored.network();
        let jet = network.architecture().outputs * order.components(network.coordinates());
        Ok(Self {
            sweep: Sweep::new(device, stored.network(), order)?,
            depth: samples.depth,
            shading: view.shading(),
            channels: view.channels_of(samples.channels).into(),
            jet,
            longer: width.max(height) as f32,
            sharpening: 0.0,
            region: view.region(),
            axes,
            x: columns.map(|column| grid.x(column)).collect(),
            y: rows.map(|row| grid.y(row)).collect(),
            first,
            t: 0.0,
        })
    }

    /// With so much of the Laplacian taken from values. Jets have to be of that order, unless it is 0.
    pub(super) fn with_sharpening(self, sharpening: f32) -> Self {
        Self { sharpening, ..self }
    }

    /// Turns to the moment `t`.
    pub(super) fn turn(&mut self, t: f32) {
        self.t = t;
    }

    /// `rows` rows from `y` on.
    pub(super) fn strip(&self, y: u32, rows: u32) -> Result<Strip, Error> {
        let samples = self.samples(y, rows)?;
        Ok(Strip { y, rows, samples })
    }

    /// The samples of `rows` rows from `y` on. Casts to them saturate.
    pub(super) fn samples(&self, y: u32, rows: u32) -> Result<Samples, Error> {
        let byte = |value| (value * 255.0 + 0.5) as u8;
        let word = |value| (value * 65_535.0 + 0.5) as u16;
        match self.depth {
            8 => self.quantised(y, rows, byte).map(Samples::U8),
            _ => self.quantised(y, rows, word).map(Samples::U16),
        }
    }

    fn quantised<T: Clone + Default + Send>(
        &self,
        y: u32,
        rows: u32,
        quantise: impl Fn(f32) -> T + Sync,
    ) -> Result<Vec<T>, Error> {
        let paint = |pixel: Pixel<'_>, samples: &mut [T]| {
            let mut values = [0.0; MOST_CHANNELS];
            let values = &mut values[..samples.len()];
            match &self.shading {
                Some(shading) => shading.shade(pixel, values),
                None => pixel.values(values),
            }
            for (sample, &value) in samples.iter_mut().zip(&*values) {
                *sample = quantise(value);
            }
        };
        // A mean of samples is that of samples as they are seen at scale 1, where they are cut off at black and white.
        let most = if self.shading.is_none() {
            1.0
        } else {
            f32::INFINITY
        };
        self.fill(y, rows, self.channels, most, paint)
    }

    pub(super) fn floats(
        &self,
        y: u32,
        rows: u32,
        derivative: Option<Derivative>,
    ) -> Result<Vec<f32>, Error> {
        let parts = derivative.map_or(1, Derivative::parts);
        let each = self.sweep.outputs() * parts;
        let paint = |pixel: Pixel<'_>, values: &mut [f32]| match derivative {
            Some(derivative) => {
                for (channel, parts) in values.chunks_exact_mut(parts).enumerate() {
                    pixel.write(derivative, channel, parts);
                }
            }
            None => pixel.values(values),
        };
        self.fill(y, rows, each, f32::INFINITY, paint)
    }

    /// Evaluates all pixels of `rows` rows from `y` on, of which `paint` writes `each` numbers. Where pixels are means,
    /// no sample counts as more than `most`, or as less than its negative.
    fn fill<T: Clone + Default + Send>(
        &self,
        y: u32,
        rows: u32,
        each: usize,
        most: f32,
        paint: impl Fn(Pixel<'_>, &mut [T]) + Sync,
    ) -> Result<Vec<T>, Error> {
        let mut all = vec![T::default(); self.region.width as usize * rows as usize * each];
        let paint = |jets: &[f32], slot: usize, numbers: &mut [T]| {
            let pixel = Pixel {
                jets,
                outputs: self.sweep.outputs(),
                slot,
                longer: self.longer,
                sharpening: self.sharpening,
            };
            paint(pixel, numbers);
        };
        if self.axes.iter().any(Axis::reduces) {
            let means = self.means(y, rows, most)?;
            let mut tile = vec![0.0; self.jet * TILE];
            for (means, numbers) in means.chunks_exact(self.jet).zip(all.chunks_exact_mut(each)) {
                for (row, &mean) in tile.chunks_exact_mut(TILE).zip(means) {
                    row[0] = mean as f32;
                }
                paint(&tile, 0, numbers);
            }
        } else {
            let lines = y as usize..(y + rows) as usize;
            self.sweep.fill(&mut all, each, self.draw(lines), paint)?;
        }
        Ok(all)
    }

    /// Writes the coordinates of the samples of `lines`, row by row.
    fn draw(&self, lines: Range<usize>) -> impl Fn(usize, usize, &mut [f32]) + Sync {
        let (width, y) = (self.x.len(), &self.y[lines]);
        move |first, count, coordinates| {
            let (mut row, mut column) = (first / width, first % width);
            if let Some(t) = coordinates.get_mut(2 * TILE..) {
                t.fill(self.t);
            }
            for slot in 0..count {
                coordinates[slot] = self.x[column];
                coordinates[TILE + slot] = y[row];
                column += 1;
                if column == width {
                    (row, column) = (row + 1, 0);
                }
            }
        }
    }

    /// The jets of the pixels of `rows` rows from `y` on, as means over their areas.
    fn means(&self, y: u32, rows: u32, most: f32) -> Result<Vec<f64>, Error> {
        let [columns, lines] = self.axes;
        let [first_column, first_line] = self.first;
        let pixels = self.region.y + y..self.region.y + y + rows;
        let (width, wide) = (self.region.width as usize, self.x.len());
        let mut sums = vec![0.0; width * rows as usize * self.jet];
        let mut line = vec![0.0; width * self.jet];
        let under = lines.under(pixels.clone());
        let block = (STRIP_PIXELS as usize / wide).max(1);
        let mut jets = vec![0.0f32; block.min(under.len()) * wide * self.jet];
        for start in under.clone().step_by(block) {
            let count = block.min((under.end - start) as usize);
            let jets = &mut jets[..count * wide * self.jet];
            let from = (start - first_line) as usize;
            let take = |tile: &[f32], slot: usize, jet: &mut [f32]| {
                for (row, number) in tile.chunks_exact(TILE).zip(jet) {
                    *number = row[slot].clamp(-most, most);
                }
            };
            self.sweep
                .fill(jets, self.jet, self.draw(from..from + count), take)?;
            for (sample, jets) in (start..).zip(jets.chunks_exact(wide * self.jet)) {
                for (pixel, mean) in (self.region.x..).zip(line.chunks_exact_mut(self.jet)) {
                    mean.fill(0.0);
                    for column in columns.under(pixel..pixel + 1) {
                        let weight = columns.weight(pixel, column);
                        let at = (column - first_column) as usize * self.jet;
                        for (mean, &number) in mean.iter_mut().zip(&jets[at..at + self.jet]) {
                            *mean += weight * f64::from(number);
                        }
                    }
                }
                for pixel in lines.over(sample) {
                    if pixels.contains(&pixel) {
                        let weight = lines.weight(pixel, sample);
                        let at = (pixel - pixels.start) as usize * line.len();
                        for (sum, &mean) in sums[at..at + line.len()].iter_mut().zip(&line) {
                            *sum += weight * mean;
                        }
                    }
                }
            }
        }
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Decoder, Derivative, Error, Region, View};

    fn decoder() -> Decoder {
        let bytes = include_bytes!("../../format/tests/golden/valid/levels.siren");
        Decoder::new(bytes).unwrap()
    }

    fn floats(decoder: &Decoder, view: &View, derivative: Option<Derivative>) -> Vec<f32> {
        let mut all = Vec::new();
        decoder
            .render_floats(view, derivative, |strip| {
                all.extend(strip.values);
                Ok::<_, Error>(())
            })
            .unwrap();
        all
    }

    /// The mean of `values`, of a picture of `size` with `each` numbers a pixel, over the area of each pixel of a picture
    /// of `smaller`: by pieces of pixels so small that both sizes are whole numbers of them.
    fn mean(values: &[f32], size: [usize; 2], smaller: [usize; 2], each: usize) -> Vec<f64> {
        let mut means = vec![0.0; smaller[0] * smaller[1] * each];
        let pieces = (size[0] * size[1]) as f64;
        for y in 0..size[1] * smaller[1] {
            for x in 0..size[0] * smaller[0] {
                let from = (y / smaller[1] * size[0] + x / smaller[0]) * each;
                let to = (y / size[1] * smaller[0] + x / size[0]) * each;
                for number in 0..each {
                    means[to + number] += f64::from(values[from + number]) / pieces;
                }
            }
        }
        means
    }

    #[test]
    fn smaller_renderings_are_means_over_areas() {
        let decoder = decoder();
        let size = [decoder.width(), decoder.height()];
        let whole = View::whole(&decoder);
        for derivative in [None, Some(Derivative::Gradient)] {
            let large = floats(&decoder, &whole, derivative);
            let each = large.len() / (size[0] * size[1]) as usize;
            for smaller in [[size[0] / 2, size[1] / 2], [1, 1], [3, 2], [size[0], 1]] {
                let view = View::sized(smaller[0], smaller[1]).unwrap();
                let small = floats(&decoder, &view, derivative);
                let expected = mean(
                    &large,
                    size.map(|side| side as usize),
                    smaller.map(|side| side as usize),
                    each,
                );
                for (value, expected) in small.iter().zip(&expected) {
                    assert!((f64::from(*value) - expected).abs() < 1e-5);
                }
            }
        }
    }

    /// An enlarged picture with grids differs from the function by the Laplacian, continuously from scale 1 on; one that
    /// sees coordinates, and one of which a side is not enlarged, do not.
    #[test]
    fn enlarged_pixels_are_means_over_smaller_areas() {
        let grids = include_bytes!("../../format/tests/golden/valid/grids-halves.siren");
        let grids = Decoder::new(grids).unwrap();
        for (decoder, sharp) in [(&grids, true), (&decoder(), false)] {
            let [width, height] = [decoder.width(), decoder.height()];
            let views = [
                (View::scaled(decoder, 3.0).unwrap(), 3.0),
                (View::sized(2 * width, 5 * height).unwrap(), 2.0),
                (View::sized(2 * width, height).unwrap(), 1.0),
                (View::whole(decoder), 1.0),
            ];
            for (view, scale) in views {
                let found = floats(decoder, &view, None);
                let values = floats(decoder, &view.with_points(), None);
                let laplacians = floats(decoder, &view, Some(Derivative::Laplacian));
                let share = (1.0 - 1.0 / (scale * scale)) / 24.0;
                let factor = if sharp { share as f32 } else { 0.0 };
                for ((found, value), laplacian) in found.iter().zip(&values).zip(&laplacians) {
                    let expected = value - factor * laplacian;
                    assert!((found - expected).abs() < 1e-5, "{found} {expected}");
                }
                let differs = found.iter().zip(&values).any(|(a, b)| (a - b).abs() > 1e-4);
                assert_eq!(differs, sharp && scale > 1.0);
            }
        }
        // To second order: the mean of nine such pixels is what the larger pixel has.
        let large = floats(&grids, &View::scaled(&grids, 3.0).unwrap(), None);
        let stored = floats(&grids, &View::whole(&grids), None);
        let points = View::scaled(&grids, 3.0).unwrap().with_points();
        let [width, height] = [grids.width() as usize, grids.height() as usize];
        let each = stored.len() / (width * height);
        let error = |large: &[f32]| {
            let means = mean(large, [3 * width, 3 * height], [width, height], each);
            let squares = means
                .iter()
                .zip(&stored)
                .map(|(a, &b)| (a - f64::from(b)).powi(2));
            squares.sum::<f64>()
        };
        assert!(error(&large) < 0.25 * error(&floats(&grids, &points, None)));
    }

    #[test]
    fn a_region_of_a_smaller_rendering_is_its_crop_on_any_number_of_threads() {
        let decoder = decoder();
        let [width, height] = [decoder.width() * 2 / 3, decoder.height() * 2 / 3];
        let view = View::sized(width, height).unwrap();
        let whole = decoder.picture(&view).unwrap();
        let region = Region {
            x: 1,
            y: 1,
            width: width - 2,
            height: height - 1,
        };
        let part = decoder
            .clone()
            .with_threads(3)
            .picture(&view.with_region(region).unwrap())
            .unwrap();
        let channels = usize::from(decoder.channels());
        let [all, some] = [&whole, &part].map(|picture| {
            let crate::Samples::U8(samples) = picture.samples() else {
                panic!("8 bits");
            };
            samples.clone()
        });
        let line = (width - 2) as usize * channels;
        for (row, part) in some.chunks_exact(line).enumerate() {
            let from = ((row + 1) * width as usize + 1) * channels;
            assert_eq!(part, &all[from..from + line]);
        }
    }

    #[test]
    fn points_are_those_at_the_centres() {
        let decoder = decoder();
        let view = View::sized(1, 1).unwrap().with_points();
        let odd = View::sized(3, 3).unwrap().with_points();
        let centre = floats(&decoder, &odd, None);
        let channels = usize::from(decoder.channels());
        assert_eq!(
            floats(&decoder, &view, None),
            centre[4 * channels..5 * channels]
        );
    }
}
