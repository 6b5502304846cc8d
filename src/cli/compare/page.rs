//! Placeholder: replaced by the page of its own branch.

use super::entry::Compared;

pub(crate) fn page(pictures: &[Compared], curves: &[(String, String)], notes: &[String]) -> String {
    let mut text = format!("<!doctype html><p>{} {}</p>\n", curves.len(), notes.len());
    for picture in pictures {
        let decoded = picture.points.iter().flatten().map(|entry| &entry.decoded);
        let equal = decoded.filter(|decoded| **decoded == picture.original);
        text += &format!("<p>{} {}</p>\n", picture.name, equal.count());
    }
    text
}
