"""A file to the config in it: only JSON is read, and of an archive only one member.

The file may come from anywhere. Nothing in it is executed or deserialised, no name in an archive
becomes a path, and every limit holds for the bytes that are really read, whatever a header says.
"""

from __future__ import annotations

import json
import lzma
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any, Final, NoReturn

from ...specs.diagnostics import Diagnostic, SpecError
from .values import said, shown

MAX_BYTES: Final = 64_000_000
MAX_DEPTH: Final = 200
MAX_DIGITS: Final = 40
MEMBER: Final = "config.json"
ZIP: Final = b"PK"
HDF5: Final = b"\x89HDF"
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
STEPS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
SAVE: Final = "load it with Keras and save it again as a `.keras` file"
BROKEN: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,  # what zipfile raises for a member with a password
    UnicodeError,
    ValueError,
)


def read_model(path: str | FilePath) -> Mapping[str, Any]:
    """Return the config in a ``.keras`` file or a ``config.json``.

    Raises:
        SpecError: HB801.
    """
    name = str(path)
    try:
        with open(path, "rb") as file:
            head = file.read(len(HDF5))
            if not head.startswith(ZIP):
                content = head + file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        help = SAVE if isinstance(error, IsADirectoryError) else None
        _refuse(name, reason.lower(), help)
    if head.startswith(HDF5):
        _refuse(name, "it is an HDF5 file, which Keras used to write", SAVE)
    return read_json(_member(name, path) if head.startswith(ZIP) else content, name)


def _member(name: str, path: str | FilePath) -> bytes:
    """Read the config out of an archive, and nothing else of it."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = archive.getinfo(MEMBER)
            if found.compress_type not in METHODS:
                _refuse(name, f"its `{MEMBER}` is packed in a way that Keras does not use")
            if locked(found):
                _refuse(name, f"its `{MEMBER}` has a password", SAVE)
            with archive.open(found) as file:
                return file.read(MAX_BYTES + 1)
    except KeyError:
        _refuse(name, f"the archive holds no `{MEMBER}`", SAVE)
    except BROKEN as error:
        _refuse(name, f"the archive is broken: {said(error)}")


def locked(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member of an archive has a password, by the flag for it (PKWARE's APPNOTE, 4.4.4)."""
    return bool(member.flag_bits & 0x1)


def read_json(content: bytes, name: str) -> Mapping[str, Any]:
    """Return the config that JSON text holds, under limits of size and depth.

    Raises:
        SpecError: HB801.
    """
    if len(content) > MAX_BYTES:
        _refuse(name, f"its config is larger than {MAX_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(name, f"byte {error.start + 1} is no UTF-8 text", SAVE)
    if _deep(text):
        _refuse(name, f"its config is nested deeper than {MAX_DEPTH} levels")
    try:
        data = json.loads(text, parse_int=_integer, object_pairs_hook=_object)
    except _TwiceError as twice:
        _refuse(name, f"the key `{shown(twice)}` stands twice in one object", SAVE)
    except (ValueError, RecursionError) as error:
        _refuse(name, f"it is not JSON: {said(error)}", SAVE)
    if not isinstance(data, dict) or "class_name" not in data:
        _refuse(name, "it holds no config of a model", "a config has `class_name` and `config`")
    return data


def _deep(text: str) -> bool:
    """Tell whether brackets are nested too deep, without nesting a call for any of them."""
    depth = 0
    for step in STEPS.finditer(text):
        first = step[0][0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif first in "]}":
            depth -= 1
    return False


class _TwiceError(Exception):
    """A key that an object holds twice, so that readers would differ in what it says."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(key for key, _ in pairs)
        raise _TwiceError(next(key for key in times if times[key] > 1))
    return found


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def _refuse(name: str, reason: str, help: str | None = None) -> NoReturn:
    message = f"cannot read `{shown(name)}` as a Keras model: {reason}"
    raise SpecError([Diagnostic("HB801", message, help=help)]) from None
