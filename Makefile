# The front door. `make help` lists the commands; everything is written below .venv/, build/ and data/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run serve test check bench fix lock screenshots clean

help: ## List these commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(VENV)/.demo ## Start the site with a live demo room (vasistas demo). ARGS="--port 9000" passes options.
	@$(BIN)/vasistas demo $(ARGS)

serve: $(VENV)/.demo ## Start an empty site (vasistas serve).
	@$(BIN)/vasistas serve $(ARGS)

test: $(VENV)/.dev ## Run every test: SQLite, PostgreSQL, JavaScript, browser journeys. Installs what they need.
	@$(BIN)/python tools/test.py $(ARGS)

check: $(VENV)/.dev ## Check style, types, import directions, templates, migrations and docs.
	@$(BIN)/python tools/check.py

fix: $(VENV)/.dev ## Let the formatters mend what they can.
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix-only --exit-zero .

bench: $(VENV)/.dev ## Measure this machine beside its peers; one JSON line per figure.
	@$(BIN)/python bench/run.py $(ARGS)

screenshots: $(VENV)/.dev ## Make the pictures of the README again.
	@$(BIN)/python tools/screenshots.py

lock: $(VENV)/.dev ## Lock requirements/*.in again, with hashes and without addresses.
	@$(BIN)/python tools/lock.py

clean: ## Remove the virtual environment and everything built.
	rm -rf $(VENV) build

$(VENV)/bin/python:
	@$(PYTHON) tools/python_version.py
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the site needs into $(VENV) (about half a minute) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/demo.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what tests and checks need into $(VENV) (about a minute) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.demo
