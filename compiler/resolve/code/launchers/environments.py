"""Programs that run a command inside an environment: package managers, secret stores, job submission."""

from __future__ import annotations

from .launcher import COMMAND, Launcher, Operand, words
from .notebooks import NBCONVERT

_CONDA = Launcher(
    commands={
        "run": Launcher(
            Operand.COMMAND, takes=words("-n --name -p --prefix --cwd -f -e --env"), folder=words("--cwd"), here=False
        )
    },
    takes=words("-r --root-prefix --rc-file"),
)
_UV_TAKES = words(
    "--extra --no-extra --group --no-group --only-group --env-file --with --with-editable --with-requirements --package"
    " --index --default-index -i --index-url --extra-index-url -f --find-links --refresh-package -p --python --cache-dir"
    " --config-file --directory --project -P --upgrade-package --resolution --prerelease --config-setting -C --color"
    " --link-mode --exclude-newer --python-platform --python-preference --allow-insecure-host --keyring-provider"
    " --index-strategy --no-build-package --no-binary-package --reinstall-package --from -w -n"
) - words("-n")
_UV_RUN = Launcher(
    Operand.EITHER, "python", takes=_UV_TAKES, folder=words("--directory"), module=words("-m --module"),
    file=words("-s --script --gui-script"),
)  # fmt: skip
_UVX = Launcher(Operand.COMMAND, takes=_UV_TAKES, folder=words("--directory"))
_RUN = Launcher(
    Operand.EITHER, "python", takes=words("-e --environment --env -p --project -f --feature --manifest-path")
)

ENVIRONMENTS: dict[str, Launcher] = {
    "uv": Launcher(takes=words("--directory --project --config-file --cache-dir --color -p --python"), folder=words("--directory"),
                   commands={"run": _UV_RUN, "tool": Launcher(commands={"run": _UVX}), "x": _UVX}),
    "uvx": _UVX, "pipx": Launcher(commands={"run": Launcher(Operand.EITHER, "python", takes=words("--spec --python --pip-args"))}),
    "poetry": Launcher(takes=words("-C --directory -P --project"), folder=words("-C --directory"), commands={"run": _RUN}),
    "pdm": Launcher(commands={"run": _RUN}), "hatch": Launcher(takes=words("-e --env -p --project"), commands={"run": _RUN}),
    "pixi": Launcher(commands={"run": _RUN}), "pipenv": Launcher(commands={"run": _RUN}), "rye": Launcher(commands={"run": _RUN}),
    "poe": Launcher(Operand.EITHER, "python", takes=words("-C --directory"), folder=words("-C --directory")),
    "task": Launcher(Operand.EITHER, "python"),
    "conda": _CONDA, "mamba": _CONDA, "micromamba": _CONDA,
    "calkit": Launcher(commands={
        "xenv": Launcher(Operand.COMMAND, takes=words("-n --name --wdir -p --path"), here=False),
        "nb": Launcher(commands=dict.fromkeys(("exec", "execute"), NBCONVERT)),
    }),
    "dotenv": Launcher(takes=words("-f --file"), commands={"run": COMMAND}),
    "doppler": Launcher(commands={"run": Launcher(Operand.COMMAND, takes=words("-p --project -c --config"))}),
    "op": Launcher(commands={"run": Launcher(Operand.COMMAND, takes=words("--env-file --account"))}),
    "aws-vault": Launcher(commands={"exec": Launcher(Operand.COMMAND, takes=words("-d --duration"), skip=1)}),
    "nix-shell": Launcher(Operand.NOTHING, "shell", code=words("--run --command")),
    "nix": Launcher(commands={"develop": Launcher(Operand.NOTHING, "shell", code=words("--command -c"))}),
    "ray": Launcher(commands={"job": Launcher(commands={"submit": Launcher(
        Operand.COMMAND, takes=words("--address --working-dir --runtime-env --runtime-env-json --submission-id"), here=False)})}),
}  # fmt: skip
"""Programs that run a command inside an environment, by name."""
