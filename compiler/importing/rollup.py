"""Repeated parts of a flat spec rolled up into blocks: the way back from :mod:`hornbook.specs.blocks`.

A part repeats where the same classes stand in the same wiring and, if they are named, with the same names
behind a prefix of their own. What differs from one to the next becomes a parameter. The best
saving is taken first, and blocks are rolled up again, so that stages of blocks become blocks too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from ...specs.blocks import INDEX
from ...specs.diagnostics import SpecError
from ...specs.expand import expand
from ...specs.names import Names, stem
from ...specs.registries import ENTRY
from ...specs.yaml import read_text

LONGEST: Final = 80
"""Items of one block."""

EFFORT: Final = 5_000_000
"""Items that are looked at, each as often as it is, before what is left is left written out."""

MOST_PARAMETERS: Final = 6
LEAST_SAVING: Final = 3
PARAMETERS: Final = {
    "repeat": "depth",
    INDEX: "position",
    "classes": "number",
    "trainable": "trains",
    "name": "label",
    "inputs": "takes",
}
"""Names of parameters for arguments whose own name has a meaning in a use of a block."""

WORDS: Final = {
    "Conv1D": "conv", "Conv2D": "conv", "Conv3D": "conv", "DepthwiseConv2D": "depthwise",
    "SeparableConv2D": "separable", "BatchNormalization": "bn", "LayerNormalization": "norm",
    "Activation": "act", "MaxPooling2D": "pool", "AveragePooling2D": "pool", "Concatenate": "concat",
    "MultiHeadAttention": "attention", "ZeroPadding2D": "pad",
}  # fmt: skip
"""Short words for classes, of which blocks without names get theirs."""


@dataclass(slots=True)
class _Entry:
    """An item, or the use of a block: what it takes are numbers of entries, or other operands."""

    word: str
    arguments: dict[str, Any]
    name: str | None
    inputs: tuple[Any, ...]
    number: int
    listed: bool = False
    barrier: bool = False

    @property
    def repeat(self) -> int | None:
        """How often a use of a block is repeated; None where a parameter says it."""
        given = self.arguments.get("repeat", 1)
        return given if isinstance(given, int) else None

    @property
    def auto(self) -> bool:
        """Whether the name says nothing that Keras would not say."""
        if self.name is None:
            return True
        return _automatic(self.word, self.name)


@dataclass(frozen=True, slots=True)
class _Of:
    """An operand that is made by an entry; ``index`` where it is one of several outputs."""

    number: int
    index: str = ""


_Split = tuple[int, str | None] | None


@dataclass(slots=True)
class _Part:
    """Items that follow each other, while more are looked at: what they take from elsewhere, in order.

    ``needed`` is where the last of what takes something of theirs, besides the last item, stands.
    """

    start: int
    shape: int = 0
    outside: dict[Any, int] = field(default_factory=dict)
    needed: int = 0

    def wires(self, entry: _Entry, place: Mapping[int, int]) -> tuple[tuple[str, Any, str], ...]:
        """Return where one more item takes its inputs from."""
        found: list[tuple[str, Any, str]] = []
        for one in entry.inputs:
            if isinstance(one, _Of) and place[one.number] >= self.start:
                found.append(("in", place[one.number] - self.start, one.index))
            elif isinstance(one, _Of | str):
                found.append(("out", self.outside.setdefault(one, len(self.outside)), ""))
            else:
                found.append(("is", repr(one), ""))
        return tuple(found)


@dataclass(slots=True)
class _Block:
    parameters: list[Any]
    entries: list[_Entry]
    inputs: tuple[str, ...]
    defaults: dict[str, Any] = field(default_factory=dict)


def roll_up(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return spec data with its repetitions in blocks; the data itself where there are none.

    What comes out is expanded again and held against what came in.
    """
    return rolled_up(data)[0]


def rolled_up(data: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return what :func:`roll_up` does, and whether all repetitions were looked for."""
    roller = _Roller(data)
    rolled = roller.roll()
    whole = roller.effort <= EFFORT
    if rolled is None or not same(data, rolled):
        return dict(data), whole
    return {key: _settled(value) for key, value in rolled.items()}, whole


def _settled(value: Any) -> Any:
    """Return data as a reader of YAML gives it, its lists as tuples."""
    if isinstance(value, Mapping):
        return {key: _settled(part) for key, part in value.items()}
    return tuple(map(_settled, value)) if isinstance(value, list | tuple) else value


def names_of(data: Mapping[str, Any]) -> list[str]:
    """Return the names of the items that a spec stands for, in order."""
    from ...specs.write import write_spec

    flat = expand(read_text(write_spec(data)), {}, {}).document.data
    entries, numbers = _entries(flat)
    names = {number: name for name, number in numbers.items()}
    # Of two items of one name only the last is known by it.
    return [names.get(entry.number, str(entry.name)) for entry in entries]


def same(flat: Mapping[str, Any], rolled: Mapping[str, Any]) -> bool:
    """Tell whether a spec with blocks stands for the same items, wired alike, as a flat one."""
    from ...specs.write import write_spec

    try:
        found = expand(read_text(write_spec(rolled)), {}, {})
    except SpecError:
        return False
    if found.problems:
        return False
    names = names_of(rolled)
    alike = _plain(flat) == _plain(found.document.data)
    return alike and len(set(names)) == len(names)


def _plain(data: Mapping[str, Any]) -> object:
    """Return the items without names: classes, arguments, and what each takes by position."""
    places: dict[str, str] = {name: f"input {name}" for name in data["inputs"]}
    entries, numbers = _entries(data)
    for name, number in numbers.items():
        places[name] = f"item {number}"
    items = []
    for entry in entries:
        inputs = tuple(
            f"item {one.number}{one.index}" if isinstance(one, _Of) else one for one in entry.inputs
        )
        items.append((entry.word, _frozen(_without_defaults(entry)), inputs))
    outputs = data.get("outputs")
    texts = (outputs,) if isinstance(outputs, str) else outputs or ()
    ends = tuple(_place(text, places) for text in texts) or (f"item {len(entries) - 1}",)
    return items, ends


def _without_defaults(entry: _Entry) -> dict[str, Any]:
    cls: Any = ENTRY.items[ENTRY.aliases.get(entry.word, entry.word)]
    return {
        key: _short(value)
        for key, value in entry.arguments.items()
        if key not in cls.model_fields
        or _frozen(_short(value)) != _frozen(_short(cls.model_fields[key].get_default()))
    }


def _place(text: str, places: Mapping[str, str]) -> str:
    base, dot, index = text.partition(".")
    return places.get(base, base) + dot + index


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple(sorted((key, _frozen(part)) for key, part in value.items()))
    if isinstance(value, list | tuple):
        return tuple(_frozen(part) for part in value)
    return (type(value).__name__, value) if isinstance(value, bool) else value


def _entries(data: Mapping[str, Any]) -> tuple[list[_Entry], dict[str, int]]:
    """Read the items of a flat spec, and the number of each by its name."""
    items = data["layers"]
    names = Names()
    calls = Names()
    chosen = {
        name
        for item in items
        if isinstance(item, Mapping)
        for arguments in item.values()
        if (name := (arguments or {}).get("name")) is not None
    }
    taken = {name.lower() for name in (*chosen, *data["inputs"])}
    numbers: dict[str, int] = {}
    read: list[tuple[str, dict[str, Any]]] = []
    for number, item in enumerate(items):
        ((word, given),) = ((item, {}),) if isinstance(item, str) else item.items()
        arguments = dict(given or {})
        read.append((word, arguments))
        name = arguments.get("name")
        if name is None and word == "call":
            name = calls.free(f"{arguments['layer']}_call", taken)
        elif name is None:
            name = names.free(stem(ENTRY.aliases.get(word, word)), taken)
        numbers[name] = number
    entries = []
    shared = {arguments["layer"] for word, arguments in read if word == "call"}
    own = {number: name for name, number in numbers.items()}
    for number, (word, arguments) in enumerate(read):
        name = arguments.pop("name", None)
        given = arguments.pop("inputs", None)
        listed = isinstance(given, list | tuple)
        if given is None:
            first = next(iter(data["inputs"]))
            inputs: tuple[Any, ...] = (_Of(number - 1) if number else first,)
        else:
            inputs = tuple(_operand(one, numbers) for one in (given if listed else (given,)))
        barrier = word == "call" or own.get(number) in shared or "call" in arguments
        entries.append(_Entry(word, arguments, name, inputs, number, listed, barrier))
    return entries, numbers


def _operand(one: Any, numbers: Mapping[str, int]) -> Any:
    if not isinstance(one, str):
        return one
    base, dot, index = one.partition(".")
    return _Of(numbers[base], dot + index) if base in numbers else one


class _Roller:
    """Finds repetitions and replaces them, the best one first."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.entries, self.numbers = _entries(data)
        self.stems = {re.sub(r"_\d+$", "", name) for name in self.numbers}
        self.blocks: dict[str, _Block] = {}
        self.next = len(self.entries)
        outputs = data.get("outputs")
        texts = (outputs,) if isinstance(outputs, str) else outputs or ()
        self.ends = [_operand(text, self.numbers) for text in texts] or [
            _Of(self.entries[-1].number)
        ]
        self.written_outputs = "outputs" in data
        self.keep_outputs()
        self.ids: dict[object, int] = {}
        self.effort = 0

    def keep_outputs(self) -> None:
        """Leave several outputs where they are if Keras has named them: losses go by these names."""
        if len(self.ends) > 1:
            ends = {one.number for one in self.ends if isinstance(one, _Of)}
            names = {number: name for name, number in self.numbers.items()}
            for entry in self.entries:
                if entry.number in ends and entry.auto:
                    entry.barrier = True
                    entry.name = names[entry.number]

    def roll(self) -> dict[str, Any] | None:
        while self.effort <= EFFORT and (best := self.best()) is not None:
            self.replace(*best)
            self.merge()
        if not self.blocks:
            return None
        return self.written()

    # Finding

    def code(self, thing: object) -> int:
        return self.ids.setdefault(thing, len(self.ids))

    def best(self) -> tuple[list[int], int, list[str | None]] | None:
        """Return the starts, the length and the names of the parts whose replacement saves most."""
        self.told = [None if entry.auto else entry.name for entry in self.entries]
        self.stemmed = [_stem(entry) if entry.auto else None for entry in self.entries]
        self.named = Counter(entry.name for entry in self.entries)
        self.parted: dict[int, list[_Split]] = {}
        return self.choose(self.buckets())

    def buckets(self) -> list[tuple[int, list[int]]]:
        """Return each length, and where the parts of that length begin that look alike."""
        entries = self.entries
        place = {entry.number: at for at, entry in enumerate(entries)}
        last: dict[int, int] = {}
        for at, entry in enumerate(entries):
            for one in entry.inputs:
                if isinstance(one, _Of):
                    last[one.number] = max(last.get(one.number, 0), at)
        for one in self.ends:
            if isinstance(one, _Of):
                last[one.number] = len(entries)
        words = [self.code((entry.word, _structure(entry), entry.listed)) for entry in entries]
        parts = [_Part(start) for start in range(len(entries))]
        found: list[tuple[int, list[int]]] = []
        for length in range(1, min(LONGEST, len(entries)) + 1):
            self.effort += len(parts)
            alike: dict[int, list[_Part]] = {}
            for part in parts:
                at = part.start + length - 1
                if at < len(entries) and not entries[at].barrier:
                    wires = part.wires(entries[at], place)
                    if len(part.outside) <= 2:
                        part.shape = self.code((part.shape, words[at], wires))
                        alike.setdefault(part.shape, []).append(part)
            # What has no like has none when it is longer.
            several = [group for group in alike.values() if len(group) > 1]
            for group in several if length > 1 else ():
                starts = [part.start for part in group if part.needed < part.start + length]
                if len(starts) > 1:
                    found.append((length, starts))
            parts = [part for group in several for part in group]
            for part in parts:
                number = entries[part.start + length - 1].number
                part.needed = max(part.needed, last.get(number, 0))
        return found

    def choose(
        self, buckets: Sequence[tuple[int, list[int]]]
    ) -> tuple[list[int], int, list[str | None]] | None:
        ranked = sorted(
            ((_saving(length, len(starts)), length, starts) for length, starts in buckets),
            key=lambda one: (-one[0], one[2][0], one[1]),
        )
        found: tuple[int, list[int], int, list[str | None]] | None = None
        for bound, length, starts in ranked:
            if bound < LEAST_SAVING or (found is not None and bound < found[0]):
                break
            least = LEAST_SAVING if found is None else found[0] + 1
            self.effort += len(starts)
            if self.effort > EFFORT:
                break
            if _saving(length, len(_apart(starts, length))) < least:
                continue
            for chosen, names in self.alike(starts, length):
                if _saving(length, len(chosen)) < least:
                    continue
                saving = self.saving(chosen, length)
                if saving >= least:
                    found = (saving, chosen, length, names)
                    least = saving + 1
        return None if found is None else found[1:]

    def saving(self, starts: Sequence[int], length: int) -> int:
        """Return the lines that a block saves, where uses that follow each other become one."""
        self.effort += length * len(starts)
        values, _ = self.parameters(starts, length, MOST_PARAMETERS)
        if len(values) > MOST_PARAMETERS:
            return 0
        given = [tuple(map(_frozen, one)) for one in zip(*values.values(), strict=True)]
        given = given or [()] * len(starts)
        runs = sum(
            1
            for turn, start in enumerate(starts)
            if not turn or start != starts[turn - 1] + length or given[turn] != given[turn - 1]
        )
        return length * len(starts) - length - runs - 2 - len(values)

    def alike(
        self, starts: Sequence[int], length: int
    ) -> Iterator[tuple[list[int], list[str | None]]]:
        """Sort the starts by the names behind their prefix; leave out what overlaps."""
        self.effort += len(starts)
        groups: dict[int, list[int]] = {}
        for start in starts:
            split = self.split(start, length)
            if split is not None:
                groups.setdefault(split[0], []).append(start)
        for group in groups.values():
            chosen = _apart(group, length)
            if len(chosen) > 1:
                splits = (self.split(start, length) for start in chosen)
                yield chosen, [None if split is None else split[1] for split in splits]

    def split(self, start: int, length: int) -> _Split:
        """Return a number for the names behind the prefix of a part, and the prefix.

        None where the names have no prefix, or where it is the name of something else.
        """
        if start not in self.parted:
            self.parted[start] = list(self.splits(start))
            self.effort += len(self.parted[start])
        known = self.parted[start]
        return known[length - 1] if length <= len(known) else None

    def splits(self, start: int) -> Iterator[_Split]:
        """Yield how the names of a part are split, for each length, until none can be any more."""
        names: list[str] = []
        common, whole, before, code = "", True, "", 0
        distinct, clash, blank, inside = False, False, 0, 0
        for at in range(start, min(start + LONGEST, len(self.entries))):
            name = self.told[at]
            if name is not None:
                shorter = _common((common, name)) if names else name
                names.append(name)
                distinct = distinct or name != names[0]
                fits = names if shorter != common else (name,)
                whole = (whole or shorter != common) and all(
                    one == shorter or one.startswith(f"{shorter}_") for one in fits
                )
                common = shorter
            if not names:
                code = self.code((code, None))
                yield code, None
                continue
            if not whole and "_" not in common:
                return
            prefix = _prefix(common, whole and distinct)
            if not prefix:
                before = ""
                yield None
                continue
            if prefix != before:
                code, clash, blank, inside = 0, False, 0, 0
            for one in range(start if prefix != before else at, at + 1):
                known = self.told[one]
                rest = None if known is None else known[len(prefix) + 1 :]
                code = self.code((code, rest))
                blank += rest == ""
                inside += self.entries[one].name == prefix
                clash = clash or f"{prefix}_{self.stemmed[one]}" in self.stems
            before = prefix
            clashes = clash or blank > 1 or self.named[prefix] > inside
            yield None if clashes else (code, prefix)

    # Parameters

    def parameters(
        self, starts: Sequence[int], length: int, most: int | None = None
    ) -> tuple[dict[str, tuple[Any, ...]], dict[tuple[int, str], str]]:
        """Return the parameters with their value in each part, and what each argument reads.

        Where there are more than ``most``, not all are returned.
        """
        found: dict[str, tuple[Any, ...]] = {}
        reads: dict[tuple[int, str], str] = {}
        for offset in range(length):
            given = [self.entries[start + offset].arguments for start in starts]
            keys = list(dict.fromkeys(key for one in given for key in one))
            for key in keys:
                values = tuple(
                    one[key] if key in one else self.default(self.entries[starts[0] + offset], key)
                    for one in given
                )
                if all(_frozen(value) == _frozen(values[0]) for value in values):
                    continue
                reads[offset, key] = self.read(key, values, found)
                if most is not None and len(found) > most:
                    return found, reads
        return found, reads

    def read(self, key: str, values: tuple[Any, ...], found: dict[str, tuple[Any, ...]]) -> str:
        """Return how an argument reads its value: a parameter, or a multiple of one."""
        for name, known in found.items():
            if _frozen(known) == _frozen(values):
                return f"${name}"
            if all(
                type(a) is int and type(b) is int and a for a, b in zip(known, values, strict=True)
            ):
                ratio = values[0] // known[0]
                if ratio > 1 and all(b == a * ratio for a, b in zip(known, values, strict=True)):
                    return f"${name} * {ratio}"
        name = PARAMETERS.get(key, key)
        count = 2
        base = name
        while name in found:
            name, count = f"{base}_{count}", count + 1
        found[name] = values
        return f"${name}"

    def default(self, entry: _Entry, key: str) -> Any:
        """Return what an argument is that is not given."""
        if entry.word in self.blocks:
            return 1 if key == "repeat" else self.blocks[entry.word].defaults[key]
        cls: Any = ENTRY.items[ENTRY.aliases.get(entry.word, entry.word)]
        return _short(cls.model_fields[key].get_default())

    # Replacing

    def replace(self, starts: list[int], length: int, names: list[str | None]) -> None:
        """Make a block of equal parts, and put its uses in their place."""
        values, reads = self.parameters(starts, length)
        word = self.block_name(self.entries[starts[0] : starts[0] + length], names)
        first = self.entries[starts[0] : starts[0] + length]
        outside = _outside(first)
        inputs = ("input",) if len(outside) == 1 else ("left", "right")[: len(outside)]
        label = dict(zip(outside, inputs, strict=True))
        cut = len(names[0] or "") + 1
        body = []
        for offset, entry in enumerate(first):
            arguments = dict(entry.arguments)
            given = (key for at, key in reads if at == offset)
            for key in given:
                arguments[key] = reads[offset, key]
            taken = tuple(label.get(one, one) if isinstance(one, _Of | str) else one
                          for one in entry.inputs)  # fmt: skip
            local = None if entry.auto or entry.name is None else entry.name[cut:]
            body.append(replace(entry, arguments=arguments, inputs=taken, name=local))
        common = {name: Counter(map(_frozen, given)).most_common(1)[0]
                  for name, given in values.items()}  # fmt: skip
        defaults = {
            name: next(one for one in given if _frozen(one) == common[name][0])
            for name, given in values.items()
            if common[name][1] * 2 > len(given) and common[name][1] > 1
        }
        parameters: list[Any] = [name for name in values if name not in defaults]
        parameters += [{name: default} for name, default in defaults.items()]
        self.blocks[word] = _Block(parameters, body, inputs, defaults)
        moved: dict[int, int] = {}
        entries: list[_Entry] = []
        before = 0
        for turn, (start, name) in enumerate(zip(starts, names, strict=True)):
            part = self.entries[start : start + length]
            entries += self.entries[before:start]
            before = start + length
            arguments = {
                key: given[turn]
                for key, given in values.items()
                if key not in defaults or _frozen(given[turn]) != _frozen(defaults[key])
            }
            taken = tuple(_outside(part))
            entries.append(_Entry(word, arguments, name, taken, self.next, len(taken) > 1))
            moved[part[-1].number] = self.next
            self.next += 1
        entries += self.entries[before:]
        self.entries = entries
        self.move(moved)

    def move(self, moved: Mapping[int, int]) -> None:
        """Let what was made by one entry be made by another."""

        def new(one: Any) -> Any:
            return (
                replace(one, number=moved[one.number])
                if (isinstance(one, _Of) and one.number in moved)
                else one
            )

        for entry in self.entries:
            entry.inputs = tuple(new(one) for one in entry.inputs)
        self.ends = [new(one) for one in self.ends]

    def merge(self) -> None:
        """Let uses of one block that follow each other be one use that repeats."""
        users = Counter(
            one.number for entry in self.entries for one in entry.inputs if isinstance(one, _Of)
        )
        users.update(one.number for one in self.ends if isinstance(one, _Of))
        merged: list[_Entry] = []
        moved: dict[int, int] = {}
        for entry in self.entries:
            above = merged[-1] if merged else None
            if (
                above is not None
                and entry.word in self.blocks
                and entry.word == above.word
                and len(entry.inputs) == 1
                and entry.inputs == (_Of(moved.get(above.number, above.number)),)
                and users[above.number] == 1
                and _frozen(entry.arguments) == _frozen(_once(above.arguments))
                and (name := _counted(above, entry)) is not None
            ):
                arguments = {**above.arguments, "repeat": (above.repeat or 1) + 1}
                merged[-1] = replace(
                    above, name=name or None, number=entry.number, arguments=arguments
                )
                continue
            merged.append(entry)
        self.entries = merged

    def block_name(self, part: Sequence[_Entry], names: Sequence[str | None]) -> str:
        """Name a block after what its instances are called, or after what it holds."""
        spoken = {_spoken(name, self.data["name"]) for name in names if name is not None}
        base = next(iter(spoken)) if len(spoken) == 1 else ""
        if not base:
            words = [WORDS.get(one.word, stem(one.word)) for one in part]
            base = "_".join(list(dict.fromkeys(words))[:3])
        used = {*self.blocks, *(name.lower() for name in ENTRY.spellings())}
        name, count = base, 2
        while name in used:
            name, count = f"{base}_{count}", count + 1
        return name

    # Writing

    def written(self) -> dict[str, Any]:
        taken = set(self.data["inputs"])
        items, known = _items(self.entries, self.first(), taken)
        blocks = {}
        for name, block in self.blocks.items():
            inner, _ = _items(
                block.entries, block.inputs[0] if len(block.inputs) == 1 else None, set()
            )
            blocks[name] = {
                **({"parameters": block.parameters} if block.parameters else {}),
                **({"inputs": list(block.inputs)} if len(block.inputs) > 1 else {}),
                "layers": inner,
            }
        found = {key: value for key, value in self.data.items() if key not in ("layers", "outputs")}
        found["blocks"] = blocks
        found["layers"] = items
        outputs = [_shown(one, known) for one in self.ends]
        if self.written_outputs and (
            len(outputs) > 1 or self.ends[0] != _Of(self.entries[-1].number)
        ):
            found["outputs"] = outputs[0] if len(outputs) == 1 else outputs
        return found

    def first(self) -> str | None:
        return next(iter(self.data["inputs"])) if len(self.data["inputs"]) == 1 else None


@lru_cache(maxsize=1 << 16)
def _automatic(word: str, name: str) -> bool:
    """Tell whether a name is the class's own, with a number or without."""
    own = stem(ENTRY.aliases.get(word, word))
    return re.fullmatch(rf"{re.escape(own)}(_\d+)?", name) is not None


def _stem(entry: _Entry) -> str:
    """Return the stem of the name of an item that has none."""
    return stem(ENTRY.aliases.get(entry.word, entry.word))


def _saving(length: int, times: int) -> int:
    """Return the most lines that a block can save: all its uses become one."""
    return length * times - length - 3


def _structure(entry: _Entry) -> object:
    """Return the arguments that cannot be parameters: those with items of their own."""
    return tuple(
        sorted((key, repr(_frozen(value))) for key, value in entry.arguments.items()
               if _has_mapping(value) or (key == "trainable"))
    )  # fmt: skip


def _once(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if key != "repeat"}


def _short(value: Any) -> Any:
    """Write a number for each axis as one where all are equal."""
    whole = isinstance(value, list | tuple) and value and all(type(one) is int for one in value)
    return value[0] if whole and len(set(value)) == 1 else value


def _has_mapping(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_has_mapping(part) for part in value)
    return isinstance(value, Mapping)


def _outside(part: Sequence[_Entry]) -> list[Any]:
    """Return what a part takes from elsewhere, in the order in which it takes it."""
    inside = {entry.number for entry in part}
    return list(
        dict.fromkeys(
            one
            for entry in part
            for one in entry.inputs
            if (isinstance(one, _Of) and one.number not in inside) or isinstance(one, str)
        )
    )


def _prefix(common: str, whole: bool) -> str:
    """Return what is before the names of a part's items; empty where nothing can be.

    One item of the part may be called by the prefix itself, if the ``whole`` of what is common is one.
    """
    prefix = common if whole else common[: max(common.rfind("_"), 0)]
    allowed = prefix[:1].isalpha() and "{" not in prefix and not prefix.endswith("_")
    return prefix if allowed else ""


def _apart(starts: Sequence[int], length: int) -> list[int]:
    """Return the starts of parts that do not overlap."""
    chosen: list[int] = []
    for start in starts:
        if not chosen or start >= chosen[-1] + length:
            chosen.append(start)
    return chosen


def _common(names: Sequence[str]) -> str:
    """Return the letters that all names begin with."""
    low, high = min(names), max(names)
    end = next((at for at, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    return low[:end]


def _spoken(name: str, model: str) -> str:
    """Return what is left of an instance's name without numbers and the model's own name."""
    name = name.removeprefix(f"{model}_")
    parts = (re.sub(r"\d+[a-z]?$", "", part) for part in name.lower().split("_"))
    return "_".join(dict.fromkeys(part for part in parts if part and part[0].isalpha()))


def _counted(above: _Entry, entry: _Entry) -> str | None:
    """Return the name of a use that repeats; empty where it has none, None where they do not count up."""
    if above.name is None and entry.name is None:
        return ""
    if not above.name or not entry.name:
        return None
    here = re.fullmatch(r"(.*?)(\d+)", entry.name)
    if here is None:
        return None
    head, number = here.group(1), int(here.group(2))
    if above.repeat == 1:
        if above.name != f"{head}{number - 1}" or str(number) != here.group(2):
            return None
        first = number - 1
    else:
        found = re.fullmatch(r"(.*)\{\$index(?: ([+-]) (\d+))?\}", above.name)
        if found is None or found.group(1) != head:
            return None
        shift = int(found.group(3) or 0) * (-1 if found.group(2) == "-" else 1)
        first = 1 + shift
        if first + (above.repeat or 0) != number:
            return None
    if first == 1:
        return f"{head}{{${INDEX}}}"
    sign = "+" if first > 1 else "-"
    return f"{head}{{${INDEX} {sign} {abs(first - 1)}}}"


def _items(
    entries: Sequence[_Entry], first: str | None, taken: set[str]
) -> tuple[list[Any], dict[int, str]]:
    """Write the entries of one scope as items."""
    names, calls = Names(), Names()
    taken = set(taken) | {
        entry.name for entry in entries if entry.name is not None and "{" not in entry.name
    }
    known: dict[int, str] = {}
    for entry in entries:
        known[entry.number] = _known(entry, names, calls, taken)
    items: list[Any] = []
    above: Any = first
    for entry in entries:
        arguments = dict(entry.arguments)
        if entry.name is not None:
            arguments["name"] = entry.name
        shown = [_shown(one, known) for one in entry.inputs]
        if shown != [above]:
            arguments["inputs"] = shown if entry.listed or len(shown) > 1 else shown[0]
        items.append({entry.word: arguments} if arguments else entry.word)
        above = known[entry.number]
    return items, known


def _known(entry: _Entry, names: Names, calls: Names, taken: set[str]) -> str:
    """Return the name by which an entry is referred to in its scope, as expanding gives it."""
    if entry.repeat == 1 and entry.name:
        return entry.name
    if entry.repeat is None:
        # Only the item below can take it, which need not name it.
        return f"{entry.word} {entry.number}"
    if entry.word == "call":
        name = calls.free(f"{entry.arguments['layer']}_call", taken)
        taken.add(name)
        return name
    if not entry.name:
        base = names.free(stem(ENTRY.aliases.get(entry.word, entry.word)), taken)
        taken.add(base)
        if entry.repeat == 1:
            return base
        taken.update(f"{base}_{turn + 1}" for turn in range(entry.repeat))
        return f"{base}_{entry.repeat}"
    found = re.fullmatch(r"(.*)\{\$index(?: ([+-]) (\d+))?\}", entry.name)
    if found is None:
        return entry.name
    shift = int(found.group(3) or 0) * (-1 if found.group(2) == "-" else 1)
    return f"{found.group(1)}{entry.repeat + shift}"


def _shown(one: Any, known: Mapping[int, str]) -> Any:
    return f"{known[one.number]}{one.index}" if isinstance(one, _Of) else one
