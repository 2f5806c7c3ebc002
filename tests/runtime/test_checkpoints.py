"""A state that was written once can always be read: whatever fails, whatever is lost, whatever is damaged."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disk import Disk, noted
from hornbook.runtime import checkpoints, durable
from hornbook.runtime.checkpoints import MANIFEST, Checkpoints
from hornbook.specs.diagnostics import SpecError

Files = dict[str, bytes]
PRIMITIVES = ("write", "sync", "rename")
MANY = 1000
"""More calls than any of these cases makes."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no disk: here, what is synced is a matter of what is called."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def content(step: int) -> Files:
    """Return files that no other step has."""
    return {
        "weights.safetensors": Random(step).randbytes(200),
        "state.safetensors": Random(-step).randbytes(300 + step),
        "state.json": json.dumps({"step": step}).encode(),
    }


def written(folder: Path, *steps: int) -> Checkpoints:
    found = Checkpoints(folder / "checkpoints")
    for step in steps:
        found.write(step, content(step))
    return found


def without_manifest(files: Files) -> Files:
    return {name: data for name, data in files.items() if name != MANIFEST}


def names(found: Checkpoints) -> list[str]:
    return sorted(path.name for path in found.folder.iterdir())


# ---------------------------------------------------------------------------- calls that fail


class Crash(BaseException):
    """The end of a process: nobody catches it."""


@contextmanager
def failing(number: int, error: BaseException, *, lasting: bool, half: bool) -> Iterator[list[str]]:
    """Let the call of a number fail, and perhaps all after it; what is given says which were made."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in PRIMITIVES:
            patch.setattr(durable, name, _failing(name, number, error, lasting, half, made))
        yield made


def _failing(
    name: str, number: int, error: BaseException, lasting: bool, half: bool, made: list[str]
) -> object:
    real = getattr(durable, name)

    def call(*arguments: object) -> object:
        made.append(name)
        if len(made) == number or (lasting and len(made) > number):
            if half and name == "write" and len(made) == number:
                descriptor, data = arguments
                assert isinstance(data, memoryview)
                real(descriptor, data[: len(data) // 2])
            if half and name == "rename" and isinstance(error, Crash):  # it comes just after
                real(*arguments)
            raise error
        return real(*arguments)

    return call


ERRORS = {
    "full": OSError(errno.ENOSPC, "No space left on device"),
    "broken": OSError(errno.EIO, "Input/output error"),
    "crash": Crash(),
}


@pytest.mark.parametrize("half", [False, True], ids=["whole", "half"])
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from-then-on"])
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("before", [(), (5,), (5, 10)], ids=len)
def test_the_last_good_state_loads_whichever_call_fails(
    tmp_path: Path, before: tuple[int, ...], error: BaseException, lasting: bool, half: bool
) -> None:
    for number in range(1, MANY):
        found = written(tmp_path / str(number), *before)
        with failing(number, error, lasting=lasting, half=half) as made, suppress(OSError, Crash):
            found.write(15, content(15))
        newest = found.newest()
        good = [*before, 15]
        if newest is None:
            assert not before
        else:
            assert newest.step in good[-2:]
            assert without_manifest(newest.files) == content(newest.step)
            assert newest.broken == ()
        # The next one is written as if nothing had been, and nothing is left of what failed.
        found.clean()
        found.write(20, content(20))
        assert names(found)[-1] == f"{20:09d}"
        assert names(found)[:-1] == ([f"{newest.step:09d}"] if newest else [])
        assert written(tmp_path / str(number)).newest().step == 20  # type: ignore[union-attr]
        if len(made) < number:
            break
    assert 10 < number < 30
    assert newest is not None
    assert newest.step == 15


@pytest.mark.parametrize("number", range(1, 14))
def test_what_cannot_be_written_leaves_nothing_at_once(tmp_path: Path, number: int) -> None:
    found = written(tmp_path, 5, 10)
    kept = names(found)
    with (
        failing(number, ERRORS["full"], lasting=False, half=True) as made,
        suppress(OSError),
    ):
        found.write(15, content(15))
    assert len(made) >= number
    assert names(found) in (kept, [*kept, f"{15:09d}"], [kept[-1], f"{15:09d}"])


def test_two_are_kept(tmp_path: Path) -> None:
    found = written(tmp_path, *range(5, 100, 5))
    assert names(found) == [f"{90:09d}", f"{95:09d}"]


def test_a_state_is_written_over_one_of_the_same_step(tmp_path: Path) -> None:
    found = written(tmp_path, 5, 10)
    (found.folder / f"{10:09d}" / MANIFEST).write_bytes(b"")
    found.write(10, content(10))
    newest = found.newest()
    assert newest is not None
    assert (newest.step, newest.broken) == (10, ())
    assert names(found) == [f"{5:09d}", f"{10:09d}"]


def test_a_broken_state_does_not_count_among_the_two(tmp_path: Path) -> None:
    """The run has gone on from 50, so what broke at 100 must not push out what was written since."""
    found = written(tmp_path, 50, 100)
    (found.folder / f"{100:09d}" / MANIFEST).unlink()
    for step in (55, 60):
        found.write(step, content(step))
    assert names(found) == [f"{55:09d}", f"{60:09d}"]


def test_what_a_killed_process_left_is_cleaned(tmp_path: Path) -> None:
    found = written(tmp_path, 5)
    for name in ("000000010", "old-000000005"):
        (found.folder / f"{durable.TEMPORARY}{name}").mkdir()
        (found.folder / f"{durable.TEMPORARY}{name}" / "weights.safetensors").write_bytes(b"w")
    assert found.newest().step == 5  # type: ignore[union-attr]
    found.clean()
    assert names(found) == [f"{5:09d}"]


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = durable.write
    monkeypatch.setattr(durable, "write", lambda descriptor, data: real(descriptor, data[:7]))
    found = written(tmp_path, 5)
    newest = found.newest()
    assert newest is not None
    assert without_manifest(newest.files) == content(5)


# ---------------------------------------------------------------------------- power that fails


DRAWS = 6
"""Ways in which power is lost after each operation, besides the one that leaves the least."""


def losses(disk: Disk, beginning: int, seed: int) -> Iterator[tuple[int, Path]]:
    """Yield what may be left after each operation from one on, with the number of operations done."""
    for done in range(beginning, len(disk.operations) + 1):
        for draw in range(DRAWS):
            choose = Random(f"{seed}/{done}/{draw}") if draw else None
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / "left"
                disk.left(done, choose, place)
                yield done, place


def trained(folder: Path, disk: Disk, steps: list[int]) -> list[tuple[int, int]]:
    """Write lines and states as a training does; return the operations after which each state was whole."""
    whole = []
    with durable.Lines.open(folder / "metrics.jsonl", 0) as lines:
        for step in steps:
            lines.add(f"line of {step}\n".encode())
            lines.sync()
            written(folder, step)
            whole.append((step, len(disk.operations)))
            lines.add(f"line after {step}\n".encode())
    return whole


def check_losses(folder: Path, seed: int) -> int:
    """Lose power after each operation of a training; return in how many ways that was done."""
    steps = [5, 10, 15, 20]
    with noted(folder) as disk:
        whole = trained(folder, disk, steps)
    text = "".join(f"line of {step}\nline after {step}\n" for step in steps).encode()
    counted = 0
    for done, place in losses(disk, 0, seed):
        counted += 1
        sure = max((step for step, after in whole if after <= done), default=0)
        newest = Checkpoints(place / "checkpoints").newest()
        step = newest.step if newest else 0
        assert step in (sure, sure + 5), f"after {done} operations"
        if newest is not None:
            assert newest.broken == ()
            assert without_manifest(newest.files) == content(step)
            lines = (place / "metrics.jsonl").read_bytes()
            counts = text.index(f"line after {step}\n".encode())
            assert lines[:counts] == text[:counts]
    return counted


def test_no_loss_of_power_takes_the_last_good_state(tmp_path: Path) -> None:
    assert check_losses(tmp_path, 0) > 500


def test_nor_where_one_is_written_anew_that_was_broken(tmp_path: Path) -> None:
    with noted(tmp_path) as disk:
        found = written(tmp_path, 5, 10)
        begun = len(disk.operations)
        found.write(10, content(10))  # as if the one that stands had been found broken
    for _, place in losses(disk, begun, 1):
        newest = Checkpoints(place / "checkpoints").newest()
        assert newest is not None
        assert newest.step in (5, 10)
        assert without_manifest(newest.files) == content(newest.step)


SYNCS = {
    "of files": lambda real, descriptor: real(descriptor) if _is_folder(descriptor) else None,
    "of folders": lambda real, descriptor: None if _is_folder(descriptor) else real(descriptor),
}


def _is_folder(descriptor: int) -> bool:
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


@pytest.mark.parametrize("without", SYNCS.values(), ids=SYNCS)
def test_the_disk_would_notice_a_sync_that_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: object
) -> None:
    real = durable.sync
    monkeypatch.setattr(durable, "sync", lambda descriptor: without(real, descriptor))  # type: ignore[operator]
    with pytest.raises((AssertionError, FileNotFoundError, SpecError)):
        check_losses(tmp_path, 0)


def test_the_disk_would_notice_a_folder_whose_own_name_is_not_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = durable.sync_folder
    monkeypatch.setattr(
        durable, "sync_folder", lambda folder: None if folder == tmp_path else real(folder)
    )
    with pytest.raises((AssertionError, FileNotFoundError, SpecError)):
        check_losses(tmp_path, 0)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path, old, new = tmp_path / "run.json", b"old" * 50, b"new" * 70
    with noted(tmp_path) as disk:
        durable.replace_file(path, old)
        begun = len(disk.operations)
        durable.replace_file(path, new)
    found = [(done, (place / path.name).read_bytes()) for done, place in losses(disk, begun, 2)]
    assert {data for _, data in found} == {old, new}
    assert {data for done, data in found if done == len(disk.operations)} == {new}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_a_file_that_cannot_be_replaced_is_what_it_was(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "run.json"
    durable.replace_file(path, b"old")
    for number in range(1, MANY):
        with failing(number, error, lasting=False, half=False) as made, suppress(OSError, Crash):
            durable.replace_file(path, b"new")
        if len(made) < number:
            break
        whole = b"new" if made[-1] == "sync" and "rename" in made else b"old"
        assert path.read_bytes() == whole
        if error is not ERRORS["crash"]:
            assert [one.name for one in tmp_path.iterdir()] == [path.name]
        durable.replace_file(path, b"old")
        assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert number == 5
    assert path.read_bytes() == b"new"


# ---------------------------------------------------------------------------- files that are damaged


def flipped(data: bytes, place: int, mask: int) -> bytes:
    place %= len(data)
    return data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


def overwritten(data: bytes, place: int, noise: bytes) -> bytes:
    place %= len(data)
    return data[:place] + noise + data[place + len(noise) :]


PLACES = st.integers(0, 10_000)
DAMAGES = st.one_of(
    st.tuples(PLACES, st.integers(1, 255)).map(lambda by: lambda data: flipped(data, *by)),
    st.tuples(PLACES, st.binary(min_size=1, max_size=40)).map(
        lambda by: lambda data: overwritten(data, *by)
    ),
    PLACES.map(lambda length: lambda data: data[: length % len(data)]),
    st.binary(min_size=1, max_size=9).map(lambda more: lambda data: data + more),
    st.just(lambda data: b"\0" * len(data)),
    st.just(lambda _: None),  # the file is gone
)
FILES = st.sampled_from([*content(0), MANIFEST])


def damage(path: Path, by: object) -> bool:
    """Damage a file; tell whether it is another one."""
    before = path.read_bytes()
    after = by(before)  # type: ignore[operator]
    if after is None:
        path.unlink()
    else:
        path.write_bytes(after)
    return bool(after != before)


@settings(max_examples=250)
@given(file=FILES, by=DAMAGES)
def test_damage_is_noticed_and_the_state_before_is_read(file: str, by: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = written(Path(folder), 5, 10)
        path = found.folder / f"{10:09d}"
        if not damage(path / file, by):
            return
        newest = found.newest()
        assert newest is not None
        assert without_manifest(newest.files) == content(newest.step)
        if newest.step == 5:
            assert len(newest.broken) == 1
            assert f"`{path}`" in newest.broken[0]
        else:  # a manifest may say the same in other words
            assert file == MANIFEST


@settings(max_examples=120)
@given(damages=st.tuples(st.tuples(FILES, DAMAGES), st.tuples(FILES, DAMAGES)))
def test_where_all_are_damaged_it_is_said_of_each(
    damages: tuple[tuple[str, object], tuple[str, object]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = written(Path(folder), 5, 10)
        for step, (file, by) in zip((5, 10), damages, strict=True):
            if not damage(found.folder / f"{step:09d}" / file, by):
                return
        try:
            newest = found.newest()
        except SpecError as error:
            (diagnostic,) = error.diagnostics
            assert diagnostic.code == "HB902"
            assert len(diagnostic.notes) == 2
        else:
            assert newest is not None
            assert without_manifest(newest.files) == content(newest.step)
            assert MANIFEST in {file for file, _ in damages}


MANIFESTS = {
    "a number beyond all": b'{"format": 1, "files": {"state.json": [1e999, "0"]}}',
    "a name with a zero": b'{"format": 1, "files": {"a\\u0000b": [1, "0"]}}',
    "half a character": b'{"format": 1, "files": {"\\ud800": [1, "0"]}}',
    "a file elsewhere": b'{"format": 1, "files": {"../000000005/state.json": [1, "0"]}}',
    "the folder itself": b'{"format": 1, "files": {"": [1, "0"]}}',
    "the folder above": b'{"format": 1, "files": {"..": [1, "0"]}}',
    "another format": b'{"format": 2, "files": {}}',
    "a list": b"[]",
    "files in a list": b'{"format": 1, "files": []}',
    "three things of a file": b'{"format": 1, "files": {"state.json": [1, 2, 3]}}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS)
def test_no_manifest_does_more_than_break_a_state(tmp_path: Path, manifest: bytes) -> None:
    found = written(tmp_path, 5, 10)
    (found.folder / f"{10:09d}" / MANIFEST).write_bytes(manifest)
    newest = found.newest()
    assert newest is not None
    assert (newest.step, len(newest.broken)) == (5, 1)


def test_only_names_of_steps_are_looked_at(tmp_path: Path) -> None:
    found = written(tmp_path, 5)
    for name in ("notes", "²", ".part-000000009", "5 (copy)"):
        (found.folder / name).mkdir()
    (found.folder / "000000099").write_text("a file")
    newest = found.newest()
    assert newest is not None
    assert (newest.step, newest.broken) == (5, ())


def test_no_folder_holds_no_state(tmp_path: Path) -> None:
    found = Checkpoints(tmp_path / "checkpoints")
    assert found.newest() is None
    found.clean()
    shutil.rmtree(tmp_path)
    assert checkpoints.Checkpoints(tmp_path).newest() is None
