//! The values of options as they are typed, and what is said of one that cannot be meant.

use siren_format::{Limits, Quantity};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A number in `range`.
fn within<T: FromStr + PartialOrd + Display>(
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("{} to {} are possible", range.start(), range.end()))
}

/// A finite number above zero. `example` is one, with the unit where there is one.
fn positive(text: &str, example: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| format!("a positive number is needed, such as {example}"))
}

pub(crate) fn threads(text: &str) -> Result<usize, String> {
    within(text, 1..=1024)
}

pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let bytes = amount(text).filter(|&bytes| bytes > 0);
    bytes.ok_or_else(|| "a whole number of bytes is needed, such as 2000, 2kB or 2KiB".into())
}

/// A whole number, in ones or in a unit that follows it in letters of either case: K, M, G or T, also written KiB and
/// so on, are powers of 1024; kB and so on are powers of 1000.
fn amount(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_lowercase();
    let number: u64 = digits.parse().ok()?;
    if matches!(unit.as_str(), "" | "b") {
        return Some(number);
    }
    let (prefix, base) = match (unit.strip_suffix("ib"), unit.strip_suffix('b')) {
        (Some(prefix), _) => (prefix, 1024_u64),
        (None, Some(prefix)) => (prefix, 1000),
        (None, None) => (unit.as_str(), 1024),
    };
    let powers = ["k", "m", "g", "t"].iter().zip(1..);
    let (_, power) = powers.into_iter().find(|(name, _)| **name == prefix)?;
    number.checked_mul(base.pow(power))
}

pub(crate) fn bpp(text: &str) -> Result<f64, String> {
    positive(text, "0.2")
}

pub(crate) fn kbps(text: &str) -> Result<f64, String> {
    positive(text, "16")
}

pub(crate) fn psnr(text: &str) -> Result<f64, String> {
    within(text, 5.0..=100.0)
}

pub(crate) fn quality(text: &str) -> Result<f64, String> {
    within(text, 0.0..=100.0)
}

pub(crate) fn layers(text: &str) -> Result<u32, String> {
    within(text, 1..=255)
}

pub(crate) fn width(text: &str) -> Result<u32, String> {
    let most = Limits::interactive().layer_width;
    within(text, 1..=u32::try_from(most).unwrap_or(u32::MAX))
}

/// The range is that of the format, in which omegas are multiples of an eighth.
pub(crate) fn omega(text: &str) -> Result<f64, String> {
    within(text, 0.125..=8191.875)
}

pub(crate) fn effort(text: &str) -> Result<u8, String> {
    within(text, 1..=9)
}

/// How many of something there are to be.
pub(crate) fn count(text: &str) -> Result<u32, String> {
    within(text, 1..=u32::MAX)
}

pub(crate) fn seed(text: &str) -> Result<u64, String> {
    within(text, 0..=u64::MAX)
}

/// Seconds between checkpoints.
pub(crate) fn every(text: &str) -> Result<f64, String> {
    within(text, 0.0..=86_400.0)
}

/// How long something lasts.
pub(crate) fn duration(text: &str) -> Result<f64, String> {
    positive(text, "0.5 for half a second")
}

/// When something begins.
pub(crate) fn moment(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    seconds.ok_or_else(|| "a number of seconds is needed, such as 0 or 1.5".into())
}

pub(crate) fn scale(text: &str) -> Result<f64, String> {
    positive(text, "4 or 0.5")
}

pub(crate) fn gain(text: &str) -> Result<f32, String> {
    let gain = positive(text, "20")? as f32;
    let fits = Some(gain).filter(|gain| gain.is_normal());
    fits.ok_or_else(|| format!("{:e} to {:e} are possible", f32::MIN_POSITIVE, f32::MAX))
}

pub(crate) fn share(text: &str) -> Result<f64, String> {
    within(text, 0.0..=1.0)
}

/// Pixels along a side of a small picture.
pub(crate) fn side(text: &str) -> Result<u32, String> {
    within(text, 1..=4096)
}

pub(crate) fn resolution(text: &str) -> Result<u32, String> {
    within(text, 2..=4096)
}

pub(crate) fn limit(text: &str) -> Result<(Quantity, u64), String> {
    let names = || Quantity::ALL.map(Quantity::name).join(", ");
    let wrong = || format!("a limit is NAME=N, with a NAME of {}", names());
    let (name, number) = text.split_once('=').ok_or_else(wrong)?;
    let what = Quantity::ALL.into_iter().find(|what| what.name() == name);
    let most = if number == "none" {
        Some(u64::MAX)
    } else {
        amount(number)
    };
    what.zip(most).ok_or_else(wrong)
}

/// A size of a picture, of which one side may be left to its aspect ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// Width and height
    Both(u32, u32),
    Width(u32),
    Height(u32),
}

impl Size {
    /// Width and height for a picture whose width divided by its height is `aspect`.
    pub(crate) fn of(self, aspect: f64) -> (u32, u32) {
        // Casts saturate.
        let side = |pixels: u32, factor: f64| (f64::from(pixels) * factor).round().max(1.0) as u32;
        match self {
            Self::Both(width, height) => (width, height),
            Self::Width(width) => (width, side(width, 1.0 / aspect)),
            Self::Height(height) => (side(height, aspect), height),
        }
    }
}

pub(crate) fn size(text: &str) -> Result<Size, String> {
    let side = |text: &str| text.parse().ok().filter(|&pixels: &u32| pixels > 0);
    let size = match text.split_once(['x', 'X']) {
        Some((width, "")) => side(width).map(Size::Width),
        Some(("", height)) => side(height).map(Size::Height),
        Some((width, height)) => side(width).zip(side(height)).map(|(w, h)| Size::Both(w, h)),
        None => None,
    };
    size.ok_or_else(|| "a width and a height are needed, such as 1920x1080, 640x or x480".into())
}

/// A fraction, or a decimal number as one.
pub(crate) fn rate(text: &str) -> Result<[u32; 2], String> {
    let whole = |text: &str| text.parse::<u32>().ok();
    let fraction = match (text.split_once('/'), text.split_once('.')) {
        (Some((a, b)), _) => whole(a).zip(whole(b)),
        (None, Some((a, b))) => {
            let per = 10_u32.checked_pow(b.len() as u32);
            whole(&format!("{a}{b}")).zip(per)
        }
        (None, None) => whole(text).zip(Some(1)),
    };
    fraction
        .map(<[u32; 2]>::from)
        .filter(|fraction| !fraction.contains(&0))
        .ok_or_else(|| "a positive number or fraction is needed, such as 50 or 30000/1001".into())
}

pub(crate) fn angles(text: &str) -> Result<[f32; 2], String> {
    text.split_once(',')
        .and_then(|(azimuth, elevation)| {
            Some([azimuth.trim().parse().ok()?, elevation.trim().parse().ok()?])
        })
        .filter(|[azimuth, elevation]: &[f32; 2]| {
            azimuth.is_finite() && (-90.0..=90.0).contains(elevation)
        })
        .ok_or_else(|| {
            "two angles in degrees are needed, the second from -90 to 90, such as 30,20".into()
        })
}

pub(crate) fn region(text: &str) -> Result<sirenc::Region, String> {
    let numbers: Vec<u32> = text
        .split(',')
        .map_while(|number| number.trim().parse().ok())
        .collect();
    match numbers[..] {
        [x, y, width, height] if text.matches(',').count() == 3 => Ok(sirenc::Region {
            x,
            y,
            width,
            height,
        }),
        _ => Err("left edge, top edge, width and height are needed, such as 100,50,640,480".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is typed is a value that can be meant, or told to be none.
        #[test]
        fn any_text_is_a_value_or_refused(text in "[-+0-9a-zx.,/= ]{0,24}|.{0,12}") {
            if let Ok(size) = size(&text) {
                let (width, height) = size.of(1.5);
                prop_assert!(width > 0 && height > 0);
            }
            if let Ok(rate) = rate(&text) {
                prop_assert!(!rate.contains(&0));
            }
            if let (Ok(region), Ok(view)) = (region(&text), sirenc::View::sized(300, 200))
                && let Ok(view) = view.with_region(region)
            {
                prop_assert!(view.pixels() <= 300 * 200);
            }
            if let Ok((what, _)) = limit(&text) {
                prop_assert!(text.starts_with(what.name()));
            }
        }
    }

    #[test]
    fn rates_are_fractions() {
        for (text, fraction) in [
            ("25", [25, 1]),
            ("30000/1001", [30_000, 1001]),
            ("29.97", [2997, 100]),
            (".5", [5, 10]),
        ] {
            assert_eq!(rate(text), Ok(fraction));
        }
        for wrong in [
            "",
            "0",
            "-1",
            "1/0",
            "a",
            "1/2/3",
            "1.2.3",
            "1e3",
            "0.00000000001",
            "+",
        ] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_have_units() {
        for (text, size) in [
            ("1", 1),
            ("2000", 2000),
            ("2000B", 2000),
            ("2k", 2048),
            ("2K", 2048),
            ("10KiB", 10_240),
            ("10kib", 10_240),
            ("2kB", 2000),
            ("2KB", 2000),
            ("3M", 3 << 20),
            ("3MB", 3_000_000),
            ("1TiB", 1 << 40),
        ] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for wrong in [
            "",
            "0",
            "0k",
            "-2k",
            "+",
            "k",
            "2 k",
            "2ki",
            "2ib",
            "2kk",
            "1.5k",
            "2e3",
            "99999999T",
            "2k2",
        ] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn limits_are_names_and_numbers() {
        for (text, most) in [
            ("7", 7),
            ("64M", 64 << 20),
            ("2G", 2 << 30),
            ("none", u64::MAX),
        ] {
            let given = format!("layer-width={text}");
            assert_eq!(limit(&given), Ok((Quantity::LayerWidth, most)));
        }
        for wrong in [
            "",
            "memory",
            "memory=",
            "=4",
            "room=4",
            "memory=4X",
            "memory=-1",
            "memory=99999999T",
        ] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_and_regions_are_read_whole() {
        assert_eq!(size("3x20"), Ok(Size::Both(3, 20)));
        assert_eq!(size("30x").map(|size| size.of(1.5)), Ok((30, 20)));
        assert_eq!(size("x30").map(|size| size.of(1.5)), Ok((45, 30)));
        assert_eq!(size("3x").map(|size| size.of(1e9)), Ok((3, 1)));
        for wrong in ["", "3", "x", "3x4x5", "-3x4", "3 x 4", "0x3", "3x0"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            region("1,2, 3,4"),
            Ok(sirenc::Region {
                x: 1,
                y: 2,
                width: 3,
                height: 4
            })
        );
        for wrong in ["", "1,2,3", "1,2,3,4,5", "1,2,3,4,", "1,2,3,-4", "1,2,3,x"] {
            assert!(region(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_outside_their_range_are_told_the_range() {
        assert_eq!(within("7", 1..=9), Ok(7));
        for wrong in ["", "0", "10", "-5", "3.5", "x", "NaN"] {
            assert_eq!(within(wrong, 1..=9), Err("1 to 9 are possible".into()));
        }
        assert_eq!(scale("0.5"), Ok(0.5));
        for wrong in ["", "0", "-1", "inf", "nan", "x", "1e999"] {
            let told = "a positive number is needed, such as 4 or 0.5";
            assert_eq!(scale(wrong), Err(told.into()), "{wrong}");
            assert!(gain(wrong).is_err() && bytes(wrong).is_err(), "{wrong}");
            assert_eq!(moment(wrong).is_ok(), wrong == "0", "{wrong}");
        }
        assert!(gain("1e-60").is_err() && gain("1e60").is_err());
        assert_eq!(angles("-30, -90"), Ok([-30.0, -90.0]));
        for wrong in ["1", "1,2,3", "0,91", "nan,0", "inf,0", "a,b"] {
            assert!(angles(wrong).is_err(), "{wrong}");
        }
    }
}
