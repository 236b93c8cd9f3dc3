# `make` lists what can be made: for a class, for whoever writes an assignment, for whoever works on the
# grader. Everything runs in .venv, made on first use. Where there is one assignment it need not be named.
ASSIGNMENT ?= $(sort $(patsubst solutions/%/assignment.toml,%,$(wildcard solutions/*/assignment.toml)))
ONE = $(if $(word 2,$(ASSIGNMENT)),$(error which assignment? there are several: \
  make ASSIGNMENT=... with one of $(ASSIGNMENT)),$(ASSIGNMENT))
PYTHON ?= python3
TESTS ?= tests
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help grade class feedback release student-repo check sample source measure setup sandbox image test test-all browser lint format attacks bench soak gpu gpu-packages clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

grade: setup sandbox  ## release, then grade the sample class: gradebook, feedback, grades.csv
	@python -m autograder class $(ONE) --sample

class: setup sandbox  ## grade your own class, in submitted/: gradebook, feedback, grades.csv
	@python -m autograder class $(ONE)

feedback: setup  ## write the feedback pages again, after grading by hand
	@nbgrader generate_feedback $(ONE) --force

release: setup sandbox  ## build assignments/ from solutions/, and refuse a release that leaks
	@python -m autograder release $(ONE)

student-repo: release  ## write the students' repository, ready to be pushed (build/student-repo)
	@python -m autograder student-repo $(ONE)

check: setup  ## run the public checks on the released notebook, as a student would
	@$(MAKE) --no-print-directory -C assignments/$(ONE) check

sample: release  ## write the sample class, in a course of its own (build/sample)
	@python -m autograder sample $(ONE)

source: setup  ## build the folder that nbgrader releases from (build/source)
	@python -m autograder source $(ONE)

measure: setup  ## grade the corpus of wrong and right submissions: what is caught, what is said
	@OMP_NUM_THREADS=1 python -m tests.measure --assignment $(ONE)

# says which Python it is, and whether it will do; any Python can run it
PROBE := import sys; print("Python %d.%d.%d" % sys.version_info[:3]); import venv, ensurepip; \
  sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
CHECK = found=$$($(PYTHON) -c '$(PROBE)' 2>/dev/null </dev/null); \
	case "$$? $$found" in "0 Python "[0-9]*) exit 0 ;; *" Python "[0-9]*) ;; *) found="no Python" ;; esac; \
	echo "error: PYTHON=$(PYTHON) is $$found; needed is Python 3.11 to 3.14 that can make environments" \
	  "(Debian: apt-get install python3-venv)" >&2; exit 1

setup: .venv/installed  ## create .venv and install the pinned dependencies
ifneq ($(origin PYTHON),file)
	@$(CHECK)
	@asked=$$($(PYTHON) -c '$(PROBE)'); has=$$($(BIN)/python -c '$(PROBE)'); test "$$asked" = "$$has" || { \
	  echo "error: PYTHON=$(PYTHON) is $$asked, and .venv is of $$has; remove .venv to change" >&2; exit 1; }
endif

# `installed` is there only when all is: an install that failed or was broken off begins anew
.venv/installed: pyproject.toml constraints.txt
	@$(CHECK)
	@echo "installing into .venv (several minutes the first time) ..."
	@clear=$$(test -e $@ || echo --clear); rm -f $@; \
	$(PYTHON) -m venv $$clear .venv && \
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]' || { \
	  echo "error: the installation failed; the next make begins it anew" >&2; exit 1; }
	@touch $@

sandbox:  # bubblewrap, from the system's packages
	@command -v bwrap >/dev/null || { echo "installing bubblewrap, the sandbox ..."; \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq bubblewrap; \
	  else sudo -n apt-get update -qq && sudo -n apt-get install -y -qq bubblewrap; fi >/dev/null 2>&1; }; \
	command -v bwrap >/dev/null || { \
	  echo "error: bubblewrap is missing and could not be installed; run: sudo apt-get install bubblewrap" >&2; exit 1; }

image: setup  ## build the image of the container that stands in where bubblewrap cannot be had
	@mkdir -p build/image && cp constraints.txt autograder/wall/Containerfile build/image
	@engine=$$(command -v podman || command -v docker) || { \
	  echo "error: neither podman nor docker is installed" >&2; exit 1; }; \
	"$$engine" build --build-arg PIP_INDEX_URL --build-arg PIP_EXTRA_INDEX_URL \
	  --tag "$$(python -c 'from autograder.wall.container import image; print(image())')" \
	  --file build/image/Containerfile build/image

# a file stays with one worker, since its tests share what is costly to make; tests/conftest.py says
# in which order the files are begun
test: setup sandbox  ## run the project's own tests, but for what takes long, on all processors
	@python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(TESTS)

test-all: setup sandbox  ## run all of them: whole classes, clusters, every attack, the corpus too
	@python -m pytest --long -n auto --dist loadfile --no-loadscope-reorder $(TESTS)

# what these tests alone need is installed when they are first run
browser: setup sandbox  ## what students and instructors see, in the system's Chromium
	@for program in chromium chromium-browser google-chrome; do command -v $$program; done | grep -q . || { \
	  echo "not tried in a browser: no Chromium is installed here (Debian: apt-get install chromium)"; exit 0; }; \
	python -c "import axe_playwright_python, playwright" 2>/dev/null || \
	  python -m pip install --quiet --constraint constraints.txt --editable '.[browser]' || exit 1; \
	python -m pytest tests/browser

lint: setup  ## check style, format, types, who imports whom, and workflows
	@ruff check .
	@ruff format --check .
	@mypy autograder checks data tests conftest.py
	@lint-imports --no-cache --no-logo
	@zizmor --offline --quiet --no-progress --pedantic .github autograder/release/template/.github

format: setup  ## apply the format
	@ruff check --fix-only --quiet .
	@ruff format .

attacks: setup sandbox  ## every attack of tests/attacks, and 2,000 altered answers to each task
	@ALTERED=2000 python -m pytest tests/test_attacks.py tests/test_altered_answers.py

bench: setup sandbox  ## what grading costs, against nbgrader and otter-grader; writes docs/speed.*
	@python -m tests.bench $(ONE) --write

soak: setup sandbox  ## grade 500 mixed submissions: does memory grow, is anything left?
	@OMP_NUM_THREADS=1 python -m tests.soak 500

# no setup, no network: a machine with a GPU has a torch of its own; DEVICE=cpu is a dry run
gpu:  ## try on a GPU what is said of GPUs, in six minutes; without one, a dry run
	@found=$$(command -v $(BIN)/python || command -v $(PYTHON)) && \
	PATH="$$PATH:$(CURDIR)/build/gpu/root/usr/bin" "$$found" -m tests.gpu $(if $(DEVICE),--device $(DEVICE))

# what such a machine may lack, to be carried there with the repository; GPU_PYTHON is its Python
GPU_PYTHON ?= 3.12
gpu-packages: setup  ## gather in build/gpu what a bare machine lacks for `make gpu` (GPU_PYTHON=3.12)
	@python -m pip install --quiet --upgrade --no-compile --target build/gpu/packages \
	  --only-binary=:all: \
	  --implementation cp --python-version $(GPU_PYTHON) --platform manylinux_2_28_x86_64 \
	  --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
	  --constraint constraints.txt msgspec nbformat jupytext beautifulsoup4 pytest tqdm psutil
	@cd build/gpu && apt-get download -qq bubblewrap 2>/dev/null && dpkg -x bubblewrap_*.deb root && \
	  rm bubblewrap_*.deb || echo "without bubblewrap: it could not be fetched"

clean:  ## remove what was built (not submissions, gradebook, reports or the salt)
	rm -rf build .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
