"""`mlopsc completion`: the scripts for shells, and the words that they offer."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..read.root import find_root
from . import DONE

if TYPE_CHECKING:
    from ..build import Compiled

BASH = r"""# Completion of mlopsc for bash: eval "$(mlopsc completion bash)"
_mlopsc() {
    local line="${COMP_LINE:0:COMP_POINT}" word words prefix
    word="${line##*[[:space:]]}"
    prefix="${word%"${word##*[:=@]}"}"
    mapfile -t words < <(mlopsc completion words -- "$line" 2>/dev/null)
    COMPREPLY=("${words[@]#"$prefix"}")
}
complete -o bashdefault -o default -F _mlopsc mlopsc
"""
ZSH = r"""#compdef mlopsc
# Completion of mlopsc for zsh: eval "$(mlopsc completion zsh)"
_mlopsc() {
    local -a found
    found=("${(@f)$(mlopsc completion words -- "${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _mlopsc mlopsc
"""
FISH = r"""# Completion of mlopsc for fish: mlopsc completion fish | source
complete -c mlopsc -a '(mlopsc completion words -- (commandline -cp | string collect) 2>/dev/null)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}

Parsers = Mapping[str, argparse.ArgumentParser]


def completion(arguments: argparse.Namespace, parser: argparse.ArgumentParser, commands: Parsers) -> int:
    """Print the script of a shell, or the words that continue a command line."""
    if arguments.shell != "words":
        print(SCRIPTS[arguments.shell], end="")
        return DONE
    line = arguments.line or ""
    words = line.split()
    if not words or line[-1:].isspace():
        words.append("")
    for word in candidates(words[1:], parser, commands):
        if word.startswith(words[-1]):
            print(word)
    return DONE


def candidates(words: Sequence[str], parser: argparse.ArgumentParser, commands: Parsers) -> Iterable[str]:
    """What the last of the words after `mlopsc` may be; nothing if it is a file."""
    *before, last = words or [""]
    root, command, previous = _read(before, commands)
    current = parser if command is None else commands[command]
    if (option := _option(current, previous)) is not None and option.nargs != 0:
        return [str(choice) for choice in option.choices] if option.choices else _values(option.dest, root)
    if last.startswith("-"):
        return [
            text for action in current._actions for text in action.option_strings if action.help != argparse.SUPPRESS
        ]
    if command is None:
        return list(commands)
    return [
        word for action in current._actions if not action.option_strings for word in _positional(action, root, commands)
    ]


def _read(words: Sequence[str], commands: Parsers) -> tuple[str, str | None, str]:
    """The folder of `-C`, the command, and the last word."""
    root, command, previous = ".", None, ""
    for word in words:
        if previous == "-C":
            root = os.path.expanduser(word)
        elif previous != "--color" and command is None and word in commands:
            command = word
        previous = word
    return root, command, previous


def _option(parser: argparse.ArgumentParser, word: str) -> argparse.Action | None:
    return next((action for action in parser._actions if word and word in action.option_strings), None)


def _positional(action: argparse.Action, root: str, commands: Parsers) -> Iterable[str]:
    if action.choices:
        return [str(choice) for choice in action.choices]
    return list(commands) if action.dest == "command" else _values(action.dest, root)


def _values(dest: str, root: str) -> Iterable[str]:
    """The values of an argument, by its name."""
    if dest == "stage":
        return _stages(root)
    if dest == "targets":
        from ..installed import installed

        return sorted(installed())
    if dest == "name":
        from ..codes import titles

        return titles()
    if dest == "template":
        from ..scaffold.library import Library

        return [template.name for template in Library().templates]
    if dest == "overwrite":
        return [file.path for file in _compiled(root).files]
    return []


def _stages(root: str) -> list[str]:
    compiled = _compiled(root)
    if compiled.project is not None:
        return list(dict.fromkeys([*compiled.project.stages, *(stage.entry for stage in compiled.project)]))
    stages = compiled.document.data.get("stages") if compiled.document is not None else None
    return [str(name) for name in stages] if isinstance(stages, dict) else []


def _compiled(root: str) -> Compiled:
    from ..build import compile_spec
    from ..model.snapshot import Disk

    return compile_spec(Disk(find_root(root)))


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser], parser: argparse.ArgumentParser) -> None:
    """Add the parser of `completion`."""
    text = "Print the script that completes commands, options, stages, codes and targets in a shell."
    sub = commands.add_parser("completion", help=text, description=text)
    sub.add_argument("shell", choices=[*SCRIPTS, "words"], metavar="{bash,zsh,fish}")
    sub.add_argument("line", nargs="?", help=argparse.SUPPRESS)
    sub.set_defaults(act=lambda arguments: completion(arguments, parser, commands.choices))
