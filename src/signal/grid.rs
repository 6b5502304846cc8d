//! Where the pixels of a picture lie in the plane that the network sees.

/// Where the pixels of a picture lie in the plane the network sees (SPEC.md, section 6).
///
/// The longer side of the stored picture spans -1 to 1, the shorter one proportionally less, so that
/// both axes have the same scale. Pixels are squares and their centres are sampled, so that the pixels
/// of another resolution fall where they should, and at scale 1 exactly on the fitted points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Half the extent of the picture along x and y: 1 for the longer side.
    extent: [f32; 2],
    /// Pixels along x and y of the resolution in question.
    size: [u32; 2],
}

impl Grid {
    /// The grid of a stored picture of `width` x `height` at its own resolution.
    pub fn new(width: u32, height: u32) -> Self {
        let longer = width.max(height) as f32;
        Self {
            extent: [width as f32 / longer, height as f32 / longer],
            size: [width, height],
        }
    }

    /// The same plane sampled at `width` x `height` pixels.
    #[must_use]
    pub fn resampled(self, width: u32, height: u32) -> Self {
        Self {
            size: [width, height],
            ..self
        }
    }

    /// Pixels along x and y.
    pub fn size(&self) -> [u32; 2] {
        self.size
    }

    /// The coordinate of the centre of column `column`, growing to the right.
    #[inline]
    pub fn x(&self, column: u32) -> f32 {
        Self::at(column, self.size[0], self.extent[0])
    }

    /// The coordinate of the centre of row `row`, growing downwards.
    #[inline]
    pub fn y(&self, row: u32) -> f32 {
        Self::at(row, self.size[1], self.extent[1])
    }

    /// Writes the centres of `pixels` (column, row) to two rows of coordinates of as many places.
    pub(crate) fn place(&self, pixels: &[[u32; 2]], coordinates: &mut [f32]) {
        let (along_x, along_y) = coordinates.split_at_mut(pixels.len());
        for ((&[column, row], x), y) in pixels.iter().zip(along_x).zip(along_y) {
            *x = self.x(column);
            *y = self.y(row);
        }
    }

    #[inline]
    fn at(index: u32, size: u32, extent: f32) -> f32 {
        // In f64, so that the centres of very large renderings stay apart.
        let centre = (2.0 * f64::from(index) + 1.0) / f64::from(size) - 1.0;
        (centre * f64::from(extent)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centres_are_symmetric_and_isotropic() {
        let grid = Grid::new(6, 4);
        assert_eq!(grid.x(0), -grid.x(5));
        assert_eq!(grid.y(1), -grid.y(2));
        assert!((grid.x(1) - grid.x(0) - (grid.y(1) - grid.y(0))).abs() < 1e-6);
        assert!((grid.x(5) - 5.0 / 6.0).abs() < 1e-6);
    }

    #[test]
    fn an_odd_scale_keeps_the_centres() {
        let grid = Grid::new(5, 3);
        let finer = grid.resampled(15, 9);
        for column in 0..5 {
            assert_eq!(grid.x(column), finer.x(3 * column + 1));
        }
        for row in 0..3 {
            assert_eq!(grid.y(row), finer.y(3 * row + 1));
        }
    }
}
