"""Run folders: all that one training was made of and left behind, in files that people can read.

spec.yaml            the spec as it was written
resolved.yaml        the spec that was trained, with every override and nothing left to work out
model.py             the source of the model, in the style that was trained
run.json             name, command, style, loop, seed, data and environment
metrics.jsonl        a line every so many steps, and a line an epoch
checkpoints/         the states from which training can go on
weights.safetensors  the weights in the end
result.json          the loss and the metrics on the test examples
report.html          all of it to look at
"""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, final

from filelock import FileLock, Timeout
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter
from pydantic_core import from_json

from ..compiler.driver import analyse
from ..compiler.tuning import UNTUNED, Tuning
from ..specs.base import Item
from ..specs.data import FORMS, resolve
from ..specs.diagnostics import Diagnostic, Note, SpecError
from ..specs.load import Spec, load
from ..specs.resolve import resolved
from ..specs.write import write_spec
from .checkpoints import Checkpoints
from .durable import TEMPORARY, replace_file, write_folder

if TYPE_CHECKING:  # runs are listed and compared without TensorFlow
    from .build import Built
    from .data import DataSet
    from .state import State

FORMAT: Final = 1
RUNS: Final = Path("runs")
ABOUT: Final = "run.json"
SPEC: Final = "spec.yaml"
RESOLVED: Final = "resolved.yaml"
SOURCE: Final = "model.py"
METRICS: Final = "metrics.jsonl"
CHECKPOINTS: Final = "checkpoints"
WEIGHTS: Final = "weights.safetensors"
RESULT: Final = "result.json"
REPORT: Final = "report.html"
LOCK: Final = ".lock"
SEEDS: Final = 2**32
PLACES: Final = ("epoch", "step", "steps")
"""What tells where in the training a line of metrics stands."""


def _sound(scaling: Any) -> Any:
    """Return what was recorded of scaling, where it is none, one, or one for each input."""
    if scaling is not None and not _one(scaling):
        each = scaling.values() if isinstance(scaling, Mapping) and scaling else (scaling,)
        if not all(one is None or _one(one) for one in each):
            raise ValueError("expected an offset and a scale")
    return scaling


def _one(scaling: Any) -> bool:
    return (
        isinstance(scaling, Mapping)
        and set(scaling) == {"offset", "scale"}
        and all(_numbers(value) for value in scaling.values())
    )


def _numbers(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(_numbers(one) for one in value)
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


@final
@dataclass(frozen=True)
class Info:
    """What a run was made of: the content of ``run.json``.

    ``fingerprint`` is the SHA-256 of the data, ``scaling`` what the graph does to each input first
    (``(float32(x) - offset) / scale``), ``classes`` what `$classes` stood for,
    ``columns`` what a row of a table was, ``tuning`` how TensorFlow computed, ``initial`` where the first weights
    came from, if not from the seed. ``every_seconds``, ``every_steps`` and ``log_every`` say how
    often a state and a line of metrics were asked for, so that a run goes on in the same way.
    """

    name: str
    style: Annotated[str, Field(pattern="^(sequential|functional|subclassed)$")]
    loop: Annotated[str, Field(pattern="^(fit|tape)$")]
    seed: Annotated[int, Field(ge=0, lt=SEEDS)]
    classes: Annotated[int, Field(ge=1)] | None
    data: str
    fingerprint: str
    created: str
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    scaling: Annotated[Any, AfterValidator(_sound)] = None
    tuning: Tuning = UNTUNED
    initial: str | None = None
    every_seconds: Annotated[float, Field(gt=0)] | None = 30.0
    every_steps: Annotated[int, Field(ge=1)] | None = None
    log_every: Annotated[int, Field(ge=1)] = 100
    format: int = FORMAT


@final
@dataclass(frozen=True)
class Result:
    """What became of a run: the content of ``result.json``."""

    test: dict[str, float]
    epochs: Annotated[int, Field(ge=0)]
    seconds: list[Annotated[float, Field(ge=0, allow_inf_nan=False)]]
    ended: str


STRICT: Final = ConfigDict(strict=True)
INFO: Final = TypeAdapter(Info)
RESULTS: Final = TypeAdapter(Result)
LINE: Final = TypeAdapter(dict[str, float | None], config=STRICT)


@final
@dataclass(frozen=True)
class Run:
    """A run, and what its folder tells of it."""

    folder: Path
    info: Info

    def spec(self) -> Spec:
        """Return the spec that was trained.

        Raises:
            SpecError: where somebody has changed it into one that is not valid.
        """
        return load(self.folder / RESOLVED, classes=self.info.classes)

    def built(self, style: str | None = None) -> Built:
        """Build the model with the weights of the end, by default in the style that was trained.

        Raises:
            SpecError: HB901 where there are no weights, HB905 where they are of another model.
        """
        from .archive import read_weights, restore
        from .build import build_typed

        spec = self.spec()
        built = build_typed(analyse(spec), style or self.info.style, seed=self.info.seed)
        if not all((self.folder / name).is_file() for name in (WEIGHTS, RESULT)):
            help = f"`hornbook resume {self.folder}` goes on with it"
            raise SpecError([Diagnostic("HB901", f"`{self.folder}` has not ended yet", help=help)])
        match = restore(built, read_weights(self.folder / WEIGHTS))
        if not match.whole:
            message = f"the weights of `{self.folder}` are not those of its spec"
            wrong = (*match.missing, *match.unexpected, *match.misfit)
            notes = tuple(Note(f"`{key}` does not fit") for key in wrong[:5])
            raise SpecError([Diagnostic("HB905", message, None, notes)])
        return built

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of metrics; one that is not whole, the last of a run that was killed, is left out.

        Raises:
            SpecError: HB906 where one that is whole is not what was written.
        """
        path = self.folder / METRICS
        texts = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
        return [_line(path, number, text) for number, text in enumerate(texts, 1)]

    def history(self) -> dict[str, list[float]]:
        """Return the metrics of the epochs, by name; NaN where an epoch has none of that name."""
        epochs = [line for line in self.lines() if "steps" in line]
        names = dict.fromkeys(name for line in epochs for name in line if name not in PLACES)
        missing = float("nan")
        return {
            name: [missing if line.get(name) is None else line[name] for line in epochs]
            for name in names
        }

    def result(self) -> dict[str, Any] | None:
        """Return the result on the test examples; None where there is none that can be read."""
        try:
            found = RESULTS.validate_json((self.folder / RESULT).read_bytes(), strict=True)
        except (OSError, ValueError):
            return None
        return asdict(found)

    @property
    def checkpoints(self) -> Checkpoints:
        """The checkpoints of the run."""
        return Checkpoints(self.folder / CHECKPOINTS)

    def state(self, spec: str) -> tuple[State | None, tuple[str, ...]]:
        """Return the newest valid state of a spec, and what is wrong with newer ones.

        There is none where the run was stopped before the first was written.

        Raises:
            SpecError: HB902 where none is valid, HB905 where it is of another spec, HB906 where lines are missing.
        """
        from .state import State

        self.checkpoints.clean()
        found = self.checkpoints.newest()
        if found is None and self.info.initial is not None:
            message = (
                f"`{self.folder}` was stopped before its first checkpoint, "
                f"with weights from `{self.info.initial}`"
            )
            raise SpecError([Diagnostic("HB902", message, help="start it anew")])
        if found is None:
            return None, ()
        try:
            state = State.of(found.files)
        except ValueError as error:
            message = (
                f"the checkpoint at step {found.step} of `{self.folder}` cannot be read: {error}"
            )
            raise SpecError([Diagnostic("HB902", message)]) from None
        if state.about.spec != spec:
            raise SpecError([_other_spec(self.folder, state.about.spec, spec)])
        lines = self.folder / METRICS
        length = lines.stat().st_size if lines.is_file() else 0
        if length < state.about.lines:
            message = (
                f"`{lines}` has {length:,} bytes, "
                f"but had {state.about.lines:,} when the checkpoint at step {found.step} was written"
            )
            raise SpecError([Diagnostic("HB906", message, help="bring back the file as it was")])
        return state, found.broken

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from training this run.

        Raises:
            SpecError: HB907 where one does.
        """
        lock = FileLock(self.folder / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            message = f"`{self.folder}` is being trained by another process"
            raise SpecError([Diagnostic("HB907", message)]) from None
        try:
            yield
        finally:
            lock.release()

    def busy(self) -> bool:
        """Tell whether a process trains this run."""
        try:
            with self.held():
                return False
        except SpecError:
            return True
        except OSError:  # where nothing can be written, nothing is trained
            return False

    def reopen(self, resolved: bytes) -> None:
        """Take the run up again that had ended, to train it for longer."""
        (self.folder / RESULT).unlink(missing_ok=True)
        replace_file(self.folder / RESOLVED, resolved)

    def finish(self, built_weights: bytes, result: Mapping[str, Any]) -> None:
        """Write the weights and the result of the end."""
        replace_file(self.folder / WEIGHTS, built_weights)
        replace_file(self.folder / RESULT, _json(result))


def _line(path: Path, number: int, text: bytes) -> dict[str, Any]:
    try:
        found = LINE.validate_json(text)
        places = {name: found.pop(name) for name in PLACES if name in found}
        wrong = len(places) != 2 or not all(one and one.is_integer() for one in places.values())
    except ValueError:
        wrong = True
    if wrong:
        message = f"line {number} of `{path}` is damaged"
        raise SpecError([Diagnostic("HB906", message, help="bring back the file as it was")])
    return {**{name: int(one or 0) for name, one in places.items()}, **found}


def _other_spec(folder: Path, old: str, new: str) -> Diagnostic:
    changed = [
        line
        for line in difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    return Diagnostic(
        "HB905",
        f"the checkpoint of `{folder}` is of another spec",
        None,
        tuple(Note(line) for line in changed[:12]),
        f"bring `{RESOLVED}` back to what it was, or train it as a run of its own",
    )


def identity(spec: Spec) -> str:
    """Return the text by which a state is told from one of another spec.

    It is all but the number of epochs, and the place of files: what is in them has a fingerprint.
    """
    data = resolved(spec)
    train = {key: value for key, value in data.get("train", {}).items() if key != "epochs"}
    if isinstance(train.get("data"), Mapping):
        train["data"] = {key: key in FORMS or value for key, value in train["data"].items()}
    return write_spec({**data, "train": train})


def self_contained(spec: Spec) -> str:
    """Return the text of a spec that can be read from any folder: its paths are absolute."""
    data = resolved(spec)
    train = spec.model.train
    if train is None or train.data is None:
        return write_spec(data)
    path = Path(spec.document.path)
    given = spec.document.data["train"].get("data")
    home = Path.cwd() if isinstance(given, Item) or not path.is_file() else path.parent
    placed = resolve(train.data, home.resolve())
    shown = placed if isinstance(placed, str) else placed.model_dump(exclude_defaults=True)
    return write_spec({**data, "train": {**data["train"], "data": shown}})


def new_folder(name: str, root: Path = RUNS) -> Path:
    """Make a folder for a run, named by the model and the time; no folder that exists is touched."""
    base = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    root.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = root / (base if number == 1 else f"{base}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{root / base} and all its numbers")


def named_folder(folder: Path) -> Path:
    """Make a folder of a given name for a run.

    Raises:
        SpecError: HB703 where it exists and holds anything.
    """
    free_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def free_folder(folder: Path) -> None:
    """See that a folder can become that of a run: it is not there, or it is empty.

    Raises:
        SpecError: HB703 where it exists and holds anything.
    """
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        help = f"choose another name, or go on with it: `hornbook resume {folder}`"
        raise SpecError([Diagnostic("HB703", f"`{folder}` exists already", help=help)])


def begin(folder: Path, spec: Spec, info: Info, source: str) -> Run:
    """Write what is known before the training begins into an empty folder: all of it, or nothing.

    Raises:
        OSError: where it cannot be written, or the folder is not empty any more.
    """
    files = {
        SPEC: written(spec).encode(),
        RESOLVED: self_contained(spec).encode(),
        SOURCE: source.encode(),
        ABOUT: _json(asdict(info)),
    }
    if folder.resolve() == Path.cwd():  # a working directory cannot be exchanged
        for name, data in files.items():
            replace_file(folder / name, data)
    else:
        folder.rmdir()  # it kept the name free; Windows does not rename onto a folder
        write_folder(folder, files)
    return Run(folder, info)


def info_of(
    spec: Spec,
    data: DataSet,
    *,
    style: str,
    loop: str,
    seed: int,
    environment: Mapping[str, str],
    tuning: Tuning,
    initial: str | None = None,
    every: tuple[float | None, int | None] = (30.0, None),
    log_every: int = 100,
) -> Info:
    """Return what is to be known of a run."""
    return Info(
        name=spec.name,
        style=style,
        loop=loop,
        seed=seed,
        classes=spec.classes,
        data=data.name,
        fingerprint=data.fingerprint,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        command=["hornbook", *sys.argv[1:]],
        environment=dict(environment),
        class_names=data.class_names,
        columns=data.columns,
        scaling=_scaling(data.scaling),
        tuning=tuning,
        initial=initial,
        every_seconds=every[0],
        every_steps=every[1],
        log_every=log_every,
    )


def open_run(folder: Path) -> Run:
    """Open a run.

    Raises:
        SpecError: HB901 where the folder is none.
    """
    try:
        text = (folder / ABOUT).read_bytes()
        found = from_json(text)
        if found["format"] != FORMAT:
            message = f"`{folder}` is a run of format {found['format']!r}, expected {FORMAT}"
            raise SpecError([Diagnostic("HB901", message)])
        return Run(folder, INFO.validate_json(text, strict=True))
    except OSError:
        message = f"`{folder}` is no run: it has no `{ABOUT}`"
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"`{folder / ABOUT}` is damaged"
    raise SpecError(
        [Diagnostic("HB901", message, help="`hornbook runs` lists the runs in a folder")]
    )


def runs_in(root: Path) -> list[Run]:
    """Return the runs in a folder, the oldest first; what is none is left out."""
    paths = root.iterdir() if root.is_dir() else ()
    found = [_run_or_none(path) for path in paths if not path.name.startswith(TEMPORARY)]
    runs = [run for run in found if run is not None]
    return sorted(runs, key=lambda run: (run.info.created, run.folder.name))


def _run_or_none(folder: Path) -> Run | None:
    try:
        return open_run(folder)
    except SpecError:
        return None


def written(spec: Spec) -> str:
    """Return the spec as it was written, which :mod:`linecache` holds."""
    import linecache

    return "".join(linecache.getlines(spec.document.path))


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Say what has changed in the environment of a run: bits may differ where versions do."""
    return [
        f"{name}: {old.get(name, 'unknown')} then, {value} now"
        for name, value in new.items()
        if old.get(name) != value
    ]


def _scaling(scaling: Any) -> Any:
    if isinstance(scaling, Mapping):
        return {name: _scaling(one) for name, one in scaling.items()}
    if scaling is None:
        return None
    import numpy as np

    return {
        "offset": np.asarray(scaling.offset).tolist(),
        "scale": np.asarray(scaling.scale).tolist(),
    }


def hornbook_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("hornbook")
    except PackageNotFoundError:
        return "(not installed)"


def _json(data: Any) -> bytes:
    return json.dumps(data, indent=1, ensure_ascii=False).encode() + b"\n"
