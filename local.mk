# The targets that are this repository's own; the Makefile, which mlopsc makes, includes them.

.PHONY: demo test-all loop lint bench corpus engines format reference golden mutation

demo: ## Compile examples/wine, run it with DVC, show its metrics
	@sh dev/demo.sh

test-all: ## Run all tests: those of `make test`, and the engines, the templates, the CI runners, S3, the whole loop
	@sh dev/test.sh --all

loop: ## Run the whole stack on this machine: train, gate, register, deploy, drift, retrain, roll back (3 minutes)
	@sh dev/tools.sh
	@sh dev/test.sh -q -s --no-skip tests/real/test_loop.py

engines: ## Run examples/wine by every engine that runs here, and compare what comes out
	@sh dev/setup.sh
	@sh dev/tools.sh
	.venv/bin/python dev/engines.py

lint: ## Check style, types and the layers of the code
	@sh dev/setup.sh
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/mlopsc build --check

format: ## Rewrite the code in the house style
	@sh dev/setup.sh
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: ## Measure speed against peers and write bench/RESULTS.md
	@sh dev/setup.sh
	.venv/bin/python bench/run.py

CORPUS ?= ../shared/corpus

corpus: ## Import the real dvc.yaml files in CORPUS, and hold the outcome against bench/corpus.json
	@sh dev/setup.sh
	.venv/bin/python bench/corpus.py $(CORPUS)

reference: ## Bring the made parts of the docs up to date
	@sh dev/setup.sh
	.venv/bin/python dev/reference.py

golden: ## Rewrite tests/golden/*/expected; read the diff before it is committed
	@sh dev/setup.sh
	.venv/bin/python tests/golden/test_golden.py

MUTATED ?= compiler/model/dag.py compiler/lower/edges.py compiler/lower/paths.py compiler/lower/project.py \
    compiler/resolve/resolver.py compiler/write/plan.py compiler/show/reruns.py

mutation: ## Change one statement at a time in MUTATED, and list the changes that no fast test notices
	@sh dev/setup.sh
	.venv/bin/python dev/mutate.py $(MUTATED)
