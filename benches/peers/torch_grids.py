"""Times one step of a fit of grids of latents in PyTorch, the one whose kernels `cargo bench --bench engine -- grids` times.

The picture has 768 x 512 pixels and eleven grids. A step interpolates all grids by cubic B-splines at all pixels, gives them
to a network of 11 -> 24 -> 3 neurons with sines, and takes the squared error; it shows the neighbours and parents of every latent
to a network of 22 -> 32 -> 16 -> 2 neurons, and takes the bits of the latent under the Laplace distribution that comes out; it
goes back through all of that, and Adam moves latents and both networks. It is timed eagerly and under torch.compile (which needs
a C++ compiler), compiling not counted.

Interpolation by a banded matrix for each direction does more multiplications than are needed for coarse grids, and by
transposed convolution it does as many as there are taps: both are timed, the faster counts.

install: python -m venv peers-venv && peers-venv/bin/pip install torch==2.15.0 numpy==2.4.6
run:     MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8000000000 peers-venv/bin/python benches/peers/torch_grids.py
"""
import math
import statistics
import time

import torch
import torch.nn.functional as F

WIDTH, HEIGHT = 768, 512
SCALES = [4, 3, 2, 1, 0, 4, 3, 2, 4, 3, 2]
NEIGHBOURS = [(-1, 0), (0, -1), (-1, -1), (1, -1), (-2, 0), (0, -2), (-2, -1), (2, -1), (-1, -2), (1, -2), (-2, -2), (2, -2)]
LAMBDA = 0.001


def weight(x):
    """The cubic B-spline."""
    x = abs(x)
    if x < 1:
        return 2 / 3 - x * x + x ** 3 / 2
    return (2 - x) ** 3 / 6 if x < 2 else 0.0


def matrix(side, scale):
    """What each node, those at the edges repeated, counts at each pixel."""
    nodes = -(-side // 2**scale)
    rows = torch.zeros(side, nodes)
    for pixel in range(side):
        at = (pixel + 0.5) / 2**scale - 0.5
        for node in range(math.floor(at) - 1, math.floor(at) + 3):
            rows[pixel, min(max(node, 0), nodes - 1)] += weight(at - node)
    return rows


MATRICES = {scale: (matrix(HEIGHT, scale), matrix(WIDTH, scale).T.contiguous()) for scale in set(SCALES)}


def taps(scale):
    """The kernel of a transposed convolution for one direction."""
    step = 2**scale
    if scale == 0:
        return torch.tensor([1 / 6, 2 / 3, 1 / 6])
    return torch.tensor([weight((i + 0.5) / step - 2) for i in range(4 * step)])


KERNELS = {scale: taps(scale) for scale in set(SCALES)}


def by_matrices(grid, scale):
    down, across = MATRICES[scale]
    return down @ grid @ across


def by_convolution(grid, scale):
    kernel, step = KERNELS[scale], 2**scale
    padded = F.pad(grid[None, None], (2, 2, 2, 2), mode="replicate")
    if scale == 0:
        padded = padded[..., 1:-1, 1:-1]
        lines = F.conv2d(padded, kernel.view(1, 1, 1, -1))
        return F.conv2d(lines, kernel.view(1, 1, -1, 1))[0, 0]
    begin = 3 * step + step // 2
    lines = F.conv_transpose2d(padded, kernel.view(1, 1, 1, -1), stride=(1, step))[..., begin : begin + WIDTH]
    return F.conv_transpose2d(lines, kernel.view(1, 1, -1, 1), stride=(step, 1))[0, 0, begin : begin + HEIGHT]


def contexts(grids):
    """The inputs of the context network, latent by latent."""
    rows = []
    for index, (grid, scale) in enumerate(zip(grids, SCALES)):
        height, width = grid.shape
        padded = F.pad(grid.clamp(-127, 127), (2, 2, 2, 0))
        seen = [padded[2 + y : 2 + y + height, 2 + x : 2 + x + width] for x, y in NEIGHBOURS]
        if index and SCALES[index - 1] > scale:
            parent = F.pad(grids[index - 1].clamp(-127, 127)[None], (1, 1, 1, 1), mode="replicate")[0]
            h, w = grids[index - 1].shape
            for y in range(3):
                for x in range(3):
                    part = parent[y : y + h, x : x + w]
                    seen.append(part.repeat_interleave(2, 0).repeat_interleave(2, 1)[:height, :width])
        else:
            seen += [torch.zeros(height, width)] * 9
        seen.append(torch.full((height, width), float(scale - 3)))
        rows.append(torch.stack(seen, -1).view(-1, 22))
    return torch.cat(rows)


def bits(latents, outputs):
    mean, scale = outputs[:, 0], outputs[:, 1].clamp(-4, 8)
    steepness = torch.exp2(-scale)
    below, above = (latents - 0.5 - mean) * steepness, (latents + 0.5 - mean) * steepness
    at_below, at_above = 0.5 * torch.exp(-below.abs()), 0.5 * torch.exp(-above.abs())
    middle = 1 - at_below - at_above
    probability = torch.where(below > 0, at_below - at_above, torch.where(above < 0, at_above - at_below, middle))
    return -torch.log2(probability + 2**-16).sum()


class Sine(torch.nn.Module):
    def forward(self, x):
        return torch.sin(2.0 * x)


def median_seconds(step):
    """The medians of wall time and of processor time over 5 seconds and at least 5 steps, after two that compile and allocate.

    On a busy machine processor time is what can be compared."""
    step(), step()
    times = []
    while len(times) < 5 or sum(wall for wall, _ in times) < 5:
        begin = time.perf_counter(), time.process_time()
        step()
        times.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    return [statistics.median(column) for column in zip(*times)]


def main():
    torch.manual_seed(0)
    grids = [torch.nn.Parameter(torch.randn(-(-HEIGHT // 2**k), -(-WIDTH // 2**k))) for k in SCALES]
    with torch.no_grad():
        for scale in set(SCALES):
            grid = torch.randn(-(-HEIGHT // 2**scale), -(-WIDTH // 2**scale))
            difference = (by_matrices(grid, scale) - by_convolution(grid, scale)).abs().max()
            assert difference < 1e-4, (scale, difference)
    linear = torch.nn.Linear
    colour = torch.nn.Sequential(linear(11, 24), Sine(), linear(24, 3))
    context = torch.nn.Sequential(linear(22, 32), torch.nn.ReLU(), linear(32, 16), torch.nn.ReLU(), linear(16, 2))
    target = torch.rand(WIDTH * HEIGHT, 3)
    parameters = [*grids, *colour.parameters(), *context.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=2e-3, fused=True)

    def loss(interpolate):
        values = torch.stack([interpolate(grid, scale) for grid, scale in zip(grids, SCALES)], -1)
        error = F.mse_loss(colour(values.view(-1, 11)), target)
        rate = bits(torch.cat([grid.view(-1) for grid in grids]), context(contexts(grids)))
        return error + LAMBDA * rate / (WIDTH * HEIGHT)

    best = []
    for interpolate in (by_matrices, by_convolution):
        for mode, forward in (("eager", loss), ("compile", torch.compile(loss, dynamic=False))):

            def step():
                optimiser.zero_grad(set_to_none=True)
                forward(interpolate).backward()
                optimiser.step()

            wall, processor = median_seconds(step)
            best.append((processor, wall))
            name = f"PyTorch {torch.__version__.split('+')[0]} {mode}, {interpolate.__name__}"
            print(f"{name:<42}  {wall * 1e3:8.1f} ms  {processor * 1e3:8.1f} processor ms", flush=True)
    processor, wall = min(best)
    print(f"fastest: {wall * 1e3:.1f} ms, {processor * 1e3:.1f} processor ms")


if __name__ == "__main__":
    main()
