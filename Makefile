# `make` alone says what there is. Every target sets up what it needs.
.DEFAULT_GOAL := help
.PHONY: help setup serve test test-plain-path check format schema explorer snapshots coverage agreement bench
MAKEFLAGS += --no-print-directory

# The address to serve on, for instance `make serve PORT=8080`; otherwise TRELLIS_HOST and TRELLIS_PORT, or
# 127.0.0.1:8000.
HOST =
PORT =

BIN := .venv/bin
READY := .venv/.ready

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "make serve HOST=0.0.0.0 PORT=8080   serve on another address"

setup: $(READY) ## make .venv/ with everything that development needs

$(READY): pyproject.toml uv.lock .ci/setup
	@echo "setting up .venv/"
	@.ci/setup
	@touch $@

serve: $(READY) ## serve the API, on a database with demo data if it is new
	@$(BIN)/trellis db upgrade
	@$(BIN)/trellis demo --if-empty
	@exec $(BIN)/trellis serve $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))

test: check ## run everything that CI runs
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

test-plain-path: $(READY) ## run the core's tests with every statement going through SQLAlchemy
	@TEST_FAST_PATH=false $(BIN)/python -m pytest --numprocesses auto --dist loadfile \
		tests/db tests/operations tests/execute

coverage: $(READY) ## run the tests and say which lines and branches they miss
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --cov --cov-report term-missing:skip-covered

check: $(READY) ## run what takes seconds: format, lint, types, imports, schema
	@$(BIN)/ruff format --check --quiet || { echo "Run \`make format\`." >&2; exit 1; }
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/trellis schema export --check

format: $(READY) ## format the code
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format

schema: $(READY) ## write schema.graphql
	@$(BIN)/trellis schema export --output schema.graphql

explorer: $(READY) ## fetch GraphiQL's files again
	@$(BIN)/python -m graph.explorer.vendor

snapshots: $(READY) ## write the answers and SQL beside tests/operations anew; read the difference
	@TRELLIS_WRITE_SNAPSHOTS=1 $(BIN)/python -m pytest --quiet tests/operations

agreement: $(READY) ## try thousands of random operations through two executors, which must agree
	@TRELLIS_MANY_EXAMPLES=20 $(BIN)/python -m pytest --quiet --numprocesses auto --dist load \
		tests/execution/agreement/test_agreement.py

# What QUICK, ONLY, SERVERS and PROFILE do: bench/README.md.
bench: $(READY) ## measure Trellis beside its peers; QUICK=1, ONLY=feed,all, SERVERS=trellis,limit, PROFILE=feed
	@$(BIN)/python -m bench $(if $(filter-out 0,$(QUICK)),--quick) $(if $(ONLY),--only $(ONLY)) \
		$(if $(SERVERS),--servers $(SERVERS)) $(if $(PROFILE),--profile $(PROFILE))
