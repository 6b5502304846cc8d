//! XMP (ISO 16684-1), as far as it speaks of what has changed or had better not be told: the orientation and the place.
//! Properties are attributes or elements, and are taken out of the text as they stand; nothing else of it is touched.

use std::ops::Range;

/// Properties that tell where a picture was taken begin so.
const PLACE: &str = "exif:GPS";
/// Names of places by other prefixes hold this.
const ELSEWHERE: &str = "GPSL";
const ORIENTATION: &str = "tiff:Orientation";

/// What XMP becomes: upright, and with the place only if it is to be kept. Whether there was a place. None if it is no
/// text, or where a place cannot be taken out of it.
pub(super) fn tidied(bytes: &[u8], keep_place: bool) -> Option<(Vec<u8>, bool)> {
    let text = std::str::from_utf8(bytes).ok()?.trim_end_matches('\0');
    let placed = text.contains(ELSEWHERE);
    let clean = match keep_place {
        true => Some(text.to_owned()),
        false => {
            let clean = replaced(text, PLACE, |property| (property.whole, ""));
            let left = clean.contains(PLACE) || clean.contains(ELSEWHERE);
            Some(clean).filter(|_| !left)
        }
    };
    let clean = clean.unwrap_or_default();
    let upright = replaced(&clean, ORIENTATION, |property| (property.value, "1"));
    Some((upright.into_bytes(), placed))
}

/// Where a property stands, and its value.
struct Property {
    whole: Range<usize>,
    value: Range<usize>,
}

/// `text` with a part of every property of which the name begins with `name` replaced.
fn replaced(
    text: &str,
    name: &str,
    part: impl Fn(Property) -> (Range<usize>, &'static str),
) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.match_indices(name) {
        if at < done {
            continue;
        }
        if let Some(property) = attribute(text, at).or_else(|| element(text, at)) {
            let (range, new) = part(property);
            changed += &text[done..range.start];
            changed += new;
            done = range.end;
        }
    }
    changed + &text[done..]
}

/// ` name="value"`, of which the name begins at `at`.
fn attribute(text: &str, at: usize) -> Option<Property> {
    let start = text[..at].trim_end().len();
    let (name, rest) = text[at..].split_once('=')?;
    let quote = rest
        .trim_start()
        .chars()
        .next()
        .filter(|c| "'\"".contains(*c))?;
    if start == at || name.trim_end().contains(|c: char| "<>/\"' \n".contains(c)) {
        return None;
    }
    let opened = at + name.len() + 1 + rest.find(quote)? + 1;
    let length = text[opened..].find(quote)?;
    Some(Property {
        whole: start..opened + length + 1,
        value: opened..opened + length,
    })
}

/// `<name>value</name>` or `<name/>`, of which the name begins at `at`. That of the latter has no value, and is left.
fn element(text: &str, at: usize) -> Option<Property> {
    let start = at
        .checked_sub(1)
        .filter(|&start| text[start..].starts_with('<'))?;
    let end = text[at..].find(['>', '/', ' ', '\n', '\t', '\r'])?;
    let name = &text[at..at + end];
    let opened = at + text[at..].find('>')? + 1;
    if text[..opened].ends_with("/>") {
        return Some(Property {
            whole: start..opened,
            value: opened..opened,
        });
    }
    let closing = format!("</{name}>");
    let length = text[opened..].find(&closing)?;
    Some(Property {
        whole: start..opened + length + closing.len(),
        value: opened..opened + length,
    })
}

#[cfg(test)]
mod tests {
    use super::tidied;

    fn tidy(text: &str, keep: bool) -> Option<(String, bool)> {
        let (bytes, placed) = tidied(text.as_bytes(), keep)?;
        Some((String::from_utf8(bytes).unwrap(), placed))
    }

    #[test]
    fn place_and_orientation_are_taken_out() {
        let text = "<r tiff:Orientation=\"6\" dc:x='y' exif:GPSLatitude=\"47,2N\"\n exif:GPSLongitude='8,3E'><exif:GPSAltitude>9</exif:GPSAltitude><tiff:Orientation>8</tiff:Orientation><exif:GPSMapDatum/>GPS</r>";
        let tidied =
            "<r tiff:Orientation=\"1\" dc:x='y'><tiff:Orientation>1</tiff:Orientation>GPS</r>";
        assert_eq!(tidy(text, false), Some((tidied.into(), true)));
        let (kept, placed) = tidy(text, true).unwrap();
        assert!(placed && kept.contains("exif:GPSLatitude=\"47,2N\"") && !kept.contains('6'));
        assert_eq!(tidy(tidied, false), Some((tidied.into(), false)));
    }

    #[test]
    fn a_place_that_cannot_be_taken_out_takes_everything_with_it() {
        for text in [
            "<other:GPSLatitude>1</other:GPSLatitude>",
            "<r exif:GPSLatitude=47>",
        ] {
            assert_eq!(tidy(text, false), Some((String::new(), true)), "{text}");
            assert_eq!(tidy(text, true), Some((text.into(), true)));
        }
        assert_eq!(tidied(b"\xFF\xFE", true), None);
    }
}
