//! Transfer curves: from the sample to the light it stands for.

/// How much light a sample of 0 to 1 stands for; 1 is white.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// g, a, b, c, d, e, f of the curve that is `(a x + b)^g + e` where `x >= d`, and `c x + f` below, as colour
    /// profiles have it.
    Parametric([f64; 7]),
    /// Evenly spaced values, of which 65,535 is white, and straight lines between them.
    Table(Vec<u16>),
    /// The perceptual quantiser of SMPTE ST 2084.
    Pq,
    /// Hybrid log-gamma of ITU-R BT.2100: the light of the scene, not yet that of the display.
    Hlg,
}

/// The curve of IEC 61966-2-1.
pub(crate) const SRGB: Curve = Curve::Parametric([
    2.4,
    1.0 / 1.055,
    0.055 / 1.055,
    1.0 / 12.92,
    0.040_45,
    0.0,
    0.0,
]);

/// Luminance of white in pictures of high dynamic range, in cd/m2 (ITU-R BT.2408).
pub(crate) const HDR_WHITE: f64 = 203.0;

/// How far a curve may be from a simpler one that stands for it, in samples of sRGB.
const SAME: f64 = 0.25 / 255.0;

impl Curve {
    /// The curve `x^exponent`.
    pub const fn power(exponent: f64) -> Self {
        Self::Parametric([exponent, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    }

    /// The light that `sample` stands for.
    pub fn light(&self, sample: f64) -> f64 {
        match self {
            &Self::Parametric([g, a, b, c, d, e, f]) => {
                if sample >= d {
                    (a * sample + b).max(0.0).powf(g) + e
                } else {
                    c * sample + f
                }
            }
            Self::Table(values) => interpolated(values, sample),
            Self::Pq => {
                let (m1, m2) = (0.159_301_757_812_5, 78.843_75);
                let (c1, c2, c3) = (0.835_937_5, 18.851_562_5, 18.687_5);
                let root = sample.max(0.0).powf(1.0 / m2);
                let light = ((root - c1).max(0.0) / (c2 - c3 * root)).powf(1.0 / m1);
                light * (10_000.0 / HDR_WHITE)
            }
            Self::Hlg => {
                let (a, b, c) = (0.178_832_77, 0.284_668_92, 0.559_910_73);
                if sample <= 0.5 {
                    sample * sample / 3.0
                } else {
                    (((sample - c) / a).exp() + b) / 12.0
                }
            }
        }
    }

    /// Whether it can be brighter than white.
    pub fn is_hdr(&self) -> bool {
        matches!(self, Self::Pq | Self::Hlg)
    }

    /// The curve of sRGB, or a power, where a table is one of them as nearly as can be seen.
    pub fn simplified(self) -> Self {
        if !matches!(self, Self::Table(_)) {
            return self;
        }
        let exponent = self.light(0.5).ln() / 0.5_f64.ln();
        let candidates = [SRGB, Self::power((exponent * 100.0).round() / 100.0)];
        let found = candidates.into_iter().find(|curve| curve.is_near(&self));
        found.unwrap_or(self)
    }

    fn is_near(&self, other: &Self) -> bool {
        (0..=255).map(|sample| f64::from(sample) / 255.0).all(|x| {
            let [a, b] = [self, other].map(|curve| srgb(curve.light(x)));
            (a - b).abs() <= SAME
        })
    }
}

fn interpolated(values: &[u16], sample: f64) -> f64 {
    let last = values.len().saturating_sub(1);
    let place = sample.clamp(0.0, 1.0) * last as f64;
    let below = place as usize;
    let value = |index: usize| f64::from(values.get(index.min(last)).copied().unwrap_or(0));
    let (a, b) = (value(below), value(below + 1));
    (a + (place - below as f64) * (b - a)) / 65_535.0
}

/// The sample of sRGB that stands for `light`. Negative light becomes a negative sample.
pub(crate) fn srgb(light: f64) -> f64 {
    if light <= 0.003_130_8 {
        12.92 * light
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_pass_through_their_points() {
        for (curve, sample, light) in [
            (SRGB, 0.04, 0.04 / 12.92),
            (SRGB, 0.5, 0.214_041),
            (Curve::power(2.2), 0.5, 0.217_638),
            (Curve::Table(vec![0, 65_535]), 0.25, 0.25),
            (Curve::Table(vec![0, 0, 65_535]), 0.75, 0.5),
            // 58 % of the signal is reference white, and 75 % that of hybrid log-gamma (BT.2408, table 1).
            (Curve::Pq, 0.580_688_8, 1.0),
            (Curve::Hlg, 0.75, 0.264_965),
            (Curve::Hlg, 1.0, 1.0),
        ] {
            let found = curve.light(sample);
            assert!(
                (found - light).abs() < 2e-5,
                "{curve:?} {sample}: {found} {light}"
            );
        }
    }

    #[test]
    fn srgb_is_the_inverse_of_its_curve() {
        for sample in 0..=255 {
            let sample = f64::from(sample) / 255.0;
            assert!((srgb(SRGB.light(sample)) - sample).abs() < 1e-5);
        }
    }

    #[test]
    fn tables_of_known_curves_are_told() {
        let table = |curve: &Curve| {
            let value = |index: u32| curve.light(f64::from(index) / 1023.0) * 65_535.0;
            Curve::Table((0..1024).map(|index| value(index).round() as u16).collect())
        };
        assert_eq!(table(&SRGB).simplified(), SRGB);
        assert_eq!(table(&Curve::power(1.8)).simplified(), Curve::power(1.8));
        let other = Curve::Table(vec![0, 9, 65_535]);
        assert_eq!(other.clone().simplified(), other);
    }
}
