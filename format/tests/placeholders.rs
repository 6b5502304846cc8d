//! Placeholders: what is written is read, whatever the levels; and no bytes are a panic.

use siren_format::{
    Aspect, BIT, Error, Fault, PLACEHOLDER_MAX, PLACEHOLDER_STEP_MAX, Placeholder, Prior,
};

use crate::samples::{Random, crc32};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/placeholders");

fn read(bytes: &[u8]) -> Result<Placeholder, Error> {
    Placeholder::from_bytes(bytes, Prior::shipped())
}

/// A placeholder with levels that `level` returns.
fn made(
    aspect: i16,
    step: u8,
    channels: usize,
    mut level: impl FnMut() -> i16,
) -> (Placeholder, u64) {
    let aspect = Aspect::new(aspect).expect("an aspect ratio");
    let chosen = Placeholder::chosen(Prior::shipped(), aspect, step, channels, |_| level());
    chosen.expect("a placeholder")
}

/// The golden files: bytes that are read to the levels in the text beside them, and written to the same bytes.
#[test]
fn golden_placeholders_are_read_and_written() {
    for name in ["beach", "beach-200", "tall", "cut-out", "odd"] {
        let file = |extension: &str| format!("{FOLDER}/{name}.{extension}");
        let bytes = std::fs::read(file("placeholder")).expect("a golden placeholder");
        let placeholder = read(&bytes).expect("a placeholder");
        assert_eq!(placeholder.to_bytes(Prior::shipped()), Ok(bytes), "{name}");
        let text = std::fs::read_to_string(file("txt")).expect("its levels");
        assert_eq!(described(&placeholder), text, "{name}");
    }
}

/// Aspect code, step code, channels, and the levels that are not 0 with their channels and frequencies.
fn described(placeholder: &Placeholder) -> String {
    let Placeholder {
        aspect,
        step,
        levels,
    } = placeholder;
    let mut text = format!(
        "aspect {} step {step} channels {}\n",
        aspect.code(),
        levels.len()
    );
    for (channel, levels) in levels.iter().enumerate() {
        let frequencies = Placeholder::frequencies(*aspect, *step, channel);
        for (frequency, level) in frequencies
            .iter()
            .zip(levels)
            .filter(|(_, level)| **level != 0)
        {
            text += &format!("{channel} {} {} {level}\n", frequency.k, frequency.l);
        }
    }
    text
}

#[test]
fn any_levels_come_back_in_the_bytes_that_were_counted() {
    let mut random = Random(5);
    for case in 0..300 {
        let aspect = random.below(1024) as i16 - 512;
        // Few levels, so that some have no more bytes than are read.
        let (step, channels) = (random.below(12) as u8, 3 + random.below(2));
        let size = [1, 2, 40, 65_536][case % 4];
        let (placeholder, bits) = made(aspect, step, channels, || {
            if random.below(6) > 0 {
                0
            } else {
                (random.below(size) as i32 - size as i32 / 2) as i16
            }
        });
        let bytes = placeholder.to_bytes(Prior::shipped()).expect("bytes");
        assert!(
            8 * BIT * bytes.len() as u64 <= bits + bits / 1000 + 9 * BIT,
            "{} {bits}",
            bytes.len()
        );
        if bytes.len() <= PLACEHOLDER_MAX {
            assert_eq!(read(&bytes), Ok(placeholder));
        } else {
            assert_eq!(
                read(&bytes),
                Err(Error::NotPlaceholder(Fault::PlaceholderLength))
            );
        }
    }
}

#[test]
fn any_bytes_are_read_or_refused() {
    let mut random = Random(6);
    let mut read_at_all = 0;
    for _ in 0..2000 {
        let bytes: Vec<u8> = (0..=random.below(PLACEHOLDER_MAX))
            .map(|_| random.below(256) as u8)
            .collect();
        if let Ok(placeholder) = read(&bytes) {
            read_at_all += 1;
            assert_eq!(placeholder.to_bytes(Prior::shipped()), Ok(bytes));
        }
    }
    for first in 0..=255 {
        let _ = read(&[first]);
        let _ = read(&[first; PLACEHOLDER_MAX]);
    }
    assert!(read_at_all > 0);
    assert_eq!(
        read(&[]),
        Err(Error::NotPlaceholder(Fault::PlaceholderLength))
    );
    assert_eq!(
        read(&[1; 201]),
        Err(Error::NotPlaceholder(Fault::PlaceholderLength))
    );
}

#[test]
fn a_writer_of_placeholders_is_held_to_the_rules() {
    let square = Aspect::new(0).expect("an aspect ratio");
    for (step, channels) in [(PLACEHOLDER_STEP_MAX + 1, 3), (5, 2), (5, 5)] {
        let chosen = Placeholder::chosen(Prior::shipped(), square, step, channels, |_| 0);
        assert_eq!(chosen, Err(Error::Invalid(Fault::PlaceholderLevels)));
    }
    let (mut placeholder, _) = made(0, 5, 3, || 0);
    placeholder.levels[1].pop();
    let written = placeholder.to_bytes(Prior::shipped());
    assert_eq!(written, Err(Error::Invalid(Fault::PlaceholderLevels)));
    assert_eq!([Aspect::new(-513), Aspect::new(512)], [None; 2]);
    assert!(Prior::from_bytes(&[0; 7]).is_err());
}

/// A frequent aspect ratio in the form of others has a second sequence of bytes, which is refused.
#[test]
fn frequent_aspect_ratios_have_one_form() {
    // shape = 7, then the code 0 in ten bits.
    let bytes = [0x78, 0x00, 0x01];
    assert_eq!(
        read(&bytes),
        Err(Error::NotPlaceholder(Fault::PlaceholderStream))
    );
}

/// SPEC 11.5 names the prior by its hash.
#[test]
fn the_prior_is_the_one_of_the_specification() {
    let prior = include_bytes!("../src/placeholder/prior.bin");
    assert_eq!(prior.len(), 2824);
    let spec = include_str!("../SPEC.md");
    let crc = crc32(prior);
    assert!(
        spec.contains(&format!("{crc:08X}")),
        "the CRC-32 of the prior is {crc:08X}"
    );
}
