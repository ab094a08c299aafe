# Made by mlopsc from mlops.yaml: edit that, then run `mlopsc build`.
# Put targets of your own into local.mk.

SHELL := $(or $(shell command -v bash),/bin/sh)
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
export PATH := $(CURDIR)/.venv/bin:$(PATH)
JOBS ?= $(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),2)
empty :=

.PHONY: help setup pipeline pipeline-parallel test check metrics plots push pull clean metrics-diff plots-diff \
    report benchmark

help: ## Show this list
	@awk -F ':.*## ' '/^[A-Za-z0-9_.@+\/-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

PIP = $(if $(shell command -v uv),uv pip install --quiet --python .venv,.venv/bin/python -m pip install --quiet)

setup: ## Install what the pipeline needs into .venv
	@test -x .venv/bin/python || uv venv --quiet .venv 2>/dev/null || python3 -m venv .venv
	@$(PIP) -e .
	@command -v dvc >/dev/null || $(PIP) dvc

test: ## Run the tests of the code
	sh dev/test.sh

DVC ?= dvc
RUN ?= python3 .mlops/scripts/run.py
REPRO_FLAGS ?=

# A DVC that is killed while it writes dvc.lock leaves it empty, and then refuses it: give it back its first line.
$(shell for each in dvc.lock; do [ ! -f $$each ] || [ -s $$each ] || printf "schema: '2.0'\n" 1<>$$each; done)

# A DVC that was killed while it copied to its cache, or to a remote in a folder, may leave an empty directory object there.
# Its next push or pull would fail on it; without the object, DVC copies it again.
DVC_DIR := $(firstword $(wildcard .dvc ../.dvc ../../.dvc ../../../.dvc))
EMPTY_OBJECTS = { echo cache; \
    sed -nE 's/^[[:space:]]*(dir|url)[[:space:]]*=[[:space:]]*"?([^"]*)"?$$/\2/p' $(wildcard $(DVC_DIR)/config*) /dev/null; } | \
    sed "s,^~/,$$HOME/," | while IFS= read -r store; do \
    case $$store in (*://*) continue ;; (/*) ;; (*) store=$(DVC_DIR)/$$store ;; esac; \
    [ ! -d "$$store/files/md5" ] || find "$$store/files/md5" -mindepth 2 -maxdepth 2 -name '*.dir' -size 0; done
ifneq ($(and $(DVC_DIR),$(filter-out help setup test check metrics plots clean,$(MAKECMDGOALS))),)
    $(shell [ -z "$$($(EMPTY_OBJECTS))" ] || { sleep 1; $(EMPTY_OBJECTS) | \
        while IFS= read -r object; do rm -f "$$object" && echo "removed $$object: it was empty" >&2; done; })
endif

pipeline: ## Run everything that changed, one stage after the other
	$(RUN) --jobs 1 $(REPRO_FLAGS)

pipeline-parallel: ## Run everything that changed, JOBS stages at a time
	$(RUN) --jobs $(JOBS) $(REPRO_FLAGS)

check: ## Check that DVC accepts the pipeline
	$(DVC) stage list --all --name-only

metrics: ## Show the metrics
	$(DVC) metrics show

plots: ## Render the plots into dvc_plots/
	$(DVC) plots show

push: ## Push data, models and the run cache to the remote
	$(DVC) push --run-cache

pull: ## Pull data and models from the remote
	$(DVC) pull

clean: ## Remove the outputs that DVC caches; `dvc checkout` restores them
	@:

BASE = "$${MLOPS_BASE:-$$(for each in $$(git symbolic-ref --quiet --short refs/remotes/origin/HEAD) origin/main origin/master main master HEAD; do git rev-parse --quiet --verify "$$each^{commit}" >/dev/null && echo "$$each" && break; done)}"

metrics-diff: ## Compare metrics and params with the base branch ($MLOPS_BASE)
	$(DVC) metrics diff $(BASE)
	$(DVC) params diff $(BASE)

plots-diff: ## Render the plots of the base branch and of the working tree into dvc_plots/
	$(DVC) plots diff $(BASE)

report: ## Write dvc_plots/report.html: graph, metrics against the base branch, gates, plots, what ran
	@command -v mlopsc >/dev/null || { echo 'make report needs mlopsc: install it, and run this again' >&2; exit 1; }
	@mlopsc report

benchmark: ## Measure mlopsc against its peers, as ratios in one run
	$(RUN) $(REPRO_FLAGS) benchmark

-include local.mk
