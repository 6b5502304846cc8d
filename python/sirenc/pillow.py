"""``import sirenc.pillow`` has Pillow open and save ``.siren`` files, and with it whatever is built on Pillow.

>>> import io
>>> from PIL import Image
>>> import sirenc.pillow
>>> file = io.BytesIO()
>>> Image.new("RGB", (120, 90), "teal").save(file, "SIREN", bytes=100)
>>> picture = Image.open(file)
>>> picture.size, picture.format
((120, 90), 'SIREN')
>>> picture.draft(None, (30, 30)) and picture.size
(40, 30)

``draft`` and ``thumbnail`` have the picture rendered at the smaller size at once, which is quicker and, as pixels are
means of what they cover, as good as to scale it down later. ``save`` takes the keyword arguments of
:func:`sirenc.encode`. Pillow has no images in colour of 16 bits a sample: such pictures are opened with 8.
"""

import io
from typing import IO, Any

import numpy
from PIL import Image, ImageFile

from ._codec import encode
from ._opened import Picture

_FORMAT = "SIREN"
_MAGIC = b"\xb5SRN"


def image_of(picture: Picture, *, size: tuple[int, int] | None = None, scale: float | None = None) -> Image.Image:
    """The picture as an image of Pillow, of 8 bits a sample unless it is gray of 16, with its colour profile."""
    samples = picture.decode(size=size, scale=scale)
    if samples.dtype == numpy.uint16 and picture.channels > 1:
        samples = ((samples.astype(numpy.uint32) * 255 + 32_895) >> 16).astype(numpy.uint8)
    image = Image.fromarray(samples)
    if picture.icc is not None:
        image.info["icc_profile"] = picture.icc
    return image


def _mode(picture: Picture) -> str:
    if picture.channels == 1 and picture.depth == 16:
        return "I;16"
    return ("L", "LA", "RGB", "RGBA")[picture.channels - 1]


class SirenImageFile(ImageFile.ImageFile):
    """A ``.siren`` file as an image of Pillow. It is rendered when its samples are first asked for."""

    format = _FORMAT
    format_description = "Pictures stored as the weights of a small sine network"

    _picture: Picture | None

    def _open(self) -> None:
        assert self.fp is not None
        self._picture = Picture(self.fp.read())
        self._size = self._picture.size
        self._mode = _mode(self._picture)
        self.tile = []
        if self._picture.icc is not None:
            self.info["icc_profile"] = self._picture.icc

    def draft(
        self, mode: str | None, size: tuple[int, int] | None
    ) -> tuple[str, tuple[int, int, float, float]] | None:
        """Have the picture rendered at a smaller size: the smallest with its proportions that is at least ``size``."""
        if self._picture is None or size is None:
            return None
        width, height = self._picture.size
        scale = min(1.0, max(size[0] / width, size[1] / height))
        self._size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return self.mode, (0, 0, float(self._size[0]), float(self._size[1]))

    def load(self) -> Any:
        """Render the picture."""
        if self._picture is not None:
            self.im = image_of(self._picture, size=self._size).im
            self._picture = None
            if self.fp is not None and self._exclusive_fp:
                self.fp.close()
            self.fp = None
        return super().load()


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(_MAGIC)


def _save(image: Image.Image, file: IO[bytes], name: str | bytes) -> None:
    settings = dict(image.encoderinfo)
    if "icc_profile" in settings:
        image = image.copy()
        image.info["icc_profile"] = settings.pop("icc_profile")
    file.write(encode(image, **settings))


Image.register_open(_FORMAT, SirenImageFile, _accept)
Image.register_save(_FORMAT, _save)
Image.register_extension(_FORMAT, ".siren")
Image.register_mime(_FORMAT, "application/x-siren")
