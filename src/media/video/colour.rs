//! Between RGB, which networks know, and Y'CbCr, which videos hold: that of ITU-R BT.601, for 8 bits.
//!
//! With R, G, B, Y of 0 to 1 and Cb, Cr of -1/2 to 1/2,
//!
//! ```text
//! Y = 0.299 R + 0.587 G + 0.114 B        Cb = (B - Y) / 1.772        Cr = (R - Y) / 1.402
//! ```
//!
//! In limited range Y is stored as 16 + 219 Y, Cb as 128 + 224 Cb; in full range as 255 Y and 128 + 255 Cb.
//! Y4M files do not tell which matrix they were made with. Were it another one, colours would be a little off in
//! the network, and come back as they were in a Y4M file made of it.

/// The range of the samples of a video: from black to white, or with room beyond both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    Limited,
    Full,
}

impl Range {
    /// Value of black, and steps to white.
    fn luma(self) -> (f32, f32) {
        match self {
            Self::Limited => (16.0, 219.0),
            Self::Full => (0.0, 255.0),
        }
    }

    /// Steps of colour differences from -1/2 to 1/2.
    fn chroma(self) -> f32 {
        match self {
            Self::Limited => 224.0,
            Self::Full => 255.0,
        }
    }

    /// Y as a gray of 0 to 255.
    pub(crate) fn gray(self, y: u8) -> u8 {
        let (black, steps) = self.luma();
        byte((f32::from(y) - black) * (255.0 / steps))
    }

    /// The colour of a Y and interpolated Cb and Cr.
    pub(crate) fn rgb(self, y: u8, [cb, cr]: [f32; 2]) -> [u8; 3] {
        let (black, steps) = self.luma();
        let y = (f32::from(y) - black) * (255.0 / steps);
        let [cb, cr] = [cb, cr].map(|c| (c - 128.0) * (255.0 / self.chroma()));
        let (r, b) = (y + 1.402 * cr, y + 1.772 * cb);
        [r, (y - 0.299 * r - 0.114 * b) / 0.587, b].map(byte)
    }
}

/// Y of a gray, in limited range.
pub(crate) fn luma(gray: u8) -> u8 {
    byte(16.0 + f32::from(gray) * (219.0 / 255.0))
}

/// Y, Cb and Cr of a colour of 0 to 255, in limited range and not rounded.
pub(crate) fn ycbcr([r, g, b]: [f32; 3]) -> [f32; 3] {
    let y = 0.299 * r + 0.587 * g + 0.114 * b;
    let chroma = |difference: f32| 128.0 + difference * (224.0 / 255.0);
    [
        16.0 + y * (219.0 / 255.0),
        chroma((b - y) / 1.772),
        chroma((r - y) / 1.402),
    ]
}

/// The nearest byte.
pub(crate) fn byte(value: f32) -> u8 {
    value.round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primaries_are_those_of_the_standard() {
        // ITU-R BT.601-7, limited range.
        for (rgb, expected) in [
            ([0, 0, 0], [16, 128, 128]),
            ([255, 255, 255], [235, 128, 128]),
            ([255, 0, 0], [81, 90, 240]),
            ([0, 255, 0], [145, 54, 34]),
            ([0, 0, 255], [41, 240, 110]),
        ] {
            assert_eq!(ycbcr(rgb.map(f32::from)).map(byte), expected, "{rgb:?}");
            let [y, cb, cr] = expected;
            let back = Range::Limited.rgb(y, [cb, cr].map(f32::from));
            for (a, b) in back.iter().zip(rgb) {
                assert!(a.abs_diff(b) <= 2, "{back:?} {rgb:?}");
            }
        }
    }

    #[test]
    fn full_range_is_that_of_jpeg() {
        assert_eq!(Range::Full.rgb(76, [85.0, 255.0]), [254, 0, 0]);
        assert_eq!(Range::Full.rgb(255, [128.0, 128.0]), [255; 3]);
        assert_eq!(Range::Full.gray(7), 7);
    }

    #[test]
    fn grays_come_back() {
        for gray in 0..=255 {
            assert!(Range::Limited.gray(luma(gray)).abs_diff(gray) <= 1);
        }
        assert_eq!([16, 235].map(|y| Range::Limited.gray(y)), [0, 255]);
        assert_eq!([0, 255].map(|y| Range::Limited.gray(y)), [0, 255]);
    }
}
