# Everything a contributor types. Each target installs what it needs; tools live in .venv and .tools, built parts in a cache
# outside the checkout (~/.cache/hera), keyed by version.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
CHECKOV := .tools/checkov/bin/checkov
UV_VERSION := 0.13.9
COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
PYTEST := $(PY) -m pytest -q
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Tests start thousands of Pythons: what one has compiled is kept for the next, whatever the machine's habit is.
unexport PYTHONDONTWRITEBYTECODE

# A registry that answers badly once is asked again.
thrice = for n in 1 2 3; do $(1) && exit 0; echo "try $$n of 3 failed" >&2; sleep 5; done; exit 1

# What fails is played once more, alone, and that is said: on two cores a cluster beside other work misses times that it keeps alone.
twice = $(PYTEST) $(1) || { echo "once more, alone: what failed" >&2; $(PYTEST) --last-failed $(subst -n 2,,$(1)); }

.PHONY: help install demo check parts images up down test soak bench generate format lock
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## make .venv from the lock file
$(VENV)/.installed: requirements/dev.lock pyproject.toml
	@echo "installing the locked packages into $(VENV) …"
	@test -x $(PY) || python3 -m venv $(VENV)
	@$(call thrice,$(PY) -m pip install -q uv==$(UV_VERSION))
	@$(call thrice,$(VENV)/bin/uv pip sync -q --require-hashes --python $(PY) requirements/dev.lock)
	@$(VENV)/bin/uv pip install -q --no-deps --python $(PY) -e .
	@touch $@

$(CHECKOV): requirements/checkov.lock $(VENV)/.installed
	@echo "installing checkov into .tools/checkov …"
	@python3 -m venv .tools/checkov
	@$(call thrice,$(VENV)/bin/uv pip sync -q --require-hashes --python .tools/checkov/bin/python requirements/checkov.lock)
	@touch $(CHECKOV)

demo: install ## plan, build, describe, disturb and delete a cluster on each cloud, simulated
	@$(PY) -m tools.demo

check: install $(CHECKOV) ## everything quick: format, lint, types, layers, generated files, checkov, unit and contract tests
	ruff format --check -q .
	ruff check -q .
	mypy
	lint-imports
	$(PY) -m workflows.render --check
	$(PY) -m tools.generate_schema --check
	$(PY) -m tools.generate_reference --check
	$(PY) -m secrets_operator.manifests --check
	$(PY) -m tools.dashboards --check
	terraform fmt -check -recursive infra/terraform
	$(CHECKOV) -d infra/terraform --framework terraform --quiet --compact --skip-download
	@$(call twice,-n 2 tests/unit tests/contract)

parts: install ## build what the host cluster is made of, once per version; kept outside the checkout
	@$(PY) -m infra.host.parts
	@$(PY) -m infra.host.parts prometheus metrics-server argocd kube-router

images: install ## build the container images (Docker or buildah), once per content
	@$(PY) -m tools.images

up: install ## a management cluster on this machine (Linux, root) with Argo and the pipelines, on the simulated cloud
	@clusterctl bootstrap --target host --simulate --yes

down: install ## take that management cluster down; nothing is left
	@clusterctl bootstrap --target host --down --yes

test: check parts ## everything: check, terraform test, integration, end to end, samples of the long campaigns
	@$(call twice,-n 2 -m "not management" tests/integration tests/e2e)
	@$(call twice,-m management tests/integration)

soak: install parts ## the long campaigns; resume where they stopped; write benchmarks/reports/
	$(PY) -m tests.soak.kills --rounds 60
	$(PY) -m tests.soak.argo --rounds 7
	$(PY) -m tests.soak.leader --rounds 50
	$(PY) -m tests.soak.secrets --rounds 100

bench: install ## the figures, each beside a named peer in one run; writes benchmarks/reports/
	$(PY) -m benchmarks.run
	$(PY) -m benchmarks.argo
	$(PY) -m benchmarks.platform
	$(PY) -m benchmarks.secrets

generate: install ## write every generated file again
	$(PY) -m workflows.render
	$(PY) -m tools.generate_schema
	$(PY) -m tools.generate_reference
	$(PY) -m secrets_operator.manifests
	$(PY) -m tools.dashboards
	$(PY) -m tools.network_diagram

format: install ## format code
	ruff format -q .
	ruff check -q --fix .
	terraform fmt -recursive infra/terraform

lock: ## resolve requirements/*.lock again
	$(COMPILE) --all-extras --group dev -o requirements/dev.lock pyproject.toml
	$(COMPILE) --extra aws --extra azure --extra gcp --extra kubernetes --extra simulator --extra tracing -c requirements/dev.lock -o requirements/steps.lock pyproject.toml
	$(COMPILE) --extra aws --extra azure --extra gcp --extra kubernetes --extra operators --extra secrets -c requirements/dev.lock -o requirements/operators.lock pyproject.toml
	$(COMPILE) -o requirements/checkov.lock requirements/checkov.in
