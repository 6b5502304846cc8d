//! Which format an output's name asks for.

use super::failure::Failure;
use super::paths::Place;
use sirenc::media::picture::Format;

/// The format of pictures that an output's extension stands for: PNG where there is none.
pub(crate) fn of(output: &Place) -> Result<&'static Format, Failure> {
    let Some(extension) = output.path().and_then(|path| path.extension()) else {
        return Ok(Format::png());
    };
    let extension = extension.to_string_lossy().to_lowercase();
    Format::of(&extension).ok_or_else(|| {
        let known = Vec::from_iter(Format::extensions()).join(", .");
        let convert = match extension.as_str() {
            "avif" => "; `avifenc OUT.png OUT.avif` makes it of a PNG",
            "jxl" => "; `cjxl OUT.png OUT.jxl` makes it of a PNG",
            _ => "",
        };
        Failure::Usage(format!(
            "pictures are not written as .{extension}; give -o one of .{known}{convert}"
        ))
    })
}
