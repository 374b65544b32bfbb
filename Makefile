# demo: try the bot in a terminal, no account needed.   test: everything CI checks.
# fuzz: hostile input for ten to fifteen minutes.
# chaos: a fault campaign between failing vendors; `make chaos SEED=7 MINUTES=2`, or by webhook
#   with WEBHOOK=1. Linux only.
# bench: what a command costs, beside other bots; six minutes on a machine that does nothing else.
# bench-presence: a day of 500 people in virtual time, about a minute.
# bench-taps: one card of a group under 200 presses, in virtual time, half a minute.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The locks name every file's hash and no registry; pip must not swallow what is piped into `make demo`.
PIP_INSTALL := -m pip --disable-pip-version-check --no-input --quiet install
PIP := $(BIN)/python $(PIP_INSTALL)
INSTALL_SELF := $(PIP) --no-deps --no-build-isolation -e . </dev/null

.PHONY: demo test lint fmt bench fuzz audit bench-presence bench-taps chaos lock clean

demo: $(VENV)/.runtime
	@$(BIN)/rsvp-bot demo

test: lint
	$(BIN)/python -m pytest

# What `make test` tries with a few fixed examples, with many new ones; a failure prints its line.
fuzz: $(VENV)/.dev
	$(BIN)/python -m pytest tests/fuzz --hypothesis-profile=fuzz --timeout 900

# Known weaknesses of what both locks name; asks pypi.org, so it needs a network.
audit:
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/python -m pip --disable-pip-version-check --quiet install pip-audit
	$(VENV)-audit/bin/pip-audit --strict --require-hashes --disable-pip -r requirements.lock -r requirements-dev.lock

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

fmt: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.product $(VENV)/.rivals
	@$(VENV)/product/bin/python -m benchmarks.speed

bench-presence: $(VENV)/.runtime
	@$(BIN)/python -m benchmarks.presence_day

bench-taps: $(VENV)/.runtime
	@$(BIN)/python -m benchmarks.many_taps

chaos: $(VENV)/.runtime
	@$(BIN)/python -m benchmarks.chaos --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED)) $(if $(WEBHOOK),--webhook)

$(VENV)/.runtime: requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (once, about a minute) ..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements.lock </dev/null
	@$(INSTALL_SELF)
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@$(PIP) --require-hashes -r requirements-dev.lock </dev/null
	@touch $@

# The product with what it needs and nothing else: a library that finds others loads them, too.
$(VENV)/.product: $(VENV)/.runtime
	@$(PYTHON) -m venv $(VENV)/product
	@$(VENV)/product/bin/python $(PIP_INSTALL) --require-hashes -r requirements.lock </dev/null
	@touch $@

# What is measured beside the product, apart from it: aiogram wants an older pydantic.
$(VENV)/.rivals: $(VENV)/.runtime benchmarks/rivals/requirements.lock
	@$(PYTHON) -m venv $(VENV)/rivals
	@$(VENV)/rivals/bin/python $(PIP_INSTALL) --require-hashes -r benchmarks/rivals/requirements.lock </dev/null
	@touch $@

# For maintainers: needs `uv`; writes hashes for every platform and Python version.
UV_LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
lock:
	$(UV_LOCK) pyproject.toml --group build -o requirements.lock
	$(UV_LOCK) --group dev -c requirements.lock -o requirements-dev.lock
	$(UV_LOCK) benchmarks/rivals/requirements.in -o benchmarks/rivals/requirements.lock

clean:
	rm -rf $(VENV)
