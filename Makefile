# The verbs of this repository; plain `make` lists them. Needed: git, make and python3 (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
MINUTES ?= 6
SEED ?= 0
# Compiling only what is imported halves the time of an install: 33 s instead of 75 s.
INSTALL := $(BIN)/pip install --quiet --no-compile --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-all check fix bench coverage tables meta corpus cpu-ladder trials transcripts soak docs prose-sample
.PHONY: evidence mutants reproduce clean

help: ## list these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: .venv/developer ## make .venv with the package and everything needed to work on it

demo: .venv/user ## train small transformers here, forecast a wider one, train it too, and see; all lands in demo/
	$(BIN)/scalelaw demo --minutes $(MINUTES) --out demo

test: .venv/developer ## the default tests, on two processes
	$(BIN)/pytest -n 2 -m "not slow"

test-slow: .venv/developer ## the slow tests alone
	$(BIN)/pytest -n 2 -m slow

test-all: .venv/developer ## every test, the slow ones too
	$(BIN)/pytest -n 2

check: .venv/developer ## lint, format, types, layers, sizes and vocabulary
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/architecture

fix: .venv/developer ## repair what lint and format can repair by themselves
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/developer ## time the solver against the usual way, and the loading of a million checkpoints
	$(BIN)/python benchmarks/bench_fit.py
	$(BIN)/python benchmarks/bench_runs.py

coverage: .venv/developer ## simulate how often intervals hold, into docs/coverage.md
	$(BIN)/python benchmarks/coverage.py

tables: .venv/developer ## fit and backtest every published table, into docs/tables.md
	$(BIN)/python benchmarks/tables.py

meta: .venv/developer ## fit every published table in over a thousand ways, into docs/meta-analysis.md
	$(BIN)/python benchmarks/meta_analysis.py

corpus: .venv/developer ## gather the text of the shipped ladder, 90 MB of documentation, into build/corpus
	$(BIN)/python benchmarks/corpus

cpu-ladder: corpus ## train the shipped ladder again: an hour and more of one core
	$(BIN)/python benchmarks/cpu_ladder

trials: .venv/developer ## the demo's three ladders on ten seeds, forecasts frozen first; an hour on two cores
	$(BIN)/python benchmarks/demo_trials.py --out build/demo-trials --to docs/demo-trials.md

transcripts: .venv/developer ## run the commands of docs/transcripts again and write what they print
	$(BIN)/python docs/_ext/transcripts.py

soak: .venv/developer ## kill driver and workers of a sweep at 20 random moments, and compare with one left alone
	$(BIN)/python benchmarks/soak.py

docs: .venv/developer ## build the documentation, warnings being errors, into docs/_build/html
	rm -rf docs/generated
	$(BIN)/sphinx-build -W --keep-going -q -E docs docs/_build/html

evidence: .venv/developer ## measure again every figure we promise, into docs/evidence.md; ONLY="plan startup" measures some
	PYTHONPATH=benchmarks $(BIN)/python -m evidence $(ONLY)

mutants: .venv/developer ## seed faults into the source and see which the tests notice, into docs/mutants.md; 20 minutes
	PYTHONPATH=benchmarks $(BIN)/python -m mutants --to docs/mutants.md

reproduce: .venv/developer ## compute published figures again, into docs/reproduced.md
	$(BIN)/scalelaw reproduce --to docs/reproduced.md

prose-sample: .venv/developer ## draw 40 docstrings, 40 messages and 10 pages for a stranger to read; SEED=3 draws others
	$(BIN)/python benchmarks/prose_sample.py --seed $(SEED)

clean: ## remove what was built, except .venv
	rm -rf build dist demo docs/_build docs/generated .*_cache .hypothesis
	find src tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} +

.venv/user: pyproject.toml constraints.txt
	@echo "installing into .venv: 1.3 GB with PyTorch for the CPU, one to three minutes"
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet 'pip>=25.1'
	$(INSTALL) --editable '.[plot,train]'
	@touch $@

.venv/developer: .venv/user
	@echo "installing into .venv: 1.7 GB with PyTorch for the CPU, one to three minutes"
	$(INSTALL) --editable '.[all]' --group test --group check --group docs
	@touch $@
