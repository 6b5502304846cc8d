"""Times one training step of the network of `cargo bench` in PyTorch: 2 -> 10 x 28 -> 3, Adam, f32.

A step is forward, mean squared error, backward and Adam's update, on all cores; coordinates and targets
are in memory before. It is timed eagerly and under torch.compile (which needs a C++ compiler), compiling
not counted; the faster is printed for each batch. GFLOP/s count 6 operations per parameter and point.

Without the MALLOC settings glibc returns every large activation to the system and faults it in again.

install: python -m venv peers-venv && peers-venv/bin/pip install torch==2.15.0 numpy==2.4.6
run:     MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8000000000 peers-venv/bin/python benches/peers/pytorch.py
"""
import statistics
import time

import torch

WIDTH, LAYERS, OMEGA = 28, 10, 30.0


class Sine(torch.nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.linear = torch.nn.Linear(inputs, WIDTH)
        bound = 1 / inputs if inputs == 2 else (6 / inputs) ** 0.5 / OMEGA
        torch.nn.init.uniform_(self.linear.weight, -bound, bound)

    def forward(self, x):
        return torch.sin(OMEGA * self.linear(x))


def median_seconds(step):
    """The median over 5 seconds and at least 5 steps, after two that compile and allocate."""
    step(), step()
    times = []
    while len(times) < 5 or sum(times) < 5:
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main():
    torch.manual_seed(0)
    hidden = [Sine(2 if layer == 0 else WIDTH) for layer in range(LAYERS)]
    model = torch.nn.Sequential(*hidden, torch.nn.Linear(WIDTH, 3))
    parameters = sum(p.numel() for p in model.parameters())
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3, fused=True)
    # Fixed shapes: otherwise the second batch size is compiled for any size, which is slower.
    modes = {"eager": model, "compile": torch.compile(model, dynamic=False)}

    for points in (16_384, 393_216):
        coordinates = torch.rand(points, 2) * 2 - 1
        target = torch.rand(points, 3) * 2 - 1

        def step(forward):
            optimiser.zero_grad(set_to_none=True)
            loss = torch.nn.functional.mse_loss(forward(coordinates), target)
            loss.backward()
            optimiser.step()

        seconds, mode = min((median_seconds(lambda: step(f)), mode) for mode, f in modes.items())
        rate = 6 * parameters * points / seconds / 1e9
        name = f"PyTorch {torch.__version__.split('+')[0]} {mode}"
        print(f"{name:<24}  {points:>6} points  {seconds * 1e3:8.2f} ms  {rate:6.1f} GFLOP/s")


if __name__ == "__main__":
    main()
