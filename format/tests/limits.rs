//! Each limit on its own: the value that a file needs passes, one less is an error, and nothing is
//! allocated for it.

use siren_format::{Cost, Error, Fault, File, Limits, Quantity, Signal, inspect};

use crate::allocations::peak;
use crate::samples::{PAYLOAD, SHAPE, SOUND, VIDEO, file, halves, other, seal, section};

type Change = fn(&mut File);

#[test]
fn each_limit_is_exact() {
    let mut rgb = file((30, 20), (3, 8), &[5, 4], halves(54, 1));
    rgb.icc = Some(vec![7; 9]);
    // 2-5-4-3: 54 parameters in 3 layers, 42 multiplications and 12 sums a point; 600 points are 3 tiles.
    let reading = 54 * 1536 + 3 * 32_768;
    for (what, asked) in [
        (Quantity::Side, 30),
        (Quantity::Pixels, 600),
        (Quantity::Frames, 1),
        (Quantity::Networks, 1),
        (Quantity::LayerWidth, 5),
        (Quantity::Parameters, 54),
        (
            Quantity::Operations,
            reading + 65_536 + 3 * 256 * (42 + 16 * 12 + 512),
        ),
        (Quantity::Metadata, 9),
        // The metadata comes on top of the network.
        (Quantity::Memory, 54 * 16 + 3 * 640 + 512 + 9),
        (Quantity::Output, 3 * 600),
    ] {
        exact(&rgb, what, asked);
    }
    // 1-5-4-2: 10 + 24 + 10 parameters, 33 multiplications and 11 sums. 10,400 frames are 41 tiles and 3 more where a
    // segment ends in one; 100 frames that fade are 2 tiles at most, of each segment.
    let sound = other(SOUND, (2, 16), &[5, 4], 1);
    let Signal::Sound { overlap, .. } = SOUND else {
        panic!("no sound");
    };
    let faded = u64::from(overlap).div_ceil(256) + 1;
    let tiles = 41 + 3 + 3 * faded;
    for (what, asked) in [
        (Quantity::Networks, 3),
        (Quantity::Parameters, 3 * 44),
        (
            Quantity::Operations,
            3 * (44 * 1536 + 3 * 32_768) + tiles * 256 * (33 + 16 * 11 + 512) + 512 * 10_400,
        ),
        (Quantity::Memory, 3 * (44 * 16 + 3 * 640 + 512)),
        (Quantity::Output, 10_400 * 4),
    ] {
        exact(&sound, what, asked);
    }
    // 3-5-4-3: 20 + 24 + 15 parameters, 47 multiplications and 12 sums.
    let video = other(VIDEO, (3, 8), &[5, 4], 1);
    for (what, asked) in [
        (Quantity::Frames, 50),
        (Quantity::Pixels, 50 * 64 * 48),
        (
            Quantity::Operations,
            59 * 1536 + 3 * 32_768 + 50 * (65_536 + 64 * 48 * (47 + 16 * 12 + 512)),
        ),
        (Quantity::Output, 50 * 64 * 48 * 3),
    ] {
        exact(&video, what, asked);
    }
    // A shape is stored at no points: 3-5-4-1 has 20 + 24 + 5 parameters.
    let shape = other(SHAPE, (1, 32), &[5, 4], 1);
    let none = Limits::default()
        .with_side(0)
        .with_pixels(0)
        .with_frames(0)
        .with_output(0)
        .with_operations(49 * 1536 + 3 * 32_768);
    let bytes = shape.to_bytes().expect("a valid file");
    assert_eq!(File::from_bytes(&bytes, &none), Ok(shape));
}

/// Tiles of wide layers leave the cache: products of what comes from there count twice, and sines more than twice.
#[test]
fn wide_layers_are_charged_more() {
    let each = |width: u32, components| {
        let hidden = [width, width];
        let file = other(SHAPE, (1, 32), &[], 1);
        let mut header = file.header;
        header.network.hidden = hidden.to_vec();
        header.operations_per_point(components)
    };
    let network = |width: u64, product, sine| {
        let wide = width * (3 + sine) + width * (product * width + sine);
        wide + product * width + 16
    };
    assert_eq!(each(1024, 1), 512 + network(1024, 1, 16));
    assert_eq!(each(1025, 1), 512 + network(1025, 2, 40));
    assert_eq!(each(512, 4), 512 + 4 * network(512, 1, 16));
    assert_eq!(each(513, 4), 512 + 4 * network(513, 1, 64));
    assert_eq!(each(2048, 4), 512 + 4 * network(2048, 2, 64));
}

/// Bytes that a range coder reads are charged for, once it is known how many there are.
#[test]
fn bytes_of_levels_are_charged() {
    let file = crate::samples::other_levels(SHAPE, (1, 32), &[5, 4], |_| 1000.0);
    let bytes = file.to_bytes().expect("a valid file");
    let layout = inspect(&bytes, &Limits::default()).expect("a valid file");
    let weights = layout.spans.iter().find(|span| span.part.is_weights());
    let coded = weights.expect("weights").length as u64;
    assert!(coded > 49, "{coded} bytes of 49 levels of 11 bits");
    let asked = 49 * 1536 + 3 * 32_768 + 1536 * coded;
    assert_eq!(layout.reading().operations, asked);
    let measured = File::measured(&bytes, &Limits::default()).expect("a valid file");
    assert_eq!(measured.reading, layout.reading());
    exact(&file, Quantity::Operations, asked);
}

/// Reads `file` under the limit that it needs, and not under one less.
fn exact(file: &File, what: Quantity, asked: u64) {
    let bytes = file.to_bytes().expect("a valid file");
    let limits = |most| Limits::default().with(what, most);
    assert_eq!(File::from_bytes(&bytes, &limits(asked)).as_ref(), Ok(file));
    let error = Error::Limit {
        what,
        asked,
        allowed: asked - 1,
    };
    assert_eq!(File::from_bytes(&bytes, &limits(asked - 1)), Err(error));
}

/// What is charged for memory is more than reading takes, and not much more: for networks of many small layers and of few
/// large ones, one of them and many.
#[test]
fn memory_is_charged_as_it_is_used() {
    let sound = |networks: u32| Signal::Sound {
        rate: 8000,
        frames: networks,
        segment: 1,
        overlap: 0,
    };
    for (networks, hidden) in [
        (1, vec![300, 300]),
        (1, vec![1; 255]),
        (500, vec![1]),
        (100, vec![1; 100]),
        (300, vec![12, 12]),
    ] {
        let file = other(sound(networks), (1, 16), &hidden, 1);
        let bytes = file.to_bytes().expect("a valid file");
        let (result, held) = peak(|| File::from_bytes(&bytes, &Limits::none()));
        assert_eq!(result, Ok(file.clone()));
        let charged = file.header.reading().memory;
        assert!(
            held as u64 <= charged,
            "{networks} networks of {hidden:?}: {held} bytes held, {charged} charged"
        );
    }
}

/// Sums saturate, so that nothing wraps to what a limit lets through.
#[test]
fn costs_saturate() {
    let mut cost = Cost::default();
    cost.evaluate(u64::MAX, 3, 5);
    cost.work(7);
    cost.hold(u64::MAX);
    cost.hold(1);
    cost.show(u64::MAX, 2, 3);
    cost.play(u64::MAX, u64::MAX, u64::MAX, 2);
    let all = u64::MAX;
    assert_eq!(
        cost,
        Cost {
            operations: all,
            memory: all,
            frames: all,
            pixels: all,
            output: all,
        }
    );
    assert!(Limits::default().admit(&cost).is_err() && Limits::none().admit(&cost).is_ok());
}

/// The limits for people are not below those for services.
#[test]
fn people_may_ask_for_more_than_services() {
    let (less, more) = (Limits::default(), Limits::interactive());
    for what in Quantity::ALL {
        assert!(
            0 < less.of(what) && less.of(what) <= more.of(what),
            "{what}"
        );
    }
}

/// Headers that ask for far more than there is; each is refused with next to nothing allocated.
#[test]
fn bombs_cost_nothing() {
    const MAX: [u8; 5] = [252, 255, 255, 255, 255];
    let tail = |runs: &[u8]| [&[0, 0, 240, 240][..], runs, &[0]].concat();
    let picture = |side: &[u8], runs: &[u8]| [&[0], side, side, &tail(runs)].concat();
    let wide = [&[1, 200][..], &MAX].concat();
    // A frame that declares 2 x 16,777,216 bytes in one repeated byte.
    let frame = [0xA0, 0, 0, 0, 2, 3, 0, 0, 0];
    let half = Limits::default()
        .with_layer_width(u64::MAX)
        .with_parameters(u64::MAX)
        .with_memory(u64::MAX);
    let open = half.clone().with_operations(u64::MAX);
    let limit = |what, asked, allowed| Error::Limit {
        what,
        asked,
        allowed,
    };
    let cases = [
        (
            picture(&[251, 255, 255], &[1, 200, 28]),
            Limits::default().with_pixels(1 << 28),
            limit(Quantity::Pixels, 65_535 * 65_535, 1 << 28),
        ),
        (picture(&MAX, &wide), Limits::default(), {
            limit(Quantity::Side, u64::from(u32::MAX), 1 << 20)
        }),
        (picture(&[1], &wide), Limits::default(), {
            limit(Quantity::LayerWidth, u64::from(u32::MAX), 4096)
        }),
        (
            picture(&[1], &wide),
            half,
            limit(Quantity::Operations, u64::MAX, 350_000_000_000),
        ),
        (
            picture(&[1], &wide),
            open.clone(),
            Error::Malformed(Fault::WeightCount),
        ),
        // 4 x 4,194,303 + 1 + 3 = 2^24 parameters, as the frame declares.
        (
            picture(&[1], &[1, 1, 252, 0xFF, 0xFF, 0x3F, 0]),
            open.clone(),
            Error::Malformed(Fault::WeightCount),
        ),
        (
            picture(&[1], &[2, 1, 1, 1, 253]),
            open,
            Error::Malformed(Fault::Number),
        ),
    ];
    for (header, limits, error) in cases {
        let bytes = seal(&header, &section(1, &frame));
        let (result, held) = peak(|| File::from_bytes(&bytes, &limits));
        assert_eq!(result, Err(error));
        assert!(held < 4096, "{held} bytes held");
    }
}

/// A frame may not declare more than its length can hold.
#[test]
fn short_frames_do_not_reserve_what_they_declare() {
    // 2-4095-4095-1: 2 x 4095 + 4095 + 4095 x 4096 + 4096 = 16,789,501 parameters.
    let header = [0, 1, 1, 0, 0, 240, 240, 1, 2, 251, 0xFF, 0x0F, 0];
    let parameters = 4095 * 3 + 4095 * 4096 + 4096;
    let size = (2 * parameters as u32).to_le_bytes();
    let frame = [&[0xA0], &size[..], &[3, 0, 0, 0]].concat();
    let bytes = seal(&header, &section(1, &frame));
    let limits = Limits::default().with_parameters(parameters as u64);
    let (result, held) = peak(|| File::from_bytes(&bytes, &limits));
    assert!(
        matches!(result, Err(Error::Malformed(Fault::WeightStream))),
        "{result:?}"
    );
    assert!(held < 4096, "{held} bytes held");
}

#[test]
fn a_writer_is_held_to_the_same_rules() {
    let valid = || file((1, 1), (1, 8), &[1], halves(5, 1));
    let cases: [(Fault, Change); 9] = [
        (Fault::EmptyPicture, |f| {
            f.header.signal = Signal::Picture {
                width: 1,
                height: 0,
            };
        }),
        (Fault::Channels, |f| f.header.samples.channels = 0),
        (Fault::Channels, |f| f.header.samples.channels = 5),
        (Fault::Depth, |f| f.header.samples.depth = 12),
        (Fault::Omega, |f| f.header.network.omega_hidden = 0),
        (Fault::LayerCount, |f| f.header.network.hidden.clear()),
        (Fault::LayerCount, |f| {
            f.header.network.hidden = vec![1; 256];
        }),
        (Fault::EmptyLayer, |f| f.header.network.hidden = vec![1, 0]),
        (Fault::WeightCount, |f| f.header.network.hidden = vec![2]),
    ];
    for (fault, break_it) in cases {
        let mut file = valid();
        break_it(&mut file);
        assert_eq!(file.to_bytes(), Err(Error::Invalid(fault)));
    }
    let mut signals = vec![];
    let mut refused = |fault, signal, samples| signals.push((fault, signal, samples));
    for bits in [
        0,
        1,
        0x007F_FFFF,
        0x8000_0000,
        0xBF80_0000,
        0x7F80_0000,
        0x7FC0_0000,
    ] {
        let centre = [0; 3];
        let signal = Signal::Shape {
            centre,
            scale: bits,
        };
        refused(Fault::Transform, signal, (1, 32));
    }
    for bits in [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000] {
        let centre = [0, bits, 0];
        let signal = Signal::Shape {
            centre,
            scale: 0x3F80_0000,
        };
        refused(Fault::Transform, signal, (1, 32));
    }
    let sound = |frames, segment, overlap| Signal::Sound {
        rate: 1,
        frames,
        segment,
        overlap,
    };
    refused(Fault::NoFrames, sound(0, 0, 0), (1, 16));
    for (frames, segment, overlap) in [(9, 0, 0), (9, 10, 0), (9, 9, 1), (9, 5, 3), (9, 1, 1)] {
        refused(Fault::Segments, sound(frames, segment, overlap), (1, 16));
    }
    let video = |frames, rate| Signal::Video {
        width: 1,
        height: 1,
        frames,
        rate,
    };
    refused(Fault::NoFrames, video(0, [1, 1]), (1, 8));
    for rate in [[0, 1], [1, 0], [0, 0], [60, 2], [5, 5]] {
        refused(Fault::Rate, video(1, rate), (1, 8));
    }
    for (signal, samples) in [(SHAPE, (2, 32)), (SOUND, (3, 16)), (VIDEO, (5, 8))] {
        refused(Fault::Channels, signal, samples);
    }
    for (signal, samples) in [(SHAPE, (1, 16)), (SOUND, (1, 12)), (VIDEO, (1, 24))] {
        refused(Fault::Depth, signal, samples);
    }
    for (fault, signal, samples) in signals {
        let mut file = valid();
        file.header.signal = signal;
        (file.header.samples.channels, file.header.samples.depth) = samples;
        assert_eq!(file.to_bytes(), Err(Error::Invalid(fault)), "{signal:?}");
    }
    for bits in [0x7C00, 0xFC00, 0x7E00, 0xFFFF] {
        let file = file((1, 1), (1, 8), &[1], vec![0, 0, 0, 0, bits]);
        assert_eq!(file.to_bytes(), Err(Error::Invalid(Fault::NotFinite)));
    }
}

/// Every error is one plain sentence that points into SPEC.md.
#[test]
fn errors_cite_the_spec() {
    let message =
        File::from_bytes(&seal(&[0, 1, 1], &[]), &Limits::default()).expect_err("too short");
    let expected =
        "the file ends within its header (SPEC 3): the program that wrote this file is at fault";
    assert_eq!(message.to_string(), expected);
    let message = File::from_bytes(&seal(&[4, 1, 1], &section(1, &PAYLOAD)), &Limits::default());
    let expected =
        "signal kind 4 is unknown to this version (SPEC 3.1): a newer version may read the file";
    assert_eq!(message.expect_err("unknown").to_string(), expected);
}
