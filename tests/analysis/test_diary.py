"""What stands in a diary comes back; damage and company cost nothing; entries are held to their ranges."""

import datetime as dt
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.history.diary import (
    CONTRAINDICATIONS,
    FILE,
    Entry,
    Kind,
    add_entry,
    delete_entry,
    entries_between,
    read_diary,
)
from sensing.errors import UsageError

DAY = dt.date(2026, 3, 2)
TEXT = st.text(max_size=40).filter(str.isprintable)
ENTRIES = st.builds(
    Entry,
    date=st.dates(),
    kind=st.sampled_from([kind for kind in Kind if kind not in (Kind.PAIN, Kind.NOTE)]),
    note=TEXT,
    place=TEXT,
    pain=st.none() | st.integers(0, 10),
    minutes=st.none() | st.integers(1, 1440),
    contraindications=st.lists(st.sampled_from(sorted(CONTRAINDICATIONS)), unique=True).map(tuple),
)


@given(st.lists(ENTRIES, max_size=5))
def test_what_is_added_is_read_back_by_date(tmp_path_factory, entries):
    folder = tmp_path_factory.mktemp("athlete")
    added = [add_entry(folder, entry) for entry in entries]
    diary = read_diary(folder)
    assert diary.problems == ()
    assert list(diary.entries) == sorted(added, key=lambda entry: entry.date)
    assert len({entry.id for entry in added}) == len(entries)


def test_there_is_no_diary_until_something_is_added(tmp_path):
    assert read_diary(tmp_path / "nobody").entries == ()


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b'{"schema": "sidewise.diary/1", "id": "x", "date": "2026-03-02"}',
        b'{"schema": "sidewise.diary/1", "id": "x", "date": "2026-03-02", "kind": "sauna"}',
        b'{"schema": "sidewise.diary/1", "id": "x", "date": "yesterday", "kind": "rest"}',
        b'{"schema": "sidewise.diary/1", "id": "x", "date": "2026-03-02", "kind": "rest", "pain": 11}',
        b'{"schema": "sidewise.diary/1", "id": "x", "date": "2026-03-02", "kind": "rest", "pain": true}',
        b'{"schema": "sidewise.diary/1", "id": "x", "date": "2026-03-02", "kind": "rest", "note": 3}',
        b'{"schema": "sidewise.diary/1", "id": "x", "date": "2026-03-02", "kind": "inversion"}',
        b'{"schema": "sidewise.diary/1", "id": "x", "date": "2026-03-02", "kind": "rest", "odd": 3}',
        b'{"schema": "other", "id": "x", "date": "2026-03-02", "kind": "rest"}',
    ],
)
def test_a_damaged_line_is_named_and_costs_no_other(tmp_path, bad):
    first = add_entry(tmp_path, Entry(DAY, Kind.REST))
    with (tmp_path / FILE).open("ab") as file:
        file.write(bad)  # as a crash leaves it: without a line break
    last = add_entry(tmp_path, Entry(DAY, Kind.ICE))
    diary = read_diary(tmp_path)
    assert diary.entries == (first, last)
    assert len(diary.problems) == 1
    assert f"{FILE}, line 2: " in diary.problems[0]


def test_processes_that_add_at_once_lose_nothing(tmp_path):
    code = (
        "import datetime as dt, sys; from pathlib import Path\n"
        "from analysis.history.diary import Entry, Kind, add_entry\n"
        "for i in range(60):\n"
        "    note = sys.argv[2] * 300 + str(i)\n"
        "    add_entry(Path(sys.argv[1]), Entry(dt.date(2026, 3, 2), Kind.NOTE, note=note))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "ab"]
    doomed = [add_entry(tmp_path, Entry(DAY, Kind.HEAT)) for _ in range(20)]
    for entry in doomed:  # deleting meanwhile loses nothing either
        delete_entry(tmp_path, entry.id)
    assert [process.wait() for process in running] == [0, 0]
    diary = read_diary(tmp_path)
    assert diary.problems == ()
    expected = sorted(name * 300 + str(i) for name in "ab" for i in range(60))
    assert sorted(entry.note for entry in diary.entries) == expected


def test_deleting_leaves_no_trace_of_that_entry_and_the_others(tmp_path):
    kept = add_entry(tmp_path, Entry(DAY, Kind.MASSAGE, place="left calf"))
    gone = add_entry(tmp_path, Entry(DAY, Kind.NOTE, note="something private, ü"))
    also = add_entry(tmp_path, Entry(DAY, Kind.REST))
    assert delete_entry(tmp_path, gone.id) == gone
    assert read_diary(tmp_path).entries == (kept, also)
    assert b"private" not in (tmp_path / FILE).read_bytes()
    with pytest.raises(UsageError, match="sidewise diary list"):
        delete_entry(tmp_path, gone.id)


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (Kind.REST, {"pain": 11}, "0 to 10"),
        (Kind.REST, {"minutes": 0}, "1 to 1440"),
        (Kind.REST, {"note": "two\nlines"}, "one line"),
        (Kind.PAIN, {}, "--pain"),
        (Kind.NOTE, {}, "--note"),
        (Kind.INVERSION, {}, "questions"),
        (Kind.INVERSION, {"contraindications": ("flu",)}, "flu"),
    ],
)
def test_an_entry_out_of_range_is_refused(kind, values, said):
    with pytest.raises(UsageError, match=said):
        Entry(DAY, kind, **values)


def test_all_problems_of_an_entry_are_said_at_once():
    with pytest.raises(UsageError, match=r"pain .*; minutes "):
        Entry(DAY, Kind.REST, pain=-1, minutes=-1)


def test_entries_between_takes_both_ends_and_the_kinds_asked_for(tmp_path):
    days = [DAY + dt.timedelta(days=i) for i in range(5)]
    entries = [Entry(day, kind) for day in days for kind in (Kind.REST, Kind.ICE)]
    found = entries_between(entries, days[1], days[3], [Kind.ICE])
    assert [(entry.date, entry.kind) for entry in found] == [(day, Kind.ICE) for day in days[1:4]]


def test_lines_carry_their_schema_and_only_what_is_known(tmp_path):
    added = add_entry(tmp_path, Entry(DAY, Kind.HEAT, minutes=10))
    (line,) = (tmp_path / FILE).read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "schema": "sidewise.diary/1", "id": added.id, "date": "2026-03-02", "kind": "heat", "minutes": 10,
    }  # fmt: skip
