// SOAP (arXiv 2409.11321) for the layers of a perceptron, step by step as src/fit/soap.rs takes it.
//
// For a layer (W b) of m x n numbers with the gradient G, and means L, R, M and V, of which bars mark the next:
//
//     L <- b L + (1 - b) G G^T        R <- b R + (1 - b) G^T G        M <- M + (1 - b1) (G - M)
//     V <- V + (1 - b2) ((P^T G Q)^2 - V)
//     (W b) <- (W b) - rate P N Q^T,  N = P^T M Q / sqrt(V), both without the bias of their beginning
//     every few steps: P <- orthonormal basis of L P, Q <- of R Q
//
// What is done otherwise here than one product after another:
// 1. Layers know nothing of each other, so each has a workgroup. Its matrices lie in device memory, small enough
//    to stay in the caches, whatever the width of the layer; a phase of products ends in a barrier.
// 2. A thread has a block of 2 x 2 numbers of a product, so that what it loads is used twice. Its rows and columns
//    lie half a matrix apart, and neighbouring threads read neighbouring numbers.
// 3. Columns are made orthonormal by taking each out of all that come after it, which can be done for all of these
//    at once, where src/fit/soap.rs takes all before it out of each. All of that twice: then no column has more
//    than 1e-4 of another, even where gradients have hardly spanned anything yet, and 1e-6 where they have.
//    There are no more threads than columns, as a barrier among few is cheap.
//
// Every sum is one thread's, so that a device repeats itself to the bit.
//
// Before this text stand LAYERS, THREADS, COLUMNS, chosen in soap.rs, and the optimiser's constants: BETA_1, BETA_2,
// BETA_SHAMPOO and EPSILON.

struct Layer {
    // m and n.
    rows: u32,
    columns: u32,
    // Where among parameters and gradient its weights and its biases begin, and how far apart rows of weights are.
    weights: u32,
    bias: u32,
    pitch: u32,
    // Where in `memory` what outlives the step begins, L, P, R, Q, M and V; and what does not: five matrices of
    // m x n, one of m x m and one of n x n.
    state: u32,
    @size(8) scratch: u32,
}

struct Stride {
    rate: f32,
    // Factors on M and V.
    unbias_mean: f32,
    unbias_square: f32,
}

@group(0) @binding(0) var<uniform> layers: array<Layer, LAYERS>;
@group(0) @binding(1) var<uniform> stride: Stride;
// Padded as src/engine/gpu/plan.rs says; what is padding stays as it is.
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<storage, read_write> memory: array<f32>;

// A matrix in `memory`: where it begins, and how far its next row and its next column are.
struct Matrix {
    at: u32,
    down: u32,
    right: u32,
}

fn plain(at: u32, columns: u32) -> Matrix {
    return Matrix(at, columns, 1u);
}

fn transposed(at: u32, columns: u32) -> Matrix {
    return Matrix(at, 1u, columns);
}

// Adds to the four sums of a block the products of two numbers down and two across.
fn add(sums: vec4f, down: vec2f, across: vec2f) -> vec4f {
    return fma(down.xxyy, across.xyxy, sums);
}

// Writes `scale` a b, of `rows` x `columns` numbers, to `to`, on top of `keep` times what is there.
fn product(
    to: u32,
    rows: u32,
    columns: u32,
    a: Matrix,
    b: Matrix,
    inner: u32,
    scale: f32,
    keep: f32,
    thread: u32,
    threads: u32,
) {
    let below = (rows + 1u) / 2u;
    let beside = (columns + 1u) / 2u;
    for (var block = thread; block < below * beside; block += threads) {
        let first = vec2u(block / beside, block % beside);
        let second = first + vec2u(below, beside);
        // Of an odd number, the last of the first half has no partner, and is its own.
        let row = vec2u(first.x, select(first.x, second.x, second.x < rows));
        let column = vec2u(first.y, select(first.y, second.y, second.y < columns));
        var left = a.at + row * a.down;
        var right = b.at + column * b.right;
        var sums = vec4f();
        for (var i = 0u; i < inner; i++) {
            sums = add(sums, vec2f(memory[left.x], memory[left.y]), vec2f(memory[right.x], memory[right.y]));
            left += a.right;
            right += b.down;
        }
        sums *= scale;
        let at = to + row.xxyy * columns + column.xyxy;
        if keep > 0.0 {
            // Read before any is written, as some may be the same.
            sums += keep * vec4f(memory[at.x], memory[at.y], memory[at.z], memory[at.w]);
        }
        memory[at.x] = sums.x;
        memory[at.y] = sums.y;
        memory[at.z] = sums.z;
        memory[at.w] = sums.w;
    }
}

// Where among parameters and gradient number `index` of (W b) is.
fn place(layer: Layer, index: u32) -> u32 {
    let row = index / layer.columns;
    let column = index % layer.columns;
    return select(layer.weights + row * layer.pitch + column, layer.bias + row, column + 1u == layer.columns);
}

@compute @workgroup_size(THREADS)
fn advance(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
    let layer = layers[workgroup.x];
    let m = layer.rows;
    let n = layer.columns;
    let size = m * n;
    let left = layer.state;
    let p = left + m * m;
    let right = p + m * m;
    let q = right + n * n;
    let momentum = q + n * n;
    let squares = momentum + size;
    let g = layer.scratch;
    let half_g = g + size;
    let half_m = half_g + size;
    let rotated_g = half_m + size;
    let rotated_m = rotated_g + size;

    for (var i = thread; i < size; i += THREADS) {
        let now = gradient[place(layer, i)];
        let mean = memory[momentum + i];
        memory[g + i] = now;
        memory[momentum + i] = mean + (1.0 - BETA_1) * (now - mean);
    }
    storageBarrier();
    let fresh = 1.0 - BETA_SHAMPOO;
    product(left, m, m, plain(g, n), transposed(g, n), n, fresh, BETA_SHAMPOO, thread, THREADS);
    product(right, n, n, transposed(g, n), plain(g, n), m, fresh, BETA_SHAMPOO, thread, THREADS);
    product(half_g, m, n, transposed(p, m), plain(g, n), m, 1.0, 0.0, thread, THREADS);
    product(half_m, m, n, transposed(p, m), plain(momentum, n), m, 1.0, 0.0, thread, THREADS);
    storageBarrier();
    product(rotated_g, m, n, plain(half_g, n), plain(q, n), n, 1.0, 0.0, thread, THREADS);
    product(rotated_m, m, n, plain(half_m, n), plain(q, n), n, 1.0, 0.0, thread, THREADS);
    storageBarrier();
    for (var i = thread; i < size; i += THREADS) {
        let now = memory[rotated_g + i];
        let before = memory[squares + i];
        let square = before + (1.0 - BETA_2) * (now * now - before);
        memory[squares + i] = square;
        memory[rotated_m + i] *= stride.unbias_mean / (sqrt(square * stride.unbias_square) + EPSILON);
    }
    storageBarrier();
    product(half_m, m, n, plain(p, m), plain(rotated_m, n), m, 1.0, 0.0, thread, THREADS);
    storageBarrier();
    product(g, m, n, plain(half_m, n), transposed(q, n), n, 1.0, 0.0, thread, THREADS);
    storageBarrier();
    for (var i = thread; i < size; i += THREADS) {
        parameters[place(layer, i)] -= stride.rate * memory[g + i];
    }
}

// What the column of a square matrix that begins at `column` is divided by to become a unit vector; 1 if it is zero.
fn length(column: u32, size: u32) -> f32 {
    var square = 0.0;
    for (var i = 0u; i < size; i++) {
        let x = memory[column + i * size];
        square = fma(x, x, square);
    }
    return select(1.0, sqrt(square), square > 0.0);
}

// The bases of a layer, P in workgroup (layer, 0) and Q in (layer, 1).
@compute @workgroup_size(COLUMNS)
fn refresh(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
    let layer = layers[workgroup.x];
    let m = layer.rows;
    let n = layer.columns;
    let second = workgroup.y == 1u;
    let size = select(m, n, second);
    let mean = layer.state + select(0u, 2u * m * m, second);
    let vectors = mean + size * size;
    let next = layer.scratch + 5u * m * n + select(0u, m * m, second);

    var trace = 0.0;
    for (var i = 0u; i < size; i++) {
        trace += memory[mean + i * (size + 1u)];
    }
    // Otherwise the basis stays. Threads agree on that, but a compiler cannot know.
    let live = trace > 0.0 && trace < 3.4e38;
    let scale = select(0.0, 1.0 / trace, live);
    product(next, size, size, plain(mean, size), plain(vectors, size), size, scale, 0.0, thread, COLUMNS);
    storageBarrier();
    for (var column = thread; column < size; column += COLUMNS) {
        // Where the mean has no energy left in a direction, the old vector stays a candidate.
        for (var i = column; i < size * size; i += size) {
            memory[next + i] += 1e-9 * memory[vectors + i];
        }
    }
    for (var turn = 0u; turn < 2u; turn++) {
        for (var column = thread; column < size; column += COLUMNS) {
            let divisor = length(next + column, size);
            for (var i = column; i < size * size; i += size) {
                memory[next + i] /= divisor;
            }
        }
        storageBarrier();
        for (var done = 0u; done + 1u < size; done++) {
            for (var column = thread; column < size; column += COLUMNS) {
                if column > done {
                    var along = 0.0;
                    var square = 0.0;
                    for (var i = 0u; i < size * size; i += size) {
                        let x = memory[next + i + done];
                        along = fma(x, memory[next + i + column], along);
                        square = fma(x, x, square);
                    }
                    let share = select(0.0, along / square, square > 0.0);
                    for (var i = 0u; i < size * size; i += size) {
                        memory[next + i + column] -= share * memory[next + i + done];
                    }
                }
            }
            storageBarrier();
        }
    }
    for (var column = thread; column < size; column += COLUMNS) {
        let divisor = length(next + column, size);
        if live {
            for (var i = column; i < size * size; i += size) {
                memory[vectors + i] = memory[next + i] / divisor;
            }
        }
    }
}
