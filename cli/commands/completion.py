"""Print the tab completion script of a shell."""

from __future__ import annotations

import click

from cli import common
from cli.output import message

_HOW = {
    "bash": "save it as ~/.local/share/bash-completion/completions/sidewise",
    "zsh": "save it as _sidewise in a folder of your $fpath",
    "fish": "save it as ~/.config/fish/completions/sidewise.fish",
}


@common.command("completion", example="sidewise completion bash > sidewise.bash")
@click.argument("shell", type=click.Choice(list(_HOW)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the tab completion script of a shell; changes no file."""
    from click.shell_completion import get_completion_class

    completer = get_completion_class(shell)
    assert completer is not None
    click.echo(completer(ctx.find_root().command, {}, "sidewise", "_SIDEWISE_COMPLETE").source())
    message(f"to use it, {_HOW[shell]}")
