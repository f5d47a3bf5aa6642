# The README's commands. Each does its whole set-up and is safe to run again.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: quickstart test test-slow lint format clean
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[cpu,corpora,dev]"
	touch $@

quickstart: $(STAMP)  ## from molecules to a report of ranked structures, in runs/quickstart
	$(BIN)/molucid quickstart --out runs/quickstart

test: $(STAMP) lint  ## lint, then all tests that are not marked slow
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: $(STAMP)  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) runs
