# The two commands, from a machine with nothing but python3 (3.11 or newer), its venv module and make.
#   make report   both Fast-SCNN tables on this machine's CPU: results/cpu/report.md
#   make test     what needs no framework; test-frameworks and the lanes after it run the real ones

PYTHON ?= python3
BIN := .venv/bin
LOCKS := containers/host
# pip's variable for a folder of local wheels is uv's too, under another name.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)

.PHONY: report test lint test-host test-frameworks test-tensorflow test-paddle test-mobile test-arm64 \
  test-containers clean
.DELETE_ON_ERROR:

report: .venv/host
	$(BIN)/snakemake --cores 4

test: lint test-host

lint: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy
	PYTHONPATH=workflow $(BIN)/lint-imports --no-logo
	$(BIN)/vermin --target=3.6- --no-tips --eval-annotations --violations workflow/retable_runner \
	  workflow/retable_statistics

# What needs no framework: the packages by themselves, and the workflow on the null backend.
test-host: .venv/development
	$(BIN)/python -m pytest -n 2 -q -m "not real and not containers and not emulated"

# What runs the real frameworks, in the environments that the workflow makes: those of the default
# suite here, TensorFlow's and Paddle's, which are larger, each in a lane of its own.
test-frameworks: .venv/development
	$(call environments,torch cpu tensorrt-rtx data)
	RETABLE_TORCH_PYTHON=$(call python_of,torch) \
	RETABLE_CPU_PYTHON=$(call python_of,cpu) \
	RETABLE_DATA_PYTHON=$(call python_of,data) \
	RETABLE_TENSORRT_RTX_PYTHON=$(call python_of,tensorrt-rtx) \
	  $(BIN)/python -m pytest -q -m real

test-tensorflow: .venv/development
	$(call environments,tensorflow)
	RETABLE_TENSORFLOW_PYTHON=$(call python_of,tensorflow) \
	  $(BIN)/python -m pytest -q -m real $$(grep -rl RETABLE_TENSORFLOW_PYTHON tests --include='test_*.py')

test-paddle: .venv/development
	$(call environments,paddle)
	RETABLE_PADDLE_PYTHON=$(call python_of,paddle) \
	  $(BIN)/python -m pytest -q -m real tests/*/test_*_paddle.py

# Paddle-Lite's optimiser is of Python 3.9, which uv must find on the PATH, or fetch.
test-mobile: .venv/development
	$(call environments,paddle paddlelite)
	RETABLE_PADDLE_PYTHON=$(call python_of,paddle) \
	RETABLE_PADDLELITE_PYTHON=$(call python_of,paddlelite) \
	  $(BIN)/python -m pytest -q -m real tests/retable_export/test_export_paddlelite.py

# An ARM64 processor, which Debian's qemu-user-static emulates: minutes of a few inferences.
test-arm64: .venv/development
	$(BIN)/python -m pytest -q -m emulated tests/workflow/test_workflow_emulated.py

environments = $(BIN)/snakemake --cores 2 --quiet all -- $(patsubst %,results/environments/venv/%.json,$(1))
python_of = $(CURDIR)/results/environments/venv/$(1)/bin/python

# What runs in containers: real images on a Docker daemon of its own, which needs root, Debian's
# docker.io and openssh-server, and is skipped without.
test-containers: .venv/development
	$(BIN)/python -m pytest -q -m containers tests/containers

clean:
	rm -rf .venv .snakemake results/[!R]*

# A finished environment is a file in it, newer than its lock.
.venv/uv: $(LOCKS)/requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "retable needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep '^uv==' $<)
	@touch $@

.venv/host: .venv/uv $(LOCKS)/requirements.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r $(LOCKS)/requirements.lock
	@touch $@

.venv/development: .venv/host $(LOCKS)/development.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps \
	  -r $(LOCKS)/requirements.lock -r $(LOCKS)/development.lock
	@touch $@
