"""Say what is installed and whether Bluetooth can be reached."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import NamedTuple

import click

from cli import common
from cli.output import WIDTH, print_json, state, working

_CORE = ("numpy", "scipy", "pandas", "matplotlib", "vqf", "bleak", "click", "rich", "jinja2", "platformdirs")
_EXTRAS = {"pyarrow": "Parquet files", "pyxdf": "XDF files"}
_BLUETOOTH_TIMEOUT_S = 5.0


class Finding(NamedTuple):
    """One thing looked at: ``ok``, ``missing`` (can be done without) or ``broken``."""

    what: str
    status: str
    detail: str


@common.command("doctor", example="sidewise doctor")
@common.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Say what is installed, which configuration holds, and whether Bluetooth can be reached."""
    with working("looking"):
        found = [*_software(), *_extras(), _configuration(), *_folders(), _bluetooth()]
    if as_json:
        print_json([finding._asdict() for finding in found])
    else:
        import textwrap

        for finding in found:
            line = f"{finding.status:<8}{finding.what:<14}{finding.detail}"
            click.echo(textwrap.fill(line, WIDTH, subsequent_indent=" " * 22))
    if any(finding.status == "broken" for finding in found):
        ctx.exit(1)


def _software() -> list[Finding]:
    import platform
    from importlib.metadata import version

    system = f"{platform.python_version()} on {platform.system()} {platform.release()}"
    enough = sys.version_info >= (3, 11)
    python = Finding(
        "python", "ok" if enough else "broken", system if enough else f"{system}; 3.11 is needed"
    )
    own = Finding("sidewise", "ok", version("sidewise"))
    return [own, python, *(_package(name, "broken", "") for name in _CORE)]


def _extras() -> list[Finding]:
    return [_package(name, "missing", purpose) for name, purpose in _EXTRAS.items()]


def _package(name: str, otherwise: str, purpose: str) -> Finding:
    from importlib.metadata import version

    try:
        importlib.import_module(name)
        installed = version(name)
    except Exception as error:  # a broken binary may raise anything
        why = f"{purpose}: not installed" if purpose else f"cannot be loaded: {error}"
        return Finding(name, otherwise, f"{why}; pip install {name}")
    return Finding(name, "ok", f"{installed}{f' ({purpose})' if purpose else ''}")


def _configuration() -> Finding:
    from cli.config import default_config

    used = state().config_file
    return Finding("configuration", "ok", str(used) if used else f"none; it would be {default_config()}")


def _folders() -> list[Finding]:
    from tempfile import gettempdir

    return [_writable("this folder", Path.cwd()), _writable("temporary", Path(gettempdir()))]


def _writable(what: str, folder: Path) -> Finding:
    from tempfile import TemporaryFile

    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(what, "missing", f"{folder} cannot be written to: {error.strerror or error}")
    return Finding(what, "ok", f"{folder} can be written to")


def _bluetooth() -> Finding:
    import asyncio

    async def look() -> None:
        from sensing.scan import Radio, scan

        async with asyncio.timeout(_BLUETOOTH_TIMEOUT_S):
            await scan(Radio(), 0.1)

    try:
        asyncio.run(look())
    except TimeoutError:
        return _no_bluetooth("no answer from the adapter")
    except Exception as error:  # a broken installation may raise anything
        return _no_bluetooth(str(error) or type(error).__name__)
    return Finding("bluetooth", "ok", "adapter reachable")


def _no_bluetooth(why: str) -> Finding:
    return Finding("bluetooth", "missing", f"not reachable ({why}); files and simulation work without it")
