"""One grid for both sides: nothing invented in gaps, nothing distorted, no side preferred."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.faults import MAX_BRIDGE_S, clipped, find_faults
from analysis.timeline import Grid, align, mean_rate
from sensing.errors import BadInput
from sensing.recording import Recording, Side, Stream, gaps_from_times, lost_from_gaps


def stream(side, time_s, rate_hz, wave_hz=2.0, **kwargs):
    wave = np.sin(2 * np.pi * wave_hz * time_s)
    acc = np.column_stack([wave, 0 * wave, 9.81 + 0 * wave])
    gyr = 100 * np.column_stack([wave, wave, 0 * wave])
    gaps = gaps_from_times(time_s, rate_hz)
    return Stream(
        side=side,
        time_s=time_s,
        acc=acc,
        gyr=gyr,
        rate_hz=rate_hz,
        gaps=gaps,
        lost=lost_from_gaps(gaps, rate_hz),
        **kwargs,
    )


def tracks(recording):
    return align(recording).tracks()


def pair(left_time, right_time, left_rate=100.0, right_rate=100.0, **kwargs):
    return Recording(
        left=stream(Side.LEFT, left_time, left_rate, **kwargs),
        right=stream(Side.RIGHT, right_time, right_rate, **kwargs),
    )


@given(st.floats(0, 0.01), st.integers(1, 4000), st.integers(500, 1900))
def test_a_part_of_a_recording_lies_on_the_grid_of_the_whole(offset, first, length):
    time = np.arange(6000) / 99.7
    whole = pair(time, offset + time * (1 + 3e-5))
    streams = list(whole.streams())
    grid = Grid.shared([own.start_s for own in streams], [mean_rate(own) for own in streams])
    part = pair(*(own.time_s[first : first + length] for own in streams))
    for side, track in align(part, grid).tracks().items():
        every = tracks(whole)[side]
        at = round((track.start_s - every.start_s) * every.rate_hz)
        inner = slice(3, len(track) - 3)
        near = slice(at + 3, at + len(track) - 3)
        np.testing.assert_allclose(track.time_s[inner], every.time_s[near], atol=1e-9)
        np.testing.assert_allclose(track.gyr[inner], every.gyr[near], atol=1e-6)


def test_uniform_streams_are_taken_as_they_are():
    time = np.arange(1000) / 100
    recording = pair(time, time)
    aligned = tracks(recording)
    np.testing.assert_array_equal(aligned[Side.LEFT].acc, recording.left.acc)
    assert aligned[Side.LEFT].rate_hz == pytest.approx(100)
    assert aligned[Side.LEFT].valid.all()


@given(st.floats(0, 0.01), st.floats(-50e-6, 50e-6))
def test_offset_and_drift_between_clocks_are_taken_out(offset, drift):
    time = np.arange(6000) / 100
    aligned = tracks(pair(time, offset + time * (1 + drift), wave_hz=3.0))
    grid = aligned[Side.LEFT].time_s
    truth = 100 * np.sin(2 * np.pi * 3.0 * grid)
    for track in aligned.values():
        inner = slice(2, -2)
        np.testing.assert_allclose(track.gyr[inner, 0], truth[inner], atol=0.05)


def test_fast_movement_keeps_its_peak_between_samples():
    time = np.arange(2000) / 100
    aligned = tracks(pair(time, time + 0.005, wave_hz=8.0))
    peaks = [np.abs(track.gyr[50:-50, 0]).max() for track in aligned.values()]
    assert peaks[1] == pytest.approx(peaks[0], rel=0.01)


def with_gap(start, length, rate=100.0, seconds=20):
    time = np.arange(int(seconds * rate)) / rate
    return time[(time <= start) | (time >= start + length)]


def test_a_long_gap_is_masked_and_a_short_one_bridged():
    whole = np.arange(2000) / 100
    for length, masked in ((0.5, True), (0.04, False)):
        track = tracks(pair(with_gap(5.0, length), whole))[Side.LEFT]
        inside = (track.time_s > 5.02) & (track.time_s < 5.0 + length - 0.02)
        assert (~track.valid[inside]).all() if masked else track.valid.all()
        outside = (track.time_s < 4.99) | (track.time_s > 5.01 + length)
        assert track.valid[outside].all()


@given(st.floats(0.02, 3.0), st.floats(1.0, 15.0))
def test_nothing_beyond_the_limit_is_ever_bridged(length, start):
    recording = pair(with_gap(round(start, 2), length), np.arange(2000) / 100)
    track = tracks(recording)[Side.LEFT]
    step = 1 / track.rate_hz
    for a, b in recording.left.gaps:
        inside = (track.time_s > a + step) & (track.time_s < b - step)
        if b - a - step > MAX_BRIDGE_S:
            assert not track.valid[inside].any()


def test_slopes_do_not_reach_across_a_gap():
    time = with_gap(5.0, 0.5) + 0.003
    recording = pair(time, np.arange(2000) / 100)
    track = tracks(recording)[Side.LEFT]
    assert np.abs(track.gyr[track.valid, 0]).max() <= 100.5


def test_unequal_rates_take_the_lower_one_for_both():
    slow, fast = np.arange(1000) / 50, np.arange(4000) / 200
    aligned = tracks(pair(slow, fast, left_rate=50.0, right_rate=200.0))
    assert aligned[Side.LEFT].rate_hz == aligned[Side.RIGHT].rate_hz == pytest.approx(50)
    inner = slice(50, -50)
    np.testing.assert_allclose(aligned[Side.RIGHT].gyr[inner], aligned[Side.LEFT].gyr[inner], atol=1.5)


def test_the_grid_does_not_depend_on_which_side_is_which():
    a, b = np.arange(3000) / 100, 0.123 + np.arange(2900) / 99.9
    there = tracks(pair(a, b, right_rate=99.9))
    back = tracks(pair(b, a, left_rate=99.9))
    np.testing.assert_array_equal(there[Side.LEFT].acc, back[Side.RIGHT].acc)
    np.testing.assert_array_equal(there[Side.RIGHT].gyr, back[Side.LEFT].gyr)


def test_sides_without_common_time_are_refused():
    time = np.arange(1000) / 100
    with pytest.raises(BadInput, match="in common"):
        align(pair(time, time + 9))


def test_sides_recorded_one_after_the_other_get_grids_of_their_own():
    time = np.arange(1000) / 100
    aligned = align(replace(pair(time, time + 60), sequential=True))
    assert not aligned.shared_grid
    assert aligned.tracks()[Side.RIGHT].start_s == pytest.approx(60)


def test_stated_and_unstated_full_scale_is_seen():
    values = np.zeros((100, 3))
    values[10:14, 0] = 39.2266
    assert clipped(values, 39.2266, 18.0).sum() == 4
    assert clipped(values, None, 18.0).sum() == 4
    values[10:14, 0] = [39.1, 39.2, 39.15, 39.0]
    assert clipped(values, None, 18.0).sum() == 0


def test_held_samples_are_missing_ones():
    time = np.arange(2000) / 100
    recording = pair(time, time)
    acc, gyr = np.array(recording.left.acc), np.array(recording.left.gyr)
    acc[500:600], gyr[500:600] = acc[500], gyr[500]
    frozen = replace(recording.left, acc=acc, gyr=gyr)
    assert find_faults(frozen).held == ((pytest.approx(5.0), pytest.approx(5.99)),)
    track = tracks(replace(recording, left=frozen))[Side.LEFT]
    assert not track.valid[505:595].any()
    assert track.valid[:495].all()


@pytest.mark.parametrize("instrument", ["acc", "gyr"])
def test_an_instrument_that_stops_while_the_other_moves_is_missing(instrument):
    time = np.arange(2000) / 100
    recording = pair(time, time)
    values = np.array(getattr(recording.left, instrument))
    values[500:600] = values[500]
    broken = replace(recording.left, **{instrument: values})
    assert find_faults(broken).held == ()
    assert find_faults(broken).stuck == ((pytest.approx(5.0), pytest.approx(5.99)),)
    assert not tracks(replace(recording, left=broken))[Side.LEFT].valid[505:595].any()


def test_an_instrument_that_is_not_there_or_feels_nothing_is_not_stuck():
    sound = pair(np.arange(2000) / 100, np.arange(2000) / 100).left
    assert find_faults(sound).stuck == ()
    assert find_faults(replace(sound, gyr=np.zeros((2000, 3)))).stuck == ()
    acc, gyr = np.array(sound.acc), np.array(sound.gyr)
    acc[500:600], gyr[500:600] = acc[500], 0.1 * np.random.default_rng(1).normal(size=(100, 3))
    assert find_faults(replace(sound, acc=acc, gyr=gyr)).stuck == ()


def test_times_that_cannot_be_seconds_are_refused():
    time = np.arange(1000) * 20.0
    with pytest.raises(BadInput, match="are the times in seconds"):
        align(pair(time, time, left_rate=0.05, right_rate=0.05))


@pytest.mark.parametrize(
    "left, right, rates",
    [
        (np.arange(13) / 5, np.arange(6) / 2, (5.0, 2.0)),
        (np.arange(15) / 7, np.arange(11) / 5, (7.0, 5.0)),
        (np.r_[0:7, 400:407] / 100, np.arange(250) / 50, (100.0, 50.0)),
    ],
)
def test_a_side_of_a_few_samples_is_put_on_the_grid_of_the_slower_one(left, right, rates):
    for track in tracks(pair(left, right, *rates)).values():
        assert np.isfinite(track.acc).all() and track.rate_hz <= 1.1 * min(rates)
