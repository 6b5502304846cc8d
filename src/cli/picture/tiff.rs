//! What a TIFF says of its samples and pages.

use super::Survey;
use crate::cli::input::Source;
use tiff::decoder::Decoder;
use tiff::tags::Tag;

/// What both kinds of TIFF begin with in both orders of bytes; the second two have numbers of 64 bits.
pub(super) const SIGNATURES: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
/// The value of `ExtraSamples` for an alpha that the colours have been multiplied by.
const ASSOCIATED: u16 = 1;
/// The bits of `NewSubfileType` for a smaller version of another page, and for a mask.
const NO_PAGE: u32 = 1 | 4;
/// Pages that are counted.
const MOST_PAGES: usize = 1000;
/// `PhotometricInterpretation` of samples that are no gray and no RGB.
const KINDS: [(u16, &str); 7] = [
    (3, "palette colours"),
    (4, "a mask"),
    (6, "Y'CbCr colours"),
    (8, "CIE L*a*b* colours"),
    (9, "ICC L*a*b* colours"),
    (32_803, "a colour filter array (raw samples of a camera)"),
    (32_845, "LogLuv colours"),
];

/// Looks at the directories. Where they cannot be read there is nothing to say; the decoder will.
pub(super) fn survey(source: &mut dyn Source) -> Survey {
    let mut survey = Survey::default();
    let Ok(mut decoder) = Decoder::new(source) else {
        return survey;
    };
    let photometric = decoder.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation);
    if let Ok(Some(photometric)) = photometric {
        let kind = KINDS.iter().find(|(code, _)| *code == photometric);
        survey.unread = kind.map(|(_, name)| format!("a TIFF with {name}"));
        if photometric == 5 {
            survey.notes.push(super::PRINTING.into());
        }
    }
    let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples);
    let extra = extra.ok().flatten().unwrap_or_default();
    survey.premultiplied = extra.first() == Some(&ASSOCIATED);
    let mut pages = 1;
    while decoder.more_images() && pages < MOST_PAGES && decoder.next_image().is_ok() {
        let kind = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType);
        let kind = kind.ok().flatten().unwrap_or(0);
        pages += usize::from(kind & NO_PAGE == 0);
    }
    if pages > 1 {
        survey.notes.push(format!(
            "has {pages} pages, of which the first is taken; split them first to have the others"
        ));
    }
    survey
}
