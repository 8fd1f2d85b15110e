# Needs bash, Python 3.11 or newer and, for a first run, a network. The work is done by scripts/.
.PHONY: demo test lint types bench soak mutants docs lock clean

python := .venv/bin/python

# A database with 8 counties and 140 townships, served on this machine only.
demo:
	@scripts/bootstrap.sh runtime
	@.venv/bin/townhall demo

# PYTEST="-k budget" narrows the tests; the summary line of pytest is the last line printed.
test: lint types
	$(python) -m pytest -n auto --cov --cov-report=term $(PYTEST)

lint types bench mutants docs: bootstrap-test

.PHONY: bootstrap-test
bootstrap-test:
	@scripts/bootstrap.sh test

lint:
	$(python) -m ruff check .

types:
	$(python) -m mypy

# Not in parallel, even under `make -j`: they measure.
bench:
	@scripts/bench.sh $(python)

# The long tests at their full length: an hour or so, not part of `make test`, which runs a seed of each.
soak:
	@TOWNHALL_SOAK=1 scripts/bootstrap.sh test
	@scripts/soak.sh $(python)

# Breaks the walls between tenants one at a time and counts what the tests notice: half an hour.
mutants:
	$(python) scripts/mutants.py

# Pages that are written from the program's own tables.
docs:
	$(python) scripts/rights.py

# Rewrites requirements/ from pyproject.toml; UPGRADE=1 takes the newest versions that it allows.
lock:
	@scripts/lock.sh

# Leaves .venv and the data alone.
clean:
	rm -rf build dist out .coverage .coverage.* .hypothesis
	find . \( -path ./.venv -o -path ./.tools -o -path ./.git \) -prune -o \
		-type d \( -name __pycache__ -o -name '.*_cache' \) -prune -exec rm -rf {} +
