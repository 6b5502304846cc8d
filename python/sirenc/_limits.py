"""Limits on what a file may cost."""

import dataclasses

from . import _native

_DEFAULT = _native.limits("default")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a file from an unknown source may cost whoever opens it.

    Every limit is checked before anything of its size is allocated or computed, and what is above one raises
    :class:`~sirenc.LimitError`. The defaults are those of a service that decodes the files of strangers.

    >>> Limits().memory
    536870912
    >>> Limits(pixels=1 << 20).pixels
    1048576
    """

    side: int = _DEFAULT["side"]
    """The longer side of a picture or a video, in pixels."""
    pixels: int = _DEFAULT["pixels"]
    """Pixels that are rendered, of all frames."""
    frames: int = _DEFAULT["frames"]
    """Frames of a video."""
    networks: int = _DEFAULT["networks"]
    """Networks, of which a sound has one for each segment."""
    layer_width: int = _DEFAULT["layer_width"]
    """Neurons in one layer."""
    parameters: int = _DEFAULT["parameters"]
    """Weights and biases of all networks."""
    operations: int = _DEFAULT["operations"]
    """Operations to evaluate the signal, of which a core makes about 6 x 10^10 a second."""
    metadata: int = _DEFAULT["metadata"]
    """Bytes of metadata, such as a colour profile."""
    memory: int = _DEFAULT["memory"]
    """Bytes of memory that all of it may take at once."""
    output: int = _DEFAULT["output"]
    """Bytes that come out."""

    @classmethod
    def interactive(cls) -> "Limits":
        """The limits of a person who chose the file and can interrupt its decoding: about three minutes of a core and
        2 GiB of memory. The command ``sirenc`` has these."""
        return cls(**_native.limits("interactive"))

    @classmethod
    def none(cls) -> "Limits":
        """No limits, for files that one has made oneself."""
        return cls(**_native.limits("none"))


def numbers(limits: Limits | None) -> dict[str, int]:
    """The limits as the native part takes them; the default ones where none are given."""
    return dataclasses.asdict(limits or Limits())
