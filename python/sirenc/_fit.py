"""Fits of networks to what is known of a function: its values, its derivatives, or an equation that it solves."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy
from numpy.typing import ArrayLike, NDArray

from . import _native
from ._field import Field, parameter_error
from ._progress import ProgressLike, Reporter, loss


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Constraint:
    """What is known of a function u at some points: a linear combination of its value, its gradient and its Laplacian.

    ``value * u + gradient . grad u + laplacian * (Laplacian u) = target``

    The problems of Sitzmann et al. 2020 consist of such constraints:

    - values: ``Constraint(points=p, target=t)``
    - gradients, one constraint for each direction: ``Constraint(points=p, target=dx, value=0, gradient=(1, 0))`` and
      ``Constraint(points=p, target=dy, value=0, gradient=(0, 1))``
    - Laplacians: ``Constraint(points=p, target=t, value=0, laplacian=1)``
    - Helmholtz's equation with the wave number k and the source f:
      ``Constraint(points=p, target=f, value=k * k, laplacian=1)``
    """

    points: ArrayLike
    """Points (n x inputs) at which this holds; better spread or drawn evenly over the domain, as each counts alike."""
    target: ArrayLike
    """What the combination is there (n x outputs, or n for one output); a single number where it is constant."""
    value: ArrayLike = 1.0
    """The coefficient of the value: a number, or one for each point (n)."""
    gradient: ArrayLike = 0.0
    """The coefficients of the derivatives by each coordinate: inputs, or n x inputs."""
    laplacian: ArrayLike = 0.0
    """The coefficient of the Laplacian: a number, or one for each point (n)."""
    weight: float = 1.0
    """What the mean square of the misses is multiplied by in the loss."""


class _Given:
    """A constraint as the native part takes it."""

    def __init__(self, constraint: Constraint, outputs: int | None) -> None:
        points = numpy.ascontiguousarray(constraint.points, numpy.float32)
        if points.ndim != 2 or not len(points):
            raise parameter_error("points", f"of shape {points.shape}", "n x inputs, n at least 1")
        count, inputs = points.shape
        target = numpy.asarray(constraint.target, numpy.float32)
        if target.ndim == 0:
            target = numpy.full((count, outputs or 1), target)
        target = target.reshape(count, -1) if len(target) == count else target
        if target.ndim != 2 or len(target) != count or target.shape[1] != (outputs or target.shape[1]):
            wanted = f"{count} x {outputs or 'outputs'}, as there are {count} points"
            raise parameter_error("target", f"of shape {target.shape}", wanted)
        columns = [
            _column(constraint.value, "value", count, 1),
            _column(constraint.gradient, "gradient", count, inputs),
            _column(constraint.laplacian, "laplacian", count, 1),
        ]
        longest = max(map(len, columns))
        spread = [numpy.broadcast_to(column, (longest, column.shape[1])) for column in columns]
        for array, name in ((points, "points"), (target, "target"), *((column, "a coefficient") for column in columns)):
            if not numpy.isfinite(array).all():
                raise parameter_error(name, "a number that is not finite", "finite everywhere")
        self.points = points
        self.target = numpy.ascontiguousarray(target, numpy.float32)
        self.coefficients = numpy.ascontiguousarray(numpy.concatenate(spread, axis=1), numpy.float32)
        self.weight = float(constraint.weight)


def _column(coefficient: ArrayLike, name: str, count: int, width: int) -> NDArray[Any]:
    """Coefficients as rows of ``width`` numbers: one row, or one for each point."""
    array = numpy.asarray(coefficient, numpy.float32)
    if array.ndim == 0:
        return numpy.full((1, width), array)
    if array.shape == (width,) and width > 1:
        return array.reshape(1, width)
    if array.size == count * width and len(array) == count:
        return array.reshape(count, width)
    allowed = f"a number, or of shape ({count},)" if width == 1 else f"of shape ({width},) or ({count}, {width})"
    raise parameter_error(name, f"of shape {array.shape}", allowed)


@dataclasses.dataclass(frozen=True)
class _Fitting:
    """How a network is fitted, as the native part takes it."""

    hidden: list[int]
    omega_first: float
    omega_hidden: float
    steps: int
    batch: int
    rate: float
    seed: int
    threads: int


def fit(
    problem: Constraint | Iterable[Constraint],
    *,
    hidden: Sequence[int] = (64, 64, 64),
    omega_first: float = 30.0,
    omega_hidden: float = 30.0,
    steps: int = 1500,
    batch: int = 4096,
    rate: float = 2e-3,
    seed: int = 0,
    threads: int | None = None,
    progress: ProgressLike = None,
) -> Field:
    """Fit a SIREN to constraints on a function, and return it as a :class:`Field`.

    The loss is the sum over constraints of their weight times the mean square by which they are missed. The interpreter's
    lock is released, and Ctrl-C ends the fit. The same arguments give the same network where the instruction set is the
    same.

    >>> import numpy, sirenc
    >>> grid = numpy.stack(numpy.meshgrid(*[numpy.linspace(-1, 1, 33)] * 2), axis=-1).reshape(-1, 2)
    >>> x, y = grid.T
    >>> slopes = [
    ...     sirenc.Constraint(points=grid, target=y, value=0, gradient=(1, 0)),
    ...     sirenc.Constraint(points=grid, target=x, value=0, gradient=(0, 1)),
    ...     sirenc.Constraint(points=[[0.0, 0.0]], target=0.5),
    ... ]
    >>> field = sirenc.fit(slopes, hidden=(16, 16), omega_first=3, steps=1000, batch=1024)
    >>> bool(abs(field([0.6, -0.5])[0] - (0.5 - 0.3)) < 0.02)
    True

    Args:
        problem: The constraints, for the same numbers of coordinates and of values.
        hidden: Neurons in each hidden layer.
        omega_first: omega_0 of the first layer: the highest frequency that the fit starts from, in radians per unit. A
            lower one suits smooth functions.
        omega_hidden: omega_0 of the other hidden layers.
        steps: Steps of the optimiser (SOAP, or Adam where layers are wider than 512).
        batch: Points in each step, of all constraints together, at least 1. It is rounded up to a number of which each
            constraint gets the same share.
        rate: The largest step size.
        seed: Seed of the initial weights and of the order of points.
        threads: Threads to work on; one per core by default.
        progress: See :data:`~sirenc.ProgressLike`. ``psnr`` has no meaning where values are not those of a picture.

    Raises:
        ParameterError: An array has a shape that does not fit, or a number is out of range.
        DivergedError: The fit failed.
    """
    constraints = [problem] if isinstance(problem, Constraint) else list(problem)
    if not constraints:
        raise parameter_error("number of constraints", 0, "at least 1")
    widths = [numpy.shape(it.target)[1] for it in constraints if numpy.ndim(it.target) == 2]
    outputs = widths[0] if widths else 1
    given = [_Given(constraint, outputs) for constraint in constraints]
    inputs = given[0].points.shape[1]
    for other in given:
        if other.points.shape[1] != inputs:
            raise parameter_error("points", f"of shape {other.points.shape}", f"n x {inputs}, as those before")
    fitting = _Fitting(list(hidden), omega_first, omega_hidden, steps, batch, rate, seed, threads or 0)
    reporter = Reporter(progress, "fit", loss)
    try:
        native, _ = _native.fit(given, fitting, reporter.native)
    finally:
        reporter.close()
    return Field._of(native, threads)
