# Atelier's commands. `make` alone lists them. Each does the set-up that it needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

# How many tests run side by side, each process with servers of its own
PROCESSES ?= 2

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 18

.PHONY: setup
setup: ## Set up the locked environments; afterwards .venv/bin/meltano works
	@$(PYTHON) setup/bootstrap.py

# How much is made comes from the environment, where make puts what is set on its command line:
# make demo DAYS=5 MACHINES=2 ORDERS=500 SEED=2
.PHONY: demo
demo: setup ## Local servers, generated sources, the whole pipeline, a summary
	@$(BIN)/atelier-demo run

.PHONY: demo-status
demo-status: setup ## What runs where
	@$(BIN)/atelier-demo status

.PHONY: demo-down
demo-down: setup ## Stop the local servers (their data stay)
	@$(BIN)/atelier-demo down

.PHONY: demo-reset
demo-reset: demo-down ## Stop the local servers and delete their data
	@rm -rf .local/dev && echo "The demo's data are gone; make demo starts from nothing."

.PHONY: serve
serve: setup ## The API and the dashboard on the demo's warehouse, until Ctrl-C
	@$(BIN)/atelier-api serve

.PHONY: docs
docs: setup ## The documentation as a folder of pages, docs/site, which the server has under /docs
	@$(BIN)/atelier-demo up
	@$(BIN)/atelier-api docs

.PHONY: gdpr-register
gdpr-register: setup ## The register of processing (GDPR, Article 30) from the tags of the columns: docs/gdpr
	@$(BIN)/atelier gdpr register

# Who and why come from the environment, where make puts what is set on its command line:
# make gdpr-erase CUSTOMER=4711 REQUESTED_BY="DPO" REFERENCE="2026-17" [MELTANO_ENVIRONMENT=prod]
.PHONY: gdpr-erase
gdpr-erase: setup ## Erase a customer for good: CUSTOMER=… REQUESTED_BY=… REFERENCE=…
	@$(BIN)/atelier gdpr erase

.PHONY: gdpr-export
gdpr-export: setup ## Write all that is held about a customer: CUSTOMER=… REQUESTED_BY=… REFERENCE=…
	@$(BIN)/atelier gdpr export

.PHONY: backup
backup: setup ## Back up the warehouse and the planner's files [MELTANO_ENVIRONMENT=prod]
	@$(BIN)/atelier backup

# REPLACE=1 drops what the warehouse holds, SEEDS=1 puts back the planner's files: see docs/backup.md
.PHONY: restore
restore: setup ## Restore a backup: FROM=folder, or FROM=latest [REPLACE=1] [SEEDS=1]
	@$(BIN)/atelier restore "$${FROM:?name the folder of a backup, or latest}" \
	  $(if $(REPLACE),--replace) $(if $(SEEDS),--seeds)

# mypy and sqlfluff take half a minute each, on one core each
.PHONY: lint lint-python lint-sql
lint: ## ruff, mypy --strict, sqlfluff
	@$(MAKE) --no-print-directory --jobs=2 lint-python lint-sql

lint-python: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

lint-sql: setup
	@$(BIN)/atelier-demo lint-sql

.PHONY: test
test: lint ## Every test but the slow ones: lint, unit, property, integration on real servers, dbt
	@$(BIN)/pytest -m "not slow and not soak" --numprocesses=$(PROCESSES) --dist=loadfile --no-loadscope-reorder

.PHONY: test-slow
test-slow: setup ## The tests that take longer than make test may, but for those of crashes
	@$(BIN)/pytest -m slow --ignore=tests/crash

.PHONY: reliability
reliability: setup ## The slow tests of bad networks, kills and huge files; writes docs/reliability.md
	@rm -f .local/figures/figures.json
	@$(BIN)/pytest -s tests/reliability
	@PYTHONPATH=.:tests $(BIN)/python -m reliability.figures figures

.PHONY: test-crash
test-crash: setup ## Kills, full disks, wrong clocks, cut connections (an hour); writes docs/reliability.md
	@rm -f .local/figures/crashes.json
	@$(BIN)/pytest -s tests/crash
	@PYTHONPATH=.:tests $(BIN)/python -m reliability.figures crashes

# Two hours are two days of the plant; make soak SOAK_HOURS=0.5 is one that ends at five in the afternoon
.PHONY: soak
soak: setup ## Two days of a plant in two hours, with all that may go wrong; writes docs/reliability.md
	@rm -f .local/figures/soak.json
	@$(BIN)/pytest -s tests/soak
	@PYTHONPATH=.:tests $(BIN)/python -m reliability.figures soak

.PHONY: security-tests
security-tests: setup ## The tests that attack what SECURITY.md promises; writes docs/security-tests.md
	@rm -f .local/figures/security.json
	@$(BIN)/pytest -m security
	@PYTHONPATH=.:tests $(BIN)/python -m security.matrix

# Where `make setup` has put uv, else the one on PATH
UV = $(or $(wildcard .local/bin/uv),uv)

.PHONY: audit
audit: setup ## Known advisories about what we use of others (OSV_SERVICE_URL=… a mirror; OSV_DATABASE=… a copy, offline)
	@$(BIN)/python setup/audit.py --uv $(UV) $(if $(OSV_SERVICE_URL),--service $(OSV_SERVICE_URL)) $(if $(OSV_DATABASE),--database $(OSV_DATABASE))

.PHONY: sbom
sbom: setup ## The list of all that runs on a server, as CycloneDX: .local/sbom/atelier.cdx.json
	@$(BIN)/python setup/sbom.py --uv $(UV) .local/sbom/atelier.cdx.json

.PHONY: bench
bench: setup ## Measure the FTP tap beside curl and lftp (half an hour); writes docs/performance.md
	@$(BIN)/python -m bench.ftp

.PHONY: bench-api
bench-api: setup ## Measure the API with five years of data beside bare SQL (minutes); writes docs/performance.md
	@$(BIN)/python -m bench.api

.PHONY: format
format: setup ## Format Python and SQL
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: clean
clean: ## Remove what can be made again, but never data
	@rm -rf .venv extract/tap_mysql_published/.venv .mypy_cache .ruff_cache .pytest_cache transform/target transform/logs
