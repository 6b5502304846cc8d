"""A stage of Ray Data that encodes a column of pictures."""

from typing import Any

import numpy
from numpy.typing import NDArray

from .._codec import Settings, encode_with
from .._errors import Error
from .._limits import Limits
from ._cluster import cores


class EncodePictures:
    """What an actor of ``Dataset.map_batches`` does: it encodes a column of pictures with one core.

    It adds the column ``siren`` with the bytes of the files, and the column ``error`` with what is wrong with the pictures
    that could not be encoded; the other of the two is empty there.

    Args:
        column: The column of the pictures: arrays, or the bytes of files.
        settings: The keyword arguments of :func:`sirenc.encode` that say what is fitted.

    Raises:
        ParameterError: A setting is out of range.
    """

    def __init__(self, column: str = "image", **settings: Any) -> None:
        self._column = column
        self._settings = Settings(threads=1, **settings)

    def __call__(self, batch: dict[str, NDArray[Any]]) -> dict[str, Any]:
        """Encodes the pictures of a batch."""
        pictures = batch[self._column]
        files = numpy.empty(len(pictures), object)
        errors = numpy.empty(len(pictures), object)
        for index, picture in enumerate(pictures):
            try:
                files[index] = encode_with(picture, self._settings, limits=Limits.interactive())
            except (Error, OSError, TypeError, MemoryError) as error:
                errors[index] = f"{type(error).__name__}: {error}"
        return {**batch, "siren": files, "error": errors}


def encode_dataset(
    dataset: Any,
    *,
    column: str = "image",
    concurrency: int | tuple[int, int] | None = None,
    memory: int = 512 << 20,
    batch_size: int = 8,
    **settings: Any,
) -> Any:
    """A dataset of Ray Data with a column of pictures, and beside them the columns that :class:`EncodePictures` adds.

    Args:
        dataset: The dataset, such as ``ray.data.read_images(folder)`` or ``ray.data.read_binary_files(folder)``, whose
            column is ``"bytes"``.
        column: The column of the pictures: arrays, or the bytes of files.
        concurrency: Number of actors, each with a core, or the least and the most of them. By default there are as many
            as the cluster has cores, less one for the stages that read and write.
        memory: Bytes of memory that an actor reserves.
        batch_size: Pictures that an actor takes at a time.
        settings: The keyword arguments of :func:`sirenc.encode` that say what is fitted, such as ``bpp`` or ``effort``.

    Raises:
        ParameterError: A setting is out of range. It is raised before anything is done.
    """
    Settings(threads=1, **settings)
    if concurrency is None:
        concurrency = (1, max(1, cores() - 1))
    return dataset.map_batches(
        EncodePictures,
        fn_constructor_kwargs={"column": column, **settings},
        batch_size=batch_size,
        concurrency=concurrency,
        num_cpus=1,
        memory=memory,
    )
