# Needs bash, Python 3.11 or newer and, for a first run, a network. The work is done by scripts/.
.PHONY: demo test coverage lint types scan bench soak nightly mutants mutation faults docs lock clean

python := .venv/bin/python

# A database with 8 counties and 140 townships, served on this machine only.
demo:
	@scripts/bootstrap.sh runtime
	@.venv/bin/townhall demo

# PYTEST="-k budget" narrows the tests; the summary line of pytest is the last line printed.
# `worksteal` leaves neighbouring tests to one process: what they share is made once and not in each.
# Coverage takes half as long again, so it has a target of its own.
# Where Python keeps nothing of what it compiled, each process of the tests compiles all of it again.
test coverage: export PYTHONDONTWRITEBYTECODE :=
test: lint types
	$(python) -m pytest -n auto --dist worksteal $(PYTEST)

coverage: bootstrap-test
	$(python) -m pytest -n auto --dist worksteal --cov --cov-report=term $(PYTEST)

lint types scan bench nightly mutants mutation faults docs: bootstrap-test
soak: bootstrap-soak

.PHONY: bootstrap-test bootstrap-soak
bootstrap-test bootstrap-soak:
	@scripts/bootstrap.sh $(@:bootstrap-%=%)

lint:
	$(python) -m ruff check .
	$(python) -m deptry .

types:
	$(python) -m mypy

# The slower scanners, in an environment of their own: each first finds a fault planted for it, then none in the tree.
scan:
	@scripts/scan.sh

# Not in parallel, even under `make -j`: they measure.
bench:
	@scripts/bench.sh $(python)

# The long tests at their full length: an hour or so, not part of `make test`, which runs a seed of each.
soak:
	@TOWNHALL_SOAK=1 scripts/bootstrap.sh test
	@scripts/soak.sh $(python)

# The properties of the merge engine with 10,000 examples each instead of some dozens: a night's work.
nightly:
	TOWNHALL_EXAMPLES=$${TOWNHALL_EXAMPLES:-10000} $(python) -m pytest -n auto --no-header tests/properties

# Breaks the walls between tenants one at a time and counts what the tests notice: half an hour.
mutants:
	$(python) scripts/mutants.py

# Plants the faults that the merge engine must not have, one at a time, and counts what the tests notice.
faults:
	$(python) scripts/faults.py

# Changes one thing at a time in the modules that keep tenants apart and counts what the tests notice: an hour.
# MUTATION="tenancy walls" names some of them.
mutation:
	@scripts/scan.sh prepare
	$(python) scripts/mutation/run.py $(MUTATION)

# Pages that are written from the program's own tables.
docs:
	$(python) scripts/rights.py
	$(python) scripts/rules.py

# Rewrites requirements/ from pyproject.toml; UPGRADE=1 takes the newest versions that it allows.
lock:
	@scripts/lock.sh

# Leaves .venv and the data alone.
clean:
	rm -rf build dist out .coverage .coverage.* .hypothesis
	find . \( -path ./.venv -o -path ./.tools -o -path ./.git \) -prune -o \
		-type d \( -name __pycache__ -o -name '.*_cache' \) -prune -exec rm -rf {} +
