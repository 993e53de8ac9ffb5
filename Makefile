# Everything a newcomer types. `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash

export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE

UV_VERSION := 0.13.9
UV := .uv/bin/uv

# What `make run` learns from; empty means the sample, or for DATA the original from UCI. SOURCE: a folder, an address,
# or api, which needs OPENAQ_API_KEY.
PROJECT ?= openaq
DATA ?=
LOCATIONS ?=
PARAMETER ?=
AS_OF ?=
SOURCE ?=

# The tests that `make test` runs; a worker more than two cores, since tests wait.
FAST := -m "not soak and not storm and not cluster" -n 3 --dist loadfile --no-loadscope-reorder

# What `make images`, `deploy` and `e2e` work with. VALUES: a file of values for charts/platform; WITHOUT: charts of
# charts/upstream to leave out; ARGO: 3.7 or 4.0, empty for the one that is there, else 4.0; BARE=1 for e2e: Argo's
# controllers are there, and neither our settings nor Seldon.
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' pipeline/__init__.py)
CONTAINER_TOOL ?= minikube
NAMESPACE ?= mlops
IMAGE_REGISTRY ?=
VALUES ?=
CRONS ?= on
WITHOUT ?=
ARGO ?=
BARE ?=
E2E ?= $(foreach test,openaq features trial notebooks notify schedules page tidy faults cluster_storm,tests/e2e/test_$(test).py)
# BASE: the image that ours stand on, by its digest where they must come out the same (python@sha256:…). TAG: what a
# release is tagged with; times in its images are those of the commit, which builds every layer anew.
BASE ?= python:3.12-slim-bookworm
TAG ?=
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
BUILD_ARGS = --build-arg VERSION=$(VERSION) --build-arg BASE=$(BASE)
TIMES = $(if $(TAG),--timestamp $(SOURCE_DATE_EPOCH))
# What comes with the wheel, with its extra `laptop` and in each image, as `uv export` names it.
SBOM = wheel laptop $(IMAGES)
SBOM_laptop := --extra laptop
SBOM_steps := --extra steps --extra platform
SBOM_page := --extra steps --extra platform
SBOM_notebooks := --extra steps --extra notebooks
SBOM_features := --project steps/featurestore/locked
SBOM_serve := --extra serving
SBOM_mlflow := --extra tracking
IMAGES := steps page notebooks features serve mlflow
REGISTRY_PREFIX := $(if $(IMAGE_REGISTRY),$(IMAGE_REGISTRY)/,docker.io/library/)
BUILD_minikube = minikube image build --build-opt=target=$(1) --build-opt=build-arg=VERSION=$(VERSION) --build-opt=build-arg=BASE=$(BASE) -t $(2) .
BUILD_docker = docker build --target $(1) $(BUILD_ARGS) $(if $(TAG),--build-arg SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH)) -t $(2) .
BUILD_podman = podman build --layers $(TIMES) --target $(1) $(BUILD_ARGS) -t $(2) .
BUILD_buildah = buildah build --layers $(TIMES) --target $(1) $(BUILD_ARGS) -t $(2) .

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: .venv/.ready ## Learn, deploy and predict on this machine, no cluster (PROJECT= DATA= or LOCATIONS= PARAMETER= AS_OF= SOURCE=)
	@.venv/bin/pipeline quickstart $(PROJECT) --by-make --data "$(DATA)" --locations "$(LOCATIONS)" \
	  --parameter "$(PARAMETER)" --as-of "$(AS_OF)" --source "$(SOURCE)"

.PHONY: shell
shell: .venv/.ready ## A shell that has `pipeline` on its PATH; `exit` leaves it
	@PATH="$(CURDIR)/.venv/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" $${SHELL:-bash}

.PHONY: docs
docs: .venv/.ready-dev ## The documentation as pages: site/index.html
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet && echo "site/index.html"

.PHONY: drift
drift: .venv/.ready ## Tell a year of the live model in minutes: a sensor breaks, the world changes, a challenger takes over
	@.venv/bin/python -m pipeline.quickstart.drift

.PHONY: down
down: .venv/.ready ## Stop the embedded servers and the model server
	@.venv/bin/pipeline down

.PHONY: test
test: .venv/.ready-dev ## Format, types and the fast tests (10 minutes on two cores)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python -m pytest $(FAST)

.PHONY: cover
cover: .venv/.ready-dev ## The fast tests, and which files they cover least; a fifth slower, so not part of `make test`
	@rm -rf .coverage
	.venv/bin/coverage run -m pytest $(FAST)
	@.venv/bin/coverage combine --quiet
	@echo && echo "The ten files that the tests cover least:" && .venv/bin/coverage report --sort=cover | sed -n '1,12p;/^TOTAL/p'

.PHONY: soak
soak: .venv/.ready-dev ## The slow tests: kills at random instants, full disks, hanging sources
	.venv/bin/pytest -m soak

.PHONY: storm
storm: .venv/.ready-dev ## Fifty files at once, everything announced twice and killed: none lost, none doubled
	.venv/bin/python -m pytest -m storm -s

# The benches that `make bench` runs; SET=small: those of a minute, with what is already installed.
SET ?= all
BENCHES_all = $(basename $(notdir $(wildcard tests/bench/[a-z]*.py)))
BENCHES_small := moments places

.PHONY: bench
bench: $(if $(filter small,$(SET)),.venv/.ready-dev,.venv/.ready-bench) ## Measure scores, overheads and start-up, side by side, and plot them over the runs (SET=small: a minute)
	$(if $(BENCHES_$(SET)),,$(error SET=$(SET): wanted all or small))
	@for bench in $(BENCHES_$(SET)); do .venv/bin/python -m tests.bench.$$bench || exit 1; done
	@.venv/bin/python -m tests.bench.history

.PHONY: oracle
oracle: .venv/.ready-dev ## Ask the real controller (KUBECONFIG) about tests/oracle/cases again (ARGS="--check --only dag/")
	@.venv/bin/python -m tests.oracle.ask $(ARGS)

.PHONY: images
images: ## Build the images: steps, page, notebooks, features, serve, mlflow (CONTAINER_TOOL=minikube|docker|podman|buildah IMAGE_REGISTRY= BASE=)
	$(if $(BUILD_$(CONTAINER_TOOL)),,$(error CONTAINER_TOOL=$(CONTAINER_TOOL): wanted minikube, docker, podman or buildah))
	$(foreach target,$(IMAGES),$(call BUILD_$(CONTAINER_TOOL),$(target),$(REGISTRY_PREFIX)pipeline-$(target):$(VERSION)) && ) true

.PHONY: push
push: ## Push them to IMAGE_REGISTRY (CONTAINER_TOOL=docker|podman|buildah)
	$(if $(and $(IMAGE_REGISTRY),$(filter docker podman buildah,$(CONTAINER_TOOL))),,$(error wanted IMAGE_REGISTRY and CONTAINER_TOOL=docker, podman or buildah))
	$(foreach target,$(IMAGES),$(CONTAINER_TOOL) push $(REGISTRY_PREFIX)pipeline-$(target):$(VERSION) && ) true

.PHONY: dist
dist: .venv/.ready ## The wheel and the source as one would publish them: dist/ (TAG: a release's tag, which must be the version's)
	@[ -z "$$TAG" ] || [ "$$TAG" = "v$(VERSION)" ] || \
	  { printf 'the tag is %s and the version %s; wanted the tag v%s, or that version in pipeline/__init__.py\n' "$$TAG" $(VERSION) $(VERSION) >&2; exit 2; }
	@rm -rf dist/learning_pipelines-* && SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) UV_PYTHON="$$(.ci/python312)" $(UV) build --quiet --out-dir dist && ls dist/learning_pipelines-*

.PHONY: sbom
sbom: .venv/.ready ## What the wheel, the laptop and each image consist of, as CycloneDX: dist/sbom/
	@mkdir -p dist/sbom
	@export='$(UV) export --quiet --frozen --no-default-groups --no-emit-project --format cyclonedx1.5'; \
	  $(foreach part,$(SBOM),$$export $(SBOM_$(part)) --output-file dist/sbom/$(part).cdx.json >/dev/null && ) ls dist/sbom/*

.PHONY: deploy
deploy: .venv/.ready ## Install all of it on kubectl's context (NAMESPACE= IMAGE_REGISTRY= VALUES= CRONS=off WITHOUT= ARGO=)
	@.venv/bin/pipeline deploy --namespace $(NAMESPACE) --registry "$(IMAGE_REGISTRY)" $(if $(VALUES),--values $(VALUES)) \
	  $(if $(filter off,$(CRONS)),--no-crons) $(if $(ARGO),--argo $(ARGO)) $(foreach chart,$(WITHOUT),--without $(chart))

.PHONY: undeploy
undeploy: .venv/.ready ## Remove manifests and platform from there; data stay
	@.venv/bin/pipeline undeploy --namespace $(NAMESPACE)

.PHONY: e2e
e2e: .venv/.ready-dev ## Run openaq there and here, and compare (BARE=1 for a cluster without our charts of Argo and Seldon)
	@NAMESPACE=$(NAMESPACE) BARE=$(BARE) .venv/bin/python -m pytest -m cluster -n 0 -s $(E2E)

.PHONY: render
render: .venv/.ready ## Write manifests/ again from pipeline/projects/
	@.venv/bin/pipeline render

.PHONY: picture
picture: .venv/.ready-dev ## Draw docs/architecture.svg again from the imports of the code
	@.venv/bin/python -m tests.house.drawing

.PHONY: fields
fields: .venv/.ready-dev ## Write the fields of a declaration into docs/projects.md again, and options into docs/commands.md
	@.venv/bin/python -m tests.house.fields
	@.venv/bin/python -m tests.house.options

.PHONY: licences
licences: .venv/.ready-dev ## Write docs/licences.md again from the locks and what is installed
	@.venv/bin/python -m tests.house.licences

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
