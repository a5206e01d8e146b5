# `make ask` sets everything up and answers a question; `make test` sets up and runs all checks.
Q ?= Combien de sorties ont été effectuées en 11 jours ?
PYTHON ?= python3
BIN := .venv/bin
# llama.cpp's multimodal parts are not used: without them llama-cpp-python compiles in about two thirds of the time.
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF

.PHONY: ask test check types rooms unit package bench clean

ask: .venv/installed
	@$(BIN)/assistant ask "$(Q)"

test: check types rooms unit package

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev
	$(BIN)/mypy

rooms: .venv/installed-dev
	$(BIN)/lint-imports

# Two files at once, each as a whole: the tests of one share their models and libraries.
unit: .venv/installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

# The wheel and the sdist, each installed in a new environment and asked a question.
package: .venv/installed-dev
	$(BIN)/python tests/check_package.py

bench: .venv/installed-dev
	$(BIN)/python tests/bench/speed.py

clean:
	rm -rf .venv dist index/library.db* index/vectors-* index/writing.lock

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/pip
	@echo "Installing (the first time, llama.cpp is compiled: some minutes)…"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/installed-dev: .venv/installed
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
