"""What counts as a file and as a picture: paths, bytes, arrays and Pillow's images."""

import os
import sys
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy
from numpy.typing import NDArray

from . import _native
from ._errors import ParameterError, UnsupportedError
from ._limits import Limits

if TYPE_CHECKING:
    from PIL.Image import Image

Data: TypeAlias = Union[str, os.PathLike[str], bytes, bytearray, memoryview]
"""A ``.siren`` file: its path, or its bytes."""

PictureLike: TypeAlias = Union[str, os.PathLike[str], bytes, NDArray[Any], "Image"]
"""A picture: the path of a file in a foreign format such as PNG or JPEG, its bytes, an array, or an image of Pillow."""

_LONGEST = 256 << 20
"""Bytes of the longest file that is taken for a ``.siren`` file. Weights are few; this is a thousand times enough."""

_DIRECT_MODES = {"L", "LA", "RGB", "RGBA"}
"""Modes of Pillow whose samples are stored as they are."""

_CONVERTED_MODES = {"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB",
                    "HSV": "RGB"}
"""Modes of Pillow that become one of those."""


def file_of(data: Data) -> tuple[bytes, str]:
    """The bytes of a ``.siren`` file, and what to call it in messages. Bytes are not copied."""
    if isinstance(data, bytes):
        return data, "<bytes>"
    if isinstance(data, (str, os.PathLike)):
        return _read(data, _LONGEST), os.fspath(data)
    try:
        return bytes(memoryview(data)), "<bytes>"
    except TypeError:
        raise TypeError(f"a .siren file is a path or bytes, not {_name(data)}") from None


def source_of(picture: PictureLike, limits: Limits | None, *, icc: bytes | None = None) -> _native.Source:
    """The picture as the native part takes it. An ``icc`` profile can be given with arrays only."""
    if icc is not None and not isinstance(picture, numpy.ndarray):
        raise TypeError("icc is for arrays: files and Pillow's images bring their own profile")
    memory = (limits or Limits.interactive()).memory
    if isinstance(picture, (str, os.PathLike)):
        path = os.fspath(picture)
        return _native.read(_read(path, memory), path, path, memory)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return _native.read(bytes(picture), "<bytes>", None, memory)
    if isinstance(picture, numpy.ndarray):
        return _native.Source.of_array(_samples(picture), "<array>", icc)
    # An image of Pillow can only be given where Pillow has been imported.
    pillow = sys.modules.get("PIL.Image")
    if pillow is not None and isinstance(picture, pillow.Image):
        return _of_image(picture)
    raise TypeError(f"a picture is a path, bytes, a NumPy array or a Pillow image, not {_name(picture)}")


def _read(path: str | os.PathLike[str], most: int) -> bytes:
    with open(path, "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise UnsupportedError(f"{os.fspath(path)}: is longer than {most >> 20} MiB, which is more than it may be")
    return data


def _samples(array: NDArray[Any]) -> NDArray[Any]:
    """The array with samples of 8 or 16 bits. Floats from 0 to 1 become 16 bits."""
    if array.ndim not in (2, 3):
        raise _refused("shape", array.shape, "rows x columns, or rows x columns x channels")
    native = array.dtype.newbyteorder("=")
    if native in (numpy.uint8, numpy.uint16):
        # The native part copies samples in their order, whatever the strides; other byte orders it does not know.
        return array.astype(native, copy=False)
    if array.dtype.kind != "f":
        raise _refused("dtype", array.dtype, "uint8, uint16, or a float with samples from 0 to 1")
    least, most = (array.min(), array.max()) if array.size else (0.0, 0.0)
    # Written so that NaN is refused.
    if not (least >= 0.0 and most <= 1.0):
        raise _refused("samples", f"{least} to {most}", "0 to 1 in an array of floats; divide by the largest value")
    return numpy.rint(array.astype(numpy.float64) * 65535.0).astype(numpy.uint16)


def _of_image(image: "Image") -> _native.Source:
    """The picture of a Pillow image, as it is: an orientation in its metadata is not looked at."""
    profile = image.info.get("icc_profile")
    mode = image.mode
    if mode.startswith("I;16"):
        return _native.Source.of_array(_samples(numpy.asarray(image)), "<image>", None)
    if mode in ("P", "PA"):
        transparent = mode == "PA" or "transparency" in image.info
        image = image.convert("RGBA" if transparent else "RGB")
    elif mode in _CONVERTED_MODES:
        # The profile was that of the samples before.
        profile = profile if mode in ("1", "La", "RGBa", "RGBX") else None
        image = image.convert(_CONVERTED_MODES[mode])
    elif mode in ("RGB", "L") and "transparency" in image.info:
        image = image.convert("RGBA" if mode == "RGB" else "LA")
    elif mode not in _DIRECT_MODES:
        raise UnsupportedError(f"<image>: is of mode {mode}, which is not stored; convert it to RGB, L or I;16 first")
    array = numpy.asarray(image)
    if image.mode in ("LA", "RGBA") and array.size and int(array[..., -1].min()) == 255:
        # Alpha that is opaque everywhere says nothing, and would cost weights to store.
        array = numpy.ascontiguousarray(array[..., 0] if image.mode == "LA" else array[..., :3])
    return _native.Source.of_array(array, "<image>", profile)


def _refused(parameter: str, given: object, allowed: str) -> ParameterError:
    error = ParameterError(f"{parameter} of the array is {given}, but must be {allowed}")
    error.parameter, error.given, error.allowed = parameter, str(given), allowed
    return error


def _name(thing: object) -> str:
    return type(thing).__name__
