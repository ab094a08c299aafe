"""Under which key of a stage a path is declared, by its name."""

from __future__ import annotations

METRIC_WORDS = ("metric", "score")
PLOT_WORDS = ("plot", "figure", "fig", "chart")


def out_key(path: str) -> str:
    """`metrics`, `plots` or `outs`."""
    lowered = path.lower()
    if lowered.endswith((".json", ".yaml", ".yml")) and any(word in lowered for word in METRIC_WORDS):
        return "metrics"
    if lowered.endswith((".png", ".svg", ".csv", ".json")) and any(word in lowered for word in PLOT_WORDS):
        return "plots"
    return "outs"
