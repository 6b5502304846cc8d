"""What tests have in common."""

import pathlib

import numpy
import pytest

import sirenc

GOLDEN = pathlib.Path(__file__).parents[2] / "format" / "tests" / "golden" / "valid"
"""Files of all kinds, which the tests of the format keep."""


@pytest.fixture(scope="session")
def golden():
    if not GOLDEN.is_dir():
        pytest.skip("the golden files of the format are not here")
    return GOLDEN


@pytest.fixture(scope="session")
def ramp():
    """48 rows x 64 columns of RGB, in which red grows along x, green along y, and blue in waves."""
    rows, columns = numpy.mgrid[0:48, 0:64]
    waves = 128 + 100 * numpy.sin(columns / 6) * numpy.cos(rows / 5)
    return numpy.stack([4 * columns, 5 * rows, waves], axis=-1).astype(numpy.uint8)


@pytest.fixture(scope="session")
def data(ramp):
    """A file of that."""
    return sirenc.encode(ramp, bytes=600, steps=600)
