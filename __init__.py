"""mlopsc, the compiler for the MLOps stack."""

__version__ = "0.1.0"
