"""What the language says that needs no model: names of keys, durations, the reference stack. Imports nothing slow."""

from __future__ import annotations

DVC_SECTIONS = ("vars", "params", "metrics", "plots", "artifacts", "datasets", "stages")
"""Top-level keys that dvc.yaml knows."""

DVC_KEYS = frozenset(
    "cmd wdir deps params vars outs metrics plots frozen always_changed desc meta matrix foreach do".split()
)
"""Keys of a stage that dvc.yaml knows."""

OWN_KEYS = frozenset("args script env image resources timeout retries gates kind infer".split())
"""Keys of a stage that are mlopsc's and never reach dvc.yaml."""

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def seconds(duration: int | str | None) -> int | None:
    """A duration such as ``90``, ``"45m"`` or ``"1h30m"`` in seconds."""
    if duration is None or isinstance(duration, int):
        return duration
    total, digits = 0, ""
    for char in duration:
        if char.isdigit():
            digits += char
        else:
            total += int(digits) * _UNITS[char]
            digits = ""
    return total


def listed(value: str | list[str] | None) -> list[str]:
    """One name or several, as a list."""
    return [] if value is None else [value] if isinstance(value, str) else value


class StackParts:
    """What the stack comes to, with the reference stack where nothing is said."""

    orchestrator: str | list[str] | None
    ci: str | list[str] | None
    build: str | None

    @property
    def orchestrators(self) -> list[str]:
        """What runs the pipeline."""
        return ["dvc", "make"] if self.orchestrator is None else listed(self.orchestrator)

    @property
    def ci_services(self) -> list[str]:
        """The CI services."""
        return ["github"] if self.ci is None else listed(self.ci)

    @property
    def targets(self) -> list[str]:
        """The back ends to emit, in order, each once."""
        built = ["make"] if self.build in (None, "make") else []
        return list(dict.fromkeys([*self.orchestrators, *built, *self.ci_services]))
