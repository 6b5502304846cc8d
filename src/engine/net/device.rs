//! What does the work: the CPU, or an accelerator behind a trait.

use super::super::Stride;
use super::{Architecture, Differentiator, Layer, Network, Objective, Squares};
use crate::error::{Error, GpuError};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What does the work of fitting and rendering: the CPU, or a GPU in its place. Cheap to clone.
///
/// GPUs are known to builds with the feature `gpu`. They take sine networks of values under the loss
/// [`Squares`]; derivatives, and other activations and losses, are the CPU's.
#[derive(Clone, Default)]
pub struct Device {
    accelerator: Option<Arc<dyn Accelerator>>,
    fallback: Option<Arc<Fallback>>,
}

/// A function that receives the reason why a device failed.
type Tell = Box<dyn Fn(&GpuError) + Send + Sync>;

/// Reports that a [`Device`] falls back to the CPU, for devices that may.
struct Fallback {
    told: AtomicBool,
    tell: Tell,
}

impl Fallback {
    /// Reports `reason`, if none has been reported before.
    fn tell(&self, reason: &GpuError) {
        if !self.told.swap(true, Ordering::Relaxed) {
            (self.tell)(reason);
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({})", self.name())
    }
}

impl Device {
    /// The CPU (the default).
    pub fn cpu() -> Self {
        Self::default()
    }

    /// The most promising GPU, or the CPU where there is no GPU, where it cannot do the work, or once it fails in the
    /// middle of it. `tell` is called with the first reason for the CPU, and not again. A build without the feature
    /// `gpu` always uses the CPU. Software adapters, which only emulate a GPU, are passed over: the CPU is faster.
    pub fn auto(tell: impl Fn(&GpuError) + Send + Sync + 'static) -> Self {
        let fallback = Fallback {
            told: AtomicBool::new(false),
            tell: Box::new(tell),
        };
        let accelerator = match open(None, false) {
            Ok(accelerator) => Some(accelerator),
            Err(GpuError::NotBuilt) => None,
            Err(error) => {
                fallback.tell(&error);
                None
            }
        };
        Self {
            accelerator,
            fallback: Some(Arc::new(fallback)),
        }
    }

    /// GPU number `index` of [`Device::gpus`], or else the most promising one. What it cannot do is an error.
    ///
    /// # Errors
    /// [`Error::Gpu`] if there is none, or it cannot be used.
    pub fn gpu(index: Option<usize>) -> Result<Self, Error> {
        Ok(Self {
            accelerator: Some(open(index, true)?),
            fallback: None,
        })
    }

    /// What `accelerator` does, and where it fails the CPU, if anybody is there to be told.
    #[cfg(test)]
    pub(crate) fn pretended(accelerator: impl Accelerator + 'static, tell: Option<Tell>) -> Self {
        let fallback = tell.map(|tell| Fallback {
            told: AtomicBool::new(false),
            tell,
        });
        Self {
            accelerator: Some(Arc::new(accelerator)),
            fallback: fallback.map(Arc::new),
        }
    }

    /// The names of all GPUs.
    ///
    /// # Errors
    /// [`Error::Gpu`] in a build without the feature `gpu`.
    pub fn gpus() -> Result<Vec<String>, Error> {
        Ok(list()?)
    }

    /// The name of the device.
    pub fn name(&self) -> &str {
        self.accelerator
            .as_ref()
            .map_or("CPU", |accelerator| accelerator.name())
    }

    /// What computes gradients of `objective` for networks of `shape`.
    ///
    /// # Errors
    /// [`Error::Gpu`] if a GPU was asked for that cannot.
    pub fn engine(&self, shape: &Architecture, objective: &dyn Objective) -> Result<Engine, Error> {
        let remote = match (&self.accelerator, objective.squares()) {
            (Some(accelerator), Some(squares)) => {
                self.or_cpu(accelerator.gradient(shape, squares))?
            }
            (None, _) => None,
            (_, None) => {
                let what = "losses other than squares of values; fit derivatives on the CPU";
                self.refuse(GpuError::Unsupported(what.into()))?;
                None
            }
        };
        Ok(Engine {
            device: self.clone(),
            shape: shape.clone(),
            remote,
            cpu: None,
        })
    }

    /// A [`Descent`] on the device: it takes steps of SOAP with these constants along the gradient of `objective`, for
    /// networks of `shape`, and at most `most` steps in a burst. None if the CPU takes the steps; the device may then
    /// still compute gradients.
    pub(crate) fn descent(
        &self,
        shape: &Architecture,
        objective: &dyn Objective,
        constants: &[(&str, f32)],
        most: usize,
    ) -> Result<Option<Box<dyn Descent>>, Error> {
        let (Some(accelerator), Some(squares)) = (&self.accelerator, objective.squares()) else {
            return Ok(None);
        };
        match accelerator.descent(shape, squares, constants, most) {
            // If gradients are impossible too, whoever asks for them is told.
            Err(GpuError::Unsupported(_)) => Ok(None),
            descent => self.or_cpu(descent),
        }
    }

    /// What evaluates `network`, unless the CPU does.
    pub(super) fn values(&self, network: &Network) -> Result<Option<Box<dyn Values>>, Error> {
        match &self.accelerator {
            Some(_) if network.grids().is_some() => {
                let what = "grids of latents; render them on the CPU";
                self.refuse(GpuError::Unsupported(what.into()))?;
                Ok(None)
            }
            Some(accelerator) => self.or_cpu(accelerator.values(network)),
            None => Ok(None),
        }
    }

    /// Whether anything else than the CPU is to do the work.
    #[cfg(feature = "encode")]
    pub(crate) fn is_accelerated(&self) -> bool {
        self.accelerator.is_some()
    }

    /// Fails if a GPU was asked for, since it cannot do what the CPU is known to be there for.
    pub(crate) fn refuse(&self, reason: GpuError) -> Result<(), Error> {
        match (&self.accelerator, &self.fallback) {
            (Some(_), None) => Err(reason.into()),
            _ => Ok(()),
        }
    }

    /// Nothing, for an error that the CPU may make up for.
    pub(crate) fn or_cpu<T>(&self, result: Result<T, GpuError>) -> Result<Option<T>, Error> {
        match (result, &self.fallback) {
            (Ok(value), _) => Ok(Some(value)),
            (Err(error), Some(fallback)) => {
                fallback.tell(&error);
                Ok(None)
            }
            (Err(error), None) => Err(error.into()),
        }
    }
}

#[cfg(feature = "gpu")]
use super::accelerate::{list, open};

#[cfg(not(feature = "gpu"))]
fn open(_: Option<usize>, _: bool) -> Result<Arc<dyn Accelerator>, GpuError> {
    Err(GpuError::NotBuilt)
}

#[cfg(not(feature = "gpu"))]
fn list() -> Result<Vec<String>, GpuError> {
    Err(GpuError::NotBuilt)
}

/// What takes work off the CPU.
pub(crate) trait Accelerator: Send + Sync {
    fn name(&self) -> &str;

    /// For gradients of networks of `shape`.
    fn gradient(
        &self,
        shape: &Architecture,
        squares: Squares,
    ) -> Result<Box<dyn Gradient>, GpuError>;

    /// For steps of SOAP, up to `most` at once; its constants by the names they have in `gpu/soap.wgsl`.
    fn descent(
        &self,
        shape: &Architecture,
        squares: Squares,
        constants: &[(&str, f32)],
        most: usize,
    ) -> Result<Box<dyn Descent>, GpuError>;

    /// For values of `network`.
    fn values(&self, network: &Network) -> Result<Box<dyn Values>, GpuError>;
}

/// As [`Differentiator::gradient`].
pub(crate) trait Gradient: Send {
    fn gradient(
        &mut self,
        network: &Network,
        objective: &dyn Objective,
        range: Range<u64>,
        gradient: &mut [Layer],
    ) -> Result<f64, GpuError>;
}

/// A fit that stays on the device: gradients and SOAP. Steps are queued in bursts, without waiting for any.
pub(crate) trait Descent: Send {
    /// Begins anew at `network`, with an optimiser in the state `state`. What is queued is forgotten.
    fn begin(&mut self, network: &Network, state: &[f32]) -> Result<(), GpuError>;

    /// Queues a burst of steps, each over a range of the objective's stream.
    fn queue(
        &mut self,
        objective: &dyn Objective,
        steps: &[(Range<u64>, Stride)],
    ) -> Result<(), GpuError>;

    /// Waits for the first burst in the queue, and returns the loss before each of its steps.
    fn finish(&mut self) -> Result<Vec<f64>, GpuError>;

    /// Writes the network after that burst to `network`.
    fn network(&self, network: &mut Network);

    /// The optimiser's state after that burst.
    fn state(&self) -> &[f32];
}

/// Hands the outputs at `count` points to `take`: a row of [`crate::TILE`] floats for each output, those of the
/// first [`crate::TILE`] points, then of the next. `draw(first, count, rows)` writes coordinates
/// in the same layout.
pub(crate) trait Values: Send {
    fn at(
        &mut self,
        count: usize,
        draw: &(dyn Fn(usize, usize, &mut [f32]) + Sync),
        take: &mut dyn FnMut(&[f32]),
    ) -> Result<(), GpuError>;
}

/// Loss and its gradient with respect to all parameters, over batches of any size, on some [`Device`].
pub struct Engine {
    device: Device,
    shape: Architecture,
    remote: Option<Box<dyn Gradient>>,
    cpu: Option<Differentiator>,
}

impl Engine {
    /// As [`Differentiator::gradient`]. The same device gives the same result to the bit; devices differ by
    /// rounding.
    ///
    /// # Errors
    /// [`Error::Gpu`] if a GPU was asked for and fails.
    pub fn gradient(
        &mut self,
        network: &Network,
        objective: &dyn Objective,
        range: Range<u64>,
        gradient: &mut [Layer],
    ) -> Result<f64, Error> {
        if let Some(remote) = &mut self.remote {
            let loss = remote.gradient(network, objective, range.clone(), gradient);
            if let Some(loss) = self.device.or_cpu(loss)? {
                return Ok(loss);
            }
            self.remote = None;
        }
        let cpu = self
            .cpu
            .get_or_insert_with(|| Differentiator::new(&self.shape, objective));
        Ok(cpu.gradient(network, objective, range, gradient))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Order, Sweep};
    use super::*;
    use crate::objective::Image;
    use crate::signal::{Picture, Samples};
    use std::sync::Mutex;

    /// Says that it can do everything, and fails when it comes to that.
    struct Broken;

    impl Accelerator for Broken {
        fn name(&self) -> &str {
            "broken"
        }

        fn gradient(&self, _: &Architecture, _: Squares) -> Result<Box<dyn Gradient>, GpuError> {
            Ok(Box::new(Self))
        }

        fn descent(
            &self,
            _: &Architecture,
            _: Squares,
            _: &[(&str, f32)],
            _: usize,
        ) -> Result<Box<dyn Descent>, GpuError> {
            Err(GpuError::Unsupported("descents".into()))
        }

        fn values(&self, _: &Network) -> Result<Box<dyn Values>, GpuError> {
            Ok(Box::new(Self))
        }
    }

    impl Gradient for Broken {
        fn gradient(
            &mut self,
            _: &Network,
            _: &dyn Objective,
            _: Range<u64>,
            _: &mut [Layer],
        ) -> Result<f64, GpuError> {
            Err(GpuError::OutOfMemory)
        }
    }

    impl Values for Broken {
        fn at(
            &mut self,
            _: usize,
            _: &(dyn Fn(usize, usize, &mut [f32]) + Sync),
            _: &mut dyn FnMut(&[f32]),
        ) -> Result<(), GpuError> {
            Err(GpuError::Lost("unplugged".into()))
        }
    }

    /// A gradient and values by `device`.
    fn work(device: &Device) -> Result<(f64, Vec<Layer>, Vec<f32>), Error> {
        let shape = Architecture {
            hidden: vec![8; 2],
            ..Architecture::default()
        };
        let network = Network::random(&shape, 0)?;
        let samples = Samples::U8((0..=255).cycle().take(3 * 700).collect());
        let picture = Picture::new(35, 20, 3, samples)?;
        let task = Image::new(&picture, 0);
        let mut gradient = network.layers().to_vec();
        let mut engine = device.engine(&shape, &task)?;
        let loss = engine.gradient(&network, &task, 0..600, &mut gradient)?;
        let mut values = vec![0.0; 600];
        let draw = |first: usize, count: usize, rows: &mut [f32]| {
            for (slot, row) in rows.iter_mut().enumerate().take(count) {
                *row = (first + slot) as f32 / 600.0;
            }
        };
        let paint = |jets: &[f32], slot: usize, value: &mut [f32]| value[0] = jets[slot];
        Sweep::new(device, &network, Order::Value)?.fill(&mut values, 1, draw, paint)?;
        Ok((loss, gradient, values))
    }

    #[test]
    fn what_fails_is_done_by_the_cpu_and_told_once() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let tell = move |reason: &GpuError| tell.lock().unwrap().push(reason.clone());
        let device = Device::pretended(Broken, Some(Box::new(tell)));
        assert_eq!(work(&device).unwrap(), work(&Device::cpu()).unwrap());
        assert_eq!(*told.lock().unwrap(), [GpuError::OutOfMemory]);
    }

    #[test]
    fn what_was_asked_for_and_fails_is_an_error() {
        let device = Device::pretended(Broken, None);
        assert!(matches!(
            work(&device),
            Err(Error::Gpu(GpuError::OutOfMemory))
        ));
        let network = Network::random(
            &Architecture {
                hidden: vec![2],
                ..Architecture::default()
            },
            0,
        )
        .unwrap();
        assert!(Sweep::new(&device, &network, Order::Gradient).is_err());
    }

    #[cfg(not(feature = "gpu"))]
    #[test]
    fn a_build_without_gpus_says_so() {
        assert!(matches!(
            Device::gpu(None),
            Err(Error::Gpu(GpuError::NotBuilt))
        ));
        assert!(Device::gpus().is_err());
        assert_eq!(Device::auto(|_| panic!("nothing to tell")).name(), "CPU");
    }
}
