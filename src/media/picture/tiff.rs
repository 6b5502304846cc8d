//! What a TIFF says of its samples and pages.

use super::Survey;
use crate::media::Source;
use tiff::ColorType;
use tiff::decoder::Decoder;
use tiff::tags::Tag;

/// What both kinds of TIFF begin with in both orders of bytes; the second two have numbers of 64 bits.
pub(super) const SIGNATURES: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
/// The value of `ExtraSamples` for an alpha that the colours have been multiplied by.
const ASSOCIATED: u16 = 1;
/// Values of `SampleFormat`; where there is none, samples are numbers without a sign.
const SIGNED: u16 = 2;
const FLOATING: u16 = 3;
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
    let bits = decoder.find_tag_unsigned_vec::<u16>(Tag::BitsPerSample);
    let bits = bits.ok().flatten().unwrap_or_default();
    let formats = decoder.find_tag_unsigned_vec::<u16>(Tag::SampleFormat);
    let formats = formats.ok().flatten().unwrap_or_default();
    if formats.first() == Some(&SIGNED) {
        survey.unread = Some("a TIFF with signed samples".into());
    } else if bits.iter().any(|&bits| bits > 16) && formats.first() != Some(&FLOATING) {
        survey.unread = Some(format!("a TIFF with {} bits a sample", bits[0]));
    } else if let Ok(ColorType::Multiband { num_samples, .. }) = decoder.colortype() {
        survey.unread = Some(match num_samples {
            2 => "a TIFF of gray with alpha".into(),
            _ => format!("a TIFF of {num_samples} gray channels"),
        });
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
