// Sums the gradients of workgroups: 32 vec4s to a workgroup, every eighth slice to a thread, always in the same
// order.

struct Sum {
    // vec4s of a slice, and number of slices.
    stride: u32,
    groups: u32,
    // What the sums are multiplied by.
    scale: f32,
}

@group(0) @binding(0) var<uniform> sum: Sum;
@group(0) @binding(1) var<storage, read> slices: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> total: array<vec4f>;

var<workgroup> parts: array<vec4f, 256>;

@compute @workgroup_size(256)
fn reduce(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
    let column = 32u * workgroup.x + thread % 32u;
    var part = vec4f();
    if column < sum.stride {
        for (var slice = thread / 32u; slice < sum.groups; slice += 8u) {
            part += slices[slice * sum.stride + column];
        }
    }
    parts[thread] = part;
    workgroupBarrier();
    if thread < 32u && column < sum.stride {
        for (var i = 1u; i < 8u; i++) {
            part += parts[32u * i + thread];
        }
        total[column] = sum.scale * part;
    }
}
