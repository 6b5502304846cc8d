"""Fits to values, derivatives and equations."""

import numpy
import pytest

import sirenc

GRID = numpy.stack(numpy.meshgrid(*[numpy.linspace(-1, 1, 41)] * 2), axis=-1).reshape(-1, 2)
X, Y = GRID.T
EDGE = GRID[numpy.abs(GRID).max(axis=1) == 1]
SETTINGS = {"hidden": (24, 24), "omega_first": 4.0, "steps": 800, "batch": 1024}


def wave(points, k=3.0):
    return numpy.sin(k * (0.6 * points[..., 0] + 0.8 * points[..., 1]))


def far(field, exact):
    return float(numpy.abs(field(GRID * 0.9)[:, 0] - exact(GRID * 0.9)).max())


def test_values():
    field = sirenc.fit(sirenc.Constraint(points=GRID, target=wave(GRID)), **SETTINGS)
    assert far(field, wave) < 0.02


def test_several_outputs_and_coefficients_of_points():
    target = numpy.stack([wave(GRID), X * Y], axis=-1)
    coefficient = 1 + Y**2
    constraint = sirenc.Constraint(points=GRID, target=coefficient[:, None] * target, value=coefficient)
    field = sirenc.fit([constraint], **SETTINGS)
    assert field.outputs == 2 and numpy.abs(field(GRID) - target).max() < 0.05


def test_gradients():
    cosine = 3 * numpy.cos(3 * (0.6 * X + 0.8 * Y))
    field = sirenc.fit(
        [
            sirenc.Constraint(points=GRID, target=0.6 * cosine, value=0, gradient=(1, 0)),
            sirenc.Constraint(points=GRID, target=0.8 * cosine, value=0, gradient=(0, 1)),
            sirenc.Constraint(points=[[0.0, 0.0]], target=0.0),
        ],
        **SETTINGS,
    )
    assert far(field, wave) < 0.05


@pytest.mark.parametrize("k", [0.0, 3.0])
def test_equations(k):
    """Poisson's equation, and Helmholtz's, with values on the edge alone."""
    inside = sirenc.Constraint(points=GRID, target=(k * k - 9) * wave(GRID), value=k * k, laplacian=1)
    edge = sirenc.Constraint(points=EDGE, target=wave(EDGE), weight=100)
    assert far(sirenc.fit([inside, edge], **SETTINGS), wave) < 0.05


def test_a_fit_becomes_a_file():
    width, height = 32, 24
    x = ((2 * numpy.arange(width) + 1) / width - 1)[None] + numpy.zeros((height, 1))
    y = ((2 * numpy.arange(height) + 1) / height - 1)[:, None] * 0.75 + numpy.zeros((1, width))
    points = numpy.stack([x, y], axis=-1)
    field = sirenc.fit(sirenc.Constraint(points=points.reshape(-1, 2), target=wave(points).ravel()), **SETTINGS)
    decoded = sirenc.decode(field.to_picture((width, height)), dtype=numpy.float32)
    assert numpy.abs(decoded * 2 - 1 - wave(points)).max() < 0.03


def test_a_seed_is_a_network():
    constraint = sirenc.Constraint(points=GRID, target=X)
    fits = [sirenc.fit(constraint, hidden=(8,), steps=20, seed=seed, threads=threads)([0.3, 0.4]) for seed, threads in ((1, 1), (1, 2), (2, 1))]
    assert fits[0] == fits[1] != fits[2]


def test_progress_can_stop_and_fail():
    constraint = sirenc.Constraint(points=GRID, target=X)
    told = []
    sirenc.fit(constraint, hidden=(8,), steps=10**9, progress=lambda it: told.append(it) or it.seconds < 0.2)
    assert told

    def fail(progress):
        raise KeyError

    with pytest.raises(KeyError):
        sirenc.fit(constraint, hidden=(8,), steps=10**9, progress=fail)


@pytest.mark.parametrize(
    "constraint",
    [
        {"points": X, "target": X},
        {"points": GRID[:0], "target": X[:0]},
        {"points": GRID, "target": X[:-1]},
        {"points": GRID, "target": X, "gradient": (1, 0, 0)},
        {"points": GRID, "target": X, "value": (1.0, 2.0)},
        {"points": GRID, "target": X, "laplacian": numpy.nan},
        {"points": GRID * numpy.inf, "target": X},
    ],
)
def test_arrays_that_do_not_fit_are_refused(constraint):
    with pytest.raises(sirenc.ParameterError):
        sirenc.fit(sirenc.Constraint(**constraint), steps=1)


def test_settings_out_of_range_are_refused():
    constraint = sirenc.Constraint(points=GRID, target=X)
    for settings in ({"steps": 0}, {"batch": 0}, {"rate": 0.0}, {"hidden": ()}, {"hidden": (0,)}, {"omega_first": -1.0}):
        with pytest.raises(sirenc.ParameterError):
            sirenc.fit(constraint, **settings)
    with pytest.raises(sirenc.ParameterError):
        sirenc.fit([])
    with pytest.raises(sirenc.ParameterError, match="points"):
        sirenc.fit([constraint, sirenc.Constraint(points=[[0.0, 0.0, 0.0]], target=[1.0])])
