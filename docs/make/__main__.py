"""Write the pages and pictures that come from the code: ``python -m docs.make``."""

from __future__ import annotations

from pathlib import Path

from docs.make.commands import commands_page
from docs.make.drawings import body, tightness

DOCS = Path(__file__).parents[1]


def made() -> dict[Path, str]:
    """Every file that is made, and its content."""
    return {
        DOCS / "commands.md": commands_page(),
        DOCS / "pictures" / "where.svg": body(),
        DOCS / "pictures" / "strap.svg": tightness(),
    }


if __name__ == "__main__":
    for path, text in made().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(DOCS.parent))
