# Targets of this repository. The generated Makefile includes this file.

.PHONY: demo test-all loop lint bench replay corpus engines format reference golden mutation actions

demo: ## Compile examples/wine, run it with DVC, and show its metrics
	@sh dev/demo.sh

test-all: ## Run all tests: also the engines, the templates, the CI services, S3 and the whole loop
	@sh dev/test.sh --all

loop: ## Run the whole loop on this machine: train, gate, register, deploy, detect drift, retrain, roll back (3 minutes)
	@sh dev/tools.sh
	@sh dev/test.sh -q -s --no-skip tests/real/test_loop.py

engines: ## Run examples/wine on every engine that runs here, and compare the results
	@sh dev/setup.sh
	@sh dev/tools.sh
	.venv/bin/python dev/engines.py

lint: ## Check style, types, the layers of the code, and the generated files
	@sh dev/setup.sh
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/mlopsc build --check

format: ## Format the code
	@sh dev/setup.sh
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: ## Measure speed against peers: the compiler (writes bench/RESULTS.md) and the runner
	@sh dev/setup.sh
	.venv/bin/python bench/run.py
	.venv/bin/python bench/runner.py

PAIRS ?= 300
REPLAY ?=

replay: ## Compare re-runs by bytes and by meaning: PAIRS edits that are run, and commits of the repositories in REPLAY
	@sh dev/setup.sh
	.venv/bin/python bench/replay.py --pairs $(PAIRS) $(REPLAY)

CORPUS ?= ../shared/corpus

corpus: ## Import the dvc.yaml files in CORPUS, and compare the outcome with bench/corpus.json
	@sh dev/setup.sh
	.venv/bin/python bench/corpus.py $(CORPUS)

CHECK ?=

actions: ## Pin the actions of workflows to their newest releases; CHECK=1 only says which are older
	@sh dev/setup.sh
	.venv/bin/python dev/actions.py $(if $(CHECK),--check)
	$(if $(CHECK),,.venv/bin/python tests/golden/test_golden.py)

reference: ## Update the generated parts of the docs
	@sh dev/setup.sh
	.venv/bin/python dev/reference.py

golden: ## Rewrite tests/golden/*/expected; review the diff before you commit it
	@sh dev/setup.sh
	.venv/bin/python tests/golden/test_golden.py

MUTATED ?= compiler/model/dag.py compiler/lower compiler/write/plan.py $(wildcard compiler/resolve/*.py)
MUTATION_OPTIONS ?=

mutation: ## Change one statement at a time in MUTATED (files or folders), and list the changes that no fast test notices
	@sh dev/setup.sh
	.venv/bin/python dev/mutate.py $(MUTATED) $(MUTATION_OPTIONS)
