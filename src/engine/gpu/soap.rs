//! The optimiser SOAP on a GPU.

use super::super::Stride;
use super::adapter::Gpu;
use super::plan::{Perceptron, Plan};
use crate::error::GpuError;
use wgpu::BufferUsages as Use;

/// Threads of a workgroup: as many as every device has.
const THREADS: usize = 256;

/// The optimiser of `soap.wgsl`, with all that it remembers from step to step.
pub(super) struct Soap {
    advance: wgpu::ComputePipeline,
    refresh: wgpu::ComputePipeline,
    table: wgpu::Buffer,
    stride: wgpu::Buffer,
    /// What outlives a step, layer by layer; then what does not.
    pub(super) memory: wgpu::Buffer,
    /// Floats of the former.
    pub(super) state: usize,
    layers: usize,
}

impl Soap {
    /// For parameters laid out by `plan`; `constants` by their names in the shader.
    ///
    /// # Errors
    /// [`GpuError::Unsupported`] if the device has no buffers so large.
    pub(super) fn new(
        gpu: &Gpu,
        perceptron: &Perceptron,
        plan: &Plan,
        constants: &[(&str, f32)],
    ) -> Result<Self, GpuError> {
        let sizes = |&(outputs, inputs): &(usize, usize)| (outputs, inputs + 1);
        let layers: Vec<(usize, usize)> = perceptron.layers.iter().map(sizes).collect();
        let squares = |m: usize, n: usize| m * m + n * n;
        let state = layers
            .iter()
            .map(|&(m, n)| 2 * (squares(m, n) + m * n))
            .sum();
        let (mut table, mut kept, mut spent) = (Vec::new(), 0, state);
        for (&(m, n), place) in layers.iter().zip(&plan.layers) {
            let [weights, bias, pitch] = [place.weights, place.bias, place.ins].map(|at| 4 * at);
            let row = [m, n, weights, bias, pitch, kept, spent, 0];
            table.extend(row.map(|number| number as u32));
            kept += 2 * (squares(m, n) + m * n);
            spent += squares(m, n) + 5 * m * n;
        }
        if (4 * spent) as u64 > gpu.device.limits().max_storage_buffer_binding_size {
            let what = format!("an optimiser of {} MB", 4 * spent / 1_000_000);
            return Err(GpuError::Unsupported(what));
        }

        let widest = layers.iter().map(|&(m, n)| m.max(n)).max().unwrap_or(1);
        let numbers = [
            ("LAYERS", layers.len()),
            ("THREADS", THREADS),
            ("COLUMNS", widest.next_multiple_of(32).min(THREADS)),
        ];
        let numbers = numbers.map(|(name, value)| format!("const {name} = {value}u;\n"));
        let constants = constants
            .iter()
            .map(|(name, value)| format!("const {name} = {value:e};\n"));
        let shader = numbers.concat() + &constants.collect::<String>() + include_str!("soap.wgsl");
        let this = Self {
            advance: gpu.pipeline(&shader, "advance"),
            refresh: gpu.pipeline(&shader, "refresh"),
            table: gpu.buffer(4 * table.len(), Use::UNIFORM | Use::COPY_DST),
            stride: gpu.buffer(16, Use::UNIFORM | Use::COPY_DST),
            memory: gpu.buffer(4 * spent, Use::STORAGE | Use::COPY_DST | Use::COPY_SRC),
            state,
            layers: layers.len(),
        };
        gpu.queue
            .write_buffer(&this.table, 0, bytemuck::cast_slice(&table));
        gpu.check()?;
        Ok(this)
    }

    /// Records a step of `parameters` against `gradient`, laid out alike.
    pub(super) fn record(
        &self,
        gpu: &Gpu,
        commands: &mut wgpu::CommandEncoder,
        [parameters, gradient]: [&wgpu::Buffer; 2],
        stride: Stride,
    ) {
        let [mean, square] = stride.unbias;
        let numbers = [stride.rate, mean, square, 0.0];
        gpu.queue
            .write_buffer(&self.stride, 0, bytemuck::cast_slice(&numbers));
        let (table, memory) = ((0, &self.table), (4, &self.memory));
        let buffers = [
            table,
            (1, &self.stride),
            (2, parameters),
            (3, gradient),
            memory,
        ];
        gpu.dispatch(commands, &self.advance, &buffers, [self.layers, 1]);
        if stride.refresh {
            gpu.dispatch(commands, &self.refresh, &[table, memory], [self.layers, 2]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTANTS: [(&str, f32); 4] = [
        ("BETA_1", 0.9),
        ("BETA_2", 0.98),
        ("BETA_SHAMPOO", 0.9),
        ("EPSILON", 1e-12),
    ];

    /// A matrix in f64, row by row.
    #[derive(Clone)]
    struct Matrix {
        columns: usize,
        numbers: Vec<f64>,
    }

    impl Matrix {
        /// The next of `floats`.
        fn take(floats: &mut &[f32], rows: usize, columns: usize) -> Self {
            let (mine, rest) = floats.split_at(rows * columns);
            *floats = rest;
            let numbers = mine.iter().map(|&x| f64::from(x)).collect();
            Self { columns, numbers }
        }

        fn transposed(&self) -> Self {
            let rows = self.numbers.len() / self.columns;
            let column = |j| self.numbers.iter().skip(j).step_by(self.columns).copied();
            Self {
                columns: rows,
                numbers: (0..self.columns).flat_map(column).collect(),
            }
        }

        fn times(&self, other: &Self) -> Self {
            let other = other.transposed();
            let rows = self.numbers.chunks_exact(self.columns);
            let numbers = rows.flat_map(|a| {
                let columns = other.numbers.chunks_exact(other.columns);
                columns.map(move |b| a.iter().zip(b).map(|(a, b)| a * b).sum())
            });
            Self {
                columns: other.numbers.len() / other.columns,
                numbers: numbers.collect(),
            }
        }

        /// This plus `share` of the way to `other`.
        fn towards(&self, other: &Self, share: f64) -> Self {
            let pairs = self.numbers.iter().zip(&other.numbers);
            Self {
                numbers: pairs.map(|(a, b)| a + share * (b - a)).collect(),
                ..*self
            }
        }

        /// Largest difference, relative to the largest number.
        fn difference(&self, other: &Self) -> f64 {
            let largest = |numbers: &mut dyn Iterator<Item = f64>| {
                numbers.fold(0.0, |most: f64, x| most.max(x.abs()))
            };
            let mut pairs = self.numbers.iter().zip(&other.numbers).map(|(a, b)| a - b);
            largest(&mut pairs) / largest(&mut self.numbers.iter().copied())
        }
    }

    /// L, P, R, Q, M and V of a layer, and how its (W b) changes.
    struct Layer([Matrix; 6]);

    impl Layer {
        fn take(floats: &mut &[f32], m: usize, n: usize) -> Self {
            let sizes = [(m, m), (m, m), (n, n), (n, n), (m, n), (m, n)];
            Self(sizes.map(|(rows, columns)| Matrix::take(floats, rows, columns)))
        }

        /// The plain algorithm, but for the bases, which stay, and the way that (W b) goes, in units of the rate.
        fn step(&self, g: &Matrix, [mean, square]: [f32; 2]) -> (Self, Matrix) {
            let [l, p, r, q, m, v] = &self.0;
            let rotate = |x: &Matrix| p.transposed().times(x).times(q);
            let share = |constant: usize| 1.0 - f64::from(CONSTANTS[constant].1);
            let m = m.towards(g, share(0));
            let squared = rotate(g).numbers.iter().map(|x| x * x).collect();
            let squared = Matrix {
                numbers: squared,
                ..*g
            };
            let v = v.towards(&squared, share(1));
            let mut n = rotate(&m);
            for (n, v) in n.numbers.iter_mut().zip(&v.numbers) {
                *n *= f64::from(mean) / (v * f64::from(square)).sqrt();
            }
            let way = p.times(&n).times(&q.transposed());
            let l = l.towards(&g.times(&g.transposed()), share(2));
            let r = r.towards(&g.transposed().times(g), share(2));
            (Self([l, p.clone(), r, q.clone(), m, v]), way)
        }
    }

    fn noise(seed: &mut u32) -> f32 {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// Floats of `buffer`.
    fn floats(gpu: &Gpu, buffer: &wgpu::Buffer, number: usize) -> Vec<f32> {
        let staging = gpu.buffer(4 * number, Use::MAP_READ | Use::COPY_DST);
        let mut commands = gpu.commands();
        commands.copy_buffer_to_buffer(buffer, 0, &staging, 0, (4 * number) as u64);
        gpu.queue.submit([commands.finish()]);
        gpu.read(&staging, number, <[f32]>::to_vec).unwrap()
    }

    /// Uneven layers, thirty steps: each from the device's own state, so that what is undetermined, such as
    /// vectors where gradients have never been, is the same for the oracle.
    #[test]
    fn every_step_is_that_of_the_plain_algorithm() {
        let Some(gpu) = Gpu::any() else {
            return;
        };
        let perceptron = Perceptron {
            layers: vec![(5, 2), (64, 5), (33, 64), (3, 33)],
            omegas: vec![1.0; 4],
        };
        let plan = Plan::new(&perceptron, 256, 49_152).unwrap();
        let soap = Soap::new(&gpu, &perceptron, &plan, &CONSTANTS).unwrap();
        let identities = perceptron.layers.iter().flat_map(|&(m, inputs)| {
            let n = inputs + 1;
            let basis = |size: usize| {
                let one = move |i: usize| f32::from(u8::from(i.is_multiple_of(size + 1)));
                std::iter::repeat_n(0.0, size * size).chain((0..size * size).map(one))
            };
            basis(m)
                .chain(basis(n))
                .chain(std::iter::repeat_n(0.0, 2 * m * n))
        });
        let mut state: Vec<f32> = identities.collect();
        assert_eq!(state.len(), soap.state);
        let number = 4 * plan.parameters;
        let usage = Use::STORAGE | Use::COPY_DST | Use::COPY_SRC;
        let buffers = [(); 2].map(|()| gpu.buffer(4 * number, usage));
        gpu.queue
            .write_buffer(&soap.memory, 0, bytemuck::cast_slice(&state));

        let (mut seed, mut worst, mut crooked) = (1, 0f64, 0f64);
        let mut before = vec![0.0; number];
        for step in 1..=30 {
            // Of very different sizes, as gradients are.
            let matrices: Vec<[Vec<f32>; 2]> = perceptron
                .layers
                .iter()
                .map(|&(m, inputs)| {
                    let mut number = |i: usize| noise(&mut seed) * 0.5f32.powi(i as i32 % 7);
                    let weights = (0..m * inputs).map(&mut number).collect();
                    [weights, (0..m).map(number).collect()]
                })
                .collect();
            // Padding must not matter.
            let mut gradient = vec![1e9; number];
            let tensors = matrices
                .iter()
                .map(|layer| layer.each_ref().map(Vec::as_slice));
            plan.pad(tensors, &mut gradient);
            gpu.queue
                .write_buffer(&buffers[1], 0, bytemuck::cast_slice(&gradient));
            let unbias = [0.9f32, 0.98].map(|beta| 1.0 / (1.0 - beta.powi(step)));
            let stride = Stride {
                rate: 0.5,
                unbias,
                refresh: step % 3 == 1,
            };
            let mut commands = gpu.commands();
            soap.record(&gpu, &mut commands, buffers.each_ref(), stride);
            gpu.queue.submit([commands.finish()]);
            let after = floats(&gpu, &buffers[0], number);
            let next = floats(&gpu, &soap.memory, soap.state);

            let (mut old, mut new) = (state.as_slice(), next.as_slice());
            let places = perceptron.layers.iter().zip(&plan.layers).zip(&matrices);
            for ((&(m, inputs), place), [weights, bias]) in places {
                let n = inputs + 1;
                // (W b) of two tensors, and of a padded pair of them.
                let joined = |weights: &[f32], pitch: usize, bias: &[f32]| {
                    let row = |i: usize| {
                        let row = weights[i * pitch..][..inputs].iter().chain(&bias[i..=i]);
                        row.map(|&x| f64::from(x)).collect::<Vec<_>>()
                    };
                    let numbers = (0..m).flat_map(row).collect();
                    Matrix {
                        columns: n,
                        numbers,
                    }
                };
                let padded = |floats: &[f32]| {
                    let (weights, bias) = (&floats[4 * place.weights..], &floats[4 * place.bias..]);
                    joined(weights, 4 * place.ins, bias)
                };
                let g = joined(weights, inputs, bias);
                let (expected, way) = Layer::take(&mut old, m, n).step(&g, unbias);
                let Layer(found) = Layer::take(&mut new, m, n);
                let (mut gone, there) = (padded(&before), padded(&after));
                for (from, to) in gone.numbers.iter_mut().zip(&there.numbers) {
                    *from = (*from - to) / f64::from(stride.rate);
                }
                worst = worst.max(way.difference(&gone));
                for which in [0, 2, 4, 5] {
                    worst = worst.max(expected.0[which].difference(&found[which]));
                }
                for (mean, which) in [(0, 1), (2, 3)] {
                    let (old, new) = (&expected.0[which], &found[which]);
                    if !stride.refresh {
                        assert_eq!(old.numbers, new.numbers);
                        continue;
                    }
                    // Q of a decomposition of `power` into Q and R: columns are orthonormal, and no column of
                    // `power` has anything of a later column of Q.
                    let power = found[mean].times(old);
                    let size = new.columns;
                    let gram = new.transposed().times(new);
                    let factor = new.transposed().times(&power);
                    let trace: f64 = found[mean].numbers.iter().step_by(size + 1).sum();
                    for i in 0..size {
                        for j in 0..size {
                            let unit = f64::from(u8::from(i == j));
                            crooked = crooked.max((gram.numbers[i * size + j] - unit).abs());
                            if i > j {
                                worst = worst.max(factor.numbers[i * size + j].abs() / trace);
                            }
                        }
                    }
                }
            }
            let zeros = after.iter().zip(&gradient).filter(|&(_, &g)| g == 1e9);
            assert!(
                zeros.map(|(x, _)| x).all(|&x| x == 0.0),
                "padding has moved"
            );
            (before, state) = (after, next);
        }
        println!(
            "steps of SOAP differ by {worst:.1e}, bases from orthonormal ones by {crooked:.1e}"
        );
        assert!(worst < 1e-4, "steps differ by {worst:e}");
        assert!(crooked < 1e-4, "bases are not orthonormal: {crooked:e}");
    }
}
