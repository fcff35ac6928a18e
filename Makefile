# Everything runs in the project's own virtual environment, .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test lint docs format accuracy sync bench clean

help:
	@echo "make demo   simulate two sensors, analyse them, write a report"
	@echo "make test   run the tests"
	@echo "make lint   ruff and mypy"
	@echo "make docs   the documentation as a site, into site/"
	@echo "make accuracy   validate on real recordings and simulations; writes docs/accuracy.md"
	@echo "make sync   measure the timeline and the recorder; writes docs/synchronisation.md (about an hour)"
	@echo "make bench  speed and memory, beside other packages in .peers; writes docs/performance.md (about an hour)"

.venv/.installed: pyproject.toml setup.py $(wildcard */*/*.c)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --config-settings editable_mode=compat --editable '.[test,lint,docs]'
	@touch $@

demo: .venv/.installed
	$(BIN)/sidewise demo

test: .venv/.installed
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/.installed
	$(BIN)/python -m docs.make
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

accuracy: .venv/.installed
	$(BIN)/python -m benchmarks.accuracy

sync: .venv/.installed
	$(BIN)/python -m benchmarks.synchronisation --write

bench: .venv/.installed
	$(BIN)/python -m benchmarks.performance --write

format: .venv/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv demo dist build site
