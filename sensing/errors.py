"""Errors that people read: one line each, and the exit code the command line returns for them."""

from __future__ import annotations

from collections.abc import Iterable


class SidewiseError(Exception):
    """Base of every error this software raises on purpose.

    Parameters
    ----------
    message : str
        One line: what is wrong, where, and what to do about it.

    Attributes
    ----------
    exit_code : int
        Exit code of a command that ends with this error.
    """

    exit_code = 1


class UsageError(SidewiseError):
    """A command, a profile or a configuration file is wrong (exit code 2)."""

    exit_code = 2


class DeviceUnreachable(SidewiseError):
    """A sensor, an adapter or a service cannot be reached (exit code 3)."""

    exit_code = 3


class RecordingIncomplete(SidewiseError):
    """Recording stopped early; what had arrived is saved (exit code 4)."""

    exit_code = 4


class BadInput(SidewiseError):
    """A file or a recording cannot be used (exit code 5).

    Parameters
    ----------
    problems : str or iterable of str
        Every problem found, each one line: file, line and column where known, and what to do.
    """

    exit_code = 5

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("; ".join(self.problems))


class QualityGateFailed(SidewiseError):
    """A quality gate failed and ``--strict`` was given (exit code 6)."""

    exit_code = 6
