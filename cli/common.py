"""What every command shares: its class, where an option's value comes from, and the run's state."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT_PREFIX = "SIDEWISE"
HELP_OPTIONS = ["-h", "--help"]

Function = TypeVar("Function", bound=Callable[..., Any] | click.Command)


@dataclass
class State:
    """Choices that hold for a whole run, wherever on the command line they stand."""

    quiet: bool = False
    verbose: bool = False
    config: str | None = None
    config_file: Path | None = None


class Option(click.Option):
    """An option that also reads ``SIDEWISE_<COMMAND>_<OPTION>``, then ``SIDEWISE_<OPTION>``."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Value of the first of its environment variables that is set."""
        values = (os.environ.get(name) for name in environment_names(ctx, self))
        return next((value for value in values if value), None)


def environment_names(ctx: click.Context, param: click.Parameter) -> list[str]:
    """Environment variables of an option, the one of the command first."""
    name = (param.name or "").upper()
    own = [f"{ctx.auto_envvar_prefix}_{name}"] if ctx.auto_envvar_prefix else []
    return list(dict.fromkeys([*own, f"{ENVIRONMENT_PREFIX}_{name}"]))


class _WithExample(click.Command):
    """What commands and groups of them have: an example in the help, and the common options."""

    def __init__(self, *args: Any, example: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example
        self.params += common_options()
        self.context_settings = {"help_option_names": HELP_OPTIONS, **self.context_settings}

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        with formatter.section("Example"):
            for line in self.example.strip().splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line.strip()}\n")


class Command(_WithExample):
    """A command, whose options the configuration file may give."""


class Group(_WithExample, click.Group):
    """Several commands under one name, listed in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of its commands."""
        return list(self.commands)

    def command(self, name: str, *, example: str) -> Callable[[Callable[..., Any]], Command]:  # type: ignore[override]
        """Add a command to the group."""

        def added(function: Callable[..., Any]) -> Command:
            made = command(name, example=example)(function)
            self.add_command(made)
            return made

        return added


def option(*names: str, **attributes: Any) -> Callable[[Function], Function]:
    """Like `click.option`, and also read from the environment by the option's own name."""
    return click.option(*names, cls=Option, **attributes)


def command(name: str, *, example: str) -> Callable[[Callable[..., Any]], Command]:
    """Like `click.command`, with an example."""
    return click.command(name, cls=Command, example=example)


def group(name: str, *, example: str) -> Callable[[Callable[..., Any]], Group]:
    """Like `click.group`, with an example."""
    return click.group(name, cls=Group, example=example)


def common_options() -> list[click.Parameter]:
    """``-q``, ``-v`` and ``--config``, which work before and after the command's name."""
    return [
        Option(["-q", "--quiet"], is_flag=True, expose_value=False, callback=_set_quiet, help="No messages."),
        Option(
            ["-v", "--verbose"],
            is_flag=True,
            expose_value=False,
            callback=_set_verbose,
            help="More detail, and the trace of an unexpected error.",
        ),
        Option(
            ["--config"],
            metavar="FILE",
            is_eager=True,
            expose_value=False,
            callback=_set_config,
            help="Configuration file (TOML).",
        ),
    ]


def _set_quiet(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.ensure_object(State).quiet |= value


def _set_verbose(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.ensure_object(State).verbose |= value


def _set_config(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Take the option's values from the file, before any other option looks for its own."""
    state = ctx.ensure_object(State)
    state.config = value or state.config
    root = ctx.find_root().command
    if isinstance(ctx.command, Command) and isinstance(root, click.Group) and not ctx.resilient_parsing:
        from cli.config import find_config, load_config

        state.config_file = find_config(state.config)
        if state.config_file is not None:
            ctx.default_map = load_config(state.config_file, root, ctx)
