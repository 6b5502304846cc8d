//! Noise in sounds.

use crate::signal::Sound;

/// Frames of a segment of [`segmental_snr`], as a share of a second.
const SEGMENTS_PER_SECOND: u32 = 50;
/// Bounds of the ratio in one segment, in dB: silence and perfection would outweigh all others.
const BOUNDS: std::ops::RangeInclusive<f64> = -10.0..=35.0;

/// Signal-to-noise ratio in dB of `decoded` against `original`: the power of the original over that of the
/// difference, over all samples of all channels. Infinite if there is no difference.
///
/// # Panics
/// If the two differ in length or channels.
pub fn snr(original: &Sound, decoded: &Sound) -> f64 {
    assert_alike(original, decoded);
    ratio(original.samples(), decoded.samples())
}

/// The mean over segments of 20 ms of their signal-to-noise ratios in dB, each held to -10 to 35 (Hansen and
/// Pellom 1998): unlike [`snr`], it counts soft passages as much as loud ones. Segments of nothing but zeros
/// are left out. If there are no others, the result is NaN.
///
/// # Panics
/// If the two differ in length or channels.
pub fn segmental_snr(original: &Sound, decoded: &Sound) -> f64 {
    assert_alike(original, decoded);
    let frames = (original.rate() / SEGMENTS_PER_SECOND).max(1) as usize;
    let samples = frames * usize::from(original.channels());
    let segments = original.samples().chunks(samples);
    let ratios: Vec<f64> = segments
        .zip(decoded.samples().chunks(samples))
        .filter(|(original, _)| original.iter().any(|&sample| sample != 0.0))
        .map(|(original, decoded)| ratio(original, decoded).clamp(*BOUNDS.start(), *BOUNDS.end()))
        .collect();
    ratios.iter().sum::<f64>() / ratios.len() as f64
}

/// Level in dB of the difference between `decoded` and `original`: its mean power over all samples of all channels,
/// where samples at full scale have 0 dB. Unlike [`snr`], it is of use for silent originals too. Minus infinity if
/// there is no difference.
///
/// # Panics
/// If the two differ in length or channels.
pub fn noise_level(original: &Sound, decoded: &Sound) -> f64 {
    assert_alike(original, decoded);
    let count = original.samples().len() as f64;
    10.0 * (powers(original.samples(), decoded.samples())[1] / count).log10()
}

fn assert_alike(original: &Sound, decoded: &Sound) {
    let kind = |sound: &Sound| (sound.frames(), sound.channels());
    assert_eq!(
        kind(original),
        kind(decoded),
        "sounds of different kinds cannot be compared"
    );
}

/// 10 log10 of the power of `original` over that of the difference.
fn ratio(original: &[f32], decoded: &[f32]) -> f64 {
    let [power, noise] = powers(original, decoded);
    if noise == 0.0 {
        return f64::INFINITY;
    }
    10.0 * (power / noise).log10()
}

/// Sums of the squares of `original` and of the difference.
fn powers(original: &[f32], decoded: &[f32]) -> [f64; 2] {
    let (mut power, mut noise) = (0.0, 0.0);
    for (&original, &decoded) in original.iter().zip(decoded) {
        power += f64::from(original).powi(2);
        noise += (f64::from(original) - f64::from(decoded)).powi(2);
    }
    [power, noise]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(samples: &[f32]) -> Sound {
        Sound::new(100, 1, 32, samples.to_vec()).unwrap()
    }

    #[test]
    fn ratios_of_known_noise() {
        // At 100 frames a second a segment has two.
        let original = sound(&[1.0, -1.0, 0.1, 0.1, 0.0, 0.0, 0.5, 0.5]);
        let decoded = sound(&[0.9, -0.9, 0.0, 0.0, 0.3, 0.0, 0.5, 0.5]);
        // Powers 2 + 0.02 + 0.5, noise 0.02 + 0.02 + 0.09.
        assert!((snr(&original, &decoded) - 12.8746).abs() < 1e-3);
        // 20 dB, 0 dB, left out, and perfect.
        assert!((segmental_snr(&original, &decoded) - 55.0 / 3.0).abs() < 1e-4);
        assert_eq!(snr(&original, &original), f64::INFINITY);
        // 0.13 over eight samples.
        assert!((noise_level(&original, &decoded) + 17.8915).abs() < 1e-3);
        assert_eq!(noise_level(&original, &original), f64::NEG_INFINITY);
        assert!((segmental_snr(&original, &original) - 35.0).abs() < 1e-9);
    }
}
