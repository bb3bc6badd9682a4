# The plant on one machine, and the checks that CI runs. Options: SPEED, DATA_DIR, PORT, PLANT, PYTHON.
PYTHON ?= python3
SPEED ?= 1500
DATA_DIR ?= .halite
PORT ?= 8080
KILLS ?= 200
ROW_KILLS ?= 50
SEEDS ?= 20
SEED ?= 1
MINUTES ?= 5
SECONDS ?= 180
CYCLES ?= 500
ORDERS ?= 10000
EXAMPLES ?= 50

SYNCED := .venv/.synced
UV := .cache/uv/bin/uv

.PHONY: help env run test fault fuzz compose-test check docs web lock backup restore audit sbom

help:
	@echo "make run      the whole plant; SPEED=$(SPEED) DATA_DIR=$(DATA_DIR) PORT=$(PORT) PLANT=$(PLANT)"
	@echo "make backup   copy all the plant keeps, while it runs: TO=folder"
	@echo "make restore  put a plant back into an empty folder: FROM=folder DATA_DIR=folder"
	@echo "make check    format, lint, types, import rules, contracts, web types, size of the web app"
	@echo "make test     all tests"
	@echo "make fault    break the plant at random, in virtual time and for real; SEEDS=$(SEEDS) KILLS=$(KILLS) ROW_KILLS=$(ROW_KILLS) SEED=$(SEED) MINUTES=$(MINUTES) SECONDS=$(SECONDS) CYCLES=$(CYCLES) ORDERS=$(ORDERS)"
	@echo "make fuzz     made-up requests to every service and bytes to every parser; SECONDS=$(SECONDS) EXAMPLES=$(EXAMPLES)"
	@echo "make compose-test  build, start and try docker-compose.yml; as root, with Debian's docker.io, docker-compose, debootstrap"
	@echo "make docs     build the documentation as a site in site/, which needs no network to be read"
	@echo "make web      build the web app when its sources have changed"
	@echo "make audit    look up known vulnerabilities of all packages; fails too where they could not be looked up"
	@echo "make sbom     list all packages as CycloneDX: TO=folder"
	@echo "make lock     renew requirements.lock from pyproject.toml"

env: $(SYNCED)

$(SYNCED): requirements.lock deploy/environment.py
	@command -v $(PYTHON) >/dev/null || { echo "Halite needs Python 3.11 or newer and finds no $(PYTHON); install it or name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Halite needs Python 3.11 or newer, $(PYTHON) is older; name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m deploy.environment

run: $(SYNCED)
	@exec .venv/bin/python -m deploy.local --speed "$(SPEED)" --data-dir "$(DATA_DIR)" --port "$(PORT)" $(if $(PLANT),--plant "$(PLANT)")

backup: $(SYNCED)
	@test -n "$(TO)" || { echo "Name a new or empty folder: make backup TO=folder" >&2; exit 2; }
	@exec .venv/bin/halite backup --to "$(TO)" --data-dir "$(DATA_DIR)"

restore: $(SYNCED)
	@test -n "$(FROM)" || { echo "Name a backup: make restore FROM=folder DATA_DIR=folder" >&2; exit 2; }
	@exec .venv/bin/halite restore --from "$(FROM)" --data-dir "$(DATA_DIR)"

test: $(SYNCED)
	.venv/bin/python -m deploy.prepare
	.venv/bin/python -m tests.halves

fault: $(SYNCED)
	.venv/bin/python -m deploy.prepare
	HALITE_MODEL_FACTOR=20 .venv/bin/python -m pytest tests/model --timeout 3600
	.venv/bin/python -m tests.fault.simulation --seeds "$(SEEDS)"
	.venv/bin/python -m tests.fault.kills --kills "$(KILLS)" --seed "$(SEED)"
	.venv/bin/python -m tests.fault.closings --seed "$(SEED)"
	.venv/bin/python -m tests.fault.twins --kills "$(KILLS)" --seed "$(SEED)"
	.venv/bin/python -m tests.fault.historian --kills "$(ROW_KILLS)" --seed "$(SEED)"
	.venv/bin/python -m tests.fault.calls
	.venv/bin/python -m tests.fault.disk
	.venv/bin/python -m tests.fault.outages --away-s "$(SECONDS)"
	.venv/bin/python -m tests.fault.clocks
	.venv/bin/python -m tests.fault.links --minutes "$(MINUTES)" --seed "$(SEED)"
	.venv/bin/python -m tests.fault.rubbish --seconds 60 --seed "$(SEED)"
	.venv/bin/python -m tests.fault.reconnects --cycles "$(CYCLES)" --seed "$(SEED)"
	.venv/bin/python -m tests.fault.mismatches --orders "$(ORDERS)" --seed "$(SEED)"

fuzz: $(SYNCED)
	.venv/bin/python -m tests.fuzz.parsers --seconds "$(SECONDS)"
	.venv/bin/python -m tests.fuzz.apis --examples "$(EXAMPLES)"

compose-test: $(SYNCED)
	.venv/bin/python -m tests.deploy.compose

check: $(SYNCED)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m deploy.contracts --check
	.venv/bin/python -m deploy.prepare web-types
	.venv/bin/python -m deploy.prepare web-budget

docs: $(SYNCED)
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet

web: $(SYNCED)
	.venv/bin/python -m deploy.prepare web

audit: $(SYNCED)
	.venv/bin/python -m deploy.supply audit

sbom: $(SYNCED)
	@test -n "$(TO)" || { echo "Name a folder: make sbom TO=folder" >&2; exit 2; }
	.venv/bin/python -m deploy.supply sbom --to "$(TO)"

lock:
	@$(PYTHON) -m deploy.environment
	$(UV) pip compile pyproject.toml --group dev --extra process --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock
