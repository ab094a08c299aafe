"""Programs that run notebooks and Markdown documents with code chunks."""

from __future__ import annotations

from .launcher import NOTHING, Launcher, Operand, words

NBCONVERT = Launcher(
    Operand.FILES, "notebook",
    takes=words(
        "--to --output --output-dir --template --template-file --config --log-level --post --writer --nbformat --reveal-prefix"
        " --execute-timeout --kernel-name --timeout --startup_timeout --theme --allow-errors-value -t --from -k --kernel"
        " --set-kernel --opt --update-metadata -o"
    ),
)  # fmt: skip
JUPYTER = Launcher(
    commands={
        "nbconvert": NBCONVERT, "execute": NBCONVERT, "run": NBCONVERT, "trust": NOTHING,
        "book": Launcher(commands={"build": NOTHING}),
    }
)  # fmt: skip
PAPERMILL = Launcher(
    language="notebook",
    takes=words("-f --parameters_file -y --parameters_yaml -b --parameters_base64 -k --kernel -l --language --cwd --engine"
               " --start_timeout --start-timeout --execution_timeout --execution-timeout --autosave-cell-every"
               " --prepare-notebook --stdout-file --stderr-file"),
    takes_two=words("-p --parameters -r --parameters_raw"),
)  # fmt: skip
_QUARTO = Launcher(
    Operand.FILES, "markdown",
    takes=words("-t --to -o --output --output-dir -P --execute-param --execute-params --profile --log --log-level -M"
               " --metadata --metadata-file --cache-refresh-dir"),
)  # fmt: skip

NOTEBOOKS: dict[str, Launcher] = {
    "jupyter": JUPYTER, "jupyter-nbconvert": NBCONVERT, "jupyter-execute": NBCONVERT, "jupyter-run": NBCONVERT,
    "jupytext": NBCONVERT, "nbmake": NBCONVERT, "runipy": NBCONVERT,
    "papermill": PAPERMILL, "quarto": Launcher(commands={"render": _QUARTO, "run": _QUARTO, "preview": _QUARTO}),
    "voila": NBCONVERT,
    "marimo": Launcher(commands={
        "run": Launcher(language="python", takes=words("-p --port --host")),
        "export": Launcher(commands={name: Launcher(language="python", takes=words("-o --output"))
                                     for name in ("html", "ipynb", "md", "script", "html-wasm")}),
    }),
}  # fmt: skip
"""Programs that run notebooks, by name."""
