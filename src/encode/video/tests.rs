//! Videos through files and back.

use super::*;
use crate::signal::{Clip, Picture};
use crate::{Decoder, View};
use ndarray::Array2;

const GOLDEN: &[u8] = include_bytes!("../../../format/tests/golden/valid/video.siren");

/// A disc that moves over a gradient; frames from `torn` on cannot be read.
struct Disc {
    clip: Clip,
    torn: u32,
}

impl Disc {
    fn new(channels: u8, torn: u32) -> Self {
        let clip = Clip::new([20, 12], channels, 6, [30, 1]).unwrap();
        Self { clip, torn }
    }
}

impl VideoSource for Disc {
    fn clip(&self) -> Clip {
        self.clip
    }

    fn row(&self, frame: u32, row: u32, samples: &mut [u8]) -> io::Result<()> {
        if frame >= self.torn {
            return Err(io::Error::other("torn"));
        }
        let channels = usize::from(self.clip.channels());
        for (index, sample) in samples.iter_mut().enumerate() {
            let (column, channel) = (index / channels, index % channels);
            let (dx, dy) = (
                column as f64 - f64::from(3 + 2 * frame),
                f64::from(row) - 6.0,
            );
            let disc = 120.0 * (-(dx * dx + dy * dy) / 12.0).exp();
            *sample = (disc + 40.0 + 4.0 * column as f64 + 20.0 * channel as f64) as u8;
        }
        Ok(())
    }
}

fn encoder() -> VideoEncoder {
    VideoEncoder::new()
        .with_layers(3)
        .with_width(16)
        .with_steps(250)
}

fn frame(decoder: &VideoDecoder, view: &View, moments: &FrameTimes, frame: u32) -> Vec<u8> {
    let mut samples = Vec::new();
    let mut frames = decoder.rendering(view, moments).unwrap();
    let rendered = frames.frame(frame, |strip| {
        if let Samples::U8(strip) = strip.samples {
            samples.extend(strip);
        }
        Ok::<_, Error>(())
    });
    rendered.unwrap();
    samples
}

#[test]
fn a_rendering_is_the_network_at_the_points_of_the_specification() {
    let encoded = encoder().with_steps(50).encode(&Disc::new(3, 99)).unwrap();
    for bytes in [GOLDEN, &encoded.bytes] {
        let decoder = VideoDecoder::new(bytes).unwrap();
        let [rate, per] = decoder.rate();
        let view = View::sized(7, 9).unwrap().with_points();
        let fps = [rate * 3, per * 2];
        let moments = FrameTimes::stored(&decoder).with_rate(fps).unwrap();
        let (w, h) = (f64::from(decoder.width()), f64::from(decoder.height()));
        let seconds_per = f64::from(fps[1]) / f64::from(fps[0]);
        for index in 0..moments.frames() {
            let tau = f64::from(index) * seconds_per;
            let place = tau * f64::from(rate) / f64::from(per);
            let t = ((2.0 * place + 1.0) / f64::from(decoder.frames()) - 1.0).min(1.0);
            let points = Array2::from_shape_fn((63, 3), |(pixel, axis)| {
                let u = (2 * (pixel % 7) + 1) as f64 / 7.0 - 1.0;
                let v = (2 * (pixel / 7) + 1) as f64 / 9.0 - 1.0;
                [u * w / w.max(h), v * h / w.max(h), t][axis] as f32
            });
            let exact = decoder.field().values(points.view()).unwrap();
            let exact = exact.mapv(|c| (f64::from(c) + 1.0) / 2.0 * 255.0);
            let rendered = frame(&decoder, &view, &moments, index);
            assert_eq!(rendered.len(), exact.len());
            for (sample, exact) in rendered.iter().zip(&exact) {
                let error = f64::from(*sample) - exact.clamp(0.0, 255.0);
                assert!(error.abs() < 0.51, "{sample} {exact}");
            }
        }
    }
}

#[test]
fn a_video_is_fitted_and_measured_frame_by_frame() {
    for channels in [1, 3] {
        let footage = Disc::new(channels, 99);
        let encoded = encoder().encode(&footage).unwrap();
        assert!(encoded.psnr > 30.0, "{channels}: {} dB", encoded.psnr);
        let decoder = VideoDecoder::new(&encoded.bytes).unwrap();
        let (view, moments) = (decoder.view(1.0).unwrap(), FrameTimes::stored(&decoder));
        let mut psnr = 0.0;
        for index in 0..6 {
            let mut original = Vec::new();
            for row in 0..12 {
                let mut samples = vec![0; 20 * usize::from(channels)];
                footage.row(index, row, &mut samples).unwrap();
                original.extend(samples);
            }
            let picture = |samples| Picture::new(20, 12, channels, Samples::U8(samples)).unwrap();
            let decoded = picture(frame(&decoder, &view, &moments, index));
            psnr += crate::metric::psnr(&picture(original), &decoded) / 6.0;
        }
        assert!(
            (psnr - encoded.psnr).abs() < 1e-4,
            "{psnr} {}",
            encoded.psnr
        );
        let bits = encoded.bytes.len() as f64 * 8.0;
        assert!((encoded.bpp - bits / (20.0 * 12.0 * 6.0)).abs() < 1e-12);
    }
}

#[test]
fn the_file_depends_neither_on_threads_nor_on_an_interruption() {
    let footage = Disc::new(3, 99);
    let encoder = encoder().with_steps(60);
    let whole = encoder.clone().with_threads(1).encode(&footage).unwrap();
    let threads = encoder.clone().with_threads(3);
    let mut kept = None;
    let all = threads.encode_resumable(&footage, None, |report, checkpoint| {
        if report.step == 40 {
            kept = Some(checkpoint.to_bytes().unwrap());
        }
        ControlFlow::Continue(())
    });
    assert_eq!(all.unwrap().bytes, whole.bytes);
    let go_on = |footage: &Disc| {
        encoder.encode_resumable(footage, kept.as_deref(), |_, _| ControlFlow::Continue(()))
    };
    assert_eq!(go_on(&footage).unwrap().bytes, whole.bytes);
    assert!(matches!(
        go_on(&Disc::new(1, 99)),
        Err(Error::Checkpoint(_))
    ));
}

#[test]
fn what_cannot_be_is_refused() {
    let torn = encoder().encode(&Disc::new(3, 4));
    assert!(matches!(torn, Err(Error::Read(_))), "{torn:?}");
    let error = Decoder::new(GOLDEN).unwrap_err().to_string();
    assert_eq!(error, "holds a video, not a picture");
    let picture = include_bytes!("../../../format/tests/golden/valid/levels.siren");
    let error = VideoDecoder::new(picture).unwrap_err().to_string();
    assert_eq!(error, "holds a picture, not a video");
}

#[test]
fn all_frames_together_are_limited() {
    let decoder = VideoDecoder::new(GOLDEN).unwrap();
    let view = decoder.view(1.0).unwrap();
    let stored = FrameTimes::stored(&decoder);
    // Just enough for the video as it is stored.
    let enough = decoder.cost(&view, &stored).operations;
    let limits = Limits::default().with_operations(enough);
    let decoder = VideoDecoder::with_limits(GOLDEN, &limits).unwrap();
    assert!(decoder.rendering(&view, &stored).is_ok());
    let [rate, per] = decoder.rate();
    let many = stored.with_rate([rate * 2, per]).unwrap();
    let many = decoder.rendering(&view, &many).err();
    assert!(matches!(many, Some(Error::Limit(_))), "{many:?}");
}
