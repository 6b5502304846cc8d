//! Files of flat blocks, with components in scans of their own or together.

use super::super::{Found, read};
use crate::media::colour::SizeTarget;
use crate::{Picture, Samples};
use std::io::Cursor;

/// Goes through a file that may take a mebibyte.
fn check(file: &[u8]) -> Result<super::Survey, crate::media::Error> {
    super::check(file, 1 << 20)
}

const SIZE: [u16; 2] = [50, 37];

/// A segment with its marker and length.
fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xFF, marker];
    bytes.extend((data.len() as u16 + 2).to_be_bytes());
    bytes.extend(data);
    bytes
}

/// Bits on their way into bytes.
#[derive(Default)]
struct Writer(Vec<bool>);

impl Writer {
    fn put(&mut self, value: u32, count: u32) {
        self.0
            .extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    }

    /// A block of nothing but a first coefficient, which differs by this from the one before: codes of four bits
    /// for lengths of up to eleven, and one bit for the end.
    fn block(&mut self, difference: i32) {
        let length = 32 - difference.unsigned_abs().leading_zeros();
        self.put(length, 4);
        let ones = (1 << length) - 1;
        let negative = if difference < 0 { ones } else { 0 };
        self.put((difference + negative) as u32 & ones as u32, length);
        self.put(0, 1);
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.resize(self.0.len().next_multiple_of(8), true);
        let byte = |bits: &[bool]| bits.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
        let bytes = self.0.chunks(8).map(byte);
        bytes
            .flat_map(|byte| [byte, 0].into_iter().take(1 + usize::from(byte == 0xFF)))
            .collect()
    }
}

/// A file with components of these sampling factors in these scans.
fn jpeg(sampling: &[[usize; 2]], scans: &[&[usize]]) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8];
    file.extend(segment(0xDB, &[[0].as_slice(), &[8; 64]].concat()));
    let mut frame = vec![8, 0, SIZE[1] as u8, 0, SIZE[0] as u8, sampling.len() as u8];
    for (name, [h, v]) in (0..).zip(sampling) {
        frame.extend([name, (h << 4 | v) as u8, 0]);
    }
    file.extend(segment(0xC0, &frame));
    let mut codes = vec![0; 17];
    codes[4] = 12;
    codes.extend(0..12);
    file.extend(segment(0xC4, &codes));
    let mut codes = vec![0x10; 1];
    codes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend(segment(0xC4, &codes));
    let most = [0, 1].map(|axis| sampling.iter().map(|it| it[axis]).max().unwrap_or(1));
    for &scan in scans {
        let mut header = vec![scan.len() as u8];
        header.extend(scan.iter().flat_map(|&part| [part as u8, 0]));
        header.extend([0, 63, 0]);
        file.extend(segment(0xDA, &header));
        let mut writer = Writer::default();
        let mut before = [0; 4];
        let alone = scan.len() == 1;
        let units = [0, 1].map(|axis| {
            let size = usize::from(SIZE[axis]);
            if alone {
                let samples = (size * sampling[scan[0]][axis]).div_ceil(most[axis]);
                samples.div_ceil(8)
            } else {
                size.div_ceil(8 * most[axis])
            }
        });
        for (row, column) in (0..units[1]).flat_map(|y| (0..units[0]).map(move |x| (y, x))) {
            for &part in scan {
                let [h, v] = if alone { [1, 1] } else { sampling[part] };
                for (y, x) in (0..v).flat_map(|y| (0..h).map(move |x| (y, x))) {
                    let place = 3 * (column * h + x) + 5 * (row * v + y);
                    let value = 7 * part as i32 + place as i32 - 20;
                    writer.block(value - before[part]);
                    before[part] = value;
                }
            }
        }
        file.extend(writer.finish());
    }
    file.extend([0xFF, 0xD9]);
    file
}

fn picture(file: &[u8]) -> Picture {
    let room = SizeTarget {
        bytes: 0,
        asked: false,
    };
    read(&mut Cursor::new(file), None, 1 << 20)
        .and_then(|found: Found| found.settle(|_| room))
        .unwrap_or_else(|failure| panic!("{failure}"))
        .0
}

fn samples(picture: &Picture) -> &[u8] {
    match picture.samples() {
        Samples::U8(samples) => samples,
        Samples::U16(_) => &[],
    }
}

#[test]
fn components_may_have_scans_of_their_own() {
    for sampling in [[1, 1], [2, 1], [2, 2], [1, 2], [4, 1]] {
        let sampling = [sampling, [1, 1], [1, 1]];
        let together = jpeg(&sampling, &[&[0, 1, 2]]);
        assert!(!check(&together).unwrap().unusual);
        let together = picture(&together);
        for scans in [&[&[0][..], &[1], &[2]][..], &[&[0], &[1, 2]]] {
            let apart = jpeg(&sampling, scans);
            assert!(check(&apart).unwrap().unusual);
            let apart = picture(&apart);
            // Between samples of colour it may be interpolated otherwise.
            let pairs = samples(&together).iter().zip(samples(&apart));
            let most = pairs.map(|(a, b)| a.abs_diff(*b)).max();
            assert!(most <= Some(12), "{sampling:?}: {most:?}");
        }
    }
    // Nothing is set aside for a picture that is too large.
    let large = jpeg(&[[1, 1]], &[&[0]]);
    assert!(super::check(&large, 1000).is_err());
    let thirds = jpeg(&[[3, 1], [1, 1], [1, 1]], &[&[0, 1, 2]]);
    assert_eq!(picture(&thirds).width(), 50);
}

#[test]
fn what_is_not_whole_is_refused() {
    let sampling = [[2, 2], [1, 1], [1, 1]];
    let whole = jpeg(&sampling, &[&[0], &[1], &[2]]);
    // A component is missing, or data of the last one.
    let scans = whole.windows(2).enumerate();
    let last = scans.rev().find(|(_, marker)| marker == &[0xFF, 0xDA]);
    let (last, _) = last.unwrap();
    for length in (2..whole.len() - 2).filter(|&length| length != last) {
        assert!(check(&whole[..length]).is_err(), "{length}");
    }
    let without = [&whole[..last], &[0xFF, 0xD9]].concat();
    assert!(check(&without).is_err());
    assert!(check(&whole[..whole.len() - 2]).is_ok());
    // More data than blocks, and coefficients out of all range.
    let more = [&whole[..whole.len() - 2], &[0x55, 0x55, 0xFF, 0xD9]].concat();
    assert!(check(&more).is_err());
    let mut coarse = whole;
    let steps = coarse.windows(2).position(|marker| marker == [0xFF, 0xDB]);
    coarse[steps.unwrap() + 5] = 255;
    assert!(check(&coarse).is_err());
}

#[test]
fn anything_is_read_without_a_panic() {
    let whole = jpeg(&[[2, 2], [1, 1], [1, 1]], &[&[0, 1, 2]]);
    for at in 0..whole.len() {
        for value in [0, 1, 0x7F, 0xC2, 0xFF] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            let _ = check(&damaged);
        }
    }
}
