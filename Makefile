# Retention notebooks. `make help` lists what there is.
# Kept to what GNU make 3.81 (macOS) and a POSIX shell understand.

PYTHON = python3
MONTH  =
DATA   =
OUT    = reports
ENGINE =
FROM   =
DATE   =

VENV = .venv
BIN  = $(VENV)/bin
DONE = $(VENV)/.installed
RUN  = $(BIN)/python -m retention_helpers
WITH_DATA  = $(if $(DATA),--data "$(DATA)")
WITH_MONTH = $(if $(MONTH),--month "$(MONTH)")

# JupyterLab asks its makers for updates and news unless told otherwise: nothing leaves this machine.
QUIET_LAB = --LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate \
            --LabApp.news_url=None --LabApp.extension_manager=readonly
LAB_SETTINGS = $(VENV)/share/jupyter/lab/settings/overrides.json
# What customers wrote is text: JupyterLab would typeset "from $$19 to $$29" as a formula.
LAB_WITHOUT = $(VENV)/etc/jupyter/labconfig/page_config.json

.PHONY: help setup spark init report today lab test nbval check notebooks schema sample lock drill bench \
        bench-large bench-statistics clean
.DEFAULT_GOAL := help

help:  ## this list
	@echo 'make report [MONTH=2026-10] [DATA=path/to/data] [OUT=reports] [ENGINE=spark]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-17s %s\n", $$1, $$2 }' Makefile

setup: $(DONE)  ## install everything into .venv; report, lab and test do it by themselves

$(DONE): requirements.txt requirements-dev.txt constraints.txt pyproject.toml
	@command -v "$(PYTHON)" >/dev/null 2>&1 \
	  || { echo "There is no $(PYTHON) here. Install Python 3.11 or later, or name it: make PYTHON=python3.13" >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$$("$(PYTHON)" --version 2>&1) is too old: Python 3.11 or later is needed. Name another: make PYTHON=python3.13" >&2; exit 2; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "This Python cannot make a virtual environment. On Debian or Ubuntu: apt install python3-venv" >&2; exit 2; }
	@echo 'Setting up .venv; this takes a minute or two, once.'
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@if [ -n "$$CI" ]; then $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock; \
	  else $(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.txt -c constraints.txt; fi
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@sh hooks/install
	@touch $@

spark: $(DONE)  ## install what the engine spark needs besides Java
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-spark.txt -c constraints.txt

init: $(DONE)  ## begin: look at the files in FROM and write DATA/retention.yml
	@$(RUN) init "$(or $(DATA),data/mine)" $(if $(FROM),--from "$(FROM)")

report: $(DONE)  ## make the report of a month (default: the sample's last month)
	@$(RUN) report $(WITH_DATA) $(WITH_MONTH) $(if $(ENGINE),--engine "$(ENGINE)") --out "$(OUT)"

today: $(DONE)  ## make the list of today, or of DATE
	@$(RUN) today $(WITH_DATA) $(if $(DATE),--date "$(DATE)") --out "$(OUT)"

lab: $(DONE) $(LAB_SETTINGS) $(LAB_WITHOUT)  ## open JupyterLab; with DATA on copies under work/
	@$(BIN)/jupyter trust notebooks/*.ipynb >/dev/null  # else JupyterLab shows the words of a picture in its place
	@folder=$(if $(DATA),$$($(RUN) explore $(WITH_DATA) $(WITH_MONTH)),notebooks) \
	  && umask 077 && exec $(BIN)/jupyter lab $(QUIET_LAB) --LabApp.default_url=/lab/tree/start_here.ipynb "$$folder"

$(LAB_SETTINGS): $(DONE)
	@mkdir -p $(@D)
	@echo '{"@jupyterlab/apputils-extension:notification": {"checkForUpdates": false, "fetchNews": "false"}}' > $@

$(LAB_WITHOUT): $(DONE)
	@mkdir -p $(@D)
	@echo '{"disabledExtensions": {"@jupyterlab/mathjax-extension:plugin": true}}' > $@

test: $(DONE)  ## all tests, then every notebook against its committed outputs
	@$(BIN)/python -m pytest -q -n 2 --dist loadscope
	@$(MAKE) --no-print-directory nbval

nbval: $(DONE)  ## every notebook against its committed outputs
	@$(BIN)/python -m pytest -q -n 2 --dist loadscope -o addopts= --nbval --nbval-sanitize-with tests/nbval.cfg \
		--nbval-cell-timeout=120 notebooks

check: $(DONE)  ## format, lint, types, and nothing here that may be a customer's
	@$(BIN)/python hooks/guard.py --all
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

notebooks: $(DONE)  ## run the committed notebooks on the sample, in place
	@$(RUN) notebooks

schema: $(DONE)  ## make findings.schema.json and the pointers of the glossary from what the code declares
	@$(RUN) schema

sample: $(DONE)  ## make data/sample anew
	@$(BIN)/python data/sample/make_sample.py

lock: spark  ## write the hashes of the versions in constraints.txt, and the list of licences
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@$(BIN)/uv pip compile -q --universal --python-version 3.11.0 --generate-hashes --no-header --no-annotate \
		--no-strip-markers -c constraints.txt requirements-dev.txt requirements-spark.txt -o requirements.lock
	@$(BIN)/python tests/licences.py

drill: $(DONE)  ## spoil, kill, fill and cut off: what takes minutes (SECURITY.md)
	@for one in tests/drills/*.py; do echo "$$one"; $(BIN)/python $$one || exit 1; done

bench: $(DONE)  ## measure speed and memory
	@for one in tests/bench/*.py; do $(BIN)/python $$one || exit 1; done

bench-large: $(DONE)  ## measure what takes long: up to a million customers
	@for one in tests/bench_large/*.py; do $(BIN)/python $$one || exit 1; done

bench-statistics: $(DONE)  ## simulate whether intervals, tests and verdicts keep what they promise
	@for one in tests/bench_statistics/*.py; do $(BIN)/python $$one || exit 1; done

clean:  ## remove .venv and caches; reports and work stay
	@rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis build ./*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
