"""A disk that loses power: what may be left of a folder, however little of it was synced.

What a file holds is certain from its last sync on, names in a folder from the last sync of the folder. Of all that
came later any part may be left: of a file the bytes before, those after, or some of those after; of
names each change by itself. This is the least that POSIX promises, and less than file systems keep.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from hornbook.runtime import checkpoints, durable


@dataclass(eq=False)
class File:
    """A file: what it holds, and what of that is on the disk for certain."""

    now: bytes = b""
    certain: bytes = b""

    def left(self, choose: Random | None) -> bytes:
        if choose is None or self.now == self.certain:
            return self.certain
        kept = len(self.certain) if self.now.startswith(self.certain) else 0
        cut = self.now[: choose.randint(kept, len(self.now))]
        return choose.choice([self.certain, self.now, cut])


@dataclass(eq=False)
class Folder:
    """A folder: its names, those that are certain, and the changes since."""

    now: dict[str, File | Folder] = field(default_factory=dict)
    certain: dict[str, File | Folder] = field(default_factory=dict)
    changes: list[Callable[[dict[str, File | Folder]], None]] = field(default_factory=list)

    def change(self, one: Callable[[dict[str, File | Folder]], None]) -> None:
        one(self.now)
        self.changes.append(one)

    def left(self, choose: Random | None) -> dict[str, File | Folder]:
        names = dict(self.certain)
        for change in self.changes:
            if choose is not None and choose.random() < 0.5:
                change(names)
        return names


Operation = tuple[str, Path, Any]


class Disk:
    """Notes what is done to the files in a folder, so that it can be said what a loss of power leaves."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.operations: list[Operation] = []
        self.open: dict[int, Path] = {}

    def note(self, what: str, path: Path | str, more: Any = None) -> None:
        self.operations.append((what, Path(path), more))

    def left(self, operations: int, choose: Random | None, place: Path) -> None:
        """Write what is left where power is lost after so many operations."""
        root = Folder()
        for what, path, more in self.operations[:operations]:
            self._do(root, what, path, more)
        _write(root, place, choose)

    def _do(self, root: Folder, what: str, path: Path, more: Any) -> None:
        found: File | Folder = root
        *parts, name = path.relative_to(self.root).parts or ("",)
        for part in parts:
            assert isinstance(found, Folder)
            found = found.now[part]
        assert isinstance(found, Folder)
        if what == "create":
            made: File | Folder = Folder() if more == "folder" else File()
            if name not in found.now:
                found.change(lambda names: names.update({name: made}))
        elif what == "remove":
            found.change(lambda names: names.pop(name, None))
        elif what == "rename":
            new = more.name

            def rename(names: dict[str, File | Folder]) -> None:
                if name in names:
                    names[new] = names.pop(name)

            found.change(rename)
        else:
            one = found.now[name] if name else found
            if isinstance(one, Folder):
                assert what == "sync"
                one.certain = dict(one.now)
                one.changes = []
            elif what == "sync":
                one.certain = one.now
            elif what == "cut":
                one.now = one.now[:more]
            else:
                assert what == "write"
                one.now += more


def _write(folder: Folder, place: Path, choose: Random | None) -> None:
    place.mkdir()
    for name, one in folder.left(choose).items():
        if isinstance(one, Folder):
            _write(one, place / name, choose)
        else:
            (place / name).write_bytes(one.left(choose))


@contextmanager
def noted(root: Path) -> Iterator[Disk]:
    """Note what is done to the files in a folder that is empty, and certain to be there itself."""
    disk = Disk(root)

    def opened(path: Path, flags: int, mode: int = 0o777) -> int:
        new = not Path(path).exists()
        descriptor = os.open(path, flags, mode)
        disk.open[descriptor] = Path(path)
        if new:
            disk.note("create", path, "file")
        elif flags & os.O_TRUNC:
            disk.note("cut", path, 0)
        return descriptor

    def wrote(descriptor: int, data: memoryview) -> int:
        done = os.write(descriptor, data)
        disk.note("write", disk.open[descriptor], bytes(data[:done]))
        return done

    def cut(descriptor: int, length: int) -> None:
        os.ftruncate(descriptor, length)
        disk.note("cut", disk.open[descriptor], length)

    def renamed(old: Path, new: Path) -> None:
        os.replace(old, new)
        assert Path(old).parent == Path(new).parent
        disk.note("rename", old, Path(new))

    def made(path: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        if not path.is_dir():
            disk.note("create", path, "folder")
        mkdir(path, mode, parents, exist_ok)

    def removed(path: Path, ignore_errors: bool = False) -> None:
        if path.is_dir():
            for one in sorted(path.iterdir()):
                disk.note("remove", one)
            disk.note("remove", path)
        shutil.rmtree(path, ignore_errors)

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok)
        disk.note("remove", path)

    mkdir, unlink = Path.mkdir, Path.unlink
    system = SimpleNamespace(
        **{name: getattr(os, name) for name in dir(os) if name.startswith("O_")},
        name="posix",
        open=opened,
        write=wrote,
        ftruncate=cut,
        fsync=lambda descriptor: disk.note("sync", disk.open[descriptor]),
        replace=renamed,
        close=os.close,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(durable, "os", system)
        patch.setattr(checkpoints, "shutil", SimpleNamespace(rmtree=removed))
        patch.setattr(Path, "mkdir", made)
        patch.setattr(Path, "unlink", unlinked)
        yield disk
