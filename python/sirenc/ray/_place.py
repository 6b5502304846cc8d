"""Folders, wherever pyarrow finds them, whose files are written whole or not at all."""

import dataclasses
import os
import uuid
from collections.abc import Iterator
from typing import Any

from pyarrow import fs

_PART = ".part"
"""How the names of files end that are not whole yet. They begin with a dot."""


@dataclasses.dataclass(frozen=True)
class Place:
    """A folder in a file system of pyarrow. It can be sent to other processes."""

    filesystem: Any
    root: str

    @classmethod
    def of(cls, folder: str | os.PathLike[str]) -> "Place":
        """The folder at a path or at a URL such as ``s3://bucket/pictures``."""
        text = os.fspath(folder)
        filesystem, root = fs.FileSystem.from_uri(text if "://" in text else os.path.abspath(text))
        return cls(filesystem, root.rstrip("/"))

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of the operating system."""
        return bool(self.filesystem.type_name == "local")

    def names(self, *, there: bool = True) -> Iterator[str]:
        """Names of all files in it and in folders within it, relative to it, parts of files and hidden ones left out.

        Raises:
            FileNotFoundError: The folder has to be ``there``, and is not.
        """
        return (name for name in self._all(there) if not os.path.basename(name).startswith("."))

    def _all(self, there: bool) -> Iterator[str]:
        selector = fs.FileSelector(self.root, recursive=True, allow_not_found=not there)
        for info in self.filesystem.get_file_info(selector):
            if info.type == fs.FileType.File:
                yield info.path[len(self.root) :].lstrip("/")

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        with self.filesystem.open_input_stream(self._path(name)) as stream:
            return bytes(stream.read())

    def write(self, name: str, data: bytes) -> None:
        """Writes a file whole, in place of one that is there. A process that is killed meanwhile leaves the old file, or
        none.

        In an object store a file appears once it has been sent. In a folder it is written under another name first, which
        no other process uses, and then renamed.
        """
        path = self._path(name)
        if not self.is_local:
            with self.filesystem.open_output_stream(path) as stream:
                stream.write(data)
            return
        folder, base = os.path.split(path)
        os.makedirs(folder, exist_ok=True)
        part = os.path.join(folder, f".{base}.{uuid.uuid4().hex}{_PART}")
        try:
            with open(part, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            if os.path.exists(part):
                os.remove(part)
            raise

    def tidy(self) -> None:
        """Removes what processes that were killed have left of files."""
        if not self.is_local:
            return
        for name in self._all(there=False):
            base = os.path.basename(name)
            if base.startswith(".") and base.endswith(_PART):
                os.remove(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"
