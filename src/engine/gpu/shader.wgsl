// A multilayer perceptron of sines over tiles of points: values, and the gradient of a sum of squares.
//
// The plain algorithm is that of src/engine/kernel/mod.rs. What is done otherwise here:
// 1. A workgroup takes a tile of 4 LANES points through all layers, forward and backward. Every thread has one
//    block of 4 neurons x 4 points (a mat4x4f: a column per neuron) in registers; it is the same block on the
//    way up and on the way down, so pre-activations never leave the thread.
// 2. What threads must see of each other lies in workgroup memory: the rows of the layer at hand in `tile`,
//    and in `other` the weights of that layer, or the activations below it. Both are read in vec4s.
// 3. Rows are stored part by part: row 4 g + j of `groups` groups at place j groups + g, and padded, so that
//    neighbouring threads meet different banks.
// 4. The gradient of a layer is summed over a tile in registers, over the tiles of a workgroup in a slice of
//    device memory of its own, and over workgroups by `reduce`: no atomics, and always in the same order.
//
// Layers are padded with zeros to groups of 4 neurons. Padded neurons are sin 0 = 0, and so are all
// derivatives by them.
//
// Before this text stand LAYERS, LANES, STRIDE, THREADS, TILE, OTHER and STAGED, chosen in plan.rs.

struct Layer {
    // Where weights (row by row, each `ins` vec4s) and bias begin among the parameters, in vec4s.
    weights: u32,
    bias: u32,
    // Groups of 4 neurons.
    outs: u32,
    ins: u32,
    @size(16) omega: f32,
}

struct Batch {
    // Points, and tiles of them.
    count: u32,
    tiles: u32,
    // Rows of the points: coordinates, for a gradient targets too, and where `weighted` is not 0 a weight for
    // so many of the first outputs.
    rows: u32,
    inputs: u32,
    outputs: u32,
    weighted: u32,
    // vec4s of a workgroup's partial sums, the last of which has the loss.
    stride: u32,
    // 1 if these points go on with a batch already begun.
    resumed: u32,
}

@group(0) @binding(0) var<uniform> layers: array<Layer, LAYERS>;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> parameters: array<vec4f>;
// Rows of 256 points each, tile of 256 by tile.
@group(0) @binding(3) var<storage, read> points: array<vec4f>;
// Gradients by workgroup, or values in rows like those of the points.
@group(0) @binding(4) var<storage, read_write> results: array<vec4f>;

var<workgroup> tile: array<vec4f, TILE>;
var<workgroup> other: array<vec4f, OTHER>;

// Pre-activations of the thread's block in every hidden layer.
var<private> saved: array<mat4x4f, LAYERS>;

struct Wave {
    sin: vec4f,
    cos: vec4f,
}

// As src/engine/simd/sincos.rs: WGSL vouches for sines only within -pi .. pi.
fn wave(z: vec4f) -> Wave {
    let n = round(z * 0.31830988618);
    var r = fma(n, vec4f(-3.140625), z);
    r = fma(n, vec4f(-9.675026e-4), r);
    r = fma(n, vec4f(-1.509958e-7), r);
    let r2 = r * r;
    var p = fma(r2, vec4f(2.6000545e-6), vec4f(-0.00019806615));
    p = fma(p, r2, vec4f(0.008333017));
    p = fma(p, r2, vec4f(-0.16666657));
    var q = fma(r2, vec4f(2.319438e-5), vec4f(-0.0013855927));
    q = fma(q, r2, vec4f(0.04166399));
    q = fma(q, r2, vec4f(-0.4999993));
    let sign = 1.0 - 2.0 * vec4f(vec4i(n) & vec4i(1));
    return Wave(sign * fma(p * r2, r, r), sign * fma(q, r2, vec4f(1.0)));
}

fn row(group: u32, part: u32, groups: u32) -> u32 {
    return (part * groups + group) * STRIDE;
}

fn tile_block(group: u32, groups: u32, lane: u32) -> mat4x4f {
    return mat4x4f(
        tile[row(group, 0u, groups) + lane],
        tile[row(group, 1u, groups) + lane],
        tile[row(group, 2u, groups) + lane],
        tile[row(group, 3u, groups) + lane],
    );
}

fn set_tile_block(group: u32, groups: u32, lane: u32, block: mat4x4f) {
    tile[row(group, 0u, groups) + lane] = block[0];
    tile[row(group, 1u, groups) + lane] = block[1];
    tile[row(group, 2u, groups) + lane] = block[2];
    tile[row(group, 3u, groups) + lane] = block[3];
}

fn other_block(group: u32, groups: u32, lane: u32) -> mat4x4f {
    return mat4x4f(
        other[row(group, 0u, groups) + lane],
        other[row(group, 1u, groups) + lane],
        other[row(group, 2u, groups) + lane],
        other[row(group, 3u, groups) + lane],
    );
}

fn set_other_block(group: u32, groups: u32, lane: u32, block: mat4x4f) {
    other[row(group, 0u, groups) + lane] = block[0];
    other[row(group, 1u, groups) + lane] = block[1];
    other[row(group, 2u, groups) + lane] = block[2];
    other[row(group, 3u, groups) + lane] = block[3];
}

// Row `index` of the points at `lane` of tile `t`.
fn point(t: u32, index: u32, lane: u32) -> vec4f {
    let at = t * LANES + lane;
    return points[(at / 64u * batch.rows + index) * 64u + at % 64u];
}

fn coordinates(t: u32, group: u32, lane: u32) -> mat4x4f {
    var block = mat4x4f();
    for (var j = 0u; j < 4u; j++) {
        if 4u * group + j < batch.inputs {
            block[j] = point(t, 4u * group + j, lane);
        }
    }
    return block;
}

// Copies the weights of layer `l` to `other`, if they fit.
fn stage(l: u32, thread: u32) {
    if STAGED {
        let number = 4u * layers[l].outs * layers[l].ins;
        for (var i = thread; i < number; i += THREADS) {
            other[i] = parameters[layers[l].weights + i];
        }
    }
}

fn weight(l: u32, index: u32) -> vec4f {
    if STAGED {
        return other[index];
    }
    return parameters[layers[l].weights + index];
}

fn add(z: vec4f, w: vec4f, x: mat4x4f) -> vec4f {
    let low = fma(vec4f(w.y), x[1], fma(vec4f(w.x), x[0], z));
    return fma(vec4f(w.w), x[3], fma(vec4f(w.z), x[2], low));
}

// W x + b, with x in `tile`.
fn affine(l: u32, group: u32, lane: u32) -> mat4x4f {
    let ins = layers[l].ins;
    let bias = parameters[layers[l].bias + group];
    var z = mat4x4f(vec4f(bias.x), vec4f(bias.y), vec4f(bias.z), vec4f(bias.w));
    for (var g = 0u; g < ins; g++) {
        let x = tile_block(g, ins, lane);
        let w = 4u * group * ins + g;
        z[0] = add(z[0], weight(l, w), x);
        z[1] = add(z[1], weight(l, w + ins), x);
        z[2] = add(z[2], weight(l, w + 2u * ins), x);
        z[3] = add(z[3], weight(l, w + 3u * ins), x);
    }
    return z;
}

// W^T e, with e in `tile`.
fn affine_adjoint(l: u32, group: u32, lane: u32) -> mat4x4f {
    let outs = layers[l].outs;
    let ins = layers[l].ins;
    var d = mat4x4f();
    for (var g = 0u; g < outs; g++) {
        let e = tile_block(g, outs, lane);
        let w = 4u * g * ins + group;
        let rows = mat4x4f(weight(l, w), weight(l, w + ins), weight(l, w + 2u * ins), weight(l, w + 3u * ins));
        let columns = transpose(rows);
        d[0] = add(d[0], columns[0], e);
        d[1] = add(d[1], columns[1], e);
        d[2] = add(d[2], columns[2], e);
        d[3] = add(d[3], columns[3], e);
    }
    return d;
}

// The outputs at the points of tile `t`: the block of a thread whose group the last layer has. Leaves the
// weights of that layer in `other`.
fn forward(t: u32, thread: u32, group: u32, lane: u32) -> mat4x4f {
    if group < layers[0].ins {
        set_tile_block(group, layers[0].ins, lane, coordinates(t, group, lane));
    }
    stage(0u, thread);
    workgroupBarrier();
    var z = mat4x4f();
    for (var l = 0u; l < LAYERS; l++) {
        if group < layers[l].outs {
            z = layers[l].omega * affine(l, group, lane);
        }
        workgroupBarrier();
        if l + 1u < LAYERS {
            stage(l + 1u, thread);
            if group < layers[l].outs {
                saved[l] = z;
                let a = mat4x4f(wave(z[0]).sin, wave(z[1]).sin, wave(z[2]).sin, wave(z[3]).sin);
                set_tile_block(group, layers[l].outs, lane, a);
            }
            workgroupBarrier();
        }
    }
    return z;
}

// Replaces outputs by the derivative of the loss by them, and returns their loss.
fn lose(t: u32, group: u32, lane: u32, outputs: ptr<function, mat4x4f>) -> f32 {
    let at = 4u * (t * LANES + lane);
    let exists = vec4u(at, at + 1u, at + 2u, at + 3u) < vec4u(batch.count);
    let share = 1.0 / f32(batch.outputs);
    var loss = 0.0;
    for (var j = 0u; j < 4u; j++) {
        let channel = 4u * group + j;
        var adjoint = vec4f();
        if channel < batch.outputs {
            var weight = vec4f(exists);
            if channel < batch.weighted {
                weight *= point(t, batch.inputs + batch.outputs, lane);
            }
            let miss = (*outputs)[j] - point(t, batch.inputs + channel, lane);
            adjoint = 2.0 * share * weight * miss;
            loss += share * dot(weight * miss, miss);
        }
        (*outputs)[j] = adjoint;
    }
    return loss;
}

// Adds the derivatives by weights and bias of layer `l` to the results from `base` on: the rows of e in
// `tile` times the activations in `other`.
fn gather(l: u32, base: u32, fresh: bool, thread: u32) {
    let outs = layers[l].outs;
    let ins = layers[l].ins;
    for (var i = thread; i < outs * ins; i += THREADS) {
        let out = i % outs;
        let in = i / outs;
        var sum = mat4x4f();
        for (var lane = 0u; lane < LANES; lane++) {
            let e = tile_block(out, outs, lane);
            let a = transpose(other_block(in, ins, lane));
            sum[0] = add(sum[0], e[0], a);
            sum[1] = add(sum[1], e[1], a);
            sum[2] = add(sum[2], e[2], a);
            sum[3] = add(sum[3], e[3], a);
        }
        let at = base + layers[l].weights + 4u * out * ins + in;
        give(at, sum[0], fresh);
        give(at + ins, sum[1], fresh);
        give(at + 2u * ins, sum[2], fresh);
        give(at + 3u * ins, sum[3], fresh);
    }
    // From the other end: these threads have nothing to do above, if any.
    for (var out = THREADS - 1u - thread; out < outs; out += THREADS) {
        var sum = vec4f();
        for (var lane = 0u; lane < LANES; lane++) {
            let e = transpose(tile_block(out, outs, lane));
            sum += (e[0] + e[1]) + (e[2] + e[3]);
        }
        give(base + layers[l].bias + out, sum, fresh);
    }
}

fn give(at: u32, sum: vec4f, fresh: bool) {
    var total = sum;
    if !fresh {
        total += results[at];
    }
    results[at] = total;
}

@compute @workgroup_size(THREADS)
fn gradient(
    @builtin(workgroup_id) workgroup: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let group = thread / LANES;
    let lane = thread % LANES;
    let base = workgroup.x * batch.stride;
    var loss = 0.0;
    for (var t = workgroup.x; t < batch.tiles; t += workgroups.x) {
        let fresh = t == workgroup.x && batch.resumed == 0u;
        var z = forward(t, thread, group, lane);
        if group < layers[LAYERS - 1u].outs {
            loss += lose(t, group, lane, &z);
            set_tile_block(group, layers[LAYERS - 1u].outs, lane, z);
        }
        workgroupBarrier();
        for (var l = LAYERS - 1u; l > 0u; l--) {
            let ins = layers[l].ins;
            var d = mat4x4f();
            if group < ins {
                d = affine_adjoint(l, group, lane);
            }
            workgroupBarrier();
            if group < ins {
                let omega = layers[l - 1u].omega;
                var a = mat4x4f();
                for (var j = 0u; j < 4u; j++) {
                    let w = wave(saved[l - 1u][j]);
                    a[j] = w.sin;
                    d[j] *= omega * w.cos;
                }
                set_other_block(group, ins, lane, a);
            }
            workgroupBarrier();
            gather(l, base, fresh, thread);
            workgroupBarrier();
            if group < ins {
                set_tile_block(group, ins, lane, d);
            }
            if l > 1u {
                stage(l - 1u, thread);
            } else if group < layers[0].ins {
                set_other_block(group, layers[0].ins, lane, coordinates(t, group, lane));
            }
            workgroupBarrier();
        }
        gather(0u, base, fresh, thread);
        workgroupBarrier();
    }

    other[thread] = vec4f(loss);
    workgroupBarrier();
    if thread == 0u {
        var sum = 0.0;
        for (var i = 0u; i < THREADS; i++) {
            sum += other[i].x;
        }
        give(base + batch.stride - 1u, vec4f(sum), batch.resumed == 0u);
    }
}

@compute @workgroup_size(THREADS)
fn evaluate(
    @builtin(workgroup_id) workgroup: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let group = thread / LANES;
    let lane = thread % LANES;
    for (var t = workgroup.x; t < batch.tiles; t += workgroups.x) {
        let z = forward(t, thread, group, lane);
        let at = t * LANES + lane;
        for (var j = 0u; j < 4u; j++) {
            let channel = 4u * group + j;
            if channel < batch.outputs {
                results[(at / 64u * batch.outputs + channel) * 64u + at % 64u] = z[j];
            }
        }
        workgroupBarrier();
    }
}
