"""dev/mutate.py: what it changes in a function, and that it sees which tests notice."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "dev" / "mutate.py"


def load() -> Any:
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("mutate", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutate"] = module
    spec.loader.exec_module(module)
    return module


mutate = load()


def changed(text: str) -> dict[str, Any]:
    """The mutants of a module, by what they change, each as a function."""
    return {
        f"{mutant.line} {mutant.what}": FunctionType(mutant.code, {}) for mutant in mutate.mutants("m.py", text, "m.py")
    }


def test_statements_are_deleted() -> None:
    made = changed("def f(x):\n    '''What it does.'''\n    x = x + 1\n    x += 1\n    return x\n")
    assert {what: function(1) for what, function in made.items()} == {
        "3 delete `x = x + 1`": 2, "4 delete `x += 1`": 2, "5 delete `return x`": None,
    }  # fmt: skip


def test_a_generator_stays_one_and_a_local_name_local() -> None:
    made = changed("def f():\n    yield 1\n")
    assert list(made["2 delete `yield 1`"]()) == []
    made = changed("y = 5\ndef f():\n    y = 1\n    return y\n")
    with pytest.raises(UnboundLocalError):
        made["3 delete `y = 1`"]()


def test_conditions_are_negated_and_their_operands_dropped() -> None:
    made = changed("def f(x, y):\n    if x and y:\n        return 1\n    return 2\n")
    assert made["2 negate `x and y`"](True, True) == 2
    assert made["2 drop `x` from `x and y`"](False, True) == 1
    assert made["2 drop `y` from `x and y`"](True, False) == 1
    made = changed("def f(x):\n    return x or 7\n")
    assert made["2 drop `x` from `x or 7`"](3) == 7
    assert made["2 drop `7` from `x or 7`"](0) is False
    made = changed("def f(x):\n    return [y for y in x if y]\n")
    assert made["2 negate `y`"]([0, 1]) == [0]


@pytest.mark.parametrize(
    ("operator", "other"),
    [
        ("==", "!="),
        ("!=", "=="),
        ("<", "<="),
        ("<=", "<"),
        (">", ">="),
        (">=", ">"),
        ("in", "not in"),
        ("is", "is not"),
    ],
)
def test_comparisons_are_turned_around(operator: str, other: str) -> None:
    made = changed(f"def f(x, y):\n    return x {operator} y\n")
    turned = next(function for what, function in made.items() if " in `" in what)
    x, y = (1, [1]) if "in" in operator.split() else (1, 1)
    assert turned(x, y) is eval(f"x {other} y", {}, {"x": x, "y": y})


def test_methods_and_inner_functions_are_changed_and_what_does_nothing_is_not() -> None:
    text = "class A:\n    def f(self):\n        def g():\n            return 1\n        return g()\n"
    made = list(mutate.mutants("m.py", text, "m.py"))
    assert {(mutant.qualname, mutant.line) for mutant in made} == {("A.f", 4), ("A.f", 5)}
    assert changed("def f():\n    'doc'\n    assert x\n    return\n") == {}


def mutated(root: Path) -> subprocess.CompletedProcess[str]:
    """A run of the program on a module of two functions, one of them without a test."""
    (root / "dev/mutate.py").write_text(PROGRAM.read_text())
    (root / "signs.py").write_text(
        "def sign(x):\n    if x < 0:\n        return -1\n    return 1\n\n\ndef unused():\n    return 1\n"
    )
    (root / "test_signs.py").write_text("from signs import sign\n\n\ndef test_it():\n    assert sign(5) == 1\n")
    command = [sys.executable, "dev/mutate.py", "signs.py", "--tests", "test_signs.py"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "function", ["def f(x):\n    return x\n", "class A:\n    def f(x):\n        return __class__\n"]
)
def test_a_mutant_is_the_function_of_its_module(function: str) -> None:
    """Its name, its free variables and its class have to fit the function whose place it takes."""
    scope: dict[str, Any] = {}
    exec(f"from __future__ import annotations\n{function}", scope)
    original = scope["A"].f if "A" in scope else scope["f"]
    (mutant,) = mutate.mutants("m.py", function, "m.py")
    assert (mutant.code.co_qualname, mutant.code.co_freevars) == (original.__qualname__, original.__code__.co_freevars)


def test_the_list_of_equivalent_mutants() -> None:
    text = "# a comment\n\nm.py f: delete `x`\n    It saves\n    time.\n\nm.py A.g: negate `y`\n    So.\n"
    assert mutate.listed_equivalents(text) == {"m.py f: delete `x`": "It saves time.", "m.py A.g: negate `y`": "So."}
    reasons = mutate.listed_equivalents(mutate.EQUIVALENT.read_text("utf-8"))
    assert all(reasons.values())
    known = {
        mutant.key
        for file in {key.split()[0] for key in reasons}
        for mutant in mutate.mutants(file, (ROOT / file).read_text(), file)
    }
    assert set(reasons) <= known


def test_a_sample_is_always_the_same() -> None:
    assert mutate.sample(list(range(100)), 5) == mutate.sample(list(range(100)), 5)
    assert mutate.sample([1, 2], 5) == [1, 2]


@pytest.mark.parametrize(
    ("entry", "score", "problem"),
    [
        ("signs.py sign: `LtE` in `x < 0`\n    So.\n", ["5", "2", "1", "2", "50.0%"], None),
        ("signs.py sign: delete `return 1`\n    So.\n", ["5", "2", "0", "3", "40.0%"], "killed, though it is listed as equivalent: signs.py:4"),
        ("signs.py sign: delete `gone()`\n    So.\n", ["5", "2", "0", "3", "40.0%"], "no such mutant in dev/equivalent.txt: signs.py sign: delete `gone()`"),
    ],
)  # fmt: skip
def test_equivalent_mutants_are_counted_apart(
    tmp_path: Path, entry: str, score: list[str], problem: str | None
) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/equivalent.txt").write_text(entry)
    done = mutated(tmp_path)
    assert next(line.split() for line in done.stdout.splitlines() if line.startswith("signs.py "))[1:] == score
    assert done.returncode == 1
    assert ("listed as equivalent" in done.stdout or "no such mutant" in done.stdout) == (problem is not None)
    assert (problem or "") in done.stdout


def test_what_no_test_notices_survives(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    done = mutated(tmp_path)
    assert done.returncode == 1
    told = [line for line in done.stdout.splitlines() if ":" in line]
    assert "survived signs.py:2 `LtE` in `x < 0`" in told
    assert "no test  signs.py:3 delete `return -1`" in told
    assert "no test  signs.py:8 delete `return 1`" in told
    assert not any("signs.py:4" in line or "negate" in line for line in told)
    score = next(line.split() for line in done.stdout.splitlines() if line.startswith("signs.py "))
    assert score[1:] == ["5", "2", "0", "3", "40.0%"]
