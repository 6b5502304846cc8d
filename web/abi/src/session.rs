//! A file that is open, and the pieces of its signal that are asked for.

use crate::facts;
use crate::failure::Failure;
use sirenc::format::Quantity;
use sirenc::{
    Decoder, Derivative, FrameTimes, Limits, Opened, Picture, Playback, Region, Samples, Shading,
    VideoDecoder,
};
use std::f64::consts::TAU;

/// What is to be rendered of a picture or of a frame of a video.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Width and height of the whole, in pixels.
    pub size: [u32; 2],
    /// The top left corner of the region, in pixels of the whole at that size.
    pub corner: [u32; 2],
    /// Width and height of the region.
    pub region: [u32; 2],
    /// 0 for the picture itself, 1 for its gradient, 2 for its gradient in colour, 3 for its Laplacian.
    pub shown: u32,
    /// Whether pixels are the values at their centres, whatever their size.
    pub points: bool,
    /// The moment of a video, in seconds after its first frame.
    pub seconds: f64,
}

/// One file and the last view that was asked for.
#[derive(Default)]
pub struct Session {
    limits: Limits,
    input: Vec<u8>,
    opened: Option<Opened>,
    /// Shadings of derivatives with the gain that fits the picture, by the number that asks for them.
    shadings: [Option<Shading>; 4],
    view: Option<View>,
}

impl Session {
    /// Room for a file of `length` bytes.
    pub fn input(&mut self, length: usize) -> &mut [u8] {
        self.input = vec![0; length];
        &mut self.input
    }

    /// Sets the limit of a quantity for the next file, by its place among all quantities.
    ///
    /// # Errors
    /// [`Failure::Number`].
    pub fn limit(&mut self, quantity: usize, most: f64) -> Result<Vec<u8>, Failure> {
        let quantity = Quantity::ALL.get(quantity).copied();
        let quantity = quantity.ok_or(Failure::Number {
            name: "the quantity of a limit",
            allowed: "one of those that there are",
        })?;
        if most.is_nan() || most < 0.0 {
            return Err(Failure::Number {
                name: "a limit",
                allowed: "a number from 0 up",
            });
        }
        // The cast saturates: what is beyond the largest integer is no limit.
        self.limits = self.limits.clone().with(quantity, most as u64);
        Ok(Vec::new())
    }

    /// Opens the file that was written to the input, and returns facts about it in JSON.
    ///
    /// # Errors
    /// [`Failure::Library`] if it is no `.siren` file that can be read under the limits.
    pub fn open(&mut self) -> Result<Vec<u8>, Failure> {
        let bytes = std::mem::take(&mut self.input);
        let limits = self.limits.clone();
        *self = Self::default();
        let opened = Opened::with_limits(&bytes, &limits)?;
        let facts = facts::json(&bytes, &limits)?;
        (self.limits, self.opened) = (limits, Some(opened));
        Ok(facts.into_bytes())
    }

    /// Makes ready to render a view.
    ///
    /// # Errors
    /// [`Failure`] if the file has no such view, or all of it would cost more than the limits allow.
    pub fn view(&mut self, asked: View) -> Result<Vec<u8>, Failure> {
        self.view = None;
        let region = [asked.corner, asked.region];
        if let Some(Opened::Video(video)) = &self.opened {
            let (view, moment) = frame(video, &asked, region)?;
            video.admit(&video.cost(&view, &moment))?;
        } else {
            let (picture, view) = self.picture(&asked, region)?;
            picture.admit(&picture.cost(&view))?;
        }
        self.view = Some(asked);
        Ok(Vec::new())
    }

    /// Renders `count` rows of the view from row `first` of its region on, as RGBA of 8 bits a sample.
    ///
    /// # Errors
    /// [`Failure`] if there is no view, or it has no such rows.
    pub fn rows(&mut self, first: u32, count: u32) -> Result<Vec<u8>, Failure> {
        let asked = self.view.ok_or(Failure::NothingOpen)?;
        if u64::from(first) + u64::from(count) > u64::from(asked.region[1]) {
            return Err(Failure::Number {
                name: "rows",
                allowed: "those of the view",
            });
        }
        let [x, y] = asked.corner;
        let region = [[x, y + first], [asked.region[0], count]];
        if let Some(Opened::Video(video)) = &self.opened {
            let (view, moment) = frame(video, &asked, region)?;
            let mut pixels = Vec::new();
            video.rendering(&view, &moment)?.frame(0, |strip| {
                pixels.extend(rgba(&strip.samples, video.channels()));
                Ok::<_, sirenc::Error>(())
            })?;
            return Ok(pixels);
        }
        let (decoder, view) = self.picture(&asked, region)?;
        let picture: Picture = decoder.picture(&view)?;
        Ok(rgba(picture.samples(), picture.channels()))
    }

    /// The picture that is open, and `region` of what is asked for.
    fn picture(
        &mut self,
        asked: &View,
        region: [[u32; 2]; 2],
    ) -> Result<(&Decoder, sirenc::View), Failure> {
        let decoder = match self.opened.as_ref() {
            Some(Opened::Picture(decoder)) => decoder,
            other => return Err(refusal(other, "picture")),
        };
        let mut view = within(asked, region)?;
        if asked.shown > 0 {
            let known = self.shadings.get_mut(asked.shown as usize);
            let known = known.ok_or(UNKNOWN_DERIVATIVE)?;
            let shading = match *known {
                Some(shading) => shading,
                None => *known.insert(fitted(decoder, asked.shown)?),
            };
            view = view.with_shading(shading);
        }
        Ok((decoder, view))
    }

    /// Evaluates the part of a sound from `from` to `to` seconds at `rate` frames a second, channel by channel, as
    /// little-endian floats.
    ///
    /// # Errors
    /// [`Failure`] if the file is no sound, or has no such part.
    pub fn samples(&mut self, rate: u32, from: f64, to: f64) -> Result<Vec<u8>, Failure> {
        let decoder = match self.opened.as_ref() {
            Some(Opened::Sound(decoder)) => decoder,
            other => return Err(refusal(other, "sound")),
        };
        let playback = Playback::whole(decoder).with_rate(rate)?;
        let sound = decoder.sound(&playback.with_range(from, to)?)?;
        let channels = usize::from(sound.channels());
        let channel = |c: usize| sound.samples().iter().skip(c).step_by(channels);
        let samples = (0..channels).flat_map(channel);
        Ok(samples.flat_map(|sample| sample.to_le_bytes()).collect())
    }

    /// The numbers that a picture or a video is evaluated from, as floats.
    ///
    /// # Errors
    /// [`Failure`] if the file holds neither.
    pub fn numbers(&self) -> Result<Vec<u8>, Failure> {
        let network = match self.opened.as_ref() {
            Some(Opened::Picture(decoder)) => decoder.network(),
            Some(Opened::Video(decoder)) => decoder.network(),
            other => return Err(refusal(other, "picture")),
        };
        let architecture = network.architecture();
        let mut numbers: Vec<f32> = Vec::new();
        for (index, layer) in network.layers().iter().enumerate() {
            let turns = match architecture.activation(index) {
                Some(_) => f64::from(architecture.omega(index)) / TAU,
                None => 1.0,
            };
            let scaled = |&parameter: &f32| (f64::from(parameter) * turns) as f32;
            numbers.extend(layer.parameters().map(scaled));
        }
        for grid in network.grids().iter().flat_map(|grids| grids.grids()) {
            let (rows, columns) = grid.values.dim();
            numbers.extend([f32::from(grid.scale), columns as f32, rows as f32]);
            numbers.extend(&grid.values);
        }
        Ok(numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect())
    }

    /// Makes a mesh of a shape, on `resolution` cells along each side of its cube: the numbers of vertices and triangles,
    /// then the origin, the vertices, their normals, and the corners of triangles.
    ///
    /// # Errors
    /// [`Failure`] if the file is no shape, or the mesh would cost more than the limits allow.
    pub fn mesh(&mut self, resolution: u32) -> Result<Vec<u8>, Failure> {
        let decoder = match self.opened.as_ref() {
            Some(Opened::Shape(decoder)) => decoder,
            other => return Err(refusal(other, "shape")),
        };
        let mesh = decoder.mesh(resolution)?;
        let counts = [mesh.vertices.len() as u32, mesh.triangles.len() as u32];
        let counts = counts.iter().flat_map(|count| count.to_le_bytes());
        let points = mesh.vertices.iter().chain(&mesh.normals).flatten();
        let floats = mesh.origin.iter().chain(points);
        let floats = floats.flat_map(|float| float.to_le_bytes());
        let corners = mesh.triangles.iter().flatten();
        let corners = corners.flat_map(|corner| corner.to_le_bytes());
        Ok(counts.chain(floats).chain(corners).collect())
    }
}

const UNKNOWN_DERIVATIVE: Failure = Failure::Number {
    name: "what is shown",
    allowed: "the picture, its gradient or its Laplacian",
};

/// The refusal of what is open in place of a signal of the kind that is `wanted`.
fn refusal(opened: Option<&Opened>, wanted: &'static str) -> Failure {
    match opened {
        Some(opened) => Failure::Kind {
            found: opened.header().signal.name(),
            wanted,
        },
        None => Failure::NothingOpen,
    }
}

/// `region` of what is asked for, with its corner and its size.
fn within(asked: &View, [corner, size]: [[u32; 2]; 2]) -> Result<sirenc::View, Failure> {
    let whole = sirenc::View::sized(asked.size[0], asked.size[1])?;
    let view = whole.with_region(Region {
        x: corner[0],
        y: corner[1],
        width: size[0],
        height: size[1],
    })?;
    Ok(if asked.points {
        view.with_points()
    } else {
        view
    })
}

/// `region` of a frame of a video, and the moment of that frame.
fn frame(
    video: &VideoDecoder,
    asked: &View,
    region: [[u32; 2]; 2],
) -> Result<(sirenc::View, FrameTimes), Failure> {
    if asked.shown > 0 {
        return Err(Failure::Kind {
            found: "video",
            wanted: "picture with derivatives",
        });
    }
    let moments = FrameTimes::stored(video).within(asked.seconds, f64::INFINITY)?;
    Ok((within(asked, region)?, moments.first()))
}

/// How the derivative of this number is shown, with the gain that fits the picture.
fn fitted(decoder: &Decoder, shown: u32) -> Result<Shading, Failure> {
    let derivative = match shown {
        1 | 2 => Derivative::Gradient,
        3 => Derivative::Laplacian,
        _ => return Err(UNKNOWN_DERIVATIVE),
    };
    let shading = Shading::fitted(decoder, derivative)?;
    Ok(if shown == 2 {
        shading.with_hue()?
    } else {
        shading
    })
}

/// Samples of pixels with this number of channels as RGBA of 8 bits a sample.
fn rgba(samples: &Samples, channels: u8) -> Vec<u8> {
    let samples = samples.eight_bits();
    let pixels = samples.chunks_exact(channels.into());
    let rgba = |pixel: &[u8]| match *pixel {
        [gray] => [gray, gray, gray, u8::MAX],
        [gray, alpha] => [gray, gray, gray, alpha],
        [red, green, blue] => [red, green, blue, u8::MAX],
        [red, green, blue, alpha, ..] => [red, green, blue, alpha],
        [] => [0; 4],
    };
    pixels.flat_map(rgba).collect()
}
