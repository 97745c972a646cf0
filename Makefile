.DEFAULT_GOAL := help
.PHONY: help venv demo lint firmware test test-long catalogues charts requirements clean
EXTRA ?= dev
# All tests go to as many processes as there are processors, whole files at a time; a few that somebody names, to one.
PARALLEL = $(if $(ARGS),,-n logical --maxprocesses 4 --dist loadfile)
# The long ones go out one by one, to one process more, for many wait: ten seeds of one file need not follow one another.
PARALLEL_LONG = $(if $(ARGS),,-n $$(($$(nproc) < 3 ? $$(nproc) + 1 : 4)) --dist worksteal)

help: ## say what can be typed here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: ## prepare .venv and nothing else (EXTRA=host, bench or dev; dev if not said)
	@.ci/venv $(EXTRA)

demo: ## a whole estate on this machine, until Ctrl-C (ARGS="--flats 24 --headless …", see ARGS=--help)
	@.ci/venv bench
	@.venv/bin/anju demo $(ARGS)

lint: ## formatting, types, who may import whom, rules and their tests, catalogues
	@.ci/venv dev
	@.ci/lint

firmware: ## MicroPython for the emulated board, from the pinned source or from MICROPYTHON_SRC=/path; cached
	@.ci/packages firmware
	@.ci/firmware

test: ## all tests but the long ones (ARGS="tests/unit -k seal" for a few)
	@.ci/packages
	@.ci/venv dev
	@.ci/firmware --path >/dev/null
	@.venv/bin/python -m pytest -m "not long" $(PARALLEL) $(ARGS)

test-long: ## the long ones only: more kills, more seeds, more examples, more power cuts
	@.ci/packages
	@.ci/venv dev
	@.ci/firmware --path >/dev/null
	@.venv/bin/python -m pytest -m long $(PARALLEL_LONG) $(ARGS)

catalogues: ## bring the translations up to the code: extract, update, compile
	@.ci/venv dev
	@.venv/bin/python .ci/catalogues.py update

charts: ## draw the panel's tables into host/README.md anew
	@.ci/venv dev
	@.venv/bin/python .ci/charts.py update

requirements: ## pin dependencies anew after a change in pyproject.toml (ARGS=--upgrade moves them all)
	@.ci/requirements $(ARGS)

clean: ## remove .venv and everything that tools left behind
	@rm -rf .venv .typings dist build .coverage .coverage.* .hypothesis .import_linter_cache .grimp_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
