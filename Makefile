# `make demo` and `make test` set everything up by themselves in .venv; nothing else of ours is needed.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint format notebooks pictures docs lock clean

help:  ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo  ## Real customers in, explained health scores out, under a minute after the installation
	$(BIN)/churnhealth demo

test: $(VENV)/.dev lint  ## Everything that .ci/run checks: linters, types, floors, all tests
	$(BIN)/python -m pytest -n 2

test-fast: $(VENV)/.dev  ## The unit tests only
	$(BIN)/python -m pytest -n 2 -m "not slow"

lint: $(VENV)/.dev  ## ruff, ruff format, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## Let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

notebooks: $(VENV)/.dev  ## Execute the notebooks again, from their paired scripts
	$(BIN)/python docs/notebooks.py

pictures: $(VENV)/.dev  ## Make the pictures of docs/plots.md again
	$(BIN)/python docs/pictures.py

docs: $(VENV)/.dev  ## Build the pages under docs/ into build/docs; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d build/doctrees docs build/docs
	@echo "Written: build/docs/index.html"

lock: $(VENV)/.dev  ## Renew the lock files (needs uv)
	@test -n "$(UV)" || { echo "make lock needs uv on the PATH"; exit 1; }
	$(UV) pip compile pyproject.toml requirements/build.in --extra dev $(LOCK) -o requirements/dev.txt
	$(UV) pip compile pyproject.toml requirements/build.in --extra demo -c requirements/dev.txt $(LOCK) -o requirements/demo.txt

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --upgrade

clean:  ## Remove the environment and the caches; models/ and data/ stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# uv is used where it is there; otherwise it is put into the environment and used from inside.
INSTALLER := $(or $(UV),$(BIN)/uv)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "churnhealth needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(BIN)/uv: | $(BIN)/python
	$(BIN)/python -m pip install --quiet uv

define install
	$(INSTALLER) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r $(1)
	$(INSTALLER) pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation -e .
endef

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(BIN)/python $(if $(UV),,$(BIN)/uv)
	$(call install,requirements/demo.txt)
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python $(if $(UV),,$(BIN)/uv)
	$(call install,requirements/dev.txt)
	@touch $@ $(VENV)/.demo
