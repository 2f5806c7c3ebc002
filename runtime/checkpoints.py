"""Checkpoints of a run: folders that are whole or not there, the newest that is valid first.

A checkpoint is named by the number of steps that were done. Its manifest is written last and holds
the size and the SHA-256 of every other file, so that a file that was cut short or changed is noticed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from ..specs.diagnostics import Diagnostic, Note, SpecError
from . import durable

FORMAT: Final = 1
KEPT: Final = 2
"""Checkpoints that are kept: one may be broken by what durable writing cannot prevent."""
MANIFEST: Final = "manifest.json"


@final
@dataclass(frozen=True)
class Found:
    """A checkpoint that is valid, with its files, and what is wrong with newer ones."""

    step: int
    files: dict[str, bytes]
    broken: tuple[str, ...] = ()


@final
class BrokenCheckpoint(Exception):  # noqa: N818
    """A checkpoint whose files are not what its manifest says."""


@final
@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints in a folder."""

    folder: Path

    def write(self, step: int, files: Mapping[str, bytes]) -> Path:
        """Write a checkpoint, and remove those that are no longer needed.

        Raises:
            OSError: where it cannot be written; those written before are untouched, and nothing is left of it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        durable.sync_folder(self.folder.parent)  # its own name, and that of the lines beside it
        target = self.folder / _name(step)
        try:
            if target.exists():  # a state of the same step, written by a run that was killed later
                self._remove(target)
            durable.write_folder(target, {**files, MANIFEST: _manifest(files)})
        except OSError:
            shutil.rmtree(target.with_name(durable.TEMPORARY + target.name), ignore_errors=True)
            raise
        # Later steps are those of a state that was passed over: broken, and never gone on with.
        needed = [path for path in self._paths() if int(path.name) <= step][:KEPT]
        for old in self._paths():
            if old not in needed:
                with suppress(OSError):  # what cannot be removed does no harm
                    self._remove(old)
        return target

    def newest(self) -> Found | None:
        """Return the newest valid checkpoint; None where there are none at all.

        Raises:
            SpecError: HB902 where there are some, and none is valid.
        """
        broken: list[str] = []
        for path in self._paths():
            found = _read_or_say(path)
            if not isinstance(found, str):
                return Found(int(path.name), found, tuple(broken))
            broken.append(f"`{path}`: {found}")
        if broken:
            message = f"no checkpoint in `{self.folder}` is valid"
            help = f"start anew: `hornbook train {self.folder.parent / 'resolved.yaml'}`"
            notes = tuple(Note(one) for one in broken)
            raise SpecError([Diagnostic("HB902", message, None, notes, help)])
        return None

    def clean(self) -> None:
        """Remove what a killed process left half written."""
        if not self.folder.is_dir():
            return
        for path in self.folder.glob(f"{durable.TEMPORARY}*"):
            shutil.rmtree(path, ignore_errors=True)

    def _paths(self) -> list[Path]:
        """Return the checkpoints, whole or not, the newest first."""
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if path.name.isdecimal() and path.is_dir()]
        return sorted(found, key=lambda path: int(path.name), reverse=True)

    def _remove(self, path: Path) -> None:
        """Remove a checkpoint; one that is half removed no longer has its own name."""
        away = path.with_name(f"{durable.TEMPORARY}old-{path.name}")
        shutil.rmtree(away, ignore_errors=True)
        durable.rename(path, away)
        shutil.rmtree(away, ignore_errors=True)


def _read_or_say(path: Path) -> dict[str, bytes] | str:
    """Return the files of a checkpoint, or what is wrong with it."""
    try:
        return read(path)
    except BrokenCheckpoint as error:
        return str(error)


def read(path: Path) -> dict[str, bytes]:
    """Read the files of a checkpoint, each held against the manifest.

    Raises:
        BrokenCheckpoint: where one is missing or is not what it was.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        if manifest["format"] != FORMAT:
            raise BrokenCheckpoint(f"its format is {manifest['format']!r}, expected {FORMAT}")
        expected = {
            str(name): (int(size), str(sha)) for name, (size, sha) in manifest["files"].items()
        }
    except OSError:
        raise BrokenCheckpoint("it has no manifest that can be read") from None
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise BrokenCheckpoint("its manifest is damaged") from None
    return {name: _checked(path, name, *about) for name, about in expected.items()}


def _checked(path: Path, name: str, size: int, sha: str) -> bytes:
    if name != Path(name).name:
        raise BrokenCheckpoint("its manifest names a file that is elsewhere")
    try:
        data = (path / name).read_bytes()
    except (OSError, ValueError):  # no file can have a name with a zero in it
        raise BrokenCheckpoint(f"`{name}` cannot be read") from None
    if len(data) != size:
        raise BrokenCheckpoint(f"`{name}` has {len(data):,} bytes, expected {size:,}")
    if hashlib.sha256(data).hexdigest() != sha:
        raise BrokenCheckpoint(f"`{name}` was changed: its checksum differs")
    return data


def _name(step: int) -> str:
    return f"{step:09d}"


def _manifest(files: Mapping[str, bytes]) -> bytes:
    about = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    return json.dumps({"format": FORMAT, "files": about}, indent=1).encode()


def complaint(error: OSError, folder: Path, needed: int) -> Diagnostic:
    """Say, as a warning, that a checkpoint could not be written, and how much room one needs."""
    needs = (
        f"a checkpoint needs {_megabytes(needed)}, and a new one is written before an old one goes"
    )
    last = next(iter(Checkpoints(folder)._paths()), None)
    kept = f"the last good one, `{last}`, is untouched" if last else "there is none yet"
    message = f"a checkpoint could not be written to `{folder}`: {_reason(error)}; {kept}"
    notes = (Note(needs), *_room(folder), Note("training goes on"))
    return Diagnostic("HB903", message, None, notes, severity="warning")


def unfinished(error: OSError, folder: Path, needed: int = 0) -> Diagnostic:
    """Say that what a run ended with could not be written."""
    message = f"the end of `{folder}` could not be written: {_reason(error)}"
    needs = (Note(f"its weights need {_megabytes(needed)}"),) if needed else ()
    help = f"see to it, then go on with `hornbook resume {folder}`"
    return Diagnostic("HB903", message, None, (*needs, *_room(folder)), help)


def _reason(error: OSError) -> str:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "the disk is full" if full else (error.strerror or "unknown reason").lower()


def _room(folder: Path) -> tuple[Note, ...]:
    try:
        return (Note(f"{_megabytes(shutil.disk_usage(folder).free)} are free"),)
    except OSError:
        return ()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
