"""Tables of numbers: the compiled reader of plain decimals, and what it leaves to the others."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sensing.errors import BadInput
from sensing.formats import table
from sensing.formats.source import read_text

try:
    from sensing.formats._decimals import parse
except ImportError:
    parse = None

needs_compiled = pytest.mark.skipif(parse is None, reason="installed without a C compiler")

plain_numbers = st.one_of(
    st.integers(-(10**15), 10**15).map(str),
    st.decimals(-(10**6), 10**6, places=4, allow_nan=False).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda x: f"{x:.6e}"),
    st.tuples(
        st.sampled_from(["", "-", "+"]), st.text("0123456789", max_size=9), st.text("0123456789", max_size=9)
    ).map(lambda parts: "{}{}.{}".format(*parts)),
)


def parsed(text: bytes, width: int, separator: str = ",", mark: str = ".", columns=None):
    own = np.full((width, text.count(b"\n") + 1), np.nan)
    places = np.arange(width) if columns is None else np.array(columns)
    count = parse(text, ord(separator), ord(mark), places.astype(np.int64), own)
    return None if count < 0 else own[:, :count].T


@needs_compiled
@settings(max_examples=300, deadline=None)
@given(plain_numbers, st.sampled_from(",;"), st.sampled_from([b"\n", b"\r\n", b""]))
@example("1700000000.123456", ",", b"\n")
@example("0.1000000000000000000", ",", b"\n")
@example("9007199254740993", ",", b"\n")
@example("1e22", ",", b"\n")
@example("-0", ",", b"\n")
def test_a_plain_number_is_the_nearest_one_or_left_to_others(cell: str, separator: str, end: bytes):
    found = parsed(cell.encode() + separator.encode() + b"2" + end, 2, separator)
    try:
        wanted = float(cell)
    except ValueError:
        assert found is None
        return
    if found is not None:
        assert found.tolist() == [[wanted, 2.0]]
        assert np.signbit(found[0, 0]) == np.signbit(wanted)
    digits = cell.lower().lstrip("+-").partition("e")[0].replace(".", "").lstrip("0")
    if len(digits) <= 15 and (wanted == 0 or 1e-6 < abs(wanted) < 1e20):
        assert found is not None


NOT_PLAIN = (
    *(
        "",
        " ",
        "nan",
        "inf",
        "-",
        "+",
        ".",
        "1.2.3",
        "1e",
        "1e+",
        "0x10",
        "1_000",
        "1 ",
        " 1",
        "1e999",
        '"1"',
    ),
    *("--1", "1-", "1,5", "é", "12345678901234567890", "1.2345678901234567", "1e-300", "\0"),
)
OTHER_LINES = (b"\n", b"1\n", b"1,2,3\n", b"1,2\n\n", b"1,2\n3\n", b"1,2\r3,4\n", b"1,2,\n3,4,5\n")


@needs_compiled
@pytest.mark.parametrize("cell", NOT_PLAIN)
def test_what_is_not_plain_is_left_to_others(cell: str):
    assert parsed(f"1,{cell},3\n".encode(), 3) is None


@needs_compiled
@pytest.mark.parametrize("text", OTHER_LINES)
def test_lines_of_another_shape_are_left_to_others(text: bytes):
    assert parsed(text, 2) is None


@needs_compiled
def test_columns_that_are_not_wanted_may_hold_anything():
    text = "1,über alles,2.5,\n-3,,4e1,\r\n".encode()
    np.testing.assert_array_equal(parsed(text, 2, columns=[0, -1, 1]), [[1, 2.5], [-3, 40]])
    assert parsed(b"", 2).shape == (0, 2)
    np.testing.assert_array_equal(parsed(b"1,5;2", 2, ";", ","), [[1.5, 2]])


@needs_compiled
def test_rows_are_never_written_outside_of_the_array():
    rows = np.zeros((2, 2))
    columns = np.array([0, 1], dtype=np.int64)
    assert parse(b"1,2\n3,4\n5,6\n", ord(","), ord("."), columns, rows) == -1
    for wrong in ([0, 2], [5], [1, -1], []):
        with pytest.raises(ValueError, match="do not fit"):
            parse(b"1,2\n", ord(","), ord("."), np.array(wrong, dtype=np.int64), rows)


cells = st.one_of(
    plain_numbers,
    st.floats().map(repr),
    st.sampled_from(["", " 1", "nan", "x", "1,5", "inf", '"2"', "1e400"]),
)


@needs_compiled
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.one_of(plain_numbers, cells), min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n"]),
    st.sampled_from([(0, 1, 2), (0, 2)]),
)
def test_a_file_says_the_same_with_and_without_the_compiled_reader(
    tmp_path_factory, rows: list[list[str]], end: str, last: str, columns: tuple[int, ...]
):
    path: Path = tmp_path_factory.mktemp("table") / "some.csv"
    path.write_text("a,b,c" + end + end.join(",".join(row) for row in rows) + last, newline="")

    def read() -> tuple[object, ...]:
        try:
            numbers = table.read_numbers(
                read_text(path), first_line=1, separator=",", names=("a", "b", "c"), columns=columns
            )
        except BadInput as error:
            return (str(error),)
        return numbers.values, [notice.code for notice in numbers.notices]

    with_it = read()
    own, table._parse = table._parse, None
    try:
        without = read()
    finally:
        table._parse = own
    assert len(with_it) == len(without)
    if len(with_it) == 1:
        assert with_it == without
    else:
        assert with_it[1] == without[1]
        # The general parser may be off by the last bit.
        np.testing.assert_allclose(with_it[0], without[0], rtol=5e-16)


def test_blocks_end_with_their_lines(tmp_path: Path):
    path = tmp_path / "some.csv"
    path.write_bytes(b"head\n" + b"".join(b"%d,%d\n" % (k, k * k) for k in range(1000)) + b"7,8")
    text = read_text(path)
    blocks = list(text.blocks(1, 100))
    assert len(blocks) > 50
    assert all(block.endswith(b"\n") for block in blocks[:-1])
    assert b"head\n" + b"".join(blocks) == path.read_bytes()


@pytest.mark.parametrize("text, separator", [("a,b\n\xa0\n1,2\n3,4\n", ","), ("a\tb\n\t\n1\t2\n", "\t")])
def test_lines_that_look_blank_are_told_as_what_they_are(tmp_path: Path, text: str, separator: str):
    path = tmp_path / "some.csv"
    path.write_text(text)
    with contextlib.suppress(BadInput):
        numbers = table.read_numbers(
            read_text(path), first_line=1, separator=separator, names=("a", "b"), columns=(1,)
        )
        assert numbers.values.shape[1] == 1 and len(numbers)
