//! Finding and opening a GPU.

use crate::error::GpuError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use wgpu::{Backends, DeviceType, Limits};

/// Workgroup memory beyond which there is no use for more, in bytes: a tile of 64 points for the widest layer
/// that 256 threads have a block each of.
const WORKGROUP_MEMORY: u32 = 49_152;

/// An opened device, and what went wrong with it.
pub(crate) struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    name: String,
    /// The first failure; there is no way back from it.
    failure: Arc<Mutex<Option<GpuError>>>,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpu({})", self.name)
    }
}

/// The names of all adapters.
pub(crate) fn adapters() -> Vec<String> {
    enumerate().iter().map(describe).collect()
}

fn enumerate() -> Vec<wgpu::Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: Backends::VULKAN | Backends::METAL | Backends::DX12,
        flags: wgpu::InstanceFlags::empty(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    pollster::block_on(instance.enumerate_adapters(Backends::all()))
}

/// "NVIDIA H100 (discrete GPU, Vulkan, NVIDIA 580.95)".
fn describe(adapter: &wgpu::Adapter) -> String {
    let info = adapter.get_info();
    let kind = match info.device_type {
        DeviceType::DiscreteGpu => "discrete GPU",
        DeviceType::IntegratedGpu => "integrated GPU",
        DeviceType::VirtualGpu => "virtual GPU",
        DeviceType::Cpu => "software, no GPU",
        DeviceType::Other => "of unknown kind",
    };
    let driver = [info.driver, info.driver_info].join(" ");
    let driver = Some(driver.trim()).filter(|driver| !driver.is_empty());
    let driver = driver.map_or(String::new(), |driver| format!(", {driver}"));
    format!("{} ({kind}, {:?}{driver})", info.name, info.backend)
}

/// Devices are tried in this order where none is named.
fn preference(adapter: &wgpu::Adapter) -> u8 {
    match adapter.get_info().device_type {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

impl Gpu {
    /// Opens adapter number `index` of [`adapters`]; without a number, the most promising one, with
    /// `software` even if that is none.
    ///
    /// # Errors
    /// [`GpuError::NotFound`] and [`GpuError::NoSuch`] if there is none, [`GpuError::Unsupported`] if it
    /// cannot be opened with the limits that every device should have.
    pub(crate) fn open(index: Option<usize>, software: bool) -> Result<Self, GpuError> {
        let mut adapters = enumerate();
        let number = adapters.len();
        let adapter = match index {
            Some(index) if index < number => adapters.swap_remove(index),
            Some(index) => return Err(GpuError::NoSuch { index, number }),
            None => adapters
                .into_iter()
                .filter(|adapter| software || adapter.get_info().device_type != DeviceType::Cpu)
                .min_by_key(preference)
                .ok_or(GpuError::NotFound)?,
        };
        let name = describe(&adapter);
        let limits = Limits::downlevel_defaults();
        let memory = adapter.limits().max_compute_workgroup_storage_size;
        let request = wgpu::DeviceDescriptor {
            label: Some("sirenc"),
            required_limits: Limits {
                max_compute_workgroup_storage_size: memory
                    .min(WORKGROUP_MEMORY)
                    .max(limits.max_compute_workgroup_storage_size),
                ..limits
            },
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&request))
            .map_err(|error| GpuError::Unsupported(format!("{name}: {error}")))?;

        let failure = Arc::new(Mutex::new(None));
        let first = Arc::clone(&failure);
        device.on_uncaptured_error(Arc::new(move |error| {
            let failure = match error {
                wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory,
                error => GpuError::Lost(error.to_string()),
            };
            lock(&first).get_or_insert(failure);
        }));
        let first = Arc::clone(&failure);
        device.set_device_lost_callback(move |_, why| {
            lock(&first).get_or_insert(GpuError::Lost(why));
        });
        Ok(Self {
            device,
            queue,
            name,
            failure,
        })
    }

    /// What it is called, with its driver.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Fails if anything has failed.
    pub(super) fn check(&self) -> Result<(), GpuError> {
        lock(&self.failure).clone().map_or(Ok(()), Err)
    }

    /// A buffer of `length` bytes, all zeros.
    pub(super) fn buffer(&self, length: usize, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: length as u64,
            usage,
            mapped_at_creation: false,
        })
    }

    /// A pipeline of the entry point `entry` of `shader`.
    pub(super) fn pipeline(&self, shader: &str, entry: &str) -> wgpu::ComputePipeline {
        let module = wgpu::ShaderModuleDescriptor {
            label: Some(entry),
            source: wgpu::ShaderSource::Wgsl(shader.into()),
        };
        let module = self.device.create_shader_module(module);
        self.device
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry),
                layout: None,
                module: &module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions {
                    // All of it is written before it is read.
                    zero_initialize_workgroup_memory: false,
                    ..wgpu::PipelineCompilationOptions::default()
                },
                cache: None,
            })
    }

    fn bind(
        &self,
        pipeline: &wgpu::ComputePipeline,
        buffers: &[(u32, &wgpu::Buffer)],
    ) -> wgpu::BindGroup {
        let entries: Vec<_> = buffers
            .iter()
            .map(|&(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        })
    }

    /// No commands yet.
    pub(super) fn commands(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&Default::default())
    }

    /// Records that this number of workgroups runs `pipeline` on `buffers`, each bound to the number beside it.
    pub(super) fn dispatch(
        &self,
        commands: &mut wgpu::CommandEncoder,
        pipeline: &wgpu::ComputePipeline,
        buffers: &[(u32, &wgpu::Buffer)],
        [x, y]: [usize; 2],
    ) {
        let mut pass = commands.begin_compute_pass(&Default::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &self.bind(pipeline, buffers), &[]);
        pass.dispatch_workgroups(x as u32, y as u32, 1);
    }

    /// Asks for the floats at the beginning of `staging` as they are when all that is queued is done.
    pub(super) fn map(&self, staging: &wgpu::Buffer, floats: usize) {
        // Whether that succeeds is seen when they are taken. If nobody wants them any more, failing is no failure.
        staging.map_async(wgpu::MapMode::Read, 0..4 * floats as u64, |_| ());
    }

    /// Waits for the work up to `last`, or all of it, and hands the floats asked for with [`Gpu::map`] to `take`.
    pub(super) fn take<T>(
        &self,
        staging: &wgpu::Buffer,
        floats: usize,
        last: Option<wgpu::SubmissionIndex>,
        take: impl FnOnce(&[f32]) -> T,
    ) -> Result<T, GpuError> {
        let lost = |error: &dyn fmt::Display| {
            let failure = GpuError::Lost(error.to_string());
            lock(&self.failure).get_or_insert(failure).clone()
        };
        self.device
            .poll(wgpu::PollType::Wait {
                submission_index: last,
                timeout: None,
            })
            .map_err(|error| lost(&error))?;
        self.check()?;
        let view = staging
            .get_mapped_range(0..4 * floats as u64)
            .map_err(|error| lost(&error))?;
        let taken = take(bytemuck::cast_slice(&view));
        drop(view);
        staging.unmap();
        Ok(taken)
    }

    /// Waits for all work, and hands the floats at the beginning of `staging` to `take`.
    pub(super) fn read<T>(
        &self,
        staging: &wgpu::Buffer,
        floats: usize,
        take: impl FnOnce(&[f32]) -> T,
    ) -> Result<T, GpuError> {
        self.map(staging, floats);
        self.take(staging, floats, None, take)
    }
}

#[cfg(test)]
impl Gpu {
    /// Any adapter, for a test, which is skipped where there is none.
    pub(super) fn any() -> Option<Arc<Self>> {
        match Self::open(None, true) {
            Ok(gpu) => Some(Arc::new(gpu)),
            Err(GpuError::NotFound) => {
                println!("skipped: no adapter");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn lock(failure: &Mutex<Option<GpuError>>) -> std::sync::MutexGuard<'_, Option<GpuError>> {
    failure.lock().unwrap_or_else(PoisonError::into_inner)
}
