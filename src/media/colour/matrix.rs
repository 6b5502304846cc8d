//! Matrices of colours, three by three, and where primaries lie in CIE XYZ.

/// Rows of a matrix.
pub(crate) type Matrix = [[f64; 3]; 3];

/// The white of the space in which colour profiles meet, D50, as they write it.
const D50: [f64; 3] = [0.9642, 1.0, 0.8249];

/// Bradford's matrix, from XYZ to the responses of the eye's cones.
const BRADFORD: Matrix = [
    [0.8951, 0.2664, -0.1614],
    [-0.7502, 1.7135, 0.0367],
    [0.0389, -0.0685, 1.0296],
];

/// Chromaticities (x, y) of a colour space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Chromaticities {
    pub white: [f64; 2],
    /// The chromaticities of red, green and blue.
    pub primaries: [[f64; 2]; 3],
}

impl Chromaticities {
    /// From linear red, green and blue to XYZ under D50, to which the white is adapted as Bradford does. None if
    /// these are no primaries: three points on a line, or a white of no light.
    pub(crate) fn to_xyz(self) -> Option<Matrix> {
        let [red, green, blue] = self.primaries.map(xyz);
        let columns = transposed([red?, green?, blue?]);
        let white = xyz(self.white)?;
        let amounts = apply(&inverse(&columns)?, white);
        let matrix = columns.map(|row| [0, 1, 2].map(|column| row[column] * amounts[column]));
        let [from, to] = [white, D50].map(|white| apply(&BRADFORD, white));
        let scale = [0, 1, 2].map(|row| BRADFORD[row].map(|entry| entry * (to[row] / from[row])));
        let matrix = product(&product(&inverse(&BRADFORD)?, &scale), &matrix);
        matrix
            .iter()
            .flatten()
            .all(|x| x.is_finite() && x.abs() < 100.0)
            .then_some(matrix)
    }
}

/// A colour of chromaticity (x, y), of luminance 1.
fn xyz([x, y]: [f64; 2]) -> Option<[f64; 3]> {
    (y.abs() > 1e-6).then(|| [x / y, 1.0, (1.0 - x - y) / y])
}

pub(crate) fn transposed(matrix: Matrix) -> Matrix {
    [0, 1, 2].map(|column| matrix.map(|row| row[column]))
}

pub(crate) fn apply(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

pub(crate) fn product(a: &Matrix, b: &Matrix) -> Matrix {
    transposed(transposed(*b).map(|column| apply(a, column)))
}

/// The inverse of a matrix; none if it is singular.
pub(crate) fn inverse(matrix: &Matrix) -> Option<Matrix> {
    let cofactor = |row: usize, column: usize| {
        let entry = |i: usize, j: usize| matrix[(row + i) % 3][(column + j) % 3];
        entry(1, 1) * entry(2, 2) - entry(1, 2) * entry(2, 1)
    };
    let determinant: f64 = (0..3).map(|j| matrix[0][j] * cofactor(0, j)).sum();
    (determinant.abs() > 1e-9)
        .then(|| [0, 1, 2].map(|row| [0, 1, 2].map(|column| cofactor(column, row) / determinant)))
}

#[cfg(test)]
mod tests {
    use super::super::codes;
    use super::*;

    #[test]
    fn an_inverse_undoes_its_matrix() {
        let unit = product(&inverse(&BRADFORD).unwrap(), &BRADFORD);
        for (row, values) in unit.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                let expected = f64::from(u8::from(row == column));
                assert!((value - expected).abs() < 1e-12, "{unit:?}");
            }
        }
        assert_eq!(inverse(&[[1.0, 2.0, 3.0]; 3]), None);
    }

    #[test]
    fn srgb_lies_where_its_profile_says() {
        // The colorants of IEC 61966-2-1 under D50, as the International Color Consortium gives them.
        let expected = [
            [0.4360, 0.3851, 0.1431],
            [0.2225, 0.7169, 0.0606],
            [0.0139, 0.0971, 0.7141],
        ];
        let found = codes::chromaticities(1).unwrap().to_xyz().unwrap();
        for (a, b) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!((a - b).abs() < 2e-4, "{found:?}");
        }
    }

    #[test]
    fn what_are_no_primaries_is_refused() {
        let point = [0.3, 0.3];
        let line = [point, [0.4, 0.4], [0.5, 0.5]];
        for (white, primaries) in [
            (point, [point; 3]),
            (point, line),
            ([0.3, 0.0], [[0.64, 0.33], [0.3, 0.6], [0.15, 0.06]]),
        ] {
            assert_eq!(Chromaticities { white, primaries }.to_xyz(), None);
        }
    }
}
