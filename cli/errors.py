"""Errors as people see them: one line on stderr, and an exit code. No trace unless asked for."""

from __future__ import annotations

import os
import sys

import click
from click.core import ParameterSource
from click.exceptions import NoArgsIsHelpError

from cli.common import State, environment_names
from sensing.errors import BadInput, SidewiseError

INTERRUPTED = 130

_MAX_PROBLEMS = 5
_MAX_LENGTH = 10_000


def explain(error: Exception, state: State) -> int:
    """Say what went wrong on stderr, and return the exit code."""
    if isinstance(error, NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return error.exit_code
    message, code = _describe(error, state)
    if state.verbose and not isinstance(error, click.ClickException | click.Abort):
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    click.echo(f"sidewise: {one_line(message)}", err=True)
    return code


def silence_stdout() -> None:
    """Let the interpreter's last flush go nowhere, since whoever read the output is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _describe(error: Exception, state: State) -> tuple[str, int]:
    if isinstance(error, BadInput):
        return _first_problems(error), error.exit_code
    if isinstance(error, SidewiseError):
        return "; ".join(str(error).splitlines()), error.exit_code
    if isinstance(error, click.Abort):
        return "interrupted", INTERRUPTED
    if isinstance(error, click.UsageError):
        return _usage(error, state), error.exit_code
    if isinstance(error, click.ClickException):
        return error.format_message(), error.exit_code
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}; check the path, its permissions and the free space", 1
    if isinstance(error, MemoryError):
        return "not enough memory; use a shorter recording or close other programs", 1
    if isinstance(error, ModuleNotFoundError):
        return f"{error.msg}; install it with 'pip install {error.name}'", 1
    return f"unexpected {type(error).__name__}: {error}; run again with -v for the trace and report it", 1


def _first_problems(error: BadInput) -> str:
    shown, hidden = error.problems[:_MAX_PROBLEMS], error.problems[_MAX_PROBLEMS:]
    return "; ".join(shown) + (f"; and {len(hidden)} more problems" if hidden else "")


def _usage(error: click.UsageError, state: State) -> str:
    message = error.format_message().strip().rstrip(".") + _origin(error, state)
    if error.ctx is None:
        return message
    return f"{message}{'' if message.endswith('?') else ';'} see '{error.ctx.command_path} --help'"


def _origin(error: click.UsageError, state: State) -> str:
    """Where a wrong value came from, if not from the command line."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return ""
    source = error.ctx.get_parameter_source(error.param.name or "")
    if source is ParameterSource.DEFAULT_MAP:
        return f" (from {state.config_file})"
    if source is ParameterSource.ENVIRONMENT:
        names = [name for name in environment_names(error.ctx, error.param) if os.environ.get(name)]
        return f" (from the environment variable {names[0]})" if names else ""
    return ""


def one_line(text: str) -> str:
    """One line without control characters, with which a file or a sensor could forge output."""
    flat = " ".join(text.split())
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in flat)
    return shown if len(shown) <= _MAX_LENGTH else f"{shown[:_MAX_LENGTH]}..."
