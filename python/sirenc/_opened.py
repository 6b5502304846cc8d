"""Files that are open: pictures, shapes, sounds and videos, each with its own methods."""

import fractions
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy
from numpy.typing import DTypeLike, NDArray

from . import _native
from ._errors import ParameterError
from ._field import Field
from ._inputs import Data, file_of
from ._limits import Limits, numbers

if TYPE_CHECKING:
    from PIL.Image import Image

DerivativeName: TypeAlias = Literal["dx", "dy", "gradient", "laplacian"]
"""The derivatives of pictures: by x, which grows to the right, by y, which grows downwards, both, and the Laplacian."""

_NOTEBOOK = 1024
"""The longer side, in pixels, of the largest picture that a notebook is shown."""

_DIRECTION = (35.0, 25.0)
"""Azimuth and elevation in degrees from which shapes are looked at by default, as by the command."""


class _Signal:
    """What the files of all kinds have in common."""

    _kind = ""

    def __init__(self, data: Data, *, limits: Limits | None = None, threads: int | None = None) -> None:
        file, name = file_of(data)
        opened = _native.Opened(file, name, numbers(limits), threads)
        if opened.kind != self._kind:
            raise opened.refusal(self._kind)
        self._opened = opened

    @property
    def channels(self) -> int:
        """Samples at a point: of a picture or a video 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA."""
        return self._opened.samples[0]

    @property
    def depth(self) -> int:
        """Bits a sample."""
        return self._opened.samples[1]

    @property
    def field(self) -> Field:
        """The signal as a function of its coordinates."""
        return Field._of(self._opened.field(0))


class _Pixels(_Signal):
    """What pictures and videos have in common: they are stored as pixels of a plane."""

    @property
    def width(self) -> int:
        """The width in pixels of the picture, or of a frame, as it is stored."""
        return self._opened.dimensions[0]

    @property
    def height(self) -> int:
        """The height in pixels of the picture, or of a frame, as it is stored."""
        return self._opened.dimensions[1]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the picture, or of a frame, as it is stored."""
        return self.width, self.height


class Picture(_Pixels):
    """A picture that is stored as a function, to be rendered at any size.

    It takes what :func:`sirenc.open` takes, and raises the same, and ``KindError`` for a file that holds no picture.
    ``numpy.asarray(picture)`` is the picture at its own size, and a notebook shows it.
    """

    _kind = "picture"

    @property
    def icc(self) -> bytes | None:
        """The ICC profile of the colours; without one they are sRGB."""
        return self._opened.icc()

    def decode(
        self,
        *,
        scale: float | None = None,
        size: tuple[int, int] | None = None,
        region: tuple[int, int, int, int] | None = None,
        derivative: DerivativeName | None = None,
        dtype: DTypeLike | None = None,
    ) -> NDArray[Any]:
        """The picture at any size, or a part of it, or a derivative: see :func:`sirenc.decode`."""
        floats = dtype is not None and numpy.dtype(dtype) == numpy.float32
        if dtype is not None and not floats and numpy.dtype(dtype).itemsize * 8 != self.depth:
            stored = f"uint{self.depth}, as the samples are stored, or float32"
            error = ParameterError(f"dtype is {numpy.dtype(dtype)}, but must be {stored}")
            error.parameter, error.given, error.allowed = "dtype", str(numpy.dtype(dtype)), stored
            raise error
        return self._opened.picture(_frame(size, scale, region), derivative, floats)

    def image(self, *, scale: float | None = None, size: tuple[int, int] | None = None) -> "Image":
        """The picture as an image of Pillow, of 8 bits a sample unless it is gray of 16."""
        from . import pillow

        return pillow.image_of(self, size=size, scale=scale)

    def png(
        self,
        *,
        scale: float | None = None,
        size: tuple[int, int] | None = None,
        region: tuple[int, int, int, int] | None = None,
    ) -> bytes:
        """The bytes of a PNG of the picture, with its depth and its colour profile."""
        return self._opened.png(_frame(size, scale, region), _DIRECTION)

    def _repr_png_(self) -> bytes:
        return self.png(scale=min(1.0, _NOTEBOOK / max(self.size)))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("a picture is computed: there is no array that would not be a copy")
        samples = self.decode()
        return samples if dtype is None else samples.astype(dtype)

    def __repr__(self) -> str:
        colours = ("gray", "gray + alpha", "RGB", "RGBA")[self.channels - 1]
        return f"<sirenc.Picture {self.width} x {self.height}, {colours}, {self.depth} bits a sample>"


class Mesh(NamedTuple):
    """Triangles of a surface."""

    origin: NDArray[numpy.float32]
    """What is to be added to every vertex (3): zeros, unless the surface is so far from there that floats of 32 bits would
    not hold its vertices."""
    vertices: NDArray[numpy.float32]
    """Corners of triangles (n x 3), as seen from the origin."""
    normals: NDArray[numpy.float32]
    """The outward normal at each vertex (n x 3), of length 1."""
    triangles: NDArray[numpy.uint32]
    """Triangles (m x 3) as rows of ``vertices``, counter-clockwise as seen from outside."""


class Shape(_Signal):
    """A surface that is stored as the signed distance to it, negative inside."""

    _kind = "shape"

    @property
    def centre(self) -> NDArray[numpy.float64]:
        """The centre (3) of the cube around the surface, in the space that it came from."""
        return numpy.array(self._opened.placement()[0])

    @property
    def scale(self) -> float:
        """Half the side of that cube."""
        return self._opened.placement()[1]

    def distance(self, points: NDArray[Any]) -> NDArray[numpy.float64]:
        """Signed distances (...) of points (... x 3) of the space that the surface came from. The distance was fitted
        within the cube alone."""
        inside = (numpy.asarray(points, numpy.float64) - self.centre) / self.scale
        return numpy.asarray(self.field(inside)[..., 0] * self.scale, numpy.float64)

    def mesh(self, resolution: int = 128) -> Mesh:
        """The surface as triangles, found on a grid of ``resolution`` cells (2 to 4096) along each side of the cube.

        Raises:
            ParameterError, LimitError
        """
        origin, vertices, normals, triangles = self._opened.mesh(resolution)
        return Mesh(numpy.array(origin, numpy.float32), vertices, normals, triangles)

    def look(
        self, *, azimuth: float = _DIRECTION[0], elevation: float = _DIRECTION[1], size: tuple[int, int] = (512, 512)
    ) -> NDArray[numpy.uint8]:
        """A shaded picture (height x width x 3) of the surface, from ``azimuth`` degrees about the vertical y axis, from the
        z axis towards the x axis, and ``elevation`` degrees above the horizontal."""
        return self._opened.look(_frame(size, None, None), (azimuth, elevation))

    def _repr_png_(self) -> bytes:
        return self._opened.png(_frame((512, 512), None, None), _DIRECTION)

    def __repr__(self) -> str:
        return f"<sirenc.Shape in the cube of side {2 * self.scale:g} at {tuple(self.centre.tolist())}>"


class Sound(_Signal):
    """A sound that is stored in segments, each as a function of its own time."""

    _kind = "sound"

    @property
    def rate(self) -> int:
        """Frames a second of the stored sound."""
        return self._opened.dimensions[0]

    @property
    def frames(self) -> int:
        """Number of frames of the stored sound."""
        return self._opened.dimensions[1]

    @property
    def seconds(self) -> float:
        """How long the sound is."""
        return self.frames / self.rate

    @property
    def segments(self) -> int:
        """Number of segments."""
        return self._opened.networks

    def segment(self, index: int) -> Field:
        """The segment of this number as a function of its own time, from -1 to 1.

        Raises:
            ParameterError: There is no such segment.
        """
        return Field._of(self._opened.field(index))

    def decode(
        self, *, rate: int | None = None, start: float | None = None, end: float | None = None
    ) -> NDArray[numpy.float32]:
        """Samples (frames x channels), of which 1 is full scale, at ``rate`` frames a second, of the part from ``start`` to
        ``end`` seconds.

        Raises:
            ParameterError, LimitError
        """
        return self._opened.sound(rate, start, end)

    def __repr__(self) -> str:
        channels = "mono" if self.channels == 1 else "stereo"
        return f"<sirenc.Sound of {self.seconds:.2f} s, {self.rate} Hz, {channels}>"


class Video(_Pixels):
    """A video that is stored as a function of the plane and of time, to be rendered at any size and at any moments."""

    _kind = "video"

    @property
    def frames(self) -> int:
        """Number of stored frames."""
        return self._opened.dimensions[2]

    @property
    def rate(self) -> fractions.Fraction:
        """Stored frames a second."""
        return fractions.Fraction(self._opened.dimensions[3], self._opened.dimensions[4])

    def frame(self, index: int, *, scale: float | None = None, size: tuple[int, int] | None = None) -> NDArray[Any]:
        """The stored frame of this number, rows x columns or rows x columns x channels.

        Raises:
            ParameterError, LimitError
        """
        if not 0 <= index < self.frames:
            raise IndexError(f"frame {index} of a video of {self.frames}")
        frames: NDArray[Any] = self._opened.frames(_frame(size, scale, None), None, None, None, index, 1)[0]
        return frames

    def decode(
        self,
        *,
        scale: float | None = None,
        size: tuple[int, int] | None = None,
        fps: fractions.Fraction | float | None = None,
        start: float | None = None,
        end: float | None = None,
    ) -> NDArray[Any]:
        """All frames (frames x rows x columns, and x channels unless gray), at ``fps`` frames a second, of the part from
        ``start`` to ``end`` seconds.

        Raises:
            ParameterError, LimitError
        """
        rate = None
        if fps is not None:
            fraction = fractions.Fraction(fps).limit_denominator(1001)
            rate = (fraction.numerator, fraction.denominator)
        return self._opened.frames(_frame(size, scale, None), rate, start, end, 0, None)

    def __repr__(self) -> str:
        return f"<sirenc.Video of {self.frames} frames, {self.width} x {self.height}, {float(self.rate):g} a second>"


def open(data: Data, *, limits: Limits | None = None, threads: int | None = None) -> Picture | Shape | Sound | Video:
    """Open a ``.siren`` file of any kind.

    >>> import numpy, sirenc
    >>> picture = sirenc.open(sirenc.encode(numpy.zeros((30, 20), numpy.uint8)))
    >>> picture
    <sirenc.Picture 20 x 30, gray, 8 bits a sample>
    >>> picture.decode(region=(5, 5, 3, 2)).shape
    (2, 3)

    Args:
        data: The path of the file, or its bytes.
        limits: What it may cost to open and to render it; :class:`Limits` has the default ones.
        threads: Threads to render on; one per core by default.

    Raises:
        FormatError: The bytes are no whole ``.siren`` file.
        LimitError: The file asks for more than the limits allow.
        OSError: The path cannot be read.
    """
    file, name = file_of(data)
    opened = _native.Opened(file, name, numbers(limits), threads)
    kinds: tuple[type[Picture | Shape | Sound | Video], ...] = (Picture, Shape, Sound, Video)
    for kind in kinds:
        if kind._kind == opened.kind:
            signal = kind.__new__(kind)
            signal._opened = opened
            return signal
    raise NotImplementedError(f"files of kind {opened.kind}")


def _frame(
    size: tuple[int, int] | None, scale: float | None, region: tuple[int, int, int, int] | None
) -> dict[str, Any]:
    """Size, scale and region as the native part takes them."""
    if size is not None and scale is not None:
        error = ParameterError("the size of the output is size and scale, but must be one of them")
        error.parameter, error.given, error.allowed = "the size of the output", "size and scale", "one of them"
        raise error
    return {"size": size, "scale": scale, "region": region}
