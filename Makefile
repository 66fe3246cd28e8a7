# The developer's habits. Everything is installed into .venv, from pins with hashes, on demand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip --disable-pip-version-check --quiet install --no-deps
export SAM_CLI_TELEMETRY := 0

.PHONY: help demo test test-platforms test-spark lint format types template docs site screenshots build invoke local dist wheel check fuzz chaos mutants bench requirements \
	clean

help:
	@echo "make demo          forward sample captures into an embedded database, and monitor them; needs no account"
	@echo "make test          run all tests"
	@echo "make test-platforms  send traces to a real MLflow and a real Phoenix, and read them back"
	@echo "make test-spark    compare the monitor on Spark with DuckDB; needs Java 17, and 450 MB once"
	@echo "make lint          check style and formatting, and the workflows"
	@echo "make types         check types"
	@echo "make template      check template.yaml and what is in templates/"
	@echo "make docs          write the parts of the docs that come from the code"
	@echo "make site          build the docs as a site, in site/"
	@echo "make screenshots   take the pictures of the docs; needs Chromium"
	@echo "make build         build the Lambda package; needs neither Docker nor an account"
	@echo "make invoke        run the built function on EVENT=events/…, with nothing but this machine"
	@echo "make local         start an S3 and a Fiddler for sam local invoke, and show what arrives"
	@echo "make dist          make all files of a release, in dist/"
	@echo "make wheel         try the wheel as pip installs it, on PYTHON=python3.13 or another"
	@echo "make fuzz          look for crashes of the parser for 60 seconds"
	@echo "make chaos         deliver files through random faults and kills for 60 seconds"
	@echo "make mutants       break promises in the code on purpose; fails if the tests let one pass"
	@echo "make bench         measure all against the guides' method; writes docs/performance.md, cost.md"
	@echo "make check         all checks and tests, as CI runs them"
	@echo "make format        format the code"
	@echo "make requirements  pin newer versions of everything"
	@echo "make clean         remove what the above have made"

# Stamps inside .venv say what is installed; an interrupted step leaves none and is repeated.
$(VENV)/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.13 ...")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/demo: $(VENV)/python requirements/demo.txt pyproject.toml
	$(INSTALL) --require-hashes --requirement requirements/demo.txt
	$(INSTALL) --no-build-isolation --editable .
	touch $@

$(VENV)/dev: $(VENV)/python requirements/dev.txt pyproject.toml
	$(INSTALL) --require-hashes --requirement requirements/dev.txt
	$(INSTALL) --no-build-isolation --editable .
	touch $@

demo: $(VENV)/demo
	$(BIN)/capture-forwarder demo

# One process a core; PROCESSES=0 runs all in one, as a debugger needs it. A process without work
# takes over half of what another has left, so that tests of a file mostly stay together.
PROCESSES ?= auto
test: $(VENV)/dev
	$(BIN)/python -m pytest --numprocesses=$(PROCESSES) --maxprocesses=8 --dist=worksteal

# Real servers, each in an environment of its own of some 800 MB: no part of `make test`.
PLATFORMS := .platforms
$(PLATFORMS)/%/installed: requirements/platforms/%.txt
	$(PYTHON) -m venv $(PLATFORMS)/$*
	$(PLATFORMS)/$*/bin/pip --disable-pip-version-check --quiet install --no-deps --require-hashes \
		--requirement $<
	touch $@

test-platforms: $(VENV)/dev $(PLATFORMS)/mlflow/installed $(PLATFORMS)/phoenix/installed
	$(BIN)/python -m pytest tests/system/real_backends.py

# Spark is in an environment of its own: everything else is tested without it.
SPARK := .venv-spark
$(SPARK)/installed: requirements/spark.txt pyproject.toml
	$(PYTHON) -m venv $(SPARK)
	$(SPARK)/bin/pip --disable-pip-version-check --quiet install --no-deps \
		--require-hashes --requirement requirements/spark.txt
	$(SPARK)/bin/pip --disable-pip-version-check --quiet install --no-deps \
		--no-build-isolation --editable .
	touch $@

test-spark: $(SPARK)/installed
	$(SPARK)/bin/python -m pytest tests/monitor/engines --confcutdir=tests/monitor/engines

lint: $(VENV)/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/zizmor --offline --quiet .github

format: $(VENV)/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/dev
	$(BIN)/mypy

template: $(VENV)/dev
	for file in template.yaml templates/*.yaml; do $(BIN)/sam validate --lint --template $$file || exit 1; done

docs: $(VENV)/dev
	$(BIN)/python -m docs.generate

# SAM_ARGUMENTS='--parameter-overrides Architecture=x86_64 Runtime=python3.12' builds for another target.
build: $(VENV)/dev
	$(BIN)/sam build $(SAM_ARGUMENTS)

# The theme prints a long warning about a later version of MkDocs, which is not the one pinned.
site: $(VENV)/dev
	NO_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --strict --quiet

screenshots: $(VENV)/dev
	$(BIN)/python -m docs.generate.screenshots

DIST ?= dist
dist: $(VENV)/dev
	$(BIN)/python -m release $(DIST)

# In an environment of its own, so that nothing of this one helps it.
wheel: $(VENV)/dev
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		$(BIN)/python -m hatchling build -t wheel -d "$$folder" && \
		$(BIN)/python -m tests.system.installed_wheel "$$folder"/*.whl \
			--python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"

EVENT ?= events/sqs-eventbridge.json
invoke: $(VENV)/dev
	$(BIN)/python -m tests.system.invoke $(EVENT)

local: $(VENV)/dev
	$(BIN)/python -m tests.system.local

check: lint types template site test

$(VENV)/fuzz: $(VENV)/dev requirements/fuzz.txt
	$(INSTALL) --require-hashes --requirement requirements/fuzz.txt
	touch $@

FUZZ_SECONDS ?= 60
fuzz: $(VENV)/fuzz
	$(BIN)/python -m tests.system.fuzz_parser -max_total_time=$(FUZZ_SECONDS) -max_len=4096

# CHAOS_SECONDS, CHAOS_LINES and CHAOS_SEED choose how long, how large and which run again.
chaos: $(VENV)/dev
	$(BIN)/python -m tests.system.chaos

mutants: $(VENV)/dev
	$(BIN)/python -m tests.system.mutants

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.monitor

PIP_COMPILE := CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/pip-compile --quiet --upgrade \
	--generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --no-emit-options
# What the clients ask for and nothing needs while rows are streamed; pandas has a stand-in.
LEFT_OUT := charset-normalizer deprecated numpy pandas pyarrow requests-toolbelt tzdata wrapt

# The others are held to the versions of dev.txt: what is tested is what is shipped.
requirements: $(VENV)/dev
	$(PIP_COMPILE) --allow-unsafe --extra cli --extra duckdb --extra fiddler --extra monitor \
		--output-file requirements/dev.txt pyproject.toml requirements/dev.in
	$(PIP_COMPILE) --allow-unsafe --extra cli --extra duckdb --extra monitor \
		--output-file requirements/demo.txt pyproject.toml requirements/demo.in
	$(PIP_COMPILE) --allow-unsafe --extra cli --extra duckdb --extra monitor --extra spark \
		--output-file requirements/spark.txt pyproject.toml requirements/spark.in
	$(PIP_COMPILE) $(addprefix --unsafe-package ,$(LEFT_OUT)) \
		--output-file requirements/lambda.txt requirements/lambda.in
	$(PIP_COMPILE) --output-file requirements/monitor.txt requirements/monitor.in
	$(PIP_COMPILE) --output-file requirements/fuzz.txt requirements/fuzz.in
	$(PIP_COMPILE) --allow-unsafe --output-file requirements/platforms/mlflow.txt \
		requirements/platforms/mlflow.in
	$(PIP_COMPILE) --allow-unsafe --output-file requirements/platforms/phoenix.txt \
		requirements/platforms/phoenix.in

clean:
	rm -rf $(VENV) $(PLATFORMS) $(SPARK) .aws-sam .fuzz .mypy_cache .pytest_cache .ruff_cache .hypothesis dist site
