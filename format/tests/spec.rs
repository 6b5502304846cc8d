//! The worked example of SPEC.md is a real file.

use siren_format::{File, Limits};

use crate::samples::{HEADER, PAYLOAD, gray, seal, section};

#[test]
fn the_worked_example_is_the_file_it_describes() {
    let spec = include_str!("../SPEC.md");
    let (_, block) = spec.split_once("```hex\n").expect("an example");
    let (block, _) = block.split_once("```").expect("its end");
    let bytes: Vec<u8> = block
        .lines()
        .filter_map(|line| line.split(';').next())
        .flat_map(str::split_whitespace)
        .map(|byte| u8::from_str_radix(byte, 16).expect("two hexadecimal digits"))
        .collect();
    assert_eq!(bytes, seal(&HEADER, &section(1, &PAYLOAD)));
    assert_eq!(File::from_bytes(&bytes, &Limits::default()), Ok(gray()));
    assert_eq!(gray().to_bytes(), Ok(bytes));
}

/// Every section that the sources cite exists.
#[test]
fn cited_sections_exist() {
    let spec = include_str!("../SPEC.md");
    let cited = concat!(
        include_str!("../src/context.rs"),
        include_str!("../src/error.rs"),
        include_str!("../src/grids.rs"),
        include_str!("../src/header.rs"),
        include_str!("../src/laplace.rs"),
        include_str!("../src/latents.rs"),
        include_str!("../src/placeholder/contexts.rs"),
        include_str!("../src/placeholder/frequencies.rs"),
        include_str!("../src/placeholder/mod.rs"),
        include_str!("../src/placeholder/prior.rs"),
        include_str!("../src/scan.rs"),
        include_str!("../src/signal.rs")
    );
    for citation in cited
        .split("SPEC ")
        .skip(1)
        .chain(cited.split("=> (\"").skip(1))
    {
        let number: String = citation
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        let number = number.trim_end_matches('.');
        let heading = |line: &str| line.starts_with('#') && line.contains(&format!(" {number} "));
        assert!(
            number.is_empty() || spec.lines().any(heading),
            "SPEC {number} does not exist"
        );
    }
}
