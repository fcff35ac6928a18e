"""Profiles: golden frames of the shipped ones, layouts, and every mistake named with its line."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest
from conversation import connect, joined, motion, run
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing.devices import Advert, Subscribe, Write, driver, drivers, profile
from sensing.devices.profile import load_profile, parse_profile
from sensing.errors import UsageError
from sensing.recording import GRAVITY
from sensing.toml_checks import key_lines

SHIPPED = Path(__file__).parents[3] / "sensing" / "devices" / "profiles"

HEAD = """\
schema = "sidewise.device/1"
name = "own"
service = "180a"
rates = [50, 100]
mtu_min = 100
[match]
name = "Own *"
"""

STREAM = """\
[[stream]]
characteristic = "2a01"
[[stream.field]]
axes = ["acc_x", "acc_y", "acc_z"]
type = "i16"
offset = 0
unit = "mg"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(UsageError) as caught:
        parse_profile(text, "own.toml")
    assert caught.value.exit_code == 2
    return str(caught.value).splitlines()


def test_golden_frame_of_the_thingy() -> None:
    # A Thingy on a table (Nordic DevZone 47415): FAFF F4FF F603 = -6, -12, 1014, over 1024: z reads +0.990 g,
    # positive downwards, so that the specific force is the opposite.
    # gyr 0x0020 = 32: 1 deg/s; 0xFFE0 = -32: -1; 0x0C80 = 3200: 100. The magnetometer is not read.
    frame = bytes.fromhex("faff f4ff f603 2000 e0ff 800c 1122 3344 5566")
    each = driver("thingy52")
    (batch,) = each.decoder(each.plan(100)).feed("ef680406-9b35-4933-9b10-52ffa9740042", frame)
    np.testing.assert_allclose(batch.acc, np.array([[6, 12, -1014]]) / 1024 * GRAVITY, rtol=1e-15)
    np.testing.assert_array_equal(batch.gyr, [[1.0, -1.0, 100.0]])
    (init,) = (step for step in each.plan(200).prepare if isinstance(step, Write))
    assert init.data == struct.pack("<HHHHB", 1000, 1000, 1000, 200, 0)


def test_golden_frames_of_blue_st_and_their_wrap() -> None:
    each = driver("bluest")
    decoder = each.decoder(each.plan(50))
    # 0xFFFE = 65534 ticks of 8 ms; 1000 = 0x03E8 mg; -1000 = 0xFC18; 123 = 0x007B tenths of a deg/s
    rest = bytes.fromhex("e803 18fc 0000 7b00 0000 85ff 0000 0000 0000")
    (first,) = decoder.feed("00e00000-0001-11e1-ac36-0002a5d5c51b", bytes.fromhex("feff") + rest)
    (second,) = decoder.feed("00e00000-0001-11e1-ac36-0002a5d5c51b", bytes.fromhex("0100") + rest)
    np.testing.assert_allclose(first.acc, [[GRAVITY, -GRAVITY, 0]], rtol=1e-15)
    np.testing.assert_allclose(first.gyr, [[12.3, 0, -12.3]], rtol=1e-15)
    assert first.device_time_s is not None
    assert second.device_time_s is not None
    assert second.device_time_s[0] - first.device_time_s[0] == pytest.approx(3 * 0.008)


def test_golden_frame_of_home_made_firmware_and_lost_frames() -> None:
    each = driver("homemade")
    decoder = each.decoder(each.plan(100))
    uuid = "51de0003-7a1b-4c6e-9d0a-5eab1e5e0001"
    # counter 65535, 2 s = 0x001E8480 us, two samples; 2048 = 0x0800: 1 g; 16384 = 0x4000: 1000 deg/s
    two = bytes.fromhex("0008 0000 0000 0040 0000 0000") + bytes(12)
    (batch,) = decoder.feed(uuid, bytes.fromhex("ffff 80841e00") + two)
    np.testing.assert_allclose(batch.acc, [[GRAVITY, 0, 0], [0, 0, 0]], rtol=1e-15)
    np.testing.assert_array_equal(batch.gyr, [[1000.0, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(batch.device_time_s, [2.0, 2.01], rtol=1e-12)
    assert batch.seq is not None
    # The counter wraps to 0, then 1 and 2 are lost: four samples.
    (next_one,) = decoder.feed(uuid, struct.pack("<HI", 0, 2_020_000) + two)
    (later,) = decoder.feed(uuid, struct.pack("<HI", 3, 2_080_000) + two)
    assert next_one.seq is not None
    assert later.seq is not None
    assert (next_one.seq - batch.seq[0]).tolist() == [2, 3]
    assert (later.seq - batch.seq[0]).tolist() == [8, 9]
    assert decoder.feed(uuid, struct.pack("<HI", 3, 2_080_000) + two) == ()
    assert decoder.feed(uuid, struct.pack("<HI", 4, 2_100_000) + two[:-1]) == ()
    assert decoder.counts.rejected == 2


def test_a_profile_of_ones_own_is_loaded_from_any_path(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text((SHIPPED / "homemade.toml").read_text(encoding="utf-8").replace('"homemade"', '"mine"'))
    each = driver(str(path))
    assert each.name == "mine"
    assert len(load_profile(path).layouts) == 1


def test_a_profile_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_profile(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(UsageError, match="not UTF-8"):
        load_profile(tmp_path / "bad.toml")


WIT_LIKE = (
    HEAD
    + """\
[[stream]]
characteristic = "2a01"
sync = "55 61"
length = 20
start = 2
count = 1
[[stream.field]]
axes = ["acc_x", "acc_y", "acc_z"]
type = "i16"
offset = 0
scale = 0.00048828125
unit = "g"
[[stream.field]]
axes = ["gyr_x", "gyr_y", "gyr_z"]
type = "i16"
offset = 6
scale = 0.06103515625
unit = "deg/s"
"""
)


def test_a_byte_stream_reads_as_the_witmotion_driver_reads_it() -> None:
    own, wit = parse_profile(WIT_LIKE), driver("witmotion")
    batch = motion(wit.plan(100), 50)
    stream = b"".join(packet.payload for packet in wit.encode(wit.plan(100), batch))
    plan = own.plan(100)
    assert plan.start == (Subscribe("00002a01-0000-1000-8000-00805f9b34fb"),)
    mine, theirs = own.decoder(plan), wit.decoder(wit.plan(100))
    pieces = [stream[at : at + 17] for at in range(0, len(stream), 17)]
    got = joined(
        each for piece in pieces for each in mine.feed("00002a01-0000-1000-8000-00805f9b34fb", piece)
    )
    want = joined(
        each for piece in pieces for each in theirs.feed("0000ffe4-0000-1000-8000-00805f9a34fb", piece)
    )
    np.testing.assert_allclose(got.acc, want.acc, rtol=1e-12)
    assert got.gyr is not None
    np.testing.assert_array_equal(got.gyr, want.gyr)


PLANAR = (
    HEAD
    + """\
[[stream]]
characteristic = "2a01"
layout = "planar"
count = "to_end"
start = 5
[[stream.check]]
offset = 0
hex = "a5"
[stream.timestamp]
type = "u32"
offset = 1
unit = "ms"
sample = "last"
[[stream.field]]
axes = ["acc_x", "acc_y", "acc_z"]
type = "f32"
unit = "m/s2"
[[stream.field]]
axes = ["gyr_z", "gyr_y", "-gyr_x"]
type = "i16be"
scale = 0.1
unit = "deg/s"
"""
)

TWO = (
    HEAD
    + """\
[[init]]
characteristic = "2a02"
hex = "01 {rate}"
reply_characteristic = "2a03"
reply_hex = "81 00"
[[start]]
characteristic = "2a02"
hex = "02"
[[start]]
characteristic = "2a02"
hex = "03"
[[stop]]
characteristic = "2a02"
hex = "04"
[rate_codes]
50 = "32"
100 = "64"
[[stream]]
characteristic = "2a01"
count = 3
start = 2
[[stream.check]]
offset = 0
hex = "03 05"
[[stream.field]]
axes = ["acc_x", "acc_y", "acc_z"]
type = "i16"
offset = 0
unit = "mg"
[[stream]]
characteristic = "2a01"
count = 3
start = 2
[[stream.check]]
offset = 0
hex = "13 05"
[[stream.field]]
axes = ["gyr_x", "gyr_y", "gyr_z"]
type = "i16"
offset = 0
scale = 0.1
unit = "deg/s"
"""
)

TIMED = TWO.replace("start = 2\n", "start = 6\n[stream.timestamp]\ntype = 'u32'\noffset = 2\nunit = 'ms'\n")


@pytest.mark.parametrize("text", [WIT_LIKE, PLANAR, TWO, TIMED], ids=["stream", "planar", "two", "timed"])
@pytest.mark.parametrize("rate", [50, 100])
def test_every_layout_survives_the_way_through_the_bytes(text: str, rate: int) -> None:
    own = parse_profile(text)
    plan, decoder, state = connect(own, rate)
    assert state.streaming
    batch = motion(plan, 20)
    got = joined(
        each
        for packet in own.encode(plan, batch)
        for each in decoder.feed(packet.characteristic, packet.payload)
    )
    assert len(got) >= len(batch) - 1
    np.testing.assert_allclose(got.acc, batch.acc[: len(got)], atol=0.006)
    assert got.gyr is not None
    assert batch.gyr is not None
    np.testing.assert_allclose(got.gyr, batch.gyr[: len(got)], atol=0.051)


def test_the_virtual_device_of_a_profile_starts_only_when_all_of_start_came() -> None:
    own = parse_profile(TWO)
    peripheral = own.peripheral()
    plan = own.plan(100)
    state, heard = run(peripheral, peripheral.state, (*plan.prepare, plan.start[0]))
    assert not state.streaming
    assert [packet.payload.hex() for packet in heard] == ["8100"]
    state, _ = run(peripheral, state, plan.start[1:])
    assert state.streaming
    assert state.rate_hz == 100
    state, _ = run(peripheral, state, plan.stop)
    assert not state.streaming


def test_all_that_match_names_must_fit() -> None:
    own = parse_profile(HEAD + "company = 0x30\n" + STREAM)
    assert own.matches(Advert("Own 7", companies=frozenset({0x30})))
    assert not own.matches(Advert("Own 7"))
    assert not own.matches(Advert("Other", companies=frozenset({0x30})))


def test_text_that_is_no_toml_is_told_with_line_and_column() -> None:
    assert problems("schema = \nname") == ["own.toml:1:10: not TOML: Invalid value"]


def test_all_mistakes_are_listed_with_their_lines() -> None:
    text = """\
schema = "sidewise.device/2"
name = ""
service = "ffe5 "
rates = [100, 50]
mtu_min = 5
colour = "red"
[match]
nam = "Own"
[[init]]
characteristic = "2a02"
hex = "0g"
[[stop]]
characteristic = "2a02"
hex = "{rate}"
[[stream]]
characteristic = "2a01"
sync = "55"
[stream.timestamp]
type = "i16"
offset = 0
unit = "us"
[[stream.field]]
axes = ["acc_x", "acc_y", "gyr_z"]
type = "i16"
offset = 0
unit = "mg"
[[stream.field]]
axes = ["gyr_x"]
type = "i16"
unit = "mg"
"""
    found = problems(text)
    lines = [int(line.split(":")[1]) for line in found]
    assert lines == sorted(lines)
    expected = {
        1: "schema must be one of sidewise.device/1",
        2: "name must be a text",
        3: "service must be a UUID",
        4: "rates must be increasing rates",
        5: "mtu_min must be a whole number from 23 to 517",
        6: "unknown key 'colour'",
        7: "[match] needs at least one of",
        8: "unknown key 'nam'; did you mean 'name'?",
        11: "hex must be bytes in hexadecimal",
        14: "{rate} cannot be used in stop",
        19: "type must be one of u8, u16, u32",
        23: "axes must be axes of one sensor",
        30: "unit of gyr must be one of deg/s",
    }
    for line, start in expected.items():
        assert any(text.startswith(f"own.toml:{line}: {start}") for text in found), (line, start, found)
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("offset = 0\n", ""), 10, "'offset' is missing in [stream.field]"),
        (('"acc_z"]', '"acc_y"]'), 8, "axes x, y and z once each"),
        (('"2a01"\n', '"2a01"\nlength = 4\n'), 10, "length must be at least 6"),
        (('"2a01"\n', '"2a01"\nsync = "55"\n'), 10, "a byte stream needs a length and a fixed count"),
        (('"2a01"\n', '"2a01"\nstride = 3\n'), 10, "stride must be at least 6"),
        (('"2a01"\n', '"2a01"\nstart = 120\n'), 8, "needs mtu_min = 129"),
        (('"2a01"\n', '"2a01"\n[stream.seq]\ntype = "u16"\noffset = 5\n'), 10, "seq ends at byte 7"),
        (("[[stream]]", "[stream]"), 8, "stream must be written as [[stream]]"),
        (('"2a01"\n', '"2a01"\nfield = 3\n[[stream]]\n'), 8, "2 streams"),
        (("mtu_min = 100\n", "mtu_min = 100\ndefault_rate = 70\n"), 6, "default_rate must be one of rates"),
        (
            ("[[stream]]", '[[init]]\ncharacteristic = "2a02"\nhex = "{rate}"\n[[stream]]'),
            10,
            "for 50, 100 Hz",
        ),
        (("[[stream]]", '[rate_codes]\n75 = "01"\n[[stream]]'), 9, "75 is not one of rates"),
        (('unit = "mg"\n', 'unit = "mg"\n' + STREAM), 8, "acc once and gyr at most once"),
    ],
)
def test_each_mistake_is_named_where_it_is(change: tuple[str, str], line: int, says: str) -> None:
    text = (HEAD + STREAM).replace(*change)
    assert text != HEAD + STREAM
    if says == "2 streams":
        assert any("field must be written as [[stream.field]]" in each for each in problems(text))
        return
    found = problems(text)
    assert any(each.startswith(f"own.toml:{line}: ") and says in each for each in found), found


def test_a_wrong_unit_is_told_beside_a_wrong_type() -> None:
    text = HEAD + STREAM.replace('"i16"', '"i17"').replace('"mg"', '"furlong"')
    with pytest.raises(UsageError) as caught:
        parse_profile(text)
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["12", "14"]


def test_every_key_of_a_profile_and_every_driver_stands_in_the_guide() -> None:
    guide = (SHIPPED.parents[2] / "docs" / "recording.md").read_text(encoding="utf-8")
    tables = [
        value for name, value in vars(profile).items() if name.startswith("_") and isinstance(value, dict)
    ]
    keys = {key for table in tables for key, rule in table.items() if isinstance(rule, tuple)}
    assert len(keys) > 30
    for word in (*keys, *profile.TYPES, *drivers()):
        assert re.search(rf"[`\[.]{re.escape(word.removesuffix('be'))}[`\]]", guide), word


def test_a_missing_stream_is_a_mistake() -> None:
    assert any("at least one [[stream]]" in each for each in problems(HEAD))


def test_lines_of_keys_and_tables() -> None:
    lines = key_lines('a = 1\n[b]\n"c d" = 2\n[[e]]\nf = 1\n[[e]]\n[[e.g]]\nh.i = 2 # [x]\n[e.j]\nk = 1\n')
    assert lines == {
        ("a",): 1,
        ("b",): 2,
        ("b", "c d"): 3,
        ("e",): 4,
        ("e", 0): 4,
        ("e", 0, "f"): 5,
        ("e", 1): 6,
        ("e", 1, "g"): 7,
        ("e", 1, "g", 0): 7,
        ("e", 1, "g", 0, "h", "i"): 8,
        ("e", 1, "j"): 9,
        ("e", 1, "j", "k"): 10,
    }


@settings(max_examples=200, deadline=None)
@given(
    text=st.sampled_from([WIT_LIKE, PLANAR, TWO, (SHIPPED / "homemade.toml").read_text(encoding="utf-8")]),
    data=st.data(),
)
def test_a_damaged_profile_is_read_or_refused_and_never_breaks(text: str, data: st.DataObject) -> None:
    lines = text.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        key = lines[at].split("=")[0]
        values = [
            "",
            "[[",
            f"{key}= 7",
            f"{key}= -1.5",
            f"{key}= 'x'",
            f"{key}= []",
            f"{key}= {{a = 1}}",
            f"{key}= [1, 'a']",
        ]
        lines[at] = data.draw(st.sampled_from([*values, lines[data.draw(st.integers(0, len(lines) - 1))]]))
    try:
        own = parse_profile("\n".join(lines), "own.toml")
    except UsageError as error:
        assert all(line.startswith("own.toml:") for line in str(error).splitlines())
        return
    plan = own.plan()
    decoder = own.decoder(plan)
    for layout in own.layouts:
        for size in range(0, 60, 7):
            decoder.feed(layout.characteristic, bytes(size))
