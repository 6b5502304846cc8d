//! What can be wrong with a file, grouped by whose fault it is.

use core::fmt;

use crate::Quantity;

/// Why bytes are not a file that this crate reads, or a [`File`](crate::File) not one that it writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are something else.
    #[error("not a siren file: the first four bytes are not B5 53 52 4E (SPEC 2.2)")]
    NotSiren,

    /// The signature shows what a text conversion leaves of it.
    #[error(
        "this was a siren file before a transfer or an editor treated it as text (SPEC 2.2): copy the \
         original again in binary mode"
    )]
    TextMode,

    /// The bytes begin like a file and end before one can.
    #[error(
        "the file ends after {length} bytes, before its header does (SPEC 2.1): copy it again in full"
    )]
    Truncated {
        /// Length of what there is, in bytes.
        length: usize,
    },

    /// The checksum does not fit the bytes: they changed, or some are missing, since the file was written.
    #[error(
        "the file is damaged or incomplete: its checksum is {stored:08x}, its bytes give {computed:08x} \
         (SPEC 2.3): copy it again in full"
    )]
    Corrupt {
        /// Checksum that the last four bytes hold.
        stored: u32,
        /// Checksum of all bytes before them.
        computed: u32,
    },

    /// The file is whole, but its writer broke a rule of the format.
    #[error("{0} (SPEC {section}): the program that wrote this file is at fault", section = .0.section())]
    Malformed(Fault),

    /// The file uses something that this version of the format does not define.
    #[error(
        "{what} {number} is unknown to this version (SPEC {section}): a newer version may read the file",
        section = .what.section()
    )]
    Unsupported {
        /// The feature whose number is unknown.
        what: Feature,
        /// The number the file gives for it.
        number: u32,
    },

    /// The file is well-formed and asks for more than [`Limits`](crate::Limits) allow.
    #[error(
        "the file asks for {}, and the limit is {allowed} (SPEC 7.2): raise the limit if you trust the file",
        .what.amount(*.asked)
    )]
    Limit {
        /// The limited quantity.
        what: Quantity,
        /// How much the file asks for; `u64::MAX` stands for anything above.
        asked: u64,
        /// How much the limits allow.
        allowed: u64,
    },

    /// The weights are half floats under zstd, and this crate was built without its feature `zstd`.
    #[error(
        "the weights are half floats under zstd (SPEC 5.2), which this build leaves out: read the file with \
         one that has the feature `zstd`, or encode it again as levels"
    )]
    WithoutZstd,

    /// The bytes are not a placeholder, or not all of it.
    #[error("not a placeholder, or not all of one: {0} (SPEC {section}): copy it again in full", section = .0.section())]
    NotPlaceholder(Fault),

    /// The [`File`](crate::File) given to be written breaks a rule of the format.
    #[error("this cannot be written as a siren file: {0} (SPEC {section})", section = .0.section())]
    Invalid(Fault),
}

/// A broken rule of the format.
///
/// Readers report it as [`Error::Malformed`], writers as [`Error::Invalid`]: the rules are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A number starts with a byte that no number of its field starts with.
    Number,
    /// A number, or the list of layers, is not in its shortest form.
    NotShortest,
    /// The file ends within the header.
    HeaderEnds,
    /// A picture or a video has no column or no row.
    EmptyPicture,
    /// A shape's centre is not finite, or its scale not a positive number of full precision.
    Transform,
    /// A rate is zero, or a frame rate not in lowest terms.
    Rate,
    /// A sound or a video has no frame.
    NoFrames,
    /// Segments of a sound are empty, longer than the sound, or overlap by too much.
    Segments,
    /// The number of channels is not one that the signal permits.
    Channels,
    /// The bits per sample are not ones that the signal permits.
    Depth,
    /// A frequency is zero.
    Omega,
    /// There is no hidden layer, or more than 255.
    LayerCount,
    /// A hidden layer has no neuron.
    EmptyLayer,
    /// There is no grid, or more than 64.
    GridCount,
    /// The nodes of a grid are farther apart than 2^15 pixels.
    GridScale,
    /// A hidden layer of the context network has no neuron, or more than 32.
    ContextWidth,
    /// A signal that is no picture has grids of latents.
    GridSignal,
    /// Weights are differences from a prior that does not know networks of this shape.
    PriorNetwork,
    /// All grids together have more nodes than the format permits.
    NodeCount,
    /// A section is longer than what is left of the file.
    SectionEnds,
    /// Sections are not in strictly ascending order of their ids.
    SectionOrder,
    /// There is no weights section.
    NoWeights,
    /// There are fewer or more weights than the network has parameters.
    WeightCount,
    /// The compressed weights do not decompress, or not by the rules.
    WeightStream,
    /// A weight is infinite or not a number.
    NotFinite,
    /// There are more levels than that coding of the weights permits.
    LevelCount,
    /// A level or a step code is out of its range.
    LevelRange,
    /// The biases of a hidden layer do not ascend from 0.
    NeuronOrder,
    /// The coded levels or latents are not a number that their writer can have written.
    LevelStream,
    /// There is no latents section though the file has grids, or there is one though it has none.
    LatentSection,
    /// The context network has fewer or more numbers than its layers call for.
    ContextCount,
    /// A number of the context network is out of its range.
    ContextRange,
    /// There are fewer or more latents than the grids have nodes.
    LatentCount,
    /// A latent is out of its range.
    LatentRange,
    /// A placeholder has no byte, or more than 200.
    PlaceholderLength,
    /// The bytes are not a number that a writer of placeholders ends with.
    PlaceholderStream,
    /// The step code, the channels or the levels of a placeholder are not as many as they may be.
    PlaceholderLevels,
}

impl Fault {
    /// Section of SPEC.md with the rule.
    #[must_use]
    pub fn section(self) -> &'static str {
        self.describe().0
    }

    fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::Number => ("1.2", "a number has an impossible first byte"),
            Self::NotShortest => ("1.3", "the header or a length is not in its shortest form"),
            Self::HeaderEnds => ("3", "the file ends within its header"),
            Self::EmptyPicture => ("3.1", "the width or the height is zero"),
            Self::Transform => (
                "3.1",
                "the centre is not finite, or the scale not a positive number",
            ),
            Self::Rate => ("3.1", "a rate is zero or not in lowest terms"),
            Self::NoFrames => ("3.1", "there are no frames"),
            Self::Segments => (
                "3.1",
                "segments are empty, longer than the sound, or overlap by too much",
            ),
            Self::Channels => ("3.2", "the signal has no such number of channels"),
            Self::Depth => ("3.2", "the signal has no samples of so many bits"),
            Self::Omega => ("3.4", "omega is zero"),
            Self::LayerCount => ("3.5", "the number of hidden layers is not 1 to 255"),
            Self::EmptyLayer => ("3.5", "a hidden layer has no neuron"),
            Self::GridCount => ("3.7", "the number of grids is not 1 to 64"),
            Self::GridScale => ("3.7", "the scale of a grid is above 15"),
            Self::ContextWidth => (
                "3.7",
                "the hidden layers of the context network have not 1 to 32 neurons",
            ),
            Self::GridSignal => ("3.7", "a signal that is no picture has grids"),
            Self::PriorNetwork => (
                "5.5",
                "the weights are differences from a prior that does not know networks of this shape",
            ),
            Self::NodeCount => ("3.7", "the grids have more than 2^28 nodes"),
            Self::SectionEnds => ("4.1", "the file ends within a section"),
            Self::SectionOrder => ("4.1", "the sections are not in strictly ascending order"),
            Self::NoWeights => ("4.2", "there is no weights section"),
            Self::WeightCount => (
                "5.1",
                "the number of weights is not the number of parameters",
            ),
            Self::WeightStream => (
                "5.2",
                "the weights are not one well-formed compressed stream",
            ),
            Self::NotFinite => ("5.2", "a weight is infinite or not a number"),
            Self::LevelCount => ("5.3", "there are more than 2^28 levels"),
            Self::LevelRange => ("5.3.4", "a level, a step or a scale is out of its range"),
            Self::NeuronOrder => ("5.3.5", "the biases of a hidden layer do not ascend from 0"),
            Self::LevelStream => (
                "5.3.1",
                "the levels or latents are not one shortest range-coded number",
            ),
            Self::LatentSection => (
                "4.2",
                "a latents section is missing, or there are no grids for it",
            ),
            Self::ContextCount => (
                "5.4.1",
                "the context network has fewer or more numbers than its layers call for",
            ),
            Self::ContextRange => (
                "5.4.1",
                "a number of the context network is out of its range",
            ),
            Self::LatentCount => ("5.4", "the number of latents is not the number of nodes"),
            Self::LatentRange => ("5.4.4", "a latent is out of its range"),
            Self::PlaceholderLength => ("11.1", "a placeholder has 1 to 200 bytes"),
            Self::PlaceholderStream => (
                "11.2",
                "the bytes are not one shortest range-coded number of a placeholder",
            ),
            Self::PlaceholderLevels => (
                "11.2",
                "the step code, the channels or the levels are not as many as a placeholder has",
            ),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe().1)
    }
}

/// A numbered choice that later versions of the format may add to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// Version of the whole format.
    Version,
    /// Kind of signal.
    Signal,
    /// Colour handling.
    Colour,
    /// Activation function.
    Activation,
    /// The kind of input that enters the network.
    Input,
    /// Coding of the weights.
    Coding,
    /// Prior of the context network.
    Prior,
    /// A section that a decoder has to understand.
    Section,
}

impl Feature {
    /// Section of SPEC.md that lists the known numbers.
    #[must_use]
    pub fn section(self) -> &'static str {
        self.describe().0
    }

    fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::Version => ("2.2", "format version"),
            Self::Signal => ("3.1", "signal kind"),
            Self::Colour => ("3.2", "colour handling"),
            Self::Activation => ("3.3", "activation"),
            Self::Input => ("3.3", "input kind"),
            Self::Coding => ("3.6", "weight coding"),
            Self::Prior => ("3.7", "prior of context networks"),
            Self::Section => ("4.2", "critical section"),
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe().1)
    }
}
