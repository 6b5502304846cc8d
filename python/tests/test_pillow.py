"""The plug-in of Pillow, and tools built on Pillow."""

import io

import numpy
import pytest
from PIL import Image

import sirenc
import sirenc.pillow


def saved(image, **settings):
    file = io.BytesIO()
    image.save(file, "SIREN", **{"steps": 60, **settings})
    return file


def test_pictures_are_opened(data, tmp_path):
    path = tmp_path / "ramp.siren"
    path.write_bytes(data)
    with Image.open(path) as image:
        assert (image.format, image.mode, image.size) == ("SIREN", "RGB", (64, 48))
        assert image.get_format_mimetype() == "application/x-siren"
        assert numpy.array_equal(numpy.asarray(image), sirenc.decode(data))
        assert image.crop((1, 2, 11, 22)).size == (10, 20)
    assert numpy.array_equal(numpy.asarray(Image.open(io.BytesIO(data))), sirenc.decode(data))


def test_drafts_are_rendered_at_their_size(data):
    image = Image.open(io.BytesIO(data))
    mode, box = image.draft("L", (20, 20))
    # The smallest with its proportions that is as large.
    assert (mode, image.size, box) == ("RGB", (27, 20), (0, 0, 27.0, 20.0))
    assert numpy.array_equal(numpy.asarray(image), sirenc.decode(data, size=(27, 20)))
    assert image.draft("RGB", (10, 10)) is None
    image = Image.open(io.BytesIO(data))
    image.draft(None, (6400, 4800))
    assert image.size == (64, 48)
    image.thumbnail((16, 16))
    assert image.size == (16, 12)


def test_pictures_are_saved(ramp, tmp_path):
    path = tmp_path / "ramp.siren"
    Image.fromarray(ramp).save(path, bytes=300, steps=100)
    assert path.read_bytes() == sirenc.encode(ramp, bytes=300, steps=100)
    low, high = [len(saved(Image.fromarray(ramp), quality=quality, effort=1, steps=None).getvalue()) for quality in (5, 60)]
    assert low < high
    with pytest.raises(sirenc.ParameterError):
        saved(Image.fromarray(ramp), quality=101)
    with pytest.raises(TypeError):
        saved(Image.fromarray(ramp), progressive=True)


@pytest.mark.parametrize(
    ("mode", "opened"),
    [
        ("1", "L"),
        ("L", "L"),
        ("P", "RGB"),
        ("RGB", "RGB"),
        ("RGBA", "RGB"),
        ("RGBX", "RGB"),
        ("CMYK", "RGB"),
        ("YCbCr", "RGB"),
        ("HSV", "RGB"),
        ("LAB", "RGB"),
        ("I;16", "I;16"),
        ("LA", "L"),
    ],
)
def test_modes(mode, opened):
    """Alpha that is opaque everywhere is dropped."""
    source = Image.new("RGB", (20, 16), (200, 200, 200))
    source = source.convert("L").convert(mode) if mode in ("I;16", "LA") else source.convert(mode)
    image = Image.open(saved(source))
    assert image.mode == opened and image.size == (20, 16)
    image.load()


def test_transparency_is_kept():
    clear = numpy.full((16, 20, 4), 90, numpy.uint8)
    clear[:8, :, 3] = 255
    image = Image.open(saved(Image.fromarray(clear), steps=200))
    assert image.mode == "RGBA"
    alpha = numpy.asarray(image)[..., 3].astype(int)
    assert alpha[:6].min() > 170 > 120 > alpha[10:].max()
    palette = Image.new("P", (8, 8))
    palette.info["transparency"] = 0
    assert Image.open(saved(palette)).mode == "RGBA"


def test_modes_that_are_not_stored_are_refused():
    for mode in ("F", "I"):
        with pytest.raises(sirenc.UnsupportedError, match="mode"):
            saved(Image.new(mode, (4, 4)))


def test_profiles_are_carried(golden):
    profile = Image.open(golden / "icc.siren").info["icc_profile"]
    assert profile == sirenc.open(golden / "icc.siren").icc


def test_broken_files_are_none_of_pillow(data):
    with pytest.raises(Exception) as caught:
        Image.open(io.BytesIO(data[:-1]))
    assert isinstance(caught.value, (sirenc.FormatError, Image.UnidentifiedImageError))


def test_other_kinds_are_refused(golden):
    with pytest.raises((sirenc.KindError, Image.UnidentifiedImageError)):
        Image.open(golden / "sound.siren")


def test_tools_that_are_built_on_pillow(data, tmp_path):
    """scikit-image, or imageio, which it reads with, where one of them is installed."""
    path = tmp_path / "ramp.siren"
    path.write_bytes(data)
    try:
        from imageio.v3 import imread
    except ImportError:
        pytest.skip("imageio is not installed")
    assert numpy.array_equal(imread(path, plugin="pillow"), sirenc.decode(data))
