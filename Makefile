# Jackfield: `make run` starts everything, `make test` tests everything. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUN_STAMP := $(VENV)/.run-$(shell cksum < requirements.lock | cut -d' ' -f1)
DEV_STAMP := $(VENV)/.dev-$(shell cksum < requirements-dev.lock | cut -d' ' -f1)
ARGS ?=
# Compiled modules are kept: a server that compiles its own at each start takes a third longer to be there.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help venv dev run call load test check lint types imports unit e2e soak bench prompts lock tools docs screenshots clean

help: ## this list
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(RUN_STAMP):
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"Jackfield needs CPython 3.11 or newer, {sys.executable} is {v.major}.{v.minor}: make PYTHON=/path/to/python3.11 ...")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@rm -f $(VENV)/.run-*; touch $@

$(DEV_STAMP): $(RUN_STAMP)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@rm -f $(VENV)/.dev-*; touch $@

venv: $(RUN_STAMP) ## make .venv with what the server needs

dev: $(DEV_STAMP) ## the same with what tests, lint and benchmarks need

run: venv ## start everything on this machine (ARGS="--http-port 8081" for flags)
	@exec $(PY) -m server run $(ARGS)

call: venv ## a real call with a recorded voice into the running server
	@exec $(PY) -m tools.call $(ARGS)

tools: ## the programs that tests talk to (SIPp, baresip, chromium), by apt where it can
	@sh tools/install_test_tools.sh

test: dev tools ## all tests, the whole-server ones beside the others
	$(PY) -m tools.run_tests $(ARGS)

unit: dev ## the tests that need no other program and no browser
	$(PY) -m pytest -q --ignore tests/e2e -m "not sipp and not baresip and not browser" $(ARGS)

e2e: dev tools ## whole-server tests with real clients
	$(PY) -m pytest tests/e2e $(ARGS)

soak: dev tools ## the long runs: 1,000 calls with random hang-ups, kill -9 in a loop
	$(PY) -m pytest soak $(ARGS)

load: dev ## a load run: make load NAME=crowded_line (loadtests/scenarios), report in load-NAME/
	$(PY) -m loadtests.run $(or $(NAME),ordinary_day) $(ARGS)

bench: dev ## benchmarks, one JSON object a line (ONLY=decision picks by prefix)
	@$(PY) -m bench $(ONLY)

lint: dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

types: dev
	$(PY) -m mypy .

imports: dev
	$(VENV)/bin/lint-imports

check: lint types imports test ## everything that CI asks

docs: dev ## redraw the generated pages
	$(PY) -m tools.generate_docs

screenshots: dev tools ## pictures of every page in three languages, docs/screenshots.md (ONLY=board picks a scene)
	$(PY) -m tools.screenshots $(ONLY)

lock: dev ## pin the dependencies of pyproject.toml anew
	$(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o requirements.lock
	$(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra postgres -c requirements.lock pyproject.toml -o requirements-postgres.lock
	$(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## remove the environment and the caches (not data/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
