//! Placeholder: replaced by the page of its own branch.

use super::entry::Compared;

pub(crate) fn page(pictures: &[Compared], curves: &[(String, String)], notes: &[String]) -> String {
    format!(
        "<!doctype html><p>{} {} {}</p>\n",
        pictures.len(),
        curves.len(),
        notes.len()
    )
}
