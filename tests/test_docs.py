"""The documentation says what the code does."""

import doctest
import io
import re
from pathlib import Path

import click
import numpy as np
import pytest

from analysis.findings import FINDINGS
from analysis.metrics import METRICS
from analysis.quality import GATES
from cli.main import main
from docs.make.commands import commands_page
from docs.make.drawings import body, tightness
from docs.make.pictures import live, report
from sensing.notices import NOTICES

ROOT = Path(__file__).parents[1]
SENSING = Path(__file__).parents[1] / "sensing"
CODES = (Path(__file__).parents[1] / "docs" / "codes.md").read_text(encoding="utf-8")


def test_every_gate_stands_in_the_table():
    for gate in GATES:
        assert f"| `{gate.code}` | {gate.grade} | {gate.threshold} | {gate.looks_at} |" in CODES


def test_every_finding_stands_in_the_table():
    for code, meaning in FINDINGS.items():
        assert f"| `{code}` | {meaning} |" in CODES


def test_every_metric_stands_in_the_table():
    for metric in METRICS:
        assert f"| `{metric.name}` | {metric.unit} | {'ratio' if metric.ratio else 'difference'} |" in CODES


def test_every_notice_of_reading_and_recording_stands_in_the_table():
    text = "".join(path.read_text(encoding="utf-8") for path in SENSING.rglob("*.py"))
    raised = set(re.findall(r'Notice(?:Event)?\(\s*"([a-z_0-9]+)"', text))
    assert raised <= set(NOTICES)
    for code, meaning in NOTICES.items():
        assert f"| `{code}` | {meaning} |" in CODES


def test_no_code_in_the_tables_is_unknown():
    known = {g.code for g in GATES} | set(NOTICES) | set(FINDINGS) | {m.name for m in METRICS}
    listed = {line.split("`")[1] for line in CODES.splitlines() if line.startswith("| `")}
    assert listed == known


def test_the_examples_in_python_give_what_they_say(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testfile(str(ROOT / "docs" / "python.md"), module_relative=False)
    assert tried > 20
    assert failed == 0


def test_drawings_are_what_the_code_draws():
    for name, drawing in (("where", body()), ("strap", tightness()), ("live", live())):
        assert (ROOT / "docs" / "pictures" / f"{name}.svg").read_text(encoding="utf-8") == drawing


def test_the_picture_of_a_report_is_that_of_the_demo_as_it_is_now():
    image = pytest.importorskip("PIL.Image")
    pictures = (image.open(io.BytesIO(report())), image.open(ROOT / "docs" / "pictures" / "report.png"))
    now, kept = (np.asarray(one.convert("RGB").resize((100, 141)), float) for one in pictures)
    assert np.sqrt(((now - kept) ** 2).mean()) < 3


def test_the_page_of_commands_holds_every_command():
    page = commands_page()
    for name in main.list_commands(click.Context(main)):
        assert f"## {name}\n" in page
        assert f"Usage: sidewise {name}" in page
