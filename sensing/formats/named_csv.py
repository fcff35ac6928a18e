"""CSV whose columns have other, common names; asked last, so that every vendor's own format comes first."""

from __future__ import annotations

from dataclasses import dataclass

from sensing.formats import Head
from sensing.formats.column_names import names_axes
from sensing.formats.native_csv import NativeCsv
from sensing.formats.table import best_separator, split_header


@dataclass(frozen=True)
class NamedCsv(NativeCsv):
    """Plain CSV with names such as ``Time (s)``, ``Ax (g)`` and ``gyro_x [rad/s]``."""

    name: str = "named_csv"
    title: str = "CSV with columns such as Time (s), Ax (g), Gx (deg/s)"

    def recognises(self, head: Head) -> bool:
        """A first line with three axes of an accelerometer, by common names."""
        if not head.lines or len(head.lines[0]) > self.longest_header:
            return False
        return names_axes(split_header(head.lines[0], best_separator(head.lines[0])))


FORMAT = NamedCsv()
