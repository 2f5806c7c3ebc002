"""Reading YAML: the core schema of 1.2, spans, and what is refused."""

from __future__ import annotations

import math
from cProfile import Profile

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hornbook.specs.diagnostics import SpecError
from hornbook.specs.yaml import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, read_file, read_text


def refused(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read_text(text)
    for one in caught.value.diagnostics:
        assert one.span is None or one.span.line >= 1
    return [one.code for one in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("+12", 12),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("no", "no"),
        ("off", "off"),
        ("yes", "yes"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("2026-11-23", "2026-11-23"),
        ("1_000", "1_000"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("'1'", "1"),
        ('"true"', "true"),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("0b1", "0b1"),
        ("-", None),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    found = read_text(f"a: {text}" if text != "-" else "a:\n").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number() -> None:
    assert math.isnan(read_text("a: .nan").data["a"])


def test_spans_of_keys_and_values() -> None:
    document = read_text("name: x\nlayers:\n  - Dense: {units: 3}\n  - Flatten\n")
    units = document.places["layers", 0, "Dense", "units"]
    assert (units.key.line, units.key.column, units.key.end_column) == (3, 13, 18)
    assert (units.value.line, units.value.column, units.value.end_column) == (3, 20, 21)
    assert document.span(("layers", 1)).column == 5
    assert (
        document.span(("layers", 0, "Dense", "missing"))
        == document.places["layers", 0, "Dense"].key
    )


def test_sequences_are_tuples_and_aliases_share() -> None:
    data = read_text("a: &x [1, [2]]\nb: *x\n").data
    assert data == {"a": (1, (2,)), "b": (1, (2,))}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a: [1", ["HB101"]),
        ("a: b: c", ["HB101"]),
        ("a:\n\t- b", ["HB101"]),
        ("? [a]\n: 1", ["HB101"]),
        ("? {a: 1}\n: 1", ["HB101"]),
        ("<<: {a: 1}", ["HB101"]),
        ("a: 1\na: 2\nb: 1\nb: 2", ["HB102", "HB102"]),
        ("a: !!python/name:os.system x", ["HB103"]),
        ("a: !!str 1", ["HB103"]),
        ("--- !!map\na: 1", ["HB103"]),
        ("a: !local [1]", ["HB103"]),
        ("a: " + "9" * 400, ["HB104"]),
        ("a: *x", ["HB105"]),
        ("a: &x [*x]", ["HB105"]),
        ("a: 1\n---\nb: 2", ["HB106"]),
        ("", ["HB106"]),
        ("# nothing\n", ["HB106"]),
        ("null", ["HB106"]),
        ("a: \x07", ["HB101"]),
        ("a: \ud800", ["HB101"]),
        ("%YAML 9.9\n---\na: 1", ["HB101"]),
    ],
)
def test_refused(text: str, codes: list[str]) -> None:
    assert refused(text) == codes


@pytest.mark.parametrize("opener", ["[", "{a: ", "- ", "? "])
def test_a_deep_document_is_refused_at_once(opener: str) -> None:
    """What is refused for its depth is not read to its end."""
    work = {}
    for times in (2 * MAX_DEPTH, 300_000):
        profile = Profile()
        codes = profile.runcall(refused, (opener * times)[:MAX_BYTES])
        assert codes in (["HB104"], ["HB101"])
        work[times] = sum(one.callcount for one in profile.getstats())
    assert work[300_000] < 2 * work[2 * MAX_DEPTH]


def test_the_depth_limit_is_exact() -> None:
    read_text("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert refused("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == ["HB104"]


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    assert refused("\n".join(lines)) == ["HB105"]
    assert refused("a: &a 1\nb: [" + "*a, " * (MAX_ALIASES + 1) + "]") == ["HB105"]


def test_too_large() -> None:
    assert refused("a" * (MAX_BYTES + 1)) == ["HB104"]
    assert refused("[" + "1," * 300_000 + "]") == ["HB104"]


def test_files(tmp_path) -> None:
    for name, content in {"latin.yaml": b"a: \xff", "dir.yaml": None, "none.yaml": None}.items():
        path = tmp_path / name
        if content:
            path.write_bytes(content)
        elif name == "dir.yaml":
            path.mkdir()
        with pytest.raises(SpecError) as caught:
            read_file(path)
        assert caught.value.diagnostics[0].code == "HB107"
    good = tmp_path / "bom.yaml"
    good.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_file(good).data == {"a": 1, "b": 2}


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz_ ", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


def frozen(data):
    if isinstance(data, list):
        return tuple(frozen(part) for part in data)
    if isinstance(data, dict):
        return {key: frozen(part) for key, part in data.items()}
    return data


class Core(yaml.SafeDumper):
    """Quotes every text, so that only the structure is left to chance."""


Core.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


@given(st.dictionaries(st.text("abc", min_size=1), plain, min_size=1, max_size=4), st.booleans())
def test_what_is_written_is_read(data, flow: bool) -> None:
    text = yaml.dump(data, Dumper=Core, default_flow_style=flow, allow_unicode=True)
    document = read_text(text)
    assert document.data == frozen(data)
    lines = text.splitlines()
    for place in document.places.values():
        assert 1 <= place.value.line <= len(lines) + 1


@given(st.text(max_size=60) | st.text("[]{}:-,&*!|>'\"#%@`? \n\tab01", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        places = read_text(text).places
    except SpecError as error:
        places = {one.code: str(error) for one in error.diagnostics}
    assert places
