"""Files that are whole or not there: what is written survives a kill at any instant.

All of it goes through the three calls below, so that a test can make each of them fail.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import final

TEMPORARY = ".part-"
"""How names of what is not whole yet begin."""


def write(descriptor: int, data: memoryview) -> int:
    """Write some of the data; return how many bytes were."""
    return os.write(descriptor, data)


def sync(descriptor: int) -> None:
    """Wait until what was written to a file or a folder is on the disk."""
    os.fsync(descriptor)


def rename(old: Path, new: Path) -> None:
    """Give a file or a folder another name, in one instant."""
    os.replace(old, new)


def write_file(path: Path, data: bytes) -> None:
    """Write a file under a name that nobody reads yet, and wait until it is on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[write(descriptor, rest) :]
        sync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name == "nt":  # Windows keeps names by itself, and opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file: whoever reads it finds all of the old or all of the new."""
    part = path.with_name(TEMPORARY + path.name)
    try:
        write_file(part, data)
        rename(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files, which is there with all of them or not at all.

    The files are written in their order; what vouches for the others stands last.
    """
    part = folder.with_name(TEMPORARY + folder.name)
    part.mkdir(exist_ok=True)
    for name, data in files.items():
        write_file(part / name, data)
    sync_folder(part)
    rename(part, folder)
    sync_folder(folder.parent)


@final
class Lines:
    """A file that grows line by line; what cannot be written is held until it can."""

    def __init__(self, descriptor: int, length: int) -> None:
        self.length = length
        """Bytes that the file has with all lines, those included that are held."""
        self._descriptor = descriptor
        self._held = bytearray()
        self._lock = threading.Lock()

    @classmethod
    @contextmanager
    def open(cls, path: Path, length: int) -> Iterator[Lines]:
        """Open a file of lines, which is cut to a length first."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.ftruncate(descriptor, length)
            yield cls(descriptor, length)
        finally:
            os.close(descriptor)

    def add(self, line: bytes) -> None:
        """Write a line, or hold it."""
        self.length += len(line)
        with self._lock:
            self._held += line
        with suppress(OSError):
            self.flush()

    def flush(self) -> None:
        """Write what is held.

        Raises:
            OSError: where it cannot be.
        """
        with self._lock:
            while self._held:
                del self._held[: write(self._descriptor, memoryview(bytes(self._held)))]

    def sync(self) -> None:
        """Wait until all lines are on the disk.

        Raises:
            OSError: where they cannot be.
        """
        self.flush()
        sync(self._descriptor)
