"""Reads device profiles: TOML to a `Profile`, or all its mistakes, each with its line.

The tables below are the keys that a profile may have, with what they must be and what they are if missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from sensing import toml_checks as check
from sensing.devices import Battery
from sensing.devices import profile_values as ble
from sensing.devices.decoding import Channel
from sensing.devices.generic import Command, Counter, Field, Layout, Profile
from sensing.recording import GRAVITY
from sensing.toml_checks import REQUIRED, Problems

SCHEMA: Final = "sidewise.device/1"
UNSEEN_LATENCY_S: Final = 0.035
"""Bound where nothing more is known: a connection interval of 30 ms, and 5 ms of scheduling."""

TYPES: Final[Mapping[str, str]] = {
    "i8": "i1", "u8": "u1", "i16": "<i2", "u16": "<u2", "i32": "<i4", "u32": "<u4", "f32": "<f4",
    "i16be": ">i2", "u16be": ">u2", "i32be": ">i4", "u32be": ">u4", "f32be": ">f4",
}  # fmt: skip
_COUNTERS: Final = tuple(name for name in TYPES if name.startswith("u"))
UNITS: Final[Mapping[Channel, Mapping[str, float]]] = {
    "acc": {"m/s2": 1.0, "g": GRAVITY, "mg": GRAVITY / 1000},
    "gyr": {"deg/s": 1.0, "mdeg/s": 1e-3, "rad/s": 180 / math.pi},
}
TIME_UNITS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def load_profile(path: str | Path) -> Profile:
    """The driver that a profile describes.

    Parameters
    ----------
    path : str or Path
        A TOML file.

    Raises
    ------
    UsageError
        If it cannot be read or is faulty: every mistake, a line each, with file and line.
    """
    return parse_profile(check.read_text(path), str(path))


def parse_profile(text: str, source: str = "profile") -> Profile:
    """The driver that a profile's text describes.

    Raises
    ------
    UsageError
        If it is faulty: every mistake, a line each, with ``source`` and line.
    """
    data, problems = check.parse(text, source)
    top = check.read_table(data, (), _TOP, problems)
    match = check.read_table(data.get("match", {}), ("match",), _MATCH, problems)
    if not any(value is not None for value in match.values()):
        problems.add(("match",), "[match] needs at least one of name, service and company")
    codes = _rate_codes(data.get("rate_codes", {}), top["rates"] or (), problems)
    uncoded = [rate for rate in top["rates"] or () if rate not in codes]
    commands = {key: _commands(data.get(key), key, uncoded, problems) for key in _COMMANDS}
    if top["default_rate"] is not None and top["rates"] and top["default_rate"] not in top["rates"]:
        problems.add(("default_rate",), "default_rate must be one of rates")
    layouts = tuple(
        layout
        for path, each in check.tables(data.get("stream"), ("stream",), problems)
        if (layout := _layout(each, path, problems)) is not None
    )
    if not data.get("stream"):
        problems.add((), "at least one [[stream]] is needed")
    battery = _battery(data.get("battery"), problems)
    if not problems.found:
        _check_cover(layouts, top["mtu_min"], problems)
    problems.raise_if_any()
    sensors = [sensor for layout in layouts for sensor in layout.sensors]
    return Profile(
        name=top["name"],
        title=top["title"] or top["name"],
        rates=top["rates"],
        default_rate=top["default_rate"] or top["rates"][0],
        device_clock=all(layout.time for layout in layouts),
        unseen_latency_s=top["unseen_latency_s"],
        battery=battery,
        has_gyr="gyr" in sensors,
        match_name=match["name"],
        match_service=match["service"],
        match_company=match["company"],
        service=top["service"],
        init=commands["init"],
        begin=commands["start"],
        end=commands["stop"],
        blink=commands["identify"],
        rate_codes=codes,
        layouts=layouts,
        mtu_min=top["mtu_min"],
        acc_range=None if top["acc_range_g"] is None else top["acc_range_g"] * GRAVITY,
        gyr_range=top["gyr_range_dps"] if "gyr" in sensors else None,
    )


def _known(value: Any) -> Any:
    """A part that is checked elsewhere."""
    return value


_COMMANDS: Final = ("init", "start", "stop", "identify")
_TOP: Final = {
    "schema": (check.one_of(SCHEMA), REQUIRED),
    "name": (check.text, REQUIRED),
    "title": (check.text, None),
    "service": (ble.uuid, REQUIRED),
    "rates": (ble.rates, REQUIRED),
    "default_rate": (check.number(0, 4000), None),
    "mtu_min": (check.integer(23, 517), 23),
    "acc_range_g": (check.number(0.1, 1000), None),
    "gyr_range_dps": (check.number(1, 100_000), None),
    "unseen_latency_s": (check.number(0, 1), UNSEEN_LATENCY_S),
    **dict.fromkeys(("match", "rate_codes", "battery", "stream", *_COMMANDS), (_known, None)),
}
_MATCH: Final = {
    "name": (check.text, None),
    "service": (ble.uuid, None),
    "company": (check.integer(0, 0xFFFF), None),
}
_COMMAND: Final = {
    "characteristic": (ble.uuid, REQUIRED),
    "hex": (ble.template, REQUIRED),
    "response": (check.flag, True),
    "delay_s": (check.number(0, 10), 0.0),
    "reply_characteristic": (ble.uuid, None),
    "reply_hex": (ble.hexadecimal, None),
}
_STREAM: Final = {
    "characteristic": (ble.uuid, REQUIRED),
    "sync": (ble.hexadecimal, None),
    "length": (check.integer(1, 512), None),
    "count": (ble.count, 1),
    "start": (check.integer(0, 511), 0),
    "stride": (check.integer(1, 511), None),
    "layout": (check.one_of("interleaved", "planar"), "interleaved"),
    **dict.fromkeys(("check", "timestamp", "seq", "field"), (_known, None)),
}
_CHECK: Final = {"offset": (check.integer(0, 511), REQUIRED), "hex": (ble.hexadecimal, REQUIRED)}
_TIMESTAMP: Final = {
    "type": (check.one_of(*_COUNTERS), REQUIRED),
    "offset": (check.integer(0, 511), REQUIRED),
    "bits": (check.integer(8, 32), None),
    "unit": (check.one_of(*TIME_UNITS), REQUIRED),
    "scale": (check.number(1e-9, 1e9), 1.0),
    "sample": (check.one_of("first", "last"), "first"),
}
_SEQ: Final = {
    "type": (check.one_of(*_COUNTERS), REQUIRED),
    "offset": (check.integer(0, 511), REQUIRED),
    "bits": (check.integer(4, 32), None),
    "counts": (check.one_of("frames", "samples"), "frames"),
}
_FIELD: Final = {
    "axes": (ble.axes, REQUIRED),
    "type": (check.one_of(*TYPES), REQUIRED),
    "offset": (check.integer(0, 511), None),
    "scale": (check.number(1e-12, 1e6), 1.0),
    "unit": (check.text, REQUIRED),
}
_BATTERY: Final = {
    "characteristic": (ble.uuid, REQUIRED),
    "type": (check.one_of(*TYPES), "u8"),
    "offset": (check.integer(0, 511), 0),
    "scale": (check.number(1e-9, 1e6), 1.0),
}


def _rate_codes(data: Any, rates: tuple[float, ...], problems: Problems) -> dict[float, str]:
    codes: dict[float, str] = {}
    if not isinstance(data, dict):
        problems.add(("rate_codes",), "rate_codes must be a table")
    for key, value in data.items() if isinstance(data, dict) else ():
        path = ("rate_codes", key)
        try:
            rate = float(key)
            codes[rate] = ble.hexadecimal(value).hex()
        except ValueError as error:
            problems.add(path, f"a rate code is a rate and bytes in hexadecimal: {error}")
            continue
        if rate not in rates:
            problems.add(path, f"{key} is not one of rates")
    return codes


def _commands(data: Any, key: str, uncoded: list[float], problems: Problems) -> tuple[Command, ...]:
    commands = []
    for path, each in check.tables(data, (key,), problems):
        values = check.read_table(each, path, _COMMAND, problems)
        if values["hex"] and "{rate}" in values["hex"]:
            if key in ("stop", "identify"):
                problems.add((*path, "hex"), f"{{rate}} cannot be used in {key}")
            elif uncoded:
                missing = ", ".join(f"{rate:g}" for rate in uncoded)
                problems.add((*path, "hex"), f"{{rate}} needs [rate_codes] for {missing} Hz")
        if (values["reply_characteristic"] is None) != (values["reply_hex"] is None):
            problems.add(path, "reply_characteristic and reply_hex go together")
        if values["characteristic"] and values["hex"]:
            commands.append(Command(**values))
    return tuple(commands)


def _battery(data: Any, problems: Problems) -> Battery | None:
    if data is None:
        return None
    values = check.read_table(data, ("battery",), _BATTERY, problems)
    dtype = np.dtype(TYPES[values["type"] or "u8"])

    def decode(payload: bytes) -> float | None:
        if len(payload) < values["offset"] + dtype.itemsize:
            return None
        level = float(np.frombuffer(payload, dtype, 1, values["offset"])[0]) * float(values["scale"])
        return level if 0 <= level <= 100 else None

    return Battery(values["characteristic"] or "", decode)


def _counter(data: Any, path: check.Path, keys: Mapping[str, Any], problems: Problems) -> Counter | None:
    if data is None:
        return None
    values = check.read_table(data, path, keys, problems)
    if values["type"] is None or values["offset"] is None:
        return None
    dtype = np.dtype(TYPES[values["type"]])
    bits = values["bits"] or 8 * dtype.itemsize
    if bits > 8 * dtype.itemsize:
        problems.add((*path, "bits"), f"{values['type']} has only {8 * dtype.itemsize} bits")
    return Counter(
        dtype,
        values["offset"],
        bits,
        step=TIME_UNITS.get(values.get("unit", "s"), 1.0) * values.get("scale", 1.0),
        stamped=values.get("sample", "first"),
        counts_samples=values.get("counts") == "samples",
    )


def _layout(data: Any, path: check.Path, problems: Problems) -> Layout | None:
    before = len(problems.found)
    values = check.read_table(data, path, _STREAM, problems)
    data = data if isinstance(data, dict) else {}
    time = _counter(data.get("timestamp"), (*path, "timestamp"), _TIMESTAMP, problems)
    seq = _counter(data.get("seq"), (*path, "seq"), _SEQ, problems)
    checks = [
        (found["offset"], found["hex"])
        for where, each in check.tables(data.get("check"), (*path, "check"), problems)
        if (found := check.read_table(each, where, _CHECK, problems))["hex"]
    ]
    if not data.get("field"):
        problems.add(path, "a stream needs at least one [[stream.field]]")
    planar = values["layout"] == "planar"
    fields = _fields(data.get("field"), (*path, "field"), planar=planar, problems=problems)
    if len(problems.found) > before:
        return None
    if values["sync"]:
        checks.insert(0, (0, values["sync"]))
    sizes = [field.size for field in fields] if planar else [field.offset + field.size for field in fields]
    needed = sum(sizes) if planar else max(sizes)
    layout = Layout(
        characteristic=values["characteristic"],
        sync=values["sync"],
        length=values["length"],
        checks=tuple(checks),
        count=values["count"],
        start=values["start"],
        stride=needed if planar else values["stride"] or needed,
        planar=planar,
        fields=fields,
        time=time,
        seq=seq,
    )
    _check_layout(layout, needed, path, problems)
    return layout


def _fields(data: Any, path: check.Path, *, planar: bool, problems: Problems) -> tuple[Field, ...]:
    fields = []
    for where, each in check.tables(data, path, problems):
        values = check.read_table(each, where, _FIELD, problems)
        if values["axes"] is None or values["unit"] is None:
            continue
        sensor: Channel = values["axes"][0][0]
        unit = UNITS[sensor].get(values["unit"])
        if unit is None:
            problems.add((*where, "unit"), f"unit of {sensor} must be one of {', '.join(UNITS[sensor])}")
        if unit is None or values["type"] is None:
            continue
        if values["offset"] is None and not planar:
            problems.add(where, "'offset' is missing in [stream.field]; only planar fields have none")
            continue
        fields.append(
            Field(
                sensor,
                tuple(column for _, column, _ in values["axes"]),
                tuple(sign for _, _, sign in values["axes"]),
                np.dtype(TYPES[values["type"]]),
                values["offset"] or 0,
                values["scale"] * unit,
            )
        )
    return tuple(fields)


def _check_layout(layout: Layout, needed: int, path: check.Path, problems: Problems) -> None:
    """Mistakes that show only when all of a stream is known."""
    if layout.stride < needed:
        problems.add((*path, "stride"), f"stride must be at least {needed}, where the fields end")
    if layout.sync and (layout.length is None or layout.count is None):
        problems.add((*path, "sync"), "a byte stream needs a length and a fixed count")
    samples = layout.count or 1
    end = layout.start + samples * layout.stride
    if layout.length is not None and layout.length < end:
        problems.add((*path, "length"), f"length must be at least {end}, where the samples end")
    header = [(at + len(data), "check") for at, data in layout.checks]
    header += [(each.end, key) for each, key in ((layout.time, "timestamp"), (layout.seq, "seq")) if each]
    for last, key in header:
        if last > (layout.length or end):
            problems.add((*path, key), f"{key} ends at byte {last}, beyond the frame")
    for sensor in layout.sensors:
        fields = [field for field in layout.fields if field.sensor == sensor]
        if sorted(column for field in fields for column in field.columns) != [0, 1, 2]:
            problems.add(path, f"a stream with {sensor} must have its axes x, y and z once each")


def _check_cover(layouts: tuple[Layout, ...], mtu_min: int, problems: Problems) -> None:
    """Mistakes between streams."""
    sensors = [sensor for layout in layouts for sensor in layout.sensors]
    if sensors.count("acc") != 1 or sensors.count("gyr") > 1:
        problems.add(("stream",), "the streams together must have acc once and gyr at most once")
    if len({bool(layout.time) for layout in layouts}) > 1:
        problems.add(("stream",), "either all streams have a timestamp, or none")
    for k, (one, two) in enumerate(pairwise(layouts)):
        if one.characteristic == two.characteristic and (one.sync or two.sync):
            problems.add(("stream", k + 1), "streams with sync cannot share a characteristic")
    for k, layout in enumerate(layouts):
        size = layout.length or layout.start + (layout.count or 1) * layout.stride
        if not layout.sync and size > mtu_min - 3:
            problems.add(("stream", k), f"a frame of {size} bytes needs mtu_min = {size + 3}")


def _shipped() -> tuple[Profile, ...]:
    found = [
        each for each in (files("sensing.devices") / "profiles").iterdir() if each.name.endswith(".toml")
    ]
    found.sort(key=lambda each: each.name)
    return tuple(parse_profile(each.read_text(encoding="utf-8"), each.name) for each in found)


DRIVERS: Final = _shipped()
