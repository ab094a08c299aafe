"""What an input holds, and what a stage is called, comes to the worker as it is, or is refused: through AzureML, then bash."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile

from conftest import tool
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mlopsc.targets.azureml.escape import END, passes, variable, word
from walked import azureml

PIECES = st.sampled_from(
    ["$", "${{", "$[[", "]]", "}}", "$(", ")", "`", "'", '"', "\\", "#", ";", "&", " ", END, "{", "é", "-"]
)
TEXTS = st.lists(PIECES | st.text(max_size=3), min_size=1).map("".join)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXTS, min_size=1, max_size=8))
@example(["$(touch x)", "it's", '"', "a\\", END, f"{END} ", "`", "${HOME}"])
@example(["${{inputs.x}}", "a$[[b", "", "two\nlines"])
def test_values_and_names(texts: list[str]) -> None:
    values = {f"v{index}": f"x={text}" for index, text in enumerate(texts) if passes(text)}
    names = []
    for text in texts:
        with contextlib.suppress(ValueError):
            names.append(word(text.replace("\0", "")))
    lines = "".join(variable("${{inputs." + name + "}}", name) + f"printf '%s\\n' \"${name}\"\n" for name in values)
    command = azureml(f"{lines}printf '%s\\n' {' '.join(names)}", values, {})
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([tool("bash"), "-c", command], cwd=folder, capture_output=True, check=False)
    assert not done.stderr
    told = [text.replace("\0", "") for text in texts if "${{" not in text and "$[[" not in text]
    assert done.stdout.decode() == "".join(f"{text}\n" for text in (*values.values(), *(told or [""])))
