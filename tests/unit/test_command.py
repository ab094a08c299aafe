"""What a line of a shell script runs: one line a case, the text and the programs that it starts.

A program is shown as `FOLDER: WORDS ; ENVIRONMENT`. A word with `?` in front of it cannot be known, `_` stands for a blank
in a word, `^` for the root of the repository.
"""

from __future__ import annotations

import pytest
from mlopsc.compiler.resolve import command
from mlopsc.compiler.resolve.command import ROOT, Shell, SimpleCommand, Word, commands, located

FILES = {"$X": "run wrong", "lib.sh": "X=1\nrun lib\n", "sub/lib.sh": "Y=2; cd deeper", "self.sh": "run a; . ./self.sh"}

# fmt: off
LINES: tuple[tuple[str, str], ...] = (
    ("run a b", ".: run a b"),
    ("run", ".: run"),
    ("\"run\"", ".: run"),
    ("cd a && run", "a: run"),
    ("cd a; cd b; run", "a/b: run"),
    ("cd a\nrun", "a: run"),
    ("cd a; cd ..; run", ".: run"),
    ("cd a; cd -; run", ".: run"),
    ("cd -; run", "None: run"),
    ("cd $X; run", "None: run"),
    ("cd \"-$X\"; run", "None: run"),
    ("cd /abs; run", "None: run"),
    ("cd ~; run", "None: run"),
    ("cd; run", "None: run"),
    ("cd -P a; run", "a: run"),
    ("cd -- a; run", "a: run"),
    ("cd ../..; run", "../..: run"),
    ("cd ''; run", "None: run"),
    ("pushd a; run; popd; run", "a: run | .: run"),
    ("popd; run", "None: run"),
    ("pushd a; pushd b; popd; run", "a: run"),
    ("(cd a; run); run", "a: run | .: run"),
    ("{ cd a; run; }; run", "a: run | a: run"),
    ("cd a | run; run", ".: run | .: run"),
    ("if x; then cd a; fi; run", ".: x | None: run"),
    ("if x; then A=1; else A=2; fi; run $A", ".: x | .: run ?$A"),
    ("if x; then A=1; fi; run $A", ".: x | .: run 1"),
    ("A=1; if x; then A=2; fi; run $A", ".: x | .: run ?$A"),
    ("A=1; if x; then A=1; fi; run $A", ".: x | .: run 1"),
    ("if x; then f() { run f; }; fi; f", ".: x | .: run f"),
    ("export A=1; if x; then A=2; fi; run", ".: x ; A=1 | .: run ; A=?2"),
    ("if x; then export A=1; fi; run", ".: x | .: run ; A=1"),
    ("if x; then cd a; cd ..; fi; run", ".: x | .: run"),
    ("A=1 run", ".: run ; A=1"),
    ("A=1; run $A", ".: run 1"),
    ("A=1 B=2 run $A", ".: run ?$A ; A=1 B=2"),
    ("A=1; A+=2; run $A", ".: run 12"),
    ("A=$X; A+=2; run \"$A\"", ".: run ?$A"),
    ("A=1; A+=$X; run \"$A\"", ".: run ?$A"),
    ("A+=2; run $A", ".: run 2"),
    ("export A=1; run", ".: run ; A=1"),
    ("export A=1 B=2; run", ".: run ; A=1 B=2"),
    ("A=1; export A; run", ".: run ; A=1"),
    ("export A; run", ".: run"),
    ("A=1; export B=$A; A=3; run $B", ".: run 1 ; B=1"),
    ("export A=1; A=2; run", ".: run ; A=2"),
    ("export A=1; A+=2; run", ".: run ; A=12"),
    ("declare A=1; run $A", ".: run 1"),
    ("declare -x A; run $A", ".: run ?$A"),
    ("local A=1; run $A", ".: run 1"),
    ("readonly A=$(x y); run $A", ".: x y | .: run ?$A"),
    ("A=1; local A; run $A", ".: run 1"),
    ("declare \"A=1\"; run $A", ".: run 1"),
    ("declare \"A=$X\"; run $A", ".: run ?$A"),
    ("export \"A=1\"; run $A", ".: run 1 ; A=1"),
    ("unset A; run $A", ".: run ?$A"),
    ("A=1; unset A; run $A", ".: run ?$A"),
    ("A=1; read A; run $A", ".: run ?$A"),
    ("A=1; read B; run $A", ".: run 1"),
    ("A=1; other A; run $A", ".: other A | .: run 1"),
    ("A='b c'; run $A \"$A\"", ".: run b c b_c"),
    ("A=' b  c '; run x$A'y'", ".: run x b c y"),
    ("A=''; run $A \"$A\" x$A", ".: run  x"),
    ("A=' '; run $A", ".: run"),
    ("A=' '; run \"$A\"", ".: run _"),
    ("A='b c'; run $A$A", ".: run b cb c"),
    ("A='b'; run $A''", ".: run b"),
    ("run \"a b\" 'c d' e\\ f", ".: run a_b c_d e_f"),
    ("run a\"b\"c", ".: run abc"),
    ("run *.py a[bc] {a,b} {1..3} \"*.py\" a\\*", ".: run ?*.py ?a[bc] ?{a,b} ?{1..3} *.py a*"),
    ("run [] {} {a}", ".: run [] {} {a}"),
    ("run \"$X\" $X a$X", ".: run ?$X ?$X ?a$X"),
    ("run ${A:-b} ${A:-b c}", ".: run b b c"),
    ("A=1; run ${A:-b} ${A-b} ${A:+c} ${A+c}", ".: run 1 1 c c"),
    ("run [${A:+c}] x${A+c}y", ".: run ?[] xy"),
    ("A=''; run ${A:-b} x${A:+c}", ".: run b x"),
    ("A=$X; run ${A:-b} x${A:+c}", ".: run b x"),
    ("run ${A:=b} ${A:?no} ${A^^}", ".: run b ?${A:?no} ?${A^^}"),
    ("A=a; run ${A:?no} ${A^^} ${A?}", ".: run a ?${A^^} a"),
    ("A=a.b.c; run ${A%.*} ${A%%.*} ${A#*.} ${A##*.} ${A%x}", ".: run a.b a b.c c a.b.c"),
    ("A=a/b/c; run ${A%/*} ${A##*/} ${A#a} ${A%%c}", ".: run a/b c /b/c a/b/"),
    ("A=aXbXc; B=X; run ${A%$B*} ${A%$Y}", ".: run aXb ?${A%$Y}"),
    ("A=$(x); run ${A%/*}", ".: x | .: run ?${A%/*}"),
    ("for i in 1 2; do run $i; done", ".: run 1 | .: run 2"),
    ("for i in a b; do cd $i; run; done; run", "a: run | a/b: run | None: run"),
    ("for i in a; do cd $i; run; done; run", "a: run | a: run"),
    ("for i in a b; do run; done; run $i", ".: run | .: run | .: run b"),
    ("for i in $X; do run $i; done", ".: run ?$i"),
    ("for i in 'a b' c; do run \"$i\" $i; done", ".: run a_b a b | .: run c c"),
    ("for i in a* b; do run $i; done", ".: run ?$i | .: run b"),
    ("for i; do run $i; done", ".: run ?$i"),
    ("while x; do run y; done; run z", ".: x | .: run y | .: run z"),
    ("while x; do cd a; done; run z", ".: x | None: run z"),
    ("until x; do run y; done", ".: x | .: run y"),
    ("select i in a b; do run $i; done", ".: run a | .: run b"),
    ("case $x in a) run a;; b) run b;; esac", ".: run a | .: run b"),
    ("f() { run \"$1\" $2; }; f a b; f c", ".: run a b | .: run c"),
    ("f() { run $1 $#; }; f", ".: run ?$#"),
    ("f() { run \"$@\"; }; f a 'b c'", ".: run a b_c"),
    ("f() { cd a; }; f; run", "a: run"),
    ("f() { f; run; }; f", ".: f | .: run | .: run | .: run | .: run | .: run | .: run | .: run | .: run"),
    ("f() { run $0; }; f", ".: run ?$0"),
    ("function f { run f; }; f", ".: run f"),
    ("$f; run", ".: ?$f | .: run"),
    ("f() { g $1; }; g() { run $1; }; f z", ".: run z"),
    ("eval \"run a; run b\"", ".: run a | .: run b"),
    ("eval run 'a b'", ".: run a b"),
    ("eval \"$X\"", ".: eval ?$X"),
    ("eval \"cd a\"; run", "a: run"),
    ("eval 'eval \"run x\"'", ".: run x"),
    ("set -- a b; run $1 $2 \"$@\"", ".: run a b a b"),
    ("set -e; run", ".: set -e | .: run"),
    ("set -e -- a; run $1", ".: run a"),
    ("shift; run", ".: run"),
    ("shift 2; run", ".: run"),
    (". ./lib.sh; run $X", ".: run lib | .: . ./lib.sh | .: run 1"),
    ("source lib.sh; run $X", ".: run lib | .: source lib.sh | .: run 1"),
    ("cd sub; . ./lib.sh; run $Y", "sub/deeper: . ./lib.sh | sub/deeper: run 2"),
    (". ./none.sh; run", ".: . ./none.sh | .: run"),
    (". $X; run", ".: . ?$X | .: run"),
    (".; run", ".: . | .: run"),
    ("source", ".: source"),
    ("cat <<E | run\na\nb\nE", ".: cat <<'a\\nb' | .: run"),
    ("run <<< 'a b'", ".: run <<'a b'"),
    ("run <<E <<< x\na\nE", ".: run <<'x'"),
    ("run < in.txt", ".: run <in.txt"),
    ("run < $X", ".: run <?$X"),
    ("run < in.txt > out", ".: run <in.txt"),
    ("run 2>&1 > x", ".: run"),
    ("run \"$PWD\" $PWD/a", ".: run ^/. ^/./a"),
    ("cd a; run \"$PWD\"", "a: run ^/a"),
    ("cd $X; run \"$PWD\"", "None: run ?$PWD"),
    ("run $(pwd)", ".: run ^/."),
    ("cd a; run $(pwd)/b", "a: run ^/a/b"),
    ("cd $X; run $(pwd)", "None: pwd | None: run ?$(pwd)"),
    ("run \"$(git rev-parse --show-toplevel)/x\"", ".: run ^/up/x"),
    ("run \"$(git rev-parse HEAD)\"", ".: git rev-parse HEAD | .: run ?$(git_rev-parse_HEAD)"),
    ("run \"$(git status --show-toplevel)\"", ".: git status --show-toplevel | .: run ?$(git_status_--show-toplevel)"),
    ("run \"$(hg rev-parse --show-toplevel)\"", ".: hg rev-parse --show-toplevel | .: run ?$(hg_rev-parse_--show-toplevel)"),
    ("run $(echo a b) \"$(echo a b)\" $(echo -n c)", ".: run a b a_b c"),
    ("run $(echo $X)", ".: echo ?$X | .: run ?$(echo_$X)"),
    ("run $(dirname a/b/c) $(dirname a/b/) $(dirname a)", ".: run a/b a ."),
    ("run $(dirname a b)", ".: dirname a b | .: run ?$(dirname_a_b)"),
    ("run $(basename a/b/) $(basename a)", ".: run b a"),
    ("run $(readlink -f a) $(realpath ../x)", ".: run ^/a ^/../x"),
    ("cd a; run $(realpath b)", "a: run ^/a/b"),
    ("run $(realpath /x)", ".: realpath /x | .: run ?$(realpath_/x)"),
    ("run $(cd a && pwd)", ".: run ^/a"),
    ("run $(cd a; x; pwd)", "a: x | .: run ?$(cd_a;_x;_pwd)"),
    ("run $(x y) z", ".: x y | .: run ?$(x_y) z"),
    ("run \"$(which python)\" z", ".: which python | .: run ?$(which_python) z"),
    ("run `pwd`", ".: run ^/."),
    ("run $(x $(y))", ".: y | .: x ?$(y) | .: run ?$(x_$(y))"),
    ("cd \"$(dirname \"$0\")\"; run", ".: dirname ?$0 | None: run"),
    ("cd \"$(git rev-parse --show-toplevel)\"; run", "up: run"),
    ("run ${BASH_SOURCE[0]} $BASH_SOURCE", ".: run ?${BASH_SOURCE[0]} ?$BASH_SOURCE"),
    ("run $0 $1 $9", ".: run ?$0 ?$1 ?$9"),
    ("run \"$*\" \"$@\"", ".: run ?$* ?$@"),
    ("run $@ $* x$@", ".: run ?$@ ?$* ?x$@"),
    ("run ${1:-d} ${9:-d} ${9}", ".: run d d ?${9}"),
    ("shift; run $1 $@", ".: run ?$1 ?$@"),
    ("set -- x; run $0 $1", ".: run ?$0 x"),
    ("f() { run $0 $1; }; f z; run $1", ".: run ?$0 z | .: run ?$1"),
    ("a && b || c; d & e", ".: a | .: b | .: c | .: d | .: e"),
    ("! run", ".: run"),
    ("time run", ".: time run"),
    ("exit 1", ".: exit 1"),
    ("[ -f a ] && run", ".: [ -f a ] | .: run"),
    ("run # comment", ".: run"),
    ("run \\\n  a", ".: run a"),
    ("run a[bc]", ".: run ?a[bc]"),
    ("run {a,b}", ".: run ?{a,b}"),
    ("run {1..3}", ".: run ?{1..3}"),
    ("run *.py", ".: run ?*.py"),
    ("run a? b", ".: run ?a? b"),
    ("run a*$X", ".: run ?a*$X"),
    ("run \"*\"$X", ".: run ?*$X"),
    ("A=1; run a$A*", ".: run ?a1*"),
    ("A=1; run *$A b", ".: run ?*1 b"),
    ("run a*\"b\"", ".: run ?a*b"),
    ("A='*'; run $A", ".: run *"),
    ("A='b c'; run \"x$A\"$A", ".: run xb_cb c"),
    ("A='b c'; run a* $A", ".: run ?a* b c"),
    ("A='b '; run $A*", ".: run b ?*"),
    ("A='* b'; run $A*c", ".: run * ?b*c"),
    ("A=' b'; run *$A", ".: run ?* b"),
    ("export A=1; A=$X; run", ".: run ; A=?$X"),
    ("A=$X; run $A", ".: run ?$A"),
    ("A=$X; B=$A; run $B", ".: run ?$B"),
    ("A=1; if x; then export A; fi; run", ".: x | .: run ; A=1"),
    ("if x; then A=$X; fi; run $A", ".: x | .: run ?$A"),
    ("A=1; (A=2; run $A); run $A", ".: run 2 | .: run 1"),
    ("A=1; { A=2; }; run $A", ".: run 2"),
    ("(f() { run f; }); f", ".: f"),
    ("(pushd a; cd b); popd; run", "None: run"),
    ("(cd a); cd -; run", "None: run"),
    ("f() { run \"$*\"; }; f a b", ".: run a b"),
    ("f() { run $@$1; }; f a b", ".: run a ba"),
    ("f() { run ${@:-d}; }; f", ".: run d"),
    ("f() { run ${1%.*}; }; f a.b", ".: run a"),
    ("f() { run ${2%x}; }; f a", ".: run ?${2%x}"),
    ("f() { g; }; g() { run $0; }; f a", ".: run ?$0"),
    ("for i in 1 2; do for j in 3 4; do run $i $j; done; done", ".: run 1 3 | .: run 1 4 | .: run 2 3 | .: run 2 4"),
    ("for i in a b; do (cd $i; run); done; run", "a: run | b: run | .: run"),
    ("for i in a b; do cd $i; cd ..; done; run", ".: run"),
    ("for i in a b; do cd /x; done; run", "None: run"),
    ("while read A; do run $A; done", ".: run ?$A"),
    ("eval cd a; run", "a: run"),
    ("eval 'X=1'; run $X", ".: run 1"),
    ("set a; run", ".: set a | .: run"),
    ("x -- a; run $1", ".: x -- a | .: run ?$1"),
    ("set -- \"a b\"; run $1", ".: run a b"),
    ("run $(dirname $(dirname a/b/c))", ".: run a"),
    ("run $(basename $X)", ".: basename ?$X | .: run ?$(basename_$X)"),
    ("run $(dirname /a)", ".: run /"),
    ("run $(echo a; echo b)", ".: echo a | .: run ?$(echo_a;_echo_b)"),
    ("run $(pwd; echo a)", ".: pwd | .: run ?$(pwd;_echo_a)"),
    ("run \"$(cat <<E\nx\nE\n)\"", ".: cat <<'x' | .: run ?$(cat_<<E\nx\nE\n)"),
    ("cd $(pwd)/a; run", "a: run"),
    ("run $(cd $X; pwd)", "None: pwd | .: run ?$(cd_$X;_pwd)"),
    ("run $(git rev-parse --show-toplevel a)", ".: git rev-parse --show-toplevel a | .: run ?$(git_rev-parse_--show-toplevel_a)"),
    ("run <<'E'\na $b\nE", ".: run <<'a $b'"),
    ("A=1 . ./lib.sh; run", ".: run lib | .: . ./lib.sh ; A=1 | .: run"),
    ("A=x; . $A.sh", ".: . x.sh"),
    ("A=lib; . ./$A.sh", ".: run lib | .: . ./lib.sh"),
    ("cd $X; . ./lib.sh; run", "None: . ./lib.sh | None: run"),
    ("source ./lib.sh a; run $X", ".: run lib | .: source ./lib.sh a | .: run 1"),
    ("a=1; run ${a}b $a_b ${a}_b", ".: run 1b ?$a_b 1_b"),
    ("A=a/; run ${A%/}/b", ".: run a/b"),
    ("A=ab; run ${A%%*} [${A##*}]", ".: run ?[]"),
    ("A=ab; run ${A%\"b\"}", ".: run a"),
    ("A=1; export B=2 A; run", ".: run ; B=2 A=1"),
    ("export A=1 B; run", ".: run ; A=1"),
    ("run \"{a\",b}", ".: run {a,b}"),
    ("run [\"a\"]", ".: run ?[a]"),
    ("A=b; run {$A,c} [$A] $A", ".: run ?{b,c} ?[b] b"),
    ("run '[a]' \\[a] \"{a,b}\"", ".: run [a] [a] {a,b}"),
    ("run {} [ a ] {a} a]", ".: run {} [ a ] {a} a]"),
    ("A='b c'; run $A{d,e} f", ".: run b ?c{d,e} f"),
    ("A='b c'; run {d,e}$A f", ".: run ?{d,e}b c f"),
    ("run $(dirname /a/b)", ".: run /a"),
    ("f() { run; }; f; f; f; f; f; f; f; f; f", ".: run | .: run | .: run | .: run | .: run | .: run | .: run | .: run | .: run"),
    ("eval run; eval run; eval run; eval run; eval run; eval run; eval run; eval run; eval run", ".: run | .: run | .: run | .: run | .: run | .: run | .: run | .: run | .: run"),
    ("shift $X; run", ".: run"),
    ("A=$X.b; run $A", ".: run ?$A"),
    ("run *", ".: run ?*"),
    ("run ?", ".: run ??"),
    ("run $X$A", ".: run ?$X$A"),
    ("A='b c'; run $X$A", ".: run ?$Xb c"),
    ("A='b '; run $A", ".: run b"),
    ("A='b '; run x$A", ".: run xb"),
    ("A=' b'; run ''$A", ".: run  b"),
    ("A='b '; run $A''", ".: run b "),
    ("run '' \"\"", ".: run  "),
    ("run $(git rev-parse --show-cdup)", ".: git rev-parse --show-cdup | .: run ?$(git_rev-parse_--show-cdup)"),
    ("export \"A=$X\"; run", ".: run ; A=?$X"),
    ("typeset A=1; run $A", ".: run 1"),
    ("mapfile A; run", ".: run"),
    ("A=1; getopts x A; run $A", ".: run ?$A"),
)
SCRIPT: tuple[tuple[str, str], ...] = (
    # in the folder w, as `bin/me.sh a b`
    ("run \"$(which python)\" z", "w: which python | w: run ?$(which_python) z"),
    ("run `pwd`", "w: run ^/w"),
    ("run $(x $(y))", "w: y | w: x ?$(y) | w: run ?$(x_$(y))"),
    ("cd \"$(dirname \"$0\")\"; run", "w/bin: run"),
    ("cd \"$(git rev-parse --show-toplevel)\"; run", "up: run"),
    ("run ${BASH_SOURCE[0]} $BASH_SOURCE", "w: run bin/me.sh bin/me.sh"),
    ("run $0 $1 $9", "w: run bin/me.sh a"),
    ("run \"$*\" \"$@\"", "w: run a b a b"),
    ("run $@ $* x$@", "w: run a b a b xa b"),
    ("for i; do run $i; done", "w: run a | w: run b"),
    ("run ${1:-d} ${9:-d} ${9}", "w: run a d"),
    ("shift; run $1 $@", "w: run b b"),
    ("set -- x; run $0 $1", "w: run bin/me.sh x"),
    ("f() { run $0 $1; }; f z; run $1", "w: run bin/me.sh z | w: run a"),
    ("a && b || c; d & e", "w: a | w: b | w: c | w: d | w: e"),
    ("! run", "w: run"),
    ("time run", "w: time run"),
    ("exit 1", "w: exit 1"),
    ("[ -f a ] && run", "w: [ -f a ] | w: run"),
    ("run # comment", "w: run"),
    ("run \\\n  a", "w: run a"),
    ("run $1", "w: run a"),
    ("f() { run $1; }; f; run $1", "w: run | w: run a"),
    ("shift 2; run $1 $@", "w: run"),
    ("shift 1; run $1", "w: run b"),
    ("set -- x $1; run $1 $2", "w: run x a"),
    ("f() { shift; run $1; }; f a b; run $1", "w: run b | w: run a"),
    ("run \"${2%b}x\" ${3+y}", "w: run x"),
    (". ./lib.sh; run $1", "w: . ./lib.sh | w: run a"),
    ("run ${1}", "w: run a"),
    ("for i in \"$@\"; do run $i; done", "w: run a | w: run b"),
    ("while x; do run $1; done", "w: x | w: run a"),
    ("run ${@+y} ${*:-z}", "w: run y a b"),
)
# fmt: on


def shown(run: SimpleCommand) -> str:
    """A command in the form of the tables."""
    words = " ".join(text(word).replace(" ", "_") for word in run.words)
    environment = "".join(f" {name}={text(word)}" for name, word in run.env.items())
    given = f" <<{run.given!r}" if run.given is not None else ""
    return f"{run.folder}: {words}{' ;' if environment else ''}{environment}{given}" + (
        f" <{text(run.input)}" if run.input is not None else ""
    )


def text(word: Word) -> str:
    """A word in the form of the tables."""
    return ("" if word.known else "?") + word.text.replace(ROOT, "^")


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_a_line(line: str, expected: str) -> None:
    assert " | ".join(map(shown, commands(line, Shell(read=FILES.get, top="up")))) == expected


@pytest.mark.parametrize(("line", "expected"), SCRIPT)
def test_a_line_of_a_script_with_arguments(line: str, expected: str) -> None:
    shell = Shell("w", (Word("bin/me.sh"), Word("a"), Word("b")), {}, FILES.get, "up")
    assert " | ".join(map(shown, commands(line, shell))) == expected


def test_the_environment_of_the_shell() -> None:
    shell = Shell(env={"A": Word("1"), "B": Word("2")})
    for line, expected in (
        ("run", ".: run ; A=1 B=2"),
        ("run $A", ".: run 1 ; A=1 B=2"),
        ("A=3; run $A", ".: run 3 ; A=3 B=2"),
        ("A=3 run", ".: run ; A=3 B=2"),
        ("(A=3); run $A", ".: run 1 ; A=1 B=2"),
    ):
        assert [shown(run) for run in commands(line, shell)] == [expected]


@pytest.mark.parametrize(
    ("line", "offsets"),
    [("run", [0]), ("cd a; run b; run c", [6, 13]), ("a | b", [0, 4]), (". ./lib.sh; run", [-1, 0, 12]), ("x $(y)", [2, 0])],
)  # fmt: skip
def test_where_a_command_stands(line: str, offsets: list[int]) -> None:
    found = [run.offset for run in commands(line, Shell(read=FILES.get))]
    assert found == offsets or (line == "x $(y)" and len(found) == 2)


@pytest.mark.parametrize(
    ("folder", "path", "expected"),
    [("w", "a", "w/a"), ("w", "../a", "a"), (".", "a/./b", "a/b"), (None, "a", None), ("w", "", None), ("w", "/a", None), ("w", "~/a", None),
     ("w", ROOT, "."), ("w", f"{ROOT}/a/../b", "b"), (None, f"{ROOT}/a", "a"), ("w", f"a{ROOT}/b", None)],
)  # fmt: skip
def test_where_a_path_leads(folder: str | None, path: str, expected: str | None) -> None:
    assert located(folder, path) == expected


def test_what_has_no_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MAX_COMMANDS", 3)
    runs = "run a; " * 5
    assert len(commands("run a; run b; run c")) == 3
    assert len(commands(runs)) == 3
    assert len(commands("for i in 1 2 3 4 5; do run $i; done")) == 3
    assert len(commands(f"x $({runs} run b)")) == 4  # x itself, too
    assert len(commands("A=1; " * 10 + "run a")) == 1
    assert len(commands("A=1; " * 11 + "run a")) == 0
    assert len(commands("A=$(B=1); " * 3 + "run a")) == 1
    assert len(commands("A=$(B=1); " * 4 + "run a")) == 0


def test_recursion_ends() -> None:
    names = [shown(run) for run in commands("f() { f; run; }; f")]
    assert names == [".: f", *[".: run"] * 8]
    assert len(commands(". ./self.sh", Shell(read=FILES.get))) == 33
    for depth, program in ((8, "run"), (9, "eval")):
        nested = "run a"
        for _ in range(depth):
            nested = "eval " + command_quoted(nested)
        assert [run.words[0].text for run in commands(nested)] == [program]
    inner = "a"
    for _ in range(14):
        inner = f"x $({inner})"
    assert len(commands(inner)) == 12


def command_quoted(line: str) -> str:
    """A line as one word of the shell."""
    return "'" + line.replace("'", "'\\''") + "'"


def test_a_long_text_is_not_trimmed() -> None:
    for length, expected in ((499, ""), (500, ""), (501, "a" * 501)):
        (run,) = commands(f"A={'a' * length}; run x${{A%%a*}}")
        assert run.words[1].text == f"x{expected}"
