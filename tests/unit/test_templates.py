"""Templates, `vars`, `foreach` and `matrix` without DVC: what a stage becomes, and what is reported instead.

tests/real/test_dvc.py holds the same rules to DVC's own resolver.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from mlopsc.compiler.lower import items
from mlopsc.compiler.lower.interpolate import pieces, to_text
from mlopsc.compiler.lower.template import is_template
from mlopsc.compiler.model.project import Ref
from pipeline import compiled, stages

PARAMS = "lr: 0.5\nname: it\nflag: true\nnone: null\nlist: [x, y]\nnest: {deep: {er: 7}}\nlong: {a b: 1}\n"


def commands(top: str, body: str, files: Mapping[str, str] | None = None) -> dict[str, list[str]]:
    """The command lines of each stage that the entry `s` defines."""
    spec = f"{top}\nstages:\n  s: {body}\n"
    found = stages(spec, {"params.yaml": PARAMS, **(files or {})})
    return {name.partition("@")[2]: [command.text for command in stage.commands] for name, stage in found.items()}


def problems(spec: str, files: Mapping[str, str] | None = None) -> list[tuple[str, Any, str, str]]:
    """Code, path, message and help of each problem with a template."""
    report = compiled(spec, {"params.yaml": PARAMS, **(files or {})}).report
    return [
        (problem.code, getattr(problem.place, "path", None), problem.message, problem.help)
        for problem in report
        if problem.code.startswith("MLC20") or problem.code in ("MLC211", "MLC433")
    ]


# fmt: off
LINES: tuple[tuple[str, str, list[str]], ...] = (
    # top, cmd, command lines
    ("", "x y\nz", ["x y", "z"]),
    ("", ["x y; z", "u"], ["x y; z", "u"]),
    ("", "x ${lr} ${name}", ["x 0.5 it"]),
    ("", "${name}", ["it"]),
    ("", "${ name }", ["it"]),
    ("", "x ${flag} ${none}", ["x true None"]),
    ("", "x ${nest.deep.er} ${list[1]} ${ nest . deep . er }", ["x 7 y 7"]),
    ("", "x ${list[0]}${list[1]}", ["x xy"]),
    ("", "x \\${lr} ${lr}", ["x ${lr} 0.5"]),
    ("", "x \\${lr}", ["x ${lr}"]),
    ("", "x $lr \\$ ${lr}", ["x $lr \\$ 0.5"]),
    ("", "x ${lr} ${lr} ${lr} ${lr} ${lr} ${lr} ${lr} ${lr} ${lr} ${name}", ["x" + " 0.5" * 9 + " it"]),
    ("", "x ${nest}", ["x --deep.er 7"]),
    ("vars: [{o: {a: true, b: false, c: 'x y', d: [1, 'p q'], e: 2, f: [], g: {}, h: {i: {j: k}}, l: null}}]", "x ${o}",
     ["x --a --c 'x y' --d 1 'p q' --e 2 --g {} --h.i.j k --l None"]),
    ("vars: [{o: {1: 2}}]", "x ${o}", ["x --1 2"]),
    # lines
    ("", "a\nb ${name}", ["a", "b it"]),
    ("", "a ${name}\nb", ["a it", "b"]),
    ("", "${name}\n${lr}", ["it", "0.5"]),
    ("", "a ${name} b\n", ["a it b"]),
    ("", "a\n\nb ${name}", ["a", "", "b it"]),
    ("vars: [{t: \"p\\nq\"}]", "a ${t} b", ["a p", "q b"]),
    ("vars: [{t: \"p\\nq\"}]", "a ${t}", ["a p", "q"]),
    ("vars: [{t: \"p\\n\"}]", "a ${t}b", ["a p", "b"]),
    ("vars: [{t: \"p\\nq\\n\"}]", "a ${t}b ${name}", ["a p", "q", "b it"]),
    ("vars: [{t: \"\"}]", "a ${t}", ["a "]),
    ("vars: [{t: \"\"}]", "${t}", [""]),
    ("vars: [{t: \"\"}]", "a ${t}\nb", ["a ", "b"]),
    # lists
    ("", ["a ${name}", "b"], ["a it", "b"]),
    ("", ["a; b", "c ${lr}"], ["a; b", "c 0.5"]),
    # what defines a variable
    ("vars: [other.yaml, third.yaml]", "x ${t}", ["x 6"]),
    ("vars: [{lr2: 1}, {nest: {more: 2}}]", "x ${lr2} ${nest.more} ${nest.deep.er}", ["x 1 2 7"]),
    ("vars: [{nest: {deep: {z: 1}}}]", "x ${nest.deep.z}${nest.deep.er}", ["x 17"]),
    ("vars: [other.yaml]", "x ${a} ${b} ${c.d}", ["x 1 2 3"]),
    ("vars: ['other.yaml:a']", "x ${a}", ["x 1"]),
    ("vars: ['other.yaml:a,b']", "x ${a} ${b}", ["x 1 2"]),
    ("vars: ['other.yaml:a,', 'other.yaml:b']", "x ${a} ${b}", ["x 1 2"]),
    ("vars: ['other.yaml:a', 'other.yaml:b', 'other.yaml:c']", "x ${a} ${b} ${c.d}", ["x 1 2 3"]),
    ("vars: [other.yaml, ./other.yaml]", "x ${a}", ["x 1"]),
    ("vars: [params.yaml]", "x ${lr}", ["x 0.5"]),
    ("vars: ['other.yaml:']", "x ${b}", ["x 2"]),
    ("vars: [{m: {p: 1}}, {m: {q: 2}}, {m: {p2: {z: 3}}}]", "x ${m.p}${m.q}${m.p2.z}", ["x 123"]),
)
# fmt: on
OTHER = {
    "other.yaml": "a: 1\nb: 2\nc: {d: 3}\n1: 4\n",
    "third.yaml": "1: 5\nt: 6\n",
    "w/other.yaml": "a: 5\n",
    "w/params.yaml": "lr: 9\n",
}


@pytest.mark.parametrize(("top", "cmd", "expected"), LINES)
def test_the_lines_of_a_command(top: str, cmd: Any, expected: list[str]) -> None:
    body = f"{{cmd: {cmd if isinstance(cmd, list) else quoted(cmd)}}}"
    assert problems(f"{top}\nstages:\n  s: {body}\n", OTHER) == []
    assert commands(top, body, OTHER) == {"": expected}
    (stage,) = stages(f"{top}\nstages: {{s: {body}}}", {"params.yaml": PARAMS, **OTHER}).values()
    assert (stage.cmd.splitlines() or [""] if isinstance(stage.cmd, str) else list(stage.cmd)) == expected


def quoted(text: str) -> str:
    """A text as a YAML scalar."""
    return '"' + text.replace("\\", "\\\\").replace("\n", "\\n") + '"'


def test_a_parameter_of_a_command_keeps_its_file_and_other_variables_do_not() -> None:
    spec = "vars: [{v: 1}, other.yaml]\nstages: {s: {cmd: 'x ${lr} ${v} ${ nest.deep.er } ${a} ${list[1]} ${nest.deep.er}', vars: [{w: 1}]}}"
    parts = stages(spec, {"params.yaml": PARAMS, **OTHER})["s"].commands[0].parts
    assert parts == (
        "x ", Ref("lr", "0.5", "params.yaml"), " ", "1", " ", Ref("nest.deep.er", "7", "params.yaml"), " ",
        Ref("a", "1", "other.yaml"), " ", Ref("list.1", "y", "params.yaml"), " ", Ref("nest.deep.er", "7", "params.yaml"),
    )  # fmt: skip
    merged = "vars: [{nest: {v: 1}}]\nstages: {s: {cmd: 'x ${nest.v} ${nest.deep.er}'}}"
    assert stages(merged, {"params.yaml": PARAMS})["s"].commands[0].parts == (
        "x ", "1", " ", Ref("nest.deep.er", "7", "params.yaml"),
    )  # fmt: skip
    lines = stages('stages: {s: {cmd: "a ${lr}\\nb\\nc ${lr}"}}', {"params.yaml": PARAMS})["s"].commands
    ref = Ref("lr", "0.5", "params.yaml")
    assert [command.parts for command in lines] == [("a ", ref, ""), ("b",), ("c ", ref)]
    copies = stages("stages: {s: {foreach: [1, 2], do: {cmd: 'x ${item} ${lr}'}}}", {"params.yaml": PARAMS})
    assert [stage.commands[0].parts for stage in copies.values()] == [("x ", "1", " ", ref), ("x ", "2", " ", ref)]


# fmt: off
BODIES: tuple[tuple[str, dict[str, Any]], ...] = (
    # body, fields of the stage
    ("deps: ['${name}', 'd/${list[0]}']", {"deps": ("it", "d/x")}),
    ("wdir: 'w${lr}', deps: [a]", {"wdir": "w0.5", "deps": ("w0.5/a",)}),
    ("outs: [{'${name}': {cache: false, desc: '${list[0]}'}}]", {"outs": [("it", {"cache": False, "desc": "x"})]}),
    ("outs: [{a: {cache: false, desc: '${lr}'}}]", {"outs": [("a", {"cache": False, "desc": 0.5})]}),
    ("params: ['${name}', {'${name}.yaml': ['k${lr}']}, {'q${lr}': null}]",
     {"params": [("params.yaml", "it"), ("it.yaml", "k0.5"), ("q0.5", None)]}),
    ("desc: 'It is ${lr}'", {"desc": "It is 0.5"}),
    ("vars: [{v: 3}], deps: ['${v}a']", {"deps": ("3a",)}),
    ("wdir: w, vars: ['other.yaml:a'], deps: ['${a}b']", {"deps": ("w/5b",)}),
    ("wdir: '${d}', vars: [other.yaml], deps: ['${a}b']", {"deps": ("w/5b",)}),
    ("vars: [other.yaml], deps: ['${a}${b}']", {"deps": ("12",)}),
    ("wdir: '${none}', deps: [a]", {"wdir": ".", "deps": ("a",)}),
    ("meta: {a: '${lr}', b: ['${name}']}", {}),
)
# fmt: on


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_the_keys_of_a_stage(body: str, expected: dict[str, Any]) -> None:
    spec = f"vars: [{{d: w}}]\nstages: {{s: {{cmd: x, {body}}}}}"
    files = {"params.yaml": PARAMS, **OTHER}
    assert problems(spec, files) == []
    stage = stages(spec, files)["s"]
    shown = {
        "outs": [(out.path, dict(out.flags)) for out in stage.outs],
        "params": [(param.file, param.key) for param in stage.params],
    }
    assert {key: shown.get(key, getattr(stage, key)) for key in expected} == expected
    assert stage.cmd == "x"


def test_vars_of_a_stage_stay_in_it() -> None:
    spec = "stages: {a: {cmd: 'x ${v}', vars: [{v: 1}, {nest: {n: 1}}, other.yaml]}, b: {cmd: 'x ${v}${nest.n}', vars: [{v: 2}, {nest: {n: 2}}, other.yaml]}}"
    files = {"params.yaml": PARAMS, **OTHER}
    assert problems(spec, files) == []
    assert [stage.commands[0].text for stage in stages(spec, files).values()] == ["x 1", "x 22"]


# fmt: off
EXPANSIONS: tuple[tuple[str, dict[str, list[str]]], ...] = (
    # entry, command lines by the suffix of the name
    ("{foreach: [a, 1, true, null, 0.5], do: {cmd: 'x ${item}'}}",
     {"a": ["x a"], "1": ["x 1"], "true": ["x true"], "None": ["x None"], "0.5": ["x 0.5"]}),
    ("{foreach: [{n: 1}, {n: 2}], do: {cmd: 'x ${item.n}'}}", {"0": ["x 1"], "1": ["x 2"]}),
    ("{foreach: [a, [b, c]], do: {cmd: 'x'}}", {"0": ["x"], "1": ["x"]}),
    ("{foreach: {k: 1, 2: {v: 3}}, do: {cmd: 'x ${key}'}}", {"k": ["x k"], "2": ["x 2"]}),
    ("{foreach: {true: 1}, do: {cmd: 'x ${key}'}}", {"true": ["x true"]}),
    ("{foreach: '${list}', do: {cmd: 'x ${item}'}}", {"x": ["x x"], "y": ["x y"]}),
    ("{foreach: '${flags}', do: {cmd: 'x ${item}'}}", {"True": ["x true"], "1": ["x 1"]}),
    ("{foreach: ['${flag}', true], do: {cmd: 'x ${item}'}}", {"True": ["x true"], "true": ["x true"]}),
    ("{foreach: ['${lr}', b], do: {cmd: 'x ${item}'}}", {"0.5": ["x 0.5"], "b": ["x b"]}),
    ("{foreach: '${nest}', do: {cmd: 'x ${key} ${item.er}'}}", {"deep": ["x deep 7"]}),
    ("{foreach: {'a${lr}': 1}, do: {cmd: 'x ${key}'}}", {"a0.5": ["x a0.5"]}),
    ("{foreach: [a], do: {cmd: 'x ${item} ${lr}', vars: [{v: 1}]}}", {"a": ["x a 0.5"]}),
    ("{foreach: [a, b], do: {cmd: 'x ${item}${lr}${lr}'}}", {"a": ["x a0.50.5"], "b": ["x b0.50.5"]}),
    ("{matrix: {m: [a, b], n: [1, true]}, cmd: 'x ${item.m} ${item.n} ${key}'}",
     {"a-1": ["x a 1 a-1"], "a-true": ["x a true a-true"], "b-1": ["x b 1 b-1"], "b-true": ["x b true b-true"]}),
    ("{matrix: {m: [{n: 1}, [2]], k: [z]}, cmd: x}", {"m0-z": ["x"], "m1-z": ["x"]}),
    ("{matrix: {m: '${list}', n: ['${flag}', 2]}, cmd: x}", {"x-True": ["x"], "x-2": ["x"], "y-True": ["x"], "y-2": ["x"]}),
    ("{matrix: {m: '${nest}'}, cmd: 'x ${item.m}'}", {"deep": ["x deep"]}),
    ("{matrix: {m: '${flags}'}, cmd: x}", {"True": ["x"], "1": ["x"]}),
    ("{matrix: {'m${lr}': [a]}, cmd: x}", {"a": ["x"]}),
)
# fmt: on


@pytest.mark.parametrize(("entry", "expected"), EXPANSIONS)
def test_the_stages_of_an_entry(entry: str, expected: dict[str, list[str]]) -> None:
    top = "vars: [{flags: [true, 1]}]"
    assert problems(f"{top}\nstages:\n  s: {entry}\n") == []
    assert commands(top, entry) == expected


# fmt: off
PROBLEMS: tuple[tuple[str, list[str]], ...] = (
    # spec; for each problem its code, its place, and a part of its message and help
    ("stages: {s: {cmd: 'x ${nope}'}}", ["MLC202 stages.s.cmd: did you mean `${none}`?"]),
    ("stages: {s: {cmd: 'x ${lrr}'}}", ["MLC202 stages.s.cmd: did you mean `${lr}`?"]),
    ("stages: {s: {cmd: 'x ${HOME}'}}", ["MLC202 stages.s.cmd: if it is for the shell, write `\\${HOME}`"]),
    ("stages: {s: {cmd: 'x ${1}'}}", ["MLC202 stages.s.cmd: if it is for the shell, write `\\${1}`"]),
    ("stages: {s: {cmd: 'x ${a:-b}'}}", ["MLC202 stages.s.cmd: if it is for the shell, write `\\${a:-b}`"]),
    ("stages: {s: {cmd: 'x ${nest.deep.err}'}}", ["MLC202 stages.s.cmd: did you mean `${nest.deep.er}`?"]),
    ("stages: {s: {cmd: 'x ${lr.zz}'}}", ["MLC202 stages.s.cmd: define it in params.yaml or under `vars`"]),
    ("stages: {s: {cmd: 'x ${list[7]}'}}", ["MLC202 stages.s.cmd: define it in params.yaml or under `vars`"]),
    ("stages: {s: {cmd: 'x ${list.qq}'}}", ["MLC202 stages.s.cmd: define it in params.yaml or under `vars`"]),
    ("stages: {s: {cmd: 'x ${a.}'}}", ["MLC201 stages.s.cmd: `${a.}` is not a valid template"]),
    ("stages: {s: {cmd: 'x ${{ lr }}'}}", ["MLC201 stages.s.cmd: `${{ lr }` is not a valid template"]),
    ("stages: {s: {cmd: '${{ lr }}'}}", ["MLC201 stages.s.cmd: `${{ lr }` is not a valid template"]),
    ("stages: {s: {cmd: 'x ${}'}}", ["MLC201 stages.s.cmd: `${}` is not a valid template"]),
    ("stages: {s: {cmd: 'x ${list}'}}", ["MLC209 stages.s.cmd: `${list}` is a list"]),
    ("stages: {s: {cmd: ['a', 'x ${list}']}}", ["MLC209 stages.s.cmd.1: `${list}` is a list"]),
    ("stages: {s: {cmd: x, desc: 'y ${nest}'}}", ["MLC209 stages.s.desc: `${nest}` is a mapping"]),
    ("stages: {s: {cmd: x, desc: 'y ${list}'}}", ["MLC209 stages.s.desc: `${list}` is a list"]),
    ("stages: {s: {cmd: x, deps: ['${lr}']}}", ["MLC433 stages.s.deps.0: `${lr}` is `0.5`"]),
    ("stages: {s: {cmd: x, deps: ['${none}']}}", ["MLC433 stages.s.deps.0: `${none}` is `None`"]),
    ("stages: {s: {cmd: x, vars: [{v: '${nope}'}]}}", ["MLC201 stages.s.vars.0: `vars` cannot contain templates"]),
    ("stages: {s: {foreach: [a], do: {cmd: 'x ${nest.item}', vars: [{nest: {item: 1}}]}}}", []),
    ("stages: {s: {cmd: x, deps: ['${list}']}}", ["MLC209 stages.s.deps.0: `${list}` is a list"]),
    ("stages: {s: {cmd: x, wdir: '${nest}'}}", ["MLC209 stages.s.wdir: `${nest}` is a mapping"]),
    ("stages: {s: {cmd: x, wdir: '${lr}'}}", ["MLC433 stages.s.wdir: `${lr}` is `0.5`"]),
    ("stages: {s: {cmd: x, wdir: '${lr}', vars: [{v: 1}]}}", ["MLC433 stages.s.wdir: `${lr}` is `0.5`"]),
    ("stages: {s: {cmd: x, wdir: '${nope}', vars: [{v: 1}]}}", ["MLC202 stages.s.wdir: did you mean `${none}`?"]),
    ("stages: {s: {cmd: x, params: [{p.yaml: ['${lr}']}]}}", ["MLC433 stages.s.params.0.p.yaml.0: `${lr}` is `0.5`"]),
    ("stages: {s: {cmd: x, outs: [{'${lr}': {cache: false}}]}}", ["MLC433 stages.s.outs.0.${lr}: `${lr}` is `0.5`"]),
    ("stages: {s: {cmd: 'x ${nope}', deps: ['${nope2}']}}", [
        "MLC202 stages.s.cmd: did you mean `${none}`?",
        "MLC202 stages.s.deps.0: did you mean `${none}`?",
    ]),
    ("vars: [{v: '${lr}'}]\nstages: {s: {cmd: x}}", ["MLC201 vars.0: `vars` cannot contain templates"]),
    ("vars: [{v: {'${lr}': 1}}]\nstages: {s: {cmd: x}}", ["MLC201 vars.0: `vars` cannot contain templates"]),
    ("vars: [{v: [a, '${lr}']}]\nstages: {s: {cmd: x}}", ["MLC201 vars.0: `vars` cannot contain templates"]),
    ("vars: ['${lr}.yaml']\nstages: {s: {cmd: x}}", ["MLC201 vars.0: `vars` cannot contain templates"]),
    ("vars: [{v: '\\${lr}'}, {w: 'a ${b'}]\nstages: {s: {cmd: x}}", []),
    ("vars: [gone.yaml, {v: 1}]\nstages: {s: {cmd: 'x ${v}'}}", ["MLC204 vars.0: `gone.yaml` does not exist"]),
    ("vars: [list.yaml]\nstages: {s: {cmd: x}}", ["MLC204 vars.0: `list.yaml` is not a mapping"]),
    ("vars: ['other.yaml:a,zz', {a: 1}]\nstages: {s: {cmd: x}}", ["MLC204 vars.0: `other.yaml` has no key `zz`"]),
    ("vars: [other.yaml, 'other.yaml:a']\nstages: {s: {cmd: x}}", ["MLC203 vars.1: `other.yaml:a` is already loaded, at least in part"]),
    ("vars: ['other.yaml:a', other.yaml]\nstages: {s: {cmd: x}}", ["MLC203 vars.1: `other.yaml` is already loaded, at least in part"]),
    ("vars: ['other.yaml:a', 'other.yaml:b', 'other.yaml:a']\nstages: {s: {cmd: x}}",
     ["MLC203 vars.2: `other.yaml:a` is already loaded, at least in part"]),
    ("vars: ['params.yaml:lr']\nstages: {s: {cmd: x}}", ["MLC203 vars.0: `params.yaml:lr` is already loaded, at least in part"]),
    ("vars: [{lr: 1}]\nstages: {s: {cmd: 'x ${lr}'}}", ["MLC203 vars.0: `lr` is already defined; rename it, or remove it from `params.yaml`"]),
    ("vars: [{nest: {deep: 1}}]\nstages: {s: {cmd: x}}",
     ["MLC203 vars.0: `nest.deep` is already defined; rename it, or remove it from `params.yaml`"]),
    ("vars: [{nest: 1}]\nstages: {s: {cmd: x}}", ["MLC203 vars.0: `nest` is already defined; rename it, or remove it from `params.yaml`"]),
    ("vars: [{v: 1}, {v: 2}]\nstages: {s: {cmd: x}}", ["MLC203 vars.1: `v` is already defined; rename one of the two"]),
    ("vars: [{v: {w: 1}}, {v: {w: 2}}]\nstages: {s: {cmd: x}}", ["MLC203 vars.1: `v.w` is already defined; rename one of the two"]),
    ("stages: {s: {cmd: x, vars: [{lr: 1}]}}", ["MLC203 stages.s.vars.0: `lr` is already defined; rename it, or remove it from `params.yaml`"]),
    ("stages: {s: {foreach: [a], do: {cmd: 'x ${item}', vars: [{item: 1}]}}}",
     ["MLC203 stages.s.do.vars.0: `item` is already defined; rename one of the two"]),
    ("stages: {s: {foreach: [a], do: {cmd: 'x ${item}', vars: [{v: {item: 1}}]}}}", []),
    ("stages: {s: {foreach: {k: 1}, do: {cmd: 'x ${item}', vars: [{key: 1}]}}}",
     ["MLC203 stages.s.do.vars.0: `key` is already defined; rename one of the two"]),
    ("stages: {s: {foreach: [a, b], do: {cmd: 'x ${nope}'}}}", ["MLC202 stages.s.do.cmd: did you mean `${none}`?"]),
    ("stages: {s: {foreach: [a, b], do: {cmd: 'x ${item.n}'}}}", ["MLC202 stages.s.do.cmd: define it in params.yaml or under `vars`"]),
    ("stages: {s: {foreach: [a], do: {cmd: x, matrix: {m: [1]}}}}", ["MLC208 stages.s.do.matrix: DVC ignores a `matrix` inside `do`"]),
    ("stages: {s: {foreach: '${lr}', do: {cmd: x}}}", ["MLC205 stages.s.foreach: `foreach` takes a list or a mapping, not `0.5`"]),
    ("stages: {s: {foreach: '${nope}', do: {cmd: x}}}", ["MLC202 stages.s.foreach: did you mean `${none}`?"]),
    ("stages: {s: {foreach: [], do: {cmd: x}}}", ["MLC207 stages.s.foreach: `s` defines no stages"]),
    ("stages: {s: {foreach: [1, '1'], do: {cmd: x}}}", ["MLC206 stages.s.foreach: two stages of `s` have the name `s@1`"]),
    ("stages: {s: {foreach: {'${name}': 1}, do: {cmd: x}}}",
     ["MLC205 stages.s.foreach: DVC does not accept a key that is only the template `${name}`"]),
    ("stages: {s: {foreach: [{'${name}': 1}], do: {cmd: x}}}",
     ["MLC205 stages.s.foreach: DVC does not accept a key that is only the template `${name}`"]),
    ("stages: {s: {foreach: [{a: {'${name}': 1}}], do: {cmd: x}}}",
     ["MLC205 stages.s.foreach: DVC does not accept a key that is only the template `${name}`"]),
    ("stages: {s: {foreach: [1, [{'${name}': 1}]], do: {cmd: x}}}",
     ["MLC205 stages.s.foreach: DVC does not accept a key that is only the template `${name}`"]),
    ("stages: {s: {matrix: {'${name}': [1]}, cmd: x}}", ["MLC205 stages.s.matrix: DVC does not accept a key that is only the template `${name}`"]),
    ("stages: {s: {matrix: {m: '${lr}'}, cmd: x}}", ["MLC205 stages.s.matrix.m: the axis `m` of the matrix takes a list, not `0.5`"]),
    ("stages: {s: {matrix: {m: '${nope}'}, cmd: x}}", ["MLC202 stages.s.matrix.m: did you mean `${none}`?"]),
    ("stages: {s: {matrix: {m: [], n: [1]}, cmd: x}}", ["MLC207 stages.s.matrix: `s` defines no stages"]),
    ("stages: {s: {matrix: {a: [x-y, x], b: [z, y-z]}, cmd: x}}", ["MLC206 stages.s.matrix: two stages of `s` have the name `s@x-y-z`"]),
    ("stages: {s: {matrix: {m: [1]}, cmd: 'x ${nope}'}}", ["MLC202 stages.s.cmd: did you mean `${none}`?"]),
    ("plots: ['${nope}', '${name}']\nmetrics: ['${lr}']\nstages: {s: {cmd: x}}", [
        "MLC433 metrics.0: `${lr}` is `0.5`",
        "MLC202 plots.0: did you mean `${none}`?",
    ]),
    ("artifacts: {a: {path: '${nope}'}}\nstages: {s: {cmd: x}}", ["MLC202 artifacts.a.path: did you mean `${none}`?"]),
    ("artifacts: {a: {path: '${lr}'}}\nstages: {s: {cmd: x}}", []),
)
# fmt: on


@pytest.mark.parametrize(("spec", "expected"), PROBLEMS)
def test_what_is_reported(spec: str, expected: list[str]) -> None:
    reported = problems(spec, {**OTHER, "list.yaml": "[1]\n"})
    assert len(reported) == len(expected), reported
    for (code, path, message, help_), line in zip(reported, expected, strict=True):
        place, _, part = line.partition(": ")
        assert place == f"{code} {'.'.join(map(str, path))}"
        assert part in f"{message}; {help_}"


def test_the_limit_of_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "MAX_STAGES", 3)
    entries = (
        ("foreach: [%s], do: {cmd: x}", 1),
        ("matrix: {m: [%s]}, cmd: x", 1),
        ("matrix: {m: [%s], n: [a, b]}, cmd: x", 2),
    )
    for entry, count in entries:
        for values in ("1", "1, 2, 3", "1, 2, 3, 4"):
            stages_ = (values.count(",") + 1) * count
            expected = [] if stages_ <= 3 else [("MLC211", f"`s` defines {stages_} stages, more than the limit of 3")]
            reported = problems("stages: {s: {" + entry % values + "}}")
            assert [(code, message) for code, _, message, _ in reported] == expected
    assert [code for code, *_ in problems("stages: {s: {matrix: {m: [1, 1], n: [1, 1]}, cmd: x}}")] == ["MLC211"]


def test_a_text_with_many_templates_is_split_in_linear_time_and_alike() -> None:
    for text in ("${a}", "x ${a} y", "${a}\n${b} \\${c} }", "x\n\ny ${a}", "${a\n} ${b}", "${a} ${b", "}${a}\n"):
        many = (text + "\n") * 9
        assert pieces(many) == _split(many)
        assert pieces(text) == _split(text)
    nine = "${a}" * 9
    assert pieces(nine) == ["", *["a", ""] * 9]


def _split(text: str) -> list[str]:
    return re.split(r"(?<!\\)\$\{(.*?)\}", text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("${a}", True), ("a", False), (["a", "${b}"], True), (["a"], False), ([1, "${b}"], True), ([1, {"a": ["${b}"]}], True),
     ({"${a}": 1}, True), ({"a": "${b}"}, True), ({"a": {"b": 1}}, False), (1, False), (None, False)],
)  # fmt: skip
def test_what_contains_a_template(value: Any, expected: bool) -> None:
    assert is_template(value) is expected


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (None, "None"), (1, "1"), ("a", "a"), ({}, ""), ({"a": True, "b": {"c": "d"}}, "--a --b.c d")],
)  # fmt: skip
def test_the_text_of_a_value(value: Any, text: str) -> None:
    assert to_text(value) == text
