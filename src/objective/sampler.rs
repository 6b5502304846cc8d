//! Stratified sampling: an order of pixels that is even over the plane.

/// The pixels of a picture in an endless order that is even over the plane: stratified sampling.
///
/// The picture is cut into a grid of nearly square cells of nearly equal size. The order visits the
/// cells one after another, taking one pixel of each; the next round takes other pixels. A round is a
/// batch that misses no part of the picture, which makes gradients less noisy than a shuffle does, and
/// walks memory forwards. Over as many rounds as a cell has pixels, each of them comes once.
#[derive(Clone, Debug)]
pub(crate) struct StratifiedSampler {
    /// First column or row of each cell along x and y, and the end of the last one.
    columns: Vec<u32>,
    rows: Vec<u32>,
    /// At index n, for cells of n pixels: a number that is coprime to n, near its golden section.
    strides: Vec<u32>,
    seed: u64,
}

impl StratifiedSampler {
    /// A grid of about `points` cells, at most one per pixel, over `width` x `height` pixels.
    pub(crate) fn new(width: u32, height: u32, points: u64, seed: u64) -> Self {
        let [w, h] = [f64::from(width), f64::from(height)];
        // A cell spans `side` pixels either way; a thin picture leaves more cells to its longer side.
        let side = (w * h / points as f64).sqrt().max(1.0);
        let columns = (w / side).round().clamp(1.0, w);
        let rows = (points as f64 / columns).round().clamp(1.0, h);
        let columns = (points as f64 / rows).round().clamp(1.0, w);
        Self::with_cells([width, height], [columns as u32, rows as u32], seed)
    }

    /// A grid of `columns` x `rows` cells, at least one either way and at most one per pixel, over `width` x
    /// `height` pixels.
    pub(crate) fn with_cells(
        [width, height]: [u32; 2],
        [columns, rows]: [u32; 2],
        seed: u64,
    ) -> Self {
        let columns = bounds(width, columns);
        let rows = bounds(height, rows);
        let widest = |bounds: &[u32]| bounds.windows(2).map(|b| b[1] - b[0]).max().unwrap_or(1);
        let largest = widest(&columns) * widest(&rows);
        Self {
            columns,
            rows,
            strides: (0..=largest).map(stride).collect(),
            seed,
        }
    }

    /// Number of cells: points in a round.
    pub(crate) fn cells(&self) -> u64 {
        (self.columns.len() as u64 - 1) * (self.rows.len() as u64 - 1)
    }

    /// Columns and rows of the pixels at positions `first ..` of the order, as many as there are places.
    pub(crate) fn fill(&self, first: u64, pixels: &mut [[u32; 2]]) {
        let (columns, rows) = (self.columns.len() - 1, self.rows.len() - 1);
        let (mut round, cell) = (first / self.cells(), (first % self.cells()) as usize);
        let (mut row, mut column) = (cell / columns, cell % columns);
        for pixel in pixels {
            *pixel = self.pixel(column, row, round);
            column += 1;
            if column == columns {
                (row, column) = (row + 1, 0);
            }
            if row == rows {
                (round, row) = (round + 1, 0);
            }
        }
    }

    /// The pixel that a cell gives in a round: its members in steps of a number prime to how many there
    /// are, from a start of its own.
    #[inline]
    fn pixel(&self, column: usize, row: usize, round: u64) -> [u32; 2] {
        let (x, y) = (self.columns[column], self.rows[row]);
        let width = self.columns[column + 1] - x;
        let members = width * (self.rows[row + 1] - y);
        let start = mix(self.seed ^ ((row as u64) << 32 | column as u64)) as u32;
        // The product stays below 2^64; a cell has fewer than 2^32 pixels.
        let steps = round % u64::from(members) * u64::from(self.strides[members as usize]);
        let member = ((u64::from(start) + steps) % u64::from(members)) as u32;
        [x + member % width, y + member / width]
    }
}

/// `size` pixels cut into `shares` nearly equal ones: where each begins, and the end.
fn bounds(size: u32, shares: u32) -> Vec<u32> {
    let at = |share: u32| u64::from(share) * u64::from(size) / u64::from(shares);
    (0..=shares).map(|share| at(share) as u32).collect()
}

/// A number prime to `members`, near the golden section of it: successive steps lie far apart.
fn stride(members: u32) -> u32 {
    let golden = (f64::from(members) * 0.618).max(1.0) as u32;
    (golden..)
        .find(|&stride| coprime(stride, members))
        .unwrap_or(1)
}

fn coprime(mut a: u32, mut b: u32) -> bool {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

/// The finaliser of SplitMix64: a bijection whose every output bit depends on every input bit.
#[inline]
pub(super) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_gives_each_of_its_pixels_once() {
        for (width, height, points) in [
            (1, 1, 9),
            (7, 5, 6),
            (1, 1000, 64),
            (31, 17, 100),
            (64, 48, 3072),
        ] {
            let strata = StratifiedSampler::new(width, height, points, 3);
            let (columns, rows) = (strata.columns.len() - 1, strata.rows.len() - 1);
            assert!(columns <= width as usize && rows <= height as usize);
            let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
            let mut seen = vec![0; (width * height) as usize];
            for (column, row) in cells {
                let span = |bounds: &[u32], at: usize| bounds[at + 1] - bounds[at];
                let members = span(&strata.columns, column) * span(&strata.rows, row);
                for round in 0..u64::from(members) {
                    let [x, y] = strata.pixel(column, row, round);
                    seen[(y * width + x) as usize] += 1;
                }
            }
            assert!(seen.iter().all(|&count| count == 1), "{width}x{height}");
        }
    }

    #[test]
    fn a_round_is_about_as_long_as_asked() {
        for (width, height) in [
            (768, 512),
            (512, 768),
            (4000, 3000),
            (1, 70_000),
            (70_000, 3),
        ] {
            let cells = StratifiedSampler::new(width, height, 16_384, 0).cells();
            assert!(
                (15_000..18_000).contains(&cells),
                "{width}x{height}: {cells}"
            );
        }
        assert_eq!(StratifiedSampler::new(20, 10, 16_384, 0).cells(), 200);
    }

    #[test]
    fn any_range_is_the_same_stretch_of_the_order() {
        let strata = StratifiedSampler::new(31, 17, 100, 3);
        let mut whole = vec![[0; 2]; 1000];
        strata.fill(0, &mut whole);
        for first in [0, 1, 99, 100, 357] {
            let mut part = [[0; 2]; 256];
            strata.fill(first as u64, &mut part);
            assert_eq!(part, whole[first..first + 256]);
        }
    }
}
