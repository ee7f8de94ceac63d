# make run    sets everything up and syncs the example     make test   the whole suite
# make check  style, types, layers, documents              make soak   hundreds of kills (SOAK=ci: a short form)
# make bench  the figures of README                         make clean  takes away what these made
# make record CONNECTOR=slack  records cassettes against the live account of ./connectors.yaml (CONFIG=…)
# make bench-peers  the same table by dlt, ingestr and Sling, each in an environment of its own
SHELL := /bin/sh
PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
WORKERS ?= 2
SOAK ?= full
EXAMPLE := --config connectors.example.yaml --state-dir .aragora/sync_state --store .aragora/knowledge

.PHONY: run test check soak bench bench-peers docs record clean
.NOTPARALLEL:

# The tests start the program many hundred times: it is compiled once, whatever this shell prefers.
unexport PYTHONDONTWRITEBYTECODE

run: .venv/installed
	$(BIN)/aragora-sync run $(EXAMPLE)
	@echo
	$(BIN)/aragora-sync status $(EXAMPLE)
	@echo
	$(BIN)/aragora-sync search $(EXAMPLE) --tenant workspace-1 --limit 3 "knowledge in sync"

test: .venv/developing
	$(BIN)/python -m pytest -n $(WORKERS) -m "not soak and not integration and not contract"

check: .venv/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_layers.py tests/test_documents.py
	$(BIN)/python -m aragora_sync.config.example --check

soak: .venv/developing
	SOAK=$(SOAK) $(BIN)/python -m pytest -n $(WORKERS) -m "soak or integration or contract"
	HYPOTHESIS_PROFILE=$(if $(filter ci,$(SOAK)),ci,soak) $(BIN)/python -m pytest -p no:logging \
		--timeout $(if $(filter ci,$(SOAK)),900,10800) tests/engine/test_model.py

bench: .venv/developing
	$(BIN)/python -m compileall -q aragora_sync bench
	$(BIN)/python -m bench

bench-peers: .venv/developing
	$(BIN)/python -m compileall -q aragora_sync bench
	$(BIN)/python -m bench.peers

docs: .venv/developing
	$(BIN)/python -m aragora_sync.config.example
	$(BIN)/python -m tests.documents

record: .venv/developing
	$(BIN)/python -m tests.cassettes live $(CONNECTOR) --config $(or $(CONFIG),connectors.yaml)

.venv/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer with venv is needed and was not found."; \
		echo "  try: install it (Debian, Ubuntu: apt install python3-venv), or name it: make PYTHON=/path/to/python3"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/developing: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .aragora .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
