"""Times one training step of the network of `cargo bench` in JAX: 2 -> 10 x 28 -> 3, Adam, f32.

A step is forward, mean squared error, backward and Adam's update, on all cores, as one jitted function
that is given its state's memory; coordinates and targets are in memory before. Compiling is not counted.
GFLOP/s count 6 operations per parameter and point. The MALLOC settings are explained in pytorch.py.

install: python -m venv peers-venv && peers-venv/bin/pip install jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
run:     MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8000000000 peers-venv/bin/python benches/peers/jax_step.py
"""
import statistics
import time
from functools import partial

import jax
import jax.numpy as jnp

WIDTH, LAYERS, OMEGA = 28, 10, 30.0


def initial(key):
    layers = []
    for inputs, outputs in [(2, WIDTH)] + [(WIDTH, WIDTH)] * (LAYERS - 1) + [(WIDTH, 3)]:
        key, part = jax.random.split(key)
        bound = 1 / inputs if inputs == 2 else (6 / inputs) ** 0.5 / OMEGA
        weights = jax.random.uniform(part, (inputs, outputs), minval=-bound, maxval=bound)
        layers.append((weights, jnp.zeros(outputs)))
    return layers


def loss(layers, x, target):
    for weights, bias in layers[:-1]:
        x = jnp.sin(OMEGA * (x @ weights + bias))
    weights, bias = layers[-1]
    return jnp.mean((x @ weights + bias - target) ** 2)


@partial(jax.jit, donate_argnums=0)
def step(state, coordinates, target):
    count, layers, mean, square = state
    gradient = jax.grad(loss)(layers, coordinates, target)
    count += 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
    square = jax.tree.map(lambda s, g: 0.99 * s + 0.01 * g * g, square, gradient)
    update = lambda p, m, s: p - 2e-3 * (m / (1 - 0.9**count)) / (jnp.sqrt(s / (1 - 0.99**count)) + 1e-8)
    return count, jax.tree.map(update, layers, mean, square), mean, square


def main():
    layers = initial(jax.random.key(0))
    parameters = sum(x.size for x in jax.tree.leaves(layers))
    zeros = lambda: jax.tree.map(jnp.zeros_like, layers)
    state = (jnp.float32(0), layers, zeros(), zeros())
    for points in (16_384, 393_216):
        numbers = jax.random.uniform(jax.random.key(points), (points, 5), minval=-1, maxval=1)
        coordinates, target = numbers[:, :2], numbers[:, 2:]
        for _ in range(2):
            state = jax.block_until_ready(step(state, coordinates, target))
        times = []
        while len(times) < 5 or sum(times) < 5:
            begin = time.perf_counter()
            state = jax.block_until_ready(step(state, coordinates, target))
            times.append(time.perf_counter() - begin)
        seconds = statistics.median(times)
        rate = 6 * parameters * points / seconds / 1e9
        print(f"JAX {jax.__version__} jit           {points:>6} points  {seconds * 1e3:8.2f} ms  {rate:6.1f} GFLOP/s")


if __name__ == "__main__":
    main()
