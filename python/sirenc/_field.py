"""Networks as functions of their coordinates, and between them and PyTorch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, Union

import numpy
from numpy.typing import ArrayLike, NDArray

from . import _native, _torch
from ._errors import ParameterError, UnsupportedError
from ._inputs import Data

if TYPE_CHECKING:
    from ._opened import Picture, Shape, Sound, Video

    Opened: TypeAlias = Union[Picture, Shape, Sound, Video]

Layout: TypeAlias = Literal["siren", "siren-pytorch", "coin", "meta", "sequential"]
Coordinates: TypeAlias = Literal["sirenc", "mgrid"]


class Jet(NamedTuple):
    """A function and its exact derivatives at a number of points."""

    values: NDArray[numpy.float32]
    """Values (... x outputs)."""
    gradients: NDArray[numpy.float32] | None
    """First derivatives (... x outputs x coordinates), unless the order was 0."""
    laplacians: NDArray[numpy.float32] | None
    """Laplacians (... x outputs), if the order was 2."""


class Field:
    """A network as a function: values and exact derivatives at any points.

    The coordinates of a picture are x to the right and y down. Its longer side spans -1 to 1 and the shorter one
    proportionally less, so that pixel ``i`` of a side of ``n`` pixels has its centre at ``((2 i + 1) / n - 1) * n / longer``.
    Values are -1 for the least sample and 1 for the largest.

    >>> import numpy, sirenc
    >>> rows, columns = numpy.mgrid[0:48, 0:64]
    >>> data = sirenc.encode((4 * columns).astype(numpy.uint8), bytes=100, steps=300)
    >>> field = sirenc.Field(data)
    >>> field([[0.0, 0.0], [0.5, 0.25]]).shape
    (2, 1)
    >>> jet = field.jet([0.0, 0.0])
    >>> jet.gradients.shape, bool(abs(jet.gradients[0, 0] - 1) < 0.05)
    ((1, 2), True)

    Args:
        data: A ``.siren`` file of any kind: its path, its bytes, or what :func:`sirenc.open` has made of it. Of a sound it is
            the first segment; :meth:`Sound.segment` has the others.
        threads: Threads to evaluate on; one per core by default.

    Raises:
        FormatError, LimitError, OSError: As :func:`sirenc.open`.
    """

    def __init__(self, data: "Data | Opened", *, threads: int | None = None) -> None:
        from . import _opened

        opened = data if isinstance(data, _opened._Signal) else _opened.open(data)
        self._native = opened._opened.field(0)
        self._threads = threads or 0

    @classmethod
    def _of(cls, native: _native.NativeField, threads: int | None = None) -> "Field":
        field = cls.__new__(cls)
        field._native, field._threads = native, threads or 0
        return field

    @classmethod
    def from_layers(
        cls,
        layers: Sequence[tuple[ArrayLike, ArrayLike]],
        *,
        omega_first: float = 30.0,
        omega_hidden: float = 30.0,
        threads: int | None = None,
    ) -> "Field":
        """The function ``a <- sin(omega (W a + b))``, layer by layer, with a linear layer at its end.

        Args:
            layers: Weights (outputs x inputs) and biases (outputs) of every layer; at least one hidden layer.
            omega_first: omega_0 of the first layer.
            omega_hidden: omega_0 of the other hidden layers.
            threads: Threads to evaluate on; one per core by default.

        Raises:
            ParameterError: There is no hidden layer, or layers do not fit each other.
        """
        arrays = [(_floats(weights), _floats(bias)) for weights, bias in layers]
        return cls._of(_native.NativeField.of_layers(arrays, (omega_first, omega_hidden)), threads)

    @property
    def inputs(self) -> int:
        """Number of coordinates of a point."""
        return self._native.ends[0]

    @property
    def outputs(self) -> int:
        """Number of values at a point."""
        return self._native.ends[1]

    @property
    def omega_first(self) -> float:
        """omega_0 of the first layer."""
        return self._native.omegas[0]

    @property
    def omega_hidden(self) -> float:
        """omega_0 of the other hidden layers."""
        return self._native.omegas[1]

    @property
    def layers(self) -> list[tuple[NDArray[numpy.float32], NDArray[numpy.float32]]]:
        """Copies of the weights (outputs x inputs) and the biases (outputs) of every layer."""
        return self._native.layers()

    def __call__(self, coordinates: ArrayLike) -> NDArray[numpy.float32]:
        """Values (... x outputs) at coordinates (... x inputs).

        Raises:
            ParameterError: Points have another number of coordinates.
        """
        points, shape = self._points(coordinates)
        values = self._native.values(points, self._threads)
        return values.reshape(*shape, self.outputs)

    def jet(self, coordinates: ArrayLike, *, order: Literal[0, 1, 2] = 2) -> Jet:
        """Values and exact derivatives by the coordinates, at coordinates (... x inputs).

        Args:
            coordinates: Points, of any shape but the last axis.
            order: 0 for values alone, 1 for gradients too, 2 for Laplacians too.

        Raises:
            ParameterError: Points have another number of coordinates, or the order is another.
        """
        if order not in (0, 1, 2):
            raise parameter_error("order", order, "0, 1 or 2")
        points, shape = self._points(coordinates)
        values, gradients, laplacians = self._native.jets(points, order, self._threads)
        return Jet(
            values.reshape(*shape, self.outputs),
            None if gradients is None else gradients.reshape(*shape, self.outputs, self.inputs),
            None if laplacians is None else laplacians.reshape(*shape, self.outputs),
        )

    def to_state_dict(
        self,
        layout: Layout = "siren",
        *,
        omega_first: float | None = None,
        omega_hidden: float | None = None,
    ) -> "dict[str, Any]":
        """The parameters as tensors of PyTorch, for ``load_state_dict`` of a module that computes the same.

        The module must have the same layers and frequencies: :attr:`omega_first` and :attr:`omega_hidden`, which state
        dicts do not tell. Where it has others, give them here, and the weights are scaled so that the function stays the
        same. :attr:`layers` has the same numbers as NumPy arrays.

        Args:
            layout: The names of the module's parameters: see :func:`from_state_dict`.
            omega_first: omega_0 of the module's first layer, if it is another.
            omega_hidden: omega_0 of its other hidden layers, if it is another.

        Raises:
            UnsupportedError: The network sees grids of latents, which those modules have not.
            ImportError: PyTorch is not installed.
        """
        if self._native.has_grids:
            raise UnsupportedError(
                "the network sees grids of latents in place of coordinates, which modules of PyTorch for SIRENs have not; "
                "encode the picture without grids"
            )
        first = self.omega_first / (omega_first or self.omega_first)
        hidden = self.omega_hidden / (omega_hidden or self.omega_hidden)
        layers = self.layers
        factors = [first] + [hidden] * (len(layers) - 2) + [1.0]
        scaled = [
            ((weights * factor).astype(numpy.float32), (bias * factor).astype(numpy.float32))
            for (weights, bias), factor in zip(layers, factors, strict=True)
        ]
        return _torch.named(scaled, layout)

    def to_picture(self, size: tuple[int, int], *, depth: Literal[8, 16] = 8, bits: int = 22) -> bytes:
        """A ``.siren`` file of the picture that this function is: of two coordinates, with values from -1 to 1.

        Args:
            size: Width and height of the picture in pixels.
            depth: Bits a sample of the decoded picture.
            bits: Bits of a parameter beside its sign, 1 to 22. With 22, values and derivatives are those of this function to
                1.1e-5 of the largest; with fewer, the file is smaller and the picture coarser.

        Raises:
            ParameterError: The function has not two coordinates and 1 to 4 values, or a parameter is out of range.
        """
        if not 1 <= self.outputs <= 4:
            raise parameter_error("outputs", self.outputs, "1 to 4, the channels of a picture")
        return self._native.picture(size, depth, bits)

    def _points(self, coordinates: ArrayLike) -> tuple[NDArray[numpy.float32], tuple[int, ...]]:
        """Points as rows, and the shape that they had."""
        points = _floats(coordinates)
        if points.ndim == 0 or points.shape[-1] != self.inputs:
            given = points.shape[-1] if points.ndim else 0
            raise parameter_error("coordinates per point", given, str(self.inputs))
        return points.reshape(-1, self.inputs), points.shape[:-1]

    def __repr__(self) -> str:
        widths = [len(bias) for _, bias in self.layers]
        return f"<sirenc.Field {self.inputs} -> {' -> '.join(map(str, widths))}>"


def from_state_dict(
    state: Mapping[str, Any],
    size: tuple[int, int],
    *,
    omega_first: float = 30.0,
    omega_hidden: float = 30.0,
    coordinates: Coordinates = "sirenc",
    values: tuple[float, float] = (-1.0, 1.0),
    depth: Literal[8, 16] = 8,
    bits: int = 22,
) -> bytes:
    """A ``.siren`` file of a picture that somebody's own network has been fitted to.

    The network is a SIREN: linear layers, a sine of omega_0 times its argument after each but the last. Its state dict
    has a weight and a bias for each layer, from input to output, under any names; these are usual, and :class:`Field` can
    write them too:

    - ``"siren"``: ``net.0.linear.weight`` ... ``net.4.weight``, of the notebook of Sitzmann et al. 2020;
    - ``"siren-pytorch"``: ``layers.0.weight`` ... ``last_layer.weight``, of the package of that name;
    - ``"coin"``: ``net.0.linear.weight`` ... ``last_layer.linear.weight``, of COIN (Dupont et al. 2021);
    - ``"meta"``: ``net.net.0.0.weight`` ... ``net.net.4.0.weight``, of the code of Sitzmann et al. 2020;
    - ``"sequential"``: ``0.weight``, ``2.weight`` ..., of a plain ``Sequential`` with sines between the layers.

    Where the weights of its hidden layers are small, the file has them larger and omega_0 of these layers smaller by the same
    power of two, which is the same function: :meth:`Field.to_state_dict` takes ``omega_hidden`` to undo that.

    Args:
        state: The state dict, of tensors or of arrays.
        size: Width and height of the picture in pixels.
        omega_first: omega_0 of the first layer.
        omega_hidden: omega_0 of the other hidden layers.
        coordinates: What the network was fitted on: ``"sirenc"``, as :class:`Field` says, or ``"mgrid"``, row and column,
            each from -1 at the centre of the first pixel to 1 at that of the last one.
        values: The values that stand for the least sample and for the largest; ``(0, 1)`` is usual too.
        depth: Bits a sample of the decoded picture.
        bits: Bits of a parameter beside its sign, 1 to 22: see :meth:`Field.to_picture`.

    Raises:
        UnsupportedError: The state dict is not that of such a network; the message says what does not fit.
        ParameterError: The network is not a function of two coordinates with 1 to 4 values, or a parameter is out of
            range.
    """
    layers = _torch.layers_of(state)
    low, high = values
    if not high > low:
        raise parameter_error("values", f"{low} to {high}", "two numbers, the second of which is larger")
    if layers[0][0].shape[1] != 2:
        raise parameter_error("inputs of the network", layers[0][0].shape[1], "2, the coordinates of a picture")
    layers[0] = _seen_from(layers[0], coordinates, size)
    weights, bias = layers[-1]
    layers[-1] = (weights * (2.0 / (high - low)), (bias - low) * (2.0 / (high - low)) - 1.0)
    field = Field.from_layers(layers, omega_first=omega_first, omega_hidden=omega_hidden)
    return field.to_picture(size, depth=depth, bits=bits)


def _seen_from(layer: _torch.Layer, coordinates: Coordinates, size: tuple[int, int]) -> _torch.Layer:
    """The first layer of a network as a function of the coordinates of this package."""
    if coordinates == "sirenc":
        return layer
    if coordinates != "mgrid":
        raise parameter_error("coordinates", coordinates, "'sirenc' or 'mgrid'")
    weights, bias = layer
    width, height = size
    longer = max(size)
    # Column c of n is at x = ((2 c + 1) / n - 1) n / longer here, and at 2 c / (n - 1) - 1 there.
    scale = [longer / max(side - 1, 1) for side in (width, height)]
    by_x, by_y = weights[:, 1] * scale[0], weights[:, 0] * scale[1]
    # Sides of one pixel have their only centre at -1 there, and at 0 here.
    offset = [0.0 if side > 1 else -1.0 for side in (height, width)]
    return numpy.stack([by_x, by_y], axis=1), bias + weights @ numpy.array(offset)


def parameter_error(parameter: str, given: object, allowed: str) -> ParameterError:
    error = ParameterError(f"{parameter} is {given}, but must be {allowed}")
    error.parameter, error.given, error.allowed = parameter, str(given), allowed
    return error


def _floats(array: ArrayLike) -> NDArray[numpy.float32]:
    return numpy.ascontiguousarray(array, dtype=numpy.float32) if numpy.ndim(array) else numpy.asarray(array, numpy.float32)
