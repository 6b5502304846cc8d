//! Many inputs at once.

use super::{Folder, gradient};
use std::fs;

const FIT: &str = "--layers 1 --width 4 --steps 12";

/// Every good picture is encoded, to the bytes it has alone, every bad one is named, all in their order.
#[test]
fn good_pictures_are_encoded_beside_bad_ones() {
    let folder = Folder::new();
    let mut names = Vec::new();
    for index in 0..40 {
        let name = format!("p{index:02}.png");
        gradient(8 + index % 7, 8 + index % 5)
            .save(folder.path(&name))
            .expect("a PNG");
        let whole = folder.read(&name);
        match index % 10 {
            3 => folder.write(&name, &whole[..whole.len() / 2]),
            7 => folder.write(&name, [&whole[..30], b"damaged", &whole[37..]].concat()),
            _ => {}
        }
        names.push(name);
    }
    let all = names.join(" ");
    let run = folder.run(&format!("encode {all} -o many {FIT} --threads 4 --json"));
    assert_eq!(run.status, 1);
    let told = run.json();
    let inputs: Vec<_> = told
        .iter()
        .map(|fact| fact["input"].as_str().expect("a name"))
        .collect();
    assert_eq!(inputs, names);
    for (index, (fact, name)) in told.iter().zip(&names).enumerate() {
        let bad = matches!(index % 10, 3 | 7);
        assert_eq!(fact["error"].is_string(), bad, "{fact}");
        assert_eq!(
            run.stderr.contains(&format!("{name}: ")),
            bad,
            "{}",
            run.stderr
        );
    }
    assert_eq!(
        fs::read_dir(folder.path("many")).expect("a folder").count(),
        32
    );
    for name in ["p00", "p15", "p39"] {
        folder.ok(&format!("encode {name}.png {FIT}"));
        assert_eq!(
            folder.read(&format!("{name}.siren")),
            folder.read(&format!("many/{name}.siren"))
        );
    }
}
