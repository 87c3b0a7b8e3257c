# Two commands for everybody, `make serve` and `make test`; the others are for those who change the code.
# Each sets up what it needs in .venv, at the versions that requirements/ pins, and does so once. The two runtimes
# overwrite each other's files, so that each has an environment of its own.

PYTHON  ?= python3
PORT    ?= 8080
RUNTIME ?= cpu
VENV    := .venv$(if $(filter gpu,$(RUNTIME)),-gpu)
BIN     := $(VENV)/bin
PINS    := pyproject.toml $(wildcard requirements/*.txt)
# pip reads the first for everything that it installs, the second for the tools that it builds with.
export PIP_CONSTRAINT       := requirements/constraints.txt
export PIP_BUILD_CONSTRAINT := requirements/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# ONNX Runtime would write an id under the home folder and send events when it is imported.
export ORT_DISABLE_TELEMETRY := 1
# The corpus of benchmarks, of `make bundles` and of tests that need one: CORPUS=massive:PATH.
export CORPUS

.DEFAULT_GOAL := help
.PHONY: help serve test check format bench bundles clean

help:  ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

serve: $(VENV)/.serve-$(RUNTIME)  ## answer POST /parse on PORT (8080); RUNTIME=gpu for CUDA
	$(BIN)/polyparse serve --port $(PORT)

test: $(VENV)/.develop  ## run all tests
	$(BIN)/python -m pytest

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

LOCALES  := en-US,es-ES,it-IT,hi-IN
TEACHERS := teacher-classifier teacher teacher-smoothed teacher-swapped
FIRST    := $(TEACHERS) teacher-characters first-student
# A member of an ensemble counts as often as it is named.
ENSEMBLE := $(FIRST) second-large second-large second-large
SECOND   := second-small second-gated
ALIGNED  := teacher-aligned teacher-characters-aligned
ALL      := $(ENSEMBLE) second-small second-small second-small second-gated $(ALIGNED) $(ALIGNED) $(ALIGNED)
CARD     := --data "MASSIVE 1.1 (FitzGerald et al. 2022; Amazon), the train split of these locales; words are aligned by that of \
its other eight too" --licence "CC BY 4.0, credited to Amazon.com, Inc"
# One thread each: with -j2 and two threads each, an epoch took ten times as long on two cores.
RUN       = $(BIN)/polyparse train $@ --corpus $(CORPUS) --locales $(LOCALES) --out runs/$@ --resume --threads 1
.PHONY: $(FIRST) second-large $(SECOND) $(ALIGNED) student student-continued student-continued-twice corpus
corpus:
	@test -n "$(CORPUS)" || { echo "make bundles: found no CORPUS, expected e.g. CORPUS=massive:data/1.1/data"; exit 2; }

$(TEACHERS) teacher-characters $(ALIGNED): corpus $(VENV)/.develop
	$(RUN)

first-student: $(TEACHERS)
	$(RUN) $(TEACHERS:%=--teacher runs/%)

second-large: $(FIRST)
	$(RUN) $(FIRST:%=--teacher runs/%)

$(SECOND): second-large
	$(RUN) $(ENSEMBLE:%=--teacher runs/%)

student: $(SECOND) $(ALIGNED)
	$(RUN) $(ALL:%=--teacher runs/%)

student-continued: student
	$(RUN) $(ALL:%=--teacher runs/%) --start runs/student

student-continued-twice: student-continued
	$(RUN) $(ALL:%=--teacher runs/%) --start runs/student-continued

bundles: student-continued-twice  ## train and export the shipped bundles anew: make -j2 bundles CORPUS=massive:PATH OUT=runs/models
	$(BIN)/polyparse ood --checkpoint runs/student-continued-twice --share 0.004
	$(BIN)/polyparse export --checkpoint runs/student-continued-twice $(CARD) --out $(or $(OUT),runs/models)/massive/1.8-viterbi
	$(BIN)/polyparse export --checkpoint runs/student-continued-twice $(CARD) --approximate ain \
	--out $(or $(OUT),runs/models)/massive/1.8-ain

clean:  ## remove the environment and every cache
	rm -rf .venv .venv-gpu build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

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
	$(BIN)/pip install --quiet -e '.[cpu,train,dev]'
	touch $(VENV)/.serve-cpu $@
