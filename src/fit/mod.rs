//! The one fitting loop: points in, gradient out, optimiser, schedule, stopping, progress.
//!
//! It knows no task: an [`Objective`] says which points there are and what is lost at them.

mod fitter;
mod optimiser;
mod persist;
mod schedule;
mod soap;
mod state;
mod stepper;

pub use fitter::Fitter;
pub(crate) use optimiser::{BETA_1, BETA_2, adam_step, bias_correction};
pub(crate) use persist::{Archive, Persist};
pub(crate) use schedule::Schedule;
pub(crate) use soap::Soap;
pub(crate) use state::Moment;

use crate::Error;
use crate::engine::net::{Device, Layer, Network, Objective};
use state::{State, Verdict};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use stepper::Stepper;

/// The state of a fit, which the progress callback gets after every step on the CPU and after every few steps on a GPU.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Steps finished, 1 to [`Progress::steps`]. Falls back when a diverged fit is resumed.
    pub step: u32,
    /// Steps planned.
    pub steps: u32,
    /// Mean loss over recent batches; for pictures the squared error of what is fitted (samples, or their
    /// derivatives per pixel), in units where samples span -1 to 1.
    pub loss: f64,
    /// The peak signal-to-noise ratio in dB that the loss amounts to: an estimate from batches, not the final figure.
    pub psnr: f64,
    /// Time since the fit began.
    pub elapsed: Duration,
}

/// What stands between the parameters that are optimised and those that are evaluated, so that a fit
/// learns to live with it. Gradients pass straight through, but for what it holds fixed.
///
/// What it carries from one step to the next is saved with the fit.
pub(crate) trait Rounding: Persist {
    /// Writes what becomes of `latent` at step `step` to `rounded`, of the same shape.
    ///
    /// # Errors
    /// Whatever makes it impossible; it ends the fit.
    fn round(&mut self, step: u32, latent: &Network, rounded: &mut Network) -> Result<(), Error>;

    /// Sets the `gradient` of what is held fixed to zero. There it would not fall, however far those latent
    /// parameters moved; and as SOAP's bases are of whole layers, it would in time lead all others astray.
    fn hold(&self, gradient: &mut [Layer]);
}

/// How a fit ended.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Fitted {
    /// Steps taken.
    pub steps: u32,
    /// Mean loss over the last batches.
    pub loss: f64,
    /// Whether `progress` ended it.
    pub stopped: bool,
}

impl Persist for Fitted {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.steps.visit(archive)?;
        self.loss.visit(archive)?;
        self.stopped.visit(archive)
    }
}

/// Fits `network` to `objective`.
///
/// A loss that explodes, drifts upwards or is not finite sends the fit back to the last good weights with
/// half the step size and a fresh optimiser. Where that does not help, the fit ends with these weights.
///
/// # Errors
/// [`Error::Diverged`] if there are none, [`Error::Gpu`], and whatever `rounding` returns. Stopped by `progress`, the
/// fit ends early with the best weights so far.
pub(crate) fn fit(
    device: &Device,
    network: &mut Network,
    objective: &dyn Objective,
    rounding: Option<&mut dyn Rounding>,
    schedule: &Schedule,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Fitted, Error> {
    let mut watcher = |report: &Progress, _: &mut Moment<'_>| progress(report);
    watch(
        device,
        network,
        objective,
        rounding,
        schedule,
        None,
        &mut watcher,
    )
}

/// As [`fit`], with every step, on a device every few, shown to `progress`; it begins where the fit was whose
/// [`Moment`] the bytes `from` are.
///
/// # Errors
/// As [`fit`], and [`Error::Checkpoint`] if `from` is not from a fit like this.
pub(crate) fn watch(
    device: &Device,
    network: &mut Network,
    objective: &dyn Objective,
    mut rounding: Option<&mut dyn Rounding>,
    schedule: &Schedule,
    from: Option<&[u8]>,
    progress: &mut dyn FnMut(&Progress, &mut Moment<'_>) -> ControlFlow<()>,
) -> Result<Fitted, Error> {
    let begin = Instant::now();
    let mut rounded = network.clone();
    let mut state = State::new(network);
    if let Some(from) = from {
        moment(network, &mut state, &mut rounding, None).load(from)?;
    }
    // Rounding raises the loss by itself, and in steps too small to explode.
    let free = rounding.is_none();
    let mut stepper = Stepper::new(device, objective, schedule, network, &mut state, free)?;
    let mut stopped = false;
    'fit: while state.step < schedule.steps {
        let evaluated = match &mut rounding {
            Some(rounding) => {
                rounding.round(state.step, network, &mut rounded)?;
                &rounded
            }
            None => &*network,
        };
        for loss in stepper.losses(evaluated, &mut state)? {
            state.position += schedule.batch(state.step);
            let step = state.step;
            match state.take_in(loss, network, free) {
                Verdict::Good => {}
                Verdict::Back => {
                    stepper.restart();
                    continue 'fit;
                }
                Verdict::Lost if state.good.loss == f64::INFINITY => {
                    let attempts = state.attempts;
                    return Err(Error::Diverged { step, attempts });
                }
                Verdict::Lost => break 'fit,
            }
        }
        stepper.step(network, &mut state, rounding.as_deref());
        let recent = state.last;
        let report = Progress {
            step: state.step,
            steps: schedule.steps,
            loss: recent,
            psnr: psnr(recent),
            elapsed: begin.elapsed(),
        };
        let mut moment = moment(network, &mut state, &mut rounding, Some(&stepper));
        if progress(&report, &mut moment).is_break() {
            if recent > state.good.loss {
                network.clone_from(&state.good.network);
                state.last = state.good.loss;
            }
            stopped = true;
            break;
        }
    }
    let State {
        step,
        attempts,
        last,
        ..
    } = state;
    if !network.is_finite() {
        return Err(Error::Diverged {
            step,
            attempts: attempts + 1,
        });
    }
    Ok(Fitted {
        steps: step,
        loss: last,
        stopped,
    })
}

/// The fit as it is now.
fn moment<'a>(
    network: &'a mut Network,
    state: &'a mut State,
    rounding: &'a mut Option<&mut dyn Rounding>,
    stepper: Option<&'a Stepper<'a>>,
) -> Moment<'a> {
    Moment {
        network,
        state,
        rounding: rounding.as_mut().map(|rounding| &mut **rounding as _),
        stepper,
    }
}

/// PSNR in dB of a mean squared error in units where samples span -1 to 1.
pub(crate) fn psnr(mean_squared_error: f64) -> f64 {
    10.0 * (4.0 / mean_squared_error).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernel::TILE;
    use crate::engine::net::Architecture;

    /// A random network of one hidden layer of `width` neurons.
    fn start(width: usize) -> Network {
        let shape = Architecture {
            hidden: vec![width],
            ..Architecture::default()
        };
        Network::random(&shape, 0).unwrap()
    }

    /// `steps` steps of a tile each.
    fn schedule(steps: u32) -> Schedule {
        Schedule {
            steps,
            points: [TILE as u64; 2],
            rate: 1e-3,
        }
    }

    /// A loss that no step changes: it rises by half, and stays there.
    struct Rising;

    impl Objective for Rising {
        fn knowns(&self) -> usize {
            1
        }

        fn draw(&self, first: u64, _: usize, coordinates: &mut [f32], known: &mut [f32]) {
            coordinates.fill(0.0);
            known.fill((first as f32 / (400 * TILE) as f32).min(1.0));
        }

        fn loss(&self, _: u64, count: usize, known: &[f32], _: &[f32], adjoint: &mut [f32]) -> f64 {
            adjoint.fill(0.0);
            count as f64 * f64::from(1.0 + 0.5 * known[0])
        }
    }

    #[test]
    fn a_fit_ends_though_its_loss_stays_higher_than_it_was() {
        let schedule = schedule(600);
        let mut network = start(3);
        let mut taken = 0;
        let device = Device::cpu();
        let fitted = fit(&device, &mut network, &Rising, None, &schedule, &mut |_| {
            taken += 1;
            if taken < 100 * schedule.steps {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        assert!(fitted.is_ok_and(|fitted| !fitted.stopped), "{taken} steps");
        assert!(taken > schedule.steps, "it was not sent back");
    }

    /// A fit goes on from any moment as if it had not stopped there, fallbacks and all.
    #[test]
    fn a_fit_goes_on_from_any_moment() {
        for width in [3, 600] {
            // SOAP for the first, Adam for the second.
            let schedule = schedule(450);
            let start = start(width);
            let run = |from: Option<&[u8]>, seen: &mut dyn FnMut(&mut Moment<'_>)| {
                let mut network = start.clone();
                let tell = &mut |_: &Progress, moment: &mut Moment<'_>| {
                    seen(moment);
                    ControlFlow::Continue(())
                };
                let fitted = watch(
                    &Device::cpu(),
                    &mut network,
                    &Rising,
                    None,
                    &schedule,
                    from,
                    tell,
                )
                .unwrap();
                (network, fitted.steps, fitted.loss)
            };
            let (mut kept, mut taken) = (Vec::new(), 0);
            let whole = run(None, &mut |moment| {
                if taken % 170 == 0 {
                    kept.push(moment.save().unwrap());
                }
                taken += 1;
            });
            assert!(taken > schedule.steps, "it was not sent back");
            for from in &kept {
                assert_eq!(run(Some(from), &mut |_| ()), whole);
            }
            assert!(watch_fails(&start, &schedule, &kept[0][1..]));
        }
    }

    /// A loss that is 1 for a number of points and no number from then on, however far the fit goes back.
    struct Breaking(u64);

    impl Objective for Breaking {
        fn knowns(&self) -> usize {
            1
        }

        fn draw(&self, first: u64, _: usize, coordinates: &mut [f32], known: &mut [f32]) {
            coordinates.fill(0.0);
            known.fill(f32::from(u8::from(first >= self.0)));
        }

        fn loss(&self, _: u64, count: usize, known: &[f32], _: &[f32], adjoint: &mut [f32]) -> f64 {
            adjoint.fill(0.1);
            if known[0] > 0.0 {
                f64::NAN
            } else {
                count as f64
            }
        }
    }

    /// What was found before a fit diverged for good is what it ends with. Without anything, it fails.
    #[test]
    fn a_fit_that_diverges_for_good_ends_with_its_best_weights() {
        let schedule = schedule(600);
        let start = start(3);
        let run = |sound: u64| {
            let mut network = start.clone();
            let go_on = &mut |_: &Progress| ControlFlow::Continue(());
            let breaking = Breaking(sound * TILE as u64);
            let device = Device::cpu();
            let fitted = fit(&device, &mut network, &breaking, None, &schedule, go_on);
            (network, fitted)
        };
        let (network, fitted) = run(300);
        let fitted = fitted.expect("the weights of before");
        assert!(network != start && network.is_finite());
        assert!((fitted.loss - 1.0).abs() < 1e-6, "{fitted:?}");
        assert!(
            !fitted.stopped && (1..=300).contains(&fitted.steps),
            "{fitted:?}"
        );
        let (_, fitted) = run(0);
        assert!(matches!(fitted, Err(Error::Diverged { .. })), "{fitted:?}");
    }

    fn watch_fails(start: &Network, schedule: &Schedule, from: &[u8]) -> bool {
        let tell = &mut |_: &Progress, _: &mut Moment<'_>| ControlFlow::Continue(());
        let fitted = watch(
            &Device::cpu(),
            &mut start.clone(),
            &Rising,
            None,
            schedule,
            Some(from),
            tell,
        );
        matches!(fitted, Err(Error::Checkpoint(_)))
    }
}
