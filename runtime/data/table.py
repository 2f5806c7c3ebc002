"""Data from a ``.csv`` file: numbers in columns, the target in one of them."""

from __future__ import annotations

import csv
import math

import numpy as np

from ...specs.data import CsvData
from ...specs.diagnostics import Diagnostic, Span, SpecError
from ...specs.wording import did_you_mean
from .dataset import HELD_OUT, SPLIT_SEED, DataSet, split, standardised

Rows = list[tuple[int, list[str]]]
"""Each row with the line on which it ends, counted from 1."""


def load_csv(data: CsvData, span: Span | None) -> DataSet:
    """Load the columns as float32, to be standardised by the training rows.

    Raises:
        SpecError: HB601 where the file cannot be read, HB602 where a cell or a column is not what it must be.
    """
    header, rows = _read(data.csv, span)
    target = _column(data.csv, header, data.target, span)
    chosen = data.features or tuple(name for name in header if name != data.target)
    columns = [_column(data.csv, header, name, span) for name in chosen]
    if not columns:
        raise _error(
            "HB602", f"`{data.csv}` has no column besides the target `{data.target}`", span
        )
    x = np.array(
        [[_number(data.csv, header, row, column) for column in columns] for row in rows],
        dtype=np.float32,
    )
    words = [cells[target].strip() for _, cells in rows]
    if "" in words:
        line = rows[words.index("")][0]
        raise _error(
            "HB602", f"the target `{data.target}` is missing", Span(data.csv, line, 1, line, 1)
        )
    y, names = _target(data, words, rows)
    train, test = split(len(x), HELD_OUT, SPLIT_SEED, y if names else None)
    note = f"a fifth of the rows is held out to test: {len(test):,}"
    scaling = standardised(x[train])
    return DataSet(
        data.csv, x[train], y[train], x[test], y[test], len(names) or None, names, scaling, (note,)
    )


def _error(code: str, message: str, span: Span | None, help: str | None = None) -> SpecError:
    return SpecError([Diagnostic(code, message, span, help=help)])


def _read(path: str, span: Span | None) -> tuple[list[str], Rows]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            rows = [(reader.line_num, cells) for cells in reader if cells]
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise _error("HB601", f"cannot read `{path}`: {reason}", span) from None
    except UnicodeDecodeError:
        raise _error(
            "HB601", f"`{path}` is not UTF-8 text", span, "save the file as UTF-8"
        ) from None
    except csv.Error as error:
        raise _error("HB601", f"`{path}` is not CSV: {error}", span) from None
    if len(rows) < 3:
        raise _error("HB602", f"`{path}` needs a header and at least two rows", span)
    header = [name.strip() for name in rows[0][1]]
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise _error(
            "HB602", f"the column `{twice}` stands twice in the header", Span(path, 1, 1, 1, 1)
        )
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            message = f"this row has {len(cells)} cells, but the header has {len(header)}"
            raise _error("HB602", message, Span(path, line, 1, line, 1))
    return header, rows[1:]


def _column(path: str, header: list[str], name: str, span: Span | None) -> int:
    if name not in header:
        help = did_you_mean(name, header) or "columns: " + ", ".join(
            f"`{one}`" for one in header[:30]
        )
        raise _error("HB602", f"`{path}` has no column `{name}`", span, help)
    return header.index(name)


def _number(path: str, header: list[str], row: tuple[int, list[str]], column: int) -> float:
    line, cells = row
    text = cells[column].strip()
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isfinite(number) and abs(number) <= np.finfo(np.float32).max:
        return number
    start = sum(len(cell) + 1 for cell in cells[:column]) + 1
    span = Span(path, line, start, line, start + len(cells[column]))
    what = "is empty" if not text else f"is `{text[:40]}`, which is no number"
    help = f"fill it in, or leave `{header[column]}` out: list the columns to use under `features:`"
    raise _error("HB602", f"the cell of `{header[column]}` {what}", span, help)


def _target(data: CsvData, words: list[str], rows: Rows) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the targets, and the classes' names; no names where the targets are numbers."""
    numbers = [_float(word) for word in words]
    whole = all(number is not None and number.is_integer() for number in numbers)
    task = data.task or ("classification" if None in numbers or whole else "regression")
    if task == "regression":
        if None in numbers:
            line = rows[numbers.index(None)][0]
            word = words[numbers.index(None)]
            raise _error(
                "HB602", f"the target `{word[:40]}` is no number", Span(data.csv, line, 1, line, 1)
            )
        return np.array(numbers, dtype=np.float32), ()
    order = sorted(set(words), key=lambda word: (_float(word) is None, _float(word) or 0.0, word))
    if len(order) < 2:
        raise _error("HB602", f"every row has the same target, `{order[0][:40]}`", None)
    index = {word: label for label, word in enumerate(order)}
    return np.array([index[word] for word in words], dtype=np.int64), tuple(order)


def _float(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
