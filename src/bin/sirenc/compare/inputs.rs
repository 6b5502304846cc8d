//! Which files are compared, and which .siren file belongs to which picture.

use crate::failure::Failure;
use crate::jobs::{Inputs, Selection, Wanted};
use crate::paths::Place;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A picture to compare with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) picture: Place,
    /// The .siren files there are of it; if none, it is to be encoded.
    pub(super) sirens: Vec<Place>,
}

/// The files that were `typed`, with those in it in place of a folder. A .siren file in a folder counts only if there is a
/// picture of its name.
pub(super) fn listed(typed: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let found = Inputs::find(typed, Selection::default(), Wanted::Compared)?;
    let path = |place: &Place| place.path().map_or_else(|| "-".into(), Path::to_owned);
    let all: Vec<PathBuf> = found.places().map(path).collect();
    let has_picture = |siren: &Path| {
        let mut pictures = all.iter().filter(|path| !is_siren(path));
        pictures.any(|picture| picture.file_stem() == siren.file_stem())
    };
    let counts = |path: &&PathBuf| typed.contains(path) || !is_siren(path) || has_picture(path);
    Ok(all.iter().filter(counts).cloned().collect())
}

/// The pictures in the order they were typed, each with the .siren files that have its name (without
/// folder and extension).
pub(super) fn pair(typed: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    let (sirens, pictures): (Vec<_>, Vec<_>) = typed.iter().partition(|path| is_siren(path));
    for (index, picture) in pictures.iter().enumerate() {
        let stem = picture.file_stem();
        let owned = sirens.iter().any(|siren| siren.file_stem() == stem);
        let same = |other: &&&PathBuf| {
            other.file_name() == picture.file_name() || (owned && other.file_stem() == stem)
        };
        if let Some(other) = pictures[..index].iter().find(same) {
            return Err(Failure::Usage(format!(
                "{} and {} have the same name, by which .siren files are found and results told apart; compare them one by one, or rename one",
                other.display(),
                picture.display()
            )));
        }
    }
    let mut inputs: Vec<_> = pictures
        .iter()
        .map(|picture| Input {
            picture: Place::input(picture),
            sirens: Vec::new(),
        })
        .collect();
    for siren in sirens {
        let owner = pictures
            .iter()
            .position(|picture| picture.file_stem() == siren.file_stem());
        let Some(owner) = owner else {
            return Err(Failure::Usage(format!(
                "{} has no picture to be compared with; give its original too, named {}.png or alike",
                siren.display(),
                siren.file_stem().unwrap_or_default().to_string_lossy()
            )));
        };
        inputs[owner].sirens.push(Place::input(siren));
    }
    Ok(inputs)
}

pub(super) fn is_siren(path: &Path) -> bool {
    let extension = path.extension().unwrap_or(OsStr::new(""));
    extension.eq_ignore_ascii_case("siren")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(typed: &str) -> Result<Vec<(String, usize)>, String> {
        let typed: Vec<_> = typed.split(' ').map(PathBuf::from).collect();
        let inputs = pair(&typed).map_err(|failure| failure.to_string())?;
        Ok(inputs
            .iter()
            .map(|input| (input.picture.to_string(), input.sirens.len()))
            .collect())
    }

    #[test]
    fn files_are_paired_by_name_in_any_order() {
        let expected = vec![("a.png".to_owned(), 2), ("x/b.jpg".to_owned(), 0)];
        assert_eq!(paired("s/a.siren a.png x/b.jpg a.SIREN"), Ok(expected));
    }

    #[test]
    fn what_cannot_be_paired_is_refused() {
        let said = paired("a.png b.siren").unwrap_err();
        assert!(
            said.contains("b.siren has no picture") && said.contains("b.png"),
            "{said}"
        );
        for (typed, both) in [
            ("a.png b.png x/a.jpg a.siren", "a.png and x/a.jpg"),
            ("a.png x/a.png", "a.png and x/a.png"),
        ] {
            let said = paired(typed).unwrap_err();
            assert!(
                said.contains(&format!("{both} have the same name")),
                "{said}"
            );
        }
        assert!(paired("a.png x/a.jpg").is_ok());
    }
}
