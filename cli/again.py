"""The command that is running, as somebody would type it to run it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import click
from click.core import ParameterSource

_LEFT_TO_THE_RUN = ("quiet", "verbose", "config", "output", "as_json", "home", "help")
"""Options that change nothing in what is made."""


def command_again(ctx: click.Context, *kept: str) -> str:
    """The command with every choice in force, whether it came from the line, the environment or a file.

    ``kept`` names options without which it would make something else, such as ``output``.
    """
    options: list[str] = []
    arguments: list[str] = []
    for param in ctx.command.params:
        value = ctx.params.get(param.name or "")
        unset = ctx.get_parameter_source(param.name or "") in (None, ParameterSource.DEFAULT)
        left_out = param.name in _LEFT_TO_THE_RUN and param.name not in kept
        if left_out or unset or value in (None, (), False):
            continue
        if isinstance(param, click.Argument):
            arguments += _texts(value)
        else:
            options += _option(param, value)
    return shlex.join([*ctx.command_path.split(), *arguments, *options])


def _option(param: click.Parameter, value: Any) -> Iterator[str]:
    name = max(param.opts, key=len)
    if getattr(param, "is_flag", False):
        yield name
    elif param.multiple:
        for one in value:
            yield from (name, *_texts(one))
    else:
        yield from (name, *_texts(value))


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
