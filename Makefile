# Everything happens in .venv and in this folder. Needed: Python 3.11 to 3.14, a C compiler (durable-rules), make.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
# several pytest processes, as many as a small machine has cores; the tests of a file share one, and what they look at
JOBS ?= 2
# durable-rules calls a C function that the headers of Python 3.13 dropped; this declares it (docs/adr/0025)
ABI := rules/tideng_rules/engine/abi
export CPPFLAGS += -include '$(CURDIR)/$(ABI)/calls.h'

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow test-pythons lint bench docs screenshots constraints

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed $(VENV)/.frontend ## put everything that running Tideng needs into .venv

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11'; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	    { echo 'this Python has no venv; on Debian: apt-get install python3-venv'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.python setup.cfg setup.py pyproject.toml constraints.txt $(ABI)/_calls.c $(ABI)/calls.h
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

# the scripts of the admin panel; where they cannot be built it says so and goes on: every page works without them
FRONTEND := $(shell find admin/frontend plugins/*/frontend -path '*/node_modules' -prune -o -type f -print 2>/dev/null)
$(VENV)/.frontend: $(FRONTEND) | $(VENV)/.installed
	@$(PY) admin/frontend/install.py && touch $@ || true

$(VENV)/.tested: $(VENV)/.installed
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,bench,docs]'
	@touch $@

# what the tests of the engine need, for an environment of another Python
$(VENV)/.engines: $(VENV)/.installed
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[engines]'
	@touch $@

demo: install ## a sample company at five to seven in the evening; open the address it prints
	$(VENV)/bin/tideng demo

test: $(VENV)/.tested $(VENV)/.frontend ## everything but what takes minutes, on SQLite and a real PostgreSQL
	$(PY) -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder -m 'not slow' tests

test-slow: $(VENV)/.tested $(VENV)/.frontend ## kills, simulated years: what takes minutes
	$(PY) -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder -m slow tests

test-pythons: $(VENV)/.python ## the engine and the demo on every other Python found; PYTHONS="python3.13 …" names them
	JOBS=$(JOBS) $(PY) tests/pythons.py --except "$$($(PY) -c 'import sys; print("%d.%d" % sys.version_info[:2])')" $(PYTHONS)

lint: $(VENV)/.tested ## style, types, who may import whom
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

bench: $(VENV)/.tested $(VENV)/.frontend ## measure; writes bench/RESULTS.md
	$(PY) -m bench

docs: $(VENV)/.tested ## write the parts of docs/ that are drawn from the code
	$(PY) -m docs.make

screenshots: $(VENV)/.tested $(VENV)/.frontend ## take the pictures in docs/ from the running demo
	$(PY) -m docs.screenshots

constraints: $(VENV)/.tested ## pin what is installed in .venv now
	{ echo '# What Tideng is tested with. Written by `make constraints`.'; \
	  $(PY) -m pip freeze --exclude-editable | grep -v '^#'; } > constraints.txt
