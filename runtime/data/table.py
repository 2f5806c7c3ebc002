"""Data from a ``.csv`` file: numbers in columns, the target in one of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ...specs.data import CsvData
from ...specs.diagnostics import Note, Span, SpecError
from ...specs.wording import did_you_mean
from .dataset import HELD_OUT, SPLIT_SEED, DataSet, split, standardised
from .files import failure, reason, regular_file

LARGEST = float(np.finfo(np.float32).max)
SHOWN, LISTED = 40, 30
MANY = 20
"""So many different whole numbers, and more than half as many as rows, are no classes."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and the line on which it begins, counted from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file with a header: the names of its columns, and its rows."""

    path: str
    header: list[str]
    rows: list[Row]

    def column(self, name: str, span: Span | None) -> int:
        """Return the place of a column; HB602 where there is none of the name."""
        if name in self.header:
            return self.header.index(name)
        known = ", ".join(f"`{one}`" for one in self.header[:LISTED])
        help = did_you_mean(name, self.header) or f"columns: {known}"
        raise failure("HB602", f"`{self.path}` has no column `{name}`", span, help)

    def words(self, column: int) -> list[str]:
        """Return the cells of a column, without the spaces around them."""
        return [row.cells[column].strip() for row in self.rows]


def load_csv(data: CsvData, span: Span | None) -> DataSet:
    """Load the columns as float32, to be standardised by the training rows.

    Raises:
        SpecError: HB601 where the file cannot be read, HB602 where a cell or a column is not what it must be.
    """
    table = _read(data.csv, span)
    target = table.column(data.target, span)
    chosen = data.features or tuple(name for name in table.header if name != data.target)
    columns = [table.column(name, span) for name in chosen]
    if not columns:
        message = f"`{data.csv}` has no column besides the target `{data.target}`"
        raise failure("HB602", message, span)
    if "" in chosen:
        message = f"column {table.header.index('') + 1} of `{data.csv}` has no name"
        help = "write the table without its index, or list the columns to use under `features:`"
        raise failure("HB602", message, Span(data.csv, 1, 1, 1, 1), help)
    x = np.array([_numbers(table, column) for column in columns], dtype=np.float32).T
    y, names, notes = _target(data, table, target)
    train, test = split(len(x), HELD_OUT, SPLIT_SEED, y if names else None)
    notes = (f"a fifth of the rows is held out to test: {len(test):,}", *notes)
    return DataSet(
        data.csv,
        x[train],
        y[train],
        x[test],
        y[test],
        classes=len(names) or None,
        class_names=names,
        scaling=standardised(x[train]),
        notes=notes,
        columns=chosen,
    )


def _read(path: str, span: Span | None) -> Table:
    regular_file(path, span)
    rows: list[Row] = []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader, last = csv.reader(file, strict=True), 0
            for cells in reader:
                if cells:
                    rows.append(Row(last + 1, cells))
                last = reader.line_num
    except UnicodeDecodeError:
        message = f"`{path}` is not UTF-8 text"
        raise failure("HB601", message, span, "save the file as UTF-8") from None
    except csv.Error as error:
        place = Span(path, last + 1, 1, last + 1, 1)
        raise failure("HB601", f"this is not CSV: {reason(error)}", place) from None
    except (OSError, MemoryError) as error:
        raise failure("HB601", f"`{path}` cannot be read: {reason(error)}", span) from None
    if len(rows) < 3:
        raise failure("HB602", f"`{path}` needs a header and at least two rows", span)
    first, *rest = rows
    header = [name.strip() for name in first.cells]
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice is not None:
        place = Span(path, first.line, 1, first.line, 1)
        raise failure("HB602", f"the column `{twice}` stands twice in the header", place)
    for row in rest:
        if len(row.cells) != len(header):
            message = f"this row has {len(row.cells)} cells, but the header has {len(header)}"
            raise failure("HB602", message, Span(path, row.line, 1, row.line, 1))
    return Table(path, header, rest)


def _numbers(table: Table, column: int) -> list[float]:
    """Return a column of numbers; the first cell that holds none is told of."""
    words = table.words(column)
    numbers = [_float(word) for word in words]
    bad = [index for index, number in enumerate(numbers) if number is None]
    if bad:
        name = table.header[column]
        help = f"fill it in, or leave `{name}` out: list the columns to use under `features:`"
        raise _bad_cell(table, column, bad, f"the cell of `{name}`", help)
    return [number for number in numbers if number is not None]


def _bad_cell(
    table: Table, column: int, bad: list[int], cell: str, help: str | None = None
) -> SpecError:
    row = table.rows[bad[0]]
    text = row.cells[column].strip()
    message = f"{cell} {_fault(text)}"
    notes = (Note(f"so it is in {len(bad):,} of {len(table.rows):,} rows"),) if bad[1:] else ()
    return failure("HB602", message, _place(table.path, row, column), help, notes)


def _fault(text: str) -> str:
    """Say why a cell holds no number that can be computed with."""
    if not text:
        return "is empty"
    try:
        large = abs(float(text)) > LARGEST and "inf" not in text.lower()
    except ValueError:
        large = False
    return f"is `{text[:SHOWN]}`, which is {'too large' if large else 'no number'}"


def _place(path: str, row: Row, column: int) -> Span:
    """Find a cell in the file. Quotes, and line breaks inside quotes, shift what comes after them."""
    cell, begin, opened, quoted = 0, (row.line, 1), False, False
    end = begin
    with open(path, newline="", encoding="utf-8-sig") as file:
        for line, text in enumerate(islice(file, row.line - 1, None), row.line):
            for place, char in enumerate(text, 1):
                if char == '"' and (opened or (line, place) == begin):
                    opened, quoted = True, not quoted
                elif char in ",\r\n" and not quoted:
                    if cell == column:
                        return Span(path, *begin, line, place)
                    cell, begin, opened = cell + 1, (line, place + 1), False
            end = (line, len(text) + 1)
    return Span(path, *begin, *end)


def _target(
    data: CsvData, table: Table, column: int
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """Return the targets, the classes' names (none where the targets are numbers), and notes."""
    words = table.words(column)
    bad = [index for index, word in enumerate(words) if _missing(word)]
    if bad:
        raise _bad_cell(table, column, bad, f"the target `{data.target}`")
    numbers = [_float(word) for word in words]
    task, notes = _task(data, numbers)
    if task == "regression":
        bad = [index for index, number in enumerate(numbers) if number is None]
        if bad:
            raise _bad_cell(table, column, bad, f"the target `{data.target}`")
        return np.array(numbers, dtype=np.float32), (), notes
    # Numbers are told apart by their value, `1` and `1.0` being one class, and words by their letters.
    keys: list[float | str] = (
        list(words) if None in numbers else [number for number in numbers if number is not None]
    )
    order = sorted(dict.fromkeys(keys), key=_rank)
    if len(order) < 2:
        message = f"every row has the same target, `{words[0][:SHOWN]}`"
        raise failure("HB602", message, _place(table.path, table.rows[0], column))
    index = {key: label for label, key in enumerate(order)}
    names = tuple(one if isinstance(one, str) else f"{one:.15g}" for one in order)
    return np.array([index[key] for key in keys], dtype=np.int64), names, notes


def _rank(key: float | str) -> tuple[bool, float, str]:
    """Sort numbers by value, also those written among words, and words after them."""
    number = key if isinstance(key, float) else _float(key)
    return (number is None, number or 0.0, str(key))


def _task(data: CsvData, numbers: list[float | None]) -> tuple[str, tuple[str, ...]]:
    """Decide between classes and numbers as the target looks, and say so where it could be either."""
    if data.task is not None:
        return data.task, ()
    if data.classes is not None or None in numbers:
        return "classification", ()
    if not all(number is not None and number.is_integer() for number in numbers):
        return "regression", ()
    several = len(set(numbers))
    if set(numbers) == set(range(several)):
        return "classification", ()  # as numbers they would be the same
    found = f"`{data.target}` holds {several:,} different whole numbers"
    if several >= MANY and several > len(numbers) / 2:
        note = f"{found}, taken as numbers; with `task: classification` they are classes"
        return "regression", (note,)
    note = f"{found}, taken as classes; with `task: regression` they are numbers"
    return "classification", (note,)


def _missing(word: str) -> bool:
    """Tell whether a target is none. A word may be a class, `none` too, but `nan` and `1e999` are not."""
    try:
        return not word or not abs(float(word)) <= LARGEST
    except ValueError:
        return False


def _float(word: str) -> float | None:
    """Return the number that stands in a cell, if it is one that float32 holds."""
    try:
        number = float(word)
    except ValueError:
        return None
    return number if abs(number) <= LARGEST else None
