//! A GPU does what the CPU does. Any adapter will do, a software one too.

use sirenc::{
    Architecture, Decoder, Device, Encoder, Error, Fitter, GpuError, Layer, Network, Objective,
    Picture, Samples, Squares, TILE, View,
};
use std::ops::ControlFlow;

/// The device to test, or none, and that is said.
fn device() -> Option<Device> {
    match Device::gpu(None) {
        Ok(device) => Some(device),
        Err(Error::Gpu(GpuError::NotFound)) => {
            println!("skipped: no adapter");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Points strewn over a square, with smooth targets, and weights that are not all 0 or 1.
struct Strewn(Squares);

impl Objective for Strewn {
    fn knowns(&self) -> usize {
        self.0.knowns()
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
        for slot in 0..count {
            let index = (first as f64) + slot as f64;
            let [x, y] = [0.618_034, 0.754_878].map(|step: f64| 2.0 * (index * step).fract() - 1.0);
            coordinates[slot] = x as f32;
            coordinates[TILE + slot] = y as f32;
            for (row, known) in known.chunks_exact_mut(TILE).enumerate() {
                known[slot] = ((3.0 + row as f64) * x + y * y).sin().abs() as f32;
            }
        }
    }

    fn squares(&self) -> Option<Squares> {
        Some(self.0)
    }

    fn loss(
        &self,
        _: u64,
        count: usize,
        known: &[f32],
        outputs: &[f32],
        adjoint: &mut [f32],
    ) -> f64 {
        self.0.loss(count, known, outputs, adjoint)
    }
}

fn shape(hidden: &[usize], outputs: usize) -> Architecture {
    Architecture {
        hidden: hidden.to_vec(),
        outputs,
        omega_first: 20.0,
        ..Architecture::default()
    }
}

/// Largest difference of any number of a tensor, relative to the largest number of that tensor.
fn difference(a: &[Layer], b: &[Layer]) -> f64 {
    let worst = |a: &mut dyn Iterator<Item = (&f32, &f32)>| {
        let (peak, largest) = a.fold((0.0, 0.0), |(peak, largest), (a, b)| {
            (
                f64::max(peak, f64::from((a - b).abs())),
                f64::max(largest, f64::from(a.abs())),
            )
        });
        peak / largest
    };
    let layers = a.iter().zip(b);
    let layers = layers.map(|(a, b)| {
        let weights = worst(&mut a.weights.iter().zip(&b.weights));
        weights.max(worst(&mut a.bias.iter().zip(&b.bias)))
    });
    layers.fold(0.0, f64::max)
}

/// Loss and gradient of a batch of `points` points.
fn gradient(
    device: &Device,
    network: &Network,
    objective: &Strewn,
    points: u64,
) -> (f64, Vec<Layer>) {
    let mut engine = device
        .engine(network.architecture(), objective)
        .expect("a device that can");
    let mut gradient = network.layers().to_vec();
    // The second batch finds the buffers as the first one left them.
    let mut loss = 0.0;
    for range in [0..700, 1000..1000 + points] {
        loss = engine
            .gradient(network, objective, range, &mut gradient)
            .expect("a gradient");
    }
    (loss, gradient)
}

#[test]
fn a_step_has_the_gradient_of_the_cpu() {
    let Some(device) = device() else { return };
    let cases = [
        (&[28; 10][..], 3, 0, 16_384),
        (&[28; 10], 3, 0, 5_001),
        (&[13, 40, 7], 4, 3, 3_000),
        (&[64; 3], 2, 1, 2_000),
        (&[1], 1, 0, 257),
        // More points than are handed over at once.
        (&[4], 3, 0, (1 << 18) + 999),
    ];
    for (hidden, outputs, weighted, points) in cases {
        let network = Network::random(&shape(hidden, outputs), 5).expect("a shape");
        let objective = Strewn(Squares { outputs, weighted });
        let (loss, expected) = gradient(&Device::cpu(), &network, &objective, points);
        let (there, found) = gradient(&device, &network, &objective, points);
        let difference = difference(&expected, &found);
        println!(
            "{hidden:?} x {points}: gradients differ by {difference:.1e}, losses {loss} {there}"
        );
        assert!(
            (there / loss - 1.0).abs() < 1e-5,
            "{hidden:?}: loss {there}, not {loss}"
        );
        assert!(
            difference < 1e-4,
            "{hidden:?}: gradients differ by {difference:e}"
        );
        let again = gradient(&device, &network, &objective, points);
        assert_eq!(again, (there, found), "{hidden:?}: another order of sums");
    }
}

/// The weights and losses after one step, two steps, and thirty steps with ten refreshes of the bases.
///
/// A basis depends on the last digits of gradients in directions that have hardly had any, and Adam gives these
/// directions steps as large as all others. Two fits that start from weights different in the last digits are therefore
/// far apart after some steps, on the CPU too. The GPU's fit has to be as near to the CPU's as the CPU's own fits from
/// such starts are to each other, both in its weights and in its loss.
#[test]
fn a_fit_goes_where_that_of_the_cpu_goes() {
    let Some(device) = device() else { return };
    let objective = Strewn(Squares {
        outputs: 3,
        weighted: 0,
    });
    let start = Network::random(&shape(&[16, 5, 64, 33], 3), 5).expect("a shape");
    let nudged = |signs: u32| {
        let mut layers = start.layers().to_vec();
        let parameters = layers.iter_mut().flat_map(Layer::parameters_mut);
        for (i, parameter) in (0..).zip(parameters) {
            let up = signs >> (i % 3) & 1 == 1;
            *parameter *= if up {
                1.0 + f32::EPSILON
            } else {
                1.0 - f32::EPSILON
            };
        }
        Network::from_layers(start.architecture(), layers).expect("layers of that shape")
    };
    let run = |device: &Device, start: &Network, steps: u32| {
        let mut network = start.clone();
        let fitter = Fitter::new(steps, 2_000).with_device(device.clone());
        let fitted = fitter.fit(&mut network, &objective).expect("a fit");
        (network, fitted.loss)
    };
    let between = |a: &Network, b: &Network| {
        let pairs = a.parameters().zip(b.parameters());
        let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
        pairs.map(square).sum::<f64>().sqrt()
    };
    for (steps, least) in [(1, 1e-5), (2, 1e-5), (30, 1e-3)] {
        let (expected, loss) = run(&Device::cpu(), &start, steps);
        let way = between(&start, &expected);
        let differences =
            |(end, its): &(Network, f64)| [between(&expected, end) / way, (its / loss - 1.0).abs()];
        let found = run(&device, &start, steps);
        let [apart, higher] = differences(&found);
        let own =
            [0, 2, 5, 7].map(|signs| differences(&run(&Device::cpu(), &nudged(signs), steps)));
        let [way_own, loss_own] = [0, 1].map(|i| own.iter().map(|d| d[i]).fold(0.0, f64::max));
        println!(
            "{steps} steps: weights {apart:.1e} of the way apart, losses {higher:.1e}; \
             from nudged starts up to {way_own:.1e} and {loss_own:.1e}"
        );
        assert!(apart < least + 2.0 * way_own, "weights {apart:e} apart");
        assert!(higher < least + 2.0 * loss_own, "losses {higher:e} apart");
        let again = run(&device, &start, steps);
        assert_eq!(again, found, "not the same again");
    }
}

fn picture() -> Picture {
    let at = |i: u32| {
        let (x, y) = (f64::from(i % 96) / 96.0, f64::from(i / 96) / 64.0);
        let wave = (30.0 * x * y).sin() + (11.0 * (x - y)).cos();
        [wave, x - y, x * y].map(|v| (127.5 + 60.0 * v) as u8)
    };
    let samples = (0..96 * 64).flat_map(at).collect();
    Picture::new(96, 64, 3, Samples::U8(samples)).expect("as many samples as pixels")
}

/// Largest and root mean square difference of samples.
fn differences(a: &Picture, b: &Picture) -> (f64, f64) {
    let (Samples::U8(a), Samples::U8(b)) = (a.samples(), b.samples()) else {
        panic!("8 bits a sample");
    };
    let differences = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)));
    let mean_square = differences.clone().map(|d| d * d).sum::<f64>() / a.len() as f64;
    (differences.fold(0.0, f64::max), mean_square.sqrt())
}

#[test]
fn a_picture_of_kodak_size_decodes_within_the_tolerance() {
    let Some(device) = device() else { return };
    let encoder = Encoder::new().with_layers(6).with_width(28).with_steps(200);
    let encoded = encoder
        .encode(&picture())
        .expect("a picture that can be fitted");
    let decoder = Decoder::new(&encoded.bytes).expect("a file");
    let view = View::sized(768, 512).expect("a size");
    let expected = decoder.picture(&view).expect("a picture");
    let found = decoder
        .with_device(device)
        .picture(&view)
        .expect("a picture");
    let (peak, rms) = differences(&expected, &found);
    println!("samples differ by at most {peak}, {rms:.4} root mean square");
    assert!(
        peak <= 1.0 && rms <= 0.05,
        "SPEC.md, section 6.4: {peak}, {rms}"
    );
}

/// Half floats, since rounding to levels hangs on the last digits of a fit: by up to 0.2 dB in one so short, as
/// the CPU's instruction sets show among themselves.
#[test]
fn an_encoding_is_as_good_as_that_of_the_cpu() {
    let Some(device) = device() else { return };
    let photo = image::load_from_memory(include_bytes!("../src/bin/sirenc/demo.png"));
    let photo = photo.expect("a PNG file").to_rgb8();
    let (width, height) = photo.dimensions();
    let photo = Picture::new(width, height, 3, Samples::U8(photo.into_raw())).expect("a picture");
    let encoder = Encoder::new()
        .with_half_floats()
        .with_layers(3)
        .with_width(16)
        .with_steps(300);
    let psnr = |device: Device| {
        let encoder = encoder.clone().with_device(device);
        encoder
            .encode(&photo)
            .expect("a picture that can be fitted")
            .psnr
    };
    let (expected, found) = (psnr(Device::cpu()), psnr(device));
    println!("{expected:.2} dB by the CPU, {found:.2} dB");
    assert!((expected - found).abs() < 0.3, "{found} dB, not {expected}");
}

/// Free steps, which stay on the device, and rounded ones; from whichever moment it goes on.
#[test]
fn an_encode_repeats_itself_and_goes_on_from_checkpoints() {
    let Some(device) = device() else { return };
    let encoder = Encoder::new()
        .with_layers(2)
        .with_bytes(300)
        .with_steps(130);
    let encoder = encoder.with_device(device);
    let mut kept = Vec::new();
    let whole = encoder.encode_resumable(&picture(), None, |_, checkpoint| {
        kept.push(checkpoint.to_bytes().expect("a checkpoint"));
        ControlFlow::Continue(())
    });
    let whole = whole.expect("a picture that can be fitted").bytes;
    for checkpoint in [None, kept.get(1), kept.get(4), kept.last()] {
        let checkpoint = checkpoint.map(Vec::as_slice);
        let again = encoder
            .encode_resumable(&picture(), checkpoint, |_, _| ControlFlow::Continue(()))
            .expect("a picture that can be fitted");
        assert!(again.bytes == whole, "another file");
    }
}

#[test]
fn what_a_device_cannot_do_is_refused() {
    let Some(device) = device() else { return };
    let squares = Squares {
        outputs: 3,
        weighted: 0,
    };
    let wide = device.engine(&shape(&[3000], 3), &Strewn(squares));
    assert!(matches!(
        wide.err(),
        Some(Error::Gpu(GpuError::Unsupported(_)))
    ));
    let missing = Device::gpu(Some(1000));
    assert!(matches!(
        missing,
        Err(Error::Gpu(GpuError::NoSuch { index: 1000, .. }))
    ));
}
