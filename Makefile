# Everything a newcomer types. `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash

export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE

UV_VERSION := 0.13.9
UV := .uv/bin/uv

# What `make run` learns from; empty means the sample, or for DATA the original from UCI.
PROJECT ?= openaq
DATA ?=
LOCATIONS ?=
PARAMETER ?=
AS_OF ?=
SOURCE ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: .venv/.ready ## Learn, deploy and predict on this machine, no cluster (PROJECT= DATA= or LOCATIONS= PARAMETER= AS_OF= SOURCE=)
	@.venv/bin/pipeline quickstart $(PROJECT) --data "$(DATA)" --locations "$(LOCATIONS)" --parameter "$(PARAMETER)" \
	  --as-of "$(AS_OF)" --source "$(SOURCE)"

.PHONY: down
down: .venv/.ready ## Stop the embedded servers and the model server
	@.venv/bin/pipeline down

.PHONY: test
test: .venv/.ready-dev ## Format, types and the fast tests (under 5 minutes)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/pytest -m "not soak and not storm and not cluster" -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: soak
soak: .venv/.ready-dev ## The slow tests: kills at random instants, full disks, hanging sources
	.venv/bin/pytest -m soak

.PHONY: storm
storm: .venv/.ready-dev ## Fifty files at once, everything announced twice and killed: none lost, none doubled
	.venv/bin/python -m pytest -m storm -s

.PHONY: bench
bench: .venv/.ready-bench ## Measure scores, overheads and start-up, side by side
	@for bench in tests/bench/*.py; do .venv/bin/python $$bench || exit 1; done

.PHONY: oracle
oracle: .venv/.ready-dev ## Ask the real controller (KUBECONFIG) about tests/oracle/cases again (ARGS="--check --only dag/")
	@PYTHONPATH=tests .venv/bin/python -m oracle.ask $(ARGS)

.PHONY: render
render: .venv/.ready ## Write manifests/ again from pipeline/projects/
	@.venv/bin/pipeline render

.PHONY: lint
lint: .venv/.ready ## Check manifests/ with this engine and with argo, where it is installed
	@.venv/bin/pipeline lint

.PHONY: setup
setup: .venv/.ready-dev ## Install everything into .venv

.PHONY: clean
clean: ## Stop the servers and remove all state and results
	@if [ -x .venv/bin/pipeline ] && [ -d .pipeline ]; then .venv/bin/pipeline down; fi
	@rm -rf .pipeline

.venv/.ready: uv.lock pyproject.toml | $(UV)
	@echo "setting up .venv (about a minute, once)"
	@UV_PYTHON="$$(.ci/python312)" $(UV) sync --quiet --frozen --inexact --all-extras --group sample --no-dev --compile-bytecode
	@touch $@

.venv/.ready-dev: .venv/.ready
	@UV_PYTHON="$$(.ci/python312)" $(UV) sync --quiet --frozen --inexact --all-extras --all-groups --no-group bench --compile-bytecode
	@touch $@

.venv/.ready-bench: .venv/.ready-dev
	@UV_PYTHON="$$(.ci/python312)" $(UV) sync --quiet --frozen --inexact --all-extras --all-groups --compile-bytecode
	@touch $@

$(UV):
	@python=$$(.ci/python312) && "$$python" -m venv .uv && .uv/bin/pip install --quiet uv==$(UV_VERSION)
