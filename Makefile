# Everything a contributor types. Each target installs what it needs; tools live in .venv, built parts in a cache outside the checkout.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
UV_VERSION := 0.13.9
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help install lock
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed ## make .venv from the lock file
$(VENV)/.installed: requirements/dev.lock pyproject.toml
	@echo "installing the locked packages into $(VENV) …"
	@test -x $(PY) || python3 -m venv $(VENV)
	@$(PY) -m pip install -q uv==$(UV_VERSION)
	@$(VENV)/bin/uv pip sync -q --require-hashes --python $(PY) requirements/dev.lock
	@$(VENV)/bin/uv pip install -q --no-deps --python $(PY) -e .
	@touch $@

lock: ## resolve requirements/*.lock again from pyproject.toml
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --all-extras --group dev -o requirements/dev.lock pyproject.toml
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/checkov.lock requirements/checkov.in
