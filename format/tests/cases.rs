//! The golden files: how each is made, and what reading it gives.

use siren_format::{Error, Fault, Feature, File, Quantity, Weights};

use crate::samples::{
    HEADER, LEVELS, PAYLOAD, SHAPE, SOUND, VIDEO, file, gray, halves, leveled, other, other_levels,
    seal, section, tensors,
};

/// Name, description, bytes, and what reading them gives.
pub(crate) type Case<T> = (&'static str, &'static str, Vec<u8>, T);

pub(crate) fn valid() -> Vec<Case<File>> {
    let rgb = || file((30, 20), (3, 8), &[3, 3], halves(33, 1));
    let rgba16 = file((300, 70_000), (4, 16), &[2, 2, 3], halves(37, 2));
    let flat = file((768, 512), (2, 8), &[28, 28], vec![0; 954]);
    let mut icc = rgb();
    icc.icc = Some(b"not a real profile".to_vec());
    let written = |file: &File| file.to_bytes().expect("a valid file");
    let optional = [section(1, &PAYLOAD), section(0xC5, b"later")].concat();
    vec![
        (
            "gray",
            "1 x 1, one neuron: the example of SPEC 10",
            written(&gray()),
            gray(),
        ),
        ("rgb", "30 x 20, 2-3-3-3", written(&rgb()), rgb()),
        (
            "rgba16",
            "300 x 70,000, 2-2-2-3-4, 16 bits",
            written(&rgba16),
            rgba16,
        ),
        (
            "flat",
            "768 x 512, gray and alpha, all weights zero",
            written(&flat),
            flat,
        ),
        ("icc", "rgb with an ICC section", written(&icc), icc),
        (
            "optional",
            "gray with an unknown optional section",
            seal(&HEADER, &optional),
            gray(),
        ),
        (
            "levels",
            "30 x 20, 2-3-3-3, weight coding 1",
            written(&levels(|_| 12.0)),
            levels(|_| 12.0),
        ),
        (
            "levels-zero",
            "the same, all biases and the weights of layer 2 zero",
            written(&levels(|index| [3.0, 0.0, 0.0][index % 3])),
            levels(|index| [3.0, 0.0, 0.0][index % 3]),
        ),
        (
            "levels-wide",
            "the same, standard deviations 100,000 and 0.3",
            written(&levels(|index| [1e5, 0.3][index % 2])),
            levels(|index| [1e5, 0.3][index % 2]),
        ),
        (
            "levels-escape",
            "2-28-28-1 with outliers as large as a level can be",
            written(&escapes()),
            escapes(),
        ),
        (
            "levels-least",
            "1 x 1, one neuron, weight coding 1, as few bytes as possible",
            written(&least()),
            least(),
        ),
        (
            "shape",
            "a shape in a cube of side 0.5 at (1, -2, 0.125), 3-3-3-1",
            written(&shape()),
            shape(),
        ),
        (
            "sound",
            "10,400 frames of stereo in 3 segments, 1-2-2, 16 bits",
            written(&sound()),
            sound(),
        ),
        (
            "sound-levels",
            "the same in floats, 1-3-3-2, weight coding 1",
            written(&sound_levels()),
            sound_levels(),
        ),
        (
            "sound-zeros",
            "10,400 frames in 3 segments, one neuron, weight coding 1, all weights zero",
            written(&sound_zeros()),
            sound_zeros(),
        ),
        (
            "video",
            "50 frames of 64 x 48 at 30,000/1,001 a second, 3-2-3, weight coding 1",
            written(&video()),
            video(),
        ),
    ]
}

fn shape() -> File {
    other(SHAPE, (1, 32), &[3, 3], 6)
}

fn sound() -> File {
    other(SOUND, (2, 16), &[2], 7)
}

fn sound_levels() -> File {
    other_levels(SOUND, (2, 32), &[3, 3], |index| [30.0, 4.0][index % 2])
}

fn sound_zeros() -> File {
    other_levels(SOUND, (1, 8), &[1], |_| 0.0)
}

fn video() -> File {
    other_levels(VIDEO, (3, 8), &[2], |_| 12.0)
}

/// Weights under coding 1 of these standard deviations.
fn levels(deviation: impl Fn(usize) -> f64) -> File {
    let mut file = file((30, 20), (3, 8), &[3, 3], vec![]);
    file.weights = Weights::Levels(tensors(&file.header, 1, deviation));
    file
}

/// Small levels, and among them some that no scale for the others reaches.
fn escapes() -> File {
    let header = leveled(&[28, 28], vec![]).header;
    let mut tensors = tensors(&header, 2, |_| 3.0);
    let outliers = [40, -40, 1000, 1 << 20, -(1 << 20)];
    tensors[2].levels[100..105].copy_from_slice(&outliers);
    leveled(&[28, 28], tensors)
}

/// Zeros, with the steps that are expected.
fn least() -> File {
    let header = leveled(&[1], vec![]).header;
    let mut tensors = tensors(&header, 0, |_| 0.0);
    for (tensor, step) in tensors.iter_mut().zip([100, 95, 108, 103]) {
        tensor.step = step;
    }
    leveled(&[1], tensors)
}

/// Kind and fields of a shape at the origin, and samples that suit it.
fn shape_fields(scale: u32) -> Vec<u8> {
    [&[1], &[0; 12][..], &scale.to_le_bytes(), &[12]].concat()
}

pub(crate) fn invalid() -> Vec<Case<Error>> {
    use Error::{Malformed, TextMode, Truncated};
    let good = seal(&HEADER, &section(1, &PAYLOAD));
    let weights = section(1, &PAYLOAD);
    // The sound file with bytes `at..at + old` of its header replaced.
    let header = |at: usize, old: usize, new: &[u8]| {
        seal(
            &[&HEADER[..at], new, &HEADER[at + old..]].concat(),
            &weights,
        )
    };
    let sections = |parts: &[&[u8]]| seal(&HEADER, &parts.concat());
    let payload = |bytes: &[u8]| seal(&HEADER, &section(1, bytes));
    // The sound file with weight coding 1 and this payload.
    let level = |bytes: &[u8]| seal(&[&HEADER[..10], &[1]].concat(), &section(1, bytes));
    let text = |start: &[u8]| [start, &good[1..]].concat();
    let unknown = |what, number| Error::Unsupported { what, number };
    let limit = |what, asked, allowed| Error::Limit {
        what,
        asked,
        allowed,
    };
    let with = |at: usize, value: u8| {
        let mut bytes = PAYLOAD.to_vec();
        bytes[at] = value;
        payload(&bytes)
    };
    let mut damaged = good.clone();
    damaged[6] = 2;
    let corrupt = Error::Corrupt {
        stored: 0xD248_1180,
        computed: 0x61DC_3C43,
    };
    let twice = [&PAYLOAD[..], &[0x28, 0xB5, 0x2F, 0xFD], &PAYLOAD].concat();
    let short = file((1, 1), (1, 8), &[1, 1], halves(7, 1))
        .to_bytes()
        .expect("a valid file");
    let other_weights = &short[5 + HEADER.len() + 2..short.len() - 4];
    vec![
        ("empty", "no bytes", vec![], Truncated { length: 0 }),
        (
            "stub",
            "eight bytes",
            good[..8].to_vec(),
            Truncated { length: 8 },
        ),
        (
            "png",
            "another format",
            b"\x89PNG\r\n\x1a\n".to_vec(),
            Error::NotSiren,
        ),
        (
            "seven-bits",
            "signature without its top bit",
            text(b"\x35"),
            TextMode,
        ),
        (
            "utf8",
            "signature converted from Latin-1 to UTF-8",
            text(b"\xC2\xB5"),
            TextMode,
        ),
        (
            "replaced",
            "signature with a replacement character",
            text(b"\xEF\xBF\xBD"),
            TextMode,
        ),
        (
            "version",
            "version 2",
            [&good[..4], &[2], &good[5..]].concat(),
            unknown(Feature::Version, 2),
        ),
        ("damaged", "width changed, checksum not", damaged, corrupt),
        (
            "signal",
            "signal kind 4",
            header(0, 1, &[4]),
            unknown(Feature::Signal, 4),
        ),
        (
            "colour",
            "colour handling 1",
            header(3, 1, &[0x10]),
            unknown(Feature::Colour, 1),
        ),
        (
            "activation",
            "activation 15",
            header(4, 1, &[0x0F]),
            unknown(Feature::Activation, 15),
        ),
        (
            "input",
            "input kind 2",
            header(4, 1, &[0x20]),
            unknown(Feature::Input, 2),
        ),
        (
            "coding",
            "weight coding 238",
            header(10, 1, &[238]),
            unknown(Feature::Coding, 238),
        ),
        (
            "number-64",
            "width in 64 bits",
            header(1, 1, &[253, 1, 0, 0, 0, 0, 0, 0, 0]),
            Malformed(Fault::Number),
        ),
        (
            "number-255",
            "width begins with 255",
            header(1, 1, &[255]),
            Malformed(Fault::Number),
        ),
        (
            "long-width",
            "width 1 in three bytes",
            header(1, 1, &[251, 1, 0]),
            Malformed(Fault::NotShortest),
        ),
        (
            "long-kind",
            "signal kind 0 in three bytes",
            header(0, 1, &[251, 0, 0]),
            Malformed(Fault::NotShortest),
        ),
        (
            "split-run",
            "2 x 1 neuron as two runs",
            header(7, 3, &[2, 1, 1, 1, 1]),
            Malformed(Fault::NotShortest),
        ),
        (
            "empty-run",
            "a run of no layers",
            header(7, 3, &[2, 1, 1, 0, 2]),
            Malformed(Fault::NotShortest),
        ),
        (
            "long-length",
            "section length in three bytes",
            sections(&[&[1, 251, 15, 0], &PAYLOAD]),
            Malformed(Fault::NotShortest),
        ),
        (
            "header-ends",
            "a header of five bytes",
            seal(&HEADER[..5], &[]),
            Malformed(Fault::HeaderEnds),
        ),
        (
            "width-0",
            "width 0",
            header(1, 1, &[0]),
            Malformed(Fault::EmptyPicture),
        ),
        (
            "shape-scale",
            "a shape of scale -1",
            header(0, 4, &shape_fields(0xBF80_0000)),
            Malformed(Fault::Transform),
        ),
        (
            "shape-infinite",
            "a shape of infinite scale",
            header(0, 4, &shape_fields(0x7F80_0000)),
            Malformed(Fault::Transform),
        ),
        (
            "shape-depth",
            "a shape of 16 bits",
            header(0, 4, &[&shape_fields(0x3F80_0000)[..17], &[4]].concat()),
            Malformed(Fault::Depth),
        ),
        (
            "sound-rate",
            "a sound at rate 0",
            header(0, 4, &[2, 0, 9, 9, 0, 4]),
            Malformed(Fault::Rate),
        ),
        (
            "sound-frames",
            "a sound of no frames",
            header(0, 4, &[2, 1, 0, 0, 0, 4]),
            Malformed(Fault::NoFrames),
        ),
        (
            "sound-overlap",
            "segments of 5 frames that overlap by 3",
            header(0, 4, &[2, 1, 9, 5, 3, 4]),
            Malformed(Fault::Segments),
        ),
        (
            "sound-one",
            "a single segment with an overlap",
            header(0, 4, &[2, 1, 9, 9, 1, 4]),
            Malformed(Fault::Segments),
        ),
        (
            "sound-channels",
            "a sound of 3 channels",
            header(0, 4, &[2, 1, 9, 9, 0, 6]),
            Malformed(Fault::Channels),
        ),
        (
            "video-rate",
            "a video at 60/2 frames a second",
            header(0, 4, &[3, 1, 1, 1, 60, 2, 0]),
            Malformed(Fault::Rate),
        ),
        (
            "sound-segments",
            "10^9 segments of one frame",
            header(0, 4, &[2, 1, 252, 0, 202, 154, 59, 1, 0, 4]),
            limit(Quantity::Networks, 1_000_000_000, 1 << 16),
        ),
        (
            "sound-networks",
            "2^27 segments of 2 frames",
            header(0, 4, &[2, 1, 252, 0, 0, 0, 16, 2, 0, 4]),
            limit(Quantity::Networks, 1 << 27, 1 << 16),
        ),
        (
            "depth-24",
            "24 bits a sample",
            header(3, 1, &[0x08]),
            Malformed(Fault::Depth),
        ),
        (
            "omega-0",
            "omega 0 in the first layer",
            header(5, 1, &[0]),
            Malformed(Fault::Omega),
        ),
        (
            "layers-0",
            "no hidden layer",
            header(7, 3, &[0]),
            Malformed(Fault::LayerCount),
        ),
        (
            "layers-256",
            "256 hidden layers",
            header(7, 3, &[1, 251, 0, 1, 1]),
            Malformed(Fault::LayerCount),
        ),
        (
            "runs-2-32",
            "2^32 - 1 runs",
            header(7, 3, &[252, 255, 255, 255, 255]),
            Malformed(Fault::LayerCount),
        ),
        (
            "layer-empty",
            "a layer of no neurons",
            header(9, 1, &[0]),
            Malformed(Fault::EmptyLayer),
        ),
        (
            "section-ends",
            "a section one byte too long",
            sections(&[&[1, 16], &PAYLOAD]),
            Malformed(Fault::SectionEnds),
        ),
        (
            "section-bare",
            "an id without a length",
            sections(&[&weights, &[0x81]]),
            Malformed(Fault::SectionEnds),
        ),
        (
            "section-twice",
            "two weights sections",
            sections(&[&weights, &weights]),
            Malformed(Fault::SectionOrder),
        ),
        (
            "section-order",
            "ICC before weights",
            sections(&[&section(0x81, b"icc"), &weights]),
            Malformed(Fault::SectionOrder),
        ),
        (
            "section-critical",
            "section 3",
            sections(&[&weights, &section(3, b"")]),
            unknown(Feature::Section, 3),
        ),
        (
            "no-weights",
            "an ICC section alone",
            sections(&[&section(0x81, b"icc")]),
            Malformed(Fault::NoWeights),
        ),
        (
            "weight-count",
            "7 weights for 5 parameters",
            payload(other_weights),
            Malformed(Fault::WeightCount),
        ),
        (
            "stream-empty",
            "no compressed bytes",
            payload(&[]),
            Malformed(Fault::WeightStream),
        ),
        (
            "stream-checksum",
            "a frame that announces a checksum",
            with(0, 0x24),
            Malformed(Fault::WeightStream),
        ),
        (
            "stream-dictionary",
            "a frame with a dictionary",
            payload(&[&[0x21, 7], &PAYLOAD[1..]].concat()),
            Malformed(Fault::WeightStream),
        ),
        (
            "stream-unsized",
            "a frame without its content size",
            payload(&[&[0x00, 0x00], &PAYLOAD[2..]].concat()),
            Malformed(Fault::WeightStream),
        ),
        (
            "stream-reserved",
            "a block of the reserved type",
            with(2, 0x57),
            Malformed(Fault::WeightStream),
        ),
        (
            "stream-twice",
            "two frames",
            payload(&twice),
            Malformed(Fault::WeightStream),
        ),
        (
            "stream-tail",
            "a byte after the frame",
            payload(&[&PAYLOAD[..], &[0]].concat()),
            Malformed(Fault::WeightStream),
        ),
        (
            "stream-cut",
            "a frame without its last byte",
            payload(&PAYLOAD[..14]),
            Malformed(Fault::WeightStream),
        ),
        (
            "infinite",
            "an infinite weight",
            with(5, 0x7C),
            Malformed(Fault::NotFinite),
        ),
        (
            "levels-cut",
            "the first byte of the levels",
            level(&LEVELS[..1]),
            Malformed(Fault::LevelRange),
        ),
        (
            "levels-tail",
            "a zero byte after the levels",
            level(&[&LEVELS[..], &[0]].concat()),
            Malformed(Fault::LevelStream),
        ),
        (
            "levels-longer",
            "another byte after the levels, which changes none of them",
            level(&[&LEVELS[..], &[1]].concat()),
            Malformed(Fault::LevelStream),
        ),
        (
            "levels-unread",
            "more bytes after the levels than a reader looks at",
            level(&[&LEVELS[..], &[1; 40]].concat()),
            Malformed(Fault::LevelStream),
        ),
        (
            "levels-beyond",
            "a first symbol that is none of the possible ones",
            level(&[0xFF; 8]),
            Malformed(Fault::LevelStream),
        ),
        (
            "levels-empty",
            "no bytes: a Golomb code of zeros alone",
            level(&[]),
            Malformed(Fault::LevelRange),
        ),
        (
            "levels-step",
            "step code 256",
            level(&[0x0A, 0x3C]),
            Malformed(Fault::LevelRange),
        ),
        (
            "levels-scale",
            "scale code 88",
            level(&[0x80, 0x12, 0xBF]),
            Malformed(Fault::LevelRange),
        ),
        (
            "levels-range",
            "a level of 5,170,517, more than 2^22",
            level(&[0x80, 0x12, 0x3F, 0xFF, 0x44, 0xFF]),
            Malformed(Fault::LevelRange),
        ),
        (
            "levels-order",
            "two neurons whose biases do not ascend",
            seal(&[&HEADER[..9], &[2, 1]].concat(), &section(1, &[0xC5])),
            Malformed(Fault::NeuronOrder),
        ),
        (
            "side",
            "2^32 - 1 columns",
            header(1, 1, &[252, 255, 255, 255, 255]),
            limit(Quantity::Side, 0xFFFF_FFFF, 1 << 20),
        ),
        (
            "pixels",
            "65,536 x 65,537",
            header(1, 2, &[252, 0, 0, 1, 0, 252, 1, 0, 1, 0]),
            limit(Quantity::Pixels, 65_536 * 65_537, 1 << 32),
        ),
        (
            "layer-width",
            "2^32 - 1 neurons",
            header(9, 1, &[252, 255, 255, 255, 255]),
            limit(Quantity::LayerWidth, 0xFFFF_FFFF, 4096),
        ),
        (
            "parameters",
            "200 x 4,096 neurons",
            header(8, 2, &[200, 251, 0, 16]),
            limit(Quantity::Parameters, 3_339_497_473, 1 << 24),
        ),
        (
            "operations",
            "16,000 x 16,000, 10 x 200 neurons",
            header(
                1,
                9,
                &[251, 0x80, 0x3E, 251, 0x80, 0x3E, 0, 0, 240, 240, 1, 10, 200],
            ),
            limit(Quantity::Operations, 100_641_325_381_120, 350_000_000_000),
        ),
    ]
}
