# `make` alone says what there is. Every target sets up what it needs.
.DEFAULT_GOAL := help
.PHONY: help setup serve test test-long test-npm test-fast test-plain-path test-pgbouncer test-mariadb check check-empty format schema explorer \
	settings snapshots coverage agreement claims bench examples federation promises docs workflows
MAKEFLAGS += --no-print-directory

# The address to serve on, for instance `make serve PORT=8080`; otherwise TRELLIS_HOST and TRELLIS_PORT, or
# 127.0.0.1:8000.
HOST =
PORT =

# Who may ask what an operation costs: everybody while nobody else reaches the server.
TRELLIS_DOCTOR ?= $(if $(HOST)$(TRELLIS_HOST),admins,everybody)

BIN := .venv/bin
# A worker more than there are cores, for tests wait for servers and timers. Workers that are done take over what others
# have not begun. Compiled files are kept whatever the shell says: each process would compile hundreds of them otherwise.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest --numprocesses $$(($$(nproc) + 1)) --dist worksteal
READY := .venv/.ready
SERVE_READY := .venv/.ready-to-serve
DOCS_READY := .venv/.ready-for-docs
TOOL = $(or $(shell command -v uv),$(BIN)/uv) tool run --quiet --from

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "make serve HOST=0.0.0.0 PORT=8080   serve on another address"

setup: $(READY) ## make .venv/ with everything that development needs

$(READY): pyproject.toml uv.lock .ci/setup
	@echo "setting up .venv/"
	@.ci/setup
	@touch $@ $(SERVE_READY)

# A newcomer who wants to see it run does not wait for what tests and checks need.
$(SERVE_READY): pyproject.toml uv.lock .ci/setup
	@echo "setting up .venv/ to serve"
	@.ci/setup serve
	@touch $@

serve: $(SERVE_READY) ## serve the API, on a database with demo data if it is new
	@$(BIN)/trellis db upgrade
	@$(BIN)/trellis demo --if-empty
	@TRELLIS_DOCTOR=$(TRELLIS_DOCTOR) exec $(BIN)/trellis serve $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))

test: check ## run what takes less than five minutes; CI runs test-long and test-npm besides
	@$(PYTEST) -m "not long and not npm"

test-long: check-empty test-plain-path test-pgbouncer test-mariadb ## run what `make test` leaves out: the tree without nouns, long laws, hostile values, faults, pages, browsers
	@$(PYTEST) -m "long and not npm"

test-npm: examples federation ## run what needs npm: the example apps, gateways, audits, graphql-inspector
	@$(PYTEST) -m npm

test-fast: $(READY) ## run what takes less than a minute: both databases; no browser, no processes, no long runs
	@$(PYTEST) -m "not slow and not process"

test-plain-path: $(READY) ## run the core's tests with every statement going through SQLAlchemy
	@TEST_FAST_PATH=false $(PYTEST) --quiet -m "not slow and not process" -k "not sqlite" \
		tests/db/session tests/db/fast tests/db/statements tests/operations tests/execute tests/writing

test-pgbouncer: $(READY) ## run the tests of sessions and of changes through a PgBouncer that lends connections for a transaction
	@TEST_PGBOUNCER=true $(PYTEST) --quiet -m "not long and not process" -k "not sqlite" tests/db/session tests/writing

# The suites that hold on MariaDB: docs/databases.md names them, too.
ON_MARIADB := tests/mariadb tests/db/test_functions.py tests/db/test_patterns.py \
	$(addprefix tests/writing/test_,bulk.py many.py upsert.py) \
	$(addprefix tests/mutations/test_,audit.py idempotency.py inputs.py linking.py money.py nouns.py versions.py)
test-mariadb: $(READY) ## run the tests of functions, changes, money and idempotency on MariaDB, where mariadbd is there
	@TEST_MARIADB=true $(PYTEST) --quiet -m "not process" $(ON_MARIADB)

coverage: $(READY) ## run the tests and say which lines and branches they miss
	@$(PYTEST) --cov --cov-report term-missing:skip-covered

check: $(READY) ## run what takes seconds: format, lint, types, imports, schema
	@$(BIN)/ruff format --check --quiet || { echo "Run \`make format\`." >&2; exit 1; }
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/trellis schema export --check

check-empty: $(READY) ## take our nouns away and check that the rest stands without them
	@$(BIN)/python -m tests.empty

format: $(READY) ## format the code
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format

schema: $(READY) ## write schema.graphql
	@$(BIN)/trellis schema export --output schema.graphql

settings: $(READY) ## write docs/settings.md
	@$(BIN)/python -m manual.settings

explorer: $(READY) ## fetch GraphiQL's files again
	@$(BIN)/python -m graph.explorer.vendor

$(DOCS_READY): $(READY)
	@.ci/setup docs
	@touch $@

docs: $(DOCS_READY) ## build the manual in site/; a broken link is an error
	@$(BIN)/python -m manual

# Tools that nobody needs to develop, in the versions that were tried.
workflows: $(READY) ## check the workflows: their form, and what strangers could do to them
	@set -e; for file in .github/workflows/*.yml; do $(TOOL) check-jsonschema==0.39.* check-jsonschema \
		--quiet --builtin-schema vendor.github-workflows $$file; done
	@$(TOOL) check-jsonschema==0.39.* check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(TOOL) check-jsonschema==0.39.* check-jsonschema --quiet --builtin-schema vendor.github-issue-forms \
		.github/ISSUE_TEMPLATE/mistake.yml .github/ISSUE_TEMPLATE/wish.yml
	@$(TOOL) zizmor==1.32.* zizmor --quiet --offline --no-progress .github

examples: $(READY) ## compile the example apps and run them against a server; ONLY=relay,python
	@$(BIN)/python -m tests.examples $(ONLY)

snapshots: $(READY) ## write the answers and SQL beside tests/operations anew; read the difference
	@$(BIN)/python -m pytest --quiet --trellis-update tests/operations

federation: $(READY) ## compose subgraphs with gateways of npm, and ask them
	@$(BIN)/python -m tests.federation

agreement: $(READY) ## try thousands of random operations: executors, databases and plain Python must agree
	@$(PYTEST) --quiet --hypothesis-profile=many -o faulthandler_timeout=0 \
		tests/execute/agreement/test_agreement.py tests/execute/agreement/club tests/entity/test_questions.py

# What is promised, and what ONLY, MINUTES and SEED do: docs/promises.md.
promises: $(READY) ## try every promise, in less than 25 minutes; ONLY=11,13, MINUTES=5, SEED=7
	@$(BIN)/python -m tests.promises $(if $(ONLY),--only $(ONLY)) $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(SEED),--seed $(SEED))

claims: $(READY) ## print what the tests claim and how many claims there are, to compare two states of the tests
	@$(BIN)/python -m tests.claims

# What QUICK, ONLY, SERVERS and PROFILE do: bench/README.md.
bench: $(READY) ## measure Trellis beside its peers; QUICK=1, ONLY=feed,all, SERVERS=trellis,limit, PROFILE=feed
	@$(BIN)/python -m bench $(if $(filter-out 0,$(QUICK)),--quick) $(if $(ONLY),--only $(ONLY)) \
		$(if $(SERVERS),--servers $(SERVERS)) $(if $(PROFILE),--profile $(PROFILE))
