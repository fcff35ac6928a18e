"""No text that a person may read claims what two motion sensors cannot know."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXTS = (".toml", ".j2", ".html", ".css", ".js", ".svg")
FORBIDDEN = re.compile(
    r"diagnos|\btreat(?!ed as\b)(?:s|ed|ing|ment|ments)?\b|injury[\s-]+risks?|risks?\s+of\s+(?:an?\s+)?injur"
    r"|muscle[\s-]+weakness|weak\s+muscles?",
    re.IGNORECASE,
)
DENIALS = re.compile(
    r"(?:\bnot? (?:a |the )?|\bnever |\bwithout |\bor )(?:diagnos\w*|treatment|injury risk|muscle weakness)"
    r"|does not (?:diagnose|treat|say)[\w ,]*",
    re.IGNORECASE,
)
"""Where a text says what it is not."""


def claims(text: str) -> list[str]:
    """What a text claims that it must not; denials are taken out first."""
    return [match[0] for match in FORBIDDEN.finditer(DENIALS.sub(" ", " ".join(text.split())))]


def strings(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every string constant that is no docstring; pieces of an f-string are put together."""
    tree = ast.parse(source)
    pieces: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            pieces.add(node.value)  # a docstring, of a command too; those are read from its help
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            pieces.update(node.values)
            yield node.lineno, "".join(p.value if isinstance(p, ast.Constant) else " x " for p in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in pieces:
            yield node.lineno, node.value


def shown(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a file that may reach a person."""
    text = path.read_text(encoding="utf-8")
    if path.suffix in TEXTS:
        yield from enumerate(text.split("\n\n"), 1)
        return
    yield from strings(text)
    if path.parent.name == "commands":  # the docstrings of commands are their help
        tree = ast.parse(text)
        for node in [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))]:
            yield getattr(node, "lineno", 1), ast.get_docstring(node) or ""  # type: ignore[arg-type]


FILES = sorted(
    path
    for package in ("analysis", "cli", "sensing")
    for path in (ROOT / package).rglob("*")
    if path.suffix in (".py", *TEXTS)
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_claims_what_sensors_cannot_know(path: Path) -> None:
    found = [f"line {line}: {claim!r} in {text!r}" for line, text in shown(path) for claim in claims(text)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    ["This diagnoses a tear.", "It treats\nback pain.", "a higher injury risk", "muscle weakness on the left",
     "Not a diagnosis, but it treats pain", "treatment: rest", "the risk of an injury"],
)  # fmt: skip
def test_a_claim_is_seen(text: str) -> None:
    assert claims(text)


@pytest.mark.parametrize(
    "text", ["Not a diagnosis.", "A training aid, not a diagnosis or treatment.", "street"]
)
def test_a_denial_is_no_claim(text: str) -> None:
    assert claims(text) == []


def test_f_strings_are_read_whole() -> None:
    assert list(strings('x = f"a {1} muscle {2}weakness" "b"')) == [(1, "a  x  muscle  x weaknessb")]
    assert list(strings('"""doc"""\ndef f():\n    "diagnose"\n    return "plain"')) == [(4, "plain")]
