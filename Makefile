# make demo: installs, runs the main job on its embedded mails.   make test: installs what tests need, passes all.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
# Linked where they are cheap to find again; nothing is written outside the checkout.
export OMP_THREAD_LIMIT = 1

.PHONY: help install demo dev test lint format goldens accuracy bench lock debian clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## the product alone, in $(VENV)

demo: $(VENV)/.installed ## the whole daemon on a Maildir and SQLite: no account, no root, no network once installed
	$(BIN)/vaguemestre demo

dev: $(VENV)/.dev ## the product, the tests' and the linters' tools

debian: ## Debian packages that the tests start (Dovecot, Postfix, PostgreSQL…): installed when root, named when not
	@tests/debian-packages.sh

test: debian $(VENV)/.dev ## every test, warnings as errors
	$(BIN)/pytest

lint: $(VENV)/.dev ## ruff, mypy strict, import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

goldens: $(VENV)/.dev ## writes the expected readings of fixtures/ anew: look at the diff before you commit it
	$(BIN)/python -m tests.goldens

accuracy: $(VENV)/.dev ## reads generated documents, those used while building and those kept aside, and prints both tables
	$(BIN)/python -m bench.accuracy

bench: $(VENV)/.dev ## ratios of speed, measured side by side
	$(BIN)/python -m bench

lock: $(VENV)/.dev ## resolves the dependencies anew into the two hashed lists
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml requirements-dev.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ $(VENV)/.installed
