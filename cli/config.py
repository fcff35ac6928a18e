"""The configuration file: TOML whose keys are options' names.

Keys at the top hold for every command that has the option, keys in a table ``[analyse]`` for that command.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from sensing.errors import UsageError


def find_config(chosen: str | None) -> Path | None:
    """The file the user chose, else the default one if it exists."""
    if chosen is not None:
        return Path(chosen)
    path = default_config()
    return path if path.is_file() else None


def default_config() -> Path:
    """Where the configuration file is looked for."""
    from platformdirs import user_config_path

    return user_config_path("sidewise", appauthor=False) / "config.toml"


def load_config(path: Path, root: click.Group, ctx: click.Context) -> dict[str, Any]:
    """Values for the options of the command that ``ctx`` runs.

    Raises
    ------
    UsageError
        The file cannot be read or parsed, or has keys that no option has; all of them are named.
    """
    text = _read(path)
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error
    known = {name: _option_names(root.get_command(ctx, name)) for name in root.list_commands(ctx)}
    everywhere = set().union(*known.values())
    problems = []
    for key, value in body.items():
        if key in known and isinstance(value, Mapping):
            unknown = [inner for inner in value if _name(inner) not in known[key]]
            problems += [_unknown(path, text, inner, key) for inner in unknown]
        elif _name(key) not in everywhere or isinstance(value, Mapping):
            problems.append(_unknown(path, text, key, ""))
    if problems:
        raise UsageError("; ".join(problems))
    own = body.get(_command_name(ctx), {})
    shared = {key: value for key, value in body.items() if not isinstance(value, Mapping)}
    return {_name(key): value for key, value in (shared | own).items()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot read the configuration: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error


def _command_name(ctx: click.Context) -> str:
    """Name of the command as the program lists it, also from within one of a group's."""
    while ctx.parent is not None and ctx.parent.parent is not None:
        ctx = ctx.parent
    return ctx.info_name or ""


def _option_names(command: click.Command | None) -> set[str]:
    """Names of a command's options, and of those of the commands it groups."""
    params = command.params if command else []
    names = {p.name or "" for p in params if isinstance(p, click.Option)} - {"config"}
    grouped = command.commands.values() if isinstance(command, click.Group) else ()
    return names.union(*map(_option_names, grouped))


def _name(key: str) -> str:
    return key.replace("-", "_")


def _unknown(path: Path, text: str, key: str, table: str) -> str:
    line = _line_of(text, key, table)
    where = f"{path}, line {line}" if line else str(path)
    what = f"no option of 'sidewise {table}'" if table else "no option or command of this name"
    return f"{where}: unknown key '{key}': {what}; remove it or correct its spelling"


def _line_of(text: str, key: str, table: str) -> int | None:
    """Line of a key: the parser keeps none."""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*[\"']?([^\]\"'.]+)", line):
            current = header[1].strip()
            if not table and current == key:
                return number
        elif current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            return number
    return None
