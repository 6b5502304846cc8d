"""Files of all kinds, opened."""

import fractions
import io

import numpy
import pytest
from PIL import Image

import sirenc


def test_each_kind_has_its_class(golden):
    kinds = {"rgb": sirenc.Picture, "shape": sirenc.Shape, "sound": sirenc.Sound, "video": sirenc.Video}
    for name, kind in kinds.items():
        signal = sirenc.open(golden / f"{name}.siren")
        assert type(signal) is kind and kind.__name__ in repr(signal)
        assert signal.field.inputs == {"Picture": 2, "Shape": 3, "Sound": 1, "Video": 3}[kind.__name__]
        for other in set(kinds.values()) - {kind}:
            with pytest.raises(sirenc.KindError) as caught:
                other(golden / f"{name}.siren")
            assert caught.value.found == kind.__name__.lower() and caught.value.wanted == other.__name__.lower()
    with pytest.raises(sirenc.KindError, match="holds a sound, not a picture"):
        sirenc.decode(golden / "sound.siren")


def test_pictures(data, ramp):
    picture = sirenc.open(data)
    assert (picture.width, picture.height, picture.channels, picture.depth) == (64, 48, 3, 8)
    decoded = picture.decode()
    assert numpy.array_equal(numpy.asarray(picture), decoded)
    assert numpy.asarray(picture, dtype=float).dtype == float
    with pytest.raises(ValueError):
        numpy.array(picture, copy=False)
    assert numpy.array_equal(numpy.asarray(Image.open(io.BytesIO(picture.png()))), decoded)
    assert Image.open(io.BytesIO(picture._repr_png_())).size == (64, 48)
    assert numpy.array_equal(numpy.asarray(picture.image()), decoded)
    assert picture.image(size=(20, 10)).size == (20, 10)
    with pytest.raises(sirenc.ParameterError, match="uint8"):
        picture.decode(dtype=numpy.uint16)
    with pytest.raises(sirenc.ParameterError, match="one of them"):
        picture.decode(scale=2, size=(4, 4))


def test_large_pictures_are_small_in_notebooks():
    picture = sirenc.open(sirenc.encode(numpy.zeros((10, 3000), numpy.uint8), effort=1))
    assert Image.open(io.BytesIO(picture._repr_png_())).size == (1024, 3)


def test_profiles_of_colours_are_carried(golden):
    picture = sirenc.open(golden / "icc.siren")
    assert picture.icc
    assert picture.image().info["icc_profile"] == picture.icc
    assert sirenc.open(golden / "rgb.siren").icc is None


def test_deep_pictures(golden):
    picture = sirenc.open(golden / "rgba16.siren")
    assert picture.decode(size=(9, 7)).dtype == numpy.uint16
    image = picture.image(size=(9, 7))
    assert image.mode == "RGBA" and image.size == (9, 7)
    rounded = numpy.rint(picture.decode(size=(9, 7)) / 257)
    assert numpy.abs(numpy.asarray(image) - rounded).max() <= 1


def test_shapes(golden):
    shape = sirenc.open(golden / "shape.siren")
    assert shape.centre.tolist() == [1.0, -2.0, 0.125] and shape.scale == 0.25
    points = shape.centre + [[0.1, 0.0, 0.05], [0.0, -0.1, 0.0]]
    expected = shape.field((points - shape.centre) / 0.25)[:, 0] * 0.25
    assert numpy.allclose(shape.distance(points), expected)
    mesh = shape.mesh(24)
    assert mesh.vertices.shape == mesh.normals.shape and mesh.vertices.shape[1] == 3
    if len(mesh.triangles):
        assert mesh.triangles.max() < len(mesh.vertices)
    assert shape.look(size=(40, 30)).shape == (30, 40, 3)
    assert Image.open(io.BytesIO(shape._repr_png_())).size == (512, 512)
    with pytest.raises(sirenc.ParameterError, match="resolution"):
        shape.mesh(1)


def test_sounds(golden):
    sound = sirenc.open(golden / "sound-levels.siren")
    assert (sound.rate, sound.channels) == (8000, 2)
    samples = sound.decode()
    assert samples.shape == (sound.frames, 2) and samples.dtype == numpy.float32
    assert sound.decode(rate=16000).shape == (2 * sound.frames, 2)
    part = sound.decode(start=0.5, end=1.0)
    assert numpy.array_equal(part, samples[4000:8000])
    assert sound.segments >= 1 and sound.segment(sound.segments - 1)([[0.0]]).shape == (1, 2)
    with pytest.raises(sirenc.ParameterError, match="segment"):
        sound.segment(sound.segments)
    with pytest.raises(sirenc.ParameterError):
        sound.decode(start=0.5, end=99)


def test_videos(golden):
    video = sirenc.open(golden / "video.siren")
    assert video.size == (64, 48) and video.frames == 50
    assert video.rate == fractions.Fraction(30000, 1001)
    film = video.decode()
    assert film.shape == (50, 48, 64, 3)
    assert numpy.array_equal(video.frame(7), film[7])
    assert video.frame(49, size=(16, 12)).shape == (12, 16, 3)
    assert len(video.decode(fps=2 * video.rate, scale=0.5)) == 100
    assert len(video.decode(fps=29.97, start=0.5, scale=0.25)) == 36
    with pytest.raises(IndexError):
        video.frame(50)
    with pytest.raises(sirenc.LimitError):
        sirenc.open(golden / "video.siren", limits=sirenc.Limits(memory=1 << 20)).decode(scale=4)
