"""The page of every command, from what ``--help`` says."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.testing import CliRunner

from cli.main import main

HEAD = """# Commands

What `sidewise COMMAND --help` says. `-q`, `-v` and `--config` work with every command. An option's value
comes from the flag, else from the environment (`SIDEWISE_ANALYSE_SPORT`, or `SIDEWISE_SPORT` for every
command), else from the configuration file.
"""


def commands_page() -> str:
    """Markdown of every command and of the commands below it."""
    parts = [HEAD]
    for names in _commands(main, ()):
        shown = CliRunner().invoke(main, [*names, "--help"], prog_name="sidewise")
        parts.append(f"## {' '.join(names)}\n\n```text\n{shown.stdout.rstrip()}\n```\n")
    return "\n".join(parts)


def _commands(group: click.Group, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            yield (*above, name)
            if isinstance(command, click.Group):
                yield from _commands(command, (*above, name))
