"""One way in: which files, which side, which timeline, one after the other or together."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import sensing.formats
from sensing import open_recording, store
from sensing.errors import BadInput, UsageError
from sensing.formats import Head, Place, Reading, ReadOptions, WallClock
from sensing.recording import Placement, Recording, Side, Stream

HEADER = "time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"
N = 500
T = np.arange(N) / 100.0


def values(x: float) -> list[str]:
    return [f"{x},0.2,9.8,1,2,{s:.2f}" for s in T]


def write(path: Path, x: float = 0.1, start_s: float = 0.0, header: str = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{start_s + s:.2f},{row}" for s, row in zip(T, values(x), strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def stream(side: Side, x: float = 0.1, start_s: float = 0.0) -> Stream:
    return Stream(
        side=side,
        time_s=(T + start_s).round(3),
        acc=np.tile([x, 0.2, 9.8], (N, 1)),
        gyr=np.tile([1.0, 2.0, 3.0], (N, 1)),
        rate_hz=100.0,
    )


def first_x(recording: Recording) -> tuple[float | None, float | None]:
    left, right = recording.left, recording.right
    return None if left is None else float(left.acc[0, 0]), None if right is None else float(right.acc[0, 0])


def codes(recording: Recording) -> list[str]:
    return [notice.code for notice in recording.notices]


def test_the_simplest_input(tmp_path: Path) -> None:
    write(tmp_path / "left.csv", 0.1)
    write(tmp_path / "right.csv", 0.2)
    recording = open_recording(tmp_path, placement="wrist", sport="tennis", dominant="right", athlete="a")
    assert first_x(recording) == (0.1, 0.2)
    assert recording.left is not None
    assert np.array_equal(recording.left.time_s, T)
    assert recording.left.rate_hz == pytest.approx(100.0)
    assert (recording.left.gaps, recording.left.lost, recording.notices) == ((), 0, ())
    assert (recording.sync.method, recording.sync.error_s) == ("unknown", None)
    assert (recording.placement, recording.sport, recording.dominant) == (
        Placement.WRIST,
        "tennis",
        Side.RIGHT,
    )
    assert recording.path == tmp_path
    assert recording.started_at is None


def test_one_side_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "left.csv", 0.1)
    write(tmp_path / "right.csv", 0.2)
    assert first_x(open_recording(tmp_path, side="right")) == (None, 0.2)


def test_packed_files(tmp_path: Path) -> None:
    for name, x in (("left", 0.1), ("right", 0.2)):
        plain = write(tmp_path / "plain.csv", x)
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    assert first_x(open_recording(tmp_path)) == (0.1, 0.2)


def test_two_of_one_side_in_a_folder_are_refused(tmp_path: Path) -> None:
    for name in ("left.csv", "left.csv.gz", "right.csv"):
        write(tmp_path / name)
    with pytest.raises(BadInput, match="keep one"):
        open_recording(tmp_path)
    (tmp_path / "left.csv.gz").rename(tmp_path / "left.png")
    assert open_recording(tmp_path).left is not None


def test_wide_file(tmp_path: Path) -> None:
    names = [f"{side}_{name}" for side in ("right", "left") for name in HEADER.split(",")[1:]]
    lines = [f"{s:.2f},{b},{a}" for s, a, b in zip(T, values(0.1), values(0.2), strict=True)]
    lines[100] = "1.00,,,,,,," + values(0.1)[100]
    path = tmp_path / "wide.csv"
    path.write_text("\n".join([",".join(["time_s", *names]), *lines]) + "\n")
    recording = open_recording(path)
    assert first_x(recording) == (0.1, 0.2)
    assert recording.left is not None and recording.right is not None
    assert (recording.left.lost, recording.right.lost, recording.right.gaps) == (0, 1, ((0.99, 1.01),))
    assert first_x(open_recording(path, side="left")) == (0.1, None)


def test_units_in_the_header_are_converted(tmp_path: Path) -> None:
    header = "time (ms),acc_x (g),acc_y (g),acc_z (g),gyr_x [rad/s],gyr_y [rad/s],gyr_z [rad/s]"
    path = tmp_path / "a.csv"
    rows = [f"{1000 * s:.0f},0.5,0,0.9,0.01,0.02,0.03" for s in T]
    path.write_text("\n".join([header, *rows]) + "\n")
    left = open_recording(path, side="left").left
    assert left is not None and left.gyr is not None
    assert np.allclose(left.acc[0], np.array([0.5, 0, 0.9]) * 9.80665)
    assert np.allclose(left.gyr[0], np.rad2deg([0.01, 0.02, 0.03]))
    assert np.allclose(left.time_s, T)


def test_what_the_file_does_not_say_the_flags_do(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{i},0.5,0,0.9,1,2,3" for i in range(N)]
    path.write_text("\n".join([HEADER.replace("time_s", "n_samples"), *rows]) + "\n")
    with pytest.raises(BadInput) as caught:
        open_recording(path, side="left")
    assert all(flag in str(caught.value) for flag in ("--rate", "--acc-unit", "--gyr-unit"))
    left = open_recording(path, side="left", acc_unit="g", gyr_unit="deg/s", rate_hz=102.4).left
    assert left is not None
    assert left.rate_hz == pytest.approx(102.4)
    assert left.acc[0, 0] == pytest.approx(0.5 * 9.80665)
    with pytest.raises(BadInput, match="not a unit"):
        open_recording(path, side="left", acc_unit="feet", gyr_unit="deg/s", rate_hz=102.4)
    with pytest.raises(BadInput, match="--rate -1"):
        open_recording(path, side="left", acc_unit="g", gyr_unit="deg/s", rate_hz=-1)


def test_a_flag_must_not_contradict_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", header="time_s,acc_x (m/s2),acc_y (m/s2),acc_z (m/s2),gyr_x,gyr_y,gyr_z")
    with pytest.raises(BadInput, match="the file states m/s2, --acc-unit says g"):
        open_recording(path, side="left", acc_unit="g")


@pytest.mark.parametrize(
    ("names", "expected", "told"),
    [
        (("a.csv", "b.csv"), (0.1, 0.2), []),
        (("left_wrist.csv", "right_wrist.csv"), (0.1, 0.2), []),
        (("right.csv", "left.csv"), (0.2, 0.1), ["side_from_name", "side_from_name"]),
        (("walk-R.csv", "walk-L.csv"), (0.2, 0.1), ["side_from_name", "side_from_name"]),
        (("RTibia.csv", "LTibia.csv"), (0.2, 0.1), ["side_from_name", "side_from_name"]),
        (("LFemur.csv", "LTibia.csv"), (0.1, 0.2), ["side_doubtful"]),
        (("right1.csv", "other.csv"), (0.1, 0.2), ["side_doubtful"]),
        (("bright.csv", "cleft.csv"), (0.1, 0.2), []),
    ],
)
def test_sides_of_two_files(
    tmp_path: Path, names: Sequence[str], expected: tuple[float, float], told: list[str]
) -> None:
    first, second = write(tmp_path / names[0], 0.1), write(tmp_path / names[1], 0.2)
    recording = open_recording(first, second)
    assert first_x(recording) == expected
    assert codes(recording) == told
    assert first_x(open_recording(left=second, right=first)) == (0.2, 0.1)
    assert first_x(open_recording(first, right=second)) == (0.1, 0.2)


def test_the_side_of_one_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    with pytest.raises(BadInput, match="--side left or --side right"):
        open_recording(path)
    assert open_recording(path, side=Side.RIGHT).left is None
    named = open_recording(write(tmp_path / "my_left_wrist.csv"))
    assert named.right is None and codes(named) == ["side_from_name"]


def test_times_from_1970_begin_at_zero_together(tmp_path: Path) -> None:
    a = write(tmp_path / "a.csv", start_s=1_700_000_000.5)
    b = write(tmp_path / "b.csv", start_s=1_700_000_001.0)
    recording = open_recording(a, b)
    assert recording.left is not None and recording.right is not None
    assert (recording.left.start_s, recording.right.start_s) == pytest.approx((0.0, 0.5))
    assert recording.started_at is None


def test_sides_recorded_one_after_the_other(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.csv", 0.1), write(tmp_path / "b.csv", 0.2, start_s=70.0)
    with pytest.raises(BadInput, match="--sequential"):
        open_recording(a, b)
    recording = open_recording(a, b, sequential=True)
    assert recording.sequential
    assert recording.left is not None and recording.right is not None
    assert recording.left.start_s == 0.0
    assert recording.right.start_s == pytest.approx(recording.left.end_s + 10.0)
    assert first_x(recording) == (0.1, 0.2)


def test_a_folder_of_two_files_may_be_one_after_the_other_too(tmp_path: Path) -> None:
    write(tmp_path / "left.csv", 0.1)
    write(tmp_path / "right.csv", 0.2)
    together, apart = (open_recording(tmp_path, sequential=said) for said in (None, True))
    assert not together.sequential and apart.sequential
    assert apart.right is not None and apart.left is not None
    assert apart.right.start_s == pytest.approx(apart.left.end_s + 10.0)


def test_two_one_sided_folders_pair_by_their_dates(tmp_path: Path) -> None:
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    right = Recording(
        right=stream(Side.RIGHT, 0.2),
        started_at=noon,
        athlete="a",
        exercise="curl",
        marks=((1.0, 2.0),),
        load_kg=(0.0, 8.0),
    )
    left = Recording(
        left=stream(Side.LEFT, 0.1, 3.0),
        started_at=noon + dt.timedelta(minutes=5),
        athlete="a",
        exercise="curl",
        marks=((4.0, 5.0),),
        load_kg=(7.0, 0.0),
    )
    paths = [store.write_recording(tmp_path / name, each) for name, each in (("r1", right), ("r2", left))]
    recording = open_recording(*paths)
    assert recording.sequential and codes(recording) == ["sequential"]
    assert (recording.athlete, recording.exercise, recording.load_kg) == ("a", "curl", (7.0, 8.0))
    assert recording.started_at == noon
    assert recording.left is not None and recording.right is not None
    assert recording.right.start_s == 0.0
    assert recording.left.start_s == pytest.approx(recording.right.end_s + 10.0)
    assert recording.marks[0] == (1.0, 2.0)
    assert recording.marks[1] == pytest.approx((recording.left.start_s + 1.0, recording.left.start_s + 2.0))
    with pytest.raises(UsageError, match="both said to be the left side"):
        open_recording(paths[1], paths[1])


def test_overlapping_one_sided_folders_pair_by_their_dates(tmp_path: Path) -> None:
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    one = store.write_recording(tmp_path / "1", Recording(left=stream(Side.LEFT), started_at=noon))
    two = store.write_recording(
        tmp_path / "2",
        Recording(right=stream(Side.RIGHT), started_at=noon + dt.timedelta(seconds=1.5), athlete="b"),
    )
    recording = open_recording(one, two)
    assert not recording.sequential
    assert recording.right is not None
    assert recording.right.start_s == pytest.approx(1.5)
    assert (recording.started_at, recording.athlete) == (noon, "b")


class Toy:
    """A format with a date, as a plug-in brings it."""

    name = "toy"
    title = "toy"

    def __init__(self, zone: dt.tzinfo | None = dt.UTC) -> None:
        self.zone = zone

    def recognises(self, head: Head) -> bool:
        return head.data.startswith(b"TOY ")

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        start = float(place.read_text().split()[1])
        return (Reading(stream(Side.LEFT), wall=WallClock(start, self.zone)),)


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setattr(sensing.formats, "formats", lambda: (Toy(),))
    for name, start in (("a", 1000.0), ("b", 1002.0)):
        (tmp_path / name).write_text(f"TOY {start}")
    return tmp_path / "a", tmp_path / "b"


def test_files_with_dates_are_placed_by_them(toys: tuple[Path, Path]) -> None:
    recording = open_recording(*toys)
    assert recording.left is not None and recording.right is not None
    assert (recording.left.start_s, recording.right.start_s) == (0.0, 2.0)
    assert recording.started_at == dt.datetime.fromtimestamp(1000.0, dt.UTC)
    assert recording.sync.method == "unknown"


def test_dates_that_do_not_overlap_make_a_sequence(toys: tuple[Path, Path]) -> None:
    toys[0].write_text("TOY 5000")
    recording = open_recording(*toys)
    assert recording.sequential
    assert recording.left is not None and recording.right is not None
    assert recording.right.start_s == 0.0 < recording.left.start_s


def test_dates_without_a_zone(toys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensing.formats, "formats", lambda: (Toy(None),))
    recording = open_recording(*toys)
    assert recording.started_at is None
    assert "timezone_unknown" in codes(recording)


def test_a_plug_in_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real distribution on the path, with the entry point that a plug-in declares."""
    (tmp_path / "toy_format.py").write_text(
        "class Toy:\n name='toy'; title='toy'\n def recognises(self, head): return head.data[:3] == b'TOY'\n"
        " def read(self, place, options): raise NotImplementedError\nFORMAT = Toy()\n"
    )
    info = tmp_path / "toy_format-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-format\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[sidewise.formats]\ntoy = toy_format:FORMAT\n")
    monkeypatch.syspath_prepend(tmp_path)
    sensing.formats.formats.cache_clear()
    try:
        assert [each.name for each in sensing.formats.formats()][-2] == "toy"
        (info / "entry_points.txt").write_text("[sidewise.formats]\ntoy = toy_format:NONE\n")
        sensing.formats.formats.cache_clear()
        with pytest.raises(BadInput, match="cannot be loaded"):
            sensing.formats.formats()
    finally:
        sensing.formats.formats.cache_clear()


def test_a_damaged_last_column_does_not_shift_another(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{s:.2f},{row},walk" for s, row in zip(T, values(0.1), strict=True)]
    path.write_text("\n".join([HEADER + ",label", *rows]) + "\n")
    assert first_x(open_recording(path, side="left")) == (0.1, None)


def test_options_that_a_recording_folder_has_no_use_for_are_told(tmp_path: Path) -> None:
    write(tmp_path / "csv" / "left.csv"), write(tmp_path / "csv" / "right.csv")
    folder = store.write_recording(tmp_path / "r", open_recording(tmp_path / "csv"))
    assert "option_ignored" not in [notice.code for notice in open_recording(folder).notices]
    opened = open_recording(folder, acc_unit="g", rate_hz=50)
    (told,) = (notice for notice in opened.notices if notice.code == "option_ignored")
    assert told.message.endswith("says its own units and times; --acc-unit, --rate had no use")
