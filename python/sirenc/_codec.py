"""Pictures into files and back, in one call each."""

import dataclasses
import warnings
from typing import Any, Literal

from numpy.typing import DTypeLike, NDArray

from . import _native
from ._errors import SirencWarning
from ._inputs import Data, PictureLike, file_of, source_of
from ._limits import Limits, numbers
from ._opened import DerivativeName, Picture
from ._progress import ProgressLike, Reporter, decibels


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of :func:`encode`, by the names of its arguments. What is ``None`` keeps the default."""

    bytes: int | None = None
    bpp: float | None = None
    psnr: float | None = None
    quality: float | None = None
    layers: int | None = None
    width: int | None = None
    omega_first: float | None = None
    omega_hidden: float | None = None
    half_floats: bool = False
    effort: int | None = None
    steps: int | None = None
    seed: int = 0
    threads: int | None = None
    grids: bool | None = None
    supervise: Literal["gradient", "laplacian"] | None = None

    def __post_init__(self) -> None:
        _native.validate(self)


def encode(
    picture: PictureLike,
    *,
    bytes: int | None = None,
    bpp: float | None = None,
    psnr: float | None = None,
    quality: float | None = None,
    effort: int | None = None,
    steps: int | None = None,
    layers: int | None = None,
    width: int | None = None,
    omega_first: float | None = None,
    omega_hidden: float | None = None,
    half_floats: bool = False,
    grids: bool | None = None,
    supervise: Literal["gradient", "laplacian"] | None = None,
    seed: int = 0,
    threads: int | None = None,
    icc: bytes | None = None,
    limits: Limits | None = None,
    progress: ProgressLike = None,
) -> bytes:
    """Fit a network to a picture, and return the bytes of its ``.siren`` file.

    The same picture, settings and seed give the same bytes where the instruction set is the same, whatever the number of
    threads, and the same as the command ``sirenc encode`` writes. The interpreter's lock is released, so that several
    pictures can be encoded by threads of Python. Ctrl-C ends the fit.

    >>> import numpy, sirenc
    >>> rows, columns = numpy.mgrid[0:48, 0:64]
    >>> ramp = numpy.stack([4 * columns, 5 * rows, 128 + 0 * rows], axis=-1).astype(numpy.uint8)
    >>> data = sirenc.encode(ramp, bytes=200, steps=300)
    >>> len(data) <= 200
    True
    >>> sirenc.decode(data, scale=2).shape
    (96, 128, 3)

    Args:
        picture: The path of a file in PNG, JPEG, WebP, TIFF, BMP, GIF, ICO, PNM, QOI or TGA, or its bytes: read as the
            command reads it, upright and with its colour profile. Or an image of Pillow. Or an array, rows x columns or
            rows x columns x channels (1 gray, 2 gray and alpha, 3 RGB, 4 RGBA), of ``uint8``, of ``uint16``, or of floats
            from 0 to 1, which are stored with 16 bits a sample.
        bytes: The file takes at most this number of bytes, and nearly that.
        bpp: The file takes at most this number of bits per pixel, and nearly that. The default is 0.25, in at most 20 kB;
            it grows only with the side of the picture beyond 12 kB.
        psnr: The file has this PSNR in dB, or up to 0.2 dB more, in as few bytes as that takes.
        quality: The file has a PSNR of 20 + quality / 5 dB (0 to 100), or 1 bit per pixel if that is not enough.
        effort: How much work to put in, 1 (quickest) to 9; 5 by default.
        steps: Steps of the optimiser, in place of an effort.
        layers: Hidden layers of the network. By default it is what suits the size.
        width: Neurons in each hidden layer. By default it is what suits the size.
        omega_first: omega_0 of the first layer, in radians per half of the longer side; 20 by default.
        omega_hidden: omega_0 of the other hidden layers; 30 by default.
        half_floats: Store weights as half floats under zstd, which takes more than twice the size.
        grids: Whether the network sees grids of latents in place of coordinates: more detail where a picture is worth
            many bits. The picture must be opaque. By default it does from 400 bytes (1,800 below 128 x 128 pixels) and 0.008
            bits per pixel on, for up to 5 megapixels, unless the network, its steps or a PSNR are given.
        supervise: Show the network nothing but derivatives of the picture, so that it solves Poisson's equation.
        seed: Seed of the initial weights and of the order of pixels.
        threads: Threads to work on; one per core by default.
        icc: The ICC profile of an array. Files and Pillow's images bring their own.
        limits: Of these limits, ``memory`` holds for the picture when it is read from a file.
        progress: See :data:`~sirenc.ProgressLike`.

    Raises:
        ParameterError: A setting is out of range, or the array is none that can be stored.
        UnsupportedError, MalformedError, LimitError: The file of the picture cannot be read.
        UnreachableError: The PSNR cannot be reached.
        DivergedError: The fit failed.
        StoppedError: The progress callback stopped the fit at its first step.
        OSError: The path cannot be read.

    Warns:
        SirencWarning: The picture is not as one might think; for example, colours beyond sRGB are cut off.
    """
    settings = Settings(
        bytes=bytes,
        bpp=bpp,
        psnr=psnr,
        quality=quality,
        effort=effort,
        steps=steps,
        layers=layers,
        width=width,
        omega_first=omega_first,
        omega_hidden=omega_hidden,
        half_floats=half_floats,
        grids=grids,
        supervise=supervise,
        seed=seed,
        threads=threads,
    )
    return encode_with(picture, settings, icc=icc, limits=limits, progress=progress)


def encode_with(
    picture: PictureLike,
    settings: Settings,
    *,
    icc: bytes | None = None,
    limits: Limits | None = None,
    progress: ProgressLike = None,
    stacklevel: int = 3,
) -> bytes:
    """As :func:`encode`, with settings that have been checked already."""
    source = source_of(picture, limits, icc=icc)
    reporter = Reporter(progress, "encode", decibels)
    try:
        data, notes = _native.encode(source, settings, reporter.native)
    finally:
        reporter.close()
    for note in notes:
        warnings.warn(f"{source.name}: {note}", SirencWarning, stacklevel=stacklevel)
    return data


def decode(
    data: Data,
    *,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    region: tuple[int, int, int, int] | None = None,
    derivative: DerivativeName | None = None,
    dtype: DTypeLike | None = None,
    limits: Limits | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """Render the picture of a ``.siren`` file at any size.

    It is the same as ``sirenc.open(data).decode(...)``, which is quicker where one file is rendered several times.

    >>> import numpy, sirenc
    >>> data = sirenc.encode(numpy.full((40, 60), 77, numpy.uint8))
    >>> sirenc.decode(data)[0, 0], sirenc.decode(data, size=(6, 4)).shape
    (np.uint8(77), (4, 6))

    Args:
        data: The path of the file, or its bytes.
        scale: Both sides are multiplied by this number; 1 by default.
        size: The width and the height of the whole picture in pixels, in place of a scale.
        region: Only this part, ``(x, y, width, height)`` in pixels of the whole picture at the size asked for. It is the
            crop of the whole.
        derivative: An exact derivative in place of the picture: ``"dx"``, ``"dy"``, ``"gradient"`` or ``"laplacian"``, in
            units of the stored picture: samples span 0 to 1, and lengths are its pixels, whatever the size.
        dtype: ``numpy.float32`` for samples from 0 to 1 that are neither rounded nor cut off.
        limits: What it may cost; :class:`Limits` has the default ones.
        threads: Threads to work on; one per core by default. The result does not depend on it.

    Returns:
        Rows x columns of a gray picture, else rows x columns x channels, of ``uint8`` or ``uint16`` as the picture was
        stored. Derivatives are ``float32``; the gradient has another axis, of the derivatives by x and by y.

    Raises:
        FormatError: The bytes are no whole ``.siren`` file.
        KindError: The file holds no picture.
        LimitError: It would cost more than the limits allow.
        ParameterError: The size, the region or the derivative is none that there is.
        OSError: The path cannot be read.
    """
    picture = Picture(data, limits=limits, threads=threads)
    return picture.decode(scale=scale, size=size, region=region, derivative=derivative, dtype=dtype)


def info(data: Data, *, limits: Limits | None = None) -> dict[str, Any]:
    """Everything that a ``.siren`` file says of itself, and what it costs to decode.

    The names are those of ``sirenc info --json``: ``kind``, ``bytes``, and for a picture ``width``, ``height``, ``bpp``,
    ``channels`` and ``depth``; the network with ``hidden``, ``omega_first``, ``omega_hidden`` and ``parameters``; the costs of
    decoding with ``operations``, ``seconds`` (of a core), ``memory`` and ``output`` (in bytes); ``layers`` and ``parts`` with
    what each takes in the file.

    >>> import numpy, sirenc
    >>> facts = sirenc.info(sirenc.encode(numpy.zeros((30, 20, 3), numpy.uint8)))
    >>> facts["kind"], facts["width"], facts["height"], facts["channels"]
    ('picture', 20, 30, 3)

    Raises:
        FormatError: The bytes are no whole ``.siren`` file.
        LimitError: The file asks for more than the limits allow.
        OSError: The path cannot be read.
    """
    file, name = file_of(data)
    return _native.info(file, name, numbers(limits))


def psnr(picture: PictureLike, data: Data, *, threads: int | None = None) -> float:
    """The PSNR in dB of a ``.siren`` file against the picture that it was made from, over all visible samples.

    >>> import numpy, sirenc
    >>> flat = numpy.full((24, 24), 200, numpy.uint8)
    >>> sirenc.psnr(flat, sirenc.encode(flat))
    inf

    Raises:
        ParameterError: The picture has another size, other channels or another depth than the file.
        FormatError, KindError, OSError: As :func:`decode`.
    """
    file, name = file_of(data)
    return _native.psnr(source_of(picture, None), file, name, threads)
