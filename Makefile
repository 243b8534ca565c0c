# The commands a user meets. Each makes the environment it needs, in .venv, and works again.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
BENCH := .venv-bench/bin

.DEFAULT_GOAL := help
.PHONY: help demo test browser chaos fuzz histories mutants notebook notebooks pictures check lint bench report sanitize clean

# schedules of faults that `make chaos` plays, from a seed on, and exports that it kills:
# make chaos COUNT=1000 KILLS=200 SEED=4711
COUNT ?= 100000
KILLS ?= 2000
SEED ?= 0

help:  ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/' | expand -t 20

demo: .venv/.demo  ## fetch 50,000 customers from the embedded demo service, into a DataFrame and a Parquet file
	@$(BIN)/python docs/examples/customers.py

test: .venv/.dev  ## run all tests, with coverage
	@$(BIN)/python -m tests.programs redis
	$(BIN)/python -m pytest -q -n 2 --dist worksteal --cov --cov-report= --ignore=tests/browser
	$(BIN)/coverage report --fail-under=98
	$(BIN)/coverage report --fail-under=100 --include='spyro_sdk/guards/*,spyro_sdk/arrow/*,spyro_sdk/auth/*,spyro_sdk/profile/*,spyro_sdk/sources.py,spyro_sdk/private.py,spyro_sdk/resume.py,spyro_sdk/shown.py,spyro_sdk/words.py,spyro_sdk/notebook/*,spyro_sdk/settings.py,spyro_sdk/paging/*,spyro_sdk/pages/*,spyro_sdk/transport/*,spyro_sdk/config.py,spyro_sdk/errors.py,spyro_sdk/blocking.py,spyro_sdk/testing/*'
	@$(MAKE) --no-print-directory browser

browser: .venv/.dev .venv/.ipykernel6  ## run the tests in JupyterLab alone: SPYRO_BROWSER is a path, or none
ifeq ($(SPYRO_BROWSER),none)
	@echo "SPYRO_BROWSER=none: the tests in JupyterLab are left out"
else
	$(BIN)/python -m tests.programs chromium
	$(BIN)/python -m pytest -q tests/browser
endif

notebook: .venv/.notebook  ## open JupyterLab on the first notebook
	$(BIN)/jupyter lab notebooks/01-first-table.ipynb

notebooks: .venv/.dev  ## run the notebooks, and keep what they show
	$(BIN)/python notebooks/redraw.py

pictures: .venv/.dev  ## take the pictures of cards in docs/pictures again
	$(BIN)/python -m tests.programs chromium
	$(BIN)/python docs/pictures/cards.py docs/pictures/cards

chaos: .venv/.dev  ## play 100,000 schedules of faults, cut a page at every byte, kill 2,000 exports: an hour
	SPYRO_SWEEP=1 $(BIN)/python -m pytest -q tests/chaos/test_line.py --timeout 900
	$(BIN)/python -m tests.arrow.kills $(KILLS) $(SEED)
	$(BIN)/python -m tests.chaos.schedules $(SEED) $(COUNT)

fuzz: .venv/.dev  ## give each parser that meets foreign bytes a million inputs: make fuzz COUNT=20000 for fewer
	$(BIN)/python -m tests.fuzz --count $(if $(filter command line,$(origin COUNT)),$(COUNT),1000000) --seed $(SEED)

sanitize: .build/compiled .build/portable  ## give the compiled decoder ten million pages, under sanitizers
	.build/compiled 5000000 $(SEED)
	.build/portable 5000000 $(SEED)

histories: .venv/.dev  ## play 4,000 random histories against limiters, pages and the keeping of tokens: ten minutes
	SPYRO_HYPOTHESIS=thorough $(BIN)/python -m pytest -q --timeout 3000 -k "runTest" tests/guards tests/auth tests/test_page_histories.py

mutants: .venv/.dev  ## put mistakes into guards, paging, auth and export, which their tests must notice: an hour
	@$(BIN)/python -m tests.programs bubblewrap
	$(BIN)/python -m tests.mutants

check: lint  ## all that CI checks: style, types, floors, tests, documents
	@$(MAKE) --no-print-directory test

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache | sed -n '/^Contracts$$/,$$p'

bench: .venv-bench/.made  ## measure us beside what one would take instead, then what we cost: some eight minutes
	@$(BENCH)/python benchmarks/side_by_side.py
	@$(BENCH)/python benchmarks/first_frame.py
	@$(BENCH)/python benchmarks/limiter.py
	@$(BENCH)/python benchmarks/overhead.py
	@$(BENCH)/python benchmarks/panel.py
	@echo "Latencies, bulk, a rate limit, a million records: make report, about an hour"

report: .venv-bench/.made  ## measure all that docs/performance.md shows, and draw its picture: about an hour
	@$(BENCH)/python benchmarks/report.py
	@$(BENCH)/python benchmarks/picture.py
	@$(BENCH)/python benchmarks/tables.py

clean:  ## remove the environment and everything made
	rm -rf .build build *.egg-info spyro_sdk/arrow/*.so .venv .venv-bench .coverage .mypy_cache .pytest_cache .ruff_cache customers.parquet

.venv/.demo: EXTRAS :=
.venv/.dev: EXTRAS := [dev]
.venv/.notebook: EXTRAS := [duckdb,notebook,polars]

# what the tests of the compiled decoder need has to be there before it is built
.venv/.dev: PROGRAMS := compiler
COMPILED := setup.py $(wildcard spyro_sdk/arrow/_json*.[ch])

.venv/.demo .venv/.dev .venv/.notebook: pyproject.toml $(COMPILED)
	@test -n "$(PYTHON)" || { echo "spyro_sdk needs Python 3.11 or newer: none was found (make PYTHON=/path/to/python3)"; exit 1; }
	@$(PYTHON) -m tests.programs $(PROGRAMS)
	@echo "Making the environment in .venv with $(PYTHON) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(EXTRAS)'
	@touch $@

# the second has no vector instructions, as on machines of another kind
.build/compiled .build/portable: tests/fuzz/compiled.c $(COMPILED)
	@mkdir -p .build
	$(CC) -std=c11 -g -O1 -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all \
		$(if $(filter %portable,$@),-DSPYRO_PORTABLE) -o $@ $<

.venv/.ipykernel6: tests/browser/ipykernel6.txt | .venv/.dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --no-deps --target .venv/ipykernel6 --requirement $<
	@touch $@

.venv-bench/.made: pyproject.toml $(COMPILED) benchmarks/requirements.txt benchmarks/requirements-airbyte.txt
	@test -n "$(PYTHON)" || { echo "spyro_sdk needs Python 3.11 or newer: none was found (make PYTHON=/path/to/python3)"; exit 1; }
	@$(PYTHON) -m tests.programs compiler
	@echo "Making the environments of the benchmarks in .venv-bench with $(PYTHON) …"
	@test -x $(BENCH)/python || $(PYTHON) -m venv .venv-bench
	@test -x .venv-bench/airbyte/bin/python || $(PYTHON) -m venv .venv-bench/airbyte
	@$(BENCH)/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt --editable .
	@.venv-bench/airbyte/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements-airbyte.txt
	@touch $@
