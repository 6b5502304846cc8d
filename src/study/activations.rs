//! How networks of different activations fit the same picture and its derivatives.

use super::Maps;
use crate::Error;
use crate::engine::net::{Activation, Architecture, Device, Network};
use crate::fit::{self, Progress, Schedule};
use crate::objective::{Image, Task};
use crate::signal::Picture;
use ndarray::{ArrayView2, Slice};
use std::ops::ControlFlow;

/// A kind of network that takes part.
#[derive(Clone, Debug)]
pub struct Contender {
    /// The name of the kind of network.
    pub name: &'static str,
    /// Its shape, with one output.
    pub shape: Architecture,
}

/// How well a network has got a picture and its derivatives: peak signal-to-noise ratios in dB.
///
/// The peak is the range of what the picture itself has (for derivatives, from the least to the largest
/// of both), and pixels at the edge, whose differences are one-sided, are left out. A network without a
/// Laplacian still has a PSNR of it: that of zero.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Quality {
    /// The PSNR of the picture in dB.
    pub picture: f64,
    /// The PSNR of d/dx and d/dy together.
    pub gradient: f64,
    /// The PSNR of the Laplacian.
    pub laplacian: f64,
}

/// The quality at some step of a fit.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Steps done.
    pub step: u32,
    /// The quality after these steps.
    pub quality: Quality,
}

/// The results of a contender.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The kind of network.
    pub contender: Contender,
    /// Weights and biases that were fitted.
    pub parameters: usize,
    /// The largest step size of the optimiser: of those that were tried, the one that led to the highest
    /// mean of the three PSNRs.
    pub rate: f32,
    /// From before the first step to after the last.
    pub checkpoints: Vec<Checkpoint>,
    /// What it makes of the picture in the end.
    pub maps: Maps,
    /// The largest size of its Laplacian at any pixel, in units of [`Maps`]: 0 for ReLU.
    pub largest_laplacian: f64,
}

/// Largest step sizes that each contender is fitted with, in layers of up to 28 neurons; less in wider ones,
/// as `encode` does. omega makes a sine's weights small, and with them the steps that suit them; the others
/// should not lose by that.
const RATES: [f32; 3] = [2e-3, 8e-3, 32e-3];
/// How often [`activations()`] fits each contender.
pub const TRIALS: usize = RATES.len();

/// A SIREN, and ReLU, tanh and ReLU after a positional encoding in its place, all with the same hidden
/// layers, for a gray picture of `width` x `height`. The encoding's highest frequency is the highest
/// dyadic one that the pixels can tell, half a period a pixel or less.
pub fn contenders(hidden: &[usize], omega: f32, width: u32, height: u32) -> Vec<Contender> {
    // 2^k pi a unit, of which the longer side has 2: 2^(k+1) half periods across it.
    let frequencies = width.max(height).max(2).ilog2() as usize;
    let contender = |name, activation, frequencies| Contender {
        name,
        shape: Architecture {
            hidden: hidden.to_vec(),
            outputs: 1,
            omega_first: omega,
            omega_hidden: omega,
            activation,
            frequencies,
            ..Architecture::default()
        },
    };
    vec![
        contender("SIREN", Activation::Sine, 0),
        contender("ReLU", Activation::Relu, 0),
        contender("tanh", Activation::Tanh, 0),
        contender("ReLU + encoding", Activation::Relu, frequencies),
    ]
}

/// Fits each contender to the same gray picture, in as many steps of the same optimiser over the same
/// pixels, and looks at it `checkpoints` times on the way. They only ever see the picture's samples. Of
/// [`TRIALS`] step sizes each keeps the one that led to the highest mean of the three PSNRs.
///
/// `progress` is called after every step, with the number of the fit: the first contender's [`TRIALS`] come
/// first.
///
/// # Errors
/// [`Error::Parameter`] if the picture is not gray or smaller than 3 x 3 pixels, or a shape is bad;
/// [`Error::Diverged`] if all fits of a contender fail, and [`Error::Stopped`] if `progress` breaks.
pub fn activations(
    picture: &Picture,
    contenders: &[Contender],
    steps: u32,
    checkpoints: u32,
    seed: u64,
    progress: &mut dyn FnMut(usize, &Progress) -> ControlFlow<()>,
) -> Result<Vec<Outcome>, Error> {
    let (width, height) = (picture.width(), picture.height());
    if picture.channels() != 1 {
        return Err(Error::parameter("channels", picture.channels(), "1"));
    }
    if width.min(height) < 3 {
        let given = format!("{width}x{height}");
        return Err(Error::parameter("picture size", given, "at least 3x3"));
    }
    if steps == 0 {
        return Err(Error::parameter("number of steps", steps, "at least 1"));
    }
    let truth = Maps::of_picture(picture);
    let study = Study {
        picture,
        truth,
        steps,
        checkpoints,
        seed,
    };
    contenders
        .iter()
        .enumerate()
        .map(|(index, contender)| {
            study.best(contender, &mut |trial, report| {
                progress(index * TRIALS + trial, report)
            })
        })
        .collect()
}

struct Study<'a> {
    picture: &'a Picture,
    truth: Maps,
    steps: u32,
    checkpoints: u32,
    seed: u64,
}

impl Study<'_> {
    /// The best of all trials.
    fn best(
        &self,
        contender: &Contender,
        progress: &mut dyn FnMut(usize, &Progress) -> ControlFlow<()>,
    ) -> Result<Outcome, Error> {
        let mut best: Option<Outcome> = None;
        let mut failed = None;
        for (trial, rate) in RATES.into_iter().enumerate() {
            match self.fit(contender, rate, &mut |report| progress(trial, report)) {
                Ok(outcome) => {
                    if best
                        .as_ref()
                        .is_none_or(|best| outcome.mean() > best.mean())
                    {
                        best = Some(outcome);
                    }
                }
                // Too large a step is no reason to give up the others.
                Err(error @ Error::Diverged { .. }) => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        best.ok_or_else(|| failed.unwrap_or(Error::Stopped))
    }

    fn fit(
        &self,
        contender: &Contender,
        rate: f32,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Outcome, Error> {
        let shape = &contender.shape;
        let mut network = Network::random(shape, self.seed)?;
        let task = Image::new(self.picture, self.seed);
        let widest = shape.hidden.iter().max().map_or(1, |&width| width);
        let rate = rate * (28.0 / widest as f32).powf(2.0 / 3.0).min(1.0);
        let schedule = Schedule {
            steps: self.steps,
            points: [1, 3].map(|rounds| task.batch(rounds)),
            rate,
        };
        let mut all = vec![self.look(0, &network)?.0];
        let mut looked = Ok(());
        let every = self.steps.div_ceil(self.checkpoints.max(1));
        let fitted = fit::watch(
            &Device::cpu(),
            &mut network,
            &task,
            None,
            &schedule,
            None,
            &mut |report, moment| {
                if report.step.is_multiple_of(every) && report.step < self.steps {
                    // A fit that fell back passes the same steps again.
                    all.retain(|it: &Checkpoint| it.step < report.step);
                    match self.look(report.step, moment.network()) {
                        Ok((checkpoint, _)) => all.push(checkpoint),
                        Err(error) => {
                            looked = Err(error);
                            return ControlFlow::Break(());
                        }
                    }
                }
                progress(report)
            },
        )?;
        looked?;
        if fitted.stopped {
            return Err(Error::Stopped);
        }
        let (last, maps) = self.look(self.steps, &network)?;
        all.push(last);
        let sizes = maps
            .laplacians
            .iter()
            .map(|laplacian| f64::from(laplacian.abs()));
        Ok(Outcome {
            contender: contender.clone(),
            parameters: shape.parameters(),
            rate,
            checkpoints: all,
            largest_laplacian: sizes.fold(0.0, f64::max),
            maps,
        })
    }

    fn look(&self, step: u32, network: &Network) -> Result<(Checkpoint, Maps), Error> {
        let maps = Maps::of_network(network, self.picture.width(), self.picture.height())?;
        let quality = Quality::new(&self.truth, &maps);
        Ok((Checkpoint { step, quality }, maps))
    }
}

impl Outcome {
    /// The mean of the PSNRs in the end. That of the picture alone would choose steps so large that a
    /// network waves between pixels, where no sample sees it.
    fn mean(&self) -> f64 {
        let last = self.checkpoints.last().map(|it| it.quality);
        last.map_or(f64::NEG_INFINITY, |it| {
            (it.picture + it.gradient + it.laplacian) / 3.0
        })
    }
}

impl Quality {
    /// The quality of `found` against `truth`, which has the same size.
    pub fn new(truth: &Maps, found: &Maps) -> Self {
        let slopes = [(&truth.dx, &found.dx), (&truth.dy, &found.dy)];
        Self {
            picture: psnr(&[(truth.values.view(), found.values.view())]),
            gradient: psnr(&slopes.map(|(truth, found)| (truth.view(), found.view()))),
            laplacian: psnr(&[(truth.laplacians.view(), found.laplacians.view())]),
        }
    }
}

/// A map without its edges.
fn interior<'a>(map: &ArrayView2<'a, f32>) -> ArrayView2<'a, f32> {
    let mut inner = *map;
    inner.slice_each_axis_inplace(|axis| Slice::from(1..axis.len - 1));
    inner
}

/// PSNR in dB over pairs of maps, whose edges are left out.
fn psnr(pairs: &[(ArrayView2<'_, f32>, ArrayView2<'_, f32>)]) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for (truth, found) in pairs {
        for (&truth, &found) in interior(truth).iter().zip(interior(found)) {
            let truth = f64::from(truth);
            sum += (truth - f64::from(found)).powi(2);
            count += 1;
            (least, most) = (least.min(truth), most.max(truth));
        }
    }
    10.0 * ((most - least).powi(2) / (sum / f64::from(count))).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Samples;

    /// Stripes too fine for a network of few ramps.
    fn stripes() -> Picture {
        let value = |i: u32| 127.5 + 100.0 * ((i % 32) as f32 * 0.8 + (i / 32) as f32 * 0.4).sin();
        let samples = (0..32 * 24).map(|i| value(i) as u8).collect();
        Picture::new(32, 24, 1, Samples::U8(samples)).unwrap()
    }

    #[test]
    fn sines_win_and_ramps_have_no_laplacian() {
        let contenders = contenders(&[24, 24], 15.0, 32, 24);
        let mut steps = vec![0; contenders.len() * TRIALS];
        let outcomes = activations(&stripes(), &contenders, 90, 4, 1, &mut |index, report| {
            steps[index] = report.step;
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(steps, [90; 12]);
        let names: Vec<_> = outcomes.iter().map(|it| it.contender.name).collect();
        assert_eq!(names, ["SIREN", "ReLU", "tanh", "ReLU + encoding"]);
        let last = |index: usize| outcomes[index].checkpoints[4].quality;
        for outcome in &outcomes {
            let steps: Vec<_> = outcome.checkpoints.iter().map(|it| it.step).collect();
            assert_eq!(steps, [0, 23, 46, 69, 90]);
        }
        assert!(last(0).picture > last(1).picture + 8.0, "{outcomes:?}");
        assert!(last(0).picture > outcomes[0].checkpoints[0].quality.picture + 10.0);
        assert!(last(0).gradient > last(1).gradient && last(0).laplacian > last(1).laplacian);
        assert_eq!(outcomes[1].largest_laplacian, 0.0);
        for index in [0, 2, 3] {
            assert!(outcomes[index].largest_laplacian > 0.0);
        }
        // The very first weights have no more Laplacian than the last.
        let (first, last) = (outcomes[1].checkpoints[0].quality, last(1));
        assert_eq!(first.laplacian.to_bits(), last.laplacian.to_bits());
    }

    #[test]
    fn quality_is_the_psnr_of_the_interior() {
        let truth = Maps::of_picture(&stripes());
        let mut found = truth.clone();
        found.values += 0.1;
        found.dx[[0, 5]] = 9.0;
        let quality = Quality::new(&truth, &found);
        let (least, most) = interior(&truth.values.view())
            .iter()
            .fold((1.0_f32, 0.0_f32), |(a, b), &v| (a.min(v), b.max(v)));
        let expected = 20.0 * (f64::from(most - least) / 0.1).log10();
        assert!((quality.picture - expected).abs() < 1e-3);
        assert_eq!(quality.gradient, f64::INFINITY);
    }

    #[test]
    fn a_stopped_study_is_no_study() {
        let contenders = contenders(&[4], 15.0, 32, 24);
        let stop = &mut |_: usize, _: &Progress| ControlFlow::Break(());
        let stopped = activations(&stripes(), &contenders, 9, 2, 1, stop);
        assert!(matches!(stopped, Err(Error::Stopped)));
        let colour = Picture::new(4, 4, 3, Samples::U8(vec![0; 48])).unwrap();
        assert!(activations(&colour, &contenders, 9, 2, 1, stop).is_err());
    }
}
