# Everything that a person or a machine runs; each target sets up what it needs in .venv.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE_CLIENT := tests/interop/node
NODE_SERVER := tests/fakes/gws_node
DASHBOARD := clients/dashboard
GO := clients/go
TYPESCRIPT := clients/typescript
JAVA := clients/java

.PHONY: help install run test dashboard soak lint generate lock clean bench bench-quick

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## Set up .venv with dialbridge, and nothing else

run: $(VENV)/.installed dashboard ## Start everything with the embedded demo directory and the simulated switch
	@$(BIN)/dialbridge serve

test: $(VENV)/.installed-dev node-client dashboard clients ## Set up and run every test
	@if command -v npm >/dev/null; then npm test --prefix $(DASHBOARD) --silent; fi
	@$(BIN)/python -m pytest -n auto --dist worksteal

dashboard: $(VENV)/bin/python ## Build the web dashboard, if npm is there and its sources are newer
	@if ! command -v npm >/dev/null; then \
		[ -f $(DASHBOARD)/dist/index.html ] || echo "no npm, so no web dashboard; everything else works" >&2; \
	else \
		[ $(DASHBOARD)/node_modules/.package-lock.json -nt $(DASHBOARD)/package-lock.json ] || \
			npm ci --prefix $(DASHBOARD) --no-audit --no-fund --loglevel=error || exit 1; \
		[ -f $(DASHBOARD)/dist/index.html ] && \
			[ -z "$$(find $(DASHBOARD) -path $(DASHBOARD)/node_modules -prune -o -path $(DASHBOARD)/dist -prune -o \
				-path $(DASHBOARD)/tests -prune -o -type f -newer $(DASHBOARD)/dist/index.html -print)" ] || \
			npm run build --prefix $(DASHBOARD) --silent -- --logLevel error; \
	fi

soak: $(VENV)/.installed-dev ## Kill the service at random moments for a quarter of an hour, another way each time
	@seed=$$(date +%s); echo "seed $$seed"; DIALBRIDGE_SOAK_DIALS=$${DIALS:-3000} DIALBRIDGE_SOAK_SEED=$$seed \
		$(BIN)/python -m pytest -s tests/end_to_end/test_soak.py

lint: $(VENV)/.installed-dev ## Check style, types, walls and the contract
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code

generate: $(VENV)/.installed-dev $(TYPESCRIPT)/node_modules/.package-lock.json ## Generate protos/gen and the clients' stubs; needs Go and npm
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python protos/generate.py protos/gen
	$(BIN)/python protos/generate_clients.py

lock: $(VENV)/.installed-dev ## Resolve all dependencies anew into constraints.txt
	$(BIN)/uv pip compile --quiet --universal --no-header --no-emit-index-url --no-annotate --upgrade \
		--python-version 3.11 --extra dev pyproject.toml -o constraints.txt

# The interpreter that runs dialbridge in a measure; see docs/performance.md.
BENCH_PYTHON ?= $(BIN)/python

bench: $(VENV)/.installed-dev ## Measure beside peers, about 25 minutes: a table, benchmarks/.build/results.json, docs/performance
	@$(BIN)/python -m benchmarks.peers
	@$(BIN)/python -m benchmarks.run --python $(BENCH_PYTHON)

bench-quick: $(VENV)/.installed-dev ## The most important measures in under two minutes
	@$(BIN)/python -m benchmarks.peers
	@$(BIN)/python -m benchmarks.run --quick --python $(BENCH_PYTHON)

clean: ## Remove what the other targets made
	rm -rf $(VENV) $(NODE_CLIENT)/node_modules $(NODE_SERVER)/node_modules .dialbridge \
		benchmarks/.build benchmarks/load/gen benchmarks/peers/node/node_modules benchmarks/peers/java/target \
		$(GO)/bin $(TYPESCRIPT)/node_modules $(TYPESCRIPT)/dist $(JAVA)/target
	rm -rf $(DASHBOARD)/node_modules $(DASHBOARD)/dist

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "dialbridge needs Python 3.11 or newer as $(PYTHON) (or make PYTHON=...)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "dialbridge needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try make PYTHON=python3.11" >&2; exit 1; }
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "venv is missing; on Debian: apt install python3-venv" >&2; exit 1; }

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# The official CometD client and server, for the tests that meet them; without npm these tests say so and are skipped.
.PHONY: node-client
node-client: $(VENV)/bin/python
	@if command -v npm >/dev/null; then \
		for each in $(NODE_CLIENT) $(NODE_SERVER); do \
			[ $$each/node_modules/.package-lock.json -nt $$each/package-lock.json ] || \
				npm ci --prefix $$each --no-audit --no-fund --loglevel=error || exit 1; \
		done; \
	fi

# The clients in other languages, their examples and their conformance adapters; without a toolchain its tests say so and
# are skipped. What is built already is built again only after a change.
.PHONY: clients
clients:
	@if command -v go >/dev/null && (cd $(GO) && go list -m >/dev/null 2>&1); then $(MAKE) -s $(GO)/bin/conformance; fi
	@if command -v npm >/dev/null; then $(MAKE) -s $(TYPESCRIPT)/dist/conformance/adapter.js; fi
	@if command -v mvn >/dev/null && command -v javac >/dev/null; then $(MAKE) -s $(JAVA)/target/.built; fi

$(GO)/bin/conformance: $(GO)/go.sum $(shell find $(GO) -name '*.go')
	cd $(GO) && go build -o bin/ ./internal/conformance ./examples/dial_and_follow

$(TYPESCRIPT)/node_modules/.package-lock.json: $(TYPESCRIPT)/package-lock.json
	npm ci --prefix $(TYPESCRIPT) --no-audit --no-fund --loglevel=error
	@touch $@

$(TYPESCRIPT)/dist/conformance/adapter.js: $(TYPESCRIPT)/node_modules/.package-lock.json $(TYPESCRIPT)/tsconfig.json \
		$(shell find $(TYPESCRIPT)/src $(TYPESCRIPT)/tests $(TYPESCRIPT)/examples $(TYPESCRIPT)/conformance -name '*.ts')
	cd $(TYPESCRIPT) && node_modules/.bin/tsc
	@touch $@

$(JAVA)/target/.built: $(JAVA)/pom.xml $(shell find $(JAVA)/src -name '*.java') $(wildcard protos/dialbridge/v1/*.proto)
	mvn -q -B -ntp -f $(JAVA)/pom.xml process-test-classes
	@touch $@
