"""Pictures, shapes, sounds and videos stored as the weights of a small sine network.

A picture is a function, and a ``.siren`` file is that function's weights. :func:`encode` fits a network to a picture,
:func:`decode` renders one at any size, :func:`open` opens a file of any kind, and :class:`Field` is the function itself,
with exact derivatives.

>>> import numpy, sirenc
>>> rows, columns = numpy.mgrid[0:48, 0:64]
>>> data = sirenc.encode((4 * columns).astype(numpy.uint8), bytes=100, steps=300)
>>> sirenc.decode(data, size=(128, 96)).shape
(96, 128)
>>> sirenc.decode(data, derivative="gradient").shape
(48, 64, 2)

``import sirenc.pillow`` has Pillow read and write ``.siren`` files. ``sirenc.ray`` encodes large collections on a cluster.
"""

from importlib.metadata import version as _version

from ._codec import decode, encode, info, psnr
from ._errors import (
    DivergedError,
    Error,
    FormatError,
    KindError,
    LimitError,
    MalformedError,
    ParameterError,
    ReadError,
    SirencWarning,
    StoppedError,
    ThreadsError,
    UnreachableError,
    UnsupportedError,
)
from ._field import Field, Jet, from_state_dict
from ._fit import Constraint, fit
from ._inputs import Data, PictureLike
from ._limits import Limits
from ._opened import Mesh, Picture, Shape, Sound, Video, open
from ._progress import Progress, ProgressLike

__version__ = _version("sirenc")

__all__ = [
    "Constraint",
    "Data",
    "DivergedError",
    "Error",
    "Field",
    "FormatError",
    "Jet",
    "KindError",
    "LimitError",
    "Limits",
    "MalformedError",
    "Mesh",
    "ParameterError",
    "Picture",
    "PictureLike",
    "Progress",
    "ProgressLike",
    "ReadError",
    "Shape",
    "SirencWarning",
    "Sound",
    "StoppedError",
    "ThreadsError",
    "UnreachableError",
    "UnsupportedError",
    "Video",
    "decode",
    "encode",
    "fit",
    "from_state_dict",
    "info",
    "open",
    "psnr",
]
