//! One step of a fit, on the CPU or queued on a device.

use super::optimiser::{suited, zeros_like};
use super::soap;
use super::state::State;
use super::{Rounding, Schedule};
use crate::Error;
use crate::engine::net::{Descent, Device, Engine, Layer, Network, Objective};
use crate::error::GpuError;

/// Steps to a burst on a device: enough for it never to wait for us, few enough for what goes wrong to be seen
/// soon. Copies of the weights are made before bursts only, so all divide [`super::state::SNAPSHOT`].
const BURSTS: [u32; 5] = [20, 10, 5, 2, 1];
/// Most points of a burst, unless it is a single step: they lie in memory twice until they are used.
const POINTS: u64 = 1 << 20;
/// Bursts in the queue while we look at what became of the one before.
const QUEUED: usize = 2;

/// What takes the steps of a fit: first come losses, of one step or of several, and if these are well, the steps.
///
/// On the CPU a step is a gradient and what the optimiser makes of it. A device that knows the optimiser takes the
/// steps of free fits on its own: it is always one burst of them ahead, and when a burst turns out to have
/// diverged, what was queued after it is forgotten.
pub(super) struct Stepper<'a> {
    device: &'a Device,
    objective: &'a dyn Objective,
    schedule: &'a Schedule,
    remote: Option<Remote>,
    /// For steps that are taken here.
    engine: Option<Engine>,
    gradient: Vec<Layer>,
}

/// Steps on a device.
struct Remote {
    descent: Box<dyn Descent>,
    /// None if the device does not know the network yet.
    ahead: Option<Ahead>,
    /// Steps of the burst whose losses were returned.
    arrived: usize,
}

/// Steps that a device has been given and not yet answered.
#[derive(Clone, Copy)]
struct Ahead {
    bursts: usize,
    /// Step and position in the objective's stream after it all.
    step: u32,
    position: u64,
}

impl<'a> Stepper<'a> {
    /// For fits of networks like that of `state`, free or not.
    pub(super) fn new(
        device: &'a Device,
        objective: &'a dyn Objective,
        schedule: &'a Schedule,
        network: &Network,
        state: &mut State,
        free: bool,
    ) -> Result<Self, Error> {
        let shape = network.architecture();
        let descent = match state.optimiser.soap() {
            Some(_) if free => {
                device.descent(shape, objective, &soap::CONSTANTS, BURSTS[0] as usize)?
            }
            _ => None,
        };
        let engine = match descent {
            Some(_) => None,
            None => Some(device.engine(shape, objective)?),
        };
        Ok(Self {
            device,
            objective,
            schedule,
            remote: descent.map(|descent| Remote {
                descent,
                ahead: None,
                arrived: 0,
            }),
            engine,
            gradient: zeros_like(network.layers()),
        })
    }

    /// The losses of the next steps, the first of them at `network`.
    pub(super) fn losses(
        &mut self,
        network: &Network,
        state: &mut State,
    ) -> Result<Vec<f64>, Error> {
        if let Some(remote) = &mut self.remote {
            let losses = remote.losses(network, state, self.objective, self.schedule);
            if let Some(losses) = self.device.or_cpu(losses)? {
                return Ok(losses);
            }
            // The network is as the last good burst left it, but the optimiser is gone.
            self.remote = None;
            state.optimiser = suited(network.layers());
        }
        let engine = match &mut self.engine {
            Some(engine) => engine,
            engine => engine.insert(self.device.engine(network.architecture(), self.objective)?),
        };
        let points = state.position..state.position + self.schedule.batch(state.step);
        let loss = engine.gradient(network, self.objective, points, &mut self.gradient)?;
        Ok(vec![loss])
    }

    /// Takes the steps whose losses came last, and which `state` counts already.
    pub(super) fn step(
        &mut self,
        network: &mut Network,
        state: &mut State,
        rounding: Option<&dyn Rounding>,
    ) {
        if let (Some(remote), Some(soap)) = (&self.remote, state.optimiser.soap()) {
            remote.descent.network(network);
            soap.skip(remote.arrived as i32);
            return;
        }
        if let Some(rounding) = rounding {
            rounding.hold(&mut self.gradient);
        }
        let rate = state.damping * self.schedule.rate(state.step - 1);
        state
            .optimiser
            .step(&mut network.layers, &self.gradient, rate);
    }

    /// Forgets all that is known of the network and of the optimiser: they have been changed.
    pub(super) fn restart(&mut self) {
        if let Some(remote) = &mut self.remote {
            remote.ahead = None;
        }
    }

    /// Completes `state`, some of which may be on a device only.
    pub(super) fn complete(&self, state: &mut State) {
        if let (Some(remote), Some(soap)) = (&self.remote, state.optimiser.soap()) {
            let numbers = soap.numbers().zip(remote.descent.state());
            numbers.for_each(|(number, &there)| *number = there);
        }
    }
}

impl Remote {
    /// As [`Stepper::losses`].
    fn losses(
        &mut self,
        network: &Network,
        state: &mut State,
        objective: &dyn Objective,
        schedule: &Schedule,
    ) -> Result<Vec<f64>, GpuError> {
        let (step, damping) = (state.step, state.damping);
        let Some(soap) = state.optimiser.soap() else {
            let what = "optimisers other than SOAP";
            return Err(GpuError::Unsupported(what.into()));
        };
        let mut ahead = match self.ahead {
            Some(ahead) => ahead,
            None => {
                let numbers: Vec<f32> = soap.numbers().map(|number| *number).collect();
                self.descent.begin(network, &numbers)?;
                Ahead {
                    bursts: 0,
                    step,
                    position: state.position,
                }
            }
        };
        while ahead.bursts < QUEUED && ahead.step < schedule.steps {
            let batch = schedule.batch(ahead.step);
            let burst = BURSTS
                .into_iter()
                .find(|&steps| u64::from(steps).saturating_mul(batch) <= POINTS);
            let burst = burst.unwrap_or(1);
            let end = (ahead.step + 1).next_multiple_of(burst).min(schedule.steps);
            let strides: Vec<_> = (ahead.step..end)
                .map(|at| {
                    let first = ahead.position;
                    ahead.position += schedule.batch(at);
                    let rate = damping * schedule.rate(at);
                    let stride = soap.stride((at - step) as i32, rate);
                    (first..ahead.position, stride)
                })
                .collect();
            self.descent.queue(objective, &strides)?;
            ahead.step = end;
            ahead.bursts += 1;
        }
        let losses = self.descent.finish()?;
        ahead.bursts -= 1;
        self.ahead = Some(ahead);
        self.arrived = losses.len();
        Ok(losses)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fitted, Moment, Persist, watch};
    use super::*;
    use crate::engine::Stride;
    use crate::engine::kernel::TILE;
    use crate::engine::net::{
        Accelerator, Architecture, Differentiator, Gradient, Squares, Values,
    };
    use std::ops::{ControlFlow, Range};
    use std::sync::{Arc, Mutex};

    const SQUARES: Squares = Squares {
        outputs: 3,
        weighted: 0,
    };

    /// Points of a ramp, but for those of the stream that are far off.
    struct Ramp(Range<u64>);

    impl Objective for Ramp {
        fn knowns(&self) -> usize {
            SQUARES.knowns()
        }

        fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
            for slot in 0..count {
                let point = first + slot as u64;
                let x = (point as f64 * 0.618_034).fract() as f32;
                coordinates[slot] = x;
                coordinates[TILE + slot] = 1.0 - x * x;
                for known in known.chunks_exact_mut(TILE) {
                    known[slot] = if self.0.contains(&point) { 9.0 } else { x };
                }
            }
        }

        fn squares(&self) -> Option<Squares> {
            Some(SQUARES)
        }

        fn loss(
            &self,
            _: u64,
            count: usize,
            known: &[f32],
            outputs: &[f32],
            adjoint: &mut [f32],
        ) -> f64 {
            SQUARES.loss(count, known, outputs, adjoint)
        }
    }

    /// A device that does what the CPU does, but in bursts, and fails at the burst after `bursts`.
    struct Mirror {
        bursts: usize,
    }

    impl Accelerator for Mirror {
        fn name(&self) -> &str {
            "mirror"
        }

        fn gradient(&self, _: &Architecture, _: Squares) -> Result<Box<dyn Gradient>, GpuError> {
            Err(GpuError::OutOfMemory)
        }

        fn descent(
            &self,
            shape: &Architecture,
            _: Squares,
            _: &[(&str, f32)],
            _: usize,
        ) -> Result<Box<dyn Descent>, GpuError> {
            let network = Network::random(shape, 0).unwrap();
            Ok(Box::new(Reflection {
                engine: None,
                gradient: zeros_like(network.layers()),
                optimiser: soap::Soap::new(network.layers()),
                network,
                queued: Vec::new(),
                arrived: None,
                bursts: self.bursts,
            }))
        }

        fn values(&self, _: &Network) -> Result<Box<dyn Values>, GpuError> {
            Err(GpuError::OutOfMemory)
        }
    }

    struct Reflection {
        engine: Option<Differentiator>,
        gradient: Vec<Layer>,
        optimiser: soap::Soap,
        network: Network,
        queued: Vec<Burst>,
        arrived: Option<Burst>,
        bursts: usize,
    }

    struct Burst {
        losses: Vec<f64>,
        network: Network,
        state: Vec<f32>,
    }

    impl Descent for Reflection {
        fn begin(&mut self, network: &Network, state: &[f32]) -> Result<(), GpuError> {
            self.queued.clear();
            self.network.clone_from(network);
            self.optimiser = soap::Soap::new(network.layers());
            let numbers = self.optimiser.numbers().zip(state);
            numbers.for_each(|(number, &given)| *number = given);
            Ok(())
        }

        fn queue(
            &mut self,
            objective: &dyn Objective,
            steps: &[(Range<u64>, Stride)],
        ) -> Result<(), GpuError> {
            self.bursts = self.bursts.checked_sub(1).ok_or(GpuError::OutOfMemory)?;
            let Self {
                engine,
                gradient,
                optimiser,
                network,
                ..
            } = self;
            let new = || Differentiator::new(network.architecture(), objective);
            let engine = engine.get_or_insert_with(new);
            let mut losses = Vec::new();
            for (points, stride) in steps {
                losses.push(engine.gradient(network, objective, points.clone(), gradient));
                optimiser.take(&mut network.layers, gradient, *stride);
            }
            self.queued.push(Burst {
                losses,
                network: network.clone(),
                state: optimiser.numbers().map(|number| *number).collect(),
            });
            Ok(())
        }

        fn finish(&mut self) -> Result<Vec<f64>, GpuError> {
            let burst = self.queued.remove(0);
            Ok(self.arrived.insert(burst).losses.clone())
        }

        fn network(&self, network: &mut Network) {
            network.clone_from(&self.arrived.as_ref().unwrap().network);
        }

        fn state(&self) -> &[f32] {
            &self.arrived.as_ref().unwrap().state
        }
    }

    const SCHEDULE: Schedule = Schedule {
        steps: 431,
        points: [300, 700],
        rate: 1e-3,
    };

    /// The network that a fit on `device` ends with, and how it ends; `seen` sees its moments.
    fn run(
        device: &Device,
        objective: &Ramp,
        from: Option<&[u8]>,
        seen: &mut dyn FnMut(u32, &mut Moment<'_>),
    ) -> Result<(Network, Fitted), Error> {
        let shape = Architecture {
            hidden: vec![7, 4],
            ..Architecture::default()
        };
        let mut network = Network::random(&shape, 0)?;
        let fitted = watch(
            device,
            &mut network,
            objective,
            None,
            &SCHEDULE,
            from,
            &mut |report, moment| {
                seen(report.step, moment);
                ControlFlow::Continue(())
            },
        )?;
        Ok((network, fitted))
    }

    fn mirror(bursts: usize) -> Device {
        Device::pretended(Mirror { bursts }, None)
    }

    #[test]
    fn bursts_lead_where_single_steps_do() {
        let smooth = Ramp(0..0);
        let mut moments = 0;
        let (network, fitted) = run(&Device::cpu(), &smooth, None, &mut |_, _| ()).unwrap();
        let seen = &mut |step, _: &mut Moment<'_>| {
            moments += 1;
            assert!(step % BURSTS[0] == 0 || step == SCHEDULE.steps);
        };
        let (found, mirrored) = run(&mirror(usize::MAX), &smooth, None, seen).unwrap();
        assert_eq!((found, mirrored.loss), (network, fitted.loss));
        assert_eq!(moments, SCHEDULE.steps.div_ceil(BURSTS[0]));
    }

    /// Sent back by a loss in the middle of a burst, and gone on with from any moment, it ends the same way.
    #[test]
    fn what_diverges_is_sent_back_and_any_moment_is_enough_to_go_on_from() {
        // Those of steps 147 and 148; sent back, it does not meet them again.
        let objective = Ramp(147 * 300..149 * 300);
        let mut kept = Vec::new();
        let (mut last, mut back) = (0, 0);
        let seen = &mut |step, moment: &mut Moment<'_>| {
            kept.push(moment.save().unwrap());
            back += u32::from(step <= last);
            last = step;
        };
        let device = mirror(usize::MAX);
        let whole = run(&device, &objective, None, seen).unwrap();
        assert!(back > 0, "it was not sent back");
        for from in kept.iter().step_by(3) {
            let again = run(&device, &objective, Some(from), &mut |_, _| ()).unwrap();
            assert_eq!((again.0, again.1.loss), (whole.0.clone(), whole.1.loss));
        }
    }

    #[test]
    fn the_cpu_goes_on_where_a_device_fails_if_it_may() {
        let smooth = Ramp(0..0);
        let fails = run(&mirror(3), &smooth, None, &mut |_, _| ());
        assert!(matches!(fails, Err(Error::Gpu(GpuError::OutOfMemory))));

        let told = Arc::new(Mutex::new(0));
        let tell = Arc::clone(&told);
        let tell = Box::new(move |_: &GpuError| *tell.lock().unwrap() += 1);
        let device = Device::pretended(Mirror { bursts: 3 }, Some(tell));
        let mut steps = Vec::new();
        let seen = &mut |step, moment: &mut Moment<'_>| {
            // Saved or not, it goes on.
            moment.save().unwrap();
            steps.push(step);
        };
        let (_, fitted) = run(&device, &smooth, None, seen).unwrap();
        let (_, cpu) = run(&Device::cpu(), &smooth, None, &mut |_, _| ()).unwrap();
        // The fourth burst cannot be queued while the third is in the queue.
        assert_eq!(steps[..4], [20, 40, 41, 42]);
        assert_eq!(fitted.steps, SCHEDULE.steps);
        assert!(fitted.loss < 1.5 * cpu.loss, "{} {}", fitted.loss, cpu.loss);
        assert_eq!(*told.lock().unwrap(), 1);
    }
}
