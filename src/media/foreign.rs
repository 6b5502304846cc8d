//! Formats that are known by how their files begin, and not read, each with a command that makes something of it that is.

use super::Error;

/// What a file of each format has, at which byte, what it is called, and what converts it.
const KNOWN: [(usize, &[u8], &str, &str); 19] = [
    (4, b"ftypavif", "an AVIF picture", "avifdec IN.avif OUT.png"),
    (4, b"ftypavis", "an animated AVIF picture", VIDEO),
    (4, b"ftyphei", "a HEIC picture", HEIC),
    (4, b"ftyphev", "a HEIC picture", HEIC),
    (4, b"ftypmif1", "a HEIF picture", HEIC),
    (4, b"ftypmsf1", "a HEIF picture", HEIC),
    (4, b"ftypqt", "a QuickTime video", VIDEO),
    (4, b"ftyp", "an MPEG-4 video", VIDEO),
    (4, b"moov", "a QuickTime video", VIDEO),
    (0, b"\x1A\x45\xDF\xA3", "a Matroska or WebM video", VIDEO),
    (8, b"AVI LIST", "an AVI video", VIDEO),
    (0, b"FLV\x01", "a Flash video", VIDEO),
    (0, b"\0\0\x01\xBA", "an MPEG video", VIDEO),
    (0, b"\xFF\x0A", "a JPEG XL picture", JPEG_XL),
    (0, b"\0\0\0\x0CJXL \r\n\x87\n", "a JPEG XL picture", JPEG_XL),
    (
        0,
        b"8BPS",
        "a Photoshop picture",
        "magick IN.psd[0] OUT.png",
    ),
    (
        0,
        b"\x76\x2F\x31\x01",
        "an OpenEXR picture",
        "magick IN.exr OUT.png",
    ),
    (
        0,
        b"#?RADIANCE",
        "a Radiance picture",
        "magick IN.hdr OUT.png",
    ),
    (0, b"glTF", MODEL, "assimp export IN.glb OUT.ply"),
];

const MODEL: &str = "a glTF model";
const HEIC: &str = "heif-dec IN.heic OUT.png";
const JPEG_XL: &str = "djxl IN.jxl OUT.png";
const VIDEO: &str = "ffmpeg -i IN -f yuv4mpegpipe - | sirenc encode - -o OUT.siren";

/// Whether a file begins as a glTF model in JSON does, which every program writes with its property `asset`.
fn is_text_model(start: &[u8]) -> bool {
    let mut text = start.iter().filter(|byte| !byte.is_ascii_whitespace());
    text.next() == Some(&b'{') && start.windows(7).any(|word| word == b"\"asset\"")
}

/// The refusal of a file that begins with `start`, if it is of such a format.
pub(super) fn refused(start: &[u8]) -> Option<Error> {
    let is = |(at, magic, ..): &&(usize, &[u8], _, _)| {
        start.get(*at..).is_some_and(|rest| rest.starts_with(magic))
    };
    let known = KNOWN
        .iter()
        .find(is)
        .map(|(.., what, command)| (*what, *command));
    let text_model = || is_text_model(start).then_some((MODEL, "assimp export IN.gltf OUT.ply"));
    let (what, command) = known.or_else(text_model)?;
    let meshes = match what {
        MODEL => ". Meshes are read from .ply, .obj and .stl",
        _ => "",
    };
    Some(Error::Unsupported(format!(
        "is {what}, which is not read; convert it with `{command}`{meshes}"
    )))
}
