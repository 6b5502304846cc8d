"""Times one training step of the network of `cargo bench` in PyTorch: 2 -> 10 x 28 -> 3, Adam.

install: python -m venv /tmp/peers && /tmp/peers/bin/pip install torch==2.15.0
run:     /tmp/peers/bin/python benches/peers/pytorch.py [--compile]
"""
import sys
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


def main():
    torch.manual_seed(0)
    hidden = [Sine(2 if layer == 0 else WIDTH) for layer in range(LAYERS)]
    model = torch.nn.Sequential(*hidden, torch.nn.Linear(WIDTH, 3))
    parameters = sum(p.numel() for p in model.parameters())
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3, foreach=True)
    forward = torch.compile(model) if "--compile" in sys.argv else model

    for points in (16_384, 393_216):
        coordinates = torch.rand(points, 2) * 2 - 1
        target = torch.rand(points, 3) * 2 - 1

        def step():
            optimiser.zero_grad(set_to_none=True)
            loss = torch.nn.functional.mse_loss(forward(coordinates), target)
            loss.backward()
            optimiser.step()

        step(), step()
        times = []
        while len(times) < 5 or sum(times) < 8:
            begin = time.perf_counter()
            step()
            times.append(time.perf_counter() - begin)
        seconds = sorted(times)[len(times) // 2]
        rate = 6 * parameters * points / seconds / 1e9
        print(f"PyTorch {torch.__version__}  {points:>6} points  {seconds * 1e3:8.2f} ms  {rate:6.1f} GFLOP/s")


if __name__ == "__main__":
    main()
