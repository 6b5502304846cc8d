//! How near the gradients of a blended file come to those that were composed.

use super::maps::shown;
use crate::Error;
use crate::decode::{Decoder, Derivative, View, fitting_gain};
use crate::objective::{Blend, Blended};
use crate::signal::{Picture, spectral};
use ndarray::Array2;

/// How near the gradients of a blend's file come to those that were composed from two pictures.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fusion {
    /// Correlation of the network's exact gradient at pixel centres with the composed one, over both
    /// directions and all channels: 1 if they are alike but for a factor.
    pub correlation: f64,
    /// What was blended, with what came of it, in this order: A, B, the picture whose gradients are nearest
    /// to the composed ones, and the file's.
    pub pictures: [Picture; 4],
    /// Lengths of their gradients over all channels, as pictures of one gain: the third those that were
    /// composed, the fourth the network's own.
    pub gradients: [Picture; 4],
}

impl Fusion {
    /// The fusion of `a` and `b`, blended as `how` says into the file that `decoder` has.
    ///
    /// # Errors
    /// As [`crate::Encoder::blend`], and [`Error::Parameter`] if the file is of another size.
    pub fn new(a: &Picture, b: &Picture, how: &Blend, decoder: &Decoder) -> Result<Self, Error> {
        let blended = Blended::new(a, b, how)?;
        let solution = blended.picture;
        let size = |width, height, channels| format!("{width} x {height} x {channels}");
        let needed = size(solution.width(), solution.height(), solution.channels());
        let found = size(decoder.width(), decoder.height(), decoder.channels());
        if needed != found {
            return Err(Error::parameter("blend", found, needed));
        }
        let composed = lengths(&blended.gradients);
        let (correlation, network) = compare(decoder, &blended.gradients)?;
        let of = |picture: &Picture| lengths(&spectral::gradients(&picture.planes()));
        let gain = fitting_gain(composed.iter().copied().collect());
        let shown = |lengths: &Array2<f32>| shown(lengths, gain, 0.0);
        Ok(Self {
            correlation,
            gradients: [
                shown(&of(a))?,
                shown(&of(b))?,
                shown(&composed)?,
                shown(&network)?,
            ],
            pictures: [
                a.clone(),
                b.clone(),
                solution,
                decoder.picture(&View::whole(decoder))?,
            ],
        })
    }
}

/// Correlation of the gradient of `decoder`'s picture with `composed`, and its lengths (rows x columns).
fn compare(decoder: &Decoder, composed: &[[Array2<f32>; 2]]) -> Result<(f64, Array2<f32>), Error> {
    let (width, channels) = (decoder.width() as usize, composed.len());
    let mut lengths = Array2::zeros((decoder.height() as usize, width));
    let [mut both, mut asked, mut had] = [0.0_f64; 3];
    let whole = View::whole(decoder);
    decoder.render_floats(&whole, Some(Derivative::Gradient), |strip| {
        for (index, pixel) in strip.values.chunks_exact(2 * channels).enumerate() {
            let at = [strip.y as usize + index / width, index % width];
            let mut square = 0.0;
            for (parts, composed) in pixel.chunks_exact(2).zip(composed) {
                for (&part, composed) in parts.iter().zip(composed) {
                    // From samples of -1 to 1 to those of 0 to 1.
                    let wish = 0.5 * composed[at];
                    both += f64::from(part * wish);
                    asked += f64::from(wish * wish);
                    square += part * part;
                }
            }
            had += f64::from(square);
            lengths[at] = square.sqrt();
        }
        Ok::<_, Error>(())
    })?;
    Ok((both / (asked * had).sqrt().max(f64::MIN_POSITIVE), lengths))
}

/// Lengths over both directions and all channels, where samples span 0 to 1.
fn lengths(gradients: &[[Array2<f32>; 2]]) -> Array2<f32> {
    let squares = gradients.iter().flatten().map(|part| part * part);
    let sum = squares.reduce(|sum, square| sum + square);
    sum.map_or_else(
        || Array2::zeros((0, 0)),
        |sum| sum.mapv(|it| 0.5 * it.sqrt()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Encoder, Samples};

    fn picture(sample: impl Fn(u32, u32) -> u32) -> Picture {
        let samples = (0..24 * 16).map(|index| sample(index % 24, index / 24) as u8);
        Picture::new(24, 16, 1, Samples::U8(samples.collect())).unwrap()
    }

    #[test]
    fn a_file_of_the_blend_has_its_gradients_and_one_of_another_picture_has_not() {
        let (a, b) = (
            picture(|x, y| 60 + x * 5 + y),
            picture(|x, y| 200 - (x / 3 + y * y / 2)),
        );
        let how = Blend::Mix(0.5);
        let encoder = Encoder::new().with_layers(2).with_width(16).with_steps(800);
        let fusion = |encoded: crate::Encoded| {
            let decoder = Decoder::new(&encoded.bytes).unwrap();
            Fusion::new(&a, &b, &how, &decoder).unwrap()
        };
        let good = fusion(encoder.blend(&a, &b, &how).unwrap());
        assert!(good.correlation > 0.97, "{}", good.correlation);
        let alike = crate::metric::psnr(&good.pictures[2], &good.pictures[3]);
        assert!(alike > 30.0, "{alike}");
        let negative = picture(|x, y| 255 - (60 + x * 5 + y));
        let poor = fusion(encoder.encode(&negative).unwrap());
        assert!(poor.correlation < -0.3, "{}", poor.correlation);

        let small = Picture::new(3, 2, 1, Samples::U8(vec![7; 6])).unwrap();
        let file = encoder.with_steps(1).encode(&small).unwrap();
        let decoder = Decoder::new(&file.bytes).unwrap();
        assert!(Fusion::new(&a, &b, &how, &decoder).is_err());
    }
}
