//! Placeholders, of any bytes.

use siren_format::{PLACEHOLDER_MAX, Placeholder, Prior};

/// Reads bytes as a placeholder; what is one must be written to the same bytes.
pub fn placeholder(bytes: &[u8]) {
    let prior = Prior::shipped();
    match Placeholder::from_bytes(bytes, prior) {
        Ok(placeholder) => {
            assert!((1..=PLACEHOLDER_MAX).contains(&bytes.len()));
            assert_eq!(placeholder.to_bytes(prior).as_deref(), Ok(bytes));
            #[cfg(feature = "render")]
            render(bytes);
        }
        Err(error) => assert!(error.to_string().contains("(SPEC 11."), "{error}"),
    }
}

/// A placeholder that is read has a picture of any size.
#[cfg(feature = "render")]
fn render(bytes: &[u8]) {
    let decoder = sirenc::PlaceholderDecoder::new(bytes).expect("a placeholder");
    let (width, height) = decoder.size_within(9);
    let picture = decoder.picture(width, height).expect("a picture");
    assert_eq!((picture.width(), picture.height()), (width, height));
}
