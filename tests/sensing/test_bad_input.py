"""Whatever a file holds, opening it ends in a recording or in `BadInput` that says where and what to do."""

from __future__ import annotations

import gzip
import os
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensing import open_recording, store
from sensing.errors import BadInput, UsageError
from sensing.formats.source import MAX_LINE_BYTES
from sensing.recording import Recording, Side

HEADER = "time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"


def rows(n: int = 400, rate_hz: float = 100.0, start_s: float = 0.0) -> list[str]:
    t = start_s + np.arange(n) / rate_hz
    return [f"{s:.4f},{np.sin(s):.6f},0.25,9.75,{10 * np.cos(s):.6f},1.5,-2.5" for s in t]


def table(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


@pytest.fixture
def pair(tmp_path: Path) -> Callable[..., Path]:
    def write(left: str | bytes, right: str | bytes | None = None) -> Path:
        for name, content in (("left.csv", left), ("right.csv", table(*rows()) if right is None else right)):
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write


def refused(*args: object, **flags: object) -> str:
    with pytest.raises(BadInput) as caught:
        open_recording(*args, **flags)  # type: ignore[arg-type]
    message = str(caught.value)
    assert caught.value.exit_code == 5
    assert "\n" not in message and "Traceback" not in message
    return message


def codes(recording: Recording) -> set[str]:
    return {notice.code for notice in recording.notices}


def replaced(line: int, text: str) -> str:
    lines = rows()
    lines[line - 2] = text
    return table(*lines)


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.csv", side="left")


def test_folder_without_the_pair(tmp_path: Path) -> None:
    assert "no left.csv and right.csv" in refused(tmp_path)
    (tmp_path / "left.csv").write_text(table(*rows()))
    assert "add right.csv" in refused(tmp_path)


def test_empty_file_and_header_only(pair: Callable[..., Path]) -> None:
    assert "left.csv: the file is empty" in refused(pair(""))
    assert "no samples below the header" in refused(pair(HEADER + "\n"))
    assert "no samples below the header" in refused(pair(HEADER))


def test_every_problem_of_both_files_is_collected(pair: Callable[..., Path]) -> None:
    message = refused(pair(replaced(7, "0.05,x,0.25,9.75,1,2,3"), replaced(9, "0.07,0,0.25,9.75,1,y,3")))
    assert "left.csv, line 7, column acc_x" in message
    assert "right.csv, line 9, column gyr_y" in message


@pytest.mark.parametrize(
    ("cell", "said"),
    [("oops", "'oops' is not a number"), ("1_0", "not a number"), ("0x1F", "not a number"), ("--1", "not a")],
)
def test_text_in_a_number(pair: Callable[..., Path], cell: str, said: str) -> None:
    message = refused(pair(replaced(50, f"0.48,0.1,{cell},9.75,1,2,3")))
    assert "left.csv, line 50, column acc_y" in message
    assert said in message


def test_many_problems_are_counted(pair: Callable[..., Path]) -> None:
    message = refused(pair(table(*[line.replace(",9.75,", ",bad,") for line in rows()])))
    assert message.count("is not a number") == 10
    assert "and 390 more problems" in message


@pytest.mark.parametrize("cell", ["NaN", "nan", "inf", "-Inf", "1e999", ""])
def test_missing_values_become_gaps_and_a_notice(pair: Callable[..., Path], cell: str) -> None:
    recording = open_recording(pair(replaced(102, f"1.00,0.1,{cell},9.75,1,2,3")))
    assert recording.left is not None
    assert "not_finite" in codes(recording)
    assert len(recording.left) == 399
    assert recording.left.lost == 1
    assert recording.left.gaps == ((0.99, 1.01),)
    assert np.isfinite(recording.left.acc).all()


def test_too_many_missing_values(pair: Callable[..., Path]) -> None:
    lines = [line.replace(",9.75,", ",nan,") if i % 2 else line for i, line in enumerate(rows())]
    assert "200 of 400 rows" in refused(pair(table(*lines)))


def test_time_running_backwards_names_the_line(pair: Callable[..., Path]) -> None:
    message = refused(pair(replaced(100, "0.5,0.1,0.25,9.75,1,2,3")))
    assert "left.csv, line 100: time runs backwards from 0.97 to 0.5 s" in message


def test_line_numbers_count_blank_lines(pair: Callable[..., Path]) -> None:
    lines = rows()
    lines[97] = "0.5,0.1,0.25,9.75,1,2,3"
    lines.insert(10, "")
    lines.insert(10, "")
    assert "line 101: time runs backwards" in refused(pair(table(*lines)))


def test_batches_may_share_a_time(pair: Callable[..., Path]) -> None:
    lines = [f"{0.04 * ((i // 4) + 1):.2f},{line.split(',', 1)[1]}" for i, line in enumerate(rows())]
    recording = open_recording(pair(table(*lines)))
    assert recording.left is not None
    assert "times_repeated" in codes(recording)
    assert np.all(np.diff(recording.left.time_s) > 0)
    assert recording.left.rate_hz == pytest.approx(100.0, rel=1e-3)
    assert recording.left.lost == 0
    assert "times_uneven" not in codes(recording)


def test_a_clock_of_whole_seconds_is_coarse_and_not_nonsense(pair: Callable[..., Path]) -> None:
    lines = [f"{i // 100},{line.split(',', 1)[1]}" for i, line in enumerate(rows())]
    found = codes(open_recording(pair(table(*lines)) / "left.csv", side=Side.LEFT))
    assert "times_repeated" in found
    assert "times_uneven" not in found


@pytest.mark.parametrize(
    "numbers", [[2 * (i // 100) for i in range(400)], [min(i, 150) / 100 for i in range(400)]]
)
def test_times_that_are_no_times_are_told(pair: Callable[..., Path], numbers: list[float]) -> None:
    lines = [f"{n},{line.split(',', 1)[1]}" for n, line in zip(numbers, rows(), strict=True)]
    found = codes(open_recording(pair(table(*lines)) / "left.csv", side=Side.LEFT))
    assert "times_uneven" in found
    assert "times_repeated" not in found


@pytest.mark.parametrize(("unit", "scale"), [("ms", 1e3), ("us", 1e6), ("ns", 1e9)])
@pytest.mark.parametrize("epoch_s", [0.0, 1.78e9])
def test_times_in_another_unit_are_told_as_such(
    pair: Callable[..., Path], unit: str, scale: float, epoch_s: float
) -> None:
    text = table(
        *(f"{(epoch_s + i / 100) * scale:.1f},{line.split(',', 1)[1]}" for i, line in enumerate(rows()))
    )
    message = refused(pair(table(*rows()), text))
    assert "right.csv, column time_s: times are" in message and "left.csv" not in message
    assert f"name the column time_{unit} or say --time-unit {unit}" in message
    for stream in open_recording(pair(text, text), time_unit=unit).streams():
        assert stream.rate_hz == pytest.approx(100.0, rel=1e-3)
    renamed = open_recording(pair(text.replace("time_s", f"time_{unit}")) / "left.csv", side="left")
    assert renamed.left is not None and renamed.left.rate_hz == pytest.approx(100.0, rel=1e-3)


def test_seconds_said_to_be_milliseconds(pair: Callable[..., Path]) -> None:
    stated = ",".join(["time (ms)", *(f"acc_{a} (m/s2)" for a in "xyz"), *(f"gyr_{a} (dps)" for a in "xyz")])
    message = refused(pair(table(*rows(), header=stated)))
    assert "left.csv, column time (ms): times are 1e-05 s apart" in message
    assert message.endswith("if times are in s, name the column time_s")


def test_one_time_throughout(pair: Callable[..., Path]) -> None:
    assert "same time" in refused(pair(table(*["1.0,0,0,9.8,1,2,3"] * 300)))


def test_one_side_far_shorter(pair: Callable[..., Path]) -> None:
    recording = open_recording(pair(table(*rows(2000))))
    assert "unequal_length" in codes(recording)
    assert "share 1.00 s" in refused(pair(table(*rows(101))))
    assert "share 0.00 s" in refused(pair(table(*rows(start_s=50.0))))


def test_mixed_units_of_acceleration(pair: Callable[..., Path]) -> None:
    in_g = [line.replace(",9.75,", ",0.994,").replace(",0.25", ",0.025") for line in rows()]
    assert "different units" in refused(pair(table(*in_g)))
    both = open_recording(pair(table(*in_g), table(*in_g)))
    assert "units_doubtful" in codes(both)
    assert all(notice.message.endswith("looks like g: try --acc-unit g") for notice in both.notices)
    assert not open_recording(pair(table(*in_g), table(*in_g)), acc_unit="g").notices


def tumbling(scale: float) -> str:
    """A sensor turned to and fro about x under gravity; angular velocity times ``scale``."""
    t = np.arange(2000) / 100.0
    angle = np.sin(2 * np.pi * 0.5 * t)
    omega = np.rad2deg(2 * np.pi * 0.5 * np.cos(2 * np.pi * 0.5 * t)) * scale
    return table(
        *(
            f"{s:.2f},0,{9.81 * np.sin(a):.6f},{9.81 * np.cos(a):.6f},{w:.6f},0,0"
            for s, a, w in zip(t, angle, omega, strict=True)
        )
    )


def test_mixed_units_of_angular_velocity(pair: Callable[..., Path]) -> None:
    assert codes(open_recording(pair(tumbling(1.0), tumbling(1.3)))) == set()
    assert "--gyr-unit" in refused(pair(tumbling(1.0), tumbling(np.pi / 180)))
    assert "--gyr-unit" in refused(pair(tumbling(180 / np.pi), tumbling(1.0)))
    in_rad = open_recording(pair(tumbling(np.pi / 180), tumbling(np.pi / 180)))
    assert all(notice.message.endswith("looks like rad/s: try --gyr-unit rad/s") for notice in in_rad.notices)
    assert codes(in_rad) == {"units_doubtful"}


def test_wrong_separator(pair: Callable[..., Path]) -> None:
    semicolons = table(*[line.replace(",", ";") for line in rows()])
    assert "separated by ';' but the header by ','" in refused(pair(semicolons))
    everywhere = pair(semicolons.replace(",", ";"))
    assert len(open_recording(everywhere).left or ()) == 400


def test_decimal_commas_between_commas_are_refused_once(pair: Callable[..., Path]) -> None:
    message = refused(pair(table(*[line.replace(".", ",") for line in rows()])))
    assert "left.csv, line 2: 14 columns where the header names 7, as if by decimal commas;" in message
    assert message.count("write decimals with a point") == 1 and "(400 such places)" in message


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_between_other_separators_are_read(pair: Callable[..., Path], separator: str) -> None:
    def excel(lines: list[str], quote: str = "") -> str:
        cells = [[f"{quote}{cell}{quote}" for cell in line.split(",")] for line in (HEADER, *lines)]
        return "\n".join(separator.join(row).replace(".", ",") for row in cells) + "\n"

    plain = open_recording(pair(table(*rows()))).left
    assert plain is not None
    for text in (excel(rows()), excel(rows(), '"'), excel(rows()) + separator.join(["4,00", "0,1"])):
        read = open_recording(pair(text)).left
        assert read is not None and read.gyr is not None and plain.gyr is not None
        assert np.array_equal(read.time_s, plain.time_s)
        assert np.array_equal(read.acc, plain.acc)
        assert np.array_equal(read.gyr, plain.gyr)
    whole = ["0,0,0,10,1,2,3", "0.01,0,0,10,1,2,3", "0.02,0,1e-3,10,1,2,3"]
    stream = open_recording(pair(excel(whole)) / "left.csv", side="left").left
    assert stream is not None and stream.acc[2, 1] == 0.001
    for mixed in (
        excel(rows()).replace("9,75", "9.75"),
        excel(rows()).replace("9,75", "9.750,5"),
        excel(rows()).replace(",", ".").replace("9.75", "9,75"),
    ):
        assert "column acc_z" in refused(pair(mixed))


def test_utf16(pair: Callable[..., Path]) -> None:
    recording = open_recording(pair(table(*rows()).encode("utf-16")))
    assert len(recording.left or ()) == 400
    assert "utf16" in codes(recording)
    assert "UTF-16" in refused(pair(table(*rows()).encode("utf-16-le")))
    assert refused(pair(table(*rows()).encode("utf-16") + b"\x00"))


def test_utf8_mark_is_no_part_of_the_first_name(pair: Callable[..., Path]) -> None:
    assert len(open_recording(pair(table(*rows()).encode("utf-8-sig"))).left or ()) == 400


def test_windows_line_ends_and_a_trailing_separator(pair: Callable[..., Path]) -> None:
    text = table(*[line + "," for line in rows()], header=HEADER + ",").replace("\n", "\r\n")
    assert len(open_recording(pair(text)).left or ()) == 400


def test_binary_garbage(pair: Callable[..., Path]) -> None:
    garbage = np.random.default_rng(0).integers(0, 256, 4000, dtype=np.uint8).tobytes()
    assert "no known format" in refused(pair(garbage))
    assert "left.csv, line 402: zero byte" in refused(pair(table(*rows()).encode() + b"\0\1\2\0" * 50))
    assert "left.csv, line 402" in refused(
        pair(table(*rows()).encode() + garbage.replace(b"\0", b"").replace(b",", b""))
    )


def test_an_endless_line_is_refused_before_it_is_read(pair: Callable[..., Path], tmp_path: Path) -> None:
    folder = pair(table(*rows()))
    with (folder / "left.csv").open("ab") as file:
        file.truncate(2**31 + 2**20)  # sparse: 2 GiB of zero bytes in one line
    assert "left.csv, line 402" in refused(folder)
    with (folder / "left.csv").open("wb") as file:
        file.write((HEADER + "\n").encode() + b"1" * (3 * MAX_LINE_BYTES))
    assert "line 2: longer than" in refused(folder)
    with gzip.open(folder / "left.csv.gz", "wb") as packed:
        packed.write((HEADER + "\n").encode() + b"1" * (3 * MAX_LINE_BYTES))
    (folder / "left.csv").unlink()
    assert "line 2: longer than" in refused(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads everything")
def test_no_permission(pair: Callable[..., Path]) -> None:
    folder = pair(table(*rows()))
    (folder / "left.csv").chmod(0)
    assert "no permission" in refused(folder)


def test_permission_errors_are_told_as_such(
    pair: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pair(table(*rows()))

    def deny(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", deny)
    assert "left.csv: no permission to read it" in refused(folder)


def test_pipes_and_sockets_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "not an ordinary file" in refused(tmp_path / "pipe.csv", side="left")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.csv"))
        assert "not an ordinary file" in refused(tmp_path / "s.csv", side="left")


def test_truncated_last_line_is_dropped_and_told(pair: Callable[..., Path]) -> None:
    for end in ("4.00,0.1,0.2", "4.00,0.1,0.2,9.8,1,2,-", "4", "4.00,"):
        recording = open_recording(pair(table(*rows()) + end))
        assert len(recording.left or ()) == 400
        assert "truncated_last_line" in codes(recording)


def test_a_short_row_in_the_middle_is_an_error(pair: Callable[..., Path]) -> None:
    assert "line 5: 3 columns where the header names 7" in refused(pair(replaced(5, "0.03,0.1,0.2")))
    assert "line 5: 8 columns where the header names 7" in refused(pair(replaced(5, "0.03,0,0,9.8,1,2,3,4")))


def test_header_faults(pair: Callable[..., Path]) -> None:
    text = table(*rows())
    assert "column acc_z is missing" in refused(pair(text.replace("acc_z", "foo")))
    assert "acc_x is named twice" in refused(pair(text.replace("acc_y", "acc_x")))
    assert "numbers where the names" in refused(pair("\n".join(rows())))
    assert "--time-unit" in refused(pair(text.replace("time_s", "time")))
    assert "--rate" in refused(pair(text.replace("time_s", "n_samples")))


def test_damaged_gzip(pair: Callable[..., Path]) -> None:
    packed = gzip.compress(table(*rows()).encode())
    assert "compressed file is damaged" in refused(pair(packed[: len(packed) // 2]))
    assert "compressed file is damaged" in refused(pair(packed[:-8] + b"\0" * 8))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "recording.json, line 1, column 2: not JSON"),
        ("[]", "schema is"),
        ('{"schema": "sidewise.recording/9"}', "sidewise.recording/9"),
        ('{"schema": "sidewise.recording/1", "rpe": "much"}', 'rpe must be a number, not "much"'),
        ('{"schema": "sidewise.recording/1", "placement": "nose"}', "unknown placement 'nose'"),
        ('{"schema": "sidewise.recording/1", "marks": [[3, 1]]}', "marked set 3.000 to 1.000 s is empty"),
        ('{"schema": "sidewise.recording/1", "started_at": "noon"}', "started_at must be a time such as"),
        (
            '{"schema": "sidewise.recording/1", "left": {"clock": [{"start": 0}]}}',
            "left: clock must be a list of",
        ),
        ('{"schema": "sidewise.recording/1", "left": 3}', "left: must be an object, not 3"),
        ('{"schema": "sidewise.recording/1", "sync": {"fit_s": "a"}}', "sync must be an object with numbers"),
        ('{"schema": "sidewise.recording/1", "rpe": NaN}', "rpe must be a number, not NaN"),
        ('{"schema": "sidewise.recording/1", "sport": 1, "tag": []}', "tag must be a text, not []"),
        ('{"schema": "sidewise.recording/1", "left": {"acc_unit": "g"}}', 'acc_unit must be "m/s2"'),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_faulty_sidecar(pair: Callable[..., Path], text: str, said: str) -> None:
    folder = pair(table(*rows()))
    (folder / store.SIDECAR).write_text(text)
    assert said in refused(folder)


def test_usage(pair: Callable[..., Path]) -> None:
    folder = pair(table(*rows()))
    left, right = folder / "left.csv", folder / "right.csv"
    for paths, flags in (
        ((), {}),
        ((left, right, left), {}),
        ((left, right), {"side": "left"}),
        ((left,), {"side": "middle"}),
        ((), {"left": left, "side": "right"}),
    ):
        with pytest.raises(UsageError):
            open_recording(*paths, **flags)  # type: ignore[arg-type]


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALID = table(*rows(30)).encode()


def opens_or_is_refused(path: Path, **flags: object) -> None:
    try:
        open_recording(path, side="left", **flags)  # type: ignore[arg-type]
    except BadInput as error:
        assert error.problems
        assert all("\n" not in problem for problem in error.problems)


@FUZZ
@given(data=st.binary(max_size=300))
def test_arbitrary_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "fuzz.csv"
    path.write_bytes(data)
    opens_or_is_refused(path)


@FUZZ
@given(
    at=st.integers(0, len(VALID)),
    length=st.integers(0, 40),
    insert=st.one_of(
        st.binary(max_size=20), st.text("0123456789.,;-+eEnaNif\r\n\t \"'_", max_size=20).map(str.encode)
    ),
)
def test_a_damaged_table(tmp_path: Path, at: int, length: int, insert: bytes) -> None:
    path = tmp_path / "fuzz.csv"
    path.write_bytes(VALID[:at] + insert + VALID[at + length :])
    opens_or_is_refused(path)


@FUZZ
@given(data=st.data())
def test_a_damaged_recording_folder(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "recording"
    if not folder.exists():
        with store.RecordingWriter(folder, {"athlete": "a"}) as writer:
            t = np.arange(40) / 20
            acc, gyr = np.tile([0.1, 0.2, 9.8], (40, 1)), np.tile([1.0, 2.0, 3.0], (40, 1))
            for side in ("left", "right"):
                writer.append(side, host_time_s=t, device_time_s=t, seq=np.arange(40), acc=acc, gyr=gyr)  # type: ignore[arg-type]
            writer.mark(0.5, 1.5)
        for name in ("recording.json", "left.csv"):
            (tmp_path / name).write_bytes((folder / name).read_bytes())
    name = data.draw(st.sampled_from(["recording.json", "left.csv"]))
    whole = (tmp_path / name).read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, 60))
    insert = data.draw(
        st.one_of(st.binary(max_size=10), st.sampled_from([b"null", b"-1", b"1e400", b"[]", b"{}", b'"x"']))
    )
    (folder / name).write_bytes(whole[:at] + insert + whole[at + length :])
    try:
        opens_or_is_refused(folder)
    finally:
        (folder / name).write_bytes(whole)
