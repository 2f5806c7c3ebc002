"""Files that a spec names, looked at before they are opened, and the sentences about them."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

from ...compiler.importing.reader import locked
from ...specs.diagnostics import Diagnostic, Note, Span, SpecError

MAX_BYTES = 16 * 2**30
"""More than this is neither read nor unpacked: memory would end before the mistake is told."""

MAX_REASON = 200


def failure(
    code: str,
    message: str,
    span: Span | None,
    help: str | None = None,
    notes: tuple[Note, ...] = (),
) -> SpecError:
    """Make the error of one diagnostic."""
    return SpecError([Diagnostic(code, message, span, notes, help)])


def reason(error: BaseException) -> str:
    """Return what an error says, in one short line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, MemoryError):
        return "it does not fit into memory"
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip()[:MAX_REASON] if lines else type(error).__name__


def regular_file(path: str, span: Span | None) -> None:
    """Hold a path against what can be read to its end; a device or a pipe may have none.

    Raises:
        SpecError: HB601.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        help = "a path in a spec starts at the spec's folder"
        raise failure("HB601", f"`{path}` does not exist", span, help) from None
    except (OSError, ValueError) as error:  # ValueError: a null character
        raise failure("HB601", f"`{path}` cannot be read: {reason(error)}", span) from None
    if stat.S_ISDIR(found.st_mode):
        raise failure("HB601", f"`{path}` is a folder, not a file", span)
    if not stat.S_ISREG(found.st_mode):
        raise failure("HB601", f"`{path}` is a device or a pipe, not a file", span)
    if found.st_size > MAX_BYTES:
        message = f"`{path}` has {found.st_size:,} bytes; at most {MAX_BYTES:,} are read"
        raise failure("HB601", message, span)


def unlocked(member: zipfile.ZipInfo, where: str, span: Span | None = None) -> None:
    """Hold a member of an archive against what can be opened: one with a password cannot.

    Raises:
        SpecError: HB601.
    """
    if locked(member):
        help = "unpack it, and save the arrays with `numpy.savez`"
        raise failure("HB601", f"{where} has a password", span, help)


def folders(root: Path, span: Span | None) -> list[Path]:
    """Return the folders in a folder by name, without the hidden ones.

    Raises:
        SpecError: HB601 where it cannot be listed.
    """
    return [path for path in entries(root, span) if path.is_dir()]


def entries(root: Path, span: Span | None) -> list[Path]:
    """Return what lies in a folder by name, without what is hidden.

    Raises:
        SpecError: HB601 where it cannot be listed.
    """
    try:
        found = sorted(root.iterdir())
    except NotADirectoryError:
        raise failure("HB601", f"`{root}` is a file, not a folder", span) from None
    except FileNotFoundError:
        help = "a path in a spec starts at the spec's folder"
        raise failure("HB601", f"the folder `{root}` does not exist", span, help) from None
    except (OSError, ValueError) as error:
        message = f"the folder `{root}` cannot be read: {reason(error)}"
        raise failure("HB601", message, span) from None
    return [path for path in found if not path.name.startswith(".")]
