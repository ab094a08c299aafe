# Targets of your own; the Makefile, which mlopsc makes, includes this file.

# `make setup` takes PyTorch's build for processors (1 GB), by uv; where uv is missing or cannot reach it, what the package
# index has, which on Linux brings the libraries of CUDA (5 GB). For the GPU of this machine: make setup TORCH=auto
TORCH ?= cpu

.PHONY: .torch
setup: .torch
.torch:
	@test -x .venv/bin/python || uv venv --quiet .venv 2>/dev/null || python3 -m venv .venv
	@.venv/bin/python -c 'import torch' 2>/dev/null \
	    || UV_TORCH_BACKEND=$(TORCH) uv pip install --quiet --python .venv 'torch>=2.2' 2>/dev/null \
	    || echo "PyTorch's build '$(TORCH)' cannot be had here; taking that of the package index"
