# Everything runs in .venv, which packaging/setup.sh makes and keeps up to date.
SHELL := /bin/bash
PYTHON := .venv/bin/python
ARGS ?=
# Half of the time tests wait for other processes: two workers more than there are cores.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 8 ? cores + 2 : 8)))

# Tests start the program a hundred times: Python must keep what it has compiled, whatever the shell says of that.
test services-test compose-test: export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help setup run package package-test env services services-test desktop-test compose-test test check format bench bench-peers screenshots soak services-soak lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: ## make the environment in .venv; does nothing when it is up to date
	@bash packaging/setup.sh

run: setup ## open the workstation in paper mode; ARGS="--no-gui --for 60" passes options
	@.venv/bin/workstation $(ARGS)

package: ## build the application in the folder dist/workstation
	@# Libraries of Qt's X11 plugin go into it, so they have to be here, display or none.
	@DISPLAY=$${DISPLAY:-:0} bash packaging/setup.sh
	@bash packaging/package.sh

package-test: ## start what `make package` built as another user, on a screen of its own; ARGS="--pictures DIR"
	@$(PYTHON) -m tests.packaged $(ARGS)

env: ## passwords and tokens of the services into .env; keeps what is there
	@python3 packaging/make_env.py

services: setup ## every service as a process of this machine, over NATS
	@$(PYTHON) packaging/services.py $(ARGS)

services-test: ## the services as processes: trade, ask, kill, partition, fill the disk, look in a browser
	@bash packaging/setup.sh --test
	@$(PYTHON) -m pytest -q -n 2 -m services $(ARGS)

desktop-test: ## the program on an X display, traded by real keys and clicks; DESKTOP_PICTURES=DIR keeps pictures
	@bash packaging/setup.sh --desktop
	@$(PYTHON) -m pytest -q -m desktop $(ARGS)

compose-test: setup ## the same with the containers of docker-compose.yml
	@$(PYTHON) -m tests.compose $(ARGS)

test: ## the whole test suite; ARGS="tests/unit -k ledger" chooses, WORKERS=0 runs in one process
	@bash packaging/setup.sh --test
	@$(PYTHON) -m pytest -q -n $(WORKERS) --dist worksteal $(ARGS)

check: setup ## lint, format, types and the order of imports
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

format: setup ## put the code into its format
	@.venv/bin/ruff check --fix-only .
	@.venv/bin/ruff format .

bench: setup ## measure, print a table and write bench.json
	@$(PYTHON) -m tests.benchmarks $(ARGS)

bench-peers: setup ## measure our chart beside finplot, VeighNa and pyqtgraph's example; ARGS="--bars 100000"
	@$(PYTHON) -m tests.benchmarks.peers $(ARGS)

screenshots: setup ## render the pictures of the documents
	@$(PYTHON) -m tests.screenshots $(ARGS)

soak: setup ## run seeded worlds under faults until told to stop; ARGS="--live spot" trades live at the sandbox
	@$(PYTHON) -m tests.soak $(ARGS)

services-soak: setup ## kill every service again and again while it trades at the sandbox; ARGS="--kills 60 --seed 7"
	@$(PYTHON) -m tests.services_soak $(ARGS)

lock: setup ## resolve the dependencies of pyproject.toml again
	@bash packaging/lock.sh

clean: ## remove caches and build products; .venv and data stay
	@rm -rf build dist *.egg-info bench.json bench-peers.json .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find workstation widgets tests -type d -name __pycache__ -prune -exec rm -rf {} +
