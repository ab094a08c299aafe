"""The values that pass between the phases: sources and spans, diagnostics, the project and its DAG, targets."""
