# The commands of the project: `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help dashboard site test test-app lint js badges release-check clean
SHELL := /bin/bash

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8866
PYTEST ?=
RUN := $(VENV)/bin/python
TESTS := $(RUN) -m pytest -n 2

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-13s %s\n", $$1, $$2}'
	@echo
	@echo "  PYTHON=… another Python (3.11 or later), PORT=… of the page, PYTEST=… options for pytest"

dashboard: $(VENV)/.app ## open the dashboard; makes .venv (about 0.7 GB) the first time
	@$(RUN) -m facelens download detector || echo "Going on with OpenCV's cascades."
	@$(RUN) -m facelens dashboard --port $(PORT)

site: $(VENV)/.app ## write the page that needs no server into build/site, and open it
	@$(RUN) -m facelens download detector || echo "Going on without a face detector."
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.made; fi
	@$(RUN) -m facelens site --out build/site --force
	@echo "It is at http://localhost:$(PORT)/ until Ctrl-C."
	@(sleep 1; $(RUN) -m webbrowser http://localhost:$(PORT)/ >/dev/null) & \
	$(RUN) -m http.server --bind localhost --directory build/site $(PORT)

test: $(VENV)/.train ## run all tests; the first time installs torch and fastai (about 6 GB)
	$(TESTS) $(PYTEST)

test-app: $(VENV)/.test ## run the tests that need no torch
	$(TESTS) -m "not train" $(PYTEST)

lint: $(VENV)/.test ## check style, types and who imports whom
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy facelens
	$(VENV)/bin/lint-imports
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.made && npm run --silent lint; \
	else echo "There is no Node here: the page's JavaScript is not checked."; fi

js: node_modules/.made ## join the page's JavaScript; needs Node
	npm run --silent build

badges: ## write all badges and links: REPO=owner/name TAG=v0.2.0 SPACE=owner/name
	@$(PYTHON) binder/badges.py $(if $(REPO),--repo "$(REPO)") $(if $(TAG),--tag "$(TAG)") $(if $(SPACE),--space "$(SPACE)")

release-check: $(VENV)/.test ## say what stands between this checkout and a release
	@$(RUN) binder/release.py

clean: ## remove .venv and what tools have left
	rm -rf $(VENV) node_modules .pytest_cache .ruff_cache .mypy_cache build dist *.egg-info

node_modules/.made: package.json
	@command -v npm >/dev/null || { echo "There is no Node here; install Node 18 or later; on Debian: apt-get install nodejs npm" >&2; exit 1; }
	npm install --silent --no-audit --no-fund
	@touch $@

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here; install Python 3.11 or later, or give PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Facelens needs Python 3.11 or later; $(PYTHON) is older. Give another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make $(VENV); on Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.app: pyproject.toml | $(VENV)/.made
	@echo "Installing Facelens into $(VENV): about 0.7 GB."
	$(RUN) -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/.made
	@echo "Installing Facelens and its tests into $(VENV): about 1.2 GB."
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[bulk,hog,test]'
	@touch $@

$(VENV)/.train: pyproject.toml | $(VENV)/.made
	@echo "Installing Facelens, torch and fastai into $(VENV): about 6 GB with the CUDA build, 10 minutes or so."
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[bulk,hog,train,test]'
	@touch $@
