"""The entry point: commands found by file name, imported when used, and errors said in one line.

`--help` must come at once: nothing here or in `cli.common` imports more than click does, not even pathlib.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import warnings
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import click

from cli import commands
from cli.common import ENVIRONMENT_PREFIX, HELP_OPTIONS, State, common_options
from cli.errors import explain, silence_stdout


@cache
def _commands() -> dict[str, str]:
    """The file of every command."""
    with os.scandir(commands.__path__[0]) as entries:
        files = sorted(entry.path for entry in entries if re.fullmatch(r"[a-z]\w*\.py", entry.name))
    return {os.path.basename(file)[:-3].replace("_", "-"): file for file in files}  # noqa: PTH119


def _first_line(file: str) -> str:
    """First line of a module's docstring, without importing the module."""
    with open(file, encoding="utf-8") as text:  # noqa: PTH123
        return text.readline().strip().strip('"')


class Program(click.Group):
    """A group whose commands are the modules of `cli.commands`, each with an object ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return list(_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None where there is none of this name."""
        if cmd_name not in _commands():
            return None
        module = importlib.import_module(f"cli.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; a help that imported them all would grow slower with each."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_line(file)) for name, file in _commands().items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; suggest the nearest ones for an unknown name."""
        name = args[0]
        if not name.startswith("-") and name not in _commands() and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(name, _commands())
            ctx.fail(f"no such command '{name}'" + (f", did you mean '{near[0]}'?" if near else ""))
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, turn every error into one line on stderr, and exit with its code."""
        state = State()
        for name in ("stdin", "stdout", "stderr"):
            if getattr(sys, name) is None:  # it was closed by whoever started this
                setattr(sys, name, open(os.devnull, "r+"))  # noqa: PTH123, SIM115
        # Paths may hold any bytes, and a console any code page: no output may fail for it.
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            with warnings.catch_warnings():
                warnings.showwarning = partial(_show_warning, state)
                result = super().main(args, "sidewise", complete_var, False, obj=state, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            silence_stdout()
            result = 1
        except Exception as error:
            result = explain(error, state)
        code = result if isinstance(result, int) else 0
        if standalone_mode:
            sys.exit(code)
        return code


def _show_warning(state: State, warning: Warning | str, *where: Any, **more: Any) -> None:
    """Keep a library's warnings, which tell a user nothing, to those who ask for detail."""
    if state.verbose:
        click.echo(f"sidewise: {type(warning).__name__}: {warning}", err=True)


@click.group(
    "sidewise",
    cls=Program,
    params=common_options(),
    context_settings={
        "auto_envvar_prefix": ENVIRONMENT_PREFIX,
        "help_option_names": HELP_OPTIONS,
        "max_content_width": 80,
    },
    epilog="Start with 'sidewise demo'. Every command has its own --help.",
)
@click.version_option(package_name="sidewise", message="%(prog)s %(version)s")
def main() -> None:
    """Compare the left and the right side by two wearable motion sensors.

    Do my two sides do the same work, how sure is that, and is it usual for my sport? A training aid, not a
    medical device.
    """


if __name__ == "__main__":
    main()
