"""Every code that reading or recording may put on a `Notice`."""

from __future__ import annotations

from typing import Final

NOTICES: Final = {
    "truncated_last_line": "the last line of a file was cut off and left out",
    "incomplete": "the recording ended early; what had arrived is there",
    "no_samples": "a side sent nothing",
    "not_finite": "rows with NaN, infinity or absurd numbers were left out and became gaps",
    "times_repeated": "samples shared a time stamp and were spread evenly",
    "times_uneven": "most samples share a time stamp, in uneven or very long batches; the data are poor",
    "utf16": "the file was UTF-16 and was converted",
    "unequal_length": "one side is much shorter; only common time is compared",
    "sequential": "the sides were recorded one after the other",
    "side_from_name": "left or right was taken from a file's name",
    "side_doubtful": "a file's name or content speaks for the other side",
    "timezone_unknown": "wall-clock times without a time zone were not used",
    "sync_doubtful": "the sides' clocks do not agree on when the recording began",
    "recordings_differ": "the two recordings disagree on what they are of",
    "option_ignored": "a recording states its own units and times, so that an option for them was not used",
    "sensors_exchanged": "a sensor is on the other side than 'sidewise identify' remembers it for",
    "athlete_known": "sport or dominant side come from what is known of the athlete",
    "units_doubtful": "the numbers do not look like the units they are said to be in; the data are poor",
    "joined": "accelerometer and gyroscope files were joined",
    "no_gyroscope": "the file has no gyroscope",
    "gyr_from_orientation": "angular velocity was derived from the device's orientation",
    "packets_cut": "packets arrived shorter than the sensor sends them; the link's packet size is too small",
    "hardware_sync_lost": "the sensors' clocks differ, so that their own synchronisation was not used",
    "resynchronised": "bytes between frames of a binary file were skipped",
}
"""Code and meaning; the documentation's table is made from this."""
