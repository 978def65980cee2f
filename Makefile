# Needs make and Python 3.11 or later; everything else goes into .venv, from lock files with hashes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test fuzz check format openapi coherence chaos bench bench-quick bench-live lock clean environment

export PORT ?= 8000
export HOST ?= 127.0.0.1
export DATA_DIR ?= .data
# Arguments for pytest, as in `make test ARGS="-k roles -n 0"`.
ARGS ?= -n auto
FUZZ ?= 200

VENV := .venv/bin

# The first Python that is new enough; PYTHON=... overrides it.
find_python = for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; python=; done; \
	if [ -z "$$python" ]; then echo "microcosm: Python 3.11 or later is needed and was not found (set PYTHON=/path/to/python3)" >&2; exit 1; fi

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start everything on PORT=8000 with DATA_DIR=.data and a demo site; Ctrl-C stops it
	@$(find_python); $$python -m microcosm.development.environment run
	@exec $(VENV)/python -m microcosm.development

test: environment ## Run the tests; ARGS="..." goes to pytest instead of "-n auto"
	@exec $(VENV)/python -m pytest $(ARGS)

fuzz: environment ## Ask each operation 200 times as each kind of viewer; FUZZ=1000 asks more
	@exec $(VENV)/python -m pytest tests/fuzz --fuzz-examples $(FUZZ) --show-capture=no $(ARGS)

check: environment ## Format, lint, types, import contracts, missing migrations, schema drift
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/python -m mypy
	$(VENV)/lint-imports
	$(VENV)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(VENV)/python manage.py openapi | diff -u docs/api/openapi.json - || { echo "docs/api/openapi.json is out of date: make openapi" >&2; exit 1; }

format: environment ## Format the code and fix what the linter can fix
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

openapi: environment ## Write docs/api/openapi.json anew from the code
	$(VENV)/python manage.py openapi > docs/api/openapi.json.new
	mv docs/api/openapi.json.new docs/api/openapi.json

coherence: environment ## Compare answers through the caches with answers without them, for 10,000 steps of each kind
	COHERENCE_STEPS=10000 $(VENV)/python -m pytest -q -n auto tests/access/test_cache_coherence.py

chaos: environment ## Kill servers and database while 200 sockets follow 20,000 changes, and compare what each was told
	$(VENV)/python -m tests.chaos $(CHAOS_ARGS)

bench: environment ## Measure the hot pages on a million comments (ten minutes); results go to docs/performance
	$(VENV)/python -m tests.bench $(BENCH_ARGS)

bench-quick: environment ## Measure the most important pages on little data (two minutes)
	$(VENV)/python -m tests.bench --quick $(BENCH_ARGS)

bench-live: environment ## Measure 2,000 sockets on one item and 50,000 watchers of another (five minutes)
	$(VENV)/python -m tests.bench.live $(BENCH_ARGS)

lock: environment ## Compile the lock files anew from pyproject.toml
	$(VENV)/uv pip compile $(LOCK_OPTIONS) pyproject.toml -o requirements.lock
	$(VENV)/uv pip compile $(LOCK_OPTIONS) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(VENV)/uv pip compile $(LOCK_OPTIONS) --no-deps --group postgres -o requirements-postgres.lock

LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade

clean: ## Remove caches; the virtual environment and the data stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis staticfiles
	find . -name __pycache__ -not -path './.venv/*' -not -path './.data/*' -prune -exec rm -rf {} +

environment:
	@$(find_python); $$python -m microcosm.development.environment dev
