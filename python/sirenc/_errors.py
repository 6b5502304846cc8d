"""Exceptions, whose classes follow the errors of the Rust library: grouped by whose fault they are.

All of them can be pickled, with their attributes, so that they come back from other processes as they were raised.
"""


class Error(Exception):
    """Any error of this package, and the base of all the others."""


class FormatError(Error, ValueError):
    """The bytes are no ``.siren`` file that this version can read, or are damaged. The message cites the section of the
    format's specification."""


class KindError(Error, ValueError):
    """The file holds another kind of signal than the one asked for."""

    found: str
    """The kind that the file holds: ``"picture"``, ``"shape"``, ``"sound"`` or ``"video"``."""
    wanted: str
    """The kind that was asked for."""


class ParameterError(Error, ValueError):
    """An argument is out of range."""

    parameter: str
    """The name of the parameter."""
    given: str
    """The value that was given, as text."""
    allowed: str
    """The values that would be right, in words."""


class LimitError(Error):
    """The request is valid, but above one of the :class:`~sirenc.Limits`."""

    quantity: str
    """The name of the limit, such as ``"memory"``. Readers of foreign formats leave these three attributes out."""
    asked: int
    """How much would be needed."""
    allowed: int
    """How much the limit allows."""


class DivergedError(Error, ArithmeticError):
    """The fit diverged, and smaller steps did not help. A smaller omega or another seed may."""

    step: int
    """The step at which the loss last exploded."""
    attempts: int
    """How often the fit was tried."""


class UnreachableError(Error):
    """The picture cannot be stored as well as was asked for."""

    asked: float
    """The PSNR asked for, in dB."""
    nearest: float
    """The nearest to it that was reached, in dB."""
    bytes: int
    """The size of the file that reached it."""


class StoppedError(Error):
    """The progress callback stopped the fit before there was anything worth keeping."""


class ReadError(Error, OSError):
    """The bytes could not be read from where they are kept."""


class ThreadsError(Error, RuntimeError):
    """The threads to work on could not be started."""


class MalformedError(Error, ValueError):
    """A picture in a foreign format is damaged, not whole, or breaks the rules of its format."""


class UnsupportedError(Error, ValueError):
    """A picture is of a format, or of a kind of one, that is not read, or that cannot be stored."""


class SirencWarning(UserWarning):
    """Something about a picture is not as one might think, such as colours that are cut off."""


for _class in list(globals().values()):
    if isinstance(_class, type) and issubclass(_class, (Error, SirencWarning)):
        # Where users find it, and where it is looked for when it is unpickled.
        _class.__module__ = "sirenc"
