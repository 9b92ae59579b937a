# Every target makes what it needs: a virtual environment in .venv, installed from a lock file with hashes.
# `make` alone lists the targets.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check lint format types imports audit bench messages lock wheel clean

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Two at a time: tests depend neither on each other nor on their order. A group shares what is dear to set up.
PYTEST ?= -n 2 --dist loadgroup
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links pyproject.toml requirements/build.in

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: .venv/.run ## install what running needs, start the tool and a sandbox LMS (DEMO="--port 9000" for options)
	@$(BIN)/stifinder demo $(DEMO)

test: .venv/.dev ## run the whole test suite (PYTEST="-k consent" to choose)
	@$(BIN)/pytest $(PYTEST)

check: lint types imports audit test ## everything that must be green: lint, format, types, import rules, known faults, tests

lint: .venv/.dev ## ruff: lint rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: .venv/.dev ## let ruff format and fix what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

types: .venv/.dev ## mypy, strict, on the whole package
	@$(BIN)/mypy

audit: .venv/.dev ## bandit over the code, pip-audit over the versions that are locked
	@$(BIN)/python requirements/audit.py

imports: .venv/.dev ## who may import whom
	@$(BIN)/lint-imports --no-logo

bench: .venv/.bench ## measure strategies and speed; tables, and JSON under benchmarks/results/ (BENCH="knowledge" for one suite)
	@$(BIN)/stifinder bench --output benchmarks/results $(BENCH)
	@test -n "$(BENCH)" || $(BIN)/python tests/benchmarks/run.py
	@$(BIN)/python -m stifinder.lab.bench.evidence benchmarks/results docs

messages: .venv/.dev ## collect the texts of the pages, update and compile their translations
	@$(BIN)/pybabel --quiet extract --mapping babel.cfg --keyword message --add-location file --sort-by-file \
		--omit-header --output lti_tool/translations/messages.pot core plugins schemas lti_tool
	@$(BIN)/pybabel --quiet update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 100 \
		--input-file lti_tool/translations/messages.pot --output-dir lti_tool/translations
	@$(BIN)/pybabel --quiet compile --directory lti_tool/translations

lock: .venv/.dev ## compile requirements/*.txt anew from pyproject.toml
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --extra dev --upgrade --output-file requirements/dev.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --constraint requirements/dev.txt --output-file requirements/run.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --extra dev --extra bench --constraint requirements/dev.txt \
		--output-file requirements/bench.txt

.venv/.bench: .venv/.dev requirements/bench.txt
	@echo "Installing what the strategies are measured against; it takes some minutes."
	@$(PIP) install --quiet --require-hashes --requirement requirements/bench.txt
	@touch $@

wheel: .venv/.dev ## build the wheel into dist/
	@$(BIN)/python -m build --wheel --no-isolation

clean: ## remove the virtual environment and everything that was built
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/pip:
	@sh requirements/make-venv.sh

# The link lets mypy find the package under its installed name, whatever this folder is called.
.venv/.run: .venv/bin/pip requirements/run.txt pyproject.toml
	@test -e .venv/.dev || echo "Installing what running needs; the first time takes a minute or two."
	@test -e .venv/.dev || $(PIP) install --quiet --require-hashes --requirement requirements/run.txt
	@PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@mkdir -p .venv/src && ln -sfn ../.. .venv/src/stifinder
	@touch $@

.venv/.dev: .venv/bin/pip requirements/dev.txt pyproject.toml
	@echo "Installing what running and testing need; the first time takes a minute or two."
	@$(PIP) install --quiet --require-hashes --requirement requirements/dev.txt
	@PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@mkdir -p .venv/src && ln -sfn ../.. .venv/src/stifinder
	@touch $@ .venv/.run
