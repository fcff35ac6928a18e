"""Write the pages and pictures that come from the code: ``python -m docs.make``."""

from __future__ import annotations

from pathlib import Path

from docs.make.commands import commands_page
from docs.make.drawings import body, tightness
from docs.make.pictures import live, report

DOCS = Path(__file__).parents[1]


def made() -> dict[Path, bytes]:
    """Every file that is made, and its content."""
    pictures = DOCS / "pictures"
    return {
        DOCS / "commands.md": commands_page().encode(),
        pictures / "where.svg": body().encode(),
        pictures / "strap.svg": tightness().encode(),
        pictures / "live.svg": live().encode(),
        pictures / "report.png": report(),
    }


if __name__ == "__main__":
    for path, content in made().items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        print(path.relative_to(DOCS.parent))
